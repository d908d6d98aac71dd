//! Pushed authorization requests (RFC 9126; requirements 100 to 102).

use http::Method;
use plex_oidc_core::time::Seconds;
use url::form_urlencoded::byte_serialize;

use crate::support::{
    Answer, Authorization, Browser, ClientAuth, House, ISSUER, RelyingParty, Setup, get, post_form, secret_of,
};

/// Pushes a request. Must work.
async fn push(relying_party: &RelyingParty, asked: &Authorization) -> String {
    let answer = relying_party.push(asked).await.expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    assert!((60..600).contains(&body["expires_in"].as_u64().unwrap()), "{body}");
    let request_uri = body["request_uri"].as_str().unwrap();
    assert!(
        request_uri.starts_with("urn:ietf:params:oauth:request_uri:") && request_uri.len() > 70,
        "{body}"
    );
    request_uri.to_owned()
}

fn front(client: &str, request_uri: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("{ISSUER}/authorize?client_id={}&request_uri={}", encode(client), encode(request_uri))
}

#[track_caller]
fn is_error(answer: Answer, status: u16, error: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.json()["error"], error, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn is_page(browser: &mut Browser, url: &str) {
    let page = browser.get(url).await.expect(400);
    assert!(page.stays() && page.heading() == "This link doesn’t work", "{}", page.text());
}

#[tokio::test]
async fn req_100_a_pushed_request_is_answered_as_any_other() {
    let house = House::new().await;
    for id in ["photos", "wiki", "tv", "legacy"] {
        let (relying_party, mut browser) = (house.relying_party(id), house.browser());
        let asked = relying_party.authorization();
        let url = front(id, &push(&relying_party, &asked).await);
        let landing = browser.sign_in(&url, "friend").await;
        relying_party.tokens(&asked, &landing).await;
    }
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{ISSUER}/par"));
    assert_eq!(metadata["require_pushed_authorization_requests"], false);
}

#[tokio::test]
async fn req_100_only_a_post_of_an_authenticated_client_is_taken() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let mut request = get("/par");
        *request.method_mut() = method;
        assert_eq!(house.door.send(request).await.expect(405).header("allow"), Some("POST"));
    }
    for auth in [
        ClientAuth::Nothing,
        ClientAuth::Public,
        ClientAuth::Basic(secret_of("wiki")),
        ClientAuth::Post(secret_of("photos")),
    ] {
        let other = photos.authenticating(auth.clone());
        let answer = other.push(&photos.authorization()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()), "{auth:?}");
    }
    // Proving to be one client, and asking for another.
    let wiki = house.relying_party("wiki");
    is_error(photos.push(&wiki.authorization()).await, 400, "invalid_request");
    let asked = photos.authorization().without("client_id");
    let url = front("photos", &push(&photos, &asked).await);
    house.browser().sign_in(&url, "friend").await.code();
}

#[tokio::test]
async fn req_100_what_is_wrong_is_told_to_the_client_and_stored_nowhere() {
    let house = Setup::default().set("limits", "body_bytes = 20000").start().await;
    let photos = house.relying_party("photos");
    for (name, value, error) in [
        ("request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "payments", "invalid_scope"),
        ("prompt", "none login", "invalid_request"),
        ("claims", "[]", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
    ] {
        let answer = photos.push(&photos.authorization().with(name, value)).await;
        is_error(answer, 400, error);
    }
    let twice = photos.authorization().and("state", "another");
    is_error(photos.push(&twice).await, 400, "invalid_request");
    is_error(
        photos.push(&photos.authorization().with("foo", &"x".repeat(21_000))).await,
        413,
        "invalid_request",
    );
    let in_address = post_form("/par?client_id=photos", &[]);
    is_error(house.door.send(in_address).await, 400, "invalid_request");
    let count = house.app().store.sweep(house.now().plus(Seconds::days(1))).await.unwrap();
    assert_eq!(count.pushed_requests, 0);
}

#[tokio::test]
async fn req_100_in_the_name_of_a_public_client_nobody_can_fill_the_disk() {
    let house = Setup::default().set("limits", "sign_in_starts_per_address = 2").start().await;
    let (tv, photos) = (house.relying_party("tv"), house.relying_party("photos"));
    let mut limited = None;
    for _ in 0..20 {
        limited = limited.or(Some(tv.push(&tv.authorization()).await).filter(|answer| answer.status != 201));
    }
    let limited = limited.expect("a limit");
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").is_some());
    push(&photos, &photos.authorization()).await;
}

#[tokio::test]
async fn req_101_it_is_bound_to_its_client_and_to_its_time() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let request_uri = push(&photos, &photos.authorization()).await;
    let head = &request_uri[..request_uri.len() - 3];
    for (client, request_uri) in [
        ("wiki", request_uri.as_str()),
        ("unknown", &request_uri),
        ("", &request_uri),
        ("photos", head),
        ("photos", &format!("{request_uri}A")),
        ("photos", &format!("{head}___")),
        ("photos", "urn:ietf:params:oauth:request_uri:"),
    ] {
        is_page(&mut browser, &front(client, request_uri)).await;
    }
    is_page(&mut browser, &format!("{}&request=x", front("photos", &request_uri))).await;
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    house.pass(Seconds(89));
    browser.open(&front("photos", &request_uri)).await.expect(200).form("/start");
    house.pass(Seconds(1));
    is_page(&mut browser, &front("photos", &request_uri)).await;
}

#[tokio::test]
async fn req_018_101_what_the_browser_adds_does_not_count() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("scope", "openid");
    let url = front("photos", &push(&photos, &asked).await);
    let forged = format!(
        "{url}&scope=openid+email&state=forged&redirect_uri=https%3A%2F%2Fevil.example%2F&response_mode=form_post\
         &nonce=forged&code_challenge=forged&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D"
    );
    let landing = browser.sign_in(&forged, "friend").await;
    let tokens = photos.tokens(&asked, &landing).await;
    assert_eq!((landing.posted, &tokens.0["scope"]), (false, &"openid".into()));
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!(claims.as_object().unwrap().len(), 1, "{claims}");
}

