//! The UserInfo endpoint (security requirements 78 to 84).

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use plex_oidc_core::time::Seconds;

use crate::support::{Answer, House, RelyingParty, Tokens, get, post_form};

async fn signed_in(house: &House) -> (RelyingParty, Tokens) {
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    (photos, tokens)
}

fn with_header(mut request: Request<Body>, header: &str) -> Request<Body> {
    request.headers_mut().append(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
    request
}

#[track_caller]
fn has_claims(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["sub"]), (200, &"plex-48151001".into()), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// RFC 6750 s. 3: the challenge names the error; without a token it names none.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, error: Option<&str>) {
    assert_eq!(answer.status, status, "{answer:?}");
    let challenge = answer.header("www-authenticate").unwrap();
    match error {
        None => assert_eq!(challenge, "Bearer"),
        Some(error) => {
            assert!(challenge.starts_with(&format!("Bearer error=\"{error}\"")), "{challenge}");
            assert_eq!(answer.json()["error"], error);
        }
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json().get("sub"), None);
}

#[tokio::test]
async fn req_078_by_get_and_post_in_header_or_form() {
    let house = House::new().await;
    let (_, tokens) = signed_in(&house).await;
    let bearer = format!("Bearer {}", tokens.access_token());
    has_claims(&house.door.send(with_header(get("/userinfo"), &bearer)).await);
    has_claims(&house.door.send(with_header(post_form("/userinfo", &[]), &bearer)).await);
    let empty_post = Request::post("/userinfo").body(Body::empty()).unwrap();
    has_claims(&house.door.send(with_header(empty_post, &bearer)).await);
    let form = [("access_token", &*tokens.access_token())];
    has_claims(&house.door.send(post_form("/userinfo", &form)).await);
    for method in [Method::PUT, Method::DELETE] {
        let mut request = with_header(get("/userinfo"), &bearer);
        *request.method_mut() = method;
        let answer = house.door.send(request).await;
        assert_eq!(answer.status, 405, "{answer:?}");
    }
}

#[tokio::test]
async fn req_078_never_in_the_address() {
    let house = House::new().await;
    let (_, tokens) = signed_in(&house).await;
    let token = tokens.access_token();
    let path = format!("/userinfo?access_token={token}");
    is_refused(&house.door.get(&path).await, 400, Some("invalid_request"));
    is_refused(&house.door.send(post_form(&path, &[])).await, 400, Some("invalid_request"));
    let also_in_header = with_header(get(&path), &format!("Bearer {token}"));
    is_refused(&house.door.send(also_in_header).await, 400, Some("invalid_request"));
    // The body of a GET means nothing.
    let mut request = post_form("/userinfo", &[("access_token", &token)]);
    *request.method_mut() = Method::GET;
    is_refused(&house.door.send(request).await, 401, None);
}

#[tokio::test]
async fn req_079_the_subject_is_that_of_the_id_token() {
    let house = House::new().await;
    for id in ["photos", "wiki", "tv", "legacy"] {
        let relying_party = house.relying_party(id);
        let (_, tokens) = house.sign_in("home", &relying_party).await;
        let claims = relying_party.userinfo(&tokens.access_token()).await.expect(200).json();
        assert_eq!(claims["sub"], relying_party.id_claims(&tokens.id_token()).await["sub"]);
    }
}

#[tokio::test]
async fn req_080_the_three_refusals() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house).await;
    is_refused(&house.door.get("/userinfo").await, 401, None);
    is_refused(&house.door.send(post_form("/userinfo", &[])).await, 401, None);
    let token = tokens.access_token();
    for bad in ["x", "poa_x", &token[..token.len() - 1], &format!("{token}A"), &token.to_uppercase()] {
        is_refused(&photos.userinfo(bad).await, 401, Some("invalid_token"));
    }
    let refresh = tokens.refresh_token();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("scope", "profile")];
    let narrow = photos.token(&fields).await.expect(200).json();
    let answer = photos.userinfo(narrow["access_token"].as_str().unwrap()).await;
    is_refused(&answer, 403, Some("insufficient_scope"));
}

#[tokio::test]
async fn req_081_nothing_but_an_access_token() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house).await;
    let (asked, mut browser) = (photos.authorization(), house.browser());
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let session = browser.session().unwrap().to_owned();
    let plex = house.plex.world().token_for("friend");
    let others = [tokens.id_token(), tokens.refresh_token(), landing.code().to_owned(), session, plex];
    for other in others {
        is_refused(&photos.userinfo(&other).await, 401, Some("invalid_token"));
    }
}

#[tokio::test]
async fn req_082_two_ways_at_once_are_refused() {
    let house = House::new().await;
    let (_, tokens) = signed_in(&house).await;
    let (token, bearer) = (tokens.access_token(), format!("Bearer {}", tokens.access_token()));
    let both = with_header(post_form("/userinfo", &[("access_token", &token)]), &bearer);
    is_refused(&house.door.send(both).await, 400, Some("invalid_request"));
    let twice = with_header(with_header(get("/userinfo"), &bearer), &bearer);
    is_refused(&house.door.send(twice).await, 400, Some("invalid_request"));
    let twice = post_form("/userinfo", &[("access_token", &token), ("access_token", &token)]);
    is_refused(&house.door.send(twice).await, 400, Some("invalid_request"));
}

#[tokio::test]
async fn req_083_the_scheme_has_no_case_and_only_this_scheme_counts() {
    let house = House::new().await;
    let (_, tokens) = signed_in(&house).await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let request = with_header(get("/userinfo"), &format!("{scheme} {}", tokens.access_token()));
        has_claims(&house.door.send(request).await);
    }
    for header in ["Basic eDp4", "DPoP", "Bearer", "Bearer "] {
        let answer = house.door.send(with_header(get("/userinfo"), header)).await;
        assert!(answer.status == 401 || answer.status == 400, "{header}: {answer:?}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
    let mut not_a_form = post_form("/userinfo", &[("access_token", &tokens.access_token())]);
    not_a_form.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    is_refused(&house.door.send(not_a_form).await, 401, None);
}

#[tokio::test]
async fn req_084_the_end_of_access_is_the_end_of_claims() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house).await;
    photos.userinfo(&tokens.access_token()).await.expect(200);
    house.edit_person("friend", "$.standing", "\"Ended\"");
    is_refused(&photos.userinfo(&tokens.access_token()).await, 401, Some("invalid_token"));
}

#[tokio::test]
async fn req_084_signing_out_ends_the_access_tokens_of_the_browser_session() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("scope", "openid profile");
    let tokens = photos.tokens(&asked, &browser.sign_in(&asked.url(), "friend").await).await;
    photos.userinfo(&tokens.access_token()).await.expect(200);
    let page = browser.open("/sign-out").await;
    browser.submit(&page, "/sign-out").await.expect(200);
    is_refused(&photos.userinfo(&tokens.access_token()).await, 401, Some("invalid_token"));
}

#[tokio::test]
async fn req_084_an_access_token_ends_on_time() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house).await;
    house.pass(Seconds(590));
    photos.userinfo(&tokens.access_token()).await.expect(200);
    house.pass(Seconds(11));
    is_refused(&photos.userinfo(&tokens.access_token()).await, 401, Some("invalid_token"));
}
