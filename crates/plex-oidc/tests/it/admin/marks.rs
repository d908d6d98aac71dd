//! What the host says of one person, and that it holds at every door and at once.

use super::*;
use crate::support::{RelyingParty, Tokens, Visitor};

const NOTES: &str = "https://notes.example.org/";

/// Says something of a persona on their page. Returns the word of what came of it.
async fn say(house: &House, browser: &mut Browser, persona: &str, mark: &[(&str, &str)]) -> String {
    let page = page_of(house, browser, persona).await;
    let told = browser.post(&page, "/admin/people/mark", mark).await.expect(303);
    told.location().unwrap().rsplit_once("?done=").unwrap().1.to_owned()
}

/// What signing in at a client comes to: the status, and the page if it is one of ours.
async fn sign_in(house: &House, persona: &str, client: &str) -> Answer {
    let asked = house.relying_party(client).authorization();
    house.browser().sign_in_to_page(&asked.url(), persona).await
}

/// A friend who is inside everywhere.
struct Inside {
    tv: RelyingParty,
    tokens: Tokens,
    browser: Browser,
    visitor: Visitor,
}

impl Inside {
    async fn of(house: &House) -> Self {
        let tv = house.relying_party("tv");
        let (browser, tokens) = house.sign_in("friend", &tv).await;
        let mut visitor = house.visitor();
        visitor.sign_in(&house.proxy(Family::ForwardAuth), NOTES, "friend").await;
        Self { tv, tokens, browser, visitor }
    }

    async fn notes(&mut self, house: &House) -> u16 {
        self.visitor.ask(&house.proxy(Family::ForwardAuth), &Visit::script(NOTES)).await.status
    }
}

#[tokio::test]
async fn a_guest_who_is_blocked_while_inside_loses_everything_at_once_and_does_not_come_back() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house).await;
    let app_token = make_token(&mut friend.browser).await;
    assert_eq!(friend.notes(&house).await, 200);
    let (mut host, _) = host_of(&house).await;
    assert_eq!(say(&house, &mut host, "friend", &[("mark", "block")]).await, "blocked");

    assert_ne!(friend.notes(&house).await, 200, "without waiting for what the gateway remembers");
    friend.tv.userinfo(&friend.tokens.access_token()).await.expect(401);
    friend.tv.refresh(&friend.tokens.refresh_token()).await.expect(400);
    let visit = Visit::bare("GET", NOTES).with("authorization", &format!("Bearer {app_token}"));
    assert_eq!(house.proxy(Family::ForwardAuth).ask(&visit).await.status, 401);
    let silent = friend.tv.authorization().with("prompt", "none");
    assert_eq!(friend.browser.get(&silent.url()).await.leaves().error(), "login_required");
    for client in ["tv", "photos", "wiki"] {
        let denied = sign_in(&house, "friend", client).await.expect(403);
        assert_eq!(denied.heading(), "This account is kept out", "{client}");
        assert!(!denied.body.contains("/ask\""), "there is nothing to ask for");
    }
    let page = page_of(&house, &mut host, "friend").await;
    assert!(page.text().contains("Blocked. This account does not come in"), "{}", page.text());
    assert!(page.text().contains("Photos no the host has blocked this account"), "{}", page.text());
    assert!(host.open("/admin").await.text().contains("Mara blocked"));

    // To be unblocked is to be allowed to sign in, and nothing more.
    assert_eq!(say(&house, &mut host, "friend", &[("mark", "unblock")]).await, "unblocked");
    friend.tv.userinfo(&friend.tokens.access_token()).await.expect(401);
    assert_ne!(friend.notes(&house).await, 200);
    sign_in(&house, "friend", "photos").await.leaves().code();
}

#[tokio::test]
async fn whatever_is_left_in_the_database_of_somebody_blocked_lets_nobody_in() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house).await;
    // Without ending anything, as if a sign-in had come at the very moment of the block.
    let account = house.plex.account_id("friend");
    house.sql(&format!("INSERT INTO marks (account_id, marks) VALUES ({account}, '{{\"blocked\":true}}')"));
    house.pass(Seconds(6)); // what the gateway remembers
    assert_ne!(friend.notes(&house).await, 200);
    friend.tv.userinfo(&friend.tokens.access_token()).await.expect(401);
    friend.tv.refresh(&friend.tokens.refresh_token()).await.expect(400);
    let silent = friend.tv.authorization().with("prompt", "none");
    assert_eq!(friend.browser.get(&silent.url()).await.leaves().error(), "access_denied");
}

