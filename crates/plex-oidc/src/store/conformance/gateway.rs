//! Gateway sessions, and the hand-over that makes them.

use super::super::CODE_MEMORY;
use super::*;

fn handover(code: &NewCode, now: Timestamp) -> RedeemHandover {
    let session = NewGatewaySession {
        hash: hash(),
        scope: "wiki.example.org".to_owned(),
        idle_expires: after(3600),
        absolute_expires: after(28_800),
    };
    RedeemHandover { hash: code.hash, client_id: client("photos"), now, session }
}

/// A gateway session just made: of which browser session, with which code, by which call.
async fn visited(store: &Shared) -> (NewBrowserSession, NewCode, RedeemHandover) {
    let (browser, code) = issued(store).await;
    let call = handover(&code, T0);
    let answer = store.redeem_handover(call.clone()).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");
    (browser, code, call)
}

async fn lives(store: &Shared, call: &RedeemHandover, now: Timestamp) -> bool {
    store.gateway_session(call.session.hash, now).await.unwrap().is_some()
}

pub(crate) async fn a_gateway_session_is_read_back_and_lives_until_its_limits(store: &Shared) {
    let (browser, code) = issued(store).await;
    let call = handover(&code, after(5));
    let answer = store.redeem_handover(call.clone()).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");
    assert_eq!(store.code(code.hash).await.unwrap().unwrap().redeemed_at, Some(after(5)));

    let stored = store.gateway_session(call.session.hash, after(3599)).await.unwrap().unwrap();
    assert_eq!((stored.hash, stored.scope.as_str()), (call.session.hash, "wiki.example.org"));
    assert_eq!((stored.created, stored.last_seen), (after(5), after(5)));
    assert_eq!((stored.idle_expires, stored.absolute_expires), (after(3600), after(28_800)));
    assert_eq!((stored.grant.id, stored.grant.sid), (code.grant_id(), browser.sid));
    assert_eq!(stored.grant.client_id, client("photos"));
    assert_eq!(stored.grant.user, user(super::plex_number(browser.account_id)));
    assert!(!lives(store, &call, after(3600)).await);
    assert!(store.gateway_session(hash(), T0).await.unwrap().is_none());

    // A hand-over gives a session and nothing else.
    let tokens = store.redeem_code(redeem(&code, after(6))).await.unwrap();
    assert!(matches!(tokens, Redemption::Reuse { .. }), "{tokens:?}");
}

pub(crate) async fn a_gateway_session_shows_its_user_as_last_known(store: &Shared) {
    let (browser, _, call) = visited(store).await;
    let mut known = user(super::plex_number(browser.account_id));
    known.person.standing = Standing::Ended;
    known.updated = after(10);
    store.put_user(known.clone()).await.unwrap();
    let stored = store.gateway_session(call.session.hash, after(11)).await.unwrap().unwrap();
    assert_eq!(stored.grant.user, known);
}

pub(crate) async fn an_idle_limit_beyond_the_absolute_one_is_shortened(store: &Shared) {
    let (_, code) = issued(store).await;
    let mut call = handover(&code, T0);
    call.session.idle_expires = after(30_000);
    store.redeem_handover(call.clone()).await.unwrap();
    let stored = store.gateway_session(call.session.hash, T0).await.unwrap().unwrap();
    assert_eq!(stored.idle_expires, after(28_800));
}

pub(crate) async fn the_use_of_a_gateway_session_is_noted_once_a_minute(store: &Shared) {
    let (_, code, call) = visited(store).await;
    let hash = call.session.hash;
    let touch = |now: Timestamp| store.touch_gateway_session(hash, now, now.plus(Seconds::hours(1)));
    assert!(!touch(after(59)).await.unwrap());
    assert!(touch(after(60)).await.unwrap());
    assert!(!touch(after(60)).await.unwrap());
    let stored = store.gateway_session(hash, after(60)).await.unwrap().unwrap();
    assert_eq!((stored.last_seen, stored.idle_expires), (after(60), after(3660)));

    // Use extends the idle limit up to the absolute one, and brings nothing back to life.
    for step in 1..=8 {
        assert!(touch(after(step * 3500)).await.unwrap());
    }
    let stored = store.gateway_session(hash, after(28_000)).await.unwrap().unwrap();
    assert_eq!(stored.idle_expires, after(28_800));
    assert!(!touch(after(28_800)).await.unwrap());
    assert!(!lives(store, &call, after(28_800)).await);

    let (_, _, idle) = visited(store).await;
    assert!(!store.touch_gateway_session(idle.session.hash, after(3600), after(7200)).await.unwrap());
    store.end_grant(code.grant_id(), GrantEnd::Revoked, after(28_000)).await.unwrap();
    assert!(!touch(after(28_100)).await.unwrap(), "its grant has ended");
}

