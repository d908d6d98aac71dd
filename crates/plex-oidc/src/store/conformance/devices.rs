//! Requests of devices: answered once, redeemed once (RFC 8628; requirements 103 to 107).

use plex_oidc_core::device::UserCodeHash;
use plex_oidc_core::token::device::{POLL_INTERVAL, Pace};

use super::super::{CODE_MEMORY, DEVICE_MEMORY};
use super::*;

fn asked() -> NewDeviceRequest {
    NewDeviceRequest {
        hash: hash(),
        user_code: UserCodeHash(hash().0),
        client_id: client("photos"),
        scopes: ScopeSet::parse("openid profile offline_access"),
        resources: ResourceSet::parse("https://a.example"),
        expires: after(600),
        interval: POLL_INTERVAL,
    }
}

async fn begun(store: &Shared) -> NewDeviceRequest {
    let request = asked();
    assert!(store.begin_device_request(request.clone()).await.unwrap());
    request
}

/// The code that answers yes.
fn yes(session: &NewBrowserSession, request: &NewDeviceRequest) -> NewCode {
    NewCode {
        hash: request.hash,
        code_challenge: None,
        nonce: None,
        expires: request.expires,
        answers: Answers::Device,
        ..code(session)
    }
}

async fn answer(store: &Shared, request: &NewDeviceRequest) -> DeviceAnswer {
    store.device_request(request.hash).await.unwrap().unwrap().answer
}

/// A device code that may be redeemed: the code, and the session in which it was approved.
async fn approved(store: &Shared) -> (NewCode, NewBrowserSession) {
    let (request, session) = (begun(store).await, signed_in(store).await);
    let code = yes(&session, &request);
    assert!(store.issue_code(code.clone(), T0).await.unwrap());
    (code, session)
}

pub(crate) async fn req_103_a_device_request_is_found_by_both_codes_until_it_is_over(store: &Shared) {
    let request = asked();
    assert!(store.device_request(request.hash).await.unwrap().is_none());
    assert!(store.begin_device_request(request.clone()).await.unwrap());
    let same_code = NewDeviceRequest { user_code: request.user_code, ..asked() };
    assert!(!store.begin_device_request(same_code.clone()).await.unwrap(), "another device shows this code");
    assert!(store.device_request(same_code.hash).await.unwrap().is_none());
    let stored = DeviceRequest {
        hash: request.hash,
        client_id: request.client_id.clone(),
        scopes: request.scopes,
        resources: request.resources.clone(),
        expires: request.expires,
        answer: DeviceAnswer::Pending,
    };
    let found = |now| store.pending_device_request(request.user_code, now);
    assert_eq!(store.device_request(request.hash).await.unwrap(), Some(stored.clone()));
    assert_eq!(found(after(599)).await.unwrap(), Some(stored));
    assert!(found(after(600)).await.unwrap().is_none());
    assert!(store.deny_device_request(request.hash, T0).await.unwrap());
    assert!(found(T0).await.unwrap().is_none(), "it is answered");
}

pub(crate) async fn req_104_early_polls_make_the_interval_longer_and_it_stays_so(store: &Shared) {
    let request = begun(store).await;
    let poll = |second| store.note_device_poll(request.hash, after(second));
    let on_time = |interval| Some(Pace { early: false, interval: Seconds(interval) });
    let early = |interval| Some(Pace { early: true, interval: Seconds(interval) });
    assert_eq!(poll(0).await.unwrap(), on_time(5));
    assert_eq!(poll(5).await.unwrap(), on_time(5));
    assert_eq!(poll(6).await.unwrap(), early(10));
    assert_eq!(poll(7).await.unwrap(), early(15));
    assert_eq!(poll(21).await.unwrap(), early(20));
    assert_eq!(poll(41).await.unwrap(), on_time(20));
    assert_eq!(poll(600).await.unwrap(), None);
    assert!(store.deny_device_request(request.hash, after(50)).await.unwrap());
    assert_eq!(poll(70).await.unwrap(), None);
    assert_eq!(store.note_device_poll(hash(), T0).await.unwrap(), None);
}

pub(crate) async fn req_104_of_64_polls_at_once_one_is_in_time(store: &Shared) {
    let request = begun(store).await;
    let polls =
        race(
            store,
            |store, _| async move { store.note_device_poll(request.hash, T0).await.unwrap().unwrap() },
        );
    let polls = polls.await;
    assert_eq!(polls.iter().filter(|pace| !pace.early).count(), 1);
    let longest = polls.iter().map(|pace| pace.interval.0).max();
    assert_eq!(longest, Some(5 + 63 * 5), "each is counted");
}

pub(crate) async fn req_106_a_device_request_is_answered_once(store: &Shared) {
    let (request, session) = (begun(store).await, signed_in(store).await);
    let late = store.issue_code(yes(&session, &request), after(600)).await.unwrap();
    assert!(!late, "nobody waits any more");
    let elsewhere = NewCode {
        grant: NewGrant { client_id: client("files"), ..code(&session).grant },
        ..yes(&session, &request)
    };
    assert!(!store.issue_code(elsewhere, T0).await.unwrap(), "another client's grant");
    assert!(!store.issue_code(yes(&session, &asked()), T0).await.unwrap(), "nobody has asked");
    assert_eq!(answer(store, &request).await, DeviceAnswer::Pending);
    assert!(store.code(request.hash).await.unwrap().is_none());

    assert!(store.issue_code(yes(&session, &request), T0).await.unwrap());
    assert_eq!(answer(store, &request).await, DeviceAnswer::Approved);
    assert!(!store.issue_code(yes(&session, &request), T0).await.unwrap());
    assert!(!store.deny_device_request(request.hash, T0).await.unwrap());

    let other = begun(store).await;
    assert!(!store.deny_device_request(other.hash, after(600)).await.unwrap());
    assert!(store.deny_device_request(other.hash, T0).await.unwrap());
    assert!(!store.deny_device_request(other.hash, T0).await.unwrap());
    assert!(!store.issue_code(yes(&session, &other), T0).await.unwrap());
    assert_eq!(answer(store, &other).await, DeviceAnswer::Denied);
}