#[tokio::test]
async fn an_owner_and_whoever_does_it_cannot_be_blocked_and_an_owner_who_is_still_comes_in() {
    let house = setup().set("admin", "allow = [\"plex-owner\", \"mara@example.net\"]").start().await;
    let (mut friend, _) = signed_in_as(&house, "friend").await;
    let (mut owner, _) = host_of(&house).await;
    for (by_owner, persona) in [(false, "owner"), (false, "friend"), (true, "owner")] {
        let browser = if by_owner { &mut owner } else { &mut friend };
        let page = page_of(&house, browser, persona).await;
        assert!(!page.body.contains("value=\"block\""), "{persona}");
        assert_eq!(say(&house, browser, persona, &[("mark", "block")]).await, "stays", "{persona}");
    }
    let account = house.plex.account_id("owner");
    house.sql(&format!("INSERT INTO marks (account_id, marks) VALUES ({account}, '{{\"blocked\":true}}')"));
    sign_in(&house, "owner", "wiki").await.leaves().code();
    let page = page_of(&house, &mut owner, "owner").await.text();
    assert!(page.contains("owners are never kept out") && page.contains("Wiki yes"), "{page}");
}

#[tokio::test]
async fn a_door_opens_one_application_to_one_person() {
    let house = setup().start().await;
    for persona in ["friend", "friend-all"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
        sign_in(&house, persona, "wiki").await.expect(403);
    }
    let (mut host, _) = host_of(&house).await;
    let page = page_of(&house, &mut host, "friend").await;
    let offered = page.body.matches("value=\"open\"").count();
    assert_eq!(offered, 2, "the wiki and the vault, and not what is switched off: {}", page.text());
    assert_eq!(say(&house, &mut host, "friend", &[("mark", "open"), ("door", "wiki")]).await, "opened");
    sign_in(&house, "friend", "wiki").await.leaves().code();
    sign_in(&house, "friend-all", "wiki").await.expect(403);
    let text = page_of(&house, &mut host, "friend").await.text();
    assert!(text.contains("Wiki yes you opened it to them"), "{text}");

    // Behind the gateway as well, at once, for somebody who is signed in.
    let vault = "https://a.vault.example.org/";
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sent_to_us(&proxy, vault).await;
    let door = [("mark", "open"), ("door", "app:vault")];
    assert_eq!(say(&house, &mut host, "friend", &door).await, "opened");
    visitor.sign_in(&proxy, vault, "friend").await;
    let door = [("mark", "close"), ("door", "app:vault")];
    assert_eq!(say(&house, &mut host, "friend", &door).await, "closed");
    assert_ne!(visitor.ask(&proxy, &Visit::script(vault)).await.status, 200);

    // What is none opens nothing, the host's own page first of all.
    for none in ["own:admin", "own:account", "gone", "app:gone", ""] {
        let door = [("mark", "open"), ("door", none)];
        assert_eq!(say(&house, &mut host, "friend", &door).await, "nothing", "{none}");
    }
    let account = house.plex.account_id("friend");
    house.sql(&format!(
        "UPDATE marks SET marks = '{{\"doors\":[\"own:admin\"]}}' WHERE account_id = {account}"
    ));
    let mut browser = house.browser();
    let page = browser.open("/admin").await;
    browser.approve_and_finish(&page, "friend").await.expect(403);
}

