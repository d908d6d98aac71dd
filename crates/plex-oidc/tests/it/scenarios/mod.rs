//! Invariants and faults as scenarios (security requirements, part 4): somebody is inside, somebody new comes, something goes wrong, and time
//! passes. Each scenario names the invariant or the fault that it plays, as in `f_02_…`, and says what the outside sees, that nobody is
//! signed out by it, how soon all is well again, and what the log says. `docs/reference/scenarios.md` lists them.

mod every_kind;
mod once;
mod outages;
mod people;
mod reloads;
mod table;

use std::time::{Duration, Instant};

use plex_oidc::flow::recheck;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use crate::support::{Answer, Browser, House, Inside, LOUNGE, Log, Setup, by_own_tokens, round, with_lounge};

/// How long the page of an outage may take to come, once plex.tv is being left alone.
const AT_ONCE: Duration = Duration::from_millis(300);

/// And before.
const PATIENCE: Duration = Duration::from_millis(10_500);

/// How soon after the end of a fault plex.tv is asked again: the pause of half a minute, and a fifth more.
const PAUSE: Seconds = Seconds(36);

/// A house that asks Plex with the owner's token who is a member.
fn setup() -> Setup {
    with_lounge().with_owner_token()
}

/// Somebody who is not signed in comes to the sign-in page and presses the button, without script: what they see, and how long it took.
async fn newcomer(house: &House) -> (Browser, Answer, Duration) {
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let began = Instant::now();
    let answer = browser.post(&page, "/start", &[]).await;
    (browser, answer, began.elapsed())
}

/// A page that says what is going on, lets nobody in, and can be tried again.
#[track_caller]
fn says_that_plex_is_down(page: &Answer, why: &str) {
    assert_eq!(
        (page.status, page.heading().as_str()),
        (503, "Plex isn’t answering"),
        "{why}: {}",
        page.text()
    );
    assert!(page.stays() && page.set_cookies().is_empty(), "{why}: {:?}", page.headers);
    page.form("/again");
}

/// Somebody who saw that page tries again, now that Plex answers.
async fn comes_in(house: &House, mut browser: Browser, page: &Answer, why: &str) {
    let next = browser.submit(page, "/again").await;
    assert_eq!(next.status, 200, "{why}: {}", next.text());
    browser.post(&next, "/start", &[]).await.expect(200);
    house.plex.approve(&house.plex.newest_pin(), "friend-all");
    let landing = browser.come_back(&next).await.leaves();
    assert!(landing.get("code").is_some(), "{why}: {}", landing.url);
}
