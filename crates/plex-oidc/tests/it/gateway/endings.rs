//! Who may not come in, and how coming in ends.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use super::*;
use crate::support::{FAMILIES, Visit, redirected};

#[tokio::test]
async fn who_may_not_is_named_and_can_switch() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        // Signed in elsewhere already, and not one of those whom this application is for.
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let page = visitor.sent_to_us(&proxy, &format!("{VAULT}/deep?x")).await.expect(403);
        let person = house.plex.world().personas().into_iter().find(|known| known.key == "friend").unwrap();
        assert!(page.text().contains(&person.title) && page.text().contains("vault"), "{}", page.text());
        let page = visitor.browser.submit(&page, "/again").await.expect(200);
        let landing = visitor.browser.approve_and_finish(&page, "owner").await.leaves();
        let (next, page) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(next, format!("{VAULT}/deep?x"));
        passes_as(&page, &subject(&house, "owner"));
        // Programs of who may not are told, not sent.
        let mut friend = house.visitor();
        friend.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        friend.ask(&proxy, &Visit::script(&format!("{VAULT}/"))).await.expect(401);
    }
}

#[tokio::test]
async fn strangers_get_no_further_than_our_page() {
    let house = house().await;
    for family in FAMILIES {
        for persona in ["stranger", "friend-nothing", "invited", "other-owner"] {
            let (proxy, mut visitor) = (house.proxy(family), house.visitor());
            let page = visitor.sent_to_us(&proxy, &format!("{WIKI}/")).await.expect(200);
            let denied = visitor.browser.approve_and_finish(&page, persona).await.expect(403);
            assert!(denied.stays(), "{persona}");
            redirected(family, &visitor.page(&proxy, &format!("{WIKI}/")).await);
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_for_somebody_is_403_and_no_loop() {
    let house = setup()
        .app("name = \"picky\"\nhost = \"picky.example.org\"\ndeny = [\"plex-48151001\"]")
        .app("name = \"nobody\"\nhost = \"nobody.example.org\"\nallow = []")
        .start()
        .await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let landing = visitor.hand_over(&proxy, &format!("{WIKI}/admin/x"), "friend").await;
        let (next, page) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(next, format!("{WIKI}/admin/x"));
        let page = page.expect(403);
        assert!(page.location().is_none() && page.body.contains("not for your account"), "{page:?}");
        visitor.ask(&proxy, &Visit::script(&format!("{WIKI}/admin/x"))).await.expect(403);
        // A list of those who may not.
        let landing = visitor.sent_to_us(&proxy, "https://picky.example.org/").await.leaves();
        visitor.come_in(&proxy, &landing).await.1.expect(403);
        // An empty list: nobody, the owner neither.
        let mut owner = house.visitor();
        owner.sign_in(&proxy, &format!("{VAULT}/"), "owner").await;
        let page = owner.sent_to_us(&proxy, "https://nobody.example.org/").await.expect(403);
        assert!(page.stays());
    }
}

#[tokio::test]
async fn req_173_signing_out_ends_every_gateway_session_at_once() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor, mut other) = (house.proxy(family), house.visitor(), house.visitor());
        let pages = [format!("{WIKI}/"), format!("{CALENDAR}/"), format!("{NOTES}/")];
        visitor.sign_in(&proxy, &pages[0], "friend").await;
        other.sign_in(&proxy, &pages[0], "friend").await;
        for page in &pages[1..] {
            visitor.pass_through(&proxy, page).await;
        }
        let copied = visitor.clone();
        for page in &pages {
            visitor.page(&proxy, page).await.expect(200); // and so it is remembered
        }
        let confirm = visitor.browser.open("/sign-out").await.expect(200);
        visitor.browser.submit(&confirm, "/sign-out").await.expect(200);
        for mut browser in [visitor, copied] {
            for page in pages.iter().chain([&format!("{RECIPES}/")]) {
                redirected(family, &browser.page(&proxy, page).await);
                browser.ask(&proxy, &Visit::script(page)).await.expect(401);
            }
            let page = browser.sent_to_us(&proxy, &pages[0]).await.expect(200);
            page.form("/start"); // our own session is over as well
        }
        passes_as(&other.page(&proxy, &pages[0]).await, &subject(&house, "friend"));
    }
}

