//! Telling clients of sessions that end.

use std::collections::BTreeSet;

use plex_oidc_core::id::LocalAccountId;

use super::super::{CODE_MEMORY, LOGOUT_RETRIES, LOGOUT_TRIES, TOLD_FOR};
use super::*;

/// A code of this session, redeemed by a client that wants to be told: `wiki` without offline access, others with.
async fn tokens_for(store: &Shared, session: &NewBrowserSession, name: &str) -> RedeemCode {
    let mut code = code(session);
    code.grant.client_id = client(name);
    assert!(store.issue_code(code.clone(), T0).await.unwrap());
    let mut redeem = RedeemCode { client_id: client(name), tell_of_logout: true, ..redeem(&code, T0) };
    redeem.refresh = redeem.refresh.filter(|_| name != "wiki");
    let redemption = store.redeem_code(redeem.clone()).await.unwrap();
    assert!(matches!(redemption, Redemption::Redeemed), "{redemption:?}");
    redeem
}

async fn due(store: &Shared, now: Timestamp) -> Vec<LogoutNotice> {
    store.take_due_logouts(now, 100).await.unwrap()
}

fn told(notices: &[LogoutNotice]) -> BTreeSet<(Sid, ClientId)> {
    notices.iter().map(|notice| (notice.sid, notice.client_id.clone())).collect()
}

async fn settle_all(store: &Shared, notices: Vec<LogoutNotice>) {
    for notice in notices {
        assert!(store.settle_logout(notice).await.unwrap());
    }
}

pub(crate) async fn req_119_every_client_of_a_session_is_told_once(store: &Shared) {
    let session = signed_in(store).await;
    let other = signed_in(store).await;
    for name in ["photos", "wiki", "photos"] {
        tokens_for(store, &session, name).await;
    }
    tokens_for(store, &other, "photos").await;
    // These have nothing to end there: one did not want to be told, the other has not redeemed its code.
    let silent = code(&session);
    store.issue_code(silent.clone(), T0).await.unwrap();
    store.redeem_code(RedeemCode { tell_of_logout: false, ..redeem(&silent, T0) }).await.unwrap();
    let mut unredeemed = code(&session);
    unredeemed.grant.client_id = client("tv");
    store.issue_code(unredeemed, T0).await.unwrap();
    assert!(due(store, after(1)).await.is_empty());

    // The clients of a session that is used are remembered longer than their grants.
    assert!(store.touch_session(session.hash, after(3000), after(9000)).await.unwrap());
    let late = after(60).plus(CODE_MEMORY);
    let counts = store.sweep(late).await.unwrap();
    assert_eq!((counts.grants, counts.session_clients), (2, 0), "that of `wiki`, and the unredeemed one");
    let name = SessionName::Cookie(session.hash);
    assert!(store.end_session(name, GrantsPolicy::KeepOffline, late).await.unwrap().is_some());
    let notices = due(store, late).await;
    let expected = ["photos", "wiki"].map(|name| (session.sid, client(name)));
    assert_eq!(told(&notices), BTreeSet::from(expected));
    assert!(notices.iter().all(|notice| notice.account_id == session.account_id && notice.tries == 1));
    settle_all(store, notices).await;
    // Nothing of it is left, also for whoever names the session again.
    let name = SessionName::Sid(session.sid);
    store.end_session(name, GrantsPolicy::EndAll, late).await.unwrap();
    assert!(due(store, late.plus(Seconds::hours(1))).await.is_empty());
}

