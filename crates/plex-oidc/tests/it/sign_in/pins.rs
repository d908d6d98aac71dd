//! Which PIN of a browser is adopted: ours, young, never approved, and never adopted before.

use plex_oidc_core::time::Seconds;

use crate::support::{Answer, Browser, House, PRODUCT, Pin};

/// A sign-in page in a new browser.
async fn page(house: &House) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    (browser, page)
}

/// The PIN is refused, says nothing more, and a PIN of our own still works afterwards.
async fn refused_and_no_harm_done(house: &House, browser: &mut Browser, page: &Answer, pin: &Pin) {
    let answer = browser.offer(page, pin, "popup").await.expect(409);
    assert_eq!(answer.json()["error"], "pin_not_adopted");
    assert!(browser.wait_once(page).await.is_none());
    assert!(browser.session().is_none());
    let landing = browser.approve_and_finish(page, "friend").await.leaves();
    assert!(landing.code().starts_with("poc_"), "{}", house.now().0);
}

#[tokio::test]
async fn a_pin_of_another_product_is_refused() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    let made = house.plex.world().create_pin(&page.data("client-identifier"), "Some other program");
    refused_and_no_harm_done(&house, &mut browser, &page, &Pin { id: made.id, code: made.code }).await;
}

#[tokio::test]
async fn a_pin_of_another_client_identifier_is_refused() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    let made = house.plex.world().create_pin("somebody-else", PRODUCT);
    house.plex.approve(&made.code, "owner");
    refused_and_no_harm_done(&house, &mut browser, &page, &Pin { id: made.id, code: made.code }).await;
}

#[tokio::test]
async fn a_pin_that_was_approved_before_we_saw_it_is_refused() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    let pin = browser.make_pin(&page).await.unwrap();
    house.plex.approve(&pin.code, "owner");
    refused_and_no_harm_done(&house, &mut browser, &page, &pin).await;
}

#[tokio::test]
async fn a_pin_older_than_two_minutes_is_refused() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    let pin = browser.make_pin(&page).await.unwrap();
    house.pass(Seconds(122));
    refused_and_no_harm_done(&house, &mut browser, &page, &pin).await;
    let (mut other, page) = self::page(&house).await;
    let pin = other.make_pin(&page).await.unwrap();
    house.pass(Seconds(100)); // Plex's clock runs while the test does
    other.offer(&page, &pin, "popup").await.expect(200);
}

#[tokio::test]
async fn a_pin_is_never_adopted_by_a_second_request() {
    let house = House::new().await;
    let ((mut victim, victims), (mut thief, thiefs)) = (page(&house).await, page(&house).await);
    let pin = victim.start(&victims).await;
    refused_and_no_harm_done(&house, &mut thief, &thiefs, &pin).await;
    victim.offer(&victims, &pin, "popup").await.expect(200); // its own browser may say it twice
    house.plex.approve(&pin.code, "friend");
    victim.finish(&victims).await.leaves().code();
    let (mut late, page) = page(&house).await;
    refused_and_no_harm_done(&house, &mut late, &page, &pin).await;
}

#[tokio::test]
async fn a_pin_with_another_code_or_id_is_refused() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    let (one, two) = (browser.make_pin(&page).await.unwrap(), browser.make_pin(&page).await.unwrap());
    for (id, code) in [(one.id, two.code.clone()), (one.id, String::new()), (1, one.code.clone())] {
        browser.offer(&page, &Pin { id, code }, "popup").await.expect(409);
    }
    refused_and_no_harm_done(&house, &mut browser, &page, &Pin { id: two.id, code: one.code }).await;
}

#[tokio::test]
async fn a_number_beyond_every_pin_is_refused_before_plex_is_asked() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    house.plex.world().clear_request_log();
    for id in [i64::MAX as u64 + 1, u64::MAX] {
        browser.offer(&page, &Pin { id, code: "x".into() }, "popup").await.expect(400);
    }
    assert!(house.plex.world().request_log().is_empty());
}

#[tokio::test]
async fn a_finished_or_cancelled_attempt_takes_no_pin() {
    let house = House::new().await;
    let (mut browser, page) = page(&house).await;
    let (pin, mut before) = (browser.make_pin(&page).await.unwrap(), browser.clone());
    browser.approve_and_finish(&page, "friend").await.leaves();
    before.offer(&page, &pin, "popup").await.expect(409);
    let (mut browser, page) = self::page(&house).await;
    let (pin, mut before) = (browser.make_pin(&page).await.unwrap(), browser.clone());
    browser.submit(&page, "/cancel").await.leaves();
    before.offer(&page, &pin, "popup").await.expect(409);
}

#[tokio::test]
async fn the_attempt_keeps_its_first_pin_until_the_visitor_starts_another() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await;
    let (first, second) = (browser.start(&page).await, browser.start(&page).await);
    house.plex.approve(&first.code, "home");
    assert_eq!(browser.come_back(&page).await.expect(200).heading(), "Waiting for Plex…");
    house.plex.approve(&second.code, "friend");
    let landing = browser.finish(&page).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
}
