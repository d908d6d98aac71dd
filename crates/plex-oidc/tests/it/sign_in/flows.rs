//! Every way from the sign-in page to the application, and every way it can end without one.

use plex_oidc_core::time::Seconds;

use crate::support::House;

#[tokio::test]
async fn a_pin_made_by_the_browser_leads_to_tokens() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await.expect(200);
    assert_eq!(page.heading(), "Sign in to Photos");
    let landing = browser.approve_and_finish(&page, "friend").await.leaves();
    let tokens = photos.tokens(&asked, &landing).await;
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!((&claims["sub"], &claims["email"]), (&"plex-48151001".into(), &"mara@example.net".into()));
    let names: Vec<_> = browser.cookies.keys().map(String::as_str).collect();
    let [session, known] = *names else { panic!("the attempt's cookie is gone: {names:?}") };
    assert!(
        session == "__Host-plex-oidc-session" && known.starts_with("__Host-plex-oidc-browser-"),
        "{names:?}"
    );
    let made_by_us =
        house.plex.world().request_log().iter().any(|call| call.method == "POST" && call.origin.is_none());
    assert!(!made_by_us, "the browser made the PIN");
}

#[tokio::test]
async fn with_script_in_the_same_tab_plex_sends_the_browser_back() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await;
    let pin = browser.make_pin(&page).await.unwrap();
    let next =
        browser.offer(&page, &pin, "same-tab").await.expect(200).json()["next"].as_str().unwrap().to_owned();
    let back = format!("forwardUrl=https%3A%2F%2Fauth.example.com%2Fsign-in%2F{}%2Freturn", page.attempt());
    assert!(next.contains(&pin.code) && next.ends_with(&back), "{next}");
    house.plex.approve(&pin.code, "friend");
    let landing = browser.come_back(&page).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}

#[tokio::test]
async fn the_pop_up_comes_back_to_a_page_that_grants_nothing() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.make_pin(&page).await.unwrap();
    let next =
        browser.offer(&page, &pin, "popup").await.expect(200).json()["next"].as_str().unwrap().to_owned();
    assert!(next.ends_with("forwardUrl=https%3A%2F%2Fauth.example.com%2Fsign-in%2Fdone"), "{next}");
    house.plex.approve(&pin.code, "friend");
    let done = browser.open("/sign-in/done").await.expect(200);
    assert_eq!(done.set_cookies(), Vec::<&str>::new());
    assert!(browser.session().is_none());
    browser.finish(&page).await.leaves().code();
}

#[tokio::test]
async fn where_the_browser_cannot_reach_plex_the_server_makes_the_pin() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await;
    let next = browser.start_at_server(&page, "popup").await.expect(200).json();
    let code = house.plex.newest_pin();
    assert!(next["next"].as_str().unwrap().contains(&code), "{next}");
    house.plex.approve(&code, "friend");
    let landing = browser.finish(&page).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}

#[tokio::test]
async fn without_script_the_button_and_reloading_are_enough() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await;
    let to_plex = browser.post(&page, "/start", &[]).await.expect(200).leaves();
    assert!(
        to_plex.url.as_str().starts_with(house.config.plex.as_ref().unwrap().urls.app.as_str()),
        "{}",
        to_plex.url
    );
    let waiting = browser.come_back(&page).await.expect(200);
    assert_eq!(waiting.heading(), "Waiting for Plex…");
    assert!(waiting.body.contains("http-equiv=\"refresh\" content=\"3\""), "{}", waiting.body);
    house.plex.approve(&house.plex.newest_pin(), "friend");
    let landing = browser.open(&waiting.url).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}

