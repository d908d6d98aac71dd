//! `response_mode=form_post`: the answer as a form that posts itself (requirements 122 and 127).

use plex_oidc_core::time::Seconds;

use crate::support::{Answer, Authorization, House, ISSUER, Landing, RelyingParty, Setup};

fn by_form(relying_party: &RelyingParty) -> Authorization {
    relying_party.authorization().with("response_mode", "form_post")
}

/// Checks the page, and where its form goes.
#[track_caller]
fn posted(answer: &Answer, asked: &Authorization) -> Landing {
    assert_eq!((answer.status, answer.location()), (200, None), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    let landing = answer.leaves();
    asked.check(&landing);
    assert_eq!(Some(landing.url.as_str()), asked.get("redirect_uri"), "nothing is in the query");
    let policy = answer.header("content-security-policy").unwrap();
    let form_action = format!("form-action {}", landing.url.origin().ascii_serialization());
    for part in [form_action.as_str(), "script-src 'self'", "default-src 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|found| found == part), "{part}: {policy}");
    }
    // One form, one script of ours and none on the page itself, and a button for whoever runs none.
    assert_eq!((answer.forms().len(), answer.body.matches("<script").count()), (1, 1), "{}", answer.body);
    let script = answer.body.split("<script src=\"").nth(1).unwrap();
    assert!(script.starts_with("/assets/") && script.split('"').nth(1).unwrap().starts_with("></script>"));
    assert!(answer.text().contains("Go to Photos"), "{}", answer.text());
    assert!(!answer.body.contains("onload"), "{}", answer.body);
    landing
}

#[tokio::test]
async fn req_122_after_the_sign_in_and_at_once_the_code_is_posted() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = by_form(&photos);
    let page = browser.open(&asked.url()).await.expect(200);
    let answer = browser.approve_and_finish(&page, "friend").await;
    assert!(browser.session().is_some());
    let landing = posted(&answer, &asked);
    assert_eq!(landing.parameters.keys().collect::<Vec<_>>(), ["code", "iss", "state"]);
    photos.tokens(&asked, &landing).await;
    let asked = by_form(&photos).with("state", &"s".repeat(128)).with("nonce", &"n".repeat(128));
    let answer = browser.get(&asked.url()).await;
    photos.tokens(&asked, &posted(&answer, &asked)).await;
    let asked = by_form(&photos);
    let by_post = browser.send(asked.post()).await;
    photos.tokens(&asked, &posted(&by_post, &asked)).await;
    let script = answer.body.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = browser.get(script).await.expect(200);
    assert!(script.body.ends_with("\ndocument.forms[0].submit();\n"), "{}", script.body);
}

#[tokio::test]
async fn req_122_127_after_every_form_of_ours_the_answer_is_posted() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = by_form(&photos);
    let page = browser.open(&asked.url()).await.expect(200);
    let answer = browser.post(&page, "/cancel", &[]).await;
    assert_eq!(posted(&answer, &asked).error(), "access_denied");
    let asked = by_form(&photos);
    let consent = browser.sign_in_to_page(&asked.url(), "friend").await.expect(200);
    let answer = browser.post(&consent, "/consent", &[]).await;
    photos.tokens(&asked, &posted(&answer, &asked)).await;
    let asked = by_form(&photos).with("prompt", "select_account");
    let page = browser.open(&asked.url()).await.expect(200);
    let answer = browser.post(&page, "/continue", &[]).await;
    photos.tokens(&asked, &posted(&answer, &asked)).await;
}

#[tokio::test]
async fn req_122_errors_are_posted_too() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for (name, value, error) in [
        ("prompt", "none", "login_required"),
        ("scope", "payments", "invalid_scope"),
        ("response_type", "token", "unsupported_response_type"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("claims", "{", "invalid_request"),
    ] {
        let asked = by_form(&photos).with(name, value);
        let landing = posted(&browser.get(&asked.url()).await, &asked);
        assert_eq!(landing.error(), error, "{name}={value}");
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    }
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    house.pass(Seconds(60));
    let asked = by_form(&photos).with("prompt", "none").with("max_age", "5");
    assert_eq!(posted(&browser.get(&asked.url()).await, &asked).error(), "login_required");
}

#[tokio::test]
async fn req_122_what_a_client_sends_stays_text() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for state in
        ["\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "&quot;&amp;<>{{ site }}é", "+ %"]
    {
        let asked = by_form(&photos).with("state", state).with("prompt", "none");
        let answer = browser.get(&asked.url()).await;
        let landing = posted(&answer, &asked);
        assert_eq!((landing.get("state"), landing.error()), (Some(state), "login_required"));
        assert!(
            !answer.body.contains("alert(1)</script>") && !answer.body.contains("<img"),
            "{}",
            answer.body
        );
    }
    let asked = by_form(&photos).with("state", "a\r\nb");
    let landing = browser.get(&asked.url()).await.leaves();
    assert_eq!((landing.posted, landing.error(), landing.get("state")), (true, "invalid_request", None));
}

#[tokio::test]
async fn req_027_122_a_registered_query_stays_and_nothing_is_added_to_it() {
    let uris = r#"redirect_uris = ["https://photos.example.org/cb?a=b&c=%20", "http://127.0.0.1/cb"]"#;
    let house = Setup::default().client("photos", uris).start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    for address in ["https://photos.example.org/cb?a=b&c=%20", "http://127.0.0.1:51004/cb"] {
        let asked = by_form(&photos).with("redirect_uri", address).with("prompt", "none");
        posted(&browser.get(&asked.url()).await, &asked);
    }
}

#[tokio::test]
async fn where_no_form_can_go_form_post_is_refused_by_the_query() {
    let house = House::new().await;
    let tv = house.relying_party("tv");
    let asked = by_form(&tv).with("redirect_uri", "com.example.tv:/callback");
    let landing = house.browser().get(&asked.url()).await.leaves();
    assert_eq!((landing.posted, landing.error()), (false, "invalid_request"));
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_still_a_page_of_ours() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let asked = by_form(&photos).with("redirect_uri", "https://evil.example/");
    let page = house.browser().get(&asked.url()).await.expect(400);
    assert!(page.stays() && !page.body.contains("<form"), "{}", page.body);
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["response_modes_supported"], serde_json::json!(["query", "form_post"]));
    assert_eq!(metadata["issuer"], ISSUER);
}
