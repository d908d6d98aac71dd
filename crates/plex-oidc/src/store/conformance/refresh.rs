//! Refresh tokens: rotation, the grace, reuse.

use super::*;

const GRACE: Seconds = Seconds(10);

fn rotation(presented: SecretHash, successor: SecretHash, now: Timestamp) -> Rotate {
    Rotate {
        presented,
        client_id: client("photos"),
        now,
        access: NewAccessToken { expires: now.plus(Seconds(600)), ..access() },
        renewal: Renewal::Rotate { successor, idle_expires: now.plus(Seconds::days(14)) },
        grace: GRACE,
    }
}

/// A family with its first token, issued at `T0`.
async fn family(store: &Shared) -> (GrantId, SecretHash, SecretHash) {
    let (code, redeem) = redeemed(store).await;
    (code.grant_id(), redeem.refresh.unwrap().hash, redeem.access.hash)
}

async fn rotate(store: &Shared, presented: SecretHash, successor: SecretHash, now: Timestamp) -> Rotation {
    store.rotate_refresh(rotation(presented, successor, now)).await.unwrap()
}

/// Rotates and expects it to succeed; returns the successor.
async fn rotated(store: &Shared, presented: SecretHash, now: Timestamp) -> SecretHash {
    let successor = hash();
    let answer = rotate(store, presented, successor, now).await;
    assert!(matches!(answer, Rotation::Rotated), "{answer:?}");
    successor
}

async fn is_live(store: &Shared, hash: SecretHash) -> bool {
    let stored = store.refresh_token(hash).await.unwrap();
    stored.is_some_and(|token| token.consumed_at.is_none() && token.grant.ended_at.is_none())
}

pub(crate) async fn req_057_a_refresh_token_is_bound_to_its_client(store: &Shared) {
    let (_, r1, _) = family(store).await;
    let mut thief = rotation(r1, hash(), after(1));
    thief.client_id = client("files");
    let answer = store.rotate_refresh(thief.clone()).await.unwrap();
    assert!(matches!(answer, Rotation::WrongClient), "{answer:?}");
    assert!(store.access_token(thief.access.hash, after(1)).await.unwrap().is_none());
    let r2 = rotated(store, r1, after(2)).await;
    // Neither does a thief's reuse of a consumed token end the family.
    thief.now = after(1000);
    assert!(matches!(store.rotate_refresh(thief).await.unwrap(), Rotation::WrongClient));
    rotated(store, r2, after(1001)).await;
    assert!(matches!(rotate(store, hash(), hash(), T0).await, Rotation::Unknown));
}

pub(crate) async fn req_096_any_token_of_a_family_ends_it_for_its_client_only(store: &Shared) {
    let (grant, first, oldest) = family(store).await;
    let second = hash();
    let rotation = rotation(first, second, after(1));
    let newest = rotation.access.hash;
    assert!(matches!(store.rotate_refresh(rotation).await.unwrap(), Rotation::Rotated));
    assert!(!store.revoke_refresh_token(second, client("files"), after(2)).await.unwrap());
    assert!(!store.revoke_refresh_token(hash(), client("photos"), after(2)).await.unwrap());
    assert!(store.access_token(newest, after(2)).await.unwrap().is_some());
    assert!(store.revoke_refresh_token(first, client("photos"), after(2)).await.unwrap());
    assert!(!store.revoke_refresh_token(second, client("photos"), after(3)).await.unwrap(), "it had ended");
    for access in [oldest, newest] {
        assert!(store.access_token(access, after(2)).await.unwrap().is_none());
    }
    let stored = store.refresh_token(second).await.unwrap().unwrap();
    assert_eq!((stored.grant.id, stored.grant.ended_at), (grant, Some(after(2))));
}

