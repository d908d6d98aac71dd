//! What 64 calls at once may not do (I-03, I-04, I-06), where the rule of one section alone does not show it.

use super::*;

pub(crate) async fn i_06_an_attempt_adopts_one_of_64_pins(store: &Shared) {
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let pins: Vec<_> = (0..64).map(|_| pin()).collect();
    let answers = race(store, |store, index| {
        let pin = pins[index].clone();
        async move { store.adopt_pin(login.id, pin, T0).await.unwrap() }
    })
    .await;
    let adopted: Vec<_> =
        pins.iter().zip(&answers).filter(|(_, answer)| **answer == Adoption::Adopted).collect();
    assert_eq!(adopted.len(), 1, "{answers:?}");
    let LoginState::PinAdopted(stored) = store.login(login.id, T0).await.unwrap().unwrap().state else {
        panic!("no PIN");
    };
    assert_eq!(stored.id, adopted[0].0.id);
    // The PINs of the losers are not burned: another attempt may have them.
    let other = super::login();
    store.begin_login(other.clone()).await.unwrap();
    let free = pins.iter().find(|pin| pin.id != stored.id).unwrap();
    assert_eq!(store.adopt_pin(other.id, free.clone(), T0).await.unwrap(), Adoption::Adopted);
}

pub(crate) async fn i_06_one_of_64_approvals_counts(store: &Shared) {
    let (login, pin) = (login(), pin());
    store.begin_login(login.clone()).await.unwrap();
    store.adopt_pin(login.id, pin.clone(), T0).await.unwrap();
    let answers = race(store, |store, index| {
        let token = SealedBytes(vec![u8::try_from(index).unwrap(); 40]);
        async move { store.approve_login(login.id, pin.id, token, T0).await.unwrap() }
    })
    .await;
    let winners: Vec<_> = (0..64).filter(|index| answers[*index]).collect();
    assert_eq!(winners.len(), 1);
    let state = store.login(login.id, T0).await.unwrap().unwrap().state;
    let LoginState::Approved { plex_token_sealed, .. } = state else { panic!("not approved") };
    assert_eq!(plex_token_sealed, SealedBytes(vec![u8::try_from(winners[0]).unwrap(); 40]));
}

pub(crate) async fn i_06_an_attempt_is_finished_or_cancelled_and_never_both(store: &Shared) {
    for _ in 0..8 {
        let login = login();
        store.begin_login(login.clone()).await.unwrap();
        let calls: Vec<_> = (0..64).map(|_| finish(&login, FinishedBy::BrowserSession, 43)).collect();
        let answers = race(store, |store, index| {
            let call = calls[index].clone();
            async move {
                match index % 2 {
                    0 => store.cancel_login(call.id, after(30)).await.unwrap(),
                    _ => store.finish_login(call).await.unwrap() == Finish::Finished,
                }
            }
        })
        .await;
        let winners: Vec<_> = (0..64).filter(|index| answers[*index]).collect();
        assert_eq!(winners.len(), 1);
        for (index, call) in calls.iter().enumerate() {
            let stored = store.code(call.code.as_ref().unwrap().hash).await.unwrap();
            assert_eq!(stored.is_some(), index % 2 == 1 && winners[0] == index);
        }
    }
}

pub(crate) async fn req_041_of_64_failures_one_burns_a_code(store: &Shared) {
    let (_, code) = issued(store).await;
    let answers = race(store, |store, _| async move {
        store.record_code_failure(code.hash, client("photos")).await.unwrap()
    })
    .await;
    assert_eq!(answers.iter().filter(|burned| **burned).count(), 1);
    assert_eq!(store.code(code.hash).await.unwrap().unwrap().failures, super::super::CODE_FAILURES);
    assert!(matches!(store.redeem_code(redeem(&code, T0)).await.unwrap(), Redemption::Burned));
}

/// Whichever comes first: once the end is acknowledged, no token of that user lives.
pub(crate) async fn req_043_a_redemption_in_a_race_with_the_end_leaves_nothing(store: &Shared) {
    let session = signed_in(store).await;
    let mut codes = Vec::new();
    for _ in 0..64 {
        let code = code(&session);
        store.issue_code(code.clone(), T0).await.unwrap();
        codes.push(code);
    }
    let calls: Vec<_> = codes.iter().map(|code| redeem(code, after(1))).collect();
    race(store, |store, index| {
        let (call, account_id) = (calls[index].clone(), session.account_id);
        async move {
            if index == 32 {
                end_access(&store, account_id, after(1)).await;
            } else {
                store.redeem_code(call).await.unwrap();
            }
        }
    })
    .await;
    for call in &calls {
        assert!(store.access_token(call.access.hash, after(2)).await.unwrap().is_none());
        let refresh = store.refresh_token(call.refresh.as_ref().unwrap().hash).await.unwrap();
        assert!(refresh.is_none_or(|refresh| refresh.grant.ended_at.is_some()));
        let again = store.redeem_code(redeem(&codes[0], after(2))).await.unwrap();
        assert!(!matches!(again, Redemption::Redeemed), "{again:?}");
    }
}

/// The same for a refresh: no successor outlives the end of its grant.
pub(crate) async fn i_04_a_rotation_in_a_race_with_the_end_leaves_nothing(store: &Shared) {
    let (code, redeemed) = redeemed(store).await;
    let presented = redeemed.refresh.unwrap().hash;
    let calls: Vec<_> = (0..64)
        .map(|_| Rotate {
            presented,
            client_id: client("photos"),
            now: after(1),
            access: access(),
            renewal: Renewal::Rotate { successor: hash(), idle_expires: T0.plus(Seconds::days(14)) },
            grace: Seconds(10),
        })
        .collect();
    let ends = race(store, |store, index| {
        let (call, grant) = (calls[index].clone(), code.grant_id());
        async move {
            if index % 16 == 8 {
                return store.end_grant(grant, GrantEnd::Revoked, after(1)).await.unwrap();
            }
            store.rotate_refresh(call).await.unwrap();
            false
        }
    })
    .await;
    assert_eq!(ends.iter().filter(|ended| **ended).count(), 1, "a grant ends once");
    for call in &calls {
        assert!(store.access_token(call.access.hash, after(2)).await.unwrap().is_none());
        let Renewal::Rotate { successor, .. } = call.renewal else { unreachable!() };
        let stored = store.refresh_token(successor).await.unwrap();
        assert!(stored.is_none_or(|stored| stored.grant.ended_at.is_some()));
    }
}

pub(crate) async fn i_06_one_of_64_calls_signs_out(store: &Shared) {
    let session = signed_in(store).await;
    let answers = race(store, |store, index| {
        let name = match index % 2 {
            0 => SessionName::Cookie(session.hash),
            _ => SessionName::Sid(session.sid),
        };
        async move { store.end_session(name, GrantsPolicy::EndAll, after(1)).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().flatten().count(), 1, "clients are told once");
}
