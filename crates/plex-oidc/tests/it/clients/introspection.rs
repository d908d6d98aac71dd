//! The introspection endpoint (RFC 7662).

use http::HeaderValue;
use http::header::ACCEPT;
use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{is_error, is_inactive, signed_in};
use crate::support::{ClientAuth, House, ISSUER, Setup, get};

/// The usual house, with a resource server that answers requests with the tokens of `photos`.
async fn house() -> House {
    Setup::default().client("api", "introspects = [\"photos\"]").start().await
}

#[tokio::test]
async fn req_098_an_access_token_is_told_to_its_client_and_to_a_named_audience() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let id_token = photos.id_claims(&tokens.id_token()).await;
    let now = house.now().0;
    let mut expected = json!({
        "active": true,
        "scope": "openid profile email groups offline_access",
        "client_id": "photos",
        "username": photos.userinfo(&tokens.access_token()).await.json()["preferred_username"],
        "token_type": "Bearer",
        "exp": now + 600,
        "iat": now,
        "sub": id_token["sub"],
        "iss": ISSUER,
        "sid": id_token["sid"],
    });
    let told = photos.introspect(&tokens.access_token()).await.expect(200);
    assert_eq!(told.header("content-type"), Some("application/json"));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    assert_eq!(told.json(), expected);
    expected["aud"] = json!(["api"]);
    let api = house.relying_party("api");
    assert_eq!(api.introspect(&tokens.access_token()).await.expect(200).json(), expected);
}

#[tokio::test]
async fn req_098_another_client_hears_nothing_but_inactive() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let (wiki, of_wiki) = signed_in(&house, "wiki").await;
    let api = house.relying_party("api");
    is_inactive(&wiki.introspect(&tokens.access_token()).await);
    is_inactive(&wiki.introspect(&tokens.refresh_token()).await);
    is_inactive(&api.introspect(&of_wiki.access_token()).await);
    is_inactive(&photos.introspect(&of_wiki.access_token()).await);
    // There is no JWT form of an answer (RFC 9701): who asks for one gets this one, and no more in it.
    let mut as_jwt = wiki.request("/introspect", &[("token", &tokens.access_token())]);
    let jwt = HeaderValue::from_static("application/token-introspection+jwt");
    as_jwt.headers_mut().insert(ACCEPT, jwt);
    is_inactive(&house.door.send(as_jwt).await);
    // A refresh token is for us alone: a resource must not take one for something that opens doors.
    is_inactive(&api.introspect(&tokens.refresh_token()).await);
}

#[tokio::test]
async fn req_098_a_caller_must_be_confidential_and_believed() {
    let house = house().await;
    let (tv, tokens) = signed_in(&house, "tv").await;
    is_error(&tv.introspect(&tokens.access_token()).await, 401, "invalid_client");
    let photos = house.relying_party("photos");
    for auth in [ClientAuth::Basic("wrong".to_owned()), ClientAuth::Public, ClientAuth::Nothing] {
        let answer = photos.authenticating(auth).introspect(&tokens.access_token()).await;
        is_error(&answer, 401, "invalid_client");
    }
    is_error(&house.door.send(get("/introspect?token=x")).await, 405, "invalid_request");
    is_error(&house.door.send(photos.request("/introspect", &[])).await, 400, "invalid_request");
}

#[tokio::test]
async fn req_098_every_bad_token_is_inactive_and_nothing_else() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let body = "A".repeat(43);
    let access = tokens.access_token();
    for bad in [
        "x",
        &*format!("poa_{body}"),
        &*format!("por_{body}"),
        &*format!("pom_{body}"),
        &*format!("{access}A"),
        &*access.replace("poa_", "pom_"),
        &*tokens.refresh_token().replace("por_", "poa_"),
    ] {
        is_inactive(&photos.introspect(bad).await);
    }
    house.pass(Seconds(601));
    is_inactive(&photos.introspect(&access).await);
}

