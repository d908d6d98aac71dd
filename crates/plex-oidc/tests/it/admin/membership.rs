//! `membership show` and `membership check`: what a command asks the running service.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use plex_oidc::flow::questions;
use plex_oidc::store::records::Question;
use plextv_emulator::FaultKind;
use serde_json::Value;

use super::*;
use crate::support::by_own_tokens;

/// Runs a command while the service looks whether somebody asks something.
async fn asked(house: &House, arguments: &[&str]) -> (Exit, String, String) {
    let app = Arc::clone(house.app());
    let service = tokio::spawn(async move {
        loop {
            questions::round(&app).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let answered = tokio::task::block_in_place(|| command(house, arguments));
    service.abort();
    drop(service.await);
    answered
}

async fn shown(house: &House, arguments: &[&str]) -> Value {
    let (exit, out, err) = asked(house, arguments).await;
    assert_eq!(exit, Exit::Done, "{arguments:?}: {err}");
    serde_json::from_str(&out).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plex_is_asked_by_command_and_whose_share_has_ended_is_out() {
    let house = setup().with_owner_token().start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let membership = shown(&house, &["membership", "show", "--json"]).await;
    assert_eq!((&membership["has_owner_token"], &membership["last_answer"]), (&true.into(), &Value::Null));

    house.plex.world().unshare("friend").unwrap();
    let (exit, out, err) = asked(&house, &["membership", "check"]).await;
    assert_eq!((exit, err.lines().last()), (Exit::Done, Some("Plex has answered just now.")));
    assert!(out.contains("with the owner's token") && out.contains(" 0 members, 1 ended\n"), "{out}");
    photos.userinfo(&tokens.access_token()).await.expect(401);
    let (_, events, _) = command(&house, &["audit", "--what", "rechecked_by_host"]);
    assert!(events.lines().count() == 1 && events.contains("command-line"), "{events}");

    // Once a minute, as on the page; what is known is shown all the same.
    let (exit, out, err) = asked(&house, &["membership", "check", "--json"]).await;
    assert_eq!(exit, Exit::Failed, "or a script would take it for an answer");
    assert!(err.ends_with("Plex was asked less than a minute ago, and not again.\n"), "{err}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["last_answer"]["ended"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_says_the_same_as_the_api() {
    let house = setup().with_owner_token().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    asked(&house, &["membership", "check"]).await;
    house.plex.fails(FaultKind::ServerError);
    house.pass(Seconds::minutes(2));
    let (exit, out, err) = asked(&house, &["membership", "check", "--json"]).await;
    assert_eq!(exit, Exit::Failed);
    assert!(err.contains("Plex has not answered: plex.tv does not answer. What was known"), "{err}");
    let (_, token, _) =
        command(&house, &["api-token", "add", "--name", "panel", "--scope", "membership:read"]);
    let request =
        Request::get("/api/v1/membership").header("authorization", format!("Bearer {}", token.trim()));
    let answer = house.door.send(request.body(Body::empty()).unwrap()).await.expect(200).json();
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), answer);
    assert_eq!(answer["trouble"]["what"], "plex.tv does not answer");
}

#[tokio::test]
async fn who_asks_what_is_known_already_does_not_wait_for_plex() {
    let house = setup().with_owner_token().start().await;
    let (store, until) = (&house.app().store, house.app().clock.now().plus(Seconds(60)));
    let check = store.ask_service(Question::Recheck, until).await.unwrap();
    let show = store.ask_service(Question::Membership, until).await.unwrap();
    questions::round(house.app()).await;
    let known = async |id| {
        let answer = store.answer_to(id).await.unwrap().expect("an answer");
        !serde_json::from_str::<Value>(&answer).unwrap()["membership"]["last_answer"].is_null()
    };
    assert!(known(check).await && !known(show).await, "it was answered before Plex was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_answers_a_command_says_so_and_its_question_is_not_answered_later() {
    let house = setup().with_owner_token().start().await;
    let (exit, out, err) = command(&house, &["membership", "check", "--timeout", "0"]);
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert!(err.contains("no running service has answered within 0 seconds"), "{err}");
    questions::round(house.app()).await;
    assert_eq!(house.app().membership.known().last_good, None, "Plex was not asked");

    let house = setup().start().await;
    let (exit, out, err) = asked(&house, &["membership", "check"]).await;
    assert_eq!(exit, Exit::Failed);
    assert!(err.contains("plex-oidc owner-token renew"), "{err}");
    assert!(out.contains("at each sign-in alone, which serves for 1d\n"), "{out}");

    let house = by_own_tokens().start().await;
    let (exit, out, err) = asked(&house, &["membership", "show"]).await;
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(out.contains("with people's own tokens, every 30m\n"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_service_looks_by_itself_whether_a_command_asks_something() {
    let house = setup().with_owner_token().start().await;
    house.listen().await;
    let (exit, out, err) = tokio::task::block_in_place(|| command(&house, &["membership", "show"]));
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(out.starts_with("asked         with the owner's token\n"), "{out}");
}
