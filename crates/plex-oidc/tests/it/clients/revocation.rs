//! The revocation endpoint (RFC 7009).

use http::Method;

use super::{is_error, signed_in};
use crate::support::{Answer, ClientAuth, House, get, post_form};

/// The one answer to whoever may ask at all: 200, and nothing in it.
#[track_caller]
fn is_done(answer: &Answer) {
    assert_eq!((answer.status, &*answer.body), (200, ""), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn req_095_a_token_of_another_client_lives_and_the_answer_does_not_tell() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    for other in ["wiki", "tv"] {
        let other = house.relying_party(other);
        for token in [tokens.access_token(), tokens.refresh_token()] {
            is_done(&other.revoke(&token).await);
        }
        let body = "A".repeat(43);
        for unknown in
            ["x", &tokens.id_token(), &format!("poa_{body}"), &format!("por_{body}"), &format!("pom_{body}")]
        {
            is_done(&other.revoke(unknown).await);
        }
    }
    photos.userinfo(&tokens.access_token()).await.expect(200);
    photos.refresh(&tokens.refresh_token()).await.expect(200);
}

#[tokio::test]
async fn req_095_a_revoked_access_token_is_over_at_once_and_its_family_goes_on() {
    let house = House::new().await;
    for id in ["photos", "wiki", "tv"] {
        let (client, tokens) = signed_in(&house, id).await;
        is_done(&client.revoke(&tokens.access_token()).await);
        client.userinfo(&tokens.access_token()).await.expect(401);
        is_done(&client.revoke(&tokens.access_token()).await); // again: the same answer
        client.refresh(&tokens.refresh_token()).await.expect(200);
    }
}

#[tokio::test]
async fn req_096_a_revoked_refresh_token_takes_its_family_and_the_access_tokens_along() {
    let house = House::new().await;
    for id in ["photos", "tv"] {
        let (client, tokens) = signed_in(&house, id).await;
        let renewed = client.refresh(&tokens.refresh_token()).await.expect(200).json();
        let newer = renewed["refresh_token"].as_str().map(str::to_owned);
        // By the first of the family, which of a public client was used up.
        is_done(&client.revoke(&tokens.refresh_token()).await);
        for access in [tokens.access_token(), renewed["access_token"].as_str().unwrap().to_owned()] {
            client.userinfo(&access).await.expect(401);
        }
        for refresh in [Some(tokens.refresh_token()), newer].into_iter().flatten() {
            is_error(&client.refresh(&refresh).await, 400, "invalid_grant");
        }
    }
}

#[tokio::test]
async fn req_096_one_grant_ends_and_the_others_of_the_same_client_go_on() {
    let house = House::new().await;
    let (photos, ended) = signed_in(&house, "photos").await;
    let (_, other) = signed_in(&house, "photos").await;
    is_done(&photos.revoke(&ended.refresh_token()).await);
    photos.userinfo(&other.access_token()).await.expect(200);
    photos.refresh(&other.refresh_token()).await.expect(200);
}

#[tokio::test]
async fn req_097_a_wrong_hint_still_finds_the_token() {
    let house = House::new().await;
    for hint in ["access_token", "refresh_token", "id_token", "nonsense", ""] {
        let (photos, tokens) = signed_in(&house, "photos").await;
        for token in [tokens.access_token(), tokens.refresh_token()] {
            let fields = [("token", &*token), ("token_type_hint", hint)];
            is_done(&house.door.send(photos.request("/revoke", &fields)).await);
        }
        photos.userinfo(&tokens.access_token()).await.expect(401);
        is_error(&photos.refresh(&tokens.refresh_token()).await, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_caller_that_is_not_believed_revokes_nothing() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    let token = tokens.access_token();
    for auth in [ClientAuth::Basic("wrong".to_owned()), ClientAuth::Public, ClientAuth::Nothing] {
        let basic = matches!(auth, ClientAuth::Basic(_));
        let answer = photos.authenticating(auth).revoke(&token).await;
        is_error(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate").is_some(), basic);
    }
    let by_get = house.door.send(get(&format!("/revoke?token={token}"))).await;
    is_error(&by_get, 405, "invalid_request");
    assert_eq!(by_get.header("allow"), Some("POST"));
    let mut put = photos.request("/revoke", &[("token", &token)]);
    *put.method_mut() = Method::PUT;
    is_error(&house.door.send(put).await, 405, "invalid_request");
    let mut in_address = photos.request("/revoke", &[]);
    *in_address.uri_mut() = format!("/revoke?token={token}").parse().unwrap();
    is_error(&house.door.send(in_address).await, 400, "invalid_request");
    is_error(&house.door.send(photos.request("/revoke", &[])).await, 400, "invalid_request");
    let twice = [("token", &*token), ("token", "x")];
    is_error(&house.door.send(photos.request("/revoke", &twice)).await, 400, "invalid_request");
    is_error(&house.door.send(post_form("/revoke", &[("token", &token)])).await, 401, "invalid_client");
    photos.userinfo(&token).await.expect(200);
}

/// RFC 7009 s. 2.2.1; CVE-2020-15223 answered 200 here.
#[tokio::test]
async fn rt_revoke_store_error_503() {
    let house = House::new().await;
    let (photos, tokens) = signed_in(&house, "photos").await;
    house.sql(
        "CREATE TRIGGER broken BEFORE DELETE ON access_tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END;
        CREATE TRIGGER broken_too BEFORE UPDATE ON grants BEGIN SELECT RAISE(ABORT, 'disk full'); END;",
    );
    for token in [tokens.access_token(), tokens.refresh_token()] {
        let answer = photos.revoke(&token).await;
        is_error(&answer, 503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    house.sql("DROP TRIGGER broken; DROP TRIGGER broken_too");
    photos.userinfo(&tokens.access_token()).await.expect(200);
    is_done(&photos.revoke(&tokens.refresh_token()).await);
    photos.userinfo(&tokens.access_token()).await.expect(401);
}
