//! What the forms and calls of an attempt believe, and what they do not.

use axum::body::Body;
use http::{HeaderValue, Request};

use crate::support::{Form, House, get, post_form};

#[tokio::test]
async fn a_form_or_call_from_elsewhere_is_refused() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let csrf = page.data("csrf");
    let pin = browser.make_pin(&page).await.unwrap();
    let offer = format!("{{\"id\":{},\"code\":\"{}\"}}", pin.id, pin.code);
    let elsewhere: [(&str, &str, &str); 4] = [
        ("origin", "https://evil.example", &csrf),
        ("origin", "null", &csrf),
        ("sec-fetch-site", "cross-site", &csrf),
        ("sec-fetch-site", "same-origin", "another-token"),
    ];
    for (header, value, csrf) in elsewhere {
        for action in ["start", "cancel", "again", "continue", "consent"] {
            let mut request = post_form(&format!("/sign-in/{}/{action}", page.attempt()), &[("csrf", csrf)]);
            request.headers_mut().insert(header, HeaderValue::from_static(value));
            let answer = browser.send(request).await.expect(403);
            assert_eq!(answer.heading(), "This page is out of date", "{action} {header}: {value}");
        }
        let call = Request::post(format!("/sign-in/{}/pin", page.attempt())).header(header, value);
        let call = call.header("x-csrf-token", csrf).body(Body::from(offer.clone())).unwrap();
        browser.send(call).await.expect(403);
    }
    assert_eq!(house.plex.pin_count(), 1, "none was made by us");
    browser.approve_and_finish(&page, "friend").await.leaves().code();
}

#[tokio::test]
async fn every_form_carries_the_token_of_its_attempt_and_needs_it() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let forms: Vec<Form> = page.forms();
    assert_eq!(forms.len(), 2);
    for Form { action, fields } in forms {
        assert_eq!(fields, [("csrf".to_owned(), page.data("csrf"))], "{action}");
        browser.send_own(post_form(&action, &[])).await.expect(403);
        browser.send_own(post_form(&action, &[("csrf", ""), ("csrf", &page.data("csrf"))])).await.expect(403);
    }
}

#[tokio::test]
async fn an_application_that_was_taken_out_meanwhile_gets_nothing() {
    let mut house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    house.restart_with(|setup| setup.without_client("photos")).await;
    let gone = browser.come_back(&page).await.expect(400);
    assert!(gone.stays() && browser.session().is_none(), "{}", gone.text());
}

#[tokio::test]
async fn a_get_starts_and_ends_nothing() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    for action in ["start", "cancel", "again", "continue", "pin"] {
        browser.get(&format!("/sign-in/{}/{action}", page.attempt())).await.expect(405);
    }
    assert_eq!(house.plex.pin_count(), 0);
    browser.open(&page.url).await.expect(200);
}

#[tokio::test]
async fn req_018_what_was_asked_for_is_frozen() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("scope", "openid");
    let page = browser.open(&asked.url()).await;
    let forged = [
        ("redirect_uri", "https://evil.example/"),
        ("scope", "openid email"),
        ("client_id", "wiki"),
        ("state", "forged"),
        ("nonce", "forged"),
    ];
    browser.post(&page, "/start", &forged).await.expect(200);
    house.plex.approve(&house.plex.newest_pin(), "friend");
    let query = "redirect_uri=https%3A%2F%2Fevil.example%2F&scope=openid+email&client_id=wiki&state=forged";
    let landing = browser.open(&format!("/sign-in/{}/return?{query}", page.attempt())).await.leaves();
    let tokens = photos.tokens(&asked, &landing).await;
    assert_eq!(tokens.0["scope"], "openid");
}

#[tokio::test]
async fn no_endpoint_accepts_a_plex_token() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let token = house.plex.world().token_for("friend");
    let page = browser.open(&photos.authorization().url()).await;
    let (attempt, csrf) = (page.attempt(), page.data("csrf"));
    let asked = photos.authorization().url();
    let paths = [
        asked.strip_prefix("https://auth.example.com").unwrap().to_owned(),
        format!("/sign-in/{attempt}"),
        format!("/sign-in/{attempt}/return"),
        format!("/sign-in/{attempt}/status"),
        "/userinfo".to_owned(),
    ];
    let names =
        ["X-Plex-Token", "token", "authToken", "auth_token", "plex_token", "access_token", "pin", "code"];
    for path in &paths {
        for name in names {
            let joint = if path.contains('?') { '&' } else { '?' };
            let mut request = get(&format!("{path}{joint}{name}={token}"));
            let headers = request.headers_mut();
            headers.insert("x-plex-token", HeaderValue::from_str(&token).unwrap());
            headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
            // Each authorization request is a new attempt, and a browser keeps eight: one of its own for each.
            let mut visitor = browser.clone();
            let answer = visitor.send(request).await;
            assert!(!answer.location().is_some_and(|to| to.contains("code=")), "{path} {name}");
            assert!(!answer.body.contains("mara") && visitor.session().is_none(), "{path} {name}");
        }
    }
    for name in names {
        let body = format!("{{\"id\":1,\"code\":\"{token}\",\"mode\":\"popup\",\"{name}\":\"{token}\"}}");
        let call = Request::post(format!("/sign-in/{attempt}/pin")).header("x-csrf-token", &csrf);
        let call = call.header("x-plex-token", &token).body(Body::from(body)).unwrap();
        let answer = browser.send_own(call).await;
        assert!(matches!(answer.status, 400 | 409), "{name}: {answer:?}");
        let refused =
            photos.token(&[("grant_type", "authorization_code"), ("code", &token), (name, &token)]).await;
        assert_eq!(refused.status, 400, "{name}");
        let again = post_form(&format!("/sign-in/{attempt}/again"), &[("csrf", &csrf), (name, &token)]);
        assert_eq!(browser.send_own(again).await.expect(200).heading(), "Sign in to Photos");
    }
    for cookie in ["__Host-plex-oidc-session".to_owned(), format!("__Host-plex-oidc-login-{attempt}")] {
        let mut thief = house.browser();
        thief.cookies.insert(cookie, token.clone());
        assert_eq!(thief.open(&asked).await.heading(), "Sign in to Photos");
        thief.come_back(&page).await.expect(400);
    }
    let told = house.plex.world().request_log().iter().any(|call| call.headers.contains_key("x-plex-token"));
    assert!(!told, "we showed Plex a token that came from a browser");
}

/// A second click before the first one was answered: the browser shows the answer to the second.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_double_click_on_the_button_leads_to_plex_all_the_same() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await.expect(200);
    let clicks = (0..4).map(|_| {
        let (mut same, page) = (browser.clone(), page.clone());
        tokio::spawn(async move { same.submit(&page, "/start").await })
    });
    for click in clicks.collect::<Vec<_>>() {
        click.await.unwrap().expect(200);
    }
    let waiting = browser.come_back(&page).await.expect(200);
    let (_, code) = waiting.body.split_once("code=").expect("a link to Plex");
    let code: String = code.chars().take_while(char::is_ascii_alphanumeric).collect();
    house.plex.approve(&code, "friend");
    browser.come_back(&page).await.leaves().code();
}
