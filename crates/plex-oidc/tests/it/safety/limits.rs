//! Limits on starting sign-ins, and whom they count for.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::timeout;

use crate::support::{Answer, Browser, House, ISSUER, Setup, get};

fn setup(per_address: u32, in_all: u32) -> Setup {
    let lines = format!("sign_in_starts_per_address = {per_address}\nsign_in_starts_in_all = {in_all}");
    Setup::default().set("limits", &lines)
}

/// Presses the button of a new sign-in page, without script.
async fn start(house: &House, browser: &mut Browser, address: SocketAddr) -> Answer {
    let elsewhere = house.browser().address; // opening pages has limits of its own
    browser.address = elsewhere;
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    browser.address = address;
    browser.post(&page, "/start", &[]).await
}

fn at(text: &str) -> SocketAddr {
    format!("{text}:50000").parse().unwrap()
}

#[tokio::test]
async fn starts_are_limited_per_address() {
    let house = setup(3, 1000).start().await;
    let mut browser = house.browser();
    for _ in 0..3 {
        start(&house, &mut browser, at("203.0.113.7")).await.expect(200);
    }
    let answer = start(&house, &mut browser, at("203.0.113.7")).await.expect(429);
    assert!(answer.text().contains("Wait a minute"), "{}", answer.text());
    start(&house, &mut browser, at("203.0.113.8")).await.expect(200);
    assert_eq!(house.plex.pin_count(), 4, "plex.tv is not asked for the one too many");
}

#[tokio::test]
async fn the_script_is_told_too() {
    let house = setup(1, 1000).start().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    browser.start(&page).await;
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let pin = browser.make_pin(&page).await.unwrap();
    let answer = browser.offer(&page, &pin, "popup").await.expect(429);
    assert_eq!(answer.json()["error"], "too_many_tries");
}

#[tokio::test]
async fn one_household_of_ipv6_is_one_address() {
    let house = setup(2, 1000).start().await;
    let mut browser = house.browser();
    start(&house, &mut browser, at("[2001:db8:1:2::1]")).await.expect(200);
    start(&house, &mut browser, at("[2001:db8:1:2:ffff::9]")).await.expect(200);
    start(&house, &mut browser, at("[2001:db8:1:2:3::3]")).await.expect(429);
    start(&house, &mut browser, at("[2001:db8:1:3::1]")).await.expect(200);
    start(&house, &mut browser, at("[::ffff:203.0.113.7]")).await.expect(200);
    start(&house, &mut browser, at("203.0.113.7")).await.expect(200);
    start(&house, &mut browser, at("[::ffff:203.0.113.7]")).await.expect(429);
}

#[tokio::test]
async fn starts_are_limited_for_everybody_together() {
    let house = setup(1000, 4).start().await;
    let mut browser = house.browser();
    for host in 1..=4 {
        start(&house, &mut browser, at(&format!("203.0.113.{host}"))).await.expect(200);
    }
    start(&house, &mut browser, at("203.0.113.99")).await.expect(429);
}

#[tokio::test]
async fn authorization_requests_are_limited_but_not_those_of_the_signed_in() {
    let house = setup(1, 1000).start().await;
    let photos = house.relying_party("photos");
    let (mut signed_in, _) = house.sign_in("friend", &photos).await;
    let mut stranger = house.browser();
    signed_in.address = at("203.0.113.7");
    stranger.address = at("203.0.113.7");
    for _ in 0..6 {
        stranger.get(&photos.authorization().url()).await.expect(303);
    }
    let answer = stranger.get(&photos.authorization().url()).await.expect(429);
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert!(answer.set_cookies().is_empty(), "nothing was begun");
    signed_in.get(&photos.authorization().url()).await.expect(303).leaves().code();
}

#[tokio::test]
async fn relying_parties_are_never_limited() {
    let house = setup(1, 1).start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let mut browser = house.browser();
    start(&house, &mut browser, at("192.0.2.99")).await.expect(429);
    for _ in 0..300 {
        photos.refresh("por_x").await.expect(400);
        house.door.get("/jwks").await.expect(200);
        house.door.get("/.well-known/openid-configuration").await.expect(200);
    }
    photos.refresh(&tokens.refresh_token()).await.expect(200);
    photos.userinfo(&tokens.access_token()).await.expect(200);
}

