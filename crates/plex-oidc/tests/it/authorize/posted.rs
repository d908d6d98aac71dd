//! Requests that a form of another site posts: they come without the session's cookie, and are asked again by GET
//! (requirement 1).

use std::net::SocketAddr;

use http::Method;
use plex_oidc_core::time::Seconds;
use url::Url;

use crate::support::{Answer, Authorization, House, ISSUER, Setup, get};

/// What a browser gets that sends a form from another site: none of our cookies goes along (SameSite=Lax).
async fn from_another_site(house: &House, asked: &Authorization) -> Answer {
    house.door.send(asked.post()).await
}

/// Where such a form leads: to the same endpoint, with nothing of the request in the address.
#[track_caller]
fn onward(answer: Answer) -> String {
    let answer = answer.expect(303);
    let location = answer.location().expect("a redirect").to_owned();
    let url = Url::parse(ISSUER).unwrap().join(&location).unwrap();
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!((url.path(), names), ("/authorize", vec!["client_id".to_owned(), "request_uri".to_owned()]));
    assert!(url.as_str().starts_with(ISSUER) && location.len() < 250, "{location}");
    assert!(answer.set_cookies().is_empty(), "{:?}", answer.headers);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    url.into()
}

#[tokio::test]
async fn req_001_a_form_of_another_site_finds_who_is_signed_in() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let first = photos.id_claims(&tokens.id_token()).await;
    for wish in
        [("foo", "bar"), ("prompt", "none"), ("max_age", "3600"), ("id_token_hint", &tokens.id_token())]
    {
        let asked = photos.authorization().with(wish.0, wish.1).with("state", &"s +&%é".repeat(300));
        let landing = browser.get(&onward(from_another_site(&house, &asked).await)).await.leaves();
        let claims = photos.claims(&asked, &landing).await;
        assert_eq!((&claims["sub"], &claims["sid"]), (&first["sub"], &first["sid"]), "{wish:?}");
    }
}

#[tokio::test]
async fn req_001_007_a_form_of_another_site_finds_that_nobody_is_signed_in() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let silent = photos.authorization().with("prompt", "none");
    let landing = browser.get(&onward(from_another_site(&house, &silent).await)).await.leaves();
    assert_eq!(silent.error(&landing), "login_required");
    let asked = photos.authorization();
    let landing = browser.sign_in(&onward(from_another_site(&house, &asked).await), "friend").await;
    photos.tokens(&asked, &landing).await;
}

#[tokio::test]
async fn req_001_008_a_form_of_another_site_may_ask_for_a_new_sign_in() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let first = photos.id_claims(&tokens.id_token()).await["auth_time"].as_i64().unwrap();
    house.pass(Seconds(60));
    let asked = photos.authorization().with("prompt", "login");
    let landing = browser.sign_in(&onward(from_another_site(&house, &asked).await), "friend").await;
    assert!(photos.claims(&asked, &landing).await["auth_time"].as_i64().unwrap() > first);
}

#[tokio::test]
async fn req_001_018_what_was_posted_is_frozen_and_answered_once() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let asked = photos.authorization();
    let url = onward(from_another_site(&house, &asked).await);
    let changed =
        format!("{url}&redirect_uri=https%3A%2F%2Fevil.example%2F&scope=openid&state=other&nonce=other");
    let landing = browser.get(&changed).await.leaves();
    photos.tokens(&asked, &landing).await;
    let again = browser.get(&url).await.expect(400);
    assert!(again.stays() && again.heading() == "This link doesn’t work", "{}", again.text());
    let url = onward(from_another_site(&house, &photos.authorization()).await);
    house.pass(Seconds::minutes(2));
    assert!(browser.get(&url).await.expect(400).stays(), "nobody came for it");
    let url = onward(from_another_site(&house, &photos.authorization()).await);
    let of_another = url.replace("client_id=photos", "client_id=wiki");
    assert!(browser.get(&of_another).await.expect(400).stays());
}

#[tokio::test]
async fn req_001_004_what_is_wrong_with_a_form_is_said_at_once() {
    let house = Setup::default().client("wiki", "require_pushed_authorization_requests = true").start().await;
    let photos = house.relying_party("photos");
    for (name, value) in [("client_id", "unknown"), ("redirect_uri", "https://evil.example/")] {
        let asked = photos.authorization().with(name, value).with("prompt", "none");
        assert!(from_another_site(&house, &asked).await.expect(400).stays(), "{name}");
    }
    for (name, value, error) in [
        ("scope", "payments", "invalid_scope"),
        ("prompt", "none login", "invalid_request"),
        ("request", "x", "request_not_supported"),
    ] {
        let asked = photos.authorization().with(name, value);
        assert_eq!(asked.error(&from_another_site(&house, &asked).await.leaves()), error);
    }
    // A form is no way around what the client must do itself.
    let plain = house.relying_party("wiki").authorization();
    assert_eq!(plain.error(&from_another_site(&house, &plain).await.leaves()), "invalid_request");
}

#[tokio::test]
async fn req_001_100_a_form_may_name_what_was_pushed() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let asked = photos.authorization();
    let pushed = photos.push(&asked).await.expect(201).json();
    let request_uri = pushed["request_uri"].as_str().unwrap();
    let named = Authorization {
        parameters: vec![("client_id".into(), "photos".into()), ("request_uri".into(), request_uri.into())],
        verifier: String::new(),
    };
    let url = onward(from_another_site(&house, &named).await);
    assert_eq!(url, named.url(), "the same, and not a copy of it");
    photos.tokens(&asked, &browser.get(&url).await.leaves()).await;
    assert!(from_another_site(&house, &named).await.expect(400).stays(), "it was answered");
}

#[tokio::test]
async fn req_001_nobody_fills_the_disk_with_forms() {
    let house = Setup::default().set("limits", "sign_in_starts_per_address = 2").start().await;
    let (photos, address) = (house.relying_party("photos"), SocketAddr::from(([198, 51, 100, 7], 40_000)));
    let mut refused = None;
    for _ in 0..100 {
        let answer = house.door.send_from(address, photos.authorization().post()).await;
        if answer.status != 303 {
            refused = Some(answer.expect(429));
            break;
        }
    }
    let refused = refused.expect("each of them is a row");
    assert!(refused.stays() && refused.header("retry-after").is_some(), "{:?}", refused.headers);
    // Others have their own share.
    onward(from_another_site(&house, &photos.authorization()).await);
}

#[tokio::test]
async fn req_001_a_get_without_a_cookie_is_never_sent_round_in_circles() {
    let house = House::new().await;
    let asked = house.relying_party("photos").authorization();
    let url = onward(from_another_site(&house, &asked).await);
    for method in [Method::GET, Method::HEAD] {
        let mut request = get(url.strip_prefix(ISSUER).unwrap());
        *request.method_mut() = method;
        let answer = house.door.send(request).await.expect(303);
        assert!(answer.location().unwrap().starts_with("/sign-in/"), "{:?}", answer.location());
    }
}
