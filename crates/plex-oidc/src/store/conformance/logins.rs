//! Sign-in attempts.

use secrecy::ExposeSecret;

use super::super::PIN_MEMORY;
use super::*;

async fn begun(store: &Shared) -> NewLogin {
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    login
}

async fn with_pin(store: &Shared) -> (NewLogin, AdoptedPin) {
    let (login, pin) = (begun(store).await, pin());
    assert_eq!(store.adopt_pin(login.id, pin.clone(), T0).await.unwrap(), Adoption::Adopted);
    (login, pin)
}

async fn state(store: &Shared, id: RequestId) -> LoginState {
    store.login(id, T0).await.unwrap().unwrap().state
}

fn token() -> SealedBytes {
    SealedBytes(vec![9; 40])
}

pub(crate) async fn an_attempt_is_there_until_it_expires(store: &Shared) {
    let login = begun(store).await;
    let stored = store.login(login.id, after(599)).await.unwrap().unwrap();
    assert_eq!(stored.request_json, login.request_json);
    assert_eq!(stored.client_id, login.client_id);
    assert!(stored.cookie_hash.matches(&login.cookie_hash));
    assert_eq!((stored.created, stored.expires), (T0, after(600)));
    assert!(matches!(stored.state, LoginState::Started));

    assert!(store.login(login.id, after(600)).await.unwrap().is_none());
    assert!(store.login(RequestId(uuid()), T0).await.unwrap().is_none());
    let late = after(600);
    assert_eq!(store.adopt_pin(login.id, pin(), late).await.unwrap(), Adoption::WrongState);
    assert!(!store.restart_login(login.id, late).await.unwrap());
    assert!(!store.refuse_login(login.id, RefusedAt::Start, "x".to_owned(), late).await.unwrap());
    assert!(!store.cancel_login(login.id, late).await.unwrap());
    let mut finish = finish(&login, FinishedBy::BrowserSession, 5);
    finish.now = late;
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::WrongState);
}

pub(crate) async fn an_attempt_goes_from_pin_to_approval(store: &Shared) {
    let (login, pin) = with_pin(store).await;
    let LoginState::PinAdopted(stored) = state(store, login.id).await else { panic!("no PIN") };
    assert_eq!((stored.id, stored.mode, stored.expires), (pin.id, pin.mode.clone(), pin.expires));
    assert_eq!(stored.code.expose_secret(), "strong-code");

    assert!(!store.approve_login(login.id, pin.id + 1_000_000, token(), T0).await.unwrap());
    assert!(store.approve_login(login.id, pin.id, token(), T0).await.unwrap());
    assert!(!store.approve_login(login.id, pin.id, token(), T0).await.unwrap());
    let LoginState::Approved { pin_id, plex_token_sealed } = state(store, login.id).await else {
        panic!("not approved")
    };
    assert_eq!((pin_id, plex_token_sealed), (pin.id, token()));
    assert_eq!(store.adopt_pin(login.id, pin, T0).await.unwrap(), Adoption::AlreadyYours);
}

pub(crate) async fn a_pin_is_burned_for_ever(store: &Shared) {
    let (login, old) = with_pin(store).await;
    assert_eq!(store.adopt_pin(login.id, old.clone(), T0).await.unwrap(), Adoption::AlreadyYours);
    let other = begun(store).await;
    assert_eq!(store.adopt_pin(other.id, old.clone(), T0).await.unwrap(), Adoption::AlreadyAdopted);
    assert!(matches!(state(store, other.id).await, LoginState::Started));
    // Another PIN does not slip into an attempt that has one.
    assert_eq!(store.adopt_pin(login.id, pin(), T0).await.unwrap(), Adoption::WrongState);

    assert!(store.restart_login(login.id, T0).await.unwrap());
    assert!(matches!(state(store, login.id).await, LoginState::Started));
    assert_eq!(store.adopt_pin(login.id, old.clone(), T0).await.unwrap(), Adoption::AlreadyAdopted);
    assert_eq!(store.adopt_pin(login.id, pin(), T0).await.unwrap(), Adoption::Adopted);
    // The approval of the old PIN finishes nothing any more.
    let late = finish(&login, FinishedBy::Pin(old.id), 5);
    assert_eq!(store.finish_login(late).await.unwrap(), Finish::WrongState);
    assert!(!store.approve_login(login.id, old.id, token(), T0).await.unwrap());

    // A day is for ever: Plex forgets a PIN in half an hour.
    let forgotten = T0.plus(PIN_MEMORY);
    let fresh = NewLogin { expires: forgotten.plus(Seconds::days(1)), ..super::login() };
    store.begin_login(fresh.clone()).await.unwrap();
    for (then, adoption) in
        [(forgotten.minus(Seconds(1)), Adoption::AlreadyAdopted), (forgotten, Adoption::Adopted)]
    {
        while !store.sweep(then).await.unwrap().is_empty() {}
        assert_eq!(store.adopt_pin(fresh.id, old.clone(), then).await.unwrap(), adoption);
    }
}

