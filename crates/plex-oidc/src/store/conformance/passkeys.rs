//! Passkeys, and the challenges that were used.

use std::sync::atomic::AtomicU32;

use plex_oidc_core::webauthn::Backup;

use super::*;
use crate::store::MOST_PASSKEYS;
use crate::store::records::{Passkey, PasskeyAdded, PasskeyId, PasskeyUse, UsePasskey, UsedChallenge};

/// Shorter than the numbers of the others.
static IDS: AtomicU32 = AtomicU32::new(1);

fn account() -> AccountId {
    AccountId::Plex(PlexAccountId(number()))
}

pub(crate) fn challenge() -> UsedChallenge {
    UsedChallenge { hash: hash(), keep_until: T0.plus(Seconds::minutes(5)) }
}

pub(crate) fn passkey(account_id: AccountId) -> Passkey {
    let id = IDS.fetch_add(1, Ordering::Relaxed);
    Passkey {
        id: PasskeyId(id),
        credential: [&[7; 28][..], &id.to_be_bytes()].concat(),
        account_id,
        name: "the key on my ring".to_owned(),
        key: SealedBytes(vec![1, 2, 3]),
        sign_count: 0,
        backup: Backup::Possible,
        created: T0,
        last_used: None,
        browser: None,
    }
}

fn visit(passkey: &Passkey) -> HostSession {
    let expires = T0.plus(Seconds::hours(1));
    let (account_id, id) = (passkey.account_id, passkey.id);
    HostSession { hash: hash(), account_id, began: after(7), expires, passkey: Some(id) }
}

pub(crate) fn used(passkey: &Passkey, sign_count: u32) -> UsePasskey {
    let visit = visit(passkey);
    let (challenge, backup) = (challenge(), Backup::Done);
    UsePasskey { id: passkey.id, challenge, sign_count, backup, visit, instead_of: None }
}

async fn added(store: &Shared) -> Passkey {
    let new = passkey(account());
    assert_eq!(store.add_passkey(new.clone(), challenge()).await.unwrap(), PasskeyAdded::Added);
    new
}

async fn of(store: &Shared, account: AccountId) -> Vec<Passkey> {
    let all = store.passkeys().await.unwrap();
    all.into_iter().filter(|passkey| passkey.account_id == account).collect()
}

pub(crate) async fn a_passkey_is_there_until_it_is_removed_with_its_visits(store: &Shared) {
    let (mine, other) = (added(store).await, added(store).await);
    assert_eq!(store.passkey(mine.credential.clone()).await.unwrap(), Some(mine.clone()));
    assert_eq!(store.passkey(mine.credential[1..].to_vec()).await.unwrap(), None);
    assert_eq!(of(store, mine.account_id).await, std::slice::from_ref(&mine));
    let (first, second) = (used(&mine, 0), used(&other, 0));
    assert_eq!(store.use_passkey(first).await.unwrap(), PasskeyUse::Used);
    assert_eq!(store.use_passkey(second).await.unwrap(), PasskeyUse::Used);
    let by_link = HostSession { hash: hash(), passkey: None, ..first.visit };
    let link = AdminLink { hash: hash(), expires: after(600) };
    store.put_admin_link(link).await.unwrap();
    assert!(store.use_admin_link(link.hash, by_link, T0).await.unwrap());

    assert_eq!(store.remove_passkey(mine.id, Some(other.account_id)).await.unwrap(), None, "of another");
    let removed = store.remove_passkey(mine.id, Some(mine.account_id)).await.unwrap().unwrap();
    assert_eq!((removed.id, removed.last_used, removed.backup), (mine.id, Some(after(7)), Backup::Done));
    assert_eq!(store.remove_passkey(mine.id, None).await.unwrap(), None);
    assert_eq!(store.passkey(mine.credential.clone()).await.unwrap(), None);
    let lives = async |visit: HostSession| store.host_session(visit.hash, T0).await.unwrap().is_some();
    assert!(!lives(first.visit).await && lives(second.visit).await && lives(by_link).await);
    assert_eq!(store.host_session(second.visit.hash, T0).await.unwrap(), Some(second.visit));
    assert_eq!(store.use_passkey(used(&mine, 9)).await.unwrap(), PasskeyUse::Changed);
    assert!(store.remove_passkey(other.id, None).await.unwrap().is_some(), "by command, of anybody");
}

