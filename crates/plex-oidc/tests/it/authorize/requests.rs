//! What a request may hold, and where its errors go (requirements 1 to 4, 11, 16, 20).

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Answer, House, Setup};

/// An error page that sends nobody anywhere.
#[track_caller]
fn is_error_page(answer: Answer) {
    let page = answer.expect(400);
    assert!(page.stays() && page.set_cookies().is_empty(), "{:?}", page.headers);
    assert_eq!(page.heading(), "This link doesn’t work");
}

#[tokio::test]
async fn req_001_get_and_post_are_the_same() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let (by_get, by_post) = (photos.authorization(), photos.authorization());
    let got = browser.open(&by_get.url()).await.expect(200);
    let posted = browser.send(by_post.post()).await.expect(303);
    let posted = browser.open(posted.location().unwrap()).await.expect(200);
    assert_eq!(got.text(), posted.text());
    let landing = browser.approve_and_finish(&posted, "friend").await.leaves();
    photos.tokens(&by_post, &landing).await;
}

#[tokio::test]
async fn req_002_unknown_parameters_are_ignored() {
    let house = House::new().await;
    let asked = house.relying_party("photos").authorization().with("foo", "bar").with("audience", "x");
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    asked.check(&landing);
    assert_eq!(landing.get("foo"), None);
}

#[tokio::test]
async fn req_003_repeated_parameters_are_errors_and_empty_ones_absent() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for name in ["scope", "nonce", "prompt", "response_type", "code_challenge", "max_age", "login_hint"] {
        let asked = photos.authorization().and(name, "openid").and(name, "email");
        assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), "invalid_request", "{name}");
    }
    for name in ["client_id", "redirect_uri"] {
        let asked = photos.authorization();
        let same = asked.get(name).unwrap().to_owned();
        is_error_page(browser.get(&asked.and(name, &same).url()).await);
    }
    let mut empty = photos.authorization();
    for name in ["prompt", "max_age", "id_token_hint", "login_hint", "response_mode", "request", "claims"] {
        empty = empty.with(name, "");
    }
    browser.sign_in(&empty.url(), "friend").await.code();
}

#[tokio::test]
async fn req_003_a_repeated_state_is_refused_and_not_guessed() {
    let house = House::new().await;
    let asked = house.relying_party("photos").authorization().and("state", "another");
    let landing = house.browser().get(&asked.url()).await.leaves();
    assert_eq!((landing.error(), landing.get("state")), ("invalid_request", None));
}

#[tokio::test]
async fn req_004_nobody_is_sent_away_before_client_and_address_are_known() {
    let house = Setup::default().client("wiki", "enabled = false").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let evil = "https://evil.example/callback";
    for broken in [
        photos
            .authorization()
            .with("client_id", "unknown")
            .with("redirect_uri", evil)
            .with("response_type", "x"),
        photos.authorization().with("client_id", "unknown"),
        photos.authorization().without("client_id"),
        photos.authorization().with("redirect_uri", evil).with("prompt", "none"),
        photos.authorization().without("redirect_uri"),
        photos.authorization().with("redirect_uri", ""),
        house.relying_party("wiki").authorization(),
        photos.authorization().with("client_id", "Photos"),
        photos.authorization().with("client_id", "photos\u{0}"),
    ] {
        let page = browser.get(&broken.url()).await;
        assert!(!page.body.contains("href=\"https://evil"), "{}", page.body);
        is_error_page(page);
        is_error_page(browser.send(broken.post()).await);
    }
}

#[tokio::test]
async fn req_161_each_unsupported_thing_has_its_own_error() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for (name, value, error) in [
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://photos.example.org/r", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "payments", "invalid_scope"),
        ("scope", "offline_access", "invalid_scope"),
    ] {
        let asked = photos.authorization().with(name, value);
        assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), error, "{name}={value}");
    }
    let asked = photos.authorization().with("response_mode", "query");
    browser.sign_in(&asked.url(), "friend").await.code();
}

