//! Authorization codes and access tokens.

use super::*;

async fn access_lives(store: &Shared, redeem: &RedeemCode, now: Timestamp) -> bool {
    store.access_token(redeem.access.hash, now).await.unwrap().is_some()
}

pub(crate) async fn a_code_is_read_back_as_it_was_issued(store: &Shared) {
    let (session, code) = issued(store).await;
    let stored = store.code(code.hash).await.unwrap().unwrap();
    assert_eq!(stored.redirect_uri, code.redirect_uri);
    assert_eq!(stored.code_challenge, code.code_challenge);
    assert_eq!(stored.nonce, code.nonce);
    assert_eq!((stored.expires, stored.failures, stored.redeemed_at), (after(60), 0, None));
    assert_eq!(stored.grant.id, code.grant_id());
    assert_eq!(stored.grant.client_id, client("photos"));
    assert_eq!(stored.grant.user, user(super::plex_number(session.account_id)));
    assert_eq!(stored.grant.sid, session.sid);
    assert_eq!(stored.grant.scopes, code.grant.scopes);
    assert_eq!(stored.grant.requested_claims, code.grant.requested_claims);
    assert_eq!(stored.grant.plex_token_sealed, Some(SealedBytes(vec![1, 2, 3])));
    assert_eq!(stored.grant.ended_at, None);
    assert!(store.code(hash()).await.unwrap().is_none());
}

pub(crate) async fn a_code_needs_a_live_session_of_its_user(store: &Shared) {
    let session = signed_in(store).await;
    assert!(
        !store.issue_code(code(&super::session(super::plex_number(session.account_id))), T0).await.unwrap()
    );
    let mut anothers = code(&session);
    anothers.grant.account_id = signed_in(store).await.account_id;
    assert!(!store.issue_code(anothers, T0).await.unwrap());
    assert!(!store.issue_code(code(&session), session.idle_expires).await.unwrap());
    assert!(store.issue_code(code(&session), T0).await.unwrap());
}

pub(crate) async fn req_037_a_code_lives_to_the_second(store: &Shared) {
    let (_, code) = issued(store).await;
    let late = store.redeem_code(redeem(&code, after(60))).await.unwrap();
    assert!(matches!(late, Redemption::Expired), "{late:?}");
    let in_time = store.redeem_code(redeem(&code, after(59))).await.unwrap();
    assert!(matches!(in_time, Redemption::Redeemed), "{in_time:?}");
}

pub(crate) async fn req_038_a_code_is_bound_to_its_client(store: &Shared) {
    let (_, code) = issued(store).await;
    let mut thief = redeem(&code, T0);
    thief.client_id = client("files");
    let answer = store.redeem_code(thief.clone()).await.unwrap();
    assert!(matches!(answer, Redemption::WrongClient), "{answer:?}");
    assert!(!access_lives(store, &thief, T0).await);
    let unknown = RedeemCode { hash: hash(), ..redeem(&code, T0) };
    assert!(matches!(store.redeem_code(unknown).await.unwrap(), Redemption::Unknown));

    let owner = redeem(&code, T0);
    let answer = store.redeem_code(owner.clone()).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");
    assert_eq!(store.code(code.hash).await.unwrap().unwrap().redeemed_at, Some(T0));
    // A thief's replay ends nothing, however late.
    thief.now = after(59);
    assert!(matches!(store.redeem_code(thief).await.unwrap(), Redemption::WrongClient));
    assert!(access_lives(store, &owner, after(59)).await);
}

pub(crate) async fn req_039_one_of_64_calls_redeems_a_code(store: &Shared) {
    for _ in 0..rounds() {
        let (_, code) = issued(store).await;
        let calls: Vec<_> = (0..64).map(|_| redeem(&code, T0)).collect();
        let answers = race(store, |store, index| {
            let call = calls[index].clone();
            async move { store.redeem_code(call).await.unwrap() }
        })
        .await;
        let won = |answer: &Redemption| matches!(answer, Redemption::Redeemed);
        assert_eq!(answers.iter().filter(|answer| won(answer)).count(), 1);
        for (call, answer) in calls.iter().zip(&answers) {
            // The winner's tokens live (a double submit ends nothing), and only theirs.
            assert_eq!(access_lives(store, call, after(1)).await, won(answer));
            let refresh = call.refresh.as_ref().unwrap().hash;
            assert_eq!(store.refresh_token(refresh).await.unwrap().is_some(), won(answer));
            assert!(won(answer) || matches!(answer, Redemption::Reuse { ended: false, .. }), "{answer:?}");
        }
    }
}

pub(crate) async fn req_040_a_late_replay_ends_the_grant(store: &Shared) {
    let (code, first) = redeemed(store).await;
    let answer = store.redeem_code(redeem(&code, after(20))).await.unwrap();
    assert!(
        matches!(answer, Redemption::Reuse { grant, ended: false } if grant == code.grant_id()),
        "{answer:?}"
    );
    assert!(access_lives(store, &first, after(20)).await);

    let replay = redeem(&code, after(21));
    let answer = store.redeem_code(replay.clone()).await.unwrap();
    assert!(
        matches!(answer, Redemption::Reuse { grant, ended: true } if grant == code.grant_id()),
        "{answer:?}"
    );
    assert!(!access_lives(store, &first, after(21)).await);
    assert!(!access_lives(store, &replay, after(21)).await);
    let refresh = store.refresh_token(first.refresh.unwrap().hash).await.unwrap().unwrap();
    assert_eq!(refresh.grant.ended_at, Some(after(21)));
}

