//! Which claims are released, where, and which are not there at all.

use serde_json::{Value, json};

use crate::support::{House, RelyingParty, Setup, Tokens};

async fn with_scope(house: &House, relying_party: &RelyingParty, persona: &str, scope: &str) -> Tokens {
    let asked = relying_party.authorization().with("scope", scope);
    let landing = house.browser().sign_in(&asked.url(), persona).await;
    relying_party.tokens(&asked, &landing).await
}

fn names(claims: &Value) -> Vec<&str> {
    claims.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn req_073_claims_follow_the_scopes_and_go_to_userinfo() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let table = [
        ("openid", vec!["sub"]),
        ("openid profile", vec!["name", "picture", "preferred_username", "sub"]),
        ("openid email", vec!["email", "email_verified", "sub"]),
        ("openid groups", vec!["groups", "sub"]),
        (
            "openid profile email groups",
            vec!["email", "email_verified", "groups", "name", "picture", "preferred_username", "sub"],
        ),
    ];
    for (scope, expected) in table {
        let tokens = with_scope(&house, &photos, "friend", scope).await;
        let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
        assert_eq!(names(&claims), expected, "{scope}");
        let in_token = photos.id_claims(&tokens.id_token()).await;
        assert_eq!(
            in_token.get("email").or(in_token.get("name")).or(in_token.get("groups")),
            None,
            "{scope}"
        );
    }
    let tokens = with_scope(&house, &photos, "friend", "openid profile email groups").await;
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!(claims["preferred_username"], "mara.k");
    assert_eq!(claims["name"], "Mara");
    assert_eq!(claims["email"], "mara@example.net");
    assert_eq!(claims["groups"], json!(["plex-friend"]));
}

#[tokio::test]
async fn req_073_the_host_copies_claims_into_the_id_token() {
    let all =
        r#"id_token_claims = ["email", "email_verified", "groups", "name", "picture", "preferred_username"]"#;
    let house = Setup::default().client("photos", all).start().await;
    let photos = house.relying_party("photos");
    // Copied whatever scope was asked for: Cloudflare Access reads claims nowhere else.
    let tokens = with_scope(&house, &photos, "friend", "openid").await;
    let claims = photos.id_claims(&tokens.id_token()).await;
    assert_eq!(claims["email"], "mara@example.net");
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["groups"], json!(["plex-friend"]));
    assert_eq!(claims["name"], "Mara");
    assert_eq!(claims["preferred_username"], "mara.k");
    let wiki = house.relying_party("wiki");
    let tokens = with_scope(&house, &wiki, "friend", "openid email groups").await;
    assert_eq!(wiki.id_claims(&tokens.id_token()).await.get("email"), None, "another client's setting");
}

#[tokio::test]
async fn req_073_a_claim_without_value_is_not_there() {
    let all =
        r#"id_token_claims = ["email", "email_verified", "groups", "name", "picture", "preferred_username"]"#;
    let setup = Setup::default().client("photos", all).set("rules", "allow_managed = true");
    let house = setup.start().await;
    let photos = house.relying_party("photos");
    let tokens = with_scope(&house, &photos, "managed", "openid profile email groups").await;
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    let in_token = photos.id_claims(&tokens.id_token()).await;
    for claims in [&claims, &in_token] {
        for absent in ["email", "email_verified", "preferred_username"] {
            assert_eq!(claims.get(absent), None, "{claims}");
        }
        assert_eq!(claims["name"], "Kid");
        assert!(
            claims.as_object().unwrap().values().all(|value| !value.is_null() && value != ""),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn req_074_email_verified_is_what_plex_says() {
    let house = Setup::default().set("rules", "require_confirmed_email = false").start().await;
    let photos = house.relying_party("photos");
    for (persona, verified) in [("friend", true), ("unconfirmed", false)] {
        let tokens = with_scope(&house, &photos, persona, "openid email").await;
        let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
        assert_eq!(claims["email_verified"], verified, "{claims}");
    }
}

/// So many groups, as they are stored.
fn groups(count: usize) -> String {
    let libraries = (1..count).map(|key| format!("plex-library:{key}"));
    let groups: Vec<String> = std::iter::once("plex-friend".to_owned()).chain(libraries).collect();
    serde_json::to_string(&groups).unwrap()
}

#[tokio::test]
async fn req_077_two_hundred_groups_go_through_userinfo() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let tokens = with_scope(&house, &photos, "friend", "openid profile groups offline_access").await;
    house.edit_person("friend", "$.groups", &groups(200));
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!(claims["groups"].as_array().unwrap().len(), 200);
    let next = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    assert!(next["id_token"].as_str().unwrap().len() <= 4096);
}

#[tokio::test]
async fn req_077_an_id_token_that_would_be_too_large_is_an_error_and_spends_nothing() {
    let house = Setup::default().client("photos", "id_token_claims = [\"groups\"]").start().await;
    let photos = house.relying_party("photos");
    let asked = photos.authorization();
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    house.edit_person("friend", "$.groups", &groups(200));
    let answer = photos.redeem(&asked, landing.code()).await.expect(500);
    assert_eq!(answer.json()["error"], "server_error");
    assert!(answer.json().get("access_token").is_none());
    house.edit_person("friend", "$.groups", &groups(2));
    photos.redeem(&asked, landing.code()).await.expect(200);
}

#[tokio::test]
async fn req_077_the_largest_id_token_is_within_4_kib() {
    let house = Setup::default().client("photos", "id_token_claims = [\"groups\"]").start().await;
    let photos = house.relying_party("photos");
    let tokens = with_scope(&house, &photos, "friend", "openid groups offline_access").await;
    let mut largest = 0;
    for count in (10..200).step_by(10) {
        house.edit_person("friend", "$.groups", &groups(count));
        let answer = photos.refresh(&tokens.refresh_token()).await;
        if answer.status != 200 {
            assert_eq!(answer.json()["error"], "server_error");
            break;
        }
        largest = answer.json()["id_token"].as_str().unwrap().len();
        assert!(largest <= 4608, "{largest} bytes with {count} groups");
    }
    assert!(largest > 2048, "the limit is hit by few groups already: {largest}");
}
