//! People's own Plex tokens: kept with a sign-in, used in turn, and gone with the last session.

use super::*;

fn token(byte: u8, at: u32) -> NewPlexToken {
    NewPlexToken { sealed: SealedBytes(vec![byte; 60]), next_look: after(at) }
}

/// Signs somebody in, perhaps once more, and keeps this token.
async fn signed_in_with(store: &Shared, account: u64, token: NewPlexToken) -> NewBrowserSession {
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let mut finish = finish(&login, FinishedBy::BrowserSession, account);
    (finish.code, finish.plex_token) = (None, Some(token));
    let session = finish.session.clone().unwrap();
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    session
}

async fn kept(store: &Shared, session: &NewBrowserSession) -> Option<KeptPlexToken> {
    let found = store.due_plex_tokens(after(1_000_000), Seconds::days(30), 1000).await.unwrap();
    found.due.into_iter().find(|token| token.account_id == session.account_id)
}

fn account() -> u64 {
    2_000_000 + number()
}

pub(crate) async fn tokens_are_due_in_their_turn(store: &Shared) {
    let first = signed_in_with(store, account(), token(1, 100)).await;
    let second = signed_in_with(store, account(), token(2, 50)).await;
    let found = store.due_plex_tokens(after(49), Seconds::days(30), 10).await.unwrap();
    assert_eq!((found.due.len(), found.next, found.kept), (0, Some(after(50)), 2));
    let found = store.due_plex_tokens(after(50), Seconds::days(30), 10).await.unwrap();
    let expected = KeptPlexToken {
        account_id: second.account_id,
        sealed: SealedBytes(vec![2; 60]),
        failures: 0,
        missed: false,
    };
    assert_eq!((found.due, found.next), (vec![expected.clone()], Some(after(100))));
    let found = store.due_plex_tokens(after(500), Seconds::days(30), 1).await.unwrap();
    assert_eq!((&found.due, found.next), (&vec![expected.clone()], Some(after(100))), "one at a time");

    let look = PlexLook { token: expected, next_look: after(900), failures: 3, missed: true };
    assert!(store.note_plex_look(look).await.unwrap());
    let found = store.due_plex_tokens(after(900), Seconds::days(30), 10).await.unwrap().due;
    assert_eq!(
        found.iter().map(|token| token.account_id).collect::<Vec<_>>(),
        [first.account_id, second.account_id]
    );
    assert_eq!(found.last().map(|token| (token.failures, token.missed)), Some((3, true)));
}

/// A look that began before somebody signed in again says nothing of the new token.
pub(crate) async fn a_new_token_takes_the_place_of_the_old_one(store: &Shared) {
    let account = account();
    let session = signed_in_with(store, account, token(1, 0)).await;
    let old = kept(store, &session).await.unwrap();
    signed_in_with(store, account, token(2, 700)).await;
    let look = PlexLook { token: old, next_look: T0, failures: 9, missed: true };
    assert!(!store.note_plex_look(look).await.unwrap());
    let new = kept(store, &session).await.unwrap();
    assert_eq!((new.sealed, new.failures, new.missed), (SealedBytes(vec![2; 60]), 0, false));
}

pub(crate) async fn a_token_goes_with_the_last_session(store: &Shared) {
    let account = account();
    let first = signed_in_with(store, account, token(1, 0)).await;
    let second = signed_in_with(store, account, token(1, 0)).await;
    let other = signed_in_with(store, account + 500_000, token(3, 0)).await;
    let end = async |session: &NewBrowserSession| {
        let name = SessionName::Cookie(session.hash);
        store.end_session(name, GrantsPolicy::KeepOffline, after(1)).await.unwrap().unwrap();
    };
    end(&first).await;
    assert!(kept(store, &first).await.is_some(), "another session is there");
    end(&second).await;
    assert!(kept(store, &first).await.is_none());
    assert!(kept(store, &other).await.is_some(), "somebody else's");
    store.end_all_sessions(other.account_id, after(1)).await.unwrap();
    assert!(kept(store, &other).await.is_none());
}

pub(crate) async fn a_token_goes_when_sessions_expire_and_when_access_ends(store: &Shared) {
    let (idle, ended) = (
        signed_in_with(store, account(), token(1, 0)).await,
        signed_in_with(store, account(), token(2, 0)).await,
    );
    end_access(store, ended.account_id, after(31)).await;
    assert!(kept(store, &ended).await.is_none());
    assert!(kept(store, &idle).await.is_some());
    while !store.sweep(T0.plus(Seconds::hours(2))).await.unwrap().is_empty() {}
    assert!(kept(store, &idle).await.is_none());
}

/// A session that goes on under a new secret is no end.
pub(crate) async fn a_renewed_session_keeps_its_token(store: &Shared) {
    let account = account();
    let old = signed_in_with(store, account, token(1, 0)).await;
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let mut finish = finish(&login, FinishedBy::BrowserSession, account);
    (finish.code, finish.plex_token) = (None, Some(token(2, 0)));
    finish.replaced_session = Some((old.hash, old.sid));
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    assert_eq!(kept(store, &old).await.unwrap().sealed, SealedBytes(vec![2; 60]));
}

pub(crate) async fn tokens_are_forgotten_one_and_all(store: &Shared) {
    let (one, other) = (
        signed_in_with(store, account(), token(1, 0)).await,
        signed_in_with(store, account(), token(2, 0)).await,
    );
    assert!(store.forget_plex_token(one.account_id).await.unwrap());
    assert!(!store.forget_plex_token(one.account_id).await.unwrap());
    assert!(kept(store, &other).await.is_some());
    assert_eq!(store.forget_plex_tokens().await.unwrap(), 1);
    assert_eq!(store.forget_plex_tokens().await.unwrap(), 0);
    assert!(kept(store, &other).await.is_none());
    assert!(
        store.browser_session(other.hash, after(1)).await.unwrap().is_some(),
        "nobody is signed out by it"
    );
}

pub(crate) async fn things_are_counted(store: &Shared) {
    let live = signed_in_with(store, account(), token(1, 0)).await;
    signed_in(store).await;
    let tallies = store.tallies(after(1)).await.unwrap();
    assert_eq!((tallies.browser_sessions, tallies.plex_tokens), (2, 1));
    assert_eq!(store.tallies(T0.plus(Seconds::days(2))).await.unwrap().browser_sessions, 0);
    store.end_session(SessionName::Cookie(live.hash), GrantsPolicy::EndAll, after(2)).await.unwrap();
    let tallies = store.tallies(after(3)).await.unwrap();
    assert_eq!((tallies.browser_sessions, tallies.plex_tokens, tallies.logouts_waiting), (1, 0, 0));
}