pub(crate) async fn req_059_reuse_ends_the_family(store: &Shared) {
    let (grant, r1, a1) = family(store).await;
    let r2 = rotated(store, r1, after(1)).await;
    let third = rotation(r2, hash(), after(2));
    assert!(matches!(store.rotate_refresh(third.clone()).await.unwrap(), Rotation::Rotated));
    assert!(store.access_token(a1, after(2)).await.unwrap().is_some());

    // Within the grace, but the successor was used: that is reuse.
    let answer = rotate(store, r1, hash(), after(3)).await;
    assert!(matches!(answer, Rotation::Reuse { grant: ended } if ended == grant), "{answer:?}");
    let Renewal::Rotate { successor: r3, .. } = third.renewal else { unreachable!() };
    assert!(!is_live(store, r3).await);
    assert!(matches!(rotate(store, r3, hash(), after(4)).await, Rotation::Ended));
    for access in [a1, third.access.hash] {
        assert!(store.access_token(access, after(4)).await.unwrap().is_none());
    }
}

pub(crate) async fn req_060_a_lost_answer_may_be_asked_for_again(store: &Shared) {
    let (grant, r1, _) = family(store).await;
    let lost = rotated(store, r1, after(100)).await;
    let again = rotation(r1, hash(), after(109));
    let answer = store.rotate_refresh(again.clone()).await.unwrap();
    assert!(matches!(answer, Rotation::GraceReuse), "{answer:?}");
    let access = store.access_token(again.access.hash, after(109)).await.unwrap().unwrap();
    assert_eq!(access.grant.id, grant);
    let Renewal::Rotate { successor, .. } = again.renewal else { unreachable!() };
    assert!(!is_live(store, lost).await);
    assert!(is_live(store, successor).await);

    // The one that died unused: refused while the race may still be on, reuse afterwards.
    assert!(matches!(rotate(store, lost, hash(), after(118)).await, Rotation::Superseded));
    assert!(is_live(store, successor).await);
    let answer = rotate(store, lost, hash(), after(119)).await;
    assert!(matches!(answer, Rotation::Reuse { .. }), "{answer:?}");
    assert!(!is_live(store, successor).await);
}

pub(crate) async fn req_060_the_grace_ends_to_the_second(store: &Shared) {
    let (_, r1, _) = family(store).await;
    let r2 = rotated(store, r1, after(100)).await;
    let r3 = hash();
    assert!(matches!(rotate(store, r1, r3, after(109)).await, Rotation::GraceReuse));
    // Using the grace does not extend it.
    let answer = rotate(store, r1, hash(), after(110)).await;
    assert!(matches!(answer, Rotation::Reuse { .. }), "{answer:?}");
    assert!(!is_live(store, r2).await);
    assert!(!is_live(store, r3).await);

    let (_, r1, _) = family(store).await;
    rotated(store, r1, after(100)).await;
    let strict = Rotate { grace: Seconds(0), ..rotation(r1, hash(), after(100)) };
    let answer = store.rotate_refresh(strict).await.unwrap();
    assert!(matches!(answer, Rotation::Reuse { .. }), "{answer:?}");
}

pub(crate) async fn req_061_a_kept_token_is_used_again_and_again(store: &Shared) {
    let (grant, r1, _) = family(store).await;
    for day in [10, 20, 30] {
        let now = T0.plus(Seconds::days(day));
        let renewal = Renewal::Keep { idle_expires: now.plus(Seconds::days(14)) };
        let call = Rotate { renewal, ..rotation(r1, hash(), now) };
        let answer = store.rotate_refresh(call.clone()).await.unwrap();
        assert!(matches!(answer, Rotation::Rotated), "{answer:?}");
        let access = store.access_token(call.access.hash, now).await.unwrap().unwrap();
        assert_eq!(access.grant.id, grant);
        assert!(is_live(store, r1).await);
    }
}

