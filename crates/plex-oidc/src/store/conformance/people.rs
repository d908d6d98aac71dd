//! What the host says of people, and what they ask the host for.

use plex_oidc_core::decide::{Mark, Marks};

use super::super::{
    ASK_AGAIN, MOST_REQUESTS, MOST_REQUESTS_OF_ACCOUNT, MOST_REQUESTS_OF_BLOCK, MOST_REQUESTS_OF_STRANGERS,
    REQUEST_MEMORY,
};
use super::*;

fn plex(account: u64) -> AccountId {
    AccountId::Plex(PlexAccountId(account))
}

fn door(name: &str) -> Mark {
    Mark::Door(client(name), true)
}

pub(crate) async fn what_the_host_says_comes_with_the_person_and_no_sign_in_changes_it(store: &Shared) {
    let (code, redeem) = redeemed(store).await;
    let account = code.grant.account_id;
    let said = Marks { blocked: false, named: true, doors: [client("app:wiki")].into() };
    store.mark(account, Mark::Named(true), after(1)).await.unwrap();
    assert_eq!(store.mark(account, door("app:wiki"), after(1)).await.unwrap(), EndedAccess::default());
    let is_there = async |why: &str| {
        let user = store.user(account).await.unwrap().unwrap();
        assert_eq!(user.person.marks, said, "{why}");
        let access = store.access_token(redeem.access.hash, after(2)).await.unwrap().unwrap();
        assert_eq!(access.grant.user.person.marks, said, "{why}");
        let refresh = redeem.refresh.as_ref().unwrap().hash;
        let refresh = store.refresh_token(refresh).await.unwrap().unwrap();
        assert_eq!(refresh.grant.user.person.marks, said, "{why}");
        let all = store.users().await.unwrap();
        assert!(all.iter().any(|user| user.person.marks == said), "{why}");
    };
    is_there("said").await;
    // What a sign-in or a re-check writes of the person says nothing of that, whatever it holds.
    let mut again = user(plex_number(account));
    (again.updated, again.person.account.display_name) = (after(3), "Another".to_owned());
    again.person.marks = Marks { doors: [client("everything")].into(), ..Marks::default() };
    assert!(store.put_user(again.clone()).await.unwrap());
    is_there("signed in again").await;
    again.updated = after(4);
    store.reconfirm_users(vec![Reconfirmed { known_at: after(3), user: again }]).await.unwrap();
    is_there("checked again").await;
    assert_eq!(store.all_marks().await.unwrap(), [(account, said.clone())]);
    store.mark(account, Mark::Named(false), after(5)).await.unwrap();
    store.mark(account, Mark::Door(client("app:wiki"), false), after(5)).await.unwrap();
    assert_eq!(store.marks(account).await.unwrap(), Marks::default());
    assert_eq!(store.all_marks().await.unwrap(), [], "nothing is left of it");
}

pub(crate) async fn something_is_said_of_somebody_who_never_signed_in(store: &Shared) {
    let new = user(77);
    assert_eq!(store.mark(plex(77), Mark::Blocked(true), T0).await.unwrap(), EndedAccess::default());
    assert!(store.user(plex(77)).await.unwrap().is_none());
    assert!(store.put_user(new).await.unwrap());
    assert!(store.user(plex(77)).await.unwrap().unwrap().person.marks.blocked);
    assert!(!store.marks(plex(78)).await.unwrap().blocked);
}

pub(crate) async fn a_block_ends_everything_at_once(store: &Shared) {
    let (code, redeem) = redeemed(store).await;
    let (other, _) = issued(store).await;
    let (account, sid) = (code.grant.account_id, code.grant.sid);
    assert_eq!(store.ask_for_access(asking(plex_number(account), "wiki", 1)).await.unwrap(), Asking::Stored);
    let ended = store.mark(account, Mark::Blocked(true), after(2)).await.unwrap();
    assert_eq!((ended.sessions, ended.grants), (1, 1));
    assert!(store.access_token(redeem.access.hash, after(2)).await.unwrap().is_none());
    assert!(store.sessions_of(account, after(2)).await.unwrap().iter().all(|session| session.sid != sid));
    assert!(store.browser_session(other.hash, after(2)).await.unwrap().is_some());
    assert_eq!(store.waiting_requests(9).await.unwrap().total, 0);
    store.mark(account, Mark::Blocked(false), after(3)).await.unwrap();
    assert!(store.access_token(redeem.access.hash, after(3)).await.unwrap().is_none(), "it stays ended");
}

/// The block came between the decision about somebody and the storing of what came of it.
pub(crate) async fn whoever_is_blocked_meanwhile_neither_comes_in_nor_asks(store: &Shared) {
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let call = finish(&login, FinishedBy::BrowserSession, 4_242);
    store.mark(plex(4_242), Mark::Blocked(true), T0).await.unwrap();
    assert_eq!(store.finish_login(call.clone()).await.unwrap(), Finish::WrongState);
    assert!(store.browser_session(call.session.as_ref().unwrap().hash, after(31)).await.unwrap().is_none());
    assert_ne!(store.ask_for_access(asking(4_242, "wiki", 77)).await.unwrap(), Asking::Stored);
    assert_eq!(store.waiting_requests(9).await.unwrap().total, 0);
    store.mark(plex(4_242), Mark::Blocked(false), T0).await.unwrap();
    assert_eq!(store.finish_login(call).await.unwrap(), Finish::Finished);
    assert_eq!(store.ask_for_access(asking(4_242, "wiki", 77)).await.unwrap(), Asking::Stored);
}

