//! Who may change something, and by which method.

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::json;

use super::{bare, routes, stored, with_consent};
use crate::support::{Answer, Browser, House, ISSUER, post_form};

/// These need no form token: nobody's cookies count at them.
const WITHOUT_COOKIES: [&str; 7] =
    ["/token", "/revoke", "/introspect", "/userinfo", "/par", "/device/authorize", "/api/v1/{*rest}"];
/// Two endpoints take forms of other sites by their nature: what the one begins is bound to this browser only, and the other
/// ends a session only by a verified ID token of it.
const FROM_ELSEWHERE: [&str; 2] = ["/authorize", "/end-session"];
/// The way in by a link needs the secret of the link, and the way out the cookie that came of it: see the tests of links.
const BY_LINK: [&str; 2] = ["/admin/enter", "/admin/leave"];
/// With the right token, an answer that is none is refused as well: see the tests of passkeys.
const BY_PASSKEY: [&str; 1] = ["/admin/passkey"];

/// A POST as our page or script sends it, with this token.
fn post(path: &str, token: Option<&str>, pin: (u64, &str)) -> Request<axum::body::Body> {
    let mut request = if path.ends_with("/pin") {
        let body = json!({ "id": pin.0, "code": pin.1 }).to_string();
        Request::post(path).header(CONTENT_TYPE, "application/json").body(body.into()).unwrap()
    } else {
        post_form(path, token.map(|token| ("csrf", token)).as_slice())
    };
    if let Some(token) = token.filter(|_| path.ends_with("/pin")) {
        request.headers_mut().insert("x-csrf-token", HeaderValue::from_str(token).unwrap());
    }
    request
}

fn with(
    mut request: Request<axum::body::Body>,
    headers: &[(&'static str, &'static str)],
) -> Request<axum::body::Body> {
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request
}

/// A signed-in browser with a page that can be acted on, and the right token for the route.
async fn ready(house: &House, path: &str) -> (Browser, Answer, String) {
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await;
    let persona = if path.starts_with("/admin") { "owner" } else { "friend" };
    browser.approve_and_finish(&page, persona).await;
    let choose = photos.authorization().with("prompt", "select_account");
    let page = browser.open(&choose.url()).await.expect(200);
    let form = if ["/sign-out", "/device"].contains(&path) {
        browser.open(path).await.form(path)
    } else if path == "/admin/passkey/options" {
        browser.open("/admin/passkey").await.form("/admin/passkey")
    } else if ["/account/", "/admin/"].iter().any(|own| path.starts_with(own)) {
        browser.open("/sign-out").await.form("/sign-out") // bound to the same session
    } else {
        page.form("/cancel")
    };
    let token = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    (browser, page, token)
}

#[tokio::test]
async fn req_131_every_post_needs_its_token_and_must_come_from_us() {
    let house = with_consent().start().await;
    let ours = [("origin", ISSUER), ("sec-fetch-site", "same-origin")];
    let mut count = 0;
    for route in routes().into_iter().filter(|route| route.post) {
        // What proxies ask takes the method of somebody else's request, and is answered to proxies alone.
        let for_proxies = ["/authz/", "/validate/"].iter().any(|start| route.path.starts_with(start));
        let elsewhere = [&WITHOUT_COOKIES[..], &FROM_ELSEWHERE, &BY_LINK, &BY_PASSKEY].concat();
        if elsewhere.contains(&route.path) || for_proxies {
            continue;
        }
        let (mut browser, page, token) = ready(&house, route.path).await;
        let path = route.about(&page.attempt());
        let pin = browser.make_pin(&browser.open_sign_in(&house).await).await.unwrap();
        let (_, _, others) = ready(&house, route.path).await;
        let made = (pin.id, &*pin.code);
        let before = stored(&house);
        let refused = [
            ("no token", with(post(&path, None, made), &ours)),
            ("an empty token", with(post(&path, Some(""), made), &ours)),
            ("another browser's token", with(post(&path, Some(&others), made), &ours)),
            ("a token cut short", with(post(&path, Some(&token[..token.len() - 1]), made), &ours)),
            ("another origin", with(post(&path, Some(&token), made), &[("origin", "https://evil.example")])),
            ("no origin to name", with(post(&path, Some(&token), made), &[("origin", "null")])),
            ("another site", with(post(&path, Some(&token), made), &[("sec-fetch-site", "cross-site")])),
            ("a neighbour host", with(post(&path, Some(&token), made), &[("sec-fetch-site", "same-site")])),
        ];
        for (what, request) in refused {
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 403, "{what} at {path}: {answer:?}");
            assert!(answer.set_cookies().is_empty(), "{what} at {path}");
        }
        assert_eq!(stored(&house), before, "a refused request changed something at {path}");
        let answer = browser.send(with(post(&path, Some(&token), made), &ours)).await;
        // The form for a device's code came without a code, and is looked at.
        let looked_at = answer.status < 400 || (path == "/device" && answer.status == 400);
        assert!(looked_at, "{path}: {answer:?}");
        count += 1;
    }
    assert_eq!(
        count, 31,
        "pin, start, password, again, ask, cancel, continue, consent, sign-out, device, seven of the account, ten of the host, four of passkeys"
    );
}

