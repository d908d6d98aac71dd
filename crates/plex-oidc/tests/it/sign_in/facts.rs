//! What Plex says of an account itself: a Plex Pass, a second factor. What it does not say is not taken for no.

use plex_oidc_core::gateway::Family;
use serde_json::{Value, json};

use crate::support::{Answer, House, PROXY_NETWORK, Setup};

async fn groups(house: &House, persona: &str) -> Value {
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in(persona, &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(200).json()["groups"].clone()
}

async fn visit(house: &House, client: &str, persona: &str) -> Answer {
    let asked = house.relying_party(client).authorization();
    house.browser().sign_in_to_page(&asked.url(), persona).await
}

#[tokio::test]
async fn a_plex_pass_and_a_second_factor_are_groups_without_any_token_of_the_owner() {
    let setup = Setup::default().client("wiki", r#"allow = ["plex-2fa"]"#);
    let house = setup.client("legacy", r#"allow = ["plex-pass"]"#).start().await;
    assert_eq!(groups(&house, "friend").await, json!(["plex-friend"]));
    assert_eq!(groups(&house, "friend-all").await, json!(["plex-friend", "plex-pass"]));
    assert_eq!(groups(&house, "two-factor").await, json!(["plex-2fa", "plex-friend"]));
    visit(&house, "wiki", "two-factor").await.leaves().code();
    visit(&house, "wiki", "friend-all").await.expect(403);
    visit(&house, "legacy", "friend-all").await.leaves().code();
    visit(&house, "legacy", "two-factor").await.expect(403);
    // What has changed at Plex is known from the next sign-in on.
    house.plex.world().set_second_factor("two-factor", false).unwrap();
    house.plex.world().set_second_factor("friend-all", true).unwrap();
    assert_eq!(groups(&house, "two-factor").await, json!(["plex-friend"]));
    assert_eq!(groups(&house, "friend-all").await, json!(["plex-2fa", "plex-friend", "plex-pass"]));
}

#[tokio::test]
async fn a_deny_passes_nobody_of_whom_plex_does_not_say_it() {
    let app = "name = \"lounge\"\nhost = \"lounge.example.org\"\ndeny = [\"plex-pass\"]";
    let setup = Setup::default().set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]")).app(app);
    let house = setup.client("wiki", r#"allow = ["plex-2fa"]"#).start().await;
    let lounge = async |persona: &str| {
        let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
        let page = visitor.sent_to_us(&proxy, "https://lounge.example.org/").await.expect(200);
        let answer = visitor.browser.approve_and_finish(&page, persona).await;
        if answer.stays() { answer } else { visitor.come_in(&proxy, &answer.leaves()).await.1 }
    };
    lounge("friend").await.expect(200);
    lounge("friend-all").await.expect(403);
    house.plex.world().set_switches(|switches| switches.bare_accounts = true);
    lounge("friend").await.expect(503);
    visit(&house, "wiki", "two-factor").await.expect(503);
    assert_eq!(
        groups(&house, "two-factor").await,
        json!(["plex-friend"]),
        "where no rule asks, nothing is lost"
    );
}
