//! What every answer of the endpoint holds: state, issuer, nonce, status, headers (requirements 5, 6, 12 to 14, 19).

use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderValue, Method};

use crate::support::{Answer, Door, House, ISSUER, Landing, get};

#[tokio::test]
async fn req_005_state_comes_back_byte_for_byte() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let odd = "+ %&\"<>=#?/\\é\r\n\u{0}%0d%0a".repeat(80);
    for state in [odd.as_str(), &"s".repeat(4096), "a b", "{\"to\":\"/x?y=z&w\"}"] {
        let asked = photos.authorization().with("state", state);
        let sent = browser.send(asked.post()).await.expect(303);
        let page = browser.open(sent.location().unwrap()).await;
        let landing = if browser.session().is_some() {
            sent.leaves()
        } else {
            browser.approve_and_finish(&page, "friend").await.leaves()
        };
        assert_eq!(landing.get("state"), Some(state));
        let refused = asked.with("response_type", "x");
        let landing = browser.send(refused.post()).await.leaves();
        assert_eq!((landing.error(), landing.get("state")), ("unsupported_response_type", Some(state)));
        browser.cookies.clear();
    }
    let too_long = photos.authorization().with("state", &"s".repeat(4097));
    let landing = browser.send(too_long.post()).await.leaves();
    assert_eq!((landing.error(), landing.get("state")), ("invalid_request", None));
    let without = photos.authorization().without("state");
    let landing = browser.sign_in(&without.url(), "friend").await;
    assert_eq!(landing.get("state"), None);
}

#[tokio::test]
async fn req_006_every_answer_names_the_issuer_as_published() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let metadata = house.door.get("/.well-known/openid-configuration").await.expect(200).json();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let silent = photos.authorization().with("prompt", "none");
    let refused = browser.get(&silent.url()).await.leaves();
    let page = browser.open(&photos.authorization().url()).await;
    let cancelled = browser.submit(&page, "/cancel").await.leaves();
    let signed_in = browser.sign_in(&photos.authorization().url(), "friend").await;
    let at_once = browser.get(&photos.authorization().url()).await.leaves();
    let landings: [Landing; 4] = [refused, cancelled, signed_in, at_once];
    for landing in landings {
        assert_eq!(landing.get("iss"), metadata["issuer"].as_str(), "{}", landing.url);
    }
}

#[tokio::test]
async fn req_012_a_nonce_is_optional_and_comes_back_unaltered() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for nonce in [Some("n".repeat(64)), Some("é +%\"<&".repeat(40)), None] {
        let asked = match &nonce {
            Some(nonce) => photos.authorization().with("nonce", nonce),
            None => photos.authorization().without("nonce"),
        };
        let fresh = asked.clone().with("prompt", "login");
        let landing = browser.sign_in(&fresh.url(), "friend").await;
        let claims = photos.id_claims(&photos.tokens(&asked, &landing).await.id_token()).await;
        assert_eq!(claims.get("nonce").and_then(|value| value.as_str()), nonce.as_deref());
    }
}

#[tokio::test]
async fn req_005_012_128_characters_of_state_and_nonce_come_back() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let long: String = ('!'..='~').cycle().take(128).collect();
    let asked = photos.authorization().with("state", &long).with("nonce", &long);
    let silent = asked.clone().with("prompt", "none");
    assert_eq!(silent.error(&browser.get(&silent.url()).await.leaves()), "login_required");
    let landing = browser.sign_in(&asked.url(), "friend").await;
    assert_eq!(landing.get("state"), Some(&*long));
    assert_eq!(photos.claims(&asked, &landing).await["nonce"], long);
}

/// What scripts of other sites may read (requirement 13).
const FOR_SCRIPTS: [&str; 6] = [
    "/jwks",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/userinfo",
    "/token",
    "/revoke",
];

/// What a script of another site gets, without cookies.
async fn asked_by_another_origin(door: &Door, path: &str) -> Answer {
    let mut request = get(path);
    request.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://x.example"));
    door.send(request).await
}

#[tokio::test]
async fn req_013_other_origins_read_what_is_for_them_and_nothing_else() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let asked = house.relying_party("photos").authorization().url();
    let attempt = format!("/sign-in/{}", page.attempt());
    let (wait, status) = (format!("{attempt}/wait"), format!("{attempt}/status"));
    for path in [
        asked.strip_prefix(ISSUER).unwrap(),
        &attempt,
        &wait,
        &status,
        "/sign-out",
        "/end-session",
        "/introspect",
        "/par",
        "/nothing",
        "/healthz",
    ] {
        let mut request = get(path);
        request.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://x.example"));
        let answer = browser.send(request).await;
        let allowed = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!allowed, "{path}: {:?}", answer.headers);
    }
    for path in FOR_SCRIPTS {
        let answer = asked_by_another_origin(&house.door, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
}

/// What a browser asks before it sends a token, or a body that is not a plain form, for a script of another site.
async fn preflight(door: &Door, path: &str) -> Answer {
    let mut request = get(path);
    *request.method_mut() = Method::OPTIONS;
    for (name, value) in [
        (ORIGIN, "https://x.example"),
        (ACCESS_CONTROL_REQUEST_METHOD, "POST"),
        (ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    door.send(request).await
}

#[tokio::test]
async fn req_013_a_browser_that_asks_beforehand_is_told_what_is_allowed() {
    let house = House::new().await;
    for path in FOR_SCRIPTS {
        let answer = preflight(&house.door, path).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("authorization,content-type"),
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET,POST"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
    for path in ["/authorize", "/par", "/introspect", "/end-session", "/sign-out"] {
        let answer = preflight(&house.door, path).await;
        let allowed = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!allowed && answer.status >= 400, "{path}: {} {:?}", answer.status, answer.headers);
    }
}

#[tokio::test]
async fn req_014_no_redirect_repeats_a_post() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let choice = photos.authorization().with("prompt", "select_account");
    let page = browser.open(&photos.authorization().url()).await;
    for path in ["", "/start", "/return", "/cancel"] {
        let answer = match path {
            "" => browser.send(photos.authorization().post()).await,
            "/return" => browser.get(&format!("/sign-in/{}/return", page.attempt())).await,
            form => browser.post(&page, form, &[]).await,
        };
        assert!(matches!(answer.status, 200 | 303), "{path}: {}", answer.status);
    }
    browser.sign_in(&photos.authorization().url(), "friend").await;
    let page = browser.open(&choice.url()).await.expect(200);
    assert!(matches!(browser.post(&page, "/continue", &[]).await.status, 200 | 303));
}

#[tokio::test]
async fn req_014_a_form_never_redirects_to_another_site() {
    // Browsers hold every redirect after a form against form-action 'self', the client's own further ones included.
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    browser.sign_in(&photos.authorization().url(), "friend").await;
    let page = browser.open(&photos.authorization().with("prompt", "select_account").url()).await.expect(200);
    let answer = browser.post(&page, "/continue", &[]).await.expect(200);
    assert_eq!(answer.heading(), "On to Photos…");
    answer.leaves().code();
}

#[tokio::test]
async fn no_answer_with_a_code_is_kept_or_framed() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let landed = browser.approve_and_finish(&page, "friend").await.expect(303);
    let at_once = browser.get(&photos.authorization().url()).await.expect(303);
    for answer in [&page, &landed, &at_once] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.url);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    }
}
