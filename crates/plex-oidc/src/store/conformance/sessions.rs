//! Browser sessions.

use super::*;

pub(crate) async fn a_browser_session_lives_until_its_limits(store: &Shared) {
    let new = signed_in(store).await;
    let stored = store.browser_session(new.hash, after(3599)).await.unwrap().unwrap();
    assert_eq!((stored.hash, stored.sid, stored.auth_time), (new.hash, new.sid, T0));
    assert_eq!((stored.created, stored.last_seen), (T0, T0));
    assert_eq!((stored.idle_expires, stored.absolute_expires), (new.idle_expires, new.absolute_expires));
    assert_eq!(stored.user, user(super::plex_number(new.account_id)));
    assert!(store.browser_session(new.hash, new.idle_expires).await.unwrap().is_none());
    assert!(store.browser_session(hash(), T0).await.unwrap().is_none());
}

pub(crate) async fn the_sessions_of_a_person_are_those_that_live_the_last_used_first(store: &Shared) {
    let (old, other) = (signed_in(store).await, signed_in(store).await);
    let account = old.account_id;
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let mut finish = finish(&login, FinishedBy::BrowserSession, super::plex_number(account));
    finish.code = None;
    let new = finish.session.clone().unwrap();
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    assert!(store.touch_session(old.hash, after(60), after(3000)).await.unwrap());
    let sids = async |now| -> Vec<Sid> {
        store.sessions_of(account, now).await.unwrap().into_iter().map(|session| session.sid).collect()
    };
    assert_eq!(sids(after(61)).await, [old.sid, new.sid]);
    let listed = store.sessions_of(account, after(61)).await.unwrap().remove(0);
    assert_eq!((listed.auth_time, listed.last_seen, &listed.from), (T0, after(60), &old.from));
    assert_eq!(sids(after(3000)).await, [new.sid], "nobody used the other");
    assert_eq!(sids(new.idle_expires).await, []);
    store.end_session(SessionName::Sid(new.sid), GrantsPolicy::EndAll, after(62)).await.unwrap();
    assert_eq!(sids(after(62)).await, [old.sid]);
    let of_other = store.sessions_of(other.account_id, after(61)).await.unwrap();
    assert_eq!(of_other.into_iter().map(|session| session.sid).collect::<Vec<_>>(), [other.sid]);
}

pub(crate) async fn people_are_listed_with_their_sessions_the_last_seen_first(store: &Shared) {
    let (old, new) = (signed_in(store).await, signed_in(store).await);
    let never = AccountId::Plex(PlexAccountId(u64::from(u32::MAX)));
    let mut quiet = user(super::plex_number(never));
    quiet.person.account.display_name = "Zoë\nQuiet".to_owned();
    quiet.person.account.email = None;
    assert!(store.put_user(quiet).await.unwrap());
    assert!(store.touch_session(new.hash, after(60), after(9000)).await.unwrap());
    let list = async |like: &str, skip, most, now| -> (Vec<(AccountId, u64)>, u64) {
        let wanted = PeopleWanted { like: like.to_owned(), skip, most };
        let found = store.people(wanted, now).await.unwrap();
        let people = found.people.iter().map(|person| (person.user.account_id(), person.sessions));
        (people.collect(), found.total)
    };
    let (first, second, third) = ((new.account_id, 1), (old.account_id, 1), (never, 0));
    assert_eq!(list("", 0, 9, after(61)).await, (vec![first, second, third], 3));
    assert_eq!(list("", 1, 1, after(61)).await, (vec![second], 3));
    assert_eq!(list("", 9, 1, after(61)).await, (vec![], 0));
    assert_eq!(list("", 0, 9, after(4000)).await.0[1], (old.account_id, 0), "over, and not swept yet");
    for (like, found) in [
        ("ROBIN@EXAMPLE", 2),
        ("zoë", 1),
        ("quiet", 1),
        ("PLEX-4294967295", 1),
        ("%", 0),
        ("' OR 1=1 --", 0),
        ("local-", 0),
    ] {
        assert_eq!(list(like, 0, 9, after(61)).await.1, found, "{like}");
    }
    let wanted = PeopleWanted { most: 1, ..PeopleWanted::default() };
    let newest = store.people(wanted, after(61)).await.unwrap().people.remove(0);
    assert_eq!((newest.last_seen, newest.user), (Some(after(60)), user(super::plex_number(new.account_id))));
}

