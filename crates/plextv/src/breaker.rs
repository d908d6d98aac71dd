//! Owns the decision not to ask at all: after several failures in a row plex.tv is left alone for a while, then asked by
//! one call. Pure: the caller has the clock and reports what came of each call.

use std::time::{Duration, Instant};

use crate::Error;

/// When to stop asking, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// This many failures in a row open the breaker.
    pub failures: u32,
    /// How long it stays open the first time; every failed trial doubles it.
    pub pause: Duration,
    /// The longest it stays open.
    pub longest_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(5), longest_pause: Duration::from_secs(120) }
    }
}

/// May a call be made?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Yes; report how it went.
    Go,
    /// Not for this long.
    Wait(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
        pause: Duration,
    },
    /// One call is on its way to find out. If nobody reports on it in time, another may.
    Trial {
        until: Instant,
        pause: Duration,
    },
}

/// The breaker itself. Keep one for plex.tv, behind a lock that is not held while calling.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: Settings,
    state: State,
}

impl Breaker {
    /// A breaker that lets calls through.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    /// Whether calls are being held back.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// Asks for leave to make a call at `now`.
    pub fn permit(&mut self, now: Instant) -> Permit {
        match self.state {
            State::Closed { .. } => Permit::Go,
            State::Open { until, pause } | State::Trial { until, pause } if until <= now => {
                self.state = State::Trial { until: later(now, pause), pause };
                Permit::Go
            }
            State::Open { until, .. } | State::Trial { until, .. } => Permit::Wait(until - now),
        }
    }

    /// Takes note of how a call went. Any answer of Plex's own, be it a refusal, shows that Plex is there.
    pub fn record<T>(&mut self, now: Instant, outcome: &Result<T, Error>) {
        match outcome {
            Err(error @ (Error::Unavailable { .. } | Error::RateLimited { .. })) => {
                self.failed(now, error.retry_after());
            }
            Ok(_) | Err(Error::Unauthorized | Error::PinGone | Error::Unexpected { .. } | Error::Gone) => {
                self.state = State::Closed { failures: 0 };
            }
        }
    }

    fn failed(&mut self, now: Instant, asked: Option<Duration>) {
        let Settings { failures: limit, pause: first, longest_pause: longest } = self.settings;
        let pause = match self.state {
            State::Closed { failures } if failures.saturating_add(1) < limit => {
                self.state = State::Closed { failures: failures.saturating_add(1) };
                return;
            }
            State::Closed { .. } => first,
            State::Trial { pause, .. } => pause.saturating_mul(2).min(longest),
            // A call that left before the breaker opened; it tells nothing new.
            State::Open { .. } => return,
        };
        let wait = pause.max(asked.unwrap_or_default().min(longest));
        self.state = State::Open { until: later(now, wait), pause };
    }
}

/// `span` after `now`; at once where the clock cannot count that far.
fn later(now: Instant, span: Duration) -> Instant {
    now.checked_add(span).unwrap_or(now)
}
