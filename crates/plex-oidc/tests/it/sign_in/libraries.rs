//! Rules about what a share says, libraries and permissions: what Plex does not say is not taken for no, and what is shared
//! is shared of its own server.

use plex_oidc_core::gateway::Family;
use plextv_emulator::{Fault, FaultKind, MAIN_SERVER, OTHER_SERVER};
use serde_json::{Value, json};

use crate::support::{Answer, House, PROXY_NETWORK, Setup};

const LOUNGE: &str = "https://lounge.example.org/";
const OWNER_OF_OTHER: u64 = 48_151_014;

/// A house that can ask for libraries, with an application behind the gateway that is for nobody who sees library 1.
fn setup() -> Setup {
    let app = "name = \"lounge\"\nhost = \"lounge.example.org\"\ndeny = [\"plex-library:1\"]";
    let trusting = Setup::default().set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"));
    trusting.with_owner_token().app(app)
}

fn no_answer(house: &House, path: &str, kind: FaultKind) {
    house.plex.world().set_fault(Fault::new(kind).on_path(path));
}

/// What a visit of the lounge by `persona`, with a new browser, comes to: a page of ours, or the application's answer.
async fn visit(house: &House, persona: &str) -> Answer {
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let page = visitor.sent_to_us(&proxy, LOUNGE).await.expect(200);
    let answer = visitor.browser.approve_and_finish(&page, persona).await;
    if answer.stays() { answer } else { visitor.come_in(&proxy, &answer.leaves()).await.1 }
}