pub(crate) async fn req_037_a_handover_keeps_the_time_of_its_code(store: &Shared) {
    let (_, code) = issued(store).await;
    let late = handover(&code, after(60));
    assert!(matches!(store.redeem_handover(late.clone()).await.unwrap(), Redemption::Expired));
    assert!(!lives(store, &late, after(60)).await);
    let in_time = store.redeem_handover(handover(&code, after(59))).await.unwrap();
    assert!(matches!(in_time, Redemption::Redeemed), "{in_time:?}");
}

pub(crate) async fn req_038_a_handover_is_bound_to_its_application(store: &Shared) {
    let (_, code) = issued(store).await;
    let mut other = handover(&code, T0);
    other.client_id = client("files");
    assert!(matches!(store.redeem_handover(other.clone()).await.unwrap(), Redemption::WrongClient));
    assert!(!lives(store, &other, T0).await);
    let unknown = RedeemHandover { hash: hash(), ..handover(&code, T0) };
    assert!(matches!(store.redeem_handover(unknown).await.unwrap(), Redemption::Unknown));

    let owner = handover(&code, T0);
    store.redeem_handover(owner.clone()).await.unwrap();
    // Another application's attempt ends nothing, however late.
    other.now = after(59);
    assert!(matches!(store.redeem_handover(other).await.unwrap(), Redemption::WrongClient));
    assert!(lives(store, &owner, after(59)).await);
}

pub(crate) async fn req_039_one_of_64_handovers_makes_a_session(store: &Shared) {
    for _ in 0..rounds() {
        let (_, code) = issued(store).await;
        let calls: Vec<_> = (0..64).map(|_| handover(&code, T0)).collect();
        let answers = race(store, |store, index| {
            let call = calls[index].clone();
            async move { store.redeem_handover(call).await.unwrap() }
        })
        .await;
        let won = |answer: &Redemption| matches!(answer, Redemption::Redeemed);
        assert_eq!(answers.iter().filter(|answer| won(answer)).count(), 1);
        for (call, answer) in calls.iter().zip(&answers) {
            assert_eq!(lives(store, call, after(1)).await, won(answer));
            assert!(won(answer) || matches!(answer, Redemption::Reuse { ended: false, .. }), "{answer:?}");
        }
    }
}

/// One code, asked for both ways at once: it becomes tokens or a session, never both.
pub(crate) async fn req_039_a_code_becomes_tokens_or_a_session(store: &Shared) {
    for _ in 0..rounds() {
        let (_, code) = issued(store).await;
        let visits: Vec<_> = (0..64).map(|_| handover(&code, T0)).collect();
        let exchanges: Vec<_> = (0..64).map(|_| redeem(&code, T0)).collect();
        let answers = race(store, |store, index| {
            let (visit, exchange) = (visits[index].clone(), exchanges[index].clone());
            async move {
                match index % 2 {
                    0 => store.redeem_handover(visit).await.unwrap(),
                    _ => store.redeem_code(exchange).await.unwrap(),
                }
            }
        })
        .await;
        let won: Vec<_> = (0..64).filter(|index| matches!(answers[*index], Redemption::Redeemed)).collect();
        assert_eq!(won.len(), 1);
        for index in 0..64 {
            let session = lives(store, &visits[index], after(1)).await;
            let token = store.access_token(exchanges[index].access.hash, after(1)).await.unwrap().is_some();
            let expected = if won == [index] { (index % 2 == 0, index % 2 == 1) } else { (false, false) };
            assert_eq!((session, token), expected);
        }
    }
}

pub(crate) async fn req_040_a_late_second_handover_ends_the_session(store: &Shared) {
    let (_, code, first) = visited(store).await;
    let answer = store.redeem_handover(handover(&code, after(20))).await.unwrap();
    assert!(matches!(answer, Redemption::Reuse { ended: false, .. }), "{answer:?}");
    assert!(lives(store, &first, after(20)).await, "a double submit ends nothing");

    let replay = handover(&code, after(21));
    let answer = store.redeem_handover(replay.clone()).await.unwrap();
    assert!(
        matches!(answer, Redemption::Reuse { grant, ended: true } if grant == code.grant_id()),
        "{answer:?}"
    );
    assert!(!lives(store, &first, after(21)).await);
    assert!(!lives(store, &replay, after(21)).await);
}

