//! The host is asked about new browsers.

use super::*;
use crate::support::Visit;

#[tokio::test]
async fn a_new_browser_waits_for_the_host_and_comes_in_after_the_yes() {
    let house = house().await;
    let mut guest = house.browser();
    let page = waits(&house, &mut guest, "friend").await;
    assert!(guest.session().is_none(), "nobody is signed in");
    assert!(page.text().contains("A private window is a new browser each time."), "{}", page.text());
    assert!(page.text().contains("which browser this is"), "{}", page.text());
    let page = ask(&mut guest, &page).await;
    assert!(page.text().contains("You asked the host just now."), "{}", page.text());

    let (mut host, home) = host_of(&house).await;
    for shown in [
        "Mara would like to use Wiki from a new browser",
        "mara@example.net",
        "it is me",
        "ask the person in another way",
    ] {
        assert!(home.text().contains(shown), "{shown} in {}", home.text());
    }
    assert!(home.body.contains("Let this browser in") && !home.body.contains("Open it to them"));
    let told = host
        .post(&home, "/admin/requests", &[("answer", "approved"), ("said", "Welcome.")])
        .await
        .expect(303);
    assert_eq!(told.location(), Some("/admin?done=answered"));
    let page = guest.open(&page.url).await.expect(403);
    assert!(
        page.text().contains("The host has said yes, just now.") && page.text().contains("Welcome."),
        "{}",
        page.text()
    );

    // With the button, and from the start; and at every other application that asks.
    let again = guest.submit(&page, "/again").await.expect(200);
    guest.approve_and_finish(&again, "friend").await.leaves().code();
    passes(&house, &mut guest).await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.browser = guest;
    visitor.pass_through(&proxy, ASKING).await;
    // Any other browser of the same person is new again.
    waits(&house, &mut house.browser(), "friend").await;
    // The log has it all.
    let words = house
        .app()
        .store
        .events(plex_oidc::store::records::EventsWanted { most: 50, ..Default::default() })
        .await
        .unwrap();
    let words: Vec<_> = words
        .iter()
        .map(|event| (event.event.what.word(), event.event.detail.clone().unwrap_or_default()))
        .collect();
    for expected in [("denied", "new_browser"), ("access_asked", ""), ("access_answered", "approved")] {
        assert!(
            words.iter().any(|(what, detail)| (*what, detail.as_str()) == expected),
            "{expected:?} in {words:?}"
        );
    }
}

#[tokio::test]
async fn a_no_of_the_host_stays_a_no_and_two_answers_are_one() {
    let house = house().await;
    let mut guest = house.browser();
    let page = waits(&house, &mut guest, "friend").await;
    let page = ask(&mut guest, &page).await;
    let (mut host, home) = host_of(&house).await;
    for (said, outcome) in
        [("opened", "nothing"), ("named", "nothing"), ("declined", "answered"), ("approved", "nothing")]
    {
        let told = host.post(&home, "/admin/requests", &[("answer", said)]).await.expect(303);
        assert_eq!(told.location().unwrap(), format!("/admin?done={outcome}"), "{said}");
    }
    let page = guest.open(&page.url).await.expect(403);
    assert!(page.text().contains("The host has said no") && !page.body.contains("/ask\""), "{}", page.text());
    let page = waits(&house, &mut guest, "friend").await;
    assert!(!page.body.contains("/ask\""), "not for a day, and in the same browser");
    house.pass(Seconds::days(1));
    let page = waits(&house, &mut guest, "friend").await;
    ask(&mut guest, &page).await;
    assert_eq!(answer(&house, "approved").await, "/admin?done=answered");
    guest.sign_in(&house.relying_party("wiki").authorization().url(), "friend").await;
}

#[tokio::test]
async fn two_browsers_of_one_person_are_asked_about_one_by_one() {
    let house = house().await;
    let (mut first, mut second) = (house.browser(), house.browser());
    let page = waits(&house, &mut first, "friend").await;
    ask(&mut first, &page).await;
    let page = waits(&house, &mut second, "friend").await;
    assert!(page.body.contains("/ask\""), "that of the other is not its request");
    ask(&mut second, &page).await;
    let (mut host, home) = host_of(&house).await;
    assert!(home.text().contains("Requests for access (2)"));
    // The second of the two forms on the page.
    let forms: Vec<_> =
        home.forms().into_iter().filter(|form| form.action.ends_with("/admin/requests")).collect();
    let browser_of =
        |at: usize| forms[at].fields.iter().find(|(name, _)| name == "browser").unwrap().1.clone();
    assert_ne!(browser_of(0), browser_of(1));
    host.post(&home, "/admin/requests", &[("answer", "approved"), ("browser", &browser_of(1))])
        .await
        .expect(303);
    let all = [first, second];
    let mut let_in = 0;
    for mut browser in all {
        let page = browser.open(&house.relying_party("wiki").authorization().url()).await.expect(200);
        let_in += u32::from(browser.approve_and_finish(&page, "friend").await.status != 403);
    }
    assert_eq!(let_in, 1);
    // Nor does an answer without the browser, or for one that is made up, answer anything.
    let (mut host, home) = host_of(&house).await;
    for other in ["", "x", "01998a2e6c1e4b1f8d6e3c9e5f0a1b2c"] {
        let told = host
            .post(&home, "/admin/requests", &[("answer", "approved"), ("browser", other)])
            .await
            .expect(303);
        assert_eq!(told.location(), Some("/admin?done=nothing"), "{other}");
    }
}