#[tokio::test]
async fn req_004_a_request_object_brings_no_address_of_its_own() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let object =
        "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL3Bob3Rvcy5leGFtcGxlLm9yZy9jYWxsYmFjayJ9.";
    for name in ["request", "request_uri"] {
        let outside = photos.authorization().with("redirect_uri", "https://evil.example/").with(name, object);
        is_error_page(browser.get(&outside.url()).await);
        is_error_page(browser.get(&outside.without("redirect_uri").url()).await);
    }
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    for name in ["request_parameter_supported", "request_uri_parameter_supported"] {
        assert_eq!(metadata[name], false, "{name}");
    }
    assert_eq!(metadata.get("request_object_signing_alg_values_supported"), None);
}

#[tokio::test]
async fn the_order_of_parameters_and_scopes_means_nothing() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let mut asked = photos.authorization().with("scope", "groups email profile openid");
    asked.parameters.reverse();
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    assert_eq!(photos.tokens(&asked, &landing).await.0["scope"], "openid profile email groups");
}

#[tokio::test]
async fn req_011_wishes_we_do_not_know_never_cause_errors() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for (name, value) in [
        ("login_hint", "someone@example.net"),
        ("ui_locales", "fr-CA fr en"),
        ("claims_locales", "de"),
        ("acr_values", "urn:mace:incommon:iap:silver"),
        ("display", "popup"),
        ("claims", "{\"userinfo\":{\"email\":null}}"),
        ("login_hint", &"x".repeat(2000)),
    ] {
        let asked = photos.authorization().with(name, value);
        browser.open(&asked.url()).await.expect(200).form("/start");
    }
}

#[tokio::test]
async fn req_011_a_login_hint_is_shown_as_text() {
    let house = House::new().await;
    let asked = house.relying_party("photos").authorization().with("login_hint", "<b>mara</b>@example.net");
    let page = house.browser().open(&asked.url()).await.expect(200);
    assert!(
        page.text().contains("<b>mara</b>@example.net") && !page.body.contains("<b>mara"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn req_016_long_queries_and_many_parameters_are_refused() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let long = photos.authorization().with("foo", &"x".repeat(9 * 1024));
    assert!(browser.get(&long.url()).await.expect(414).stays());
    let mut many = photos.authorization();
    for number in 0..64 {
        many = many.with(&format!("p{number}"), "x");
    }
    is_error_page(browser.get(&many.url()).await);
    is_error_page(browser.send(many.post()).await);
    let large = photos.authorization().with("foo", &"x".repeat(70 * 1024));
    let refused = browser.send(large.post()).await;
    assert!(refused.status == 400 || refused.status == 413, "{}", refused.status);
    browser.open(&photos.authorization().url()).await.expect(200);
}

#[tokio::test]
async fn req_016_a_long_head_is_refused_and_the_program_lives() {
    let house = Setup::default().set("limits", "header_bytes = 16384").start().await;
    let address = house.listen().await;
    for (length, status) in [(17 * 1024, "431"), (1024, "200")] {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
            "x".repeat(length)
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The rest of a refused head may still be on its way when the connection is closed.
        socket.read_to_end(&mut answer).await.ok();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{length}: {answer}");
    }
}

#[tokio::test]
async fn req_020_without_openid_there_is_no_id_token() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let asked = photos.authorization().with("scope", "email");
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    let tokens = photos.tokens(&asked, &landing).await;
    assert!(tokens.0.get("id_token").is_none(), "{}", tokens.0);
    assert_eq!(tokens.0["scope"], "email");
    let refused = photos.userinfo(&tokens.access_token()).await.expect(403);
    assert!(refused.header("www-authenticate").unwrap().contains("insufficient_scope"));
}

#[tokio::test]
async fn scopes_beyond_what_the_client_may_have_are_dropped_and_said() {
    let house = Setup::default().client("photos", r#"scopes = ["openid", "email"]"#).start().await;
    let photos = house.relying_party("photos");
    let asked = photos.authorization().with("scope", "openid profile email payments offline_access");
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    let tokens = photos.tokens(&asked, &landing).await;
    assert_eq!(tokens.0["scope"], "openid email");
    assert!(tokens.0.get("refresh_token").is_none());
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    let names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["email", "email_verified", "sub"]);
}
