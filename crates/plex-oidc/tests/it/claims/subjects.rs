//! Pairwise subjects, and UserInfo that is signed: what a client may have differently.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::time::Seconds;
use serde_json::{Value, json};

use crate::support::{House, ISSUER, RelyingParty, Setup};

const PAIRWISE: &str = "subject_type = \"pairwise\"";

async fn subject(house: &House, persona: &str, relying_party: &RelyingParty) -> String {
    let (_, tokens) = house.sign_in(persona, relying_party).await;
    let claims = relying_party.id_claims(&tokens.id_token()).await;
    let userinfo = relying_party.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!(claims["sub"], userinfo["sub"]);
    claims["sub"].as_str().unwrap().to_owned()
}

fn pairwise() -> Setup {
    let sector = format!("{PAIRWISE}\nsector = \"example.org\"");
    let setup = Setup::default().client("photos", PAIRWISE).client("wiki", &sector).client("tv", &sector);
    setup.client("files", &format!("{PAIRWISE}\nredirect_uris = [\"https://photos.example.org/files\"]"))
}

#[tokio::test]
async fn req_068_079_a_pairwise_subject_is_of_one_sector_and_one_person() {
    let mut house = pairwise().start().await;
    let [photos, wiki, tv, files, legacy] =
        ["photos", "wiki", "tv", "files", "legacy"].map(|id| house.relying_party(id));
    let of_photos = subject(&house, "friend", &photos).await;
    assert!(of_photos.starts_with("pairwise-") && !of_photos.contains("48151001"), "{of_photos}");
    let of_wiki = subject(&house, "friend", &wiki).await;
    assert_ne!(of_photos, of_wiki);
    let (mut browser, _) = house.sign_in("friend", &legacy).await;
    let asked = tv.authorization();
    let landing = browser.get(&asked.url()).await.leaves();
    assert_eq!(tv.claims(&asked, &landing).await["sub"], of_wiki, "one sector");
    let asked = files.authorization().with("redirect_uri", "https://photos.example.org/files");
    let landing = browser.get(&asked.url()).await.leaves();
    assert_eq!(files.claims(&asked, &landing).await["sub"], of_photos, "one host");
    assert_eq!(subject(&house, "friend", &legacy).await, "plex-48151001");
    assert_ne!(subject(&house, "home", &photos).await, of_photos);
    house.restart().await;
    assert_eq!(subject(&house, "friend", &photos).await, of_photos, "for ever");
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["subject_types_supported"], json!(["public", "pairwise"]));
}

#[tokio::test]
async fn req_010_068_hints_and_sub_speak_of_the_pairwise_subject() {
    let house = pairwise().start().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let (mut other, _) = house.sign_in("home", &photos).await;
    let sub = photos.id_claims(&tokens.id_token()).await["sub"].as_str().unwrap().to_owned();
    let by_name = |sub: &str| json!({"id_token": {"sub": {"value": sub}}}).to_string();
    for (name, value) in [("id_token_hint", tokens.id_token()), ("claims", by_name(&sub))] {
        let asked = photos.authorization().with("prompt", "none").with(name, &value);
        photos.tokens(&asked, &browser.get(&asked.url()).await.leaves()).await;
        assert_eq!(asked.error(&other.get(&asked.url()).await.leaves()), "login_required", "{name}");
    }
    // The public subject would tell that there is such a person.
    let asked = photos.authorization().with("prompt", "none").with("claims", &by_name("plex-48151001"));
    assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), "login_required");
    let next = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    assert_eq!(photos.id_claims(next["id_token"].as_str().unwrap()).await["sub"], sub);
    let asked = photos.authorization().with("id_token_hint", &tokens.id_token());
    let page = other.open(&asked.url()).await.expect(200);
    let landing = other.approve_and_finish(&page, "friend").await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], sub);
}

/// The payload of a JWT.
fn payload(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn req_079_signed_userinfo_is_for_its_client_and_is_no_id_token() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let lines = format!("userinfo_signed_response_alg = \"{algorithm}\"");
        let house = Setup::default().client("photos", &lines).start().await;
        let photos = house.relying_party("photos");
        let (mut browser, tokens) = house.sign_in("friend", &photos).await;
        let answer = photos.userinfo(&tokens.access_token()).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("application/jwt"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let header = jsonwebtoken::decode_header(&answer.body).unwrap();
        assert_eq!(format!("{:?}", header.alg), algorithm);
        let claims = payload(&answer.body);
        assert_eq!((&claims["iss"], &claims["aud"]), (&ISSUER.into(), &"photos".into()));
        assert_eq!((&claims["sub"], &claims["name"]), (&"plex-48151001".into(), &"Mara".into()));
        assert_eq!(claims.get("exp"), None);
        let keys = house.door.get("/jwks").await.expect(200).body;
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&keys).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.set_audience(&["photos"]);
        jsonwebtoken::decode::<Value>(&answer.body, &key, &validation).unwrap();
        let hinted = photos.authorization().with("id_token_hint", &answer.body);
        assert_eq!(hinted.error(&browser.get(&hinted.url()).await.leaves()), "invalid_request");
        photos.userinfo(&answer.body).await.expect(401);
        house.pass(Seconds::hours(1));
        let error = photos.userinfo(&tokens.access_token()).await.expect(401);
        assert_eq!(error.header("content-type"), Some("application/json"));
    }
}
