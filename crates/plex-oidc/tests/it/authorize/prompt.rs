//! When somebody must sign in, and when not: `prompt`, `max_age`, and the session for the next application
//! (requirements 7 to 9).

use plex_oidc_core::time::Seconds;
use serde_json::Value;

use crate::support::{Authorization, Browser, House, RelyingParty, Setup};

/// The answer at once, with a code and without any page.
async fn at_once(browser: &mut Browser, relying_party: &RelyingParty, asked: &Authorization) -> Value {
    let landing = browser.get(&asked.url()).await.leaves();
    relying_party.claims(asked, &landing).await
}

/// The error at once, without any page.
async fn refused(browser: &mut Browser, asked: &Authorization) -> String {
    let landing = browser.get(&asked.url()).await.leaves();
    asked.error(&landing)
}

#[tokio::test]
async fn the_second_application_needs_no_click() {
    let house = House::new().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let first = photos.id_claims(&tokens.id_token()).await;
    let pins = house.plex.pin_count();
    house.pass(Seconds(3600));
    let second = at_once(&mut browser, &wiki, &wiki.authorization()).await;
    for same in ["sub", "sid", "auth_time"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!((&second["aud"], house.plex.pin_count()), (&"wiki".into(), pins));
}

#[tokio::test]
async fn a_session_ends_by_disuse_and_in_any_case() {
    let setup = Setup::default().set("session", "idle = \"1h\"\nabsolute = \"3h\"");
    let house = setup.set("rules", "membership_lifetime = \"30d\"").start().await;
    let photos = house.relying_party("photos");
    let (mut used, _) = house.sign_in("friend", &photos).await;
    let (mut unused, _) = house.sign_in("friend", &photos).await;
    for _ in 0..3 {
        house.pass(Seconds::minutes(50));
        at_once(&mut used, &photos, &photos.authorization()).await;
    }
    unused.open(&photos.authorization().url()).await.expect(200).form("/start");
    house.pass(Seconds::minutes(31));
    used.open(&photos.authorization().url()).await.expect(200).form("/start");
}

#[tokio::test]
async fn an_answer_about_membership_that_is_too_old_asks_plex_again() {
    let setup = Setup::default().set("rules", "membership_lifetime = \"1h\"");
    let house = setup.start().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    house.pass(Seconds::minutes(61));
    let silent = photos.authorization().with("prompt", "none");
    assert_eq!(refused(&mut browser, &silent).await, "login_required");
    let asked = photos.authorization();
    let landing = browser.sign_in(&asked.url(), "friend").await;
    photos.tokens(&asked, &landing).await;
}

#[tokio::test]
async fn req_007_prompt_none_never_shows_a_page() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let silent = photos.authorization().with("prompt", "none");
    assert_eq!(refused(&mut browser, &silent).await, "login_required");
    for prompt in ["none login", "login none", "none none", "none consent select_account"] {
        let asked = photos.authorization().with("prompt", prompt);
        assert_eq!(refused(&mut browser, &asked).await, "invalid_request", "{prompt}");
    }
    assert!(browser.cookies.is_empty(), "nothing was begun: {:?}", browser.cookies);
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let silent = photos.authorization().with("prompt", "none");
    assert_eq!(at_once(&mut browser, &photos, &silent).await["sub"], "plex-48151001");
    let silent = photos.authorization().with("prompt", "none").with("max_age", "0");
    assert_eq!(refused(&mut browser, &silent).await, "login_required");
}

#[tokio::test]
async fn req_008_prompt_login_and_max_age_zero_need_a_new_sign_in() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let mut last = photos.id_claims(&tokens.id_token()).await["auth_time"].as_i64().unwrap();
    for (name, value) in [("prompt", "login"), ("max_age", "0"), ("prompt", "login consent")] {
        house.pass(Seconds(5));
        let (asked, pins) = (photos.authorization().with(name, value), house.plex.pin_count());
        let page = browser.open(&asked.url()).await.expect(200);
        let mut answer = browser.approve_and_finish(&page, "friend").await;
        if value.contains("consent") {
            answer = browser.submit(&answer, "/consent").await;
        }
        let auth_time = photos.claims(&asked, &answer.leaves()).await["auth_time"].as_i64().unwrap();
        assert!(auth_time > last && house.plex.pin_count() > pins, "{name}={value}");
        last = auth_time;
    }
}

