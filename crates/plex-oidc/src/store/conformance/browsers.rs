//! Browsers that accounts are known in.

use plex_oidc_core::decide::Mark;

use super::super::{BROWSER_MEMORY, MOST_BROWSERS};
use super::*;

/// An account that no other rule uses.
pub(super) fn account() -> AccountId {
    AccountId::Plex(PlexAccountId(2_000_000 + number()))
}

/// One that the host has not said yes to.
pub(super) fn waiting() -> NewBrowser {
    NewBrowser { approved: false, ..browser() }
}

pub(super) fn known(browser: &NewBrowser) -> MetBrowser {
    MetBrowser::Known(KnownBrowser { id: browser.id, approved: browser.approved })
}

/// A sign-in in this browser that is yet to be finished.
pub(super) async fn begun(
    store: &Shared,
    account: AccountId,
    met: MetBrowser,
    now: Timestamp,
) -> FinishLogin {
    let login = NewLogin { created: now, expires: now.plus(Seconds(600)), ..login() };
    store.begin_login(login.clone()).await.unwrap();
    let ends = now.plus(Seconds::hours(1));
    let session = NewBrowserSession {
        account_id: account,
        browser: met,
        created: now,
        idle_expires: ends,
        absolute_expires: ends,
        ..session(plex_number(account))
    };
    let finish = finish(&login, FinishedBy::BrowserSession, plex_number(account));
    FinishLogin { now, session: Some(session), code: None, ..finish }
}

pub(super) async fn sign_in(
    store: &Shared,
    account: AccountId,
    met: MetBrowser,
    now: Timestamp,
) -> NewBrowserSession {
    let finish = begun(store, account, met, now).await;
    let session = finish.session.clone().unwrap();
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    session
}

pub(super) async fn sign_in_new(
    store: &Shared,
    account: AccountId,
    browser: &NewBrowser,
    now: Timestamp,
) -> NewBrowserSession {
    sign_in(store, account, MetBrowser::New(browser.clone()), now).await
}

/// Tokens of a session, told of its end.
pub(super) async fn tokens_of(store: &Shared, session: &NewBrowserSession) -> RedeemCode {
    let code = code(session);
    assert!(store.issue_code(code.clone(), T0).await.unwrap());
    let redeem = RedeemCode { tell_of_logout: true, ..redeem(&code, T0) };
    assert!(matches!(store.redeem_code(redeem.clone()).await.unwrap(), Redemption::Redeemed));
    redeem
}

pub(super) async fn listed(
    store: &Shared,
    account: AccountId,
    id: BrowserId,
    now: Timestamp,
) -> ListedBrowser {
    let all = store.browsers_of(account, now).await.unwrap();
    all.into_iter().find(|browser| browser.id == id).unwrap()
}

pub(super) fn asking(account: AccountId, door: &str, browser: Option<BrowserId>) -> NewAccessRequest {
    NewAccessRequest {
        account_id: account,
        door: client(door),
        browser,
        wish: if browser.is_some() { Wish::Browser } else { Wish::Open },
        account_name: "Robin".to_owned(),
        account_email: None,
        said: None,
        address: std::net::Ipv4Addr::from_bits(u32::try_from(number()).unwrap() << 8).into(),
        asked_at: T0,
    }
}

pub(super) fn answering(of: &NewAccessRequest, answer: HostAnswer) -> AnswerAccessRequest {
    AnswerAccessRequest {
        account_id: of.account_id,
        door: of.door.clone(),
        browser: of.browser,
        answer: AccessAnswer { answer, said: None, at: after(10) },
    }
}

pub(crate) async fn a_browser_is_known_to_its_own_account_and_for_a_time(store: &Shared) {
    let (mine, other, new) = (account(), account(), browser());
    let session = sign_in_new(store, mine, &new, T0).await;
    let judged = KnownBrowser { id: new.id, approved: true };
    assert_eq!(store.known_browser(mine, new.hash, after(1)).await.unwrap(), Some(judged));
    assert_eq!(
        store.known_browser(other, new.hash, after(1)).await.unwrap(),
        None,
        "shown for another account"
    );
    assert_eq!(store.known_browser(mine, hash(), after(1)).await.unwrap(), None);
    let found = store.browser_session(session.hash, after(1)).await.unwrap().unwrap();
    assert_eq!(found.browser, Some(judged));
    let first = listed(store, mine, new.id, after(1)).await;
    let expected = ListedBrowser {
        id: new.id,
        from: seen_from(),
        first_used: T0,
        last_used: T0,
        approved: true,
        confirmed: true,
        signed_in: true,
    };
    assert_eq!(first, expected, "the first one is no news");
    // Use is noted with the session's, and a sign-in makes it known for longer. Nothing else does.
    assert!(store.touch_session(session.hash, after(90), after(900)).await.unwrap());
    assert_eq!(
        listed(store, mine, new.id, after(1000)).await,
        ListedBrowser { last_used: after(90), signed_in: false, ..expected }
    );
    let end = T0.plus(BROWSER_MEMORY);
    assert!(store.known_browser(mine, new.hash, end.minus(Seconds(1))).await.unwrap().is_some());
    assert!(store.known_browser(mine, new.hash, end).await.unwrap().is_none());
    assert_eq!(store.browsers_of(mine, end).await.unwrap(), []);
    sign_in(store, mine, known(&new), after(100)).await;
    assert!(store.known_browser(mine, new.hash, end).await.unwrap().is_some());
}