pub(crate) async fn req_120_a_notice_is_tried_three_times(store: &Shared) {
    let session = signed_in(store).await;
    tokens_for(store, &session, "photos").await;
    store.end_session(SessionName::Sid(session.sid), GrantsPolicy::KeepOffline, T0).await.unwrap();
    let mut now = T0;
    let mut last = None;
    for (tries, pause) in (1..).zip(LOGOUT_RETRIES.into_iter().chain([LOGOUT_RETRIES[1]])) {
        let taken = due(store, now).await;
        assert_eq!(taken.iter().map(|notice| notice.tries).collect::<Vec<_>>(), [tries]);
        let early = now.plus(pause).minus(Seconds(1));
        assert!(due(store, now).await.is_empty() && due(store, early).await.is_empty());
        now = now.plus(pause);
        last = taken.into_iter().next();
    }
    assert_eq!(last.as_ref().unwrap().tries, LOGOUT_TRIES);
    assert!(due(store, now).await.is_empty(), "no fourth");
    // An answer to an earlier try settles nothing any more.
    let earlier = LogoutNotice { tries: 1, ..last.clone().unwrap() };
    assert!(!store.settle_logout(earlier).await.unwrap());
    // Whoever died on the last try leaves a row, which the sweep takes.
    assert_eq!(store.sweep(now).await.unwrap().logout_notices, 1);
    assert!(!store.settle_logout(last.unwrap()).await.unwrap());
}

pub(crate) async fn req_118_sign_out_everywhere_ends_all_of_one_person(store: &Shared) {
    let session = signed_in(store).await;
    let account = session.account_id;
    let second = NewBrowserSession { account_id: account, ..super::session(super::plex_number(account)) };
    let attempt = login();
    store.begin_login(attempt.clone()).await.unwrap();
    let mut finish = finish(&attempt, FinishedBy::BrowserSession, super::plex_number(account));
    (finish.session, finish.code) = (Some(second.clone()), None);
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    let other = signed_in(store).await;
    let (here, there) =
        (tokens_for(store, &session, "photos").await, tokens_for(store, &second, "wiki").await);
    let of_other = tokens_for(store, &other, "photos").await;
    let app_token = NewAppToken {
        id: format!("everywhere-{account}"),
        name: "nightly".to_owned(),
        hash: hash(),
        account_id: account,
        apps: vec!["wiki".to_owned()],
        created: T0,
        expires: None,
        session: None,
    };
    assert!(store.add_app_token(app_token.clone()).await.unwrap());

    let ended = store.end_all_sessions(account, after(1)).await.unwrap();
    assert_eq!(ended, EndedAccess { sessions: 2, grants: 2, app_tokens: 0 });
    for (session, redeem) in [(&session, &here), (&second, &there)] {
        assert!(store.browser_session(session.hash, after(1)).await.unwrap().is_none());
        assert!(store.access_token(redeem.access.hash, after(1)).await.unwrap().is_none());
    }
    let refresh = store.refresh_token(here.refresh.unwrap().hash).await.unwrap().unwrap();
    assert_eq!(refresh.grant.ended_at, Some(after(1)));
    assert!(
        store.app_token(app_token.hash, after(1)).await.unwrap().is_some(),
        "the host's, not the guest's"
    );
    let notices = due(store, after(1)).await;
    let expected = [(session.sid, client("photos")), (second.sid, client("wiki"))];
    assert_eq!(told(&notices), BTreeSet::from(expected));
    settle_all(store, notices).await;

    assert!(store.browser_session(other.hash, after(1)).await.unwrap().is_some());
    assert!(store.access_token(of_other.access.hash, after(1)).await.unwrap().is_some());
}

pub(crate) async fn req_118_offline_clients_are_told_after_their_session(store: &Shared) {
    let session = signed_in(store).await;
    let offline = tokens_for(store, &session, "photos").await;
    tokens_for(store, &session, "wiki").await;
    let late = session.idle_expires.plus(Seconds::hours(2));
    let counts = store.sweep(late).await.unwrap();
    assert_eq!((counts.sessions, counts.grants), (1, 1));
    assert_eq!(counts.session_clients, 0, "an application may keep its visitor for longer than we do");

    store.end_all_sessions(session.account_id, late).await.unwrap();
    let notices = due(store, late).await;
    let expected = ["photos", "wiki"].map(|name| (session.sid, client(name)));
    assert_eq!(told(&notices), BTreeSet::from(expected));
    settle_all(store, notices).await;
    let refresh = store.refresh_token(offline.refresh.unwrap().hash).await.unwrap().unwrap();
    assert_eq!(refresh.grant.ended_at, Some(late));
}

