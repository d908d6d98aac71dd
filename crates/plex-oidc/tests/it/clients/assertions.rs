//! Clients that sign to prove who they are (`private_key_jwt`, RFC 7523).

use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::SigningKey;
use plex_oidc_core::time::Seconds;
use serde_json::{Value, json};

use super::{is_error, signed_in};
use crate::support::{Answer, House, ISSUER, Setup, post_form, secret_of};

const FOR_ITSELF: (&str, &str) = ("grant_type", "client_credentials");
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap().0
}

fn set(keys: &[&SigningKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// A machine that signs, with these keys.
async fn house(keys: &[&SigningKey]) -> House {
    let signs = "auth_method = \"private_key_jwt\"\njwks_file = \"backup.jwks\"";
    Setup::default()
        .client("backup", &format!("{signs}\ngrant_types = [\"authorization_code\", \"client_credentials\"]"))
        .file("backup.jwks", &set(keys))
        .start()
        .await
}

fn claims(house: &House, jti: &str) -> Value {
    let now = house.now().0;
    json!({"iss": "backup", "sub": "backup", "aud": ISSUER, "jti": jti, "iat": now, "exp": now + 60})
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    key.sign("JWT", claims).unwrap()
}

async fn send(house: &House, path: &str, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let shown = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    house.door.send(post_form(path, &[&shown[..], more].concat())).await
}

async fn token(house: &House, assertion: &str) -> Answer {
    send(house, "/token", assertion, &[FOR_ITSELF]).await
}

#[tokio::test]
async fn req_054_a_key_of_each_kind_works_at_every_endpoint() {
    let keys = SigningAlgorithm::ALL.map(key);
    let house = house(&keys.each_ref()).await;
    for (index, key) in keys.iter().enumerate() {
        let new = |name: &str| signed(key, &claims(&house, &format!("{name}-{index}")));
        let answer = token(&house, &new("token")).await.expect(200);
        let access = answer.json()["access_token"].as_str().unwrap().to_owned();
        let about = [("token", &*access), ("client_id", "backup")];
        let told = send(&house, "/introspect", &new("introspect"), &about).await.expect(200).json();
        assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!("backup")));
        send(&house, "/revoke", &new("revoke"), &about).await.expect(200);
        let told = send(&house, "/introspect", &new("again"), &about).await.expect(200).json();
        assert_eq!(told["active"], false);
    }
}

#[tokio::test]
async fn req_054_an_assertion_works_once_and_at_one_endpoint() {
    let key = key(SigningAlgorithm::Es256);
    let mut house = house(&[&key]).await;
    let assertion = signed(&key, &claims(&house, "once"));
    token(&house, &assertion).await.expect(200);
    is_error(&token(&house, &assertion).await, 401, "invalid_client");
    for path in ["/revoke", "/introspect"] {
        is_error(&send(&house, path, &assertion, &[("token", "x")]).await, 401, "invalid_client");
    }
    // Another assertion of the same name is no other, also after a restart and a sweep.
    let mut same_name = claims(&house, "once");
    same_name["exp"] = json!(house.now().0 + 120);
    is_error(&token(&house, &signed(&key, &same_name)).await, 401, "invalid_client");
    house.restart().await;
    house.app().store.sweep(house.now()).await.unwrap();
    is_error(&token(&house, &assertion).await, 401, "invalid_client");
    house.pass(Seconds(119));
    house.app().store.sweep(house.now()).await.unwrap();
    is_error(&token(&house, &assertion).await, 401, "invalid_client");
    house.pass(Seconds(1));
    house.app().store.sweep(house.now()).await.unwrap();
    is_error(&token(&house, &assertion).await, 401, "invalid_client");
    token(&house, &signed(&key, &claims(&house, "once"))).await.expect(200); // nobody has to remember the name now
}

#[tokio::test]
async fn req_054_of_many_at_once_one_is_believed() {
    let key = key(SigningAlgorithm::EdDsa);
    let house = house(&[&key]).await;
    let assertion = signed(&key, &claims(&house, "race"));
    let answers = futures_util::future::join_all((0..32).map(|_| token(&house, &assertion))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401)));
}

