use plextv_emulator::WorldError;
use reqwest::Method;
use serde_json::{Value, json};

use crate::actor::{Actor, IDENTIFIER, send, text};

const NOT_FOUND: &str = r#"{"errors":[{"code":1020,"message":"Code not found or expired"}]}"#;

#[tokio::test]
async fn a_strong_pin_has_the_documented_fields() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    let code = text(&pin["code"]);
    assert_eq!(code.len(), 25);
    assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{code}");
    assert!(matches!(pin["expiresIn"].as_i64(), Some(1799 | 1800)), "{pin}");
    assert_eq!(pin["product"], "Example SSO");
    assert_eq!(pin["clientIdentifier"], IDENTIFIER);
    assert_eq!(pin["trusted"], false);
    assert_eq!(pin["location"]["city"], "Utrecht");
    assert_eq!(pin["qr"], format!("https://plex.tv/api/v2/pins/qr/{code}"));
    assert!(pin["id"].as_u64().is_some_and(|id| id > 1_000_000_000));
    for absent in ["authToken", "newRegistration"] {
        assert_eq!(pin.get(absent), Some(&Value::Null), "{absent} is present and null");
    }
    let seconds = |name: &str| text(&pin[name]).parse::<jiff::Timestamp>().expect("RFC 3339").as_second();
    assert_eq!(seconds("expiresAt") - seconds("createdAt"), 1800);
}

#[tokio::test]
async fn strong_may_travel_in_query_form_or_json_and_is_off_otherwise() {
    let actor = Actor::new().await;
    let post = |path: &str| actor.v2(Method::POST, path);
    let length = async |request| text(&send(request).await.json()["code"]).len();
    assert_eq!(length(post("/api/v2/pins?strong=true")).await, 25);
    assert_eq!(length(post("/api/v2/pins?strong=True")).await, 25);
    assert_eq!(length(post("/api/v2/pins").form(&[("strong", "true")])).await, 25);
    assert_eq!(length(post("/api/v2/pins").json(&json!({ "strong": true }))).await, 25);
    assert_eq!(length(post("/api/v2/pins?strong=false")).await, 4);
    let short = send(post("/api/v2/pins")).await.json();
    let code = text(&short["code"]);
    assert!(code.len() == 4 && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()), "{code}");
    assert!(matches!(short["expiresIn"].as_i64(), Some(899 | 900)), "{short}");
}

#[tokio::test]
async fn a_call_without_client_identifier_is_refused_with_1000() {
    let actor = Actor::new().await;
    let json = send(actor.bare(Method::POST, "/api/v2/pins.json?strong=true")).await;
    assert_eq!(json.status, 400);
    assert_eq!(json.json()["errors"][0]["code"], 1000);
    assert_eq!(json.json()["errors"][0]["status"], 400);
    let xml = send(actor.bare(Method::GET, "/api/v2/pins/5")).await;
    assert_eq!(xml.status, 400);
    assert!(xml.xml().starts_with("<errors><error code=\"1000\" message="), "{}", xml.body);
    let in_query = send(actor.bare(Method::POST, "/api/v2/pins.json?X-Plex-Client-Identifier=q")).await;
    assert_eq!(in_query.status, 201);
    assert_eq!(in_query.json()["clientIdentifier"], "q");
}

#[tokio::test]
async fn a_pin_waits_then_gives_its_token() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    assert_eq!(actor.poll(&pin).await.json()["authToken"], Value::Null);
    actor.emulator.world().approve_pin(text(&pin["code"]), "friend").expect("approved");
    let polled = actor.poll(&pin).await;
    assert_eq!(polled.status, 200);
    let token = text(&polled.json()["authToken"]).to_owned();
    assert_eq!(token.len(), 20);
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{token}");
    assert_eq!(polled.json()["newRegistration"], false);
    let user = send(actor.v2(Method::GET, "/api/v2/user").header("X-Plex-Token", &token)).await;
    assert_eq!(user.json()["username"], "mara.k");
    // The same account on the same client identifier gets the same token.
    let second = actor.make_pin().await;
    actor.emulator.world().approve_pin(text(&second["code"]), "friend").expect("approved");
    assert_eq!(actor.poll(&second).await.json()["authToken"], token.as_str());
}

