//! The host is told, at an address of the host's own, that people cannot be looked after, and when that is over.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use plex_oidc::flow::{alarm, recheck};
use plex_oidc::notices::Notice;
use plex_oidc_core::time::Seconds;
use plextv_emulator::{Fault, FaultKind};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::support::{House, ISSUER, Setup};

const SECRET: &str = "a-secret-that-both-sides-know-0123456789";

/// The host's own server.
struct Hook {
    address: String,
    posted: mpsc::UnboundedReceiver<(HeaderMap, String)>,
}

type Taking = (mpsc::UnboundedSender<(HeaderMap, String)>, StatusCode);

impl Hook {
    async fn answering(status: StatusCode) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook?for=plex", listener.local_addr().unwrap());
        let (sender, posted) = mpsc::unbounded_channel();
        let router = Router::new().fallback(take).with_state((sender, status));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, posted }
    }

    fn setup(&self) -> Setup {
        let lines = format!("webhook_url = \"{}\"\nwebhook_secret_file = \"webhook.secret\"", self.address);
        Setup::default().with_owner_token().set("admin", &lines).file("webhook.secret", SECRET)
    }

    fn so_far(&mut self) -> Vec<(HeaderMap, String)> {
        std::iter::from_fn(|| self.posted.try_recv().ok()).collect()
    }
}

async fn take(State((sender, status)): State<Taking>, headers: HeaderMap, body: Bytes) -> StatusCode {
    sender.send((headers, String::from_utf8(body.to_vec()).unwrap())).unwrap();
    status
}

/// Delivers what waits, each once, and says what it was.
async fn deliver(house: &House) -> Vec<Notice> {
    let waiting: Vec<_> = std::iter::from_fn(|| house.app().notices.take()).collect();
    for notice in &waiting {
        alarm::deliver(house.app(), notice).await.unwrap();
    }
    waiting
}

async fn round(house: &House, after: Seconds) -> Vec<String> {
    house.pass(after);
    recheck::round(house.app()).await;
    let told = deliver(house).await;
    told.iter().map(|notice| format!("{} {:?}", notice.event, notice.state)).collect()
}

#[tokio::test]
async fn a_dead_owners_token_is_told_once_signed_and_its_end_too() {
    let mut hook = Hook::answering(StatusCode::NO_CONTENT).await;
    let house = hook.setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    assert_eq!(round(&house, Seconds(300)).await, [""; 0]);
    house.plex.world().revoke_tokens("owner").unwrap();
    let began = house.now();
    assert_eq!(round(&house, Seconds(300)).await, ["owner_token_refused Raised"]);
    assert_eq!(round(&house, Seconds(300)).await, [""; 0], "once");

    let posted = hook.so_far();
    let [(headers, body)] = posted.as_slice() else { panic!("{posted:?}") };
    assert_eq!(headers["content-type"], "application/json");
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, body.as_bytes());
    let expected = tag.as_ref().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    assert_eq!(headers["x-plex-oidc-signature"], format!("sha256={expected}"));
    let sent: Value = serde_json::from_str(body).unwrap();
    let names: Vec<_> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["at", "event", "issuer", "message", "since", "state"]);
    assert_eq!((&sent["issuer"], &sent["state"]), (&Value::from(ISSUER), &Value::from("raised")));
    assert_eq!((sent["since"].as_i64(), sent["at"].as_i64()), (Some(began.0 + 300), Some(began.0 + 300)));
    for word in ["Mara", "mara", "plex-48151001", SECRET] {
        assert!(!body.contains(word), "{word} in {body}");
    }
}

#[tokio::test]
async fn an_outage_is_told_after_half_an_hour_and_again_when_the_grace_is_nearly_over() {
    let hook = Hook::answering(StatusCode::OK).await;
    let house = hook.setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    round(&house, Seconds(300)).await;
    house.plex.fails(FaultKind::ServerError);
    let mut told = Vec::new();
    for minute in (0..24 * 60).step_by(10) {
        let now = round(&house, Seconds::minutes(10)).await;
        told.extend(now.into_iter().map(|what| (minute, what)));
    }
    let told: Vec<_> = told.iter().map(|(minute, what)| (*minute, what.as_str())).collect();
    assert_eq!(told, [(30, "plex_unanswered Raised"), (1070, "grace_nearly_over Raised")]);
    house.plex.recovers();
    let over = round(&house, Seconds::minutes(10)).await;
    assert_eq!(over, ["plex_unanswered Resolved", "grace_nearly_over Resolved"]);
}