pub(crate) async fn req_040_a_replay_is_recognised_after_the_code_expired(store: &Shared) {
    let (code, first) = redeemed(store).await;
    while !store.sweep(after(400)).await.unwrap().is_empty() {}
    let answer = store.redeem_code(redeem(&code, after(400))).await.unwrap();
    assert!(matches!(answer, Redemption::Reuse { ended: true, .. }), "{answer:?}");
    assert!(!access_lives(store, &first, after(400)).await);
}

pub(crate) async fn req_040_without_pkce_any_replay_ends_the_grant(store: &Shared) {
    let session = signed_in(store).await;
    let code = NewCode { code_challenge: None, nonce: None, ..code(&session) };
    store.issue_code(code.clone(), T0).await.unwrap();
    let first = redeem(&code, T0);
    store.redeem_code(first.clone()).await.unwrap();
    let answer = store.redeem_code(redeem(&code, T0)).await.unwrap();
    assert!(matches!(answer, Redemption::Reuse { ended: true, .. }), "{answer:?}");
    assert!(!access_lives(store, &first, T0).await);
}

pub(crate) async fn req_041_three_failures_burn_a_code(store: &Shared) {
    let (_, code) = issued(store).await;
    for _ in 0..10 {
        assert!(!store.record_code_failure(code.hash, client("files")).await.unwrap());
    }
    assert!(!store.record_code_failure(code.hash, client("photos")).await.unwrap());
    assert!(!store.record_code_failure(code.hash, client("photos")).await.unwrap());
    assert_eq!(store.code(code.hash).await.unwrap().unwrap().failures, 2);
    assert!(store.record_code_failure(code.hash, client("photos")).await.unwrap());
    assert!(!store.record_code_failure(code.hash, client("photos")).await.unwrap());
    let answer = store.redeem_code(redeem(&code, T0)).await.unwrap();
    assert!(matches!(answer, Redemption::Burned), "{answer:?}");

    let (_, two) = issued(store).await;
    store.record_code_failure(two.hash, client("photos")).await.unwrap();
    store.record_code_failure(two.hash, client("photos")).await.unwrap();
    let answer = store.redeem_code(redeem(&two, T0)).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");
    // After the redemption, a wrong verifier is not counted.
    assert!(!store.record_code_failure(two.hash, client("photos")).await.unwrap());
}

pub(crate) async fn req_043_a_code_ends_with_its_session_or_access(store: &Shared) {
    let (session, code) = issued(store).await;
    let ended = store.end_session(SessionName::Cookie(session.hash), GrantsPolicy::KeepOffline, after(1));
    assert_eq!(ended.await.unwrap().unwrap().grants, 1);
    assert!(matches!(store.redeem_code(redeem(&code, after(2))).await.unwrap(), Redemption::Ended));

    let (session, code) = issued(store).await;
    let ended = end_access(store, session.account_id, after(1)).await;
    assert_eq!(ended, EndedAccess { sessions: 1, grants: 1, app_tokens: 0 });
    assert!(matches!(store.redeem_code(redeem(&code, after(2))).await.unwrap(), Redemption::Ended));
    assert_eq!(end_access(store, session.account_id, after(3)).await, EndedAccess::default());
}

pub(crate) async fn an_access_token_lives_to_the_second(store: &Shared) {
    let (code, redeem) = redeemed(store).await;
    let hash = redeem.access.hash;
    let stored = store.access_token(hash, after(599)).await.unwrap().unwrap();
    assert_eq!(stored.grant.id, code.grant_id());
    assert_eq!(stored.scopes, redeem.access.scopes);
    assert_eq!(stored.resources, redeem.access.resources);
    assert_eq!(stored.grant.resources, code.grant.resources);
    assert_eq!((stored.created, stored.expires), (T0, after(600)));
    assert!(store.access_token(hash, after(600)).await.unwrap().is_none());
}

pub(crate) async fn an_access_token_is_revoked_by_its_client_only(store: &Shared) {
    let (_, redeem) = redeemed(store).await;
    let hash = redeem.access.hash;
    assert!(!store.revoke_access_token(hash, client("files")).await.unwrap());
    assert!(access_lives(store, &redeem, T0).await);
    assert!(store.revoke_access_token(hash, client("photos")).await.unwrap());
    assert!(!access_lives(store, &redeem, T0).await);
}

pub(crate) async fn req_096_the_end_of_a_grant_ends_its_tokens(store: &Shared) {
    let (code, redeem) = redeemed(store).await;
    assert!(store.end_grant(code.grant_id(), GrantEnd::Revoked, after(5)).await.unwrap());
    assert!(!store.end_grant(code.grant_id(), GrantEnd::Revoked, after(6)).await.unwrap());
    assert!(!access_lives(store, &redeem, after(5)).await);
    let refresh = redeem.refresh.unwrap();
    let stored = store.refresh_token(refresh.hash).await.unwrap().unwrap();
    assert_eq!(stored.grant.ended_at, Some(after(5)));
}