pub(crate) async fn req_062_of_64_calls_one_successor_lives(store: &Shared) {
    for _ in 0..rounds() {
        let (_, r1, _) = family(store).await;
        let successors: Vec<_> = (0..64).map(|_| hash()).collect();
        let answers = race(store, |store, index| {
            let call = rotation(r1, successors[index], after(1));
            async move { store.rotate_refresh(call).await.unwrap() }
        })
        .await;
        let count = |wanted: fn(&Rotation) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
        assert_eq!(count(|answer| matches!(answer, Rotation::Rotated)), 1);
        assert_eq!(count(|answer| matches!(answer, Rotation::GraceReuse)), 63);
        let mut live = Vec::new();
        for successor in successors {
            if is_live(store, successor).await {
                live.push(successor);
            }
        }
        assert_eq!(live.len(), 1);
        rotated(store, live[0], after(2)).await;
    }
}

pub(crate) async fn req_062_without_a_grace_64_calls_end_the_family(store: &Shared) {
    let (_, r1, _) = family(store).await;
    let successors: Vec<_> = (0..64).map(|_| hash()).collect();
    let answers = race(store, |store, index| {
        let call = Rotate { grace: Seconds(0), ..rotation(r1, successors[index], after(1)) };
        async move { store.rotate_refresh(call).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Rotation::Rotated)).count(), 1);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Rotation::Reuse { .. })).count(), 1);
    for successor in successors {
        assert!(!is_live(store, successor).await);
    }
}

pub(crate) async fn req_065_idle_and_absolute_limits_hold(store: &Shared) {
    let (_, r1, _) = family(store).await;
    let idle_end = T0.plus(Seconds::days(14));
    assert!(matches!(rotate(store, r1, hash(), idle_end).await, Rotation::Expired));
    let mut current = rotated(store, r1, idle_end.minus(Seconds(1))).await;
    for day in [20, 30, 40, 50, 60, 70, 80] {
        current = rotated(store, current, T0.plus(Seconds::days(day))).await;
    }
    let stored = store.refresh_token(current).await.unwrap().unwrap();
    let absolute_end = T0.plus(Seconds::days(90));
    assert_eq!((stored.idle_expires, stored.absolute_expires), (absolute_end, absolute_end));
    assert!(matches!(rotate(store, current, hash(), absolute_end).await, Rotation::Expired));
    let mut last = rotation(current, hash(), absolute_end.minus(Seconds(1)));
    last.access.expires = absolute_end.plus(Seconds(600));
    let outlives = last.access.hash;
    assert!(matches!(store.rotate_refresh(last).await.unwrap(), Rotation::Rotated));

    // The grant is kept for the last access token, and no longer.
    while !store.sweep(absolute_end).await.unwrap().is_empty() {}
    assert!(store.access_token(outlives, absolute_end).await.unwrap().is_some());
    assert_eq!(store.sweep(absolute_end.plus(Seconds(600))).await.unwrap().grants, 1);
}

/// I-04 over random histories: never two live leaves; a consumed token after the grace ends the family.
pub(crate) async fn i_04_a_family_has_one_live_leaf(store: &Shared) {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15; // fixed: a failure can be repeated
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..20 {
        let (_, first, _) = family(store).await;
        let (mut tokens, mut now) = (vec![first], T0);
        for _ in 0..25 {
            now = now.plus(Seconds([0, 1, 5, 9, 10, 11][random(6)]));
            let recent = tokens.len().saturating_sub(3);
            let presented = tokens[recent + random(tokens.len() - recent)];
            let before = store.refresh_token(presented).await.unwrap().unwrap();
            let successor = hash();
            let answer = rotate(store, presented, successor, now).await;
            if matches!(answer, Rotation::Rotated | Rotation::GraceReuse) {
                tokens.push(successor);
            }
            let late = before.consumed_at.is_some_and(|at| at.plus(GRACE).has_passed(now));
            assert!(!late || matches!(answer, Rotation::Reuse { .. } | Rotation::Ended), "{answer:?}");
            let mut live = 0;
            for token in &tokens {
                live += usize::from(is_live(store, *token).await);
            }
            let ended = matches!(answer, Rotation::Reuse { .. } | Rotation::Ended);
            assert_eq!(live, usize::from(!ended), "{answer:?}");
        }
    }
}
