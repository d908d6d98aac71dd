use plextv_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::actor::{Actor, Answer, IDENTIFIER, send, text};

async fn page_pin(actor: &Actor, pin: &Value, forward: &str) -> Answer {
    let address = format!("{}/auth-app/pin", actor.emulator.app_url());
    let query =
        [("code", text(&pin["code"])), ("clientID", text(&pin["clientIdentifier"])), ("forwardUrl", forward)];
    send(actor.http.get(url::Url::parse_with_params(&address, query).expect("a URL"))).await
}

async fn press(actor: &Actor, action: &str, fields: &[(&str, &str)]) -> Answer {
    send(actor.http.post(format!("{}/auth-app/{action}", actor.emulator.app_url())).form(fields)).await
}

#[tokio::test]
async fn the_page_cannot_be_framed_or_stored_and_may_isolate_its_opener() {
    let actor = Actor::new().await;
    let get = async || send(actor.http.get(format!("{}/auth", actor.emulator.app_url()))).await;
    let page = get().await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("cross-origin-opener-policy"), None);
    assert!(page.body.contains("src=\"/app.plex.tv/auth-app/auth.js\""), "{}", page.body);
    actor.emulator.world().set_switches(|switches| switches.coop = true);
    assert_eq!(get().await.header("cross-origin-opener-policy"), Some("same-origin"));
    for part in ["auth.js", "auth.css"] {
        let answer = send(actor.http.get(format!("{}/auth-app/{part}", actor.emulator.app_url()))).await;
        assert_eq!(answer.status, 200, "{part}");
    }
}

#[tokio::test]
async fn three_screens_by_trust_address_and_origin() {
    let actor = Actor::new().await;
    let own = actor.make_pin().await;
    let forward = "https://auth.example.com/return";
    let notice = page_pin(&actor, &own, forward).await.json();
    assert_eq!((&notice["screen"], &notice["product"]), (&"notice".into(), &"Example SSO".into()));
    assert_eq!(notice["accounts"].as_array().map(Vec::len), Some(15));
    assert_eq!(page_pin(&actor, &own, "https://app.plex.tv/desktop").await.json()["screen"], "normal");
    let fault = Fault::new(FaultKind::AddressMismatch { address: None }).times(1);
    actor.emulator.world().set_fault(fault);
    let foreign = actor.make_pin().await;
    let alert = page_pin(&actor, &foreign, forward).await.json();
    assert_eq!((&alert["screen"], &alert["creatorAddress"]), (&"alert".into(), &"2001:db8::7".into()));
    assert_eq!(alert["visitorAddress"], "127.0.0.1");
    actor.emulator.world().set_switches(|switches| switches.trusted_pins = true);
    let trusted = actor.make_pin().await;
    assert_eq!(page_pin(&actor, &trusted, forward).await.json()["screen"], "normal");
}

#[tokio::test]
async fn addresses_can_be_played_with_a_forwarded_header() {
    let actor = Actor::new().await;
    actor.emulator.world().set_switches(|switches| switches.forwarded_for = true);
    let pin = actor.emulator.world().create_pin_from("c", "P", "198.51.100.20".parse().expect("an address"));
    let address = format!("{}/auth-app/pin?code={}&clientID=c", actor.emulator.app_url(), pin.code);
    let from = |visitor: &'static str| actor.http.get(&address).header("X-Forwarded-For", visitor);
    assert_eq!(send(from("198.51.100.20")).await.json()["screen"], "notice");
    assert_eq!(send(from("198.51.100.21")).await.json()["screen"], "alert");
}

#[tokio::test]
async fn continue_approves_and_deny_does_not() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    let named = [("code", text(&pin["code"])), ("clientID", IDENTIFIER)];
    assert_eq!(press(&actor, "deny", &named).await.status, 204);
    assert_eq!(actor.poll(&pin).await.json()["authToken"], Value::Null);
    assert!(actor.emulator.world().pins()[0].denied);
    let as_friend = [named[0], named[1], ("persona", "friend")];
    assert_eq!(press(&actor, "approve", &as_friend).await.status, 204);
    assert!(actor.poll(&pin).await.json()["authToken"].is_string());
    assert_eq!(press(&actor, "approve", &as_friend).await.status, 404, "approved already");
}

#[tokio::test]
async fn a_wrong_code_or_client_cannot_complete() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    let wrong = [
        json!({ "code": pin["code"], "clientIdentifier": "somebody-else" }),
        json!({ "code": "undefined", "clientIdentifier": IDENTIFIER }),
    ];
    for pin in wrong {
        assert_eq!(page_pin(&actor, &pin, "").await.status, 404, "{pin}");
    }
    actor.emulator.world().advance_clock(1800);
    assert_eq!(page_pin(&actor, &pin, "").await.status, 404, "expired");
}

#[tokio::test]
async fn only_http_addresses_are_forwarded_to() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    for (forward, allowed) in [
        ("", true),
        ("http://localhost:8080/return", true),
        ("https://auth.example.com/return", true),
        ("myapp://return", false),
        ("javascript:alert(1)", false),
        ("/relative", false),
    ] {
        assert_eq!(page_pin(&actor, &pin, forward).await.json()["forwardable"], allowed, "{forward}");
    }
}

#[tokio::test]
async fn the_pages_own_question_needs_the_right_client() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    let info = actor.get(&format!("/api/v2/pins/info?code={}", text(&pin["code"]))).await.json();
    assert_eq!((&info["product"], &info["ipMatches"]), (&"Example SSO".into(), &true.into()));
    assert_eq!(actor.get("/api/v2/pins/info?code=nope").await.status, 404);
    assert_eq!(actor.get("/api/v2/pins/info").await.status, 400);
}
