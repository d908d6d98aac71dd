//! Tests of [`super`] with a certs address on loopback that counts and misbehaves.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use axum::Router;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::SigningKey;
use plextv::{PlexTv, Timeouts};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

const ISSUER: &str = "https://lab.cloudflareaccess.com";

/// A clock that only moves by hand, so that a slow machine is not later than a quick one.
struct StillClock {
    start: Instant,
    ahead: AtomicU32,
}

impl StillClock {
    fn advance(&self, span: Seconds) {
        self.ahead.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000).plus(Seconds(self.ahead.load(Ordering::SeqCst)))
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_secs(self.ahead.load(Ordering::SeqCst).into())
    }
}

/// What the address answers next.
#[derive(Clone)]
enum Answer {
    Body(String),
    Status(u16),
    Redirect,
    Html,
    Huge,
    Never,
}

struct Team {
    answer: Mutex<Answer>,
    /// A sound key set that is not to be taken: it comes with an error, or from where a redirect leads.
    others: String,
    fetches: AtomicUsize,
}

impl Team {
    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn publishes(&self, keys: &[&SigningKey]) {
        self.answers(Answer::Body(key_set(keys)));
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    async fn respond(&self) -> Response {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        match answer {
            Answer::Body(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
            Answer::Status(status) => {
                (StatusCode::from_u16(status).unwrap(), self.others.clone()).into_response()
            }
            Answer::Redirect => (StatusCode::FOUND, [(LOCATION, "/elsewhere")]).into_response(),
            Answer::Html => {
                ([(CONTENT_TYPE, "text/html")], "<!doctype html><p>Checking your browser").into_response()
            }
            Answer::Huge => format!(r#"{{"keys":[],"pad":"{}"}}"#, "x".repeat(MAX_BODY)).into_response(),
            Answer::Never => std::future::pending().await,
        }
    }
}

struct Lab {
    team: Arc<Team>,
    keys: Arc<AccessKeys>,
    clock: Arc<StillClock>,
}

impl Lab {
    async fn new() -> Self {
        let others = key_set(&[&key()]);
        let answer = Mutex::new(Answer::Status(503));
        let team = Arc::new(Team { answer, others: others.clone(), fetches: AtomicUsize::new(0) });
        let at_certs = Arc::clone(&team);
        let router = Router::new()
            .route("/cdn-cgi/access/certs", get(move || async move { at_certs.respond().await }))
            .route("/elsewhere", get(move || async move { others }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cdn-cgi/access/certs", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        let timeouts = Timeouts { connect: Duration::from_secs(2), total: Duration::from_secs(2) };
        let http = PlexTv::http_client_within(None, timeouts).unwrap();
        let clock = Arc::new(StillClock { start: Instant::now(), ahead: AtomicU32::new(0) });
        let keys = AccessKeys::new(http, url.parse().unwrap(), Arc::<StillClock>::clone(&clock));
        Self { team, keys, clock }
    }

    async fn ask(&self, token: &str) -> Result<(), Refusal> {
        let application = AccessApplication { issuer: ISSUER.to_owned(), audiences: vec!["tag".to_owned()] };
        self.keys.verify(token, &application).await.map(|_| ())
    }

    /// A token that is good as long as the clock is not turned by more than a week.
    fn token(&self, key: &SigningKey) -> String {
        let claims = json!({
            "iss": ISSUER, "aud": ["tag"], "type": "app", "exp": self.clock.now().0 + 7 * 86_400,
            "sub": "7335d417", "email": "pat@example.com",
        });
        key.sign("JWT", &claims).unwrap()
    }
}

fn key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Rs256).unwrap().0
}

fn key_set(keys: &[&SigningKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({"keys": keys, "public_certs": []}).to_string()
}

fn unknown_key() -> Result<(), Refusal> {
    Err(Refusal::Assertion(AccessError::Jwt(plex_oidc_core::jose::JwtError::UnknownKey)))
}

/// A well-formed token of a key that nobody has.
fn stranger(kid: usize) -> String {
    use base64::Engine as _;
    let encoded = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.AAAA", encoded(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#)), encoded("{}"))
}

#[tokio::test]
async fn req_157_ten_thousand_unknown_names_are_one_fetch_a_minute() {
    let lab = Lab::new().await;
    let ours = key();
    lab.team.publishes(&[&ours]);
    let good = lab.token(&ours);
    for minute in 1..=3 {
        for kid in 0..3_334 {
            assert_eq!(lab.ask(&stranger(kid)).await, unknown_key());
        }
        assert_eq!(lab.ask(&good).await, Ok(()), "nobody else notices");
        assert_eq!(lab.team.fetches(), minute);
        lab.clock.advance(Seconds(58));
        assert_eq!(lab.ask(&stranger(0)).await, unknown_key());
        assert_eq!(lab.team.fetches(), minute, "58 s are no minute");
        lab.clock.advance(Seconds(2));
    }
}

#[tokio::test]
async fn req_157_many_at_once_share_one_fetch() {
    let lab = Lab::new().await;
    let ours = key();
    lab.team.publishes(&[&ours]);
    let good = lab.token(&ours);
    let all = futures_util::future::join_all((0..200).map(|_| lab.ask(&good))).await;
    assert!(all.iter().all(Result::is_ok), "each waits for the one fetch");
    assert_eq!(lab.team.fetches(), 1);
}

#[tokio::test]
async fn req_157_a_fetch_that_fails_starts_the_minute_too() {
    let lab = Lab::new().await;
    for _ in 0..50 {
        assert_eq!(lab.ask(&stranger(1)).await, Err(Refusal::NoKeys));
    }
    assert_eq!((lab.team.fetches(), lab.keys.is_ready()), (1, false));
    let ours = key();
    lab.team.publishes(&[&ours]);
    assert_eq!(lab.ask(&lab.token(&ours)).await, Err(Refusal::NoKeys), "still within the minute");
    lab.clock.advance(Seconds(61));
    assert_eq!(lab.ask(&lab.token(&ours)).await, Ok(()));
    assert_eq!((lab.team.fetches(), lab.keys.is_ready()), (2, true));
}

#[tokio::test]
async fn a_new_key_is_fetched_and_the_old_one_serves_while_it_is_listed() {
    let lab = Lab::new().await;
    let (old, new) = (key(), key());
    lab.team.publishes(&[&old]);
    let (of_old, of_new) = (lab.token(&old), lab.token(&new));
    assert_eq!((lab.ask(&of_old).await, lab.ask(&of_new).await), (Ok(()), unknown_key()));
    lab.team.publishes(&[&new, &old]);
    lab.clock.advance(Seconds(61));
    assert_eq!((lab.ask(&of_new).await, lab.ask(&of_old).await), (Ok(()), Ok(())));
    lab.team.publishes(&[&new]);
    lab.clock.advance(Seconds::hours(2));
    lab.keys.refresh_if_due().await;
    assert_eq!((lab.ask(&of_new).await, lab.ask(&of_old).await), (Ok(()), unknown_key()));
    assert_eq!(lab.team.fetches(), 3);
}

#[tokio::test]
async fn req_174_nothing_but_a_key_set_replaces_the_keys_and_they_are_believed_for_a_day() {
    let lab = Lab::new().await;
    let ours = key();
    lab.team.publishes(&[&ours]);
    let good = lab.token(&ours);
    assert_eq!(lab.ask(&good).await, Ok(()));
    let ill = [
        Answer::Status(500),
        Answer::Status(201),
        Answer::Status(404),
        Answer::Html,
        Answer::Huge,
        Answer::Redirect,
        Answer::Never,
        Answer::Body(r#"{"keys":[]}"#.to_owned()),
        Answer::Body(r#"{"keys":[{"kty":"RSA"}]}"#.to_owned()),
        Answer::Body("{\"keys\":[".to_owned()),
        Answer::Body(String::new()),
    ];
    let rounds = ill.len();
    for answer in ill {
        lab.team.answers(answer);
        lab.clock.advance(Seconds::hours(2));
        lab.keys.refresh_if_due().await;
        assert_eq!(lab.ask(&good).await, Ok(()), "the old keys serve");
    }
    assert_eq!(lab.team.fetches(), 1 + rounds, "no redirect was followed");
    lab.clock.advance(Seconds::hours(24 - 2 * u32::try_from(rounds).unwrap()));
    lab.team.answers(Answer::Status(503));
    assert_eq!(lab.ask(&good).await, Err(Refusal::NoKeys), "a day is over");
    assert!(!lab.keys.is_ready());
    lab.team.publishes(&[&ours]);
    lab.clock.advance(Seconds(61));
    assert_eq!(lab.ask(&good).await, Ok(()));
}

#[tokio::test]
async fn the_background_fetches_once_an_hour_and_each_minute_while_there_is_nothing() {
    let lab = Lab::new().await;
    for (passed, fetches) in [(0, 1), (58, 1), (2, 2), (60, 3)] {
        lab.clock.advance(Seconds(passed));
        lab.keys.refresh_if_due().await;
        assert_eq!(lab.team.fetches(), fetches);
    }
    let ours = key();
    lab.team.publishes(&[&ours]);
    for (passed, fetches) in [(61, 4), (61, 4), (3500, 4), (40, 5), (60, 5)] {
        lab.clock.advance(Seconds(passed));
        lab.keys.refresh_if_due().await;
        assert_eq!((lab.team.fetches(), lab.keys.is_ready()), (fetches, true), "{passed} s later");
    }
}

#[tokio::test]
async fn a_visitor_who_goes_away_takes_no_fetch_along() {
    let lab = Lab::new().await;
    let ours = key();
    lab.team.publishes(&[&ours]);
    let good = lab.token(&ours);
    // Looked at once, so that the fetch begins, and dropped.
    tokio::select! {
        biased;
        early = lab.ask(&good) => panic!("{early:?}"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(lab.ask(&good).await, Ok(()));
    assert_eq!(lab.team.fetches(), 1);
}

#[tokio::test]
async fn a_bad_token_of_a_known_key_fetches_nothing() {
    let lab = Lab::new().await;
    let ours = key();
    lab.team.publishes(&[&ours]);
    lab.keys.refresh_if_due().await;
    lab.clock.advance(Seconds(61));
    let good = lab.token(&ours);
    let (input, _) = good.rsplit_once('.').unwrap();
    for bad in ["", "a.b", "a.b.c", &format!("{input}.AAAA"), &format!("{good}.x"), &"x".repeat(1 << 20)] {
        assert!(matches!(lab.ask(bad).await, Err(Refusal::Assertion(_))));
    }
    assert_eq!(lab.team.fetches(), 1);
}

#[tokio::test]
async fn the_background_ends_when_the_program_stops() {
    let lab = Lab::new().await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&lab.keys).run(stopping));
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
}