#[tokio::test]
async fn req_098_the_same_decision_as_at_every_door() {
    let mut house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let api = house.relying_party("api");
    let all = [tokens.access_token(), tokens.refresh_token()];
    for token in &all {
        assert_eq!(photos.introspect(token).await.json()["active"], true);
    }
    house.edit_person("friend", "$.standing", "\"Ended\"");
    for token in &all {
        is_inactive(&photos.introspect(token).await);
    }
    is_inactive(&api.introspect(&tokens.access_token()).await);

    // What the configuration takes away is gone as well: the scope, the permission to ask, the application.
    let (photos, tokens) = signed_in(&house, "photos").await;
    let fewer = "scopes = [\"openid\", \"email\"]";
    house.restart_with(|setup| setup.client("photos", fewer).client("api", "introspects = []")).await;
    let told = photos.introspect(&tokens.access_token()).await.json();
    assert_eq!((&told["scope"], told.get("username")), (&json!("openid email"), None));
    is_inactive(&photos.introspect(&tokens.refresh_token()).await);
    is_inactive(&api.introspect(&tokens.access_token()).await);
    house.restart_with(|setup| setup.client("api", "introspects = [\"photos\"]")).await;
    assert_eq!(api.introspect(&tokens.access_token()).await.json()["active"], true);
    house.restart_with(|setup| setup.client("photos", "enabled = false")).await;
    is_inactive(&api.introspect(&tokens.access_token()).await);
}

#[tokio::test]
async fn req_098_a_refresh_token_is_told_to_its_client_while_it_can_be_used() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let refresh = tokens.refresh_token();
    let told = photos.introspect(&refresh).await.json();
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!("plex-48151001")));
    assert_eq!(told["exp"], house.now().plus(house.config.tokens.refresh_idle).0);
    assert_eq!(told.get("token_type"), None, "it is no bearer token");
    house.pass(house.config.tokens.refresh_idle);
    is_inactive(&photos.introspect(&refresh).await);

    let rotating = Setup::default().client("photos", "rotate_refresh_tokens = true").start().await;
    let (photos, tokens) = signed_in(&rotating, "photos").await;
    let successor = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    let successor = successor["refresh_token"].as_str().unwrap();
    is_inactive(&photos.introspect(&tokens.refresh_token()).await);
    assert_eq!(photos.introspect(successor).await.json()["active"], true);
    photos.revoke(successor).await.expect(200);
    is_inactive(&photos.introspect(successor).await);
}

/// Nothing is kept from one question to the next: who asks, and what happened since, always counts.
#[tokio::test]
async fn req_099_no_answer_is_remembered() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let (api, wiki) = (house.relying_party("api"), house.relying_party("wiki"));
    let token = tokens.access_token();
    for _ in 0..2 {
        assert_eq!(photos.introspect(&token).await.json().get("aud"), None);
        assert_eq!(api.introspect(&token).await.json()["aud"], json!(["api"]));
        is_inactive(&wiki.introspect(&token).await);
    }
    photos.revoke(&token).await.expect(200);
    for caller in [photos, api, wiki] {
        is_inactive(&caller.introspect(&token).await);
    }
}

#[tokio::test]
async fn req_110_no_jwt_of_ours_is_taken_for_an_access_token() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let app = house.app();
    let forged = |typ: &str| {
        let claims = json!({
            "iss": ISSUER, "sub": "plex-48151001", "aud": "api", "client_id": "photos", "jti": "1",
            "iat": house.now().0, "exp": house.now().0 + 600, "scope": "openid",
        });
        app.keys
            .ring()
            .signing_key(plex_oidc_core::client::SigningAlgorithm::Rs256)
            .sign(typ, &claims)
            .unwrap()
    };
    for jwt in [tokens.id_token(), forged("JWT"), forged("at+jwt"), forged("logout+jwt")] {
        is_inactive(&photos.introspect(&jwt).await);
        is_inactive(&house.relying_party("api").introspect(&jwt).await);
        photos.userinfo(&jwt).await.expect(401);
    }
}

#[tokio::test]
async fn a_store_that_fails_makes_no_token_inactive() {
    let house = house().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    house.sql("DROP VIEW access_token_details");
    let answer = photos.introspect(&tokens.access_token()).await;
    is_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("5"));
}