pub(crate) async fn req_119_clients_are_told_of_somebody_who_is_removed(store: &Shared) {
    let declared = LocalAccount { declared: true, ..local::local_account(12, "declared") };
    store.declare_local_accounts(vec![declared.clone()], T0).await.unwrap();
    for account in [local::added(store, 11, "kept").await, declared] {
        let hash = account.password_hash.clone().unwrap();
        let (_, session) = local::signed(store, &account, &hash).await;
        tokens_for(store, &session, "photos").await;
        if account.declared {
            store.declare_local_accounts(Vec::new(), after(1)).await.unwrap();
        } else {
            assert!(store.remove_local_account(LocalAccountId::new(11).unwrap(), after(1)).await.unwrap());
        }
        assert_eq!(store.user(account.user.account_id()).await.unwrap(), None);
        let notices = due(store, after(1)).await;
        assert_eq!(told(&notices), BTreeSet::from([(session.sid, client("photos"))]));
        assert_eq!(notices[0].account_id, account.user.account_id());
        settle_all(store, notices).await;
    }
}

pub(crate) async fn clients_of_a_session_are_forgotten_in_the_end(store: &Shared) {
    let session = signed_in(store).await;
    tokens_for(store, &session, "photos").await;
    let swept = |at| async move { store.sweep(at).await.unwrap().session_clients };
    assert_eq!(swept(T0.plus(TOLD_FOR).minus(Seconds(1))).await, 0);
    assert!(swept(T0.plus(TOLD_FOR).plus(Seconds::hours(1))).await >= 1);
    store.end_all_sessions(session.account_id, T0.plus(TOLD_FOR)).await.unwrap();
    assert!(due(store, T0.plus(TOLD_FOR)).await.iter().all(|notice| notice.sid != session.sid));
}

pub(crate) async fn req_119_a_session_that_is_taken_over_is_told_of(store: &Shared) {
    let old = signed_in(store).await;
    let tokens = tokens_for(store, &old, "wiki").await;
    tokens_for(store, &old, "photos").await;
    let browser = MetBrowser::Known(old.browser.judged());
    let renewed = NewBrowserSession { hash: hash(), browser, ..old.clone() };
    let someone_else = super::session(3_000_000 + super::plex_number(old.account_id));
    for (replaced, next, telling) in [(&old, &renewed, false), (&renewed, &someone_else, true)] {
        let attempt = login();
        store.begin_login(attempt.clone()).await.unwrap();
        let mut finish = finish(&attempt, FinishedBy::BrowserSession, super::plex_number(next.account_id));
        (finish.session, finish.code) = (Some(next.clone()), None);
        finish.replaced_session = Some((replaced.hash, replaced.sid));
        assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
        let notices = due(store, after(31)).await;
        assert_eq!(told(&notices).contains(&(old.sid, client("photos"))), telling);
        let lives = store.access_token(tokens.access.hash, after(1)).await.unwrap().is_some();
        assert_eq!(lives, !telling, "what is told of has ended");
        settle_all(store, notices).await;
    }
}

pub(crate) async fn req_120_one_of_64_takes_a_notice(store: &Shared) {
    let session = signed_in(store).await;
    tokens_for(store, &session, "photos").await;
    store.end_session(SessionName::Sid(session.sid), GrantsPolicy::KeepOffline, T0).await.unwrap();
    let taken = race(store, |store, _| async move { store.take_due_logouts(T0, 100).await.unwrap() }).await;
    assert_eq!(taken.concat().len(), 1);
}