pub(crate) async fn i_06_one_of_64_attempts_adopts_a_pin(store: &Shared) {
    let pin = pin();
    let answers = race(store, |store, _| {
        let pin = pin.clone();
        async move {
            let login = begun(&store).await;
            store.adopt_pin(login.id, pin, T0).await.unwrap()
        }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == Adoption::Adopted).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Adoption::AlreadyAdopted).count(), 63);
}

pub(crate) async fn a_refused_attempt_may_be_tried_again(store: &Shared) {
    let (login, pin) = with_pin(store).await;
    store.approve_login(login.id, pin.id, token(), T0).await.unwrap();
    assert!(refused(store, login.id, RefusedAt::Approval(pin.id)).await);
    let LoginState::Refused { reason } = state(store, login.id).await else { panic!("not refused") };
    assert_eq!(reason, "because");
    let answer = store.finish_login(finish(&login, FinishedBy::Pin(pin.id), 5)).await.unwrap();
    assert_eq!(answer, Finish::WrongState);

    assert!(store.restart_login(login.id, T0).await.unwrap());
    assert!(matches!(state(store, login.id).await, LoginState::Started));
}

async fn refused(store: &Shared, id: RequestId, at: RefusedAt) -> bool {
    store.refuse_login(id, at, "because".to_owned(), T0).await.unwrap()
}

/// Whoever watches a PIN may be slower than the visitor.
pub(crate) async fn a_refusal_is_about_one_pin_in_one_state(store: &Shared) {
    let (login, old) = with_pin(store).await;
    let (of_old, at_start) = (RefusedAt::Pin(old.id), RefusedAt::Start);
    // Approved before the poller says that it took too long.
    assert!(store.approve_login(login.id, old.id, token(), T0).await.unwrap());
    assert!(!refused(store, login.id, of_old).await && !refused(store, login.id, at_start).await);
    assert!(matches!(state(store, login.id).await, LoginState::Approved { .. }));
    // Started again before whoever came of the old approval is refused.
    assert!(store.restart_login(login.id, T0).await.unwrap());
    assert!(!refused(store, login.id, RefusedAt::Approval(old.id)).await);
    let new = pin();
    assert_eq!(store.adopt_pin(login.id, new.clone(), T0).await.unwrap(), Adoption::Adopted);
    for at in [of_old, RefusedAt::Approval(old.id), RefusedAt::Approval(new.id), at_start] {
        assert!(!refused(store, login.id, at).await, "{at:?}");
    }
    assert!(matches!(state(store, login.id).await, LoginState::PinAdopted(pin) if pin.id == new.id));
    assert!(refused(store, login.id, RefusedAt::Pin(new.id)).await);
    let fresh = begun(store).await;
    assert!(refused(store, fresh.id, at_start).await);
}

pub(crate) async fn a_final_state_stays(store: &Shared) {
    let (cancelled, pin) = with_pin(store).await;
    assert!(store.cancel_login(cancelled.id, T0).await.unwrap());
    assert!(matches!(state(store, cancelled.id).await, LoginState::Cancelled));
    let answer = store.finish_login(finish(&cancelled, FinishedBy::Pin(pin.id), 5)).await.unwrap();
    assert_eq!(answer, Finish::WrongState);

    let (finished, pin) = with_pin(store).await;
    let answer = store.finish_login(finish(&finished, FinishedBy::Pin(pin.id), 5)).await.unwrap();
    assert_eq!(answer, Finish::Finished);
    assert!(matches!(state(store, finished.id).await, LoginState::Finished));

    for id in [cancelled.id, finished.id] {
        assert!(!store.restart_login(id, T0).await.unwrap());
        for at in [RefusedAt::Start, RefusedAt::Pin(pin.id), RefusedAt::Approval(pin.id)] {
            assert!(!refused(store, id, at).await);
        }
        assert!(!store.cancel_login(id, T0).await.unwrap());
        assert!(!store.approve_login(id, pin.id, token(), T0).await.unwrap());
        assert_eq!(store.adopt_pin(id, super::pin(), T0).await.unwrap(), Adoption::WrongState);
    }
}

pub(crate) async fn i_06_one_of_64_calls_finishes_an_attempt(store: &Shared) {
    let (login, pin) = with_pin(store).await;
    store.approve_login(login.id, pin.id, token(), T0).await.unwrap();
    let calls: Vec<_> = (0..64).map(|_| finish(&login, FinishedBy::Pin(pin.id), 42)).collect();
    let answers = race(store, |store, index| {
        let call = calls[index].clone();
        async move { store.finish_login(call).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == Finish::Finished).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Finish::AlreadyFinished).count(), 63);
    // What the losers brought was not stored.
    for (call, answer) in calls.iter().zip(&answers) {
        let won = *answer == Finish::Finished;
        let session = call.session.as_ref().unwrap();
        let code = call.code.as_ref().unwrap();
        assert_eq!(store.browser_session(session.hash, after(31)).await.unwrap().is_some(), won);
        assert_eq!(store.code(code.hash).await.unwrap().is_some(), won);
    }
    assert_eq!(store.user(AccountId::Plex(PlexAccountId(42))).await.unwrap(), Some(user(42)));
}