pub(crate) async fn the_use_of_a_session_is_noted_once_a_minute(store: &Shared) {
    let new = signed_in(store).await;
    let touch = |now: Timestamp| store.touch_session(new.hash, now, now.plus(Seconds::hours(1)));
    assert!(!touch(after(59)).await.unwrap());
    assert!(touch(after(60)).await.unwrap());
    assert!(!touch(after(60)).await.unwrap());
    assert!(!touch(after(30)).await.unwrap()); // a clock that was set back
    let stored = store.browser_session(new.hash, after(60)).await.unwrap().unwrap();
    assert_eq!((stored.last_seen, stored.idle_expires), (after(60), after(3660)));

    // Use extends the idle limit up to the absolute one, and brings nothing back to life.
    for step in 1..=8 {
        assert!(touch(after(step * 3500)).await.unwrap());
    }
    let stored = store.browser_session(new.hash, after(8 * 3500)).await.unwrap().unwrap();
    assert_eq!(stored.idle_expires, new.absolute_expires);
    assert!(!touch(new.absolute_expires).await.unwrap());
    assert!(store.browser_session(new.hash, new.absolute_expires).await.unwrap().is_none());
    assert!(!store.touch_session(hash(), T0, T0).await.unwrap());
}

pub(crate) async fn req_118_sign_out_ends_session_and_tokens(store: &Shared) {
    let session = signed_in(store).await;
    let other = signed_in(store).await;
    let mut tokens = Vec::new();
    for session in [&session, &other] {
        let code = code(session);
        store.issue_code(code.clone(), T0).await.unwrap();
        let redeem = redeem(&code, T0);
        store.redeem_code(redeem.clone()).await.unwrap();
        tokens.push(redeem);
    }
    let name = SessionName::Cookie(session.hash);
    let ended = store.end_session(name, GrantsPolicy::EndAll, after(1)).await.unwrap();
    let expected = EndedSession { sid: session.sid, account_id: session.account_id, grants: 1 };
    assert_eq!(ended, Some(expected));
    assert_eq!(store.end_session(name, GrantsPolicy::EndAll, after(1)).await.unwrap(), None);
    assert!(store.browser_session(session.hash, after(1)).await.unwrap().is_none());
    assert!(store.access_token(tokens[0].access.hash, after(1)).await.unwrap().is_none());
    let refresh = store.refresh_token(tokens[0].refresh.as_ref().unwrap().hash).await.unwrap().unwrap();
    assert_eq!(refresh.grant.ended_at, Some(after(1)));

    assert!(store.browser_session(other.hash, after(1)).await.unwrap().is_some());
    assert!(store.access_token(tokens[1].access.hash, after(1)).await.unwrap().is_some());
}

pub(crate) async fn req_118_offline_grants_may_outlive_the_session(store: &Shared) {
    let session = signed_in(store).await;
    let (online, offline) = (code(&session), code(&session));
    for code in [&online, &offline] {
        store.issue_code(code.clone(), T0).await.unwrap();
    }
    let online = RedeemCode { refresh: None, ..redeem(&online, T0) };
    let offline = redeem(&offline, T0);
    store.redeem_code(online.clone()).await.unwrap();
    store.redeem_code(offline.clone()).await.unwrap();

    // By its public name: sign-out works without the cookie.
    let name = SessionName::Sid(session.sid);
    let ended = store.end_session(name, GrantsPolicy::KeepOffline, after(1)).await.unwrap().unwrap();
    assert_eq!(ended.grants, 1);
    assert!(store.browser_session(session.hash, after(1)).await.unwrap().is_none());
    assert!(store.access_token(online.access.hash, after(1)).await.unwrap().is_none());
    assert!(store.access_token(offline.access.hash, after(1)).await.unwrap().is_some());

    // The session is gone, its name still ends what it left.
    assert_eq!(store.end_session(name, GrantsPolicy::EndAll, after(2)).await.unwrap(), None);
    assert!(store.access_token(offline.access.hash, after(2)).await.unwrap().is_none());
}