/// The sign-in was judged by a browser that its person has disowned before the sign-in was stored.
pub(crate) async fn a_browser_that_was_disowned_meanwhile_is_not_brought_back(store: &Shared) {
    let (mine, new) = (account(), browser());
    sign_in_new(store, mine, &new, T0).await;
    let late = begun(store, mine, known(&new), after(5)).await;
    let session = late.session.clone().unwrap();
    assert!(store.disown_browser(mine, new.id, Forgotten::NotTheirs, after(6)).await.unwrap().is_some());
    assert_eq!(store.finish_login(late).await.unwrap(), Finish::WrongState);
    assert!(store.browser_session(session.hash, after(7)).await.unwrap().is_none());
    let from = seen_from();
    let waits = WaitingBrowser { account_id: mine, browser: known(&new), from };
    assert!(!store.keep_waiting_browser(waits, after(7)).await.unwrap());
    assert_eq!(store.browsers_of(mine, after(7)).await.unwrap(), []);
    // Nor is one believed to be approved that is not, or somebody else's.
    let unapproved = waiting();
    sign_in_new(store, mine, &unapproved, after(8)).await;
    let lie = MetBrowser::Known(KnownBrowser { id: unapproved.id, approved: true });
    for (who, met) in [(mine, lie), (account(), known(&unapproved))] {
        let late = begun(store, who, met, after(9)).await;
        assert_eq!(store.finish_login(late).await.unwrap(), Finish::WrongState);
    }
}

pub(crate) async fn a_new_browser_is_confirmed_from_an_older_one_only(store: &Shared) {
    let (mine, theirs) = (account(), account());
    let (old, new, newest, of_other) = (browser(), browser(), browser(), browser());
    sign_in_new(store, mine, &old, T0).await;
    sign_in_new(store, mine, &new, after(1)).await;
    sign_in_new(store, mine, &newest, after(2)).await;
    sign_in_new(store, theirs, &of_other, T0).await;
    let confirmed = async |browser: &NewBrowser| {
        let confirmed = listed(store, mine, browser.id, after(3)).await.confirmed;
        assert_eq!(store.is_news(mine, browser.id).await.unwrap(), !confirmed);
        assert!(!store.is_news(theirs, browser.id).await.unwrap(), "of another account");
        confirmed
    };
    assert_eq!(
        [confirmed(&old).await, confirmed(&new).await, confirmed(&newest).await],
        [true, false, false]
    );
    for (by, what) in [(&new, "itself"), (&newest, "a younger one"), (&of_other, "another account's")] {
        assert!(!store.confirm_browser(mine, new.id, Some(by.id)).await.unwrap(), "{what}");
    }
    assert!(!store.confirm_browser(mine, new.id, Some(BrowserId(uuid()))).await.unwrap(), "one that is gone");
    assert!(!store.confirm_browser(theirs, new.id, None).await.unwrap(), "not theirs");
    assert!(!confirmed(&new).await);
    assert!(store.confirm_browser(mine, new.id, Some(old.id)).await.unwrap());
    assert!(!store.confirm_browser(mine, new.id, Some(old.id)).await.unwrap(), "once");
    assert!(store.confirm_browser(mine, newest.id, None).await.unwrap(), "from before browsers were kept");
    assert!(confirmed(&new).await && confirmed(&newest).await);
}

/// Whoever knows a password can come with new browsers for ever. They drive out their own.
pub(crate) async fn browsers_are_bounded_and_those_that_somebody_said_yes_to_stay(store: &Shared) {
    let (mine, good) = (account(), browser());
    let session = sign_in_new(store, mine, &good, T0).await;
    store.end_session(SessionName::Cookie(session.hash), GrantsPolicy::EndAll, after(1)).await.unwrap();
    let mut others = Vec::new();
    for second in 0..MOST_BROWSERS + 5 {
        let new = waiting();
        let waits =
            WaitingBrowser { account_id: mine, browser: MetBrowser::New(new.clone()), from: seen_from() };
        assert!(store.keep_waiting_browser(waits, after(10 + second)).await.unwrap());
        others.push(new);
    }
    let left = store.browsers_of(mine, after(100)).await.unwrap();
    assert_eq!(left.len(), usize::try_from(MOST_BROWSERS).unwrap());
    assert!(left.iter().any(|browser| browser.id == good.id), "though it was used before all the others");
    assert!(left.iter().any(|browser| browser.id == others.last().unwrap().id));
    assert!(left.iter().all(|browser| browser.id != others[0].id));
    // One in which somebody is signed in stays in any case.
    let inside = waiting();
    sign_in_new(store, mine, &inside, after(200)).await;
    for second in 0..MOST_BROWSERS {
        sign_in_new(store, mine, &browser(), after(201 + second)).await;
    }
    assert!(store.browsers_of(mine, after(300)).await.unwrap().iter().any(|browser| browser.id == inside.id));
}

