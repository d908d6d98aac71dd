//! Guessing at names and passwords.

use std::time::{Duration, Instant};

use plex_oidc_core::time::Seconds;

use super::{PASSWORD, house, setup, setup_with};
use crate::support::{Answer, Browser, House};

async fn tried(browser: &mut Browser, house: &House, name: &str, password: &str) -> Answer {
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    browser.post(&page, "/password", &[("username", name), ("password", password)]).await
}

/// The answer and the page after it, without what differs from one attempt to the next.
async fn seen(house: &House, name: &str, password: &str) -> (u16, String, Vec<String>) {
    let mut browser = house.browser();
    let answer = tried(&mut browser, house, name, password).await;
    let page = browser.open(answer.location().unwrap_or("/")).await;
    let cookies = answer.set_cookies().iter().map(|cookie| (*cookie).to_owned()).collect();
    (answer.status, page.text(), cookies)
}

#[tokio::test]
async fn req_139_whatever_is_wrong_looks_the_same() {
    let house = setup().user(10, "kim", PASSWORD, "").start().await;
    house.sql("UPDATE local_accounts SET password_hash = NULL WHERE username = 'kim'");
    let wrong = seen(&house, "robin", "not the password").await;
    assert_eq!(wrong.0, 303);
    for (name, password, what) in [
        ("nobody", PASSWORD, "an unknown name"),
        ("nobody@example.com", PASSWORD, "an unknown address"),
        ("sam", PASSWORD, "an account that is switched off, with its right password"),
        ("kim", PASSWORD, "an account without a password"),
        ("\u{1f3ac} <b>", PASSWORD, "what cannot be a name"),
        ("plex-48151001", PASSWORD, "a subject"),
        ("", "", "nothing"),
        ("robin", "short", "too short"),
        ("robin", &"x".repeat(5000), "too long"),
    ] {
        assert_eq!(seen(&house, name, password).await, wrong, "{what}");
    }
}

#[tokio::test]
async fn req_139_an_unknown_name_takes_as_long_as_a_wrong_password() {
    let house = house().await;
    let mut fastest = Vec::new();
    for name in ["robin", "nobody", "sam"] {
        let mut least = Duration::MAX;
        for _ in 0..5 {
            let mut browser = house.browser();
            let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
            let start = Instant::now();
            browser.post(&page, "/password", &[("username", name), ("password", "not the password")]).await;
            least = least.min(start.elapsed());
            house.pass(Seconds::minutes(16)); // so that nothing is throttled
        }
        fastest.push(least);
    }
    // Hashing is nearly all of it: without it, an answer takes a small part of that. The fastest of five, because a busy
    // machine makes any of them slower and none faster.
    assert!(fastest.iter().all(|time| *time * 2 > fastest[0]), "{fastest:?}");
    assert!(fastest[0] > Duration::from_millis(5), "{fastest:?}");
}

#[tokio::test]
async fn req_138_what_is_no_password_is_refused_before_anything_is_hashed() {
    let house = house().await;
    let mut browser = house.browser();
    let answer = tried(&mut browser, &house, "robin", &"x".repeat(1024 * 1024)).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn req_140_tries_by_name_and_by_address_count_together_for_whoever_tries() {
    let house = house().await;
    for n in 0..5 {
        let name = if n % 2 == 0 { "robin" } else { "Robin@Example.com" };
        assert_eq!(tried(&mut house.browser(), &house, name, "not the password").await.status, 303, "{n}");
    }
    let mut stranger = house.browser();
    let refused = tried(&mut stranger, &house, "ROBIN", PASSWORD).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")), "with the right one even");
    // A name of nobody is treated the same.
    for _ in 0..5 {
        assert_eq!(tried(&mut house.browser(), &house, "nobody", "not the password").await.status, 303);
    }
    let unknown = tried(&mut house.browser(), &house, " NOBODY ", PASSWORD).await;
    assert_eq!((unknown.status, unknown.header("retry-after")), (429, Some("2")));
    assert_eq!(unknown.heading(), refused.heading());
    // Names are told apart as accounts are: else a letter that only looks like another would tell which names are there.
    for _ in 0..5 {
        assert_eq!(tried(&mut house.browser(), &house, "kim", "not the password").await.status, 303);
    }
    assert_eq!(tried(&mut house.browser(), &house, "\u{212a}im", "not the password").await.status, 303);
    assert_eq!(tried(&mut house.browser(), &house, "mara", PASSWORD).await.status, 303, "somebody else");
    house.pass(Seconds(2));
    assert_eq!(tried(&mut stranger, &house, "robin", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn req_142_whoever_tries_anothers_name_again_and_again_does_not_lock_them_out() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let mut owner = house.browser();
    owner.sign_in_with_password(&photos.authorization().url(), "robin", PASSWORD).await;
    for _ in 0..40 {
        tried(&mut house.browser(), &house, "robin", "not the password").await;
    }
    assert_eq!(
        tried(&mut house.browser(), &house, "robin", PASSWORD).await.status,
        429,
        "a stranger's browser"
    );
    let again = photos.authorization().with("prompt", "login");
    let landing = owner.sign_in_with_password(&again.url(), "robin", PASSWORD).await;
    assert!(landing.get("code").is_some());
    // The mark is of no use for another account, nor is one that we did not make.
    let mark = owner.cookies.get("__Host-plex-oidc-known").unwrap().clone();
    for _ in 0..5 {
        tried(&mut house.browser(), &house, "mara", "not the password").await;
    }
    let mut other = house.browser();
    other.cookies.insert("__Host-plex-oidc-known".to_owned(), mark.clone());
    assert_eq!(tried(&mut other, &house, "mara", PASSWORD).await.status, 429);
    let mut forger = house.browser();
    let last = if mark.ends_with('A') { 'E' } else { 'A' };
    forger.cookies.insert("__Host-plex-oidc-known".to_owned(), format!("{}{last}", &mark[..mark.len() - 1]));
    assert_eq!(tried(&mut forger, &house, "robin", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn req_140_with_another_password_no_browser_is_known_any_more() {
    let mut house = house().await;
    let mut once = house.browser();
    once.sign_in_with_password(&house.relying_party("photos").authorization().url(), "robin", PASSWORD).await;
    let mark = once.cookies.get("__Host-plex-oidc-known").unwrap().clone();
    house.restart_with(|_| setup_with("another secret")).await;
    for _ in 0..5 {
        tried(&mut house.browser(), &house, "robin", "not the password").await;
    }
    let mut with_mark = house.browser();
    with_mark.cookies.insert("__Host-plex-oidc-known".to_owned(), mark);
    assert_eq!(tried(&mut with_mark, &house, "robin", PASSWORD).await.status, 429);
}