#[tokio::test]
async fn req_008_no_form_takes_the_place_of_the_sign_in() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let page = browser.open(&photos.authorization().with("prompt", "login").url()).await.expect(200);
    for action in ["continue", "consent"] {
        let path = format!("/sign-in/{}/{action}", page.attempt());
        let forced = crate::support::post_form(&path, &[("csrf", &page.data("csrf"))]);
        let answer = browser.send_own(forced).await;
        assert_eq!(answer.location(), Some(&*page.url), "{action}");
    }
    let back = browser.come_back(&page).await;
    assert!(back.stays() && back.heading() == "Sign in to Photos", "{}", back.text());
}

#[tokio::test]
async fn req_008_a_pin_that_was_approved_for_another_request_does_not_count() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let first = browser.open(&photos.authorization().url()).await;
    let pin = browser.start(&first).await;
    house.plex.approve(&pin.code, "friend");
    browser.finish(&first).await.leaves();
    let second = browser.open(&photos.authorization().with("prompt", "login").url()).await.expect(200);
    browser.offer(&second, &pin, "popup").await.expect(409);
}

#[tokio::test]
async fn req_009_max_age_is_honoured_to_the_second() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let signed_in = photos.id_claims(&tokens.id_token()).await["auth_time"].clone();
    house.pass(Seconds(100));
    let young = photos.authorization().with("max_age", "100");
    assert_eq!(at_once(&mut browser, &photos, &young).await["auth_time"], signed_in);
    let old = photos.authorization().with("max_age", "99");
    browser.open(&old.url()).await.expect(200).form("/start");
    assert_eq!(refused(&mut browser, &old.clone().with("prompt", "none")).await, "login_required");
    let landing = browser.sign_in(&old.url(), "friend").await;
    assert!(photos.claims(&old, &landing).await["auth_time"].as_i64() > signed_in.as_i64());
    for value in ["-1", "abc", "1.5", "+1", " 1", "1e3", "0x10"] {
        let asked = photos.authorization().with("max_age", value);
        assert_eq!(refused(&mut browser, &asked).await, "invalid_request", "{value}");
    }
    let endless = photos.authorization().with("max_age", "99999999999999999999");
    at_once(&mut browser, &photos, &endless).await;
}

#[tokio::test]
async fn req_008_009_a_large_max_age_changes_nothing_and_a_small_one_moves_auth_time() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let asked = photos.authorization().with("max_age", "15000");
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let first = photos.claims(&asked, &landing).await;
    house.pass(Seconds(2));
    let pins = house.plex.pin_count();
    let asked = photos.authorization().with("max_age", "10000");
    let second = at_once(&mut browser, &photos, &asked).await;
    assert_eq!((&first["auth_time"], &first["sub"]), (&second["auth_time"], &second["sub"]));
    assert_eq!(house.plex.pin_count(), pins);
    let asked = photos.authorization().with("max_age", "1");
    let page = browser.open(&asked.url()).await.expect(200);
    let landing = browser.approve_and_finish(&page, "friend").await.leaves();
    let third = photos.claims(&asked, &landing).await["auth_time"].as_i64().unwrap();
    assert_eq!(third, first["auth_time"].as_i64().unwrap() + 2);
}

#[tokio::test]
async fn req_007_prompt_none_gives_the_same_sub_and_auth_time() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let first = photos.id_claims(&tokens.id_token()).await;
    house.pass(Seconds(2));
    for hint in [None, Some(tokens.id_token())] {
        let mut silent = photos.authorization().with("prompt", "none").with("state", &"s".repeat(128));
        if let Some(hint) = hint {
            silent = silent.with("id_token_hint", &hint);
        }
        let again = at_once(&mut browser, &photos, &silent).await;
        assert_eq!((&again["sub"], &again["auth_time"]), (&first["sub"], &first["auth_time"]));
    }
}

#[tokio::test]
async fn select_account_lets_the_person_go_on_or_change() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let asked = photos.authorization().with("prompt", "select_account");
    let page = browser.open(&asked.url()).await.expect(200);
    assert!(page.text().contains("Continue as Mara"), "{}", page.text());
    let landing = browser.submit(&page, "/continue").await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151001");
    let asked = photos.authorization().with("prompt", "select_account");
    let page = browser.open(&asked.url()).await.expect(200);
    let sign_in = browser.submit(&page, "/again").await.expect(200);
    let landing = browser.approve_and_finish(&sign_in, "home").await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151004");
    let next = at_once(&mut browser, &photos, &photos.authorization()).await;
    assert_eq!(next["sub"], "plex-48151004", "the browser is now the other person's");
}

#[tokio::test]
async fn select_account_without_a_session_is_a_sign_in() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let asked = photos.authorization().with("prompt", "select_account");
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    photos.tokens(&asked, &landing).await;
}
