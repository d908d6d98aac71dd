//! plex.tv is down, slow or odd: a page that says so, nobody let in, nobody called a stranger, and the way on afterwards.

use http::Method;
use plex_oidc_core::time::Seconds;
use plextv_emulator::{Fault, FaultKind};

use crate::support::{Answer, House, Plex};

/// The page of an outage: 503, says what happened, and can be tried again.
#[track_caller]
fn is_outage_page(answer: Answer) -> Answer {
    let page = answer.expect(503);
    assert_eq!(page.heading(), "Plex isn’t answering");
    assert!(page.stays() && page.set_cookies().is_empty(), "{:?}", page.headers);
    page.form("/again");
    page.form("/cancel");
    page
}

#[tokio::test]
async fn down_at_the_start_gives_a_page_with_retry_and_then_it_works() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    house.plex.fails(FaultKind::ServerError);
    let page = browser.open(&asked.url()).await.expect(200);
    assert!(browser.make_pin(&page).await.is_none());
    browser.start_at_server(&page, "popup").await.expect(503);
    let outage = is_outage_page(browser.post(&page, "/start", &[]).await);
    house.plex.recovers();
    let page = browser.submit(&outage, "/again").await.expect(200);
    let landing = browser.approve_and_finish(&page, "friend").await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}

#[tokio::test]
async fn down_after_the_approval_keeps_it_and_retry_goes_on_from_there() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for kind in [
        FaultKind::ServerError,
        FaultKind::BadGateway,
        FaultKind::Reset,
        FaultKind::EmptyBody,
        FaultKind::TruncatedBody,
        FaultKind::RateLimited { retry_after: Some(1) },
    ] {
        let asked = photos.authorization().with("prompt", "login");
        let page = browser.open(&asked.url()).await.expect(200);
        let pin = browser.start(&page).await;
        house.plex.approve(&pin.code, "friend");
        assert!(browser.wait(&page).await.is_some(), "the approval was seen");
        house.plex.fails(kind.clone());
        let outage = is_outage_page(browser.come_back(&page).await);
        house.plex.recovers();
        let landing = browser.submit(&outage, "/again").await.leaves();
        assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001", "{kind:?}");
        house.pass(Seconds(301)); // whatever pause was asked for is over
    }
}

#[tokio::test]
async fn down_while_the_visitor_is_at_plex_the_reload_works_later() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    house.plex.fails(FaultKind::Reset);
    is_outage_page(browser.come_back(&page).await);
    house.plex.recovers();
    browser.come_back(&page).await.leaves().code();
}

#[tokio::test]
async fn cancelling_an_outage_goes_back_to_the_application() {
    let house = House::new().await;
    let mut browser = house.browser();
    let asked = house.relying_party("photos").authorization();
    let page = browser.open(&asked.url()).await;
    house.plex.fails(FaultKind::ServerError);
    let outage = is_outage_page(browser.post(&page, "/start", &[]).await);
    let landing = browser.submit(&outage, "/cancel").await.leaves();
    assert_eq!(asked.error(&landing), "access_denied");
}

#[tokio::test]
async fn who_is_signed_in_goes_on_while_plex_is_down() {
    let house = House::new().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    house.plex.fails(FaultKind::ServerError);
    let (asked, silent) = (wiki.authorization(), wiki.authorization().with("prompt", "none"));
    for asked in [asked, silent] {
        let landing = browser.get(&asked.url()).await.leaves();
        wiki.tokens(&asked, &landing).await;
    }
    photos.refresh(&tokens.refresh_token()).await.expect(200);
}

#[tokio::test]
async fn plex_that_keeps_failing_is_left_alone_and_asked_again_later() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    house.plex.fails(FaultKind::ServerError);
    for _ in 0..8 {
        is_outage_page(browser.post(&page, "/start", &[]).await);
    }
    assert!(times_asked(&house.plex) < 8, "asked {} times", times_asked(&house.plex));
    house.plex.recovers();
    house.pass(Seconds(40));
    let to_plex = browser.post(&page, "/start", &[]).await.expect(200);
    to_plex.leaves();
    house.plex.approve(&house.plex.newest_pin(), "friend");
    browser.come_back(&page).await.leaves().code();
}

/// Who owns an accepted server is known by account alone.
#[tokio::test]
async fn the_owner_comes_in_though_plex_does_not_list_any_server() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    for kind in [FaultKind::ServerError, FaultKind::TruncatedBody, FaultKind::Reset] {
        house.plex.world().set_fault(Fault::new(kind).on_path("/api/v2/resources"));
        house.sign_in("owner", &photos).await;
        is_outage_page(house.browser().sign_in_to_page(&photos.authorization().url(), "friend").await);
        house.plex.recovers();
        house.pass(Seconds(60));
    }
}

/// Plex limits how often a PIN is looked at. That is no reason not to ask it who has approved.
#[tokio::test]
async fn plex_that_has_had_enough_of_looks_still_says_who_approved() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut waiting, mut approved) = (house.browser(), house.browser());
    let waits = waiting.open(&photos.authorization().url()).await.expect(200);
    waiting.start(&waits).await;
    let page = approved.open(&photos.authorization().url()).await.expect(200);
    let pin = approved.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let next = approved.wait(&page).await.expect("an outcome");
    let looks = Fault::new(FaultKind::RateLimited { retry_after: None }).on_path("/api/v2/pins");
    house.plex.world().set_fault(looks.on_method(&Method::GET));
    for _ in 0..7 {
        is_outage_page(waiting.come_back(&waits).await);
    }
    approved.open(&next).await.leaves().code();
    let mut late = house.browser();
    let page = late.open(&photos.authorization().url()).await.expect(200);
    late.start_at_server(&page, "popup").await.expect(200);
}

/// How often a PIN was asked for.
fn times_asked(plex: &Plex) -> usize {
    plex.world().request_log().iter().filter(|call| call.method == "POST").count()
}

/// The first question after a pause is a trial by one call. Who somebody is takes two calls: they are one question.
#[tokio::test]
async fn an_approval_is_good_for_the_first_try_once_plex_is_back() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let next = browser.wait(&page).await.expect("an outcome");
    house.plex.fails(FaultKind::ServerError);
    for _ in 0..5 {
        browser.open(&next).await.expect(503);
    }
    house.plex.recovers();
    house.pass(Seconds(60));
    browser.open(&next).await.leaves().code();
}
