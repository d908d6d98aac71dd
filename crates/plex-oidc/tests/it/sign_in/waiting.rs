//! What the waiting page, and the page of an outage after it, owe to a real browser.

use std::time::Duration;

use plextv_emulator::FaultKind;
use tokio::time::timeout;

use crate::support::House;

/// The way to the client is a redirect, and after a form our own `form-action` would forbid it.
#[tokio::test]
async fn trying_again_once_plex_is_back_goes_on_by_a_page_and_not_by_a_redirect_of_the_form() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let next = browser.wait(&page).await.expect("an outcome");
    house.plex.fails(FaultKind::ServerError);
    let sorry = browser.open(&next).await.expect(503);
    house.plex.recovers();
    let between = browser.post(&sorry, "/again", &[]).await.expect(200);
    assert!(!between.stays() && between.location().is_none());
    let landing = browser.submit(&sorry, "/again").await.leaves();
    photos.tokens(&asked, &landing).await;
}

/// The pop-up is back from Plex and our script asks: that does not wait for the poller, whose turns are a second apart.
#[tokio::test]
async fn whoever_asks_for_the_outcome_has_it_looked_up_at_once() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    let status = format!("/sign-in/{}/status", page.attempt());
    let early = timeout(Duration::from_millis(100), browser.get(&status)).await;
    assert!(early.is_err(), "nobody has approved, and the poller has had its first turn");
    house.plex.approve(&pin.code, "friend");
    let soon = timeout(Duration::from_millis(600), browser.get(&status)).await.expect("an answer at once");
    assert_eq!(soon.expect(200).json()["state"], "done");
}

/// Whoever holds one attempt cannot have us ask Plex as often as they like: it would stop answering everybody.
#[tokio::test]
async fn one_attempt_makes_us_ask_plex_a_few_times_a_second_at_most() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    browser.start(&page).await;
    house.plex.world().clear_request_log();
    let mut asking = Vec::new();
    for path in ["status", "return"] {
        for _ in 0..60 {
            let (mut same, url) = (browser.clone(), format!("/sign-in/{}/{path}", page.attempt()));
            asking.push(tokio::spawn(async move { timeout(Duration::from_secs(1), same.get(&url)).await }));
        }
    }
    for asked in asking {
        drop(asked.await.unwrap());
    }
    let log = house.plex.world().request_log();
    let looks = log.iter().filter(|asked| asked.method == "GET").count();
    assert!((1..=20).contains(&looks), "{looks} looks at Plex");
}
