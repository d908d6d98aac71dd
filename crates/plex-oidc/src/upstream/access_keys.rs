//! The keys of one Cloudflare Access team: fetched in the background, and sooner when a token names a key that is new.
//!
//! A good key set stays until a better one comes: nothing that the address answers instead of one replaces it, and for a
//! day nobody notices that it does not answer. There is at most one fetch a minute and one at a time, whoever asks and
//! however it ends (security requirements 157 and 174). Nothing is locked while the network is waited for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plex_oidc_core::access_jwt::{
    AccessApplication, AccessAssertion, AccessError, KeySetError, parse_certs, verify,
};
use plex_oidc_core::jose::VerifyingKey;
use plex_oidc_core::time::{Seconds, Timestamp};
use reqwest::{Client, StatusCode};
use thiserror::Error;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, info, warn};
use url::Url;

use crate::clock::Clock;

/// A key set of this age is due for another.
const REFRESH_AFTER: Seconds = Seconds::hours(1);
/// A key set of this age is not believed any more.
const BELIEVED_FOR: Seconds = Seconds::hours(24);
/// From the start of one fetch to that of the next.
const COOLDOWN: Duration = Duration::from_mins(1);
/// How often it is said again that they cannot be fetched.
const REMIND: Duration = Duration::from_hours(1);
/// How often it is looked whether a fetch is due.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Longest fetch, whatever the HTTP client allows.
const LONGEST: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Most requests that wait for a fetch at a time. Whoever comes beyond is answered from the keys that are there.
const MAX_WAITING: usize = 256;

/// Why an assertion was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is not a good one.
    #[error(transparent)]
    Assertion(#[from] AccessError),
    /// There are no keys to tell by: none came yet, or they are too old. Nobody passes (503).
    #[error("the team's keys could not be fetched")]
    NoKeys,
}