#[tokio::test]
async fn an_unknown_foreign_or_expired_pin_is_1020_without_status() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    let path = format!("/api/v2/pins/{}", pin["id"]);
    let foreign =
        actor.bare(Method::GET, &format!("{path}.json")).header("X-Plex-Client-Identifier", "other");
    actor.emulator.world().advance_clock(1798);
    assert_eq!(actor.get(&path).await.status, 200, "still alive");
    assert!(actor.get(&path).await.json()["expiresIn"].as_i64().is_some_and(|left| left <= 2));
    for answer in [send(foreign).await, actor.get("/api/v2/pins/1").await, actor.get("/api/v2/pins/x").await]
    {
        assert_eq!((answer.status, answer.body.as_str()), (404, NOT_FOUND));
    }
    actor.emulator.world().advance_clock(2);
    let expired = actor.get(&path).await;
    assert_eq!((expired.status, expired.body.as_str()), (404, NOT_FOUND));
    let unapprovable = actor.emulator.world().approve_pin(text(&pin["code"]), "friend");
    assert!(matches!(unapprovable, Err(WorldError::UnknownPin(_))));
}

#[tokio::test]
async fn the_first_approval_counts_and_a_denial_is_silent() {
    let actor = Actor::new().await;
    let world = actor.emulator.world();
    let pin = actor.make_pin().await;
    let code = text(&pin["code"]);
    world.deny_pin(code).expect("denied");
    assert_eq!(actor.poll(&pin).await.json()["authToken"], Value::Null);
    world.approve_pin(code, "home").expect("approved");
    assert!(world.approve_pin(code, "friend").is_err());
    assert_eq!(world.pins()[0].approved_by.as_deref(), Some("home"));
}

#[tokio::test]
async fn a_pin_in_xml_is_one_element_of_attributes() {
    let actor = Actor::new().await;
    let request = actor.bare(Method::POST, "/api/v2/pins?strong=true");
    let answer = send(request.header("X-Plex-Client-Identifier", IDENTIFIER)).await;
    assert_eq!(answer.status, 201);
    let xml = answer.xml();
    assert!(xml.starts_with("<pin ") && xml.ends_with("</pin>"), "{xml}");
    for attribute in [" authToken=\"\"", " trusted=\"0\"", " newRegistration=\"\"", " product=\"0\""] {
        assert!(xml.contains(attribute), "{attribute} in {xml}");
    }
}

#[tokio::test]
async fn only_plex_itself_may_link_a_pin() {
    let actor = Actor::new().await;
    let short = send(actor.v2(Method::POST, "/api/v2/pins")).await.json();
    let token = actor.emulator.world().token_for("friend");
    let link = |product: &str, code: &str| {
        actor
            .v2(Method::PUT, "/api/v2/pins/link.json")
            .header("X-Plex-Product", product)
            .header("X-Plex-Token", &token)
            .form(&[("code", code)])
    };
    let refused = send(link("Example", text(&short["code"]))).await;
    assert_eq!((refused.status, refused.json()["errors"][0]["code"].as_u64()), (403, Some(1068)));
    let unknown = send(link("Plex SSO", "????")).await;
    assert_eq!((unknown.status, unknown.body.as_str()), (404, NOT_FOUND));
    let linked = send(link("Plex SSO", text(&short["code"]))).await;
    assert_eq!((linked.status, linked.body.as_str()), (204, ""));
    assert!(actor.poll(&short).await.json()["authToken"].is_string());
    let nobody = send(actor.v2(Method::PUT, "/api/v2/pins/link").form(&[("code", "ABCD")])).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn an_unconfirmed_account_is_a_new_registration() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    actor.emulator.world().approve_pin(&pin["id"].to_string(), "unconfirmed").expect("approved by id");
    assert_eq!(actor.poll(&pin).await.json()["newRegistration"], true);
}
