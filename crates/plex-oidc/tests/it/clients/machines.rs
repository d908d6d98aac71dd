//! Clients that act for themselves (RFC 6749 s. 4.4).

use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{is_error, is_inactive, signed_in};
use crate::support::{Answer, ClientAuth, House, ISSUER, RelyingParty, Setup};

const FOR_ITSELF: (&str, &str) = ("grant_type", "client_credentials");

/// `backup` is for machines only; people sign in to `mirror` too; `api` is where they show their tokens.
async fn house() -> House {
    let machine = "grant_types = \"client_credentials\"";
    Setup::default()
        .client("backup", &format!("{machine}\nscopes = [\"openid\", \"groups\", \"offline_access\"]"))
        .client("mirror", "grant_types = [\"authorization_code\", \"client_credentials\"]")
        .client("api", &format!("{machine}\nintrospects = [\"backup\"]"))
        .start()
        .await
}

async fn token(client: &RelyingParty, scope: Option<&str>) -> Answer {
    let scope = scope.map(|scope| ("scope", scope));
    client.token(&[vec![FOR_ITSELF], scope.into_iter().collect()].concat()).await
}

fn access(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn req_053_a_client_gets_an_access_token_for_itself_and_nothing_else() {
    let house = house().await;
    for id in ["backup", "mirror"] {
        let client = house.relying_party(id);
        let answer = token(&client, Some("groups")).await.expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let names: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["access_token", "expires_in", "scope", "token_type"]);
        assert_eq!(
            (&answer.json()["scope"], &answer.json()["token_type"]),
            (&json!("groups"), &json!("Bearer"))
        );
        let plain = token(&client, None).await.expect(200);
        assert_eq!(plain.json().get("scope"), None, "an empty scope cannot be written");
    }
}

#[tokio::test]
async fn req_053_scopes_are_validated_against_the_client() {
    let house = house().await;
    let backup = house.relying_party("backup");
    for scope in ["openid", "offline_access", "email", "groups email", "groups nonsense", "openid groups"] {
        is_error(&token(&backup, Some(scope)).await, 400, "invalid_scope");
    }
}

#[tokio::test]
async fn req_053_only_a_believed_confidential_client_with_the_switch() {
    let house = house().await;
    for id in ["photos", "tv", "legacy"] {
        is_error(&token(&house.relying_party(id), None).await, 400, "unauthorized_client");
    }
    let backup = house.relying_party("backup");
    for auth in [ClientAuth::Public, ClientAuth::Nothing, ClientAuth::Basic("wrong".to_owned())] {
        is_error(&token(&backup.authenticating(auth), None).await, 401, "invalid_client");
    }
}

#[tokio::test]
async fn req_053_nobody_signs_in_to_a_client_for_machines() {
    let house = house().await;
    let backup = house.relying_party("backup");
    let answer = house.browser().open(&backup.authorization().url()).await;
    assert!(answer.stays() && answer.status == 400, "{answer:?}");
    let code = [("grant_type", "authorization_code"), ("code", "poc_x"), ("code_verifier", &*"v".repeat(43))];
    is_error(&backup.token(&code).await, 400, "unauthorized_client");
    is_error(&backup.refresh("por_x").await, 400, "unauthorized_client");
}

#[tokio::test]
async fn req_053_user_info_refuses_the_token_of_a_machine() {
    let house = house().await;
    let mirror = house.relying_party("mirror");
    let token = access(&token(&mirror, Some("profile email groups")).await.expect(200));
    let answer = mirror.userinfo(&token).await.expect(401);
    assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"), "{answer:?}");
    mirror.userinfo(&token.replace("pom_", "poa_")).await.expect(401);
}

#[tokio::test]
async fn req_053_introspection_tells_of_the_client_itself() {
    let mut house = house().await;
    let (backup, api) = (house.relying_party("backup"), house.relying_party("api"));
    let token = access(&token(&backup, Some("groups")).await.expect(200));
    let now = house.now().0;
    let mut expected = json!({
        "active": true, "scope": "groups", "client_id": "backup", "token_type": "Bearer", "exp": now + 600, "iat": now,
        "sub": "backup", "iss": ISSUER,
    });
    assert_eq!(backup.introspect(&token).await.expect(200).json(), expected);
    expected["aud"] = json!(["api"]);
    assert_eq!(api.introspect(&token).await.expect(200).json(), expected);
    is_inactive(&house.relying_party("mirror").introspect(&token).await);

    let (_, tokens) = signed_in(&house, "mirror").await;
    is_inactive(&backup.introspect(&tokens.access_token()).await);

    house.restart_with(|setup| setup.client("backup", "scopes = [\"openid\"]")).await;
    assert_eq!(api.introspect(&token).await.json().get("scope"), None, "what was taken away is gone");
    house.restart_with(|setup| setup.client("backup", "enabled = false")).await;
    is_inactive(&api.introspect(&token).await);
}

#[tokio::test]
async fn req_053_the_token_of_a_machine_ends_on_time_by_hand_and_with_the_switch() {
    let mut house = house().await;
    let (backup, mirror) = (house.relying_party("backup"), house.relying_party("mirror"));
    let revoked = access(&token(&backup, None).await.expect(200));
    mirror.revoke(&revoked).await.expect(200);
    assert_eq!(backup.introspect(&revoked).await.json()["active"], true, "it is not mirror's");
    backup.revoke(&revoked).await.expect(200);
    is_inactive(&backup.introspect(&revoked).await);

    let switched_off = access(&token(&mirror, None).await.expect(200));
    assert_eq!(mirror.introspect(&switched_off).await.json()["active"], true);
    house.restart_with(|setup| setup.client("mirror", "grant_types = \"authorization_code\"")).await;
    is_inactive(&mirror.introspect(&switched_off).await);
    let (_, of_person) = signed_in(&house, "mirror").await;
    mirror.userinfo(&of_person.access_token()).await.expect(200);
    house.restart_with(|setup| setup.client("mirror", "grant_types = \"client_credentials\"")).await;
    mirror.userinfo(&of_person.access_token()).await.expect(401);
    is_inactive(&mirror.introspect(&of_person.access_token()).await);
    is_inactive(&mirror.introspect(&of_person.refresh_token()).await);

    let old = access(&token(&backup, None).await.expect(200));
    house.pass(Seconds(599));
    assert_eq!(backup.introspect(&old).await.json()["active"], true);
    house.pass(Seconds(1));
    is_inactive(&backup.introspect(&old).await);
}

#[tokio::test]
async fn req_053_a_token_that_is_not_stored_is_not_given() {
    let house = house().await;
    let backup = house.relying_party("backup");
    house.sql(
        "CREATE TRIGGER full BEFORE INSERT ON client_tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    let answer = token(&backup, None).await;
    is_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.json().get("access_token"), None);
}
