//! Pushed authorization requests: answered once, by whatever way (requirement 101).

use super::super::PUSHED_MEMORY;
use super::*;

fn pushed() -> PushedRequest {
    PushedRequest {
        hash: hash(),
        client_id: client("photos"),
        request_json: r#"{"state":"é\u0000"}"#.to_owned(),
        expires: after(90),
    }
}

async fn is_there(store: &Shared, request: &PushedRequest) -> bool {
    store.pushed_request(request.hash).await.unwrap().as_ref() == Some(request)
}

pub(crate) async fn a_pushed_request_is_spent_once(store: &Shared) {
    let request = pushed();
    assert!(store.pushed_request(request.hash).await.unwrap().is_none());
    store.push_request(request.clone()).await.unwrap();
    assert!(is_there(store, &request).await);
    assert!(store.spend_pushed_request(request.hash).await.unwrap());
    assert!(!store.spend_pushed_request(request.hash).await.unwrap());
    assert!(!is_there(store, &request).await);
}

pub(crate) async fn an_unanswered_request_outlives_what_was_begun_with_it(store: &Shared) {
    let request = pushed();
    store.push_request(request.clone()).await.unwrap();
    let end = request.expires.plus(PUSHED_MEMORY);
    assert!(store.sweep(end.minus(Seconds(1))).await.unwrap().is_empty());
    assert!(is_there(store, &request).await);
    let counts = store.sweep(end).await.unwrap();
    assert_eq!(counts, SweepCounts { pushed_requests: 1, ..SweepCounts::default() });
    assert!(!is_there(store, &request).await);
}

pub(crate) async fn req_101_a_code_spends_the_request_that_it_answers(store: &Shared) {
    let (session, request) = (signed_in(store).await, pushed());
    let answer = || NewCode { answers: Answers::Pushed(request.hash), ..code(&session) };
    assert!(!store.issue_code(answer(), T0).await.unwrap(), "it was never pushed");
    store.push_request(request.clone()).await.unwrap();
    assert!(!store.issue_code(answer(), session.idle_expires).await.unwrap());
    assert!(is_there(store, &request).await, "no code, so it is not spent");
    let first = answer();
    assert!(store.issue_code(first.clone(), T0).await.unwrap());
    let second = answer();
    assert!(!store.issue_code(second.clone(), T0).await.unwrap());
    assert!(store.code(first.hash).await.unwrap().is_some());
    assert!(store.code(second.hash).await.unwrap().is_none());
}

pub(crate) async fn req_101_of_two_attempts_with_one_request_one_is_finished(store: &Shared) {
    let (request, logins) = (pushed(), [login(), login()]);
    store.push_request(request.clone()).await.unwrap();
    let mut outcomes = Vec::new();
    for login in &logins {
        store.begin_login(login.clone()).await.unwrap();
        let mut finish = finish(login, FinishedBy::BrowserSession, 77);
        finish.code.as_mut().unwrap().answers = Answers::Pushed(request.hash);
        let session = finish.session.as_ref().unwrap().hash;
        outcomes.push(store.finish_login(finish).await.unwrap());
        let begun = store.browser_session(session, after(31)).await.unwrap().is_some();
        assert_eq!(begun, outcomes.last() == Some(&Finish::Finished));
    }
    assert_eq!(outcomes, [Finish::Finished, Finish::WrongState]);
}

pub(crate) async fn req_101_of_64_answers_to_one_request_one_is_sent(store: &Shared) {
    let (session, request) = (signed_in(store).await, pushed());
    store.push_request(request.clone()).await.unwrap();
    let issued = race(store, |store, _| {
        let code = NewCode { answers: Answers::Pushed(request.hash), ..code(&session) };
        async move { store.issue_code(code, T0).await.unwrap() }
    });
    assert_eq!(issued.await.into_iter().filter(|issued| *issued).count(), 1);
}