#[tokio::test]
async fn req_101_loading_the_page_does_not_use_it_up_and_completing_does() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let url = front("photos", &push(&photos, &asked).await);
    let first = browser.open(&url).await.expect(200);
    let reloaded = browser.open(&url).await.expect(200);
    let elsewhere = house.browser().open(&url).await.expect(200);
    assert_eq!(
        [first.heading(), reloaded.heading(), elsewhere.heading()],
        ["Sign in to Photos"; 3].map(str::to_owned)
    );
    // Its own time does not end a sign-in that has begun.
    house.pass(Seconds(120));
    let landing = browser.approve_and_finish(&first, "friend").await.leaves();
    photos.tokens(&asked, &landing).await;
    // The other tab, and the address again: a page, whatever was done there before.
    let late = browser.get(&first_path(&reloaded)).await.expect(400);
    assert_eq!(late.heading(), "Please start again");
    is_page(&mut browser, &url).await;
}

fn first_path(page: &Answer) -> String {
    format!("/sign-in/{}", page.attempt())
}

#[tokio::test]
async fn req_101_of_two_tabs_that_were_both_approved_one_completes() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut one, mut other) = (house.browser(), house.browser());
    let url = front("photos", &push(&photos, &photos.authorization()).await);
    let (first, second) = (one.open(&url).await, other.open(&url).await);
    let (pin, other_pin) = (one.start(&first).await, other.start(&second).await);
    house.plex.approve(&pin.code, "friend");
    house.plex.approve(&other_pin.code, "home");
    one.come_back(&first).await.leaves().code();
    let page = other.come_back(&second).await.expect(400);
    assert!(page.stays() && other.session().is_none(), "{}", page.text());
}

#[tokio::test]
async fn req_101_with_a_session_and_by_an_error_it_is_used_up_at_once() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let asked = photos.authorization();
    let url = front("photos", &push(&photos, &asked).await);
    let landing = browser.get(&url).await.leaves();
    photos.tokens(&asked, &landing).await;
    is_page(&mut browser, &url).await;

    let silent = photos.authorization().with("prompt", "none").with("response_mode", "form_post");
    let url = front("photos", &push(&photos, &silent).await);
    let mut stranger = house.browser();
    let landing = stranger.get(&url).await.leaves();
    assert_eq!((landing.posted, silent.error(&landing)), (true, "login_required".to_owned()));
    is_page(&mut browser, &url).await;

    let asked = photos.authorization();
    let url = front("photos", &push(&photos, &asked).await);
    let page = stranger.open(&url).await;
    assert_eq!(asked.error(&stranger.submit(&page, "/cancel").await.leaves()), "access_denied");
    is_page(&mut browser, &url).await;
}

#[tokio::test]
async fn req_101_consent_and_the_choice_of_an_account_come_between() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let url = front("photos", &push(&photos, &asked).await);
    let consent = browser.sign_in_to_page(&url, "friend").await.expect(200);
    assert_eq!(consent.heading(), "Allow Photos?");
    let landing = browser.submit(&consent, "/consent").await.leaves();
    photos.tokens(&asked, &landing).await;
    is_page(&mut browser, &url).await;
}

#[tokio::test]
async fn req_101_a_client_or_an_address_taken_out_meanwhile_gets_nothing() {
    let mut house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let url = front("photos", &push(&photos, &photos.authorization()).await);
    house.restart_with(|setup| setup.client("photos", "enabled = false")).await;
    is_page(&mut browser, &url).await;
    let moved = "enabled = true\nredirect_uris = [\"https://photos.example.org/other\"]";
    house.restart_with(|setup| setup.client("photos", moved)).await;
    is_page(&mut browser, &url).await;
}

#[tokio::test]
async fn req_102_a_client_that_must_push_cannot_ask_otherwise() {
    let setup = Setup::default().client("photos", "require_pushed_authorization_requests = true");
    let house = setup.start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let plain = photos.authorization();
    assert_eq!(plain.error(&browser.get(&plain.url()).await.leaves()), "invalid_request");
    assert_eq!(plain.error(&browser.send(plain.post()).await.leaves()), "invalid_request");
    let asked = photos.authorization();
    let landing = browser.sign_in(&front("photos", &push(&photos, &asked).await), "friend").await;
    photos.tokens(&asked, &landing).await;
    let wiki = house.relying_party("wiki");
    browser.get(&wiki.authorization().url()).await.leaves().code();
}