async fn groups(house: &House, persona: &str) -> Value {
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in(persona, &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(200).json()["groups"].clone()
}

#[tokio::test]
async fn libraries_that_plex_could_not_be_asked_for_end_nothing() {
    let house = Setup::default().with_owner_token();
    let house = house.client("photos", r#"allow = ["plex-library:1"]"#).start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    no_answer(&house, "/api/v2/shared_servers", FaultKind::ServerError);
    let page = house.browser().sign_in_to_page(&photos.authorization().url(), "home").await;
    page.expect(503);
    photos.userinfo(&tokens.access_token()).await.expect(200);
    house.sign_in("friend", &photos).await; // by what was known before
}

#[tokio::test]
async fn a_deny_holds_though_plex_does_not_say_who_sees_the_library() {
    let house = setup().start().await;
    no_answer(&house, "/api/v2/shared_servers", FaultKind::ServerError);
    visit(&house, "friend").await.expect(503);
    house.plex.recovers();
    visit(&house, "friend").await.expect(403);
    house.plex.world().share_libraries("friend-all", MAIN_SERVER, &[2]).unwrap();
    visit(&house, "friend-all").await.expect(200);
}

#[tokio::test]
async fn a_deny_holds_by_what_was_known_before_an_outage() {
    let house = setup().start().await;
    let known = json!(["plex-friend", "plex-library:1", "plex-library:2"]);
    assert_eq!(groups(&house, "friend").await, known);
    no_answer(&house, "/api/v2/shared_servers", FaultKind::ServerError);
    assert_eq!(groups(&house, "friend").await, known);
    visit(&house, "friend").await.expect(403);
    // Not for ever: a day later it is as if nothing had ever been known.
    house.pass(house.config.rules.membership_lifetime);
    visit(&house, "friend").await.expect(503);
}

/// The oldest list says who sees a server, and not which libraries.
#[tokio::test]
async fn a_list_without_libraries_does_not_say_that_there_are_none() {
    let house = setup().start().await;
    no_answer(&house, "/api/v2/shared_servers", FaultKind::EmptyBody);
    no_answer(&house, "/api/servers", FaultKind::EmptyBody);
    visit(&house, "friend").await.expect(503);
    visit(&house, "friend-all").await.expect(403);
}

#[tokio::test]
async fn a_list_that_leaves_somebody_out_does_not_say_that_they_see_nothing() {
    let house = setup().start().await;
    no_answer(&house, "/api/v2/shared_servers", FaultKind::EmptyLists);
    visit(&house, "friend").await.expect(503);
}

#[tokio::test]
async fn whoever_sees_every_library_sees_those_that_plex_leaves_out() {
    let house = setup().start().await;
    no_answer(&house, "/api/v2/servers", FaultKind::EmptyLists);
    visit(&house, "friend-all").await.expect(403);
    visit(&house, "owner").await.expect(403);
}

#[tokio::test]
async fn a_library_of_one_server_opens_nothing_that_is_for_the_guests_of_another() {
    let setup = Setup::default().with_owner_token().second_server(OTHER_SERVER, OWNER_OF_OTHER);
    let setup = setup.client("wiki", r#"allow = ["plex-library:attic:1"]"#);
    let house = setup.client("legacy", r#"allow = ["plex-library:2f7a91c4:1"]"#).start().await;
    let all = json!([
        "plex-friend",
        "plex-friend:2f7a91c4",
        "plex-friend:attic",
        "plex-library:attic:1",
        "plex-library:attic:2"
    ]);
    assert_eq!(groups(&house, "friend").await, all);
    let visit = async |client: &str, persona: &str| {
        let asked = house.relying_party(client).authorization();
        house.browser().sign_in_to_page(&asked.url(), persona).await
    };
    visit("wiki", "friend").await.leaves().code();
    visit("wiki", "stranger").await.expect(403);
    // The token is of the owner of the attic, and shows nothing of the other server.
    visit("legacy", "stranger").await.expect(503);
    visit("legacy", "owner").await.expect(403);
}

/// Whom a server let in, the configuration lets out: by asking, as it is not Plex who says no.
#[tokio::test]
async fn a_server_that_is_taken_out_takes_its_people_out() {
    let mut house = Setup::default().second_server(OTHER_SERVER, OWNER_OF_OTHER).start().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("stranger", &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(200);
    house.restart_with(|_| Setup::default()).await;
    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.refresh(&tokens.refresh_token()).await.expect(400);
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    browser.approve_and_finish(&page, "stranger").await.expect(403);
    house.restart_with(|setup| setup.second_server(OTHER_SERVER, OWNER_OF_OTHER)).await;
    house.sign_in("stranger", &photos).await;
}

#[tokio::test]
async fn permissions_are_groups_and_the_owner_has_both() {
    let house = Setup::default().with_owner_token();
    let house = house.client("wiki", r#"allow = ["plex-downloads"]"#).start().await;
    let wiki = house.relying_party("wiki");
    for (persona, may) in [("owner", true), ("friend-all", true), ("friend", false)] {
        let page = house.browser().sign_in_to_page(&wiki.authorization().url(), persona).await;
        let told: Vec<_> = groups(&house, persona).await.as_array().unwrap().clone();
        if may {
            page.leaves().code();
        } else {
            page.expect(403);
        }
        for name in ["plex-downloads", "plex-livetv"] {
            assert_eq!(told.contains(&json!(name)), may, "{persona} {name}");
        }
    }
}

#[tokio::test]
async fn a_deny_of_downloads_holds_though_plex_does_not_say_who_may() {
    let setup = setup().app("name = \"cinema\"\nhost = \"cinema.example.org\"\ndeny = [\"plex-downloads\"]");
    let house = setup.start().await;
    let cinema = async |persona: &str| {
        let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
        let page = visitor.sent_to_us(&proxy, "https://cinema.example.org/").await.expect(200);
        let answer = visitor.browser.approve_and_finish(&page, persona).await;
        if answer.stays() { answer } else { visitor.come_in(&proxy, &answer.leaves()).await.1 }
    };
    // The oldest list says it of the person, whatever server it is about.
    no_answer(&house, "/api/v2/shared_servers", FaultKind::EmptyBody);
    no_answer(&house, "/api/servers", FaultKind::EmptyBody);
    cinema("friend").await.expect(503);
    house.plex.recovers();
    cinema("friend").await.expect(200);
    cinema("friend-all").await.expect(403);
    cinema("owner").await.expect(403);
    // By what was known before an outage, for a day.
    no_answer(&house, "/api/v2/shared_servers", FaultKind::ServerError);
    cinema("friend").await.expect(200);
    cinema("friend-all").await.expect(403);
    house.pass(house.config.rules.membership_lifetime);
    cinema("friend").await.expect(503);
}