impl Browser {
    /// Somebody else's sign-in page, which says how PINs are made.
    async fn open_sign_in(&self, house: &House) -> Answer {
        house.browser().open(&house.relying_party("wiki").authorization().url()).await.expect(200)
    }
}

#[tokio::test]
async fn req_131_a_browser_that_says_nothing_about_itself_needs_the_token() {
    let house = with_consent().start().await;
    let (mut browser, page, token) = ready(&house, "/sign-in/{request}/cancel").await;
    let path = format!("/sign-in/{}/cancel", page.attempt());
    assert_eq!(browser.send(post(&path, None, (0, ""))).await.status, 403);
    let answer = browser.send(post(&path, Some(&token), (0, ""))).await;
    assert_eq!(answer.expect(200).leaves().error(), "access_denied");
}

/// Every GET but seven is read-only. `/authorize` begins an attempt, and gives codes to whoever is signed in (RFC 6749
/// s. 3.1 wants GET); our own pages begin one as well, for whoever is not signed in, wants to anew, or may not see them; `return`
/// is where Plex sends the browser back, as to a redirect URI: it works once, with the cookie of its attempt.
#[tokio::test]
async fn req_132_a_get_changes_nothing() {
    let house = with_consent().start().await;
    let exceptions = [
        "/authorize",
        "/sign-in/{request}/return",
        "/account",
        "/account/again",
        "/admin",
        "/admin/again",
        "/admin/people/{account}",
        "/admin/audit",
        "/admin/audit.jsonl",
        "/admin/api-tokens",
        "/admin/passkeys",
    ];
    let (mut browser, page, _) = ready(&house, "").await;
    let mut approved = house.browser();
    let waiting = approved.open(&house.relying_party("wiki").authorization().url()).await;
    let pin = approved.start(&waiting).await;
    house.plex.approve(&pin.code, "friend");
    assert!(approved.wait(&waiting).await.is_some(), "the outcome is stored now");

    let before = stored(&house);
    for route in routes().into_iter().filter(|route| route.get && !exceptions.contains(&route.path)) {
        for (browser, page) in [(&mut browser, &page), (&mut approved, &waiting)] {
            for query in ["", "?csrf=x&action=cancel", "?post_logout_redirect_uri=https://evil.example"] {
                let path = format!("{}{query}", route.about(&page.attempt()));
                for method in [Method::GET, Method::HEAD] {
                    let answer = browser.send(with(bare(&method, &path), &[("accept", "text/html")])).await;
                    assert!(answer.status < 500, "{answer:?}");
                    assert!(stored(&house) == before, "{method} {path} changed something");
                }
            }
        }
    }
    // And the exception is one: it signs in.
    assert!(approved.come_back(&waiting).await.leaves().get("code").is_some());
    assert_ne!(stored(&house), before);
}

#[tokio::test]
async fn req_133_no_address_is_taken_from_a_request() {
    let house = with_consent().start().await;
    let names =
        ["return_to", "next", "rd", "redirect", "url", "continue", "forwardUrl", "post_logout_redirect_uri"];
    let values = [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/./..//evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert('evil.example')",
        "\thttps://evil.example",
        "/@evil.example",
    ];
    let (mut browser, page, _) = ready(&house, "").await;
    for route in routes().into_iter().filter(|route| route.get) {
        for name in names {
            for value in values {
                let query =
                    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
                let path = format!("{}?{query}", route.about(&page.attempt()));
                let answer = browser.get(&path).await;
                let said = format!("{:?} {}", answer.headers, answer.body);
                assert!(!said.contains("evil.example"), "{path}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn who_is_asked_about_signing_out_may_stay() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let asked = browser.open("/sign-out").await.expect(200);
    let stays = browser.post(&asked, "/sign-out", &[("answer", "stay")]).await.expect(200);
    assert_eq!((stays.heading().as_str(), stays.set_cookies()), ("You are signed in", vec![]));
    browser.get(&photos.authorization().url()).await.leaves().code();
    let leaves = browser.post(&asked, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    assert_eq!((leaves.heading().as_str(), browser.session()), ("You are signed out", None));
    browser.open(&photos.authorization().url()).await.expect(200);
}
