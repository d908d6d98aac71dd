//! A refresh asks again whether this person may use this client.

use plex_oidc_core::time::Seconds;

use super::{is_refused, signed_in};
use crate::support::{House, RelyingParty, Setup, Tokens};

async fn works(relying_party: &RelyingParty, tokens: &Tokens) {
    relying_party.refresh(&tokens.refresh_token()).await.expect(200);
    relying_party.userinfo(&tokens.access_token()).await.expect(200);
}

async fn fails(relying_party: &RelyingParty, tokens: &Tokens) {
    is_refused(&relying_party.refresh(&tokens.refresh_token()).await);
    relying_party.userinfo(&tokens.access_token()).await.expect(401);
}

#[tokio::test]
async fn req_063_whoever_lost_the_share_gets_nothing() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    works(&photos, &tokens).await;
    house.edit_person("friend", "$.standing", "\"Ended\"");
    fails(&photos, &tokens).await;
}

#[tokio::test]
async fn req_063_nor_somebody_of_whom_nothing_was_heard_for_too_long() {
    let house = Setup::default()
        .set("rules", "membership_lifetime = \"1h\"")
        .set("tokens", "access = \"12h\"")
        .start()
        .await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    house.pass(Seconds::minutes(59));
    works(&photos, &tokens).await;
    house.pass(Seconds::minutes(2));
    fails(&photos, &tokens).await;
    // Nothing was ended: after another sign-in the same grant goes on.
    house.sign_in("friend", &photos).await;
    works(&photos, &tokens).await;
}

#[tokio::test]
async fn req_063_a_group_an_allow_list_and_a_rule_count_at_once() {
    let mut house = Setup::default().client("photos", "allow = [\"plex-friend\"]").start().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    works(&photos, &tokens).await;
    house.edit_person("friend", "$.groups", "[\"plex-home\"]");
    fails(&photos, &tokens).await;
    house.restart_with(|setup| setup.client("photos", "allow = [\"plex-home\"]")).await;
    works(&photos, &tokens).await;
    house.restart_with(|setup| setup.client("photos", "allow = []")).await;
    fails(&photos, &tokens).await;
    house.restart_with(|setup| setup.client("photos", "allow = [\"mara@example.net\"]")).await;
    works(&photos, &tokens).await;
    house.edit_person("friend", "$.account.email_confirmed", "false");
    fails(&photos, &tokens).await;
}

#[tokio::test]
async fn req_063_a_client_that_was_switched_off_or_removed_is_no_client() {
    let mut house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    house.restart_with(|setup| setup.client("photos", "enabled = false")).await;
    let answer = photos.refresh(&tokens.refresh_token()).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()), "{answer:?}");
    photos.userinfo(&tokens.access_token()).await.expect(401);
    house.restart_with(|setup| setup.without_client("photos")).await;
    photos.refresh(&tokens.refresh_token()).await.expect(401);
    photos.userinfo(&tokens.access_token()).await.expect(401);
    house.restart_with(|setup| setup.client("photos", "enabled = true")).await;
    works(&photos, &tokens).await;
}

#[tokio::test]
async fn req_063_a_client_that_lost_offline_access_cannot_refresh() {
    let mut house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    house.restart_with(|setup| setup.client("photos", "scopes = [\"openid\", \"profile\"]")).await;
    let answer = photos.refresh(&tokens.refresh_token()).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"unauthorized_client".into()));
}

#[tokio::test]
async fn req_063_a_scope_taken_from_a_client_is_taken_from_what_it_was_granted() {
    let mut house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let (before, asked) = (tokens.access_token(), photos.authorization());
    let landing = browser.get(&asked.url()).await.leaves();
    assert!(photos.userinfo(&before).await.expect(200).json()["email"].is_string());
    let fewer = r#"scopes = ["openid", "profile", "offline_access"]"#;
    house.restart_with(|setup| setup.client("photos", fewer)).await;
    // A reload of the configuration keeps codes, which a restart does not.
    house.sql("UPDATE grants SET code_expires = created + 60 WHERE redeemed_at IS NULL");
    let redeemed = photos.tokens(&asked, &landing).await;
    let refreshed = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    assert_eq!(refreshed["scope"], "openid profile offline_access");
    let refreshed = refreshed["access_token"].as_str().unwrap().to_owned();
    for token in [before, redeemed.access_token(), refreshed] {
        let claims = photos.userinfo(&token).await.expect(200).json();
        assert!(
            claims["name"].is_string() && claims["email"].is_null() && claims["groups"].is_null(),
            "{claims}"
        );
    }
}
