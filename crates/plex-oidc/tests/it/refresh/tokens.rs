//! What a refresh takes and what it gives.

use plex_oidc_core::time::Seconds;
use serde_json::Value;

use super::{is_refused, signed_in};
use crate::support::{House, RelyingParty, Setup, Tokens};

async fn narrowed(relying_party: &RelyingParty, tokens: &Tokens, scope: &str) -> Value {
    let token = tokens.refresh_token();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", scope)];
    relying_party.token(&fields).await.json()
}

#[tokio::test]
async fn req_064_scope_may_only_shrink_and_the_family_keeps_the_first() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("scope", "openid profile offline_access");
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let tokens = photos.tokens(&asked, &landing).await;

    let narrow = narrowed(&photos, &tokens, "openid").await;
    assert_eq!(narrow["scope"], "openid");
    let claims = photos.userinfo(narrow["access_token"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(claims.as_object().unwrap().len(), 1, "sub alone: {claims}");
    for wider in ["openid profile offline_access email", "groups"] {
        assert_eq!(narrowed(&photos, &tokens, wider).await["error"], "invalid_scope", "{wider}");
    }
    let again = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    assert_eq!(again["scope"], "openid profile offline_access");
    let without_openid = narrowed(&photos, &tokens, "profile").await;
    assert_eq!((&without_openid["scope"], without_openid.get("id_token")), (&"profile".into(), None));
}

#[tokio::test]
async fn req_065_a_family_ends_by_disuse_and_in_any_case() {
    let lives = "refresh_idle = \"2d\"\nrefresh_absolute = \"5d\"";
    let rules = "membership_lifetime = \"30d\"";
    let setup = || Setup::default().set("tokens", lives).set("rules", rules);
    for id in ["photos", "tv"] {
        let house = setup().start().await;
        let (relying_party, tokens) = signed_in(&house, id).await;
        house.pass(Seconds::days(2));
        is_refused(&relying_party.refresh(&tokens.refresh_token()).await);

        let house = setup().start().await;
        let (relying_party, tokens) = signed_in(&house, id).await;
        let mut token = tokens.refresh_token();
        for _ in 0..4 {
            house.pass(Seconds::days(1));
            let next = relying_party.refresh(&token).await.expect(200).json();
            token = next["refresh_token"].as_str().map_or(token, str::to_owned);
        }
        house.pass(Seconds::days(1));
        is_refused(&relying_party.refresh(&token).await);
    }
}

#[tokio::test]
async fn req_066_only_the_exact_text_is_the_token() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let token = tokens.refresh_token();
    let mut wrong: Vec<String> = (1..token.len()).map(|length| token[..length].to_owned()).collect();
    wrong.extend((1..token.len()).map(|start| token[start..].to_owned()));
    wrong.extend(["=", "A", " ", "\n", "\0"].map(|end| format!("{token}{end}")));
    wrong.extend(["A", " ", "\t"].map(|start| format!("{start}{token}")));
    wrong.extend([token.to_lowercase(), token.to_uppercase(), token.replace("por_", "poa_")]);
    wrong.extend([tokens.access_token(), tokens.id_token(), format!("{token},{token}")]);
    // The same bytes in another spelling: the last character of 43 carries two bits that mean nothing.
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let others = alphabet.chars().filter(|other| *other != last);
    wrong.extend(others.map(|other| format!("{}{other}", &token[..token.len() - 1])));
    for wrong in wrong.iter().filter(|wrong| **wrong != token) {
        is_refused(&photos.refresh(wrong).await);
    }
    photos.refresh(&token).await.expect(200);
}

#[tokio::test]
async fn req_066_the_database_holds_none() {
    let house = House::new().await;
    let (tv, tokens) = signed_in(&house, "tv").await;
    let next = Tokens(tv.refresh(&tokens.refresh_token()).await.expect(200).json());
    let stored = house.database_bytes();
    for secret in [tokens.refresh_token(), next.refresh_token(), next.access_token(), next.id_token()] {
        let body = secret.split_once('_').map_or(&*secret, |(_, body)| body);
        let found = stored.windows(body.len()).any(|window| window == body.as_bytes());
        assert!(!found, "a token is in the database");
    }
}

#[tokio::test]
async fn req_067_the_id_token_of_a_refresh_is_about_the_same_sign_in() {
    let house = House::new().await;
    for id in ["photos", "tv"] {
        let (relying_party, tokens) = signed_in(&house, id).await;
        let first = relying_party.id_claims(&tokens.id_token()).await;
        house.pass(Seconds::minutes(30));
        let next = Tokens(relying_party.refresh(&tokens.refresh_token()).await.expect(200).json());
        let second = relying_party.id_claims(&next.id_token()).await;
        for same in ["iss", "sub", "aud", "auth_time", "amr", "acr", "sid"] {
            assert_eq!(first[same], second[same], "{same}");
            assert!(!second[same].is_null(), "{same}");
        }
        assert!(first["nonce"].is_string());
        assert_eq!(second.get("nonce"), None, "OIDC Core 1.0 s. 12.2");
        assert_eq!(second["iat"].as_i64().unwrap() - first["iat"].as_i64().unwrap(), 1800);
        assert_ne!(first["at_hash"], second["at_hash"]);
    }
}