pub(crate) async fn a_request_for_a_browser_is_about_that_browser_alone(store: &Shared) {
    let (mine, mut browsers) = (account(), Vec::new());
    for second in 1..4 {
        let new = waiting();
        sign_in_new(store, mine, &new, after(second)).await;
        browsers.push(new.id);
    }
    let [first, second, third] = *browsers else { panic!() };
    let at = |door: &str, browser| asking(mine, door, Some(browser));
    for asked in [
        at("photos", first),
        at("wiki", first),
        at("photos", second),
        at("photos", third),
        asking(mine, "photos", None),
    ] {
        assert_eq!(store.ask_for_access(asked).await.unwrap(), Asking::Stored);
    }
    assert_eq!(store.ask_for_access(at("photos", first)).await.unwrap(), Asking::There);
    assert_ne!(
        store.ask_for_access(asking(account(), "photos", Some(first))).await.unwrap(),
        Asking::Stored,
        "not theirs"
    );
    for misfit in [HostAnswer::Opened, HostAnswer::Named, HostAnswer::Shared] {
        assert!(!store.answer_request(answering(&at("photos", first), misfit)).await.unwrap());
    }
    assert!(
        !store.answer_request(answering(&asking(mine, "photos", None), HostAnswer::Approved)).await.unwrap()
    );

    // Of yes and no one counts, and it is what the browser is.
    let answers = race(store, move |store, number| async move {
        let kind = if number % 2 == 0 { HostAnswer::Approved } else { HostAnswer::Declined };
        let asked = asking(mine, "photos", Some(first));
        store.answer_request(answering(&asked, kind)).await.unwrap().then_some(kind)
    });
    let [counted] = *answers.await.into_iter().flatten().collect::<Vec<_>>() else { panic!("once") };
    assert_eq!(listed(store, mine, first, after(11)).await.approved, counted == HostAnswer::Approved);
    let beside = store.access_request(mine, client("wiki"), Some(first)).await.unwrap().unwrap();
    assert_eq!(beside.answer.unwrap().answer, counted, "asked for the same browser elsewhere");
    let others = store.waiting_requests(9).await.unwrap();
    assert_eq!(others.total, 3, "neither another browser's nor one about none");
    assert!(store.answer_request(answering(&at("photos", second), HostAnswer::Declined)).await.unwrap());
    assert!(store.answer_request(answering(&at("photos", third), HostAnswer::Approved)).await.unwrap());
    let approved = async |id| listed(store, mine, id, after(11)).await.approved;
    assert_eq!([approved(second).await, approved(third).await], [false, true]);
    assert_eq!(store.all_marks().await.unwrap(), [], "nothing is said of the person");
}

pub(crate) async fn nothing_is_asked_or_approved_for_a_browser_that_is_forgotten(store: &Shared) {
    let (mine, gone, blocked) = (account(), waiting(), waiting());
    for (second, new) in [(1, &gone), (2, &blocked)] {
        sign_in_new(store, mine, new, after(second)).await;
        let asked = asking(mine, "photos", Some(new.id));
        assert_eq!(store.ask_for_access(asked).await.unwrap(), Asking::Stored);
    }
    store.disown_browser(mine, gone.id, Forgotten::NotTheirs, after(3)).await.unwrap().unwrap();
    let late = |of: &NewBrowser| answering(&asking(mine, "photos", Some(of.id)), HostAnswer::Approved);
    assert!(!store.answer_request(late(&gone)).await.unwrap());
    let left = store.waiting_requests(9).await.unwrap();
    assert_eq!(
        (left.total, left.some[0].asked.browser),
        (1, Some(blocked.id)),
        "nobody is asked for it any more"
    );
    store.mark(mine, Mark::Blocked(true), after(4)).await.unwrap();
    assert!(!store.answer_request(late(&blocked)).await.unwrap());
    assert_eq!(store.waiting_requests(9).await.unwrap().total, 0);
    assert_eq!(store.browsers_of(mine, after(5)).await.unwrap(), []);
    store.mark(mine, Mark::Blocked(false), after(6)).await.unwrap();
    assert!(store.known_browser(mine, blocked.hash, after(6)).await.unwrap().is_none(), "nothing comes back");
}

pub(crate) async fn browsers_are_swept_when_they_are_over(store: &Shared) {
    let (mine, new) = (account(), browser());
    sign_in_new(store, mine, &new, T0).await;
    let end = T0.plus(BROWSER_MEMORY);
    let before = store.sweep(end.minus(Seconds(1))).await.unwrap();
    assert_eq!((before.sessions, before.browsers), (1, 0));
    assert_eq!(store.sweep(end).await.unwrap().browsers, 1);
    assert!(store.sweep(end).await.unwrap().is_empty());
}