/// Every code is a row and a grant: whoever is signed in could fill the disk with them.
#[tokio::test]
async fn one_browser_session_is_given_only_so_many_codes() {
    let house = Setup::default().set("limits", "codes_per_session = 3").start().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let (mut other, _) = house.sign_in("friend", &photos).await;
    for _ in 0..3 {
        browser.get(&photos.authorization().url()).await.leaves().code();
    }
    let page = browser.get(&photos.authorization().url()).await.expect(429);
    assert!(page.stays() && page.header("retry-after").is_some());
    let silent = photos.authorization().with("prompt", "none");
    let landing = browser.get(&silent.url()).await.leaves();
    assert_eq!(silent.error(&landing), "temporarily_unavailable");
    other.get(&photos.authorization().url()).await.leaves().code();
}

/// Whoever starts one sign-in after the other must not have Plex turn everybody away.
#[tokio::test]
async fn many_sign_ins_from_one_address_leave_plex_to_the_others() {
    let house = setup(20, 300).start().await;
    let (mut asking, mut browsers) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let mut browser = house.browser();
        let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
        browser.address = at("203.0.113.7");
        browser.start(&page).await;
        browsers.push((browser, format!("/sign-in/{}/status", page.attempt())));
    }
    house.plex.world().clear_request_log();
    for (browser, url) in browsers.iter().cycle().take(100) {
        let (mut browser, url) = (browser.clone(), url.clone());
        let second = Duration::from_secs(1);
        asking.push(tokio::spawn(async move { timeout(second, browser.get(&url)).await.is_ok() }));
    }
    for asked in asking {
        asked.await.unwrap();
    }
    let looks = house.plex.world().request_log().iter().filter(|call| call.method == "GET").count();
    assert!((10..=50).contains(&looks), "{looks} looks at Plex in a second or so");
    assert!(house.app().watchers.polled() <= 10, "{} are polled", house.app().watchers.polled());
    house.sign_in("friend", &house.relying_party("photos")).await;
}

/// Asks from `peer` with these values of `X-Forwarded-For`.
async fn ask(house: &House, peer: SocketAddr, forwarded: &[&str]) -> u16 {
    let url = house.relying_party("photos").authorization().url();
    let mut request = get(url.strip_prefix(ISSUER).unwrap());
    for value in forwarded {
        request.headers_mut().append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
    }
    house.door.send_from(peer, request).await.status
}

#[tokio::test]
async fn a_forwarded_address_of_a_stranger_counts_for_nothing() {
    let house = setup(1, 1000).set("", "trusted_proxies = [\"10.9.0.0/16\"]").start().await;
    for n in 0..6 {
        assert_eq!(ask(&house, at("203.0.113.7"), &[&format!("198.51.100.{n}")]).await, 303);
    }
    assert_eq!(ask(&house, at("203.0.113.7"), &["198.51.100.77"]).await, 429);
    for (name, value) in [("forwarded", "for=198.51.100.9"), ("x-real-ip", "198.51.100.9")] {
        let url = house.relying_party("photos").authorization().url();
        let mut request = get(url.strip_prefix(ISSUER).unwrap());
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        assert_eq!(house.door.send_from(at("203.0.113.7"), request).await.status, 429, "{name}");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_nearest_untrusted_address_counts() {
    let house = setup(1, 1000).set("", "trusted_proxies = [\"10.9.0.0/16\"]").start().await;
    let proxy = at("10.9.0.1");
    for n in 0..6 {
        // What the visitor wrote stands on the left, and is not believed.
        let forged = format!("198.51.100.{n}, 203.0.113.7, 10.9.0.2");
        assert_eq!(ask(&house, proxy, &[&forged]).await, 303);
    }
    assert_eq!(ask(&house, proxy, &["203.0.113.7"]).await, 429);
    assert_eq!(ask(&house, proxy, &["198.51.100.55", "203.0.113.7"]).await, 429);
    assert_eq!(ask(&house, proxy, &["203.0.113.8"]).await, 303);
    assert_eq!(ask(&house, at("203.0.113.7"), &[]).await, 429);
}