pub(crate) async fn an_attempt_finished_in_an_old_session_needs_that_session(store: &Shared) {
    let session = signed_in(store).await;
    let login = begun(store).await;
    let mut call = finish(&login, FinishedBy::BrowserSession, super::plex_number(session.account_id));
    call.session = None;
    let code = code(&session);
    call.code = Some(code.clone());

    let mut late = call.clone();
    late.code = Some(super::code(&super::session(super::plex_number(session.account_id))));
    assert_eq!(store.finish_login(late).await.unwrap(), Finish::WrongState);
    assert!(matches!(state(store, login.id).await, LoginState::Started));
    assert_eq!(store.finish_login(call).await.unwrap(), Finish::Finished);
    assert!(store.code(code.hash).await.unwrap().is_some());
}

/// A session that was replaced, its code that was not fetched before, and what took its place.
async fn replaced(store: &Shared, keep_sid: bool) -> (NewBrowserSession, NewCode, FinishLogin) {
    let old = signed_in(store).await;
    let (unfetched, fetched) = (code(&old), code(&old));
    for code in [&unfetched, &fetched] {
        assert!(store.issue_code(code.clone(), T0).await.unwrap());
    }
    let tokens = redeem(&fetched, T0);
    store.redeem_code(tokens.clone()).await.unwrap();

    let login = begun(store).await;
    let mut call = finish(&login, FinishedBy::BrowserSession, super::plex_number(old.account_id));
    call.replaced_session = Some((old.hash, old.sid));
    let mut new = session(super::plex_number(old.account_id));
    if keep_sid {
        new.sid = old.sid;
    }
    call.code = Some(code(&new));
    call.session = Some(new.clone());
    assert_eq!(store.finish_login(call.clone()).await.unwrap(), Finish::Finished);

    assert!(store.browser_session(old.hash, after(31)).await.unwrap().is_none());
    assert_eq!(store.browser_session(new.hash, after(31)).await.unwrap().unwrap().sid, new.sid);
    assert!(store.access_token(tokens.access.hash, after(31)).await.unwrap().is_some());
    let answer = store.redeem_code(redeem(call.code.as_ref().unwrap(), after(31))).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");
    (old, unfetched, call)
}

pub(crate) async fn req_130_the_replaced_session_is_dead(store: &Shared) {
    let (_, unfetched, _) = replaced(store, false).await;
    let answer = store.redeem_code(redeem(&unfetched, after(31))).await.unwrap();
    assert!(matches!(answer, Redemption::Ended), "{answer:?}");
}

pub(crate) async fn req_017_a_code_outlives_the_renewal_of_its_session(store: &Shared) {
    let (old, unfetched, first) = replaced(store, true).await;
    let answer = store.redeem_code(redeem(&unfetched, after(31))).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");

    // Another tab that began to renew the same session before the first was done.
    let login = begun(store).await;
    let mut second = finish(&login, FinishedBy::BrowserSession, super::plex_number(old.account_id));
    second.replaced_session = Some((old.hash, old.sid));
    second.code = None;
    let mut renewed = session(super::plex_number(old.account_id));
    renewed.sid = old.sid;
    second.session = Some(renewed.clone());
    assert_eq!(store.finish_login(second).await.unwrap(), Finish::Finished);
    assert!(store.browser_session(renewed.hash, after(31)).await.unwrap().is_some());
    let overtaken = first.session.unwrap().hash;
    assert!(store.browser_session(overtaken, after(31)).await.unwrap().is_none());
}

pub(crate) async fn req_017_a_session_that_ended_elsewhere_does_not_come_back(store: &Shared) {
    let old = signed_in(store).await;
    let login = begun(store).await;
    let mut call = finish(&login, FinishedBy::BrowserSession, super::plex_number(old.account_id));
    call.replaced_session = Some((old.hash, old.sid));
    let mut renewed = session(super::plex_number(old.account_id));
    renewed.sid = old.sid;
    (call.session, call.code) = (Some(renewed.clone()), None);
    store.end_session(SessionName::Sid(old.sid), GrantsPolicy::KeepOffline, T0).await.unwrap();
    assert_eq!(store.finish_login(call.clone()).await.unwrap(), Finish::WrongState);
    assert!(store.browser_session(renewed.hash, after(31)).await.unwrap().is_none());

    // Under a name of its own it begins, with the same attempt.
    renewed.sid = session(1).sid;
    call.session = Some(renewed.clone());
    assert_eq!(store.finish_login(call).await.unwrap(), Finish::Finished);
    assert!(store.browser_session(renewed.hash, after(31)).await.unwrap().is_some());
}