#[tokio::test]
async fn req_173_who_is_put_out_is_out_within_ten_seconds() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor, mut other) = (house.proxy(family), house.visitor(), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        visitor.pass_through(&proxy, &format!("{CALENDAR}/")).await;
        other.sign_in(&proxy, &format!("{WIKI}/"), "home").await;
        house.end_access("friend").await;
        house.pass(Seconds(10));
        redirected(family, &visitor.page(&proxy, &format!("{WIKI}/")).await);
        redirected(family, &visitor.page(&proxy, &format!("{CALENDAR}/")).await);
        passes_as(&other.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "home"));
    }
}

#[tokio::test]
async fn req_173_what_changes_about_a_person_holds_within_ten_seconds() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{VAULT}/"), "owner").await;
        visitor.page(&proxy, &format!("{VAULT}/")).await.expect(200);
        house.edit_person("owner", "$.groups", "[\"plex-friend\"]");
        house.pass(Seconds(10));
        visitor.ask(&proxy, &Visit::script(&format!("{VAULT}/"))).await.expect(403);
        house.edit_person("owner", "$.groups", "[\"plex-owner\"]");
        house.pass(Seconds(10));
        visitor.page(&proxy, &format!("{VAULT}/")).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_known_of_a_person_gets_too_old_and_a_new_sign_in_mends_it() {
    let house = setup().set("rules", "membership_lifetime = \"24h\"").start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        house.pass(Seconds(24 * 3600 - 60));
        visitor.page(&proxy, &format!("{WIKI}/")).await.expect(200);
        house.pass(Seconds(120));
        visitor.ask(&proxy, &Visit::script(&format!("{WIKI}/"))).await.expect(401);
        visitor.page(&proxy, &format!("{WIKI}/health")).await.expect(200);
        // Our own session does not help: Plex is asked again.
        passes_as(&visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await, &subject(&house, "friend"));
    }
}

#[tokio::test]
async fn who_is_no_longer_shared_with_does_not_come_back() {
    let house = setup().set("rules", "membership_lifetime = \"24h\"").start().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
    house.plex.world().unshare("friend").unwrap();
    house.pass(Seconds(24 * 3600 + 1));
    let page = visitor.sent_to_us(&proxy, &format!("{WIKI}/")).await.expect(200);
    visitor.browser.approve_and_finish(&page, "friend").await.expect(403);
    redirected(Family::ForwardAuth, &visitor.page(&proxy, &format!("{WIKI}/")).await);
}

#[tokio::test]
async fn an_app_that_leaves_the_configuration_takes_its_sessions_with_it() {
    let mut house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
    let location = redirected(Family::ForwardAuth, &visitor.page(&proxy, &format!("{NOTES}/")).await);
    house
        .restart_with(|setup| setup.without_apps().app("name = \"other\"\nhost = \"other.example.org\""))
        .await;
    visitor.page(&proxy, &format!("{WIKI}/")).await.expect(403);
    let page = visitor.browser.get(&location).await.expect(400);
    assert!(page.stays());
    // A restart alone ends nothing.
    house.restart_with(|_| super::setup()).await;
    passes_as(&visitor.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "friend"));
}

#[tokio::test]
async fn req_173_no_gateway_session_outlives_what_signing_out_reaches() {
    let house = setup().set("session", "idle = \"1h\"\nabsolute = \"5h\"").start().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let (wiki, notes) = (format!("{WIKI}/"), format!("{NOTES}/"));
    visitor.sign_in(&proxy, &wiki, "friend").await;
    // Using an application is using the browser session: the next one needs no click.
    for _ in 0..3 {
        house.pass(Seconds(3000));
        visitor.page(&proxy, &wiki).await.expect(200);
    }
    visitor.pass_through(&proxy, &notes).await;
    // Nobody used anything for longer than that lives: a new one would not reach the sessions of the old.
    house.pass(Seconds(3601));
    redirected(Family::ForwardAuth, &visitor.page(&proxy, &wiki).await);
    visitor.sign_in(&proxy, &notes, "friend").await;
    visitor.pass_through(&proxy, &wiki).await;
    let confirm = visitor.browser.open("/sign-out").await.expect(200);
    visitor.browser.submit(&confirm, "/sign-out").await.expect(200);
    for page in [&wiki, &notes] {
        redirected(Family::ForwardAuth, &visitor.page(&proxy, page).await);
    }
}
