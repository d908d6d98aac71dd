//! Resource indicators (RFC 8707): tokens for one API.

use serde_json::{Value, json};

use super::{is_error, is_inactive};
use crate::support::{Authorization, House, ISSUER, RelyingParty, Setup, Tokens};

const PHOTOS: &str = "https://api.example.org/photos";
const MUSIC: &str = "https://api.example.org/music";

async fn house() -> House {
    Setup::default()
        .client("photos", &format!("resources = [\"{PHOTOS}\", \"{MUSIC}\", \"{ISSUER}\"]"))
        .client("backup", &format!("grant_types = \"client_credentials\"\nresources = [\"{PHOTOS}\"]"))
        .client("api", "grant_types = \"client_credentials\"\nintrospects = [\"photos\", \"backup\"]")
        .start()
        .await
}

fn asked(client: &RelyingParty, resources: &[&str]) -> Authorization {
    resources.iter().fold(client.authorization(), |asked, resource| asked.and("resource", resource))
}

async fn tokens(house: &House, client: &RelyingParty, resources: &[&str]) -> Tokens {
    let asked = asked(client, resources);
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    client.tokens(&asked, &landing).await
}

/// What introspection tells the API about whom a token is for.
async fn audience(house: &House, token: &str) -> Value {
    house.relying_party("api").introspect(token).await.expect(200).json()["aud"].clone()
}

fn access(answer: &Value) -> &str {
    answer["access_token"].as_str().unwrap()
}

#[tokio::test]
async fn req_108_a_token_is_for_the_resources_that_were_asked_for() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let one = tokens(&house, &photos, &[PHOTOS]).await;
    assert_eq!(audience(&house, &one.access_token()).await, json!([PHOTOS]));
    let both = tokens(&house, &photos, &[PHOTOS, MUSIC]).await;
    assert_eq!(audience(&house, &both.access_token()).await, json!([MUSIC, PHOTOS]));
    let none = tokens(&house, &photos, &[]).await;
    assert_eq!(audience(&house, &none.access_token()).await, json!(["api"]));
}

#[tokio::test]
async fn req_108_what_the_client_may_not_ask_for_is_refused_at_the_authorization_endpoint() {
    let house = house().await;
    for (client, resource) in [
        ("photos", "https://api.example.org"),
        ("photos", "https://api.example.org/photos/"),
        ("photos", "https://api.example.org/photos#x"),
        ("photos", "https://API.example.org/photos"),
        ("photos", "photos"),
        ("photos", "*"),
        ("wiki", PHOTOS), // an empty list means that there is nothing to ask for
    ] {
        let client = house.relying_party(client);
        for request in [asked(&client, &[resource]), asked(&client, &[PHOTOS, resource])] {
            let landing = house.browser().open(&request.url()).await.leaves();
            assert_eq!(request.error(&landing), "invalid_target", "{resource}");
        }
    }
}

#[tokio::test]
async fn req_108_at_the_token_endpoint_resources_only_get_fewer() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let request = asked(&photos, &[PHOTOS, MUSIC]);
    let landing = house.browser().sign_in(&request.url(), "friend").await;
    let redeem = |resource| {
        [
            ("grant_type", "authorization_code"),
            ("code", landing.code()),
            ("redirect_uri", request.get("redirect_uri").unwrap()),
            ("code_verifier", &*request.verifier),
            ("resource", resource),
        ]
    };
    for wider in [ISSUER, "https://elsewhere.example"] {
        is_error(&photos.token(&redeem(wider)).await, 400, "invalid_target");
    }
    let narrow = photos.token(&redeem(MUSIC)).await.expect(200).json(); // the refusals spent nothing
    assert_eq!(audience(&house, access(&narrow)).await, json!([MUSIC]));
    let refresh = |resources: &[&'static str]| {
        let token = narrow["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let resources = resources.iter().map(|resource| ("resource", *resource));
        fields.into_iter().chain(resources).collect::<Vec<_>>()
    };
    for (resources, expected) in [
        (vec![], json!([MUSIC, PHOTOS])),
        (vec![PHOTOS], json!([PHOTOS])),
        (vec![PHOTOS, MUSIC], json!([MUSIC, PHOTOS])),
    ] {
        let answer = photos.token(&refresh(&resources)).await.expect(200).json();
        assert_eq!(audience(&house, access(&answer)).await, expected);
    }
    is_error(&photos.token(&refresh(&[ISSUER])).await, 400, "invalid_target");
    is_error(&photos.token(&refresh(&[PHOTOS, ISSUER])).await, 400, "invalid_target");

    // A grant without resources gets none later.
    let plain = tokens(&house, &photos, &[]).await.refresh_token();
    let more = [("grant_type", "refresh_token"), ("refresh_token", &*plain), ("resource", PHOTOS)];
    is_error(&photos.token(&more).await, 400, "invalid_target");
}

#[tokio::test]
async fn req_108_a_token_for_an_api_is_none_for_user_info_unless_we_are_named_too() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let for_api = tokens(&house, &photos, &[PHOTOS]).await;
    let answer = photos.userinfo(&for_api.access_token()).await.expect(401);
    assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
    let for_both = tokens(&house, &photos, &[PHOTOS, ISSUER]).await;
    photos.userinfo(&for_both.access_token()).await.expect(200);
}

#[tokio::test]
async fn req_108_a_machine_asks_for_its_resources_too() {
    let house = house().await;
    let backup = house.relying_party("backup");
    let ask = |resource| [("grant_type", "client_credentials"), ("resource", resource)];
    let answer = backup.token(&ask(PHOTOS)).await.expect(200).json();
    assert_eq!(audience(&house, access(&answer)).await, json!([PHOTOS]));
    is_error(&backup.token(&ask(MUSIC)).await, 400, "invalid_target");
    is_error(&house.relying_party("api").token(&ask(PHOTOS)).await, 400, "invalid_target");
}

/// A resource that is taken from the client must not leave a token that looks as if it were for everybody.
#[tokio::test]
async fn req_108_what_is_taken_away_narrows_and_never_widens() {
    let mut house = house().await;
    let (photos, backup) = (house.relying_party("photos"), house.relying_party("backup"));
    let one = tokens(&house, &photos, &[PHOTOS]).await;
    let both = tokens(&house, &photos, &[PHOTOS, MUSIC]).await;
    let machine = backup.token(&[("grant_type", "client_credentials"), ("resource", PHOTOS)]).await.json();
    let without = format!("resources = [\"{MUSIC}\"]");
    house.restart_with(|setup| setup.client("photos", &without).client("backup", &without)).await;
    assert_eq!(audience(&house, &both.access_token()).await, json!([MUSIC]));
    for gone in [&*one.access_token(), &*one.refresh_token(), access(&machine)] {
        is_inactive(&photos.introspect(gone).await);
        is_inactive(&backup.introspect(gone).await);
        is_inactive(&house.relying_party("api").introspect(gone).await);
    }
    photos.userinfo(&one.access_token()).await.expect(401);
    is_error(&photos.refresh(&one.refresh_token()).await, 400, "invalid_target");
}
