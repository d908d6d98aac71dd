//! The headers of every answer.

use http::{HeaderValue, Method};

use super::{bare, routes, with_consent};
use crate::support::{Answer, Browser, House};

/// Requirement 126, and that only the sign-in page may talk to its pop-up.
#[track_caller]
fn is_protected(answer: &Answer) {
    let shown = format!("{} answered {} {:?}", answer.url, answer.status, answer.headers);
    let csp = answer.header("content-security-policy").unwrap_or_else(|| panic!("no policy: {shown}"));
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(csp.split("; ").any(|found| found == part), "{part}: {shown}");
    }
    for never in ["unsafe", "*", "http:", "data:", "blob:"] {
        let loopback = csp.replace("http://127.0.0.1", "");
        assert!(!loopback.contains(never), "{never}: {shown}");
    }
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{shown}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{shown}");
    // The address of one page holds a secret that not even we are to be told of.
    let referrer = if answer.url.starts_with("/admin/enter") { "strict-origin" } else { "same-origin" };
    let is_closed = answer.header("referrer-policy") == Some("same-origin");
    assert!(is_closed || answer.header("referrer-policy") == Some(referrer), "{shown}");
    assert!(answer.header("permissions-policy").unwrap().contains("camera=()"), "{shown}");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"), "{shown}");
    let is_sign_in = answer.body.contains(" data-pins-url=");
    let opener = answer.header("cross-origin-opener-policy");
    assert_eq!(opener, is_sign_in.then_some("same-origin-allow-popups"), "{shown}");
    for told in ["server", "x-powered-by"] {
        assert_eq!(answer.header(told), None, "{shown}");
    }
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        is_a_page(answer, csp, is_sign_in);
    }
}

/// Requirement 125, for pages.
#[track_caller]
fn is_a_page(answer: &Answer, csp: &str, is_sign_in: bool) {
    for part in ["script-src 'self'", "style-src 'self'", "img-src 'self'", "form-action 'self'"] {
        assert!(csp.split("; ").any(|found| found == part), "{part}: {} {csp}", answer.url);
    }
    let connect = csp.split("; ").find(|part| part.starts_with("connect-src ")).unwrap();
    let to_plex = connect.strip_prefix("connect-src 'self' http://127.0.0.1:").is_some();
    assert!(if is_sign_in { to_plex } else { connect == "connect-src 'self'" }, "{} {csp}", answer.url);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.url);
    assert!(!answer.body.contains("<style") && !answer.body.contains("javascript:"), "{}", answer.url);
}

#[tokio::test]
async fn req_125_126_every_route_in_every_method_for_a_stranger() {
    let house = House::new().await;
    let unknown = "0190a0e4-0000-7000-8000-000000000000";
    for route in routes() {
        for attempt in [unknown, "nonsense", "%00", "..%2f..%2fetc%2fpasswd"] {
            let path = route.about(attempt);
            for method in
                [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS, Method::TRACE]
            {
                let answer = house.door.send(bare(&method, &path)).await;
                assert!(answer.status < 500, "{method} {path}: {answer:?}");
                is_protected(&answer);
            }
        }
    }
    for path in ["/", "/favicon.ico", "/nothing", "/sign-in", "/sign-in/", "/token/", "//evil.example", "/%"]
    {
        let answer = house.door.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        is_protected(&answer);
    }
}

#[tokio::test]
async fn req_125_126_every_page_of_a_whole_sign_in() {
    let house = with_consent().start().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let mut seen = Vec::new();
    let mut look = |answer: Answer| {
        is_protected(&answer);
        seen.push(answer.heading());
        answer
    };
    let page = look(browser.open(&photos.authorization().url()).await.expect(200));
    look(browser.get("/sign-in/popup").await.expect(200));
    let pin = browser.start(&page).await;
    look(browser.open(&format!("/sign-in/{}/wait", page.attempt())).await.expect(200));
    house.plex.approve(&pin.code, "friend");
    look(browser.get("/sign-in/done").await.expect(200));
    look(browser.get(&format!("/sign-in/{}/status", page.attempt())).await.expect(200));
    let consent = look(browser.come_back(&page).await.expect(200));
    look(browser.post(&consent, "/consent", &[]).await.expect(200));
    let choose = photos.authorization().with("prompt", "select_account");
    look(browser.open(&choose.url()).await.expect(200));
    let sign_out = look(browser.open("/sign-out").await.expect(200));
    look(browser.post(&sign_out, "/sign-out", &[]).await.expect(200));
    let cancelled = look(browser.open(&photos.authorization().url()).await.expect(200));
    look(browser.post(&cancelled, "/cancel", &[]).await.expect(200));
    let denied = browser.open(&photos.authorization().url()).await;
    look(browser.approve_and_finish(&denied, "stranger").await.expect(403));
    look(browser.open("/authorize?client_id=nobody").await.expect(400));
    house.plex.fails(plextv_emulator::FaultKind::ServerError);
    let down = browser.open(&photos.authorization().url()).await;
    look(browser.post(&down, "/start", &[]).await.expect(503));
    assert!(seen.len() >= 13, "{seen:?}");
}

#[tokio::test]
async fn req_126_errors_before_any_handler_too() {
    let house = House::new().await;
    for path in ["/authorize", "/authz/forward-auth", "/authz/cloudflare-access/wiki"] {
        let answer = house.door.get(&format!("{path}?state={}", "x".repeat(8 * 1024))).await;
        assert_eq!(answer.status, 414, "{path}");
        is_protected(&answer);
    }
    let mut large = bare(&Method::POST, "/sign-out");
    *large.body_mut() = axum::body::Body::from("x".repeat(65 * 1024));
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    large.headers_mut().insert("content-type", form);
    is_protected(&house.door.send(large).await);
    let answer = house.door.send(bare(&Method::DELETE, "/sign-out")).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"), "RFC 9110 s. 15.5.6");
    is_protected(&answer);
}

/// A page that answers a form and leads to another site goes on by itself: a redirect would be held against
/// `form-action`, and so would every redirect that the other site makes.
#[tokio::test]
async fn req_127_no_form_ends_in_a_redirect_to_another_site() {
    let house = with_consent().start().await;
    let photos = house.relying_party("photos");
    let mut browser: Browser = house.browser();
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let at_plex = browser.post(&page, "/start", &[]).await.expect(200);
    assert_eq!(at_plex.location(), None);
    at_plex.leaves();
    house.plex.approve(&house.plex.newest_pin(), "friend");
    let consent = browser.come_back(&page).await.expect(200);
    let at_client = browser.post(&consent, "/consent", &[]).await.expect(200);
    assert_eq!(at_client.location(), None);
    at_client.leaves().code();
    let page = browser.open(&photos.authorization().with("prompt", "login").url()).await.expect(200);
    let cancelled = browser.post(&page, "/cancel", &[]).await.expect(200);
    assert_eq!((cancelled.location(), cancelled.leaves().error()), (None, "access_denied"));
}

/// Only what relying parties call answers scripts of other origins (requirement 13).
#[tokio::test]
async fn no_page_can_be_read_by_another_origin() {
    let house = House::new().await;
    for route in routes() {
        let mut request = bare(&Method::GET, &route.about("nonsense"));
        request.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
        let answer = house.door.send(request).await;
        let open = ["/token", "/revoke", "/userinfo", "/jwks"].contains(&route.path)
            || route.path.starts_with("/.well-known/");
        let expected = open.then_some("*");
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{}", route.path);
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{}", route.path);
    }
}