pub(crate) async fn a_credential_is_there_once_and_an_account_has_so_many(store: &Shared) {
    let mine = added(store).await;
    let same_id = Passkey { id: mine.id, ..passkey(account()) };
    let same_credential = Passkey { credential: mine.credential.clone(), ..passkey(account()) };
    for taken in [same_id, same_credential] {
        assert_eq!(store.add_passkey(taken, challenge()).await.unwrap(), PasskeyAdded::Taken);
    }
    for _ in 1..MOST_PASSKEYS {
        let more = passkey(mine.account_id);
        assert_eq!(store.add_passkey(more, challenge()).await.unwrap(), PasskeyAdded::Added);
    }
    let more = store.add_passkey(passkey(mine.account_id), challenge()).await.unwrap();
    assert_eq!(more, PasskeyAdded::TooMany);
    assert_eq!(of(store, mine.account_id).await.len(), MOST_PASSKEYS as usize);
    added(store).await; // others are not concerned
}

pub(crate) async fn req_145_of_64_uses_of_a_challenge_one_begins_a_visit(store: &Shared) {
    let mine = added(store).await;
    let shared = challenge();
    let uses: Vec<_> = (0..64).map(|_| UsePasskey { challenge: shared, ..used(&mine, 0) }).collect();
    let answers = race(store, |store, index| {
        let one = uses[index];
        async move { store.use_passkey(one).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == PasskeyUse::Used).count(), 1);
    for (one, answer) in uses.iter().zip(answers) {
        let lives = store.host_session(one.visit.hash, T0).await.unwrap().is_some();
        assert_eq!(lives, answer == PasskeyUse::Used);
        assert!(lives || answer == PasskeyUse::ChallengeUsed, "{answer:?}");
    }
    // Nor does what was used for one thing serve for the other.
    let other = store.add_passkey(passkey(account()), shared).await.unwrap();
    assert_eq!(other, PasskeyAdded::ChallengeUsed);
    let new = challenge();
    assert_eq!(store.add_passkey(passkey(account()), new).await.unwrap(), PasskeyAdded::Added);
    let spent = challenge();
    assert!(store.spend_challenge(spent).await.unwrap() && !store.spend_challenge(spent).await.unwrap());
    assert_eq!(store.add_passkey(passkey(account()), spent).await.unwrap(), PasskeyAdded::ChallengeUsed);
    let used_again = UsePasskey { challenge: new, ..used(&mine, 0) };
    assert_eq!(store.use_passkey(used_again).await.unwrap(), PasskeyUse::ChallengeUsed);
}

pub(crate) async fn req_145_of_two_uses_with_one_count_one_begins_a_visit(store: &Shared) {
    let mine = added(store).await;
    for (count, outcome) in [
        (0, PasskeyUse::Used),
        (0, PasskeyUse::Used),
        (5, PasskeyUse::Used),
        (5, PasskeyUse::Changed),
        (4, PasskeyUse::Changed),
        (0, PasskeyUse::Changed),
        (u32::MAX, PasskeyUse::Used),
    ] {
        let one = used(&mine, count);
        assert_eq!(store.use_passkey(one).await.unwrap(), outcome, "{count}");
        let lives = store.host_session(one.visit.hash, T0).await.unwrap().is_some();
        assert_eq!(lives, outcome == PasskeyUse::Used);
    }
    let other = added(store).await;
    let answers = race(store, |store, _| {
        let one = used(&other, 3);
        async move { store.use_passkey(one).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == PasskeyUse::Used).count(), 1);
    // A visit in another's name does not begin.
    let foreign = UsePasskey { visit: visit(&mine), ..used(&other, 9) };
    assert_eq!(store.use_passkey(foreign).await.unwrap(), PasskeyUse::Changed);
}

pub(crate) async fn a_visit_takes_the_place_of_the_one_before_and_used_challenges_are_forgotten(
    store: &Shared,
) {
    let mine = added(store).await;
    let first = used(&mine, 0);
    assert_eq!(store.use_passkey(first).await.unwrap(), PasskeyUse::Used);
    let second = UsePasskey { instead_of: Some(first.visit.hash), ..used(&mine, 0) };
    assert_eq!(store.use_passkey(second).await.unwrap(), PasskeyUse::Used);
    let lives = async |one: UsePasskey| store.host_session(one.visit.hash, T0).await.unwrap().is_some();
    assert!(!lives(first).await && lives(second).await);
    store.end_all_sessions(mine.account_id, after(8)).await.unwrap();
    assert!(!lives(second).await);
    assert!(store.passkey(mine.credential.clone()).await.unwrap().is_some(), "it is no session");

    assert!(store.sweep(after(299)).await.unwrap().is_empty());
    let swept = store.sweep(after(300)).await.unwrap();
    assert_eq!(swept, SweepCounts { used_challenges: 3, ..SweepCounts::default() });
}
