//! What came of a sign-in in a browser: how long it is known which browser that was, and what ends with it.

use plex_oidc_core::decide::Through;

use super::super::MOST_BROWSERS;
use super::super::records::{Passkey, PasskeyAdded, PasskeyUse};
use super::app_tokens::app_token;
use super::browsers::{account, answering, asking, known, sign_in, sign_in_new, tokens_of, waiting};
use super::passkeys::{challenge, passkey, used};
use super::*;

pub(crate) async fn what_came_of_a_browser_waits_with_it_and_is_approved_with_it(store: &Shared) {
    let (mine, new) = (account(), waiting());
    let session = sign_in_new(store, mine, &new, T0).await;
    let redeem = tokens_of(store, &session).await;
    let through = async || {
        let session = store.browser_session(session.hash, after(1)).await.unwrap().unwrap();
        let access = store.access_token(redeem.access.hash, after(1)).await.unwrap().unwrap();
        let refresh = store.refresh_token(redeem.refresh.as_ref().unwrap().hash).await.unwrap().unwrap();
        [session.asker().through, access.grant.asker().through, refresh.grant.asker().through]
    };
    assert_eq!(through().await, [Through::NewBrowser; 3]);
    let asked = asking(mine, "photos", Some(new.id));
    assert_eq!(store.ask_for_access(asked.clone()).await.unwrap(), Asking::Stored);
    assert!(store.answer_request(answering(&asked, HostAnswer::Approved)).await.unwrap());
    assert_eq!(through().await, [Through::KnownBrowser; 3]);
    // Signing out leaves what is for offline access, and that is still of this browser.
    store.end_session(SessionName::Cookie(session.hash), GrantsPolicy::KeepOffline, after(2)).await.unwrap();
    let refresh = store.refresh_token(redeem.refresh.as_ref().unwrap().hash).await.unwrap().unwrap();
    assert_eq!(refresh.grant.browser.map(|browser| browser.id), Some(new.id));
}

pub(crate) async fn disowning_a_browser_ends_all_that_came_of_it_and_nothing_else(store: &Shared) {
    let (mine, theirs) = (account(), account());
    let (good, bad, of_other) = (browser(), browser(), browser());
    let here = sign_in_new(store, mine, &good, T0).await;
    let there = sign_in_new(store, mine, &bad, after(1)).await;
    let over = sign_in(store, mine, known(&bad), after(2)).await;
    let other = sign_in_new(store, theirs, &of_other, T0).await;
    let (kept, ended, offline) =
        (tokens_of(store, &here).await, tokens_of(store, &there).await, tokens_of(store, &over).await);
    let of_others = tokens_of(store, &other).await;
    store.end_session(SessionName::Cookie(over.hash), GrantsPolicy::KeepOffline, after(3)).await.unwrap();
    let told_before = store.take_due_logouts(after(3), 9).await.unwrap().len();
    let token = |of: &NewBrowserSession| NewAppToken { session: Some(of.sid), ..app_token(mine) };
    let (kept_token, ended_token, cli_token) = (token(&here), token(&there), app_token(mine));
    for token in [&kept_token, &ended_token, &cli_token] {
        assert!(store.add_app_token(token.clone()).await.unwrap());
    }
    let asked = asking(mine, "photos", Some(bad.id));
    assert_eq!(store.ask_for_access(asked).await.unwrap(), Asking::TooMany, "it need not be asked about");

    assert!(
        store.disown_browser(theirs, bad.id, Forgotten::NotTheirs, after(4)).await.unwrap().is_none(),
        "not theirs"
    );
    let race = race(store, |store, _| async move {
        store.disown_browser(mine, bad.id, Forgotten::NotTheirs, after(4)).await.unwrap()
    })
    .await;
    let [counted] = *race.into_iter().flatten().collect::<Vec<_>>() else { panic!("once") };
    assert_eq!(counted, EndedAccess { sessions: 1, grants: 2, app_tokens: 1 });
    assert!(store.browser_session(there.hash, after(5)).await.unwrap().is_none());
    for redeem in [&ended, &offline] {
        assert!(store.access_token(redeem.access.hash, after(5)).await.unwrap().is_none());
        let refresh = store.refresh_token(redeem.refresh.as_ref().unwrap().hash).await.unwrap().unwrap();
        assert_eq!(refresh.grant.ended_at, Some(after(4)));
        assert_eq!(
            refresh.grant.asker().through,
            Through::NewBrowser,
            "what is forgotten is approved no more"
        );
    }
    assert!(store.app_token(ended_token.hash, after(5)).await.unwrap().is_none());
    let late = token(&there);
    assert!(!store.add_app_token(late.clone()).await.unwrap(), "its session is over");
    assert!(store.app_token(late.hash, after(5)).await.unwrap().is_none());
    assert!(store.known_browser(mine, bad.hash, after(5)).await.unwrap().is_none());
    let told: Vec<_> = store.take_due_logouts(after(5), 9).await.unwrap();
    let sids: Vec<_> = told.iter().map(|notice| notice.sid).collect();
    assert!(sids.contains(&there.sid) && !sids.contains(&here.sid) && !sids.contains(&other.sid), "{told:?}");
    assert!(told_before > 0 || sids.contains(&over.sid), "the one that was over is told of too, once");

    for (session, redeem) in [(&here, &kept), (&other, &of_others)] {
        assert!(store.browser_session(session.hash, after(5)).await.unwrap().is_some());
        assert!(store.access_token(redeem.access.hash, after(5)).await.unwrap().is_some());
    }
    for token in [&kept_token, &cli_token] {
        assert!(store.app_token(token.hash, after(5)).await.unwrap().is_some());
    }
    assert!(store.known_browser(mine, good.hash, after(5)).await.unwrap().is_some());
    assert!(store.known_browser(theirs, of_other.hash, after(5)).await.unwrap().is_some());
}