#[tokio::test]
async fn req_054_what_is_not_for_us_from_that_client_now_is_refused_and_spends_nothing() {
    let (key, other) = (key(SigningAlgorithm::Rs256), key(SigningAlgorithm::Rs256));
    let house = house(&[&key]).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&house, "one");
        claims[name] = value;
        signed(&key, &claims)
    };
    let now = house.now().0;
    for bad in [
        with("iss", json!("photos")),
        with("sub", json!("photos")),
        with("sub", json!("nobody")),
        with("aud", json!(format!("{ISSUER}/"))),
        with("aud", json!(format!("{ISSUER}/introspect"))),
        with("aud", json!([ISSUER, "https://evil.example"])),
        with("aud", Value::Null),
        with("exp", json!(now - 60)),
        with("exp", json!(now + 600)),
        with("exp", Value::Null),
        with("iat", json!(now + 61)),
        with("jti", json!("")),
        with("jti", Value::Null),
        signed(&other, &claims(&house, "one")),
        key.sign("at+jwt", &claims(&house, "one")).unwrap(),
        "a.b.c".to_owned(),
        String::new(),
    ] {
        is_error(&token(&house, &bad).await, 401, "invalid_client");
    }
    let good = with("aud", json!(format!("{ISSUER}/token")));
    let client_id = [("grant_type", "client_credentials"), ("client_id", "photos")];
    is_error(&send(&house, "/token", &good, &client_id).await, 401, "invalid_client");
    let other_type = [("client_assertion_type", "x"), ("client_assertion", &*good), ("client_id", "backup")];
    is_error(&house.door.send(post_form("/token", &other_type)).await, 401, "invalid_client");
    token(&house, &good).await.expect(200);
}

/// RFC 8725 s. 2.1: the public key as the secret of an HMAC, and no signature at all.
#[tokio::test]
async fn req_054_the_header_does_not_choose_the_algorithm() {
    let key = key(SigningAlgorithm::Rs256);
    let house = house(&[&key]).await;
    let public = serde_json::to_value(key.public_jwk()).unwrap();
    let secrets = [set(&[&key]), public.to_string(), public["n"].as_str().unwrap().to_owned()];
    for secret in secrets {
        for algorithm in [jsonwebtoken::Algorithm::HS256, jsonwebtoken::Algorithm::HS512] {
            let mut header = jsonwebtoken::Header::new(algorithm);
            header.kid = Some(key.kid().to_owned());
            let by_secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
            let forged = jsonwebtoken::encode(&header, &claims(&house, "hmac"), &by_secret).unwrap();
            is_error(&token(&house, &forged).await, 401, "invalid_client");
        }
    }
    let good = signed(&key, &claims(&house, "none"));
    let (_, rest) = good.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIn0"] {
        is_error(&token(&house, &format!("{header}.{payload}.")).await, 401, "invalid_client");
    }
    token(&house, &good).await.expect(200);
}

#[tokio::test]
async fn req_048_a_client_that_signs_has_no_other_way_and_no_other_client_has_this_one() {
    let key = key(SigningAlgorithm::EdDsa);
    let house = house(&[&key]).await;
    let by_secret = [("grant_type", "client_credentials"), ("client_id", "backup"), ("client_secret", "x")];
    is_error(&house.door.send(post_form("/token", &by_secret)).await, 401, "invalid_client");
    is_error(&house.door.send(post_form("/token", &by_secret[..2])).await, 401, "invalid_client");
    let (photos, tokens) = signed_in(&house, "photos").await;
    let mut as_photos = claims(&house, "photos");
    (as_photos["iss"], as_photos["sub"]) = (json!("photos"), json!("photos"));
    let assertion = signed(&key, &as_photos);
    is_error(
        &send(&house, "/revoke", &assertion, &[("token", &tokens.access_token())]).await,
        401,
        "invalid_client",
    );
    photos.userinfo(&tokens.access_token()).await.expect(200);
    // Two ways at once (RFC 6749 s. 2.3).
    let good = signed(&key, &claims(&house, "two ways"));
    let with_secret = [("grant_type", "client_credentials"), ("client_secret", "x")];
    is_error(&send(&house, "/token", &good, &with_secret).await, 400, "invalid_request");
    let shown = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*good), FOR_ITSELF];
    let answer = house.door.send(photos.request("/token", &shown)).await;
    is_error(&answer, 400, "invalid_request");
    assert!(!answer.body.contains(&secret_of("photos")));
}

#[tokio::test]
async fn req_050_keys_are_replaced_without_a_gap() {
    let (old, new) = (key(SigningAlgorithm::EdDsa), key(SigningAlgorithm::EdDsa));
    let mut house = house(&[&old, &new]).await;
    token(&house, &signed(&old, &claims(&house, "a"))).await.expect(200);
    token(&house, &signed(&new, &claims(&house, "b"))).await.expect(200);
    house.restart_with(|setup| setup.file("backup.jwks", &set(&[&new]))).await;
    is_error(&token(&house, &signed(&old, &claims(&house, "c"))).await, 401, "invalid_client");
    token(&house, &signed(&new, &claims(&house, "d"))).await.expect(200);
}

#[tokio::test]
async fn req_054_an_assertion_that_cannot_be_noted_is_not_believed() {
    let key = key(SigningAlgorithm::EdDsa);
    let house = house(&[&key]).await;
    house.sql(
        "CREATE TRIGGER full BEFORE INSERT ON used_assertions BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    is_error(&token(&house, &signed(&key, &claims(&house, "a"))).await, 503, "temporarily_unavailable");
}
