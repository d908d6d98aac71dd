//! What the waiting page, and the page of an outage after it, owe to a real browser.

use std::pin::Pin;
use std::time::Duration;

use plextv_emulator::FaultKind;
use tokio::time::timeout;

use crate::support::{Answer, Browser, House, Setup};

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

/// The pop-up is back from Plex and our script asks: that does not wait for the poller's next turn, which here comes only
/// after the answer to the script is due.
#[tokio::test]
async fn whoever_asks_for_the_outcome_has_it_looked_up_at_once() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    let (events, status) =
        (format!("/sign-in/{}/events", page.attempt()), format!("/sign-in/{}/status", page.attempt()));
    house.plex.world().clear_request_log();
    house.plex.fails(FaultKind::RateLimited { retry_after: Some(60) });
    let mut stream = open_stream(browser.clone(), events);
    while house.plex.world().request_log().is_empty() {
        assert!(timeout(Duration::from_millis(20), &mut stream).await.is_err(), "nobody has approved");
    }
    house.plex.recovers();
    house.plex.approve(&pin.code, "friend");
    assert_eq!(browser.get(&status).await.expect(200).json()["state"], "done");
}

/// Whoever waits holds a connection for minutes, and connections are for everybody.
#[tokio::test]
async fn one_attempt_holds_eight_connections_and_the_ninth_still_learns_the_outcome() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    let (events, status) =
        (format!("/sign-in/{}/events", page.attempt()), format!("/sign-in/{}/status", page.attempt()));
    let mut streams: Vec<_> = (0..8).map(|_| open_stream(browser.clone(), events.clone())).collect();
    for stream in &mut streams {
        assert!(timeout(Duration::from_millis(100), stream).await.is_err(), "nobody has approved");
    }
    refused(&mut browser, &events).await;
    assert_eq!(browser.get(&status).await.expect(200).json()["state"], "waiting");
    house.plex.approve(&pin.code, "friend");
    assert_eq!(browser.get(&status).await.expect(200).json()["state"], "done");
    for stream in streams {
        assert!(
            stream.await.expect(200).body.contains("event: outcome"),
            "those before it were told as well"
        );
    }
}

#[tokio::test]
async fn those_who_wait_leave_half_of_the_connections_to_everybody_else() {
    let house = Setup::default().set("limits", "connections = 16").start().await;
    let mut streams = Vec::new();
    for turn in 0..3 {
        let mut browser = house.browser();
        let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
        browser.start(&page).await;
        let events = format!("/sign-in/{}/events", page.attempt());
        if turn == 2 {
            refused(&mut browser, &events).await;
            drop(std::mem::take(&mut streams));
            streams.push(open_stream(browser, events));
        } else {
            streams.extend((0..4).map(|_| open_stream(browser.clone(), events.clone())));
        }
        for stream in &mut streams {
            assert!(timeout(Duration::from_millis(100), stream).await.is_err(), "it waits");
        }
    }
}

/// One visitor who reloads must not have us ask Plex until it answers nobody any more.
#[tokio::test]
async fn one_attempt_hurries_only_so_many_looks_at_plex() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    let looks = || house.plex.world().request_log().iter().filter(|call| call.method == "GET").count();
    let before = looks();
    for _ in 0..60 {
        assert_eq!(browser.come_back(&page).await.expect(200).heading(), "Waiting for Plex…");
    }
    let looked = looks() - before;
    assert!((8..30).contains(&looked), "Plex was asked {looked} times");
    house.plex.approve(&pin.code, "friend");
    let next = browser.wait(&page).await.expect("the poller has turns of its own");
    assert!(next.ends_with("/return"), "{next}");
}

/// At once: a stream that is let in stays open.
async fn refused(browser: &mut Browser, events: &str) {
    timeout(Duration::from_secs(5), browser.get(events)).await.expect("an answer at once").expect(503);
}

type Stream = Pin<Box<dyn Future<Output = Answer>>>;

fn open_stream(browser: Browser, url: String) -> Stream {
    Box::pin(async move { browser.clone().get(&url).await })
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
