use std::net::IpAddr;
use std::time::{Duration, Instant};

use plextv_emulator::{CROWD_ID, Fault, FaultKind, MAIN_SERVER, VirtualHost};
use reqwest::Method;
use serde_json::Value;

use crate::actor::{Actor, send, text};

#[tokio::test]
async fn a_rate_limit_is_429_with_or_without_retry_after() {
    let actor = Actor::new().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::RateLimited { retry_after: Some(7) }).times(1));
    let first = actor.get("/api/v2/ping").await;
    assert_eq!(
        (first.status, first.body.as_str()),
        (429, r#"{"errors":[{"code":1003,"message":"API rate limit exceeded","status":429}]}"#)
    );
    assert_eq!(first.header("retry-after"), Some("7"));
    assert_eq!(actor.get("/api/v2/ping").await.status, 200, "it struck once");
    actor.emulator.world().set_fault(Fault::new(FaultKind::RateLimited { retry_after: None }));
    let second = actor.get("/api/v2/ping").await;
    assert_eq!((second.status, second.header("retry-after")), (429, None));
    actor.emulator.world().clear_faults();
    actor.emulator.world().set_fault(Fault::new(FaultKind::RateLimitedUntil { seconds: 7 }));
    let third = actor.get("/api/v2/ping").await;
    let moment =
        |name| jiff::fmt::rfc2822::parse(third.header(name).unwrap()).unwrap().timestamp().as_second();
    assert_eq!((third.status, moment("retry-after") - moment("date")), (429, 7));
    actor.emulator.world().clear_faults();
    assert_eq!(actor.get("/api/v2/ping").await.status, 200);
}

#[tokio::test]
async fn server_trouble_is_html() {
    let actor = Actor::new().await;
    for (kind, status) in [(FaultKind::ServerError, 500), (FaultKind::BadGateway, 502)] {
        actor.emulator.world().set_fault(Fault::new(kind).times(1));
        let answer = actor.get("/api/v2/ping").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("text/html; charset=utf-8"))
        );
        assert!(answer.body.contains("We're sorry, but something went wrong (500)"));
    }
}

#[tokio::test]
async fn a_reset_ends_the_connection_and_is_logged_as_status_0() {
    let actor = Actor::new().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::Reset));
    assert!(actor.v2(Method::GET, "/api/v2/ping").send().await.is_err());
    assert_eq!(actor.emulator.world().request_log().last().map(|request| request.status), Some(0));
}

#[tokio::test]
async fn bodies_can_be_empty_truncated_or_xml() {
    let actor = Actor::new().await;
    let whole = actor.get_as("friend", "/api/v2/resources").await.body;
    let once = |kind| actor.emulator.world().set_fault(Fault::new(kind).times(1));
    once(FaultKind::EmptyBody);
    let empty = actor.get_as("friend", "/api/v2/resources").await;
    assert_eq!((empty.status, empty.body.as_str()), (200, ""));
    once(FaultKind::TruncatedBody);
    let half = actor.get_as("friend", "/api/v2/resources").await.body;
    assert!(half.len() < whole.len() * 3 / 4 && half.starts_with('['), "{half}");
    assert!(serde_json::from_str::<Value>(&half).is_err());
    once(FaultKind::XmlForJson);
    assert!(actor.get_as("friend", "/api/v2/resources").await.xml().starts_with("<resources><resource "));
}

#[tokio::test]
async fn unknown_fields_and_a_missing_location() {
    let actor = Actor::new().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::UnknownFields).times(1));
    let odd = actor.get_as("friend", "/api/v2/resources").await.json();
    assert!(odd[0]["emulatorUnknown"].is_object() && odd[0]["connections"][0]["emulatorUnknown"].is_object());
    actor.emulator.world().set_fault(Fault::new(FaultKind::MissingLocation).times(1));
    let pin = actor.make_pin().await;
    assert!(pin.get("location").is_none());
    assert!(actor.poll(&pin).await.json().get("location").is_some());
}

#[tokio::test]
async fn the_owners_token_alone_can_be_revoked() {
    let actor = Actor::new().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::OwnerTokenRevoked));
    assert_eq!(actor.get_as("owner", "/api/v2/user").await.status, 401);
    assert_eq!(actor.get_as("friend", "/api/v2/user").await.status, 200);
}

#[tokio::test]
async fn lists_can_be_empty_or_partial_with_200() {
    let actor = Actor::new().await;
    let path = "/api/v2/shared_servers/owned/accepted";
    let count = async || {
        let answer = actor.get_as("owner", path).await;
        assert_eq!(answer.status, 200);
        answer.json().as_array().map(Vec::len)
    };
    assert_eq!(count().await, Some(10));
    actor.emulator.world().set_fault(Fault::new(FaultKind::EmptyLists).on_path(path).times(1));
    assert_eq!(count().await, Some(0));
    actor.emulator.world().set_fault(Fault::new(FaultKind::PartialLists).times(1));
    assert_eq!(count().await, Some(5));
    actor.emulator.world().set_fault(Fault::new(FaultKind::PartialLists).times(1));
    let catalogue = actor.get_as("owner", &format!("/api/v2/servers/{MAIN_SERVER}")).await.json();
    assert_eq!(catalogue["librarySections"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_delay_holds_the_answer_back() {
    let actor = Actor::new().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::Delay { millis: 80 }).on_path("/api/v2/ping"));
    let before = Instant::now();
    assert_eq!(actor.get("/api/v2/ping").await.status, 200);
    assert!(before.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_skewed_clock_moves_what_is_shown_and_not_what_expires() {
    let actor = Actor::new().await;
    let honest = actor.make_pin().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::ClockSkew { seconds: 7200 }));
    let skewed = actor.poll(&honest).await;
    let at = |pin: &Value| text(&pin["createdAt"]).parse::<jiff::Timestamp>().expect("RFC 3339").as_second();
    assert_eq!(at(&skewed.json()) - at(&honest), 7200);
    assert!(skewed.json()["expiresIn"].as_i64().is_some_and(|left| left > 1790));
}

#[tokio::test]
async fn a_pin_can_die_while_it_is_polled() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    actor.emulator.world().set_fault(Fault::new(FaultKind::PinExpiresMidPoll).after(1));
    assert_eq!(actor.poll(&pin).await.status, 200);
    assert_eq!(actor.poll(&pin).await.status, 404);
}