fn asking(account: u64, door: &str, address: u32) -> NewAccessRequest {
    NewAccessRequest {
        account_id: plex(account),
        door: client(door),
        browser: None,
        wish: Wish::Open,
        account_name: "Robin".to_owned(),
        account_email: None,
        said: Some("\"please\" 🎬".to_owned()),
        address: std::net::Ipv4Addr::from_bits(address).into(),
        asked_at: T0,
    }
}

fn answering(account: u64, door: &str, answer: HostAnswer, at: Timestamp) -> AnswerAccessRequest {
    let answer = AccessAnswer { answer, said: Some("enjoy".to_owned()), at };
    AnswerAccessRequest { account_id: plex(account), door: client(door), browser: None, answer }
}

pub(crate) async fn a_request_is_asked_once_and_answered_once(store: &Shared) {
    let first = asking(5, "wiki", 1);
    assert_eq!(store.ask_for_access(first.clone()).await.unwrap(), Asking::Stored);
    let again = NewAccessRequest { said: None, asked_at: after(9), ..first.clone() };
    assert_eq!(store.ask_for_access(again.clone()).await.unwrap(), Asking::There);
    let stored = store.access_request(plex(5), client("wiki"), None).await.unwrap().unwrap();
    assert_eq!(stored, AccessRequest { asked: first, answer: None });
    assert!(store.access_request(plex(6), client("wiki"), None).await.unwrap().is_none());

    // Of 64 answers one counts; one that does not fit is none; of nobody's request nothing comes.
    let misfit = answering(5, "wiki", HostAnswer::Named, after(10));
    assert!(!store.answer_request(misfit).await.unwrap());
    assert!(!store.answer_request(answering(6, "wiki", HostAnswer::Opened, after(10))).await.unwrap());
    assert!(!store.answer_request(answering(5, "tv", HostAnswer::Opened, after(10))).await.unwrap());
    assert_eq!(store.all_marks().await.unwrap(), []);
    let answers = race(store, |store, number| async move {
        let kind = if number % 2 == 0 { HostAnswer::Opened } else { HostAnswer::Declined };
        store.answer_request(answering(5, "wiki", kind, after(10))).await.unwrap().then_some(kind)
    });
    let counted: Vec<_> = answers.await.into_iter().flatten().collect();
    let [counted] = *counted else { panic!("{counted:?}") };
    let is_open = store.marks(plex(5)).await.unwrap().open(&client("wiki"));
    assert_eq!(is_open, counted == HostAnswer::Opened, "what is stored is what was answered");
    assert_eq!(store.waiting_requests(9).await.unwrap(), WaitingRequests::default());

    // A day later it may be asked again.
    let late = |seconds| NewAccessRequest {
        asked_at: after(10).plus(ASK_AGAIN).minus(Seconds(seconds)),
        ..again.clone()
    };
    assert_eq!(store.ask_for_access(late(1)).await.unwrap(), Asking::There);
    assert_eq!(store.ask_for_access(late(0)).await.unwrap(), Asking::Stored);
    let stored = store.access_request(plex(5), client("wiki"), None).await.unwrap().unwrap();
    assert_eq!(stored, AccessRequest { asked: late(0), answer: None });
}

pub(crate) async fn requests_have_limits_and_an_end(store: &Shared) {
    let ask = async |account: u64, door: &str, address: u32| {
        store.ask_for_access(asking(account, door, address)).await.unwrap()
    };
    for number in 0..MOST_REQUESTS_OF_ACCOUNT {
        assert_eq!(ask(1, &format!("door-{number}"), 1000 + number).await, Asking::Stored);
    }
    assert_eq!(ask(1, "one-more", 2000).await, Asking::TooMany);
    for number in 0..MOST_REQUESTS_OF_BLOCK {
        assert_eq!(ask(100 + u64::from(number), "wiki", 7).await, Asking::Stored);
    }
    assert_eq!(ask(200, "wiki", 7).await, Asking::TooMany);
    assert_eq!(ask(200, "wiki", 8).await, Asking::Stored);

    // Strangers leave room for those who are known.
    let stranger = async |account: u32| {
        let new = NewAccessRequest { wish: Wish::Share, ..asking(u64::from(account), "wiki", account) };
        store.ask_for_access(new).await.unwrap()
    };
    for number in 0..MOST_REQUESTS_OF_STRANGERS {
        assert_eq!(stranger(10_000 + number).await, Asking::Stored);
    }
    assert_eq!(stranger(9_999).await, Asking::TooMany);
    let so_far = MOST_REQUESTS_OF_ACCOUNT + MOST_REQUESTS_OF_BLOCK + 1 + MOST_REQUESTS_OF_STRANGERS;
    for number in so_far..MOST_REQUESTS {
        assert_eq!(ask(20_000 + u64::from(number), "wiki", 20_000 + number).await, Asking::Stored);
    }
    assert_eq!(ask(3, "wiki", 3).await, Asking::TooMany);
    let waiting = store.waiting_requests(3).await.unwrap();
    assert_eq!((waiting.some.len(), waiting.total), (3, u64::from(MOST_REQUESTS)));
    assert!(waiting.some.iter().all(|request| request.asked.wish == Wish::Open), "those who are known first");

    let end = T0.plus(REQUEST_MEMORY);
    assert_eq!(store.sweep(end.minus(Seconds(1))).await.unwrap().access_requests, 0);
    assert_eq!(store.sweep(end).await.unwrap().access_requests, usize::try_from(MOST_REQUESTS).unwrap());
}