/// The owner would wait for themselves.
#[tokio::test]
async fn an_owner_and_whoever_is_kept_out_anyway_are_not_asked_about() {
    let house = asking(setup())
        .client("wiki", &format!("{ASK_HOST}\nallow = [\"plex-owner\", \"plex-home\"]"))
        .start()
        .await;
    let wiki = house.relying_party("wiki");
    house.sign_in("owner", &wiki).await;
    let mut browser = house.browser();
    let page = browser.open(&wiki.authorization().url()).await.expect(200);
    let page = browser.approve_and_finish(&page, "friend").await.expect(403);
    assert_eq!(page.heading(), "This app isn’t open to you");
    assert!(known_by(&browser).is_empty(), "of them nothing is kept");
    let mut browser = house.browser();
    let page = browser.open(&wiki.authorization().url()).await.expect(200);
    browser.approve_and_finish(&page, "stranger").await.expect(403);
    assert!(known_by(&browser).is_empty());
}

#[tokio::test]
async fn other_applications_go_on_and_the_session_there_opens_nothing_that_asks() {
    let house = house().await;
    let mut guest = house.browser();
    let (_, _) = inside(&house, &mut guest, "friend").await;
    let page = guest.open(&house.relying_party("wiki").authorization().url()).await.expect(403);
    assert_eq!(page.heading(), "This browser is new here");
    let silent = house.relying_party("wiki").authorization().with("prompt", "none");
    assert_eq!(guest.open(&silent.url()).await.leaves().error(), "access_denied");
    ask(&mut guest, &page).await;
    answer(&house, "approved").await;
    passes(&house, &mut guest).await; // without a sign-in: the session is one of this browser
}

/// A browser that is approved for one application is approved for all that ask, and the gateway looks again at once.
#[tokio::test]
async fn the_gateway_asks_too_by_every_way_in() {
    let house = house().await;
    for (number, family) in
        [Family::ForwardAuth, Family::AuthRequest, Family::ExtAuthz].into_iter().enumerate()
    {
        let persona = ["friend", "home", "friend-all"][number];
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        // By the session that the applications of a domain share.
        visitor.sign_in(&proxy, INDIFFERENT, persona).await;
        visitor.ask(&proxy, &Visit::script(ASKING_AT_HOME)).await.expect(403);
        let page = visitor.sent_to_us(&proxy, ASKING_AT_HOME).await.expect(403);
        assert_eq!(page.heading(), "This browser is new here");
        // By a hand-over of its own.
        let page = visitor.sent_to_us(&proxy, ASKING).await.expect(403);
        assert_eq!(page.heading(), "This browser is new here");
        visitor.page(&proxy, &format!("{ASKING}open")).await.expect(200);
        ask(&mut visitor.browser, &page).await;
        answer(&house, "approved").await;
        visitor.page(&proxy, ASKING_AT_HOME).await.expect(200);
        visitor.pass_through(&proxy, ASKING).await;
        visitor.page(&proxy, &format!("{ASKING}part/x")).await;
        visitor.page(&proxy, INDIFFERENT).await.expect(200);
    }
}

#[tokio::test]
async fn a_local_account_waits_like_everybody_and_needs_no_script() {
    let setup = asking(setup()).user(7, "robin", "a long enough secret", "groups = [\"family\"]");
    let house = setup
        .set("local", "groups = [\"family\"]")
        .client("wiki", &format!("{ASK_HOST}\nallow = [\"family\"]"))
        .start()
        .await;
    let wiki = house.relying_party("wiki");
    let mut guest = house.browser();
    let page = guest.open(&wiki.authorization().url()).await.expect(200);
    let page = guest.type_password(&page, "robin", "a long enough secret").await.expect(403);
    assert_eq!(page.heading(), "This browser is new here");
    ask(&mut guest, &page).await;
    assert_eq!(answer(&house, "approved").await, "/admin?done=answered");
    let asked = wiki.authorization();
    asked.check(&guest.sign_in_with_password(&asked.url(), "robin", "a long enough secret").await);
    let mut private = house.browser();
    let page = private.open(&wiki.authorization().url()).await.expect(200);
    private.type_password(&page, "robin", "a long enough secret").await.expect(403);
}

/// Whoever is blocked after they asked is not let in by a late yes.
#[tokio::test]
async fn a_block_takes_the_request_and_the_browser_away() {
    let house = house().await;
    let mut guest = house.browser();
    inside(&house, &mut guest, "friend").await;
    let page = guest.open(&house.relying_party("wiki").authorization().url()).await.expect(403);
    ask(&mut guest, &page).await;
    let (mut host, home) = host_of(&house).await;
    let about =
        host.open(&format!("/admin/people/plex-{}", house.plex.account_id("friend"))).await.expect(200);
    host.post(&about, "/admin/people/mark", &[("mark", "block")]).await.expect(303);
    let told = host.post(&home, "/admin/requests", &[("answer", "approved")]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=nothing"));
    let about = host.open(&about.url).await.expect(200);
    host.post(&about, "/admin/people/mark", &[("mark", "unblock")]).await.expect(303);
    let page = waits(&house, &mut guest, "friend").await;
    assert!(page.body.contains("/ask\""));
}