#[tokio::test]
async fn a_door_gives_way_to_every_other_rule_and_outlives_its_application() {
    let mut house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut host, _) = host_of(&house).await;
    for door in ["wiki", "app:vault"] {
        assert_eq!(say(&house, &mut host, "friend", &[("mark", "open"), ("door", door)]).await, "opened");
    }
    // The file keeps them out of one, and the other is gone from it.
    let denied = "name = \"vault\"\nhost = \"*.vault.example.org\"\nallow = [\"plex-owner\"]\ndeny = [\"mara@example.net\"]";
    house.restart_with(|setup| setup.without_apps().app(denied).without_client("wiki")).await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let page = visitor.sent_to_us(&proxy, "https://a.vault.example.org/").await;
    assert_eq!(page.status, 200);
    let (mut host, _) = host_of(&house).await;
    let page = page_of(&house, &mut host, "friend").await;
    let text = page.text();
    assert!(text.contains("wiki not in the file any more") && text.contains("vault no"), "{text}");
    assert!(!page.body.contains("value=\"open\""), "opening would not help: {text}");
    assert_eq!(say(&house, &mut host, "friend", &[("mark", "close"), ("door", "wiki")]).await, "closed");
    // Whoever loses the share loses the door.
    house.restart_with(|setup| setup.client("wiki", "allow = [\"plex-owner\"]")).await;
    house.plex.world().unshare("friend").unwrap();
    let answer = sign_in(&house, "friend", "wiki").await.expect(403);
    assert_eq!(answer.heading(), "This account can’t come in");
}

#[tokio::test]
async fn whoever_is_named_beforehand_comes_in_where_only_those_do() {
    let mut house = setup().start().await;
    for persona in ["friend", "friend-all"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
    }
    house.restart_with(|setup| setup.set("rules", "only = [\"plex-48151013\"]")).await;
    sign_in(&house, "friend", "photos").await.expect(403);
    let (mut host, _) = host_of(&house).await;
    assert_eq!(say(&house, &mut host, "friend", &[("mark", "name")]).await, "named");
    sign_in(&house, "friend", "photos").await.leaves().code();
    sign_in(&house, "friend-all", "photos").await.expect(403);
    sign_in(&house, "friend", "wiki").await.expect(403);
    // What Plex says of the account later does not touch it.
    house.edit_person("friend", "$.account.display_name", "\"Somebody\"");
    house.edit_person("friend-all", "$.marks", "{\"named\":true,\"doors\":[\"wiki\"]}");
    sign_in(&house, "friend", "photos").await.leaves().code();
    sign_in(&house, "friend-all", "photos").await.expect(403);
    assert_eq!(say(&house, &mut host, "friend", &[("mark", "unname")]).await, "unnamed");
    sign_in(&house, "friend", "photos").await.expect(403);
}

#[tokio::test]
async fn a_door_does_not_lead_into_the_parts_that_name_others() {
    let app = "name = \"files\"\nhost = \"files.example.org\"\nallow = [\"plex-owner\"]\n\
               [[apps.rules]]\npaths = [\"/admin/*\"]\nallow = [\"plex-owner\"]\n\
               [[apps.rules]]\npaths = [\"/drafts/*\"]\ndeny = [\"noor@example.net\"]";
    let house = setup().app(app).start().await;
    let (mut host, _) = host_of(&house).await;
    for persona in ["friend", "friend-all"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
        assert_eq!(
            say(&house, &mut host, persona, &[("mark", "open"), ("door", "app:files")]).await,
            "opened"
        );
    }
    let proxy = house.proxy(Family::ForwardAuth);
    for (persona, drafts) in [("friend", 200), ("friend-all", 403)] {
        let mut visitor = house.visitor();
        visitor.sign_in(&proxy, "https://files.example.org/", persona).await;
        let mut ask = async |path: &str| {
            visitor.ask(&proxy, &Visit::script(&format!("https://files.example.org{path}"))).await.status
        };
        assert_eq!(ask("/films").await, 200, "{persona}");
        assert_eq!(ask("/admin/users").await, 403, "{persona}");
        assert_eq!(ask("/drafts/1").await, drafts, "{persona}");
    }
}

/// A block on the command line reaches a running service: nothing but the memory of the gateway stands between.
#[tokio::test]
async fn what_is_said_beside_the_service_is_felt_within_five_seconds() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house).await;
    assert_eq!(friend.notes(&house).await, 200);
    let beside = plex_oidc::installation::open_beside(&house.config).unwrap();
    let account = plex_oidc_core::id::AccountId::Plex(plex_oidc_core::id::PlexAccountId(
        house.plex.account_id("friend"),
    ));
    let block = plex_oidc_core::decide::Mark::Blocked(true);
    let ended = beside.mark(account, block, house.now()).await.unwrap();
    assert!(ended.sessions >= 1 && ended.grants >= 2, "{ended:?}");
    house.pass(Seconds(5));
    assert_ne!(friend.notes(&house).await, 200);
    friend.tv.userinfo(&friend.tokens.access_token()).await.expect(401);
}