pub(crate) async fn req_106_of_64_answers_one_counts(store: &Shared) {
    for _ in 0..8 {
        let request = begun(store).await;
        let mut calls = Vec::new();
        for _ in 0..32 {
            let login = login();
            store.begin_login(login.clone()).await.unwrap();
            let mut finish = finish(&login, FinishedBy::BrowserSession, 78);
            finish.code = Some(yes(finish.session.as_ref().unwrap(), &request));
            calls.push(finish);
        }
        let answers = race(store, |store, index| {
            let (call, hash) = (calls.get(index / 2).cloned(), request.hash);
            async move {
                match call.filter(|_| index % 2 == 0) {
                    Some(call) => store.finish_login(call).await.unwrap() == Finish::Finished,
                    None => store.deny_device_request(hash, after(30)).await.unwrap(),
                }
            }
        });
        let answers = answers.await;
        let winners: Vec<_> = (0..64).filter(|index| answers[*index]).collect();
        assert_eq!(winners.len(), 1);
        let yes = winners[0] % 2 == 0;
        assert_eq!(answer(store, &request).await == DeviceAnswer::Approved, yes);
        assert_eq!(store.code(request.hash).await.unwrap().is_some(), yes);
        for (index, call) in calls.iter().enumerate() {
            let session = call.session.as_ref().unwrap().hash;
            let begun = store.browser_session(session, after(31)).await.unwrap().is_some();
            assert_eq!(begun, winners[0] == index * 2, "an attempt that came too late signs nobody in");
        }
    }
}

pub(crate) async fn req_107_of_64_polls_after_the_approval_one_gets_tokens(store: &Shared) {
    for _ in 0..rounds() {
        let (code, _) = approved(store).await;
        let calls: Vec<_> = (0..64).map(|_| redeem(&code, after(1))).collect();
        let answers = race(store, |store, index| {
            let call = calls[index].clone();
            async move { store.redeem_code(call).await.unwrap() }
        })
        .await;
        let won = |answer: &Redemption| matches!(answer, Redemption::Redeemed);
        assert_eq!(answers.iter().filter(|answer| won(answer)).count(), 1);
        for (call, answer) in calls.iter().zip(&answers) {
            let lives = store.access_token(call.access.hash, after(2)).await.unwrap().is_some();
            assert_eq!(lives, won(answer), "one token, and it lives: {answer:?}");
            assert!(won(answer) || matches!(answer, Redemption::Reuse { ended: false, .. }), "{answer:?}");
        }
    }
}

pub(crate) async fn req_107_a_device_code_that_comes_again_late_ends_the_grant(store: &Shared) {
    let (code, _) = approved(store).await;
    let wrong = RedeemCode { client_id: client("files"), ..redeem(&code, T0) };
    assert!(matches!(store.redeem_code(wrong).await.unwrap(), Redemption::WrongClient));
    let first = redeem(&code, T0);
    assert!(matches!(store.redeem_code(first.clone()).await.unwrap(), Redemption::Redeemed));
    for (second, ends) in [(20, false), (21, true)] {
        let again = store.redeem_code(redeem(&code, after(second))).await.unwrap();
        assert!(matches!(again, Redemption::Reuse { ended, .. } if ended == ends), "{second}: {again:?}");
        let lives = store.access_token(first.access.hash, after(second)).await.unwrap().is_some();
        assert_eq!(lives, !ends);
    }
}

pub(crate) async fn req_107_an_approval_ends_with_its_session_its_access_and_its_time(store: &Shared) {
    let (code, session) = approved(store).await;
    let ended = store.end_session(SessionName::Cookie(session.hash), GrantsPolicy::KeepOffline, after(1));
    assert_eq!(ended.await.unwrap().unwrap().grants, 1);
    assert!(matches!(store.redeem_code(redeem(&code, after(2))).await.unwrap(), Redemption::Ended));

    let (code, session) = approved(store).await;
    assert_eq!(end_access(store, session.account_id, after(1)).await.grants, 1);
    assert!(matches!(store.redeem_code(redeem(&code, after(2))).await.unwrap(), Redemption::Ended));

    let (code, _) = approved(store).await;
    assert!(matches!(store.redeem_code(redeem(&code, after(600))).await.unwrap(), Redemption::Expired));
}

pub(crate) async fn a_sweep_removes_device_requests_that_are_long_over(store: &Shared) {
    let (request, end) = (begun(store).await, after(600).plus(DEVICE_MEMORY));
    let (code, _) = approved(store).await;
    while !store.sweep(end.minus(Seconds(1))).await.unwrap().is_empty() {}
    assert_eq!(answer(store, &request).await, DeviceAnswer::Pending, "the device is told that it is over");
    let counts = store.sweep(end).await.unwrap();
    assert_eq!(counts, SweepCounts { device_requests: 2, ..SweepCounts::default() });
    assert!(store.device_request(request.hash).await.unwrap().is_none());
    assert!(store.code(code.hash).await.unwrap().is_some());
    assert_eq!(store.sweep(after(600).plus(CODE_MEMORY)).await.unwrap().grants, 1);
}
