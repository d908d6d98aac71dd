//! Guessing at the codes of devices (RFC 8628 s. 5.1).

use futures_util::future::join_all;
use plex_oidc_core::time::Seconds;

use super::{Device, house, is_approved, is_asking, type_code};
use crate::support::{Answer, Browser};

const WRONG: &str = "BBBB-CCCC";

#[track_caller]
fn is_wrong(page: &Answer) {
    assert_eq!((page.status, page.heading().as_str()), (400, "Connect a device"), "{}", page.text());
    assert!(page.text().contains("No device is waiting with this code"), "{}", page.text());
    assert!(!page.body.contains(WRONG), "what was typed is not shown again");
}

#[track_caller]
fn is_throttled(page: &Answer) {
    assert_eq!((page.status, page.heading().as_str()), (429, "Connect a device"), "{}", page.text());
    let wait: u64 = page.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=601).contains(&wait), "{wait}");
}

async fn five_wrong(browser: &mut Browser) {
    for _ in 0..5 {
        is_wrong(&type_code(browser, WRONG).await);
    }
}

#[tokio::test]
async fn req_105_five_wrong_codes_from_one_address_in_ten_minutes() {
    let house = house().await;
    let (device, mut guesser) = (Device::begin(&house, "tv").await, house.browser());
    five_wrong(&mut guesser).await;
    is_throttled(&type_code(&mut guesser, WRONG).await);
    is_throttled(&type_code(&mut guesser, device.user_code()).await);
    // Nor with other cookies, or from a neighbour in the same block.
    let mut fresh = house.browser();
    fresh.address = guesser.address;
    is_throttled(&type_code(&mut fresh, device.user_code()).await);
    // Somebody elsewhere is not bothered.
    let mut owner = house.browser();
    type_code(&mut owner, device.user_code()).await.expect(200);
    house.pass(Seconds(599));
    is_throttled(&type_code(&mut guesser, WRONG).await);
    house.pass(Seconds(1));
    is_wrong(&type_code(&mut guesser, WRONG).await);
}

#[tokio::test]
async fn req_105_a_browser_and_a_session_are_counted_wherever_they_are() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    let (mut signed_in, _) = house.sign_in("friend", &house.relying_party("tv")).await;
    let mut stranger = house.browser();
    for browser in [&mut signed_in, &mut stranger] {
        five_wrong(browser).await;
        browser.address = house.browser().address;
        is_throttled(&type_code(browser, device.user_code()).await);
    }
    // Without its cookie for this page, a session is the same session.
    signed_in.cookies.remove("__Host-plex-oidc-device").unwrap();
    is_throttled(&type_code(&mut signed_in, device.user_code()).await);
}

#[tokio::test]
async fn req_105_parallel_guesses_beat_nothing() {
    let house = house().await;
    let mut browser = house.browser();
    let page = browser.open("/device").await;
    let guesses = (0..64).map(|_| {
        let (mut browser, page) = (browser.clone(), page.clone());
        async move { browser.post(&page, "/device", &[("user_code", WRONG)]).await.status }
    });
    let answers = join_all(guesses).await;
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 59);
}

#[tokio::test]
async fn req_105_right_codes_and_slips_are_no_guesses() {
    let house = house().await;
    let mut browser = house.browser();
    for slip in ["", "WDJB", "AEIO-UUUU", "WDJB-MJH1", "1234-5678", "WDJB-MJHTT", "<script>"] {
        let page = type_code(&mut browser, slip).await;
        assert_eq!(page.status, 400, "{slip}");
        assert!(page.text().contains("A code has eight letters"), "{}", page.text());
    }
    for _ in 0..7 {
        let device = Device::begin(&house, "tv").await;
        let page = type_code(&mut browser, device.user_code()).await;
        if browser.session().is_none() {
            let page = browser.approve_and_finish(&page, "friend").await;
            is_approved(&browser.submit(&page, "/consent").await);
        } else {
            is_asking(&page, "Allow TV on your device?");
        }
    }
    five_wrong(&mut browser).await;
    is_throttled(&type_code(&mut browser, WRONG).await);
}

#[tokio::test]
async fn req_105_a_new_configuration_forgets_no_guess() {
    let house = house().await;
    let (mut browser, device) = (house.browser(), Device::begin(&house, "tv").await);
    five_wrong(&mut browser).await;
    house.app().guesses.forget_idle(house.clock().instant());
    is_throttled(&type_code(&mut browser, device.user_code()).await);
}
