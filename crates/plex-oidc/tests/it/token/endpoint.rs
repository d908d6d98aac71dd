//! The form of requests and answers.

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};

use super::code;
use crate::support::{Answer, House, Setup, get, post_form};

/// Checks what every error of this endpoint has in common (RFC 6749 s. 5.2).
#[track_caller]
fn is_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let described = answer.json()["error_description"].as_str().unwrap().to_owned();
    let plain = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!described.is_empty() && described.bytes().all(plain), "{described}");
}

#[tokio::test]
async fn req_044_only_post_and_only_forms() {
    let house = House::new().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let mut request = get("/token?grant_type=authorization_code");
        *request.method_mut() = method;
        let answer = house.door.send(request).await;
        is_error(&answer, 405, "invalid_request");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    let photos = house.relying_party("photos");
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
        let mut request = photos.token_request(&[("grant_type", "refresh_token"), ("refresh_token", "x")]);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        is_error(&house.door.send(request).await, 415, "invalid_request");
    }
}

#[tokio::test]
async fn req_044_nothing_is_read_from_the_address() {
    let house = House::new().await;
    let wiki = house.relying_party("wiki");
    let (asked, code) = code(&house, &wiki).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", asked.get("redirect_uri").unwrap()),
        ("code_verifier", &*asked.verifier),
    ];
    for query in ["client_secret=x", "code=x", "anything", "grant_type=password"] {
        let mut request = wiki.token_request(&fields);
        *request.uri_mut() = format!("/token?{query}").parse().unwrap();
        is_error(&house.door.send(request).await, 400, "invalid_request");
    }
    wiki.token(&fields).await.expect(200); // none of them spent the code
}

#[tokio::test]
async fn req_045_a_success_says_all_and_is_kept_nowhere() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (asked, code) = code(&house, &photos).await;
    let answer = photos.redeem(&asked, &code).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let lifetime = house.config.clients.iter().find(|client| client.id.as_str() == "photos").unwrap();
    assert_eq!(tokens["expires_in"], lifetime.access_token_lifetime.0);
    assert_eq!(tokens["scope"], "openid profile email groups offline_access");
    let names: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    let expected = ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn req_051_only_the_grant_types_that_exist() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    for grant_type in
        ["password", "Client_Credentials", "implicit", "urn:x", "Authorization_Code", "\"<script>"]
    {
        let fields =
            [("grant_type", grant_type), ("username", "mara"), ("password", "x"), ("scope", "openid")];
        let answer = photos.token(&fields).await;
        is_error(&answer, 400, "unsupported_grant_type");
    }
    is_error(&photos.token(&[]).await, 400, "invalid_request");
    is_error(&photos.token(&[("grant_type", "")]).await, 400, "invalid_request");
    let twice = [("grant_type", "refresh_token"), ("grant_type", "refresh_token"), ("refresh_token", "x")];
    is_error(&photos.token(&twice).await, 400, "invalid_request");
    is_error(&photos.token(&[("grant_type", "authorization_code")]).await, 400, "invalid_request");
    is_error(&photos.token(&[("grant_type", "refresh_token")]).await, 400, "invalid_request");
}

#[tokio::test]
async fn req_051_a_client_without_offline_access_has_no_refresh_grant() {
    let house = Setup::default().client("brief", "scopes = [\"openid\", \"profile\"]").start().await;
    let brief = house.relying_party("brief");
    let answer = brief.refresh("por_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    is_error(&answer, 400, "unauthorized_client");
}

#[tokio::test]
async fn req_052_no_answer_repeats_what_was_sent() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let hostile = "\"<script>alert(1)</script>\\\u{1b}[31m\u{e9}";
    let names =
        ["grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "client_id"];
    for hostile_name in names {
        for grant_type in ["authorization_code", "refresh_token"] {
            let mut fields = vec![
                ("grant_type", grant_type),
                ("code", "poc_x"),
                ("redirect_uri", "https://photos.example.org/callback"),
                ("refresh_token", "por_x"),
            ];
            fields.retain(|(name, _)| *name != hostile_name);
            fields.push((hostile_name, hostile));
            let answer = photos.token(&fields).await;
            assert!((400..=401).contains(&answer.status), "{answer:?}");
            is_error(&answer, answer.status, answer.json()["error"].as_str().unwrap());
            for part in ["<script", "alert", "\u{1b}", "u001b", "\u{e9}"] {
                assert!(!answer.body.contains(part), "{hostile_name}: {}", answer.body);
                assert!(!format!("{:?}", answer.headers).contains(part), "{hostile_name}");
            }
        }
    }
}

#[tokio::test]
async fn req_055_a_body_over_64_kib_or_64_pairs_is_refused() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let fits = "x".repeat(60 * 1024);
    let answer = photos.token(&[("grant_type", "refresh_token"), ("refresh_token", &fits)]).await;
    is_error(&answer, 400, "invalid_grant");
    let too_large = "x".repeat(65 * 1024);
    let answer = photos.token(&[("grant_type", "refresh_token"), ("refresh_token", &too_large)]).await;
    is_error(&answer, 413, "invalid_request");
    let pair = |count| vec![("padding", "x"); count];
    let with = |count| [vec![("grant_type", "refresh_token"), ("refresh_token", "x")], pair(count)].concat();
    is_error(&photos.token(&with(62)).await, 400, "invalid_grant");
    is_error(&photos.token(&with(63)).await, 400, "invalid_request");
}

#[tokio::test]
async fn req_056_no_token_leaves_before_it_is_stored() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (asked, code) = code(&house, &photos).await;
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON access_tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    house.sql(full);
    let answer = photos.redeem(&asked, &code).await;
    is_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.json().as_object().unwrap().len(), 2, "nothing but the error: {}", answer.body);

    house.sql("DROP TRIGGER full");
    let tokens = photos.redeem(&asked, &code).await.expect(200).json(); // the failure spent nothing
    house.sql(full);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let answer = photos.refresh(refresh_token).await;
    is_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("5"));
    house.sql("DROP TRIGGER full");
    photos.refresh(refresh_token).await.expect(200);
}

#[tokio::test]
async fn the_endpoint_answers_scripts_of_other_origins() {
    let house = House::new().await;
    let mut ask = Request::options("/token").body(Body::empty()).unwrap();
    let headers = [
        ("origin", "https://tv.example.org"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    for (name, value) in headers {
        ask.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let answer = house.door.send(ask).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None, "cookies never count here");
    let mut request = post_form("/token", &[]);
    request.headers_mut().insert("origin", HeaderValue::from_static("https://tv.example.org"));
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Basic eDp4"));
    let answer = house.door.send(request).await;
    is_error(&answer, 401, "invalid_client");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.json()["access_token"], Value::Null);
}
