//! ID tokens, read with a library that is not ours.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::time::Seconds;
use serde_json::{Value, json};

use crate::support::{House, ISSUER, RelyingParty, Setup, Tokens};

/// One application per algorithm.
fn three() -> Setup {
    ["RS256", "ES256", "EdDSA"].into_iter().fold(Setup::default(), |setup, algorithm| {
        setup.client(&algorithm.to_lowercase(), &format!("signing_algorithm = \"{algorithm}\""))
    })
}

async fn signed_in(house: &House, id: &str) -> (RelyingParty, Tokens) {
    let relying_party = house.relying_party(id);
    let (_, tokens) = house.sign_in("friend", &relying_party).await;
    (relying_party, tokens)
}

fn header(id_token: &str) -> Value {
    let first = id_token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(first).unwrap()).unwrap()
}

#[tokio::test]
async fn req_068_the_protocol_claims_are_there_and_say_this_sign_in() {
    let house = House::new().await;
    let before = house.now().0;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let claims = photos.id_claims(&tokens.id_token()).await;
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    let expected = ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"];
    assert_eq!(names, expected, "and nothing else unless the host asks for it");
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(ISSUER), &json!("plex-48151001")));
    let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert!((before..=house.now().0).contains(&iat), "{claims}");
    assert_eq!(exp - iat, 600);
    assert!((before..=iat).contains(&claims["auth_time"].as_i64().unwrap()), "{claims}");
    assert_eq!(claims["amr"], json!(["plex"]));
}

#[tokio::test]
async fn req_068_the_subject_outlives_the_database_and_is_no_address() {
    let (first, second) = (House::new().await, House::new().await);
    let mut subjects = Vec::new();
    for house in [&first, &second] {
        let (photos, tokens) = signed_in(house, "photos").await;
        subjects.push(photos.id_claims(&tokens.id_token()).await["sub"].clone());
        let (wiki, tokens) = signed_in(house, "wiki").await;
        subjects.push(wiki.id_claims(&tokens.id_token()).await["sub"].clone());
    }
    assert!(subjects.iter().all(|subject| subject == "plex-48151001"), "{subjects:?}");
    let owner = first.relying_party("photos");
    let (_, tokens) = first.sign_in("owner", &owner).await;
    assert_eq!(owner.id_claims(&tokens.id_token()).await["sub"], "plex-1002003");
}

#[tokio::test]
async fn req_069_070_each_client_gets_its_algorithm_and_a_published_key() {
    let house = three().start().await;
    let set = house.door.get("/jwks").await.expect(200).json();
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let (relying_party, tokens) = signed_in(&house, &algorithm.to_lowercase()).await;
        let header = header(&tokens.id_token());
        assert_eq!(header["alg"], algorithm);
        assert_eq!(header["typ"], "JWT");
        for reference in ["jku", "x5u", "jwk", "x5c", "crit"] {
            assert_eq!(header.get(reference), None, "{header}");
        }
        let published = set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
        assert_eq!(published.unwrap()["alg"], algorithm);
        let claims = relying_party.id_claims(&tokens.id_token()).await; // signature, issuer, audience, expiry
        assert_eq!(claims["sub"], "plex-48151001");
        // At refresh it signs with the same.
        let next = Tokens(relying_party.refresh(&tokens.refresh_token()).await.expect(200).json());
        relying_party.id_claims(&next.id_token()).await;
    }
}

#[tokio::test]
async fn req_071_at_hash_is_that_of_the_access_token_beside_it() {
    let house = three().start().await;
    for (id, algorithm) in [("rs256", &SHA256), ("es256", &SHA256), ("eddsa", &SHA512)] {
        let (relying_party, tokens) = signed_in(&house, id).await;
        let hash = digest(algorithm, tokens.access_token().as_bytes());
        let left = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
        assert_eq!(relying_party.id_claims(&tokens.id_token()).await["at_hash"], json!(left), "{id}");
    }
}

#[tokio::test]
async fn req_072_the_audience_is_the_client_alone() {
    let house = House::new().await;
    for id in ["photos", "wiki", "tv", "legacy"] {
        let (relying_party, tokens) = signed_in(&house, id).await;
        let claims = relying_party.id_claims(&tokens.id_token()).await;
        assert_eq!((&claims["aud"], claims.get("azp")), (&json!(id), None));
    }
}

#[tokio::test]
async fn auth_time_and_sid_are_those_of_the_browser_session() {
    let house = House::new().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let first = photos.id_claims(&tokens.id_token()).await;
    house.pass(Seconds::minutes(20));
    let asked = wiki.authorization();
    let second = wiki.claims(&asked, &browser.open(&asked.url()).await.leaves()).await;
    assert_eq!((&first["auth_time"], &first["sid"]), (&second["auth_time"], &second["sid"]));
    let asked = photos.authorization().with("prompt", "login");
    let third = photos.claims(&asked, &browser.sign_in(&asked.url(), "friend").await).await;
    assert!(third["auth_time"].as_i64().unwrap() >= first["auth_time"].as_i64().unwrap() + 1200, "{third}");
    let (_, other) = house.sign_in("friend", &photos).await;
    assert_ne!(photos.id_claims(&other.id_token()).await["sid"], first["sid"]);
}