#[tokio::test]
async fn whoever_waits_is_told_when_plex_says_yes() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.start(&page).await;
    let waiting_page = browser.open(&format!("/sign-in/{}", page.attempt())).await.expect(200);
    assert!(waiting_page.url.ends_with("/wait"), "a reload waits on: {}", waiting_page.url);
    let mut poll = Box::pin(browser.wait(&page));
    let looked = || house.plex.world().request_log().iter().filter(|call| call.method == "GET").count();
    let first_look = async {
        while looked() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        next = &mut poll => panic!("there was no outcome yet: {next:?}"),
        () = first_look => house.plex.approve(&pin.code, "friend"),
    }
    let next = poll.await.expect("an outcome");
    browser.open(&next).await.leaves().code();
}

#[tokio::test]
async fn the_event_stream_says_that_there_is_an_outcome_and_not_which() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let events = format!("/sign-in/{}/events", page.attempt());
    browser.get(&events).await.expect(409);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "stranger");
    let stream = browser.get(&events).await.expect(200);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    let expected = format!("event: outcome\ndata: {{\"next\":\"/sign-in/{}/return\"}}\n\n", page.attempt());
    assert_eq!(stream.body, expected);
}

#[tokio::test]
async fn cancel_goes_back_to_the_application_and_is_final() {
    let house = House::new().await;
    let mut browser = house.browser();
    let asked = house.relying_party("photos").authorization();
    let page = browser.open(&asked.url()).await;
    let pin = browser.start(&page).await;
    let mut old = browser.clone();
    let landing = browser.submit(&page, "/cancel").await.leaves();
    assert_eq!(asked.error(&landing), "access_denied");
    assert!(browser.cookies.is_empty());
    house.plex.approve(&pin.code, "friend");
    let late = old.come_back(&page).await.expect(400);
    assert!(late.stays() && old.session().is_none(), "{}", late.text());
}

#[tokio::test]
async fn nobody_approves_in_five_minutes_and_then_the_second_try_works() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await;
    let first = browser.start(&page).await;
    house.pass(Seconds(301));
    let again = browser.finish(&page).await.expect(200);
    assert_eq!(again.heading(), "Sign in to Photos");
    assert!(again.text().contains("too long"), "{}", again.text());
    let second = browser.start(&again).await;
    house.plex.approve(&first.code, "home");
    assert_eq!(
        browser.come_back(&page).await.expect(200).heading(),
        "Waiting for Plex…",
        "the first PIN is burned"
    );
    house.plex.approve(&second.code, "friend");
    let landing = browser.come_back(&page).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}

#[tokio::test]
async fn a_pin_that_ends_at_plex_ends_the_wait() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.start(&page).await;
    house.plex.world().expire_pin(&pin.code).unwrap();
    let again = browser.finish(&page).await.expect(200);
    assert_eq!(again.heading(), "Sign in to Photos");
    browser.approve_and_finish(&again, "friend").await.leaves().code();
}

#[tokio::test]
async fn an_attempt_lives_ten_minutes() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    house.pass(Seconds(599));
    browser.open(&page.url).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    house.pass(Seconds(2));
    let over = browser.come_back(&page).await.expect(400);
    assert_eq!(over.heading(), "Please start again");
    assert!(browser.session().is_none());
}

#[tokio::test]
async fn a_token_that_plex_took_back_signs_nobody_in() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    house.plex.world().revoke_tokens("friend").unwrap();
    let again = browser.finish(&page).await.expect(200);
    assert_eq!(again.heading(), "Sign in to Photos");
    assert!(browser.session().is_none());
}

#[tokio::test]
async fn sessions_tokens_and_waiting_attempts_outlive_a_restart() {
    let mut house = House::new().await;
    let (photos, mut waiting) = (house.relying_party("photos"), house.browser());
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let asked = photos.authorization();
    let page = waiting.open(&asked.url()).await;
    let pin = waiting.start(&page).await;
    house.restart().await;
    photos.userinfo(&tokens.access_token()).await.expect(200);
    photos.refresh(&tokens.refresh_token()).await.expect(200);
    browser.get(&photos.authorization().url()).await.leaves().code();
    house.plex.approve(&pin.code, "home");
    let landing = waiting.come_back(&page).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151004");
}
