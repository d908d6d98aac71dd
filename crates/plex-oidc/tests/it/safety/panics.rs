//! A panic in a handler.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use plex_oidc::clock::{Clock, SystemClock};
use plex_oidc::config::LogFormat;
use plex_oidc::telemetry;
use plex_oidc_core::time::Timestamp;

use super::run_alone;
use crate::support::House;

const WAKE: &str = "PLEX_OIDC_TEST_PANIC_LOG";
const IN_THE_TEXT: &str = "poc_this-could-be-a-secret";

/// A clock that can break.
#[derive(Default)]
struct Fragile {
    broken: AtomicBool,
}

impl Clock for Fragile {
    fn now(&self) -> Timestamp {
        assert!(!self.broken.load(Ordering::SeqCst), "{IN_THE_TEXT}");
        SystemClock.now()
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }
}

/// Run by the test below only: the log and the panic hook are of the whole process.
#[tokio::test]
async fn a_panicking_handler() {
    let Some(path) = std::env::var_os(WAKE) else { return };
    let log = std::fs::File::create(PathBuf::from(path)).unwrap();
    telemetry::init(tracing::Level::TRACE, LogFormat::Text, log);
    let mut house = House::new().await;
    let clock = Arc::new(Fragile::default());
    house.restart_on(Arc::<Fragile>::clone(&clock)).await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;

    clock.broken.store(true, Ordering::SeqCst);
    let mut answers = vec![photos.userinfo(&tokens.access_token()).await];
    answers.push(photos.refresh(&tokens.refresh_token()).await);
    answers.push(house.browser().get(&photos.authorization().url()).await);
    answers.push(browser.get("/sign-out").await);
    for answer in answers {
        let answer = answer.expect(500);
        assert_eq!(answer.body, "Something broke on our side.\n");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-security-policy").is_some());
        assert!(answer.set_cookies().is_empty());
    }
    house.door.get("/healthz").await.expect(200);

    clock.broken.store(false, Ordering::SeqCst);
    photos.userinfo(&tokens.access_token()).await.expect(200);
    photos.refresh(&tokens.refresh_token()).await.expect(200);
    house.sign_in("home", &photos).await;
    println!("survived");
}

#[test]
fn a_panic_in_a_handler_is_a_logged_500_and_the_process_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let output = run_alone("safety::panics::a_panicking_handler", WAKE, &path);
    let said = format!("{output:?}");
    assert!(output.status.success() && said.contains("survived"), "{said}");
    let log = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("a panic: this is a bug")).collect();
    assert_eq!(lines.len(), 4, "{log}");
    assert!(lines.iter().all(|line| line.contains("ERROR") && line.contains("panics.rs:")), "{lines:?}");
    assert!(
        !log.contains(IN_THE_TEXT) && !said.contains(IN_THE_TEXT),
        "the text of a panic may hold a secret"
    );
}