/// Why a fetch brought no keys.
#[derive(Debug, Error)]
enum FetchError {
    #[error("it did not answer")]
    Http(#[from] reqwest::Error),
    #[error("it took longer than {} s", LONGEST.as_secs())]
    TooSlow,
    #[error("it answered with status {0}")]
    Status(StatusCode),
    #[error("it answered with more than {MAX_BODY} bytes")]
    TooLarge,
    #[error(transparent)]
    Keys(#[from] KeySetError),
}

/// The keys of one team.
pub struct AccessKeys {
    http: Client,
    certs_url: Url,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    waiting: Semaphore,
}

#[derive(Default)]
struct State {
    good: Option<Good>,
    last_fetch: Option<Instant>,
    /// When it was last said that they cannot be fetched.
    said: Option<Instant>,
    /// Closes when the fetch under way ends.
    under_way: Option<watch::Receiver<()>>,
}

#[derive(Clone)]
struct Good {
    keys: Arc<[VerifyingKey]>,
    fetched: Timestamp,
}

impl AccessKeys {
    /// No keys yet. `http` is to follow no redirects and to connect within 5 s, as [`plextv::PlexTv::http_client`] does.
    pub fn new(http: Client, certs_url: Url, clock: Arc<dyn Clock>) -> Arc<Self> {
        let waiting = Semaphore::new(MAX_WAITING);
        Arc::new(Self { http, certs_url, clock, state: Mutex::default(), waiting })
    }

    /// Checks an assertion. One that names a key which is not there is looked at again after a fetch, if one is allowed
    /// now or under way.
    pub async fn verify(
        self: &Arc<Self>,
        text: &str,
        application: &AccessApplication,
    ) -> Result<AccessAssertion, Refusal> {
        let before = self.believed();
        let checked = self.check(text, before.as_deref(), application);
        let newer_might_help = match &checked {
            Err(Refusal::NoKeys) => true,
            Err(Refusal::Assertion(error)) => error.is_unknown_key(),
            Ok(_) => false,
        };
        if !newer_might_help {
            return checked;
        }
        self.wait_for_fetch().await;
        // Another request's fetch may have brought them since `before`, so it is the keys that tell.
        match self.believed() {
            Some(after) if !before.is_some_and(|before| Arc::ptr_eq(&before, &after)) => {
                self.check(text, Some(&after), application)
            }
            _ => checked,
        }
    }

    /// Whether there are keys to check with.
    pub fn is_ready(&self) -> bool {
        self.believed().is_some()
    }

    /// Keeps the keys fresh until `stopping` turns true.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        loop {
            self.refresh_if_due().await;
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Fetches if the keys are an hour old, or if there are none, and the last fetch is a minute ago.
    pub async fn refresh_if_due(self: &Arc<Self>) {
        let fetched = self.with_state(|state| state.good.as_ref().map(|good| good.fetched));
        if fetched.is_none_or(|fetched| fetched.plus(REFRESH_AFTER).has_passed(self.clock.now())) {
            self.wait_for_fetch().await;
        }
    }

    fn check(
        &self,
        text: &str,
        keys: Option<&[VerifyingKey]>,
        application: &AccessApplication,
    ) -> Result<AccessAssertion, Refusal> {
        Ok(verify(text, keys.ok_or(Refusal::NoKeys)?, application, self.clock.now())?)
    }

    /// The last good keys, while they are believed.
    fn believed(&self) -> Option<Arc<[VerifyingKey]>> {
        let good = self.with_state(|state| state.good.clone())?;
        (!good.fetched.plus(BELIEVED_FOR).has_passed(self.clock.now())).then_some(good.keys)
    }

    /// Waits for the end of the fetch under way, or of a new one. Not at all, if it is too early for another.
    async fn wait_for_fetch(self: &Arc<Self>) {
        let Ok(_place) = self.waiting.try_acquire() else { return };
        let Some(mut under_way) = self.fetch_under_way() else { return };
        // Nothing is ever sent: the fetch ends by letting go of the other side, even if it panics.
        let _ended = under_way.changed().await;
    }

    /// The fetch under way; a new one if there is none and it is time. It is a task of its own: a visitor who goes away
    /// does not end it.
    fn fetch_under_way(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        let now = self.clock.instant();
        let (ended, receiver) = self.with_state(|state| {
            if let Some(under_way) =
                state.under_way.as_ref().filter(|receiver| receiver.has_changed().is_ok())
            {
                return Some((None, under_way.clone()));
            }
            if state.last_fetch.is_some_and(|last| now.saturating_duration_since(last) < COOLDOWN) {
                return None;
            }
            let (ended, receiver) = watch::channel(());
            state.last_fetch = Some(now);
            state.under_way = Some(receiver.clone());
            Some((Some(ended), receiver))
        })?;
        if let Some(ended) = ended {
            let keys = Arc::clone(self);
            tokio::spawn(async move {
                keys.fetch().await;
                drop(ended);
            });
        }
        Some(receiver)
    }

    async fn fetch(&self) {
        let answer = tokio::time::timeout(LONGEST, self.download()).await;
        match answer.unwrap_or(Err(FetchError::TooSlow)) {
            Ok(keys) => {
                let names: Vec<_> = keys.iter().filter_map(VerifyingKey::kid).collect();
                info!(team = %self.certs_url, ?names, "the team's keys were fetched");
                let good = Good { keys: keys.into(), fetched: self.clock.now() };
                self.with_state(|state| (state.good, state.said) = (Some(good), None));
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let ready = self.is_ready();
                if self.is_worth_saying() {
                    warn!(team = %self.certs_url, %error, cause, ready, "the team's keys could not be fetched");
                } else {
                    debug!(team = %self.certs_url, %error, cause, ready, "the team's keys could not be fetched");
                }
            }
        }
    }

    /// Whether a failure is the first since the last good fetch, or was last said long ago. It may come each minute.
    fn is_worth_saying(&self) -> bool {
        let now = self.clock.instant();
        self.with_state(|state| {
            let is_new = state.said.is_none_or(|said| now.saturating_duration_since(said) >= REMIND);
            if is_new {
                state.said = Some(now);
            }
            is_new
        })
    }

    async fn download(&self) -> Result<Vec<VerifyingKey>, FetchError> {
        let mut response = self.http.get(self.certs_url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if chunk.len() > MAX_BODY.saturating_sub(body.len()) {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(parse_certs(&body)?)
    }

    fn with_state<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
#[path = "access_keys_tests.rs"]
mod tests;
