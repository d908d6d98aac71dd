//! Who comes in, who does not, and what the page says to them.

use plex_oidc_core::id::{AccountId, PlexAccountId};
use plextv_emulator::{FaultKind, MAIN_SERVER, OTHER_SERVER};
use serde_json::{Value, json};

use crate::support::{Answer, House, Setup};

/// What Plex's approval by `persona` leads to, at `photos`, in a new browser.
async fn visit(house: &House, persona: &str) -> Answer {
    let photos = house.relying_party("photos");
    house.browser().sign_in_to_page(&photos.authorization().url(), persona).await
}

/// The page for somebody who may not come in: names the account, offers another, and gives nothing.
async fn is_denied(house: &House, persona: &str, heading: &str) {
    let page = visit(house, persona).await.expect(403);
    let known = house.plex.world().personas().into_iter().find(|known| known.key == persona).unwrap();
    assert_eq!(page.heading(), heading, "{persona}");
    let text = page.text();
    assert!(text.contains(&known.title) && text.contains(&known.email), "{persona}: {text}");
    assert!(page.stays() && page.set_cookies().is_empty(), "{persona}: {:?}", page.headers);
    page.form("/again");
    page.form("/cancel");
}

/// The claims that `persona` brings to `photos`.
async fn claims(house: &House, persona: &str) -> Value {
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in(persona, &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(200).json()
}

#[tokio::test]
async fn members_come_in_with_the_groups_of_how_the_server_is_shared() {
    let house = Setup::default().client("photos", r#"scopes = ["openid", "groups"]"#).start().await;
    for (persona, groups) in [
        ("owner", json!(["plex-owner", "plex-pass"])),
        ("friend", json!(["plex-friend"])),
        ("friend-all", json!(["plex-friend", "plex-pass"])),
        ("home", json!(["plex-home"])),
        ("guest", json!(["plex-home"])),
        ("two-factor", json!(["plex-2fa", "plex-friend"])),
    ] {
        let photos = house.relying_party("photos");
        let asked = photos.authorization().with("scope", "openid groups");
        let landing = house.browser().sign_in(&asked.url(), persona).await;
        let tokens = photos.tokens(&asked, &landing).await;
        let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
        assert_eq!(claims["groups"], groups, "{persona}");
        assert_eq!(claims["sub"], format!("plex-{}", house.plex.account_id(persona)));
    }
}

#[tokio::test]
async fn strangers_are_named_told_why_and_offered_another_account() {
    let house = House::new().await;
    let stranger = "This account can’t come in";
    for persona in ["stranger", "friend-nothing", "invited", "other-owner"] {
        is_denied(&house, persona, stranger).await;
    }
    house.plex.world().unshare("unshared").unwrap();
    is_denied(&house, "unshared", stranger).await;
}

#[tokio::test]
async fn a_stranger_can_switch_to_an_account_that_may_come_in() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let denied = browser.sign_in_to_page(&asked.url(), "stranger").await.expect(403);
    let text = denied.text();
    assert!(text.contains("Attic is not shared with this account") && text.contains("Photos"), "{text}");
    assert_eq!(
        browser.open(&denied.url).await.expect(403).heading(),
        denied.heading(),
        "a reload says the same"
    );
    let page = browser.submit(&denied, "/again").await.expect(200);
    let landing = browser.approve_and_finish(&page, "friend").await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}

#[tokio::test]
async fn a_stranger_who_gives_up_goes_back_with_access_denied() {
    let house = House::new().await;
    let mut browser = house.browser();
    let asked = house.relying_party("photos").authorization();
    let denied = browser.sign_in_to_page(&asked.url(), "stranger").await.expect(403);
    let landing = browser.submit(&denied, "/cancel").await.leaves();
    assert_eq!(asked.error(&landing), "access_denied");
    assert!(browser.session().is_none());
}

#[tokio::test]
async fn a_server_with_our_machine_identifier_and_another_owner_is_not_ours() {
    let house = House::new().await;
    house.plex.world().set_switches(|switches| switches.impostor_server = true);
    for persona in ["stranger", "other-owner"] {
        is_denied(&house, persona, "This account can’t come in").await;
    }
    assert_eq!(claims(&house, "friend").await["sub"], "plex-48151001", "who has both is a friend");
}

#[tokio::test]
async fn the_owner_is_known_by_account_even_if_plex_lists_no_server() {
    let house = House::new().await;
    house.plex.world().set_switches(|switches| switches.impostor_server = true);
    assert_eq!(claims(&house, "owner").await["sub"], "plex-1002003");
    house.plex.fails(FaultKind::EmptyLists);
    assert_eq!(claims(&house, "owner").await["sub"], "plex-1002003");
    is_denied(&house, "friend", "This account can’t come in").await;
}

#[tokio::test]
async fn managed_users_come_in_only_where_the_host_allows_it() {
    let house = House::new().await;
    for persona in ["managed", "managed-pin"] {
        is_denied(&house, persona, "Managed users can’t come in").await;
    }
    let house = Setup::default().set("rules", "allow_managed = true").start().await;
    let claims = claims(&house, "managed").await;
    assert_eq!((&claims["sub"], &claims["name"]), (&json!("plex-48151005"), &json!("Kid")));
    assert_eq!(claims["groups"], json!(["plex-home", "plex-managed"]));
    for absent in ["email", "email_verified", "preferred_username"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn an_unconfirmed_address_keeps_out_unless_the_host_says_otherwise() {
    let house = House::new().await;
    is_denied(&house, "unconfirmed", "Please confirm your e-mail").await;
    let house = Setup::default().set("rules", "require_confirmed_email = false").start().await;
    assert_eq!(claims(&house, "unconfirmed").await["email_verified"], false);
}

#[tokio::test]
async fn an_application_can_be_for_one_group_one_account_or_one_address() {
    let not_open = "This app isn’t open to you";
    for (allow, inside, outside) in [
        (r#"["plex-owner"]"#, "owner", "friend"),
        (r#"["plex-home"]"#, "home", "owner"),
        (r#"["plex-friend"]"#, "friend", "home"),
        (r#"["plex-48151002"]"#, "friend-all", "friend"),
        (r#"["Wim@Example.net"]"#, "email-name", "friend"),
    ] {
        let house = Setup::default().client("photos", &format!("allow = {allow}")).start().await;
        claims(&house, inside).await;
        is_denied(&house, outside, not_open).await;
        is_denied(&house, "stranger", "This account can’t come in").await;
    }
    let open = Setup::default().set("rules", "require_confirmed_email = false");
    let house = open.client("photos", r#"allow = ["vera@example.net"]"#).start().await;
    is_denied(&house, "unconfirmed", not_open).await;
}

#[tokio::test]
async fn with_the_owners_token_libraries_are_groups() {
    let setup = Setup::default().with_owner_token();
    let house = setup.client("photos", r#"allow = ["plex-library:3"]"#).start().await;
    let all = json!([
        "plex-downloads",
        "plex-friend",
        "plex-library:1",
        "plex-library:2",
        "plex-library:3",
        "plex-library:4",
        "plex-livetv",
        "plex-pass"
    ]);
    assert_eq!(claims(&house, "friend-all").await["groups"], all);
    is_denied(&house, "friend", "This app isn’t open to you").await;
    claims(&house, "owner").await;
}

#[tokio::test]
async fn several_servers_let_in_the_people_of_each() {
    let house = Setup::default().second_server(OTHER_SERVER, 48_151_014).start().await;
    for (persona, groups) in [
        ("stranger", json!(["plex-friend", "plex-friend:2f7a91c4"])),
        ("other-owner", json!(["plex-owner", "plex-owner:2f7a91c4", "plex-pass"])),
        ("friend", json!(["plex-friend", "plex-friend:2f7a91c4", "plex-friend:attic"])),
        ("owner", json!(["plex-owner", "plex-owner:attic", "plex-pass"])),
    ] {
        assert_eq!(claims(&house, persona).await["groups"], groups, "{persona}");
    }
    is_denied(&house, "friend-nothing", "This account can’t come in").await;
}

#[tokio::test]
async fn who_is_signed_in_but_not_allowed_at_another_application_is_told_so() {
    let house = Setup::default().client("wiki", r#"allow = ["plex-owner"]"#).start().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let page = browser.open(&wiki.authorization().url()).await.expect(403);
    assert_eq!(page.heading(), "This app isn’t open to you");
    let silent = wiki.authorization().with("prompt", "none");
    let landing = browser.get(&silent.url()).await.leaves();
    assert_eq!(silent.error(&landing), "access_denied");
    let page = browser.submit(&page, "/again").await.expect(200);
    browser.approve_and_finish(&page, "owner").await.leaves().code();
}

/// DESIGN section 4: a clean "no longer shared" ends access. Plex says so while somebody signs in, too.
#[tokio::test]
async fn what_plex_says_at_a_refused_sign_in_holds_at_every_door() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut inside, tokens) = house.sign_in("friend", &photos).await;
    house.plex.world().unshare_server("friend", MAIN_SERVER).unwrap();
    is_denied(&house, "friend", "This account can’t come in").await;
    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.refresh(&tokens.refresh_token()).await.expect(400);
    let page = inside.open(&photos.authorization().url()).await.expect(200);
    assert!(page.stays(), "the session has ended, so they are asked to sign in: {page:?}");
    house.plex.world().share("friend", MAIN_SERVER).unwrap();
    house.sign_in("friend", &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.refresh(&tokens.refresh_token()).await.expect(400);
}

#[tokio::test]
async fn a_library_that_is_no_longer_shared_is_noticed_at_a_refused_sign_in() {
    let setup = Setup::default().with_owner_token();
    let house = setup.client("photos", r#"allow = ["plex-library:1"]"#).start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    house.plex.world().share_libraries("friend", MAIN_SERVER, &[2]).unwrap();
    visit(&house, "friend").await.expect(403);
    photos.userinfo(&tokens.access_token()).await.expect(401);
}

/// An empty list says nothing clearly: whoever is inside stays inside. And nobody is remembered for knocking.
#[tokio::test]
async fn a_doubtful_no_and_a_stranger_leave_no_trace() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    house.plex.fails(FaultKind::EmptyLists);
    is_denied(&house, "friend", "This account can’t come in").await;
    photos.userinfo(&tokens.access_token()).await.expect(200);
    house.plex.recovers();
    is_denied(&house, "other-owner", "This account can’t come in").await;
    let stranger = AccountId::Plex(PlexAccountId(house.plex.account_id("other-owner")));
    assert!(house.app().store.user(stranger).await.unwrap().is_none());
}
