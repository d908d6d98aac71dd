//! PKCE (requirements 31 to 35).

use crate::support::{Authorization, House, RelyingParty};

/// A code for `asked`, from a browser that has just signed in.
async fn code(house: &House, asked: &Authorization) -> String {
    house.browser().sign_in(&asked.url(), "friend").await.code().to_owned()
}

/// The error that redeeming `code` with this verifier gives.
async fn error(relying_party: &RelyingParty, code: &str, verifier: Option<&str>) -> String {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &relying_party.redirect_uri),
    ];
    fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    let answer = relying_party.token(&fields).await.expect(400).json();
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn req_031_s256_is_the_only_method() {
    let house = House::new().await;
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    let photos = house.relying_party("photos");
    let plain = photos.authorization();
    let verifier = plain.verifier.clone();
    for asked in [
        plain.clone().with("code_challenge_method", "plain"),
        plain.clone().with("code_challenge_method", "plain").with("code_challenge", &verifier),
        plain.clone().without("code_challenge_method"),
        plain.clone().with("code_challenge_method", "s256"),
        plain.without("code_challenge"),
    ] {
        assert_eq!(asked.error(&house.browser().get(&asked.url()).await.leaves()), "invalid_request");
    }
}

#[tokio::test]
async fn req_032_pkce_is_demanded_unless_switched_off_for_one_confidential_client() {
    let house = House::new().await;
    for id in ["photos", "wiki", "tv"] {
        let asked = house.relying_party(id).authorization().without_pkce();
        assert_eq!(asked.error(&house.browser().get(&asked.url()).await.leaves()), "invalid_request", "{id}");
    }
    let legacy = house.relying_party("legacy");
    let asked = legacy.authorization().without_pkce();
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    legacy.tokens(&asked, &landing).await;
}

#[tokio::test]
async fn req_033_a_challenge_needs_its_verifier() {
    let house = House::new().await;
    for id in ["photos", "legacy", "tv"] {
        let relying_party = house.relying_party(id);
        let asked = relying_party.authorization();
        let code = code(&house, &asked).await;
        assert_eq!(error(&relying_party, &code, None).await, "invalid_grant", "{id}");
        let wrong = asked.verifier.replace("verifier", "Verifier");
        assert_eq!(error(&relying_party, &code, Some(&wrong)).await, "invalid_grant", "{id}");
        relying_party.redeem(&asked, &code).await.expect(200);
    }
}

#[tokio::test]
async fn req_034_a_verifier_without_challenge_is_a_downgrade() {
    let house = House::new().await;
    let legacy = house.relying_party("legacy");
    let asked = legacy.authorization().without_pkce();
    let code = code(&house, &asked).await;
    assert_eq!(error(&legacy, &code, Some(&asked.verifier)).await, "invalid_request");
}

#[tokio::test]
async fn req_035_verifier_and_challenge_have_their_shape() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let good = photos.authorization().get("code_challenge").unwrap().to_owned();
    for challenge in [
        &good[..42],
        &format!("{good}A"),
        &format!("{}=", &good[..42]),
        &format!("{}+", &good[..42]),
        &format!("{good}="),
    ] {
        let asked = photos.authorization().with("code_challenge", challenge);
        assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), "invalid_request", "{challenge}");
    }
    for verifier in
        ["v".repeat(42), "v".repeat(129), format!("{}=", "v".repeat(43)), format!("{}+", "v".repeat(43))]
    {
        let code = code(&house, &photos.authorization()).await;
        let error = error(&photos, &code, Some(&verifier)).await;
        assert!(error == "invalid_grant" || error == "invalid_request", "{verifier}: {error}");
    }
}
