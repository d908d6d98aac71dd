//! An attempt belongs to one browser and one tab, and is used once (requirement 17).

use crate::support::House;

#[tokio::test]
async fn req_017_two_tabs_that_cross_each_get_their_own_code_and_state() {
    let house = House::new().await;
    let (photos, wiki, mut browser) =
        (house.relying_party("photos"), house.relying_party("wiki"), house.browser());
    let (for_photos, for_wiki) = (photos.authorization(), wiki.authorization());
    let (first, second) = (browser.open(&for_photos.url()).await, browser.open(&for_wiki.url()).await);
    let (first_pin, second_pin) = (browser.start(&first).await, browser.start(&second).await);
    house.plex.approve(&second_pin.code, "friend");
    house.plex.approve(&first_pin.code, "friend");
    let second_landing = browser.finish(&second).await.leaves();
    let first_landing = browser.finish(&first).await.leaves();
    assert_eq!(photos.claims(&for_photos, &first_landing).await["aud"], "photos");
    assert_eq!(wiki.claims(&for_wiki, &second_landing).await["aud"], "wiki");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn req_017_tabs_that_renew_one_session_at_the_same_moment_all_arrive() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let mut tabs = Vec::new();
    for _ in 0..8 {
        let asked = photos.authorization().with("prompt", "login");
        let page = browser.open(&asked.url()).await.expect(200);
        let pin = browser.start(&page).await;
        house.plex.approve(&pin.code, "friend");
        tabs.push((asked, page));
    }
    let back = tabs.into_iter().map(|(asked, page)| {
        let mut same = browser.clone();
        (asked, tokio::spawn(async move { same.come_back(&page).await }))
    });
    for (asked, answer) in back.collect::<Vec<_>>() {
        let landing = answer.await.unwrap().leaves();
        assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
    }
}

#[tokio::test]
async fn req_017_two_accounts_in_two_tabs_do_not_mix() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let (as_friend, as_home) = (photos.authorization(), photos.authorization());
    let (first, second) = (browser.open(&as_friend.url()).await, browser.open(&as_home.url()).await);
    let (first_pin, second_pin) = (browser.start(&first).await, browser.start(&second).await);
    house.plex.approve(&first_pin.code, "friend");
    house.plex.approve(&second_pin.code, "home");
    let (friend, home) = (browser.finish(&first).await.leaves(), browser.finish(&second).await.leaves());
    // The friend's code ended with the friend's browser session, which the second sign-in took the place of.
    assert_eq!(photos.redeem(&as_friend, friend.code()).await.expect(400).json()["error"], "invalid_grant");
    assert_eq!(photos.claims(&as_home, &home).await["sub"], "plex-48151004");
}

#[tokio::test]
async fn req_017_an_attempt_cannot_be_finished_from_another_browser() {
    let house = House::new().await;
    let (mut owner_of_tab, mut other) = (house.browser(), house.browser());
    let page = owner_of_tab.open(&house.relying_party("photos").authorization().url()).await;
    let pin = owner_of_tab.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    other.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    for (path, status) in [("", 400), ("/wait", 400), ("/return", 400), ("/status", 404), ("/events", 404)] {
        let answer = other.get(&format!("/sign-in/{}{path}", page.attempt())).await.expect(status);
        assert!(answer.stays() && answer.set_cookies().is_empty(), "{path}");
    }
    for action in ["/cancel", "/start"] {
        other.post(&page, action, &[]).await.expect(400);
    }
    other.offer(&page, &pin, "popup").await.expect(404);
    // A cookie of another attempt under this attempt's name does not open it either.
    let (name, value) = other.cookies.pop_first().unwrap();
    let other_attempt = name.strip_prefix("__Host-plex-oidc-login-").unwrap();
    other.cookies.insert(name.replace(other_attempt, &page.attempt()), value);
    other.come_back(&page).await.expect(400);
    owner_of_tab.finish(&page).await.leaves().code();
}

#[tokio::test]
async fn req_017_an_attempt_gives_one_code_however_often_the_browser_comes_back() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let tries = (0..16).map(|_| {
        let (mut same, page) = (browser.clone(), page.clone());
        tokio::spawn(async move { same.get(&format!("/sign-in/{}/return", page.attempt())).await })
    });
    let mut codes = 0;
    for tried in tries.collect::<Vec<_>>() {
        let answer = tried.await.unwrap();
        codes += usize::from(answer.location().is_some_and(|location| location.contains("code=")));
    }
    assert_eq!(codes, 1);
    browser.come_back(&page).await.expect(400);
}

#[tokio::test]
async fn req_017_many_tabs_keep_the_newest_eight_attempts() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let mut pages = Vec::new();
    for _ in 0..12 {
        pages.push(browser.open(&photos.authorization().url()).await.expect(200));
    }
    assert_eq!(browser.cookies.len(), 8);
    for (number, page) in pages.iter().enumerate() {
        browser.open(&page.url).await.expect(if number < 4 { 400 } else { 200 });
    }
}

/// The Plex page may have been opened twice, and both send back here: one tab goes on, the other is told so.
#[tokio::test]
async fn a_tab_whose_sign_in_another_one_finished_says_that_all_is_well() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    browser.finish(&page).await.leaves().code();
    let mut elsewhere = house.browser();
    for path in ["", "/return", "/wait", "/consent"] {
        let url = format!("/sign-in/{}{path}", page.attempt());
        let told = browser.open(&url).await.expect(200);
        assert_eq!((told.heading().as_str(), told.stays()), ("You are signed in", true), "{path}");
        elsewhere.open(&url).await.expect(400);
    }
}

#[tokio::test]
async fn req_017_the_answer_to_a_page_counts_for_the_account_that_it_showed() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    for (prompt, action) in [("select_account", "/continue"), ("consent", "/consent")] {
        let (mut browser, _) = house.sign_in("friend", &photos).await;
        let asked = photos.authorization().with("prompt", prompt);
        let page = browser.open(&asked.url()).await.expect(200);
        assert!(page.text().contains("Mara"), "{}", page.text());
        browser.sign_in(&photos.authorization().with("prompt", "login").url(), "home").await;
        let anew = browser.submit(&page, action).await.expect(200);
        assert!(anew.stays() && !anew.text().contains("Mara"), "{}", anew.text());
        let landing = browser.submit(&anew, action).await.leaves();
        assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151004");
    }
}
