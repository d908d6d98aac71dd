//! The sweep.

use super::super::{CODE_MEMORY, SWEEP_BATCH};
use super::*;

pub(crate) async fn a_sweep_removes_what_is_over_and_nothing_else(store: &Shared) {
    let waiting = login();
    store.begin_login(waiting.clone()).await.unwrap();
    let (code, redeem) = redeemed(store).await;
    let (session, _) = issued(store).await;
    assert_eq!(store.sweep(after(599)).await.unwrap(), SweepCounts::default());

    // The three sign-in attempts and the access token end at 600 s.
    let counts = store.sweep(after(600)).await.unwrap();
    assert_eq!(counts, SweepCounts { logins: 3, access_tokens: 1, ..SweepCounts::default() });
    assert!(store.browser_session(session.hash, after(600)).await.unwrap().is_some());

    // The unredeemed code goes when nobody has to recognise it any more; both browser sessions end with their hour.
    let forgotten = after(60).plus(CODE_MEMORY);
    let counts = store.sweep(forgotten).await.unwrap();
    assert_eq!(counts, SweepCounts { sessions: 2, grants: 1, ..SweepCounts::default() });

    // The other grant lives as long as its refresh tokens may.
    let refresh = redeem.refresh.unwrap();
    assert!(store.sweep(refresh.absolute_expires.minus(Seconds(1))).await.unwrap().is_empty());
    assert!(store.code(code.hash).await.unwrap().is_some());
    let counts = store.sweep(refresh.absolute_expires).await.unwrap();
    assert_eq!(counts, SweepCounts { grants: 1, refresh_tokens: 1, ..SweepCounts::default() });
    assert!(store.code(code.hash).await.unwrap().is_none());
    assert!(store.refresh_token(refresh.hash).await.unwrap().is_none());
}

pub(crate) async fn a_sweep_takes_a_bounded_step(store: &Shared) {
    let batch = usize::try_from(SWEEP_BATCH).unwrap();
    let waits: Vec<_> = (0..=batch).map(|_| store.begin_login(login())).collect();
    for answer in futures_util::future::join_all(waits).await {
        answer.unwrap();
    }
    assert_eq!(store.sweep(after(600)).await.unwrap().logins, batch);
    assert_eq!(store.sweep(after(600)).await.unwrap().logins, 1);
    assert!(store.sweep(after(600)).await.unwrap().is_empty());
}