#[tokio::test]
async fn a_fault_keeps_to_its_path_host_and_method() {
    let actor = Actor::new().await;
    actor.emulator.world().set_fault(
        Fault::new(FaultKind::ServerError)
            .on_path("/api/v2/pins")
            .on_host(VirtualHost::Clients)
            .on_method(&Method::POST),
    );
    assert_eq!(send(actor.v2(Method::POST, "/api/v2/pins")).await.status, 500);
    assert_eq!(actor.get("/api/v2/pins/1").await.status, 404);
    assert_eq!(actor.get("/api/v2/ping").await.status, 200);
    let elsewhere = actor.http.post(format!("{}/api/v2/pins", actor.emulator.plex_tv_url()));
    assert_eq!(send(elsewhere.header("X-Plex-Client-Identifier", "x")).await.status, 201);
}

#[tokio::test]
async fn a_preflight_reflects_origin_and_headers_unless_switched_off() {
    let actor = Actor::new().await;
    let preflight = || {
        actor
            .bare(Method::OPTIONS, "/api/v2/pins?strong=true")
            .header("Origin", "https://auth.example.com")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "x-plex-client-identifier,x-plex-product")
    };
    let answer = send(preflight()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://auth.example.com"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST, PUT, DELETE"));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("x-plex-client-identifier,x-plex-product")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
    let create = || actor.v2(Method::POST, "/api/v2/pins").header("Origin", "https://auth.example.com");
    assert_eq!(send(create()).await.header("access-control-allow-origin"), Some("https://auth.example.com"));
    actor.emulator.world().set_switches(|switches| switches.cors = false);
    assert_eq!(send(preflight()).await.header("access-control-allow-origin"), None);
    assert_eq!(send(create()).await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_pin_can_be_made_from_elsewhere() {
    let actor = Actor::new().await;
    let address: IpAddr = "203.0.113.9".parse().expect("an address");
    actor
        .emulator
        .world()
        .set_fault(Fault::new(FaultKind::AddressMismatch { address: Some(address) }).times(1));
    actor.make_pin().await;
    actor.make_pin().await;
    let creators: Vec<IpAddr> = actor.emulator.world().pins().iter().map(|pin| pin.creator).collect();
    assert_eq!(creators, [address, IpAddr::from([127, 0, 0, 1])]);
}

#[tokio::test]
async fn any_answer_can_take_the_place_of_the_right_one() {
    let actor = Actor::new().await;
    let any =
        FaultKind::Answer { status: 503, media_type: "text/plain".to_owned(), body: "later".to_owned() };
    actor.emulator.world().set_fault(Fault::new(any).times(1));
    let answer = actor.get("/api/v2/ping").await;
    assert_eq!(
        (answer.status, answer.header("content-type"), &*answer.body),
        (503, Some("text/plain"), "later")
    );
    assert_eq!(actor.get("/api/v2/ping").await.status, 200);
}

#[tokio::test]
async fn a_body_can_drip_or_never_end() {
    let actor = Actor::new().await;
    let whole = actor.get("/api/v2/ping").await.body;
    actor.emulator.world().set_fault(Fault::new(FaultKind::Drip { millis: 2 }).times(1));
    let before = Instant::now();
    assert_eq!(actor.get("/api/v2/ping").await.body, whole);
    assert!(before.elapsed() >= Duration::from_millis(2 * (whole.len() as u64 - 1)));
    actor.emulator.world().set_fault(Fault::new(FaultKind::Endless));
    let mut endless = actor.v2(Method::GET, "/api/v2/ping").send().await.expect("an answer");
    let mut read = 0;
    while read < 5 << 20 {
        read += endless.chunk().await.expect("more").expect("no end").len();
    }
}

#[tokio::test]
async fn one_of_the_crowd_is_a_person_like_any_other() {
    let actor = Actor::new().await;
    let world = actor.emulator.world();
    assert_eq!(actor.get_as("crowd-2", "/api/v2/resources").await.json().as_array().map(Vec::len), Some(0));
    world.share_with_crowd(2);
    let user = actor.get_as("crowd-2", "/api/v2/user").await.json();
    assert_eq!((text(&user["username"]), user["id"].as_u64()), ("crowd-2", Some(CROWD_ID + 1)));
    let seen = actor.get_as("crowd-2", "/api/v2/resources").await.json();
    assert_eq!(seen[0]["clientIdentifier"], MAIN_SERVER);
    world.unshare("crowd-2").expect("somebody");
    assert_eq!(actor.get_as("crowd-2", "/api/v2/resources").await.json().as_array().map(Vec::len), Some(0));
    assert_eq!(actor.get_as("crowd-1", "/api/v2/resources").await.json().as_array().map(Vec::len), Some(1));
    for nobody in ["crowd-0", "crowd-10001", "crowd-", "crowd"] {
        assert!(world.unshare(nobody).is_err(), "{nobody}");
    }
}
