use plextv_emulator::{MAIN_SERVER, OWNER_ID};
use reqwest::Method;
use serde_json::{Value, json};

use crate::actor::{Actor, send, text};

#[tokio::test]
async fn a_pin_goes_through_its_life_over_http() {
    let actor = Actor::new().await;
    let body = json!({ "client_identifier": "c", "product": "P", "creator": "203.0.113.5" });
    let made = actor.control(Method::POST, "/pins", body).await.json();
    assert_eq!(made["creator"], "203.0.113.5");
    let code = text(&made["code"]).to_owned();
    let approve = async |persona: &str| {
        actor.control(Method::POST, &format!("/pins/{code}/approve"), json!({ "persona": persona })).await
    };
    assert_eq!(actor.control(Method::POST, &format!("/pins/{code}/deny"), Value::Null).await.status, 204);
    assert_eq!(approve("nobody").await.status, 404);
    assert_eq!(approve("friend").await.status, 204);
    let pins = actor.control(Method::GET, "/pins", Value::Null).await.json();
    assert_eq!((&pins[0]["approved_by"], &pins[0]["denied"]), (&"friend".into(), &false.into()));
    assert_eq!(actor.control(Method::POST, &format!("/pins/{code}/expire"), Value::Null).await.status, 204);
    let pins = actor.control(Method::GET, "/pins", Value::Null).await.json();
    assert_eq!(pins[0]["expired"], true);
}

#[tokio::test]
async fn shares_tokens_and_clock_over_http() {
    let actor = Actor::new().await;
    let sees = async || actor.get_as("friend-nothing", "/api/v2/resources").await.body.contains(MAIN_SERVER);
    let share = json!({ "persona": "friend-nothing", "libraries": [1] });
    assert_eq!(actor.control(Method::POST, "/shares", share).await.status, 204);
    assert!(sees().await);
    assert_eq!(actor.control(Method::DELETE, "/shares/friend-nothing", Value::Null).await.status, 204);
    assert!(!sees().await);

    let made = actor.control(Method::POST, "/tokens", json!({ "persona": "owner" })).await.json();
    let user = || actor.v2(Method::GET, "/api/v2/user").header("X-Plex-Token", text(&made["token"]));
    assert_eq!(send(user()).await.json()["id"], OWNER_ID);
    assert_eq!(actor.control(Method::DELETE, "/tokens/owner", Value::Null).await.status, 204);
    assert_eq!(send(user()).await.status, 401);

    let before = actor.emulator.world().now();
    assert_eq!(actor.control(Method::POST, "/clock", json!({ "advance": 86_400 })).await.status, 204);
    let now = actor.control(Method::GET, "/clock", Value::Null).await.json();
    let now: jiff::Timestamp = text(&now["now"]).parse().expect("RFC 3339");
    assert!(now.as_second() - before.as_second() >= 86_400);
}

#[tokio::test]
async fn faults_and_switches_over_http() {
    let actor = Actor::new().await;
    let fault = json!({ "kind": "rate-limited", "retry_after": 3, "path": "/api/v2/ping", "times": 2 });
    assert_eq!(actor.control(Method::POST, "/faults", fault).await.status, 204);
    assert_eq!(actor.get("/api/v2/ping").await.status, 429);
    let left = actor.control(Method::GET, "/faults", Value::Null).await.json();
    assert_eq!((&left[0]["kind"], &left[0]["times"]), (&"rate-limited".into(), &1.into()));
    assert_eq!(actor.control(Method::DELETE, "/faults", Value::Null).await.status, 204);
    assert_eq!(actor.get("/api/v2/ping").await.status, 200);

    let switches = actor.control(Method::PUT, "/switches", json!({ "coop": true })).await.json();
    assert_eq!((&switches["coop"], &switches["cors"]), (&true.into(), &true.into()));
    assert!(actor.emulator.world().switches().coop);
    let refused = actor.control(Method::PUT, "/switches", json!({ "no_such": true })).await;
    assert_eq!(refused.status, 400);
    assert!(text(&refused.json()["error"]).contains("no_such"));
}

#[tokio::test]
async fn a_misspelt_fault_is_refused_rather_than_ignored() {
    let actor = Actor::new().await;
    for body in
        [json!({ "kind": "delay" }), json!({ "kind": "explode" }), json!({ "kind": "reset", "pat": "/api" })]
    {
        assert_eq!(actor.control(Method::POST, "/faults", body.clone()).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn the_log_tells_what_a_test_wants_to_assert_and_leaves_control_out() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    actor.poll(&pin).await;
    actor.control(Method::GET, "/pins", Value::Null).await;
    let log = actor.control(Method::GET, "/log", Value::Null).await.json();
    let log = log.as_array().expect("an array");
    assert_eq!(log.len(), 2);
    assert_eq!((&log[0]["method"], &log[0]["status"]), (&"POST".into(), &201.into()));
    assert_eq!((&log[0]["host"], &log[0]["path"]), (&"clients.plex.tv".into(), &"/api/v2/pins".into()));
    assert_eq!(log[0]["query_keys"], json!(["strong"]));
    assert_eq!(log[1]["client_identifier"], crate::actor::IDENTIFIER);
    assert_eq!(actor.control(Method::DELETE, "/log", Value::Null).await.status, 204);
    assert!(actor.emulator.world().request_log().is_empty());
}

#[tokio::test]
async fn reset_goes_back_to_the_beginning() {
    let actor = Actor::new().await;
    let world = actor.emulator.world();
    let token = world.token_for("friend");
    actor.make_pin().await;
    world.unshare("friend").expect("known");
    world.advance_clock(90_000);
    world.set_switches(|switches| switches.cors = false);
    assert_eq!(actor.control(Method::POST, "/reset", Value::Null).await.status, 204);
    assert!(world.pins().is_empty() && world.switches().cors && world.request_log().is_empty());
    assert!(actor.get_as("friend", "/api/v2/resources").await.body.contains(MAIN_SERVER));
    let old = actor.v2(Method::GET, "/api/v2/user").header("X-Plex-Token", token);
    assert_eq!(send(old).await.status, 401);
}

#[tokio::test]
async fn an_unknown_operation_is_a_404_with_a_sentence() {
    let actor = Actor::new().await;
    let answer = actor.control(Method::POST, "/no-such", Value::Null).await;
    assert_eq!((answer.status, answer.json()["error"].is_string()), (404, true));
    assert_eq!(actor.control(Method::GET, "/personas", Value::Null).await.json()[0]["key"], "owner");
}