pub(crate) async fn req_041_a_burned_code_makes_no_session(store: &Shared) {
    let (_, code) = issued(store).await;
    for _ in 0..super::super::CODE_FAILURES {
        store.record_code_failure(code.hash, client("photos")).await.unwrap();
    }
    let call = handover(&code, T0);
    assert!(matches!(store.redeem_handover(call.clone()).await.unwrap(), Redemption::Burned));
    assert!(!lives(store, &call, T0).await);
}

/// Whichever comes first: once the end is acknowledged, no gateway session of that user lives.
pub(crate) async fn req_043_a_handover_in_a_race_with_the_end_leaves_nothing(store: &Shared) {
    let browser = signed_in(store).await;
    let mut calls = Vec::new();
    for _ in 0..64 {
        let code = code(&browser);
        store.issue_code(code.clone(), T0).await.unwrap();
        calls.push(handover(&code, after(1)));
    }
    race(store, |store, index| {
        let (call, name) = (calls[index].clone(), SessionName::Cookie(browser.hash));
        async move {
            if index == 32 {
                store.end_session(name, GrantsPolicy::KeepOffline, after(1)).await.unwrap();
            } else {
                store.redeem_handover(call).await.unwrap();
            }
        }
    })
    .await;
    for call in &calls {
        assert!(!lives(store, call, after(2)).await);
        let again = store.redeem_handover(RedeemHandover { now: after(2), ..call.clone() }).await.unwrap();
        assert!(!matches!(again, Redemption::Redeemed), "{again:?}");
    }
}

pub(crate) async fn req_118_sign_out_ends_gateway_sessions(store: &Shared) {
    let (browser, _, call) = visited(store).await;
    let (_, _, other) = visited(store).await;
    // A client with a refresh token may keep it; a gateway session never outlives the sign-out.
    let name = SessionName::Cookie(browser.hash);
    let ended = store.end_session(name, GrantsPolicy::KeepOffline, after(1)).await.unwrap().unwrap();
    assert_eq!(ended.grants, 1);
    assert!(!lives(store, &call, after(1)).await);
    assert!(lives(store, &other, after(1)).await, "somebody else's");
}

pub(crate) async fn the_end_of_access_ends_gateway_sessions(store: &Shared) {
    let (browser, _, call) = visited(store).await;
    let (_, _, other) = visited(store).await;
    let ended = end_access(store, browser.account_id, after(1)).await;
    assert_eq!(ended, EndedAccess { sessions: 1, grants: 1, app_tokens: 0 });
    assert!(!lives(store, &call, after(1)).await);
    assert!(lives(store, &other, after(1)).await, "somebody else's");
}

/// Another hand-over in a browser that is signed in, to this application, there for this scope.
async fn visits(
    store: &Shared,
    browser: &NewBrowserSession,
    (app, scope): (&str, &str),
) -> (NewCode, RedeemHandover) {
    let mut code = code(browser);
    code.grant.client_id = client(app);
    assert!(store.issue_code(code.clone(), T0).await.unwrap());
    let mut call = handover(&code, after(1));
    (call.client_id, call.session.scope) = (client(app), scope.to_owned());
    let answer = store.redeem_handover(call.clone()).await.unwrap();
    assert!(matches!(answer, Redemption::Redeemed), "{answer:?}");
    (code, call)
}

pub(crate) async fn a_second_handover_of_one_browser_to_one_application_ends_the_first(store: &Shared) {
    let (browser, first_code, first) = visited(store).await;
    let (_, _, of_another_browser) = visited(store).await;
    let (_, of_another_app) = visits(store, &browser, ("files", "wiki.example.org")).await;
    let (_, of_another_host) = visits(store, &browser, ("photos", "photos.example.org")).await;
    let tokens = code(&browser);
    store.issue_code(tokens.clone(), T0).await.unwrap();
    let tokens = redeem(&tokens, T0);
    store.redeem_code(tokens.clone()).await.unwrap();
    assert!(lives(store, &first, after(1)).await);

    let (second_code, second) = visits(store, &browser, ("photos", "wiki.example.org")).await;
    assert!(!lives(store, &first, after(1)).await);
    assert!(
        !store.end_grant(first_code.grant_id(), GrantEnd::Revoked, after(1)).await.unwrap(),
        "it has ended"
    );
    for kept in [&second, &of_another_browser, &of_another_app, &of_another_host] {
        assert!(lives(store, kept, after(1)).await, "{kept:?}");
    }
    assert!(
        store.access_token(tokens.access.hash, after(1)).await.unwrap().is_some(),
        "tokens are no session"
    );

    // The grant that ended goes with the memory of its code, and not at the end that its session would have had.
    let counts = store.sweep(after(60).plus(CODE_MEMORY)).await.unwrap();
    assert_eq!(counts.grants, 1);
    assert!(store.code(first_code.hash).await.unwrap().is_none());
    assert!(store.code(second_code.hash).await.unwrap().is_some());
}