/// The rounds between those in doubt are not made: Plex asks for rests.
#[tokio::test]
async fn somebody_in_doubt_for_half_an_hour_is_told_as_an_outage_is() {
    let hook = Hook::answering(StatusCode::OK).await;
    let house = hook.setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    round(&house, Seconds(300)).await;
    house.plex.world().unshare("friend").unwrap();
    let refusal = FaultKind::RateLimited { retry_after: Some(900) };
    house.plex.world().set_fault(Fault::new(refusal).on_path("/api/servers"));
    let mut told = Vec::new();
    for minute in (0..90).step_by(10) {
        let now = round(&house, Seconds::minutes(10)).await;
        told.extend(now.into_iter().map(|what| (minute, what)));
    }
    assert_eq!(told, [(30, "plex_unanswered Raised".to_owned())]);
    house.plex.recovers();
    house.pass(Seconds::minutes(15));
    assert_eq!(round(&house, Seconds(1)).await, ["plex_unanswered Resolved"]);
    assert_eq!(round(&house, Seconds::minutes(40)).await, [""; 0]);
}

#[tokio::test]
async fn an_outage_does_not_end_the_alarm_of_a_dead_token_and_counts_from_its_own_beginning() {
    let hook = Hook::answering(StatusCode::OK).await;
    let house = hook.setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house.plex.world().revoke_tokens("owner").unwrap();
    assert_eq!(round(&house, Seconds::minutes(10)).await, ["owner_token_refused Raised"]);
    for _ in 0..5 {
        assert_eq!(round(&house, Seconds::minutes(10)).await, [""; 0]);
    }
    // An hour of one trouble is no half hour of another.
    house.plex.fails(FaultKind::ServerError);
    assert_eq!(round(&house, Seconds::minutes(10)).await, [""; 0]);
    let mut told = Vec::new();
    for _ in 0..4 {
        told.extend(round(&house, Seconds::minutes(10)).await);
    }
    assert_eq!(told, ["plex_unanswered Raised"]);
}

#[tokio::test]
async fn without_an_address_nothing_waits_to_be_told() {
    let house = Setup::default().with_owner_token().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house.plex.world().revoke_tokens("owner").unwrap();
    recheck::round(house.app()).await;
    alarm::tell_host(house.app(), "access_requested", "somebody asks".to_owned(), None);
    assert!(house.app().notices.take().is_none());
}

#[tokio::test]
async fn anybody_may_have_the_host_told_of_something() {
    let mut hook = Hook::answering(StatusCode::OK).await;
    let house = hook.setup().start().await;
    alarm::tell_host(house.app(), "access_requested", "somebody asks for access".to_owned(), None);
    deliver(&house).await;
    let (_, body) = hook.so_far().remove(0);
    let sent: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&sent["event"], &sent["state"]),
        (&Value::from("access_requested"), &Value::from("happened"))
    );
}

#[tokio::test]
async fn req_160_an_address_that_is_not_called_is_not_called_for_this_either() {
    let mut hook = Hook::answering(StatusCode::OK).await;
    let house = hook.setup().set("outbound", "private_addresses = []").start().await;
    alarm::tell_host(house.app(), "access_requested", "somebody asks".to_owned(), None);
    let notice = house.app().notices.take().unwrap();
    let error = alarm::deliver(house.app(), &notice).await.unwrap_err();
    assert!(error.to_string().contains("does not call"), "{error}");
    assert!(hook.so_far().is_empty());
}

#[tokio::test]
async fn a_refusal_is_said_and_the_address_is_not() {
    let hook = Hook::answering(StatusCode::INTERNAL_SERVER_ERROR).await;
    let house = hook.setup().start().await;
    alarm::tell_host(house.app(), "access_requested", "somebody asks".to_owned(), None);
    let notice = house.app().notices.take().unwrap();
    let error = alarm::deliver(house.app(), &notice).await.unwrap_err();
    assert_eq!(error.to_string(), "it answered with status 500");
}