pub(crate) async fn an_app_token_waits_with_its_browser_and_is_of_its_own_session(store: &Shared) {
    let (mine, theirs, new) = (account(), account(), waiting());
    let session = sign_in_new(store, mine, &new, T0).await;
    let other = sign_in_new(store, theirs, &browser(), T0).await;
    let made = NewAppToken { session: Some(session.sid), ..app_token(mine) };
    let foreign = NewAppToken { session: Some(other.sid), ..app_token(mine) };
    let by_host = app_token(mine);
    assert!(
        store.add_app_token(made.clone()).await.unwrap()
            && store.add_app_token(by_host.clone()).await.unwrap()
    );
    assert!(!store.add_app_token(foreign).await.unwrap(), "the session of somebody else");
    let through = async |token: &NewAppToken| {
        store.app_token(token.hash, after(1)).await.unwrap().unwrap().asker().through
    };
    assert_eq!((through(&made).await, through(&by_host).await), (Through::NewBrowser, Through::NoBrowser));
    let asked = asking(mine, "photos", Some(new.id));
    assert_eq!(store.ask_for_access(asked.clone()).await.unwrap(), Asking::Stored);
    assert!(store.answer_request(answering(&asked, HostAnswer::Approved)).await.unwrap());
    assert_eq!(through(&made).await, Through::NoBrowser);
}

/// What an owner adds in their own browser, or by a link, stays theirs.
pub(crate) async fn a_passkey_that_was_added_in_a_browser_ends_with_it(store: &Shared) {
    let (mine, good, bad) = (account(), browser(), browser());
    sign_in_new(store, mine, &good, T0).await;
    sign_in_new(store, mine, &bad, after(1)).await;
    let of = |browser: Option<&NewBrowser>| Passkey {
        browser: browser.map(|browser| browser.id),
        ..passkey(mine)
    };
    let all = [of(Some(&good)), of(Some(&bad)), of(None)];
    let mut visits = Vec::new();
    for passkey in &all {
        assert_eq!(store.add_passkey(passkey.clone(), challenge()).await.unwrap(), PasskeyAdded::Added);
        let begun = used(passkey, 0);
        assert_eq!(store.use_passkey(begun).await.unwrap(), PasskeyUse::Used);
        visits.push(begun.visit.hash);
    }
    store.disown_browser(mine, bad.id, Forgotten::NotTheirs, after(9)).await.unwrap().unwrap();
    for (at, stays) in [true, false, true].into_iter().enumerate() {
        assert_eq!(
            store.host_session(visits[at], after(10)).await.unwrap().is_some(),
            stays,
            "the visit of {at}"
        );
        assert_eq!(store.remove_passkey(all[at].id, Some(mine)).await.unwrap().is_some(), stays, "{at}");
    }
}

pub(crate) async fn a_browser_is_listed_as_long_as_something_is_left_of_it(store: &Shared) {
    let mine = account();
    let left: Vec<_> = (0..4).map(|_| waiting()).collect();
    let [with_refresh, with_app_token, with_passkey, with_nothing] = &left[..] else { panic!() };
    for (second, browser) in (0..).zip(&left) {
        let session = sign_in_new(store, mine, browser, after(second)).await;
        if browser == with_refresh {
            tokens_of(store, &session).await;
        }
        if browser == with_app_token {
            let token = NewAppToken { session: Some(session.sid), created: after(second), ..app_token(mine) };
            assert!(store.add_app_token(token).await.unwrap());
        }
        if browser == with_passkey {
            let passkey = Passkey { browser: Some(browser.id), ..passkey(mine) };
            assert_eq!(store.add_passkey(passkey, challenge()).await.unwrap(), PasskeyAdded::Added);
        }
        store
            .end_session(SessionName::Cookie(session.hash), GrantsPolicy::KeepOffline, after(9))
            .await
            .unwrap();
    }
    for second in 0..MOST_BROWSERS + 2 {
        let new = MetBrowser::New(waiting());
        let waits = WaitingBrowser { account_id: mine, browser: new, from: seen_from() };
        assert!(store.keep_waiting_browser(waits, after(10 + second)).await.unwrap());
    }
    let listed = store.browsers_of(mine, after(100)).await.unwrap();
    let is_listed = |of: &NewBrowser| listed.iter().any(|browser| browser.id == of.id);
    assert!(is_listed(with_refresh) && is_listed(with_app_token) && is_listed(with_passkey));
    assert!(!is_listed(with_nothing), "of which nothing is left");
}

/// A browser that is not used any more was its person's own, and so were its passkeys.
pub(crate) async fn a_passkey_outlives_a_browser_that_was_theirs_and_is_not_added_in_one_that_is_gone(
    store: &Shared,
) {
    let (mine, old) = (account(), browser());
    sign_in_new(store, mine, &old, T0).await;
    let of_old = Passkey { browser: Some(old.id), ..passkey(mine) };
    assert_eq!(store.add_passkey(of_old.clone(), challenge()).await.unwrap(), PasskeyAdded::Added);
    store.disown_browser(mine, old.id, Forgotten::NotUsed, after(9)).await.unwrap().unwrap();
    assert!(store.passkey(of_old.credential).await.unwrap().is_some());
    let late = Passkey { browser: Some(old.id), ..passkey(mine) };
    assert_eq!(store.add_passkey(late.clone(), challenge()).await.unwrap(), PasskeyAdded::BrowserForgotten);
    assert!(store.passkey(late.credential).await.unwrap().is_none());
}
