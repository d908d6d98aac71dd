//! The host's own groups: in every list, and told to applications, by what they are made of at that moment.

use plex_oidc_core::gateway::Family;
use plextv_emulator::{Fault, FaultKind, MAIN_SERVER};
use serde_json::{Value, json};

use crate::support::{House, PROXY_NETWORK, Setup, Visit};

const LOUNGE: &str = "https://lounge.example.org/";

/// A house with a group of people by every kind of entry.
fn setup() -> Setup {
    let app = "name = \"lounge\"\nhost = \"lounge.example.org\"\nallow = [\"family\"]";
    Setup::default()
        .with_owner_token()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .group("name = \"family\"\nany = [\"plex-home\", \"plex-library:1\", \"vera@example.net\", \"plex-48151013\"]")
        .group("name = \"careful\"\nall = [\"plex-friend\", \"plex-2fa\"]\nnone = [\"plex-pass\"]")
        .client("wiki", r#"allow = ["family"]"#)
        .app(app)
}

async fn groups(house: &House, persona: &str) -> Value {
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in(persona, &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(200).json()["groups"].clone()
}

async fn visit(house: &House, client: &str, persona: &str) -> u16 {
    let asked = house.relying_party(client).authorization();
    let answer = house.browser().sign_in_to_page(&asked.url(), persona).await;
    if answer.stays() { answer.status } else { 200 }
}

#[tokio::test]
async fn a_group_of_the_hosts_own_lets_in_whom_it_is_made_of() {
    let house = setup().start().await;
    for (persona, status) in [
        ("home", 200),       // by the Home
        ("friend", 200),     // by a library
        ("two-factor", 200), // by account
        ("stranger", 403),
    ] {
        assert_eq!(visit(&house, "wiki", persona).await, status, "{persona}");
    }
    house.plex.world().share_libraries("friend", MAIN_SERVER, &[2]).unwrap();
    assert_eq!(visit(&house, "wiki", "friend").await, 403);
}

#[tokio::test]
async fn applications_are_told_of_it_as_of_any_other() {
    let house = setup().client("photos", r#"id_token_claims = ["groups"]"#).start().await;
    assert_eq!(
        groups(&house, "friend").await,
        json!(["family", "plex-friend", "plex-library:1", "plex-library:2"])
    );
    let all = groups(&house, "two-factor").await;
    assert!(all.as_array().unwrap().contains(&json!("careful")), "{all}");
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    assert_eq!(photos.id_claims(&tokens.id_token()).await["groups"][0], "family");
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, LOUNGE, "friend").await;
    let passed = visitor.ask(&proxy, &Visit::script(LOUNGE)).await.expect(200);
    assert_eq!(passed.header("remote-groups"), Some("family,plex-friend,plex-library:1,plex-library:2"));
}

#[tokio::test]
async fn it_is_of_the_moment_and_no_new_sign_in_is_needed() {
    let mut house = setup().start().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, LOUNGE, "friend").await;
    visitor.ask(&proxy, &Visit::script(LOUNGE)).await.expect(200);
    house
        .restart_with(|setup| {
            let app = "name = \"lounge\"\nhost = \"lounge.example.org\"\ndeny = [\"family\"]";
            let group = "name = \"family\"\nany = [\"plex-friend\"]\nnone = [\"plex-48151001\"]";
            setup.without_apps().client("wiki", "allow = [\"plex-friend\"]").app(app).group(group)
        })
        .await;
    let passed = visitor.ask(&proxy, &Visit::script(LOUNGE)).await.expect(200);
    assert!(!passed.header("remote-groups").unwrap().contains("family"), "{passed:?}");
    let mut other = house.visitor();
    let page = other.sent_to_us(&proxy, LOUNGE).await.expect(200);
    let answer = other.browser.approve_and_finish(&page, "friend-all").await;
    let answer = if answer.stays() { answer } else { other.come_in(&proxy, &answer.leaves()).await.1 };
    answer.expect(403);
}

#[tokio::test]
async fn a_deny_of_it_holds_though_plex_does_not_say_who_is_in_it() {
    let app = "name = \"lounge\"\nhost = \"lounge.example.org\"\ndeny = [\"cinema\"]";
    let group = "name = \"cinema\"\nall = [\"plex-friend\", \"plex-library:3\"]";
    let house = setup().without_apps().client("wiki", "allow = []").group(group).app(app).start().await;
    house.plex.world().set_fault(Fault::new(FaultKind::ServerError).on_path("/api/v2/shared_servers"));
    let lounge = async |persona: &str| {
        let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
        let page = visitor.sent_to_us(&proxy, LOUNGE).await.expect(200);
        let answer = visitor.browser.approve_and_finish(&page, persona).await;
        if answer.stays() { answer.status } else { visitor.come_in(&proxy, &answer.leaves()).await.1.status }
    };
    assert_eq!(lounge("friend").await, 503);
    assert_eq!(lounge("home").await, 200, "whatever the libraries, no friend");
    house.plex.recovers();
    assert_eq!((lounge("friend").await, lounge("friend-all").await), (200, 403));
}

/// An address that Plex has not confirmed is anybody's.
#[tokio::test]
async fn req_074_an_unconfirmed_address_makes_nobody_one_of_the_family() {
    let house = setup().set("rules", "require_confirmed_email = false").start().await;
    house.plex.world().share_libraries("unconfirmed", MAIN_SERVER, &[2]).unwrap();
    assert_eq!(visit(&house, "wiki", "unconfirmed").await, 403);
    assert_eq!(groups(&house, "unconfirmed").await, json!(["plex-friend", "plex-library:2"]));
}

#[tokio::test]
async fn local_accounts_can_be_part_of_it() {
    let setup = setup()
        .user(7, "robin", "correct horse battery", "groups = [\"neighbours\"]")
        .set("local", "groups = [\"neighbours\"]")
        .group("name = \"street\"\nany = [\"neighbours\", \"plex-home\"]");
    let house = setup.client("wiki", r#"allow = ["street"]"#).start().await;
    let wiki = house.relying_party("wiki");
    let asked = wiki.authorization();
    let landing = house.browser().sign_in_with_password(&asked.url(), "robin", "correct horse battery").await;
    let tokens = wiki.tokens(&asked, &landing).await;
    let told = wiki.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!(told["groups"], json!(["local", "neighbours", "street"]));
}