/// Signs in again in the browser that had `old`.
async fn sign_in_over(store: &Shared, old: &NewBrowserSession, next: &NewBrowserSession) {
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let mut again = finish(&login, FinishedBy::BrowserSession, super::plex_number(next.account_id));
    (again.session, again.code, again.replaced_session) =
        (Some(next.clone()), None, Some((old.hash, old.sid)));
    assert_eq!(store.finish_login(again).await.unwrap(), Finish::Finished);
}

pub(crate) async fn a_gateway_session_outlives_the_renewal_of_its_browser_session(store: &Shared) {
    let (old, _, call) = visited(store).await;
    let next = NewBrowserSession { sid: old.sid, ..session(super::plex_number(old.account_id)) };
    sign_in_over(store, &old, &next).await;
    assert!(lives(store, &call, after(31)).await);
    // It still ends with the renewed one.
    let ended = store.end_session(SessionName::Cookie(next.hash), GrantsPolicy::KeepOffline, after(40));
    assert_eq!(ended.await.unwrap().unwrap().grants, 1);
    assert!(!lives(store, &call, after(40)).await);
}

pub(crate) async fn a_gateway_session_keeps_its_browser_session_in_use_and_ends_with_it(store: &Shared) {
    let (browser, _, call) = visited(store).await;
    assert_eq!(browser.idle_expires, after(3600));
    store.touch_gateway_session(call.session.hash, after(3000), after(20_000)).await.unwrap();
    let used = store.browser_session(browser.hash, after(3600)).await.unwrap().unwrap();
    assert_eq!((used.last_seen, used.idle_expires), (after(3000), after(6600)));
    assert!(lives(store, &call, after(6599)).await);
    assert!(!lives(store, &call, after(6600)).await, "or signing out would not reach it");
    assert!(!store.touch_gateway_session(call.session.hash, after(3030), after(20_000)).await.unwrap());
    let used = store.browser_session(browser.hash, after(3600)).await.unwrap().unwrap();
    assert_eq!(used.idle_expires, after(6600), "once a minute");
}

pub(crate) async fn req_130_another_person_in_the_browser_ends_its_gateway_sessions(store: &Shared) {
    let (old, _, call) = visited(store).await;
    let kept = code(&old);
    store.issue_code(kept.clone(), T0).await.unwrap();
    let kept = redeem(&kept, T0);
    store.redeem_code(kept.clone()).await.unwrap();
    let next = session(super::plex_number(signed_in(store).await.account_id));
    sign_in_over(store, &old, &next).await;
    assert!(!lives(store, &call, after(31)).await);
    assert!(store.access_token(kept.access.hash, after(31)).await.unwrap().is_some(), "what clients hold");
}

pub(crate) async fn a_sweep_removes_gateway_sessions_and_then_their_grants(store: &Shared) {
    let (_, _, idle) = visited(store).await;
    let (_, code, used) = visited(store).await;
    store.touch_gateway_session(used.session.hash, after(3000), after(10_000)).await.unwrap();
    store.sweep(after(3599)).await.unwrap();
    assert!(lives(store, &idle, after(3599)).await);

    let counts = store.sweep(after(3600)).await.unwrap();
    assert_eq!(counts, SweepCounts { sessions: 1, gateway_sessions: 1, ..SweepCounts::default() });
    assert!(lives(store, &used, after(3600)).await, "it was used");

    // The grants are kept to the absolute end, long after their codes.
    assert!(after(60).plus(CODE_MEMORY) < after(28_799));
    let counts = store.sweep(after(28_799)).await.unwrap();
    assert_eq!(counts, SweepCounts { sessions: 1, gateway_sessions: 1, ..SweepCounts::default() });
    assert!(store.code(code.hash).await.unwrap().is_some());
    let counts = store.sweep(after(28_800)).await.unwrap();
    assert_eq!(counts, SweepCounts { grants: 2, ..SweepCounts::default() });
    assert!(store.code(code.hash).await.unwrap().is_none());
}
