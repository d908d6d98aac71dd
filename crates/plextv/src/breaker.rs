//! Owns the decision not to ask at all: once plex.tv keeps failing it is left alone for a while, then asked by one call.
//! Pure: the caller has the clock and the randomness, and reports what came of each call.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Error;
use crate::error::Oddity;

/// When to stop asking, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// This many failures in a row open the breaker.
    pub failures: u32,
    /// So does a half of this many calls in a row, if all were made within `window`.
    pub sample: usize,
    /// See `sample`.
    pub window: Duration,
    /// How long it stays open before one call may try.
    pub pause: Duration,
    /// The longest pause that Plex can ask for.
    pub longest_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failures: 5,
            sample: 20,
            window: Duration::from_secs(30),
            pause: Duration::from_secs(30),
            longest_pause: Duration::from_mins(5),
        }
    }
}

impl Settings {
    /// Lengthens the pause by up to a fifth, so that several instances do not return in step. `random` is any byte.
    #[must_use]
    pub fn jittered(self, random: u8) -> Self {
        Self { pause: self.pause + self.pause * u32::from(random) / (5 * 255), ..self }
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
    Closed,
    Open {
        until: Instant,
    },
    /// One call is on its way to find out. If nobody has reported on it by then, another may.
    Trial {
        until: Instant,
    },
}

/// What one call showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sighting {
    at: Instant,
    failed: bool,
}

/// The breaker itself. Keep one for plex.tv, behind a lock that is not held while calling.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: Settings,
    state: State,
    failures_in_row: u32,
    recent: VecDeque<Sighting>,
}

impl Breaker {
    /// A breaker that lets calls through.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, state: State::Closed, failures_in_row: 0, recent: VecDeque::new() }
    }

    /// Whether calls are being held back.
    pub const fn is_open(&self) -> bool {
        match self.state {
            State::Closed => false,
            State::Open { .. } | State::Trial { .. } => true,
        }
    }

    /// Asks for leave to make a call at `now`.
    pub fn permit(&mut self, now: Instant) -> Permit {
        match self.state {
            State::Closed => Permit::Go,
            State::Open { until } | State::Trial { until } if until <= now => {
                self.state = State::Trial { until: later(now, self.settings.pause) };
                Permit::Go
            }
            State::Open { until } | State::Trial { until } => Permit::Wait(until - now),
        }
    }

    /// Takes note of how a call went that was permitted.
    pub fn record<T>(&mut self, now: Instant, outcome: &Result<T, Error>) {
        match outcome {
            Err(error @ (Error::Unavailable { .. } | Error::RateLimited { .. })) => {
                self.failed(now, error.retry_after());
            }
            // A refusal in Plex's own words shows that Plex is there.
            Ok(_)
            | Err(
                Error::Unauthorized
                | Error::PinGone
                | Error::Gone
                | Error::Unexpected { oddity: Oddity::Code(_), .. },
            ) => self.answered(now),
            // Anybody may have said this, and about one person only: it neither opens nor closes.
            Err(Error::Unexpected { .. }) => {}
        }
    }

    fn answered(&mut self, now: Instant) {
        self.failures_in_row = 0;
        match self.state {
            State::Closed => self.remember(Sighting { at: now, failed: false }),
            State::Trial { .. } => {
                self.state = State::Closed;
                self.recent.clear();
            }
            // A call that left before the breaker opened; the trial decides.
            State::Open { .. } => {}
        }
    }

    fn failed(&mut self, now: Instant, asked: Option<Duration>) {
        let open = match self.state {
            State::Closed => {
                self.failures_in_row = self.failures_in_row.saturating_add(1);
                self.remember(Sighting { at: now, failed: true });
                self.failures_in_row >= self.settings.failures || self.half_failed(now)
            }
            State::Trial { .. } => true,
            State::Open { .. } => false,
        };
        if open {
            let asked = asked.unwrap_or_default().min(self.settings.longest_pause);
            self.state = State::Open { until: later(now, self.settings.pause.max(asked)) };
        }
    }

    fn remember(&mut self, sighting: Sighting) {
        self.recent.push_back(sighting);
        while self.recent.len() > self.settings.sample {
            self.recent.pop_front();
        }
    }

    fn half_failed(&self, now: Instant) -> bool {
        let fresh = |sighting: &Sighting| now.saturating_duration_since(sighting.at) <= self.settings.window;
        let failed = self.recent.iter().filter(|sighting| sighting.failed).count();
        self.recent.len() >= self.settings.sample
            && self.recent.iter().all(fresh)
            && failed * 2 >= self.recent.len()
    }
}

/// `span` after `now`; at once where the clock cannot count that far.
fn later(now: Instant, span: Duration) -> Instant {
    now.checked_add(span).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outage;

    const OUTAGE: Result<(), Error> = Err(Error::Unavailable { outage: Outage::TimedOut, retry_after: None });

    struct Clock(Instant);

    impl Clock {
        fn pass(&mut self, seconds: u64) -> Instant {
            self.0 += Duration::from_secs(seconds);
            self.0
        }
    }

    fn breaker() -> (Breaker, Clock) {
        (Breaker::new(Settings::default()), Clock(Instant::now()))
    }

    fn open() -> (Breaker, Clock) {
        let (mut breaker, clock) = breaker();
        for _ in 0..5 {
            assert_eq!(breaker.permit(clock.0), Permit::Go);
            breaker.record(clock.0, &OUTAGE);
        }
        assert!(breaker.is_open());
        (breaker, clock)
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_four_do_not() {
        let (mut breaker, clock) = breaker();
        for _ in 0..3 {
            for _ in 0..4 {
                breaker.record(clock.0, &OUTAGE);
            }
            assert!(!breaker.is_open());
            breaker.record(clock.0, &Ok(()));
        }
        open();
    }

    #[test]
    fn half_of_twenty_within_the_window_open_it() {
        let (mut alternating, mut clock) = breaker();
        for _ in 0..9 {
            alternating.record(clock.0, &Ok(()));
            alternating.record(clock.pass(1), &OUTAGE);
        }
        alternating.record(clock.0, &Ok(()));
        assert!(!alternating.is_open());
        alternating.record(clock.0, &OUTAGE);
        assert!(alternating.is_open(), "10 of 20 within 9 seconds");

        let (mut slow, mut clock) = breaker();
        for _ in 0..100 {
            slow.record(clock.pass(2), &Ok(()));
            slow.record(clock.pass(2), &OUTAGE);
        }
        assert!(!slow.is_open(), "20 calls take over half a minute: too seldom to tell");
    }

    #[test]
    fn while_open_one_call_in_thirty_seconds_gets_out() {
        let (mut breaker, mut clock) = open();
        let mut calls = 0;
        for _ in 0..300 {
            if breaker.permit(clock.pass(1)) == Permit::Go {
                calls += 1;
                breaker.record(clock.0, &OUTAGE);
            }
        }
        assert_eq!(calls, 10);
    }

    #[test]
    fn a_trial_is_one_call_and_its_success_closes() {
        let (mut breaker, mut clock) = open();
        assert_eq!(breaker.permit(clock.pass(29)), Permit::Wait(Duration::from_secs(1)));
        assert_eq!(breaker.permit(clock.pass(1)), Permit::Go);
        assert_eq!(breaker.permit(clock.0), Permit::Wait(Duration::from_secs(30)), "the trial is on its way");
        breaker.record(clock.pass(2), &Ok(()));
        assert!(!breaker.is_open());
        for _ in 0..4 {
            breaker.record(clock.0, &OUTAGE);
        }
        assert!(!breaker.is_open(), "it starts afresh");
    }

    #[test]
    fn a_lost_trial_does_not_hold_it_open_for_ever() {
        let (mut breaker, mut clock) = open();
        assert_eq!(breaker.permit(clock.pass(30)), Permit::Go);
        assert_eq!(breaker.permit(clock.pass(30)), Permit::Go);
    }

    #[test]
    fn a_straggler_neither_closes_nor_prolongs() {
        let (mut breaker, mut clock) = open();
        breaker.record(clock.pass(1), &Ok(()));
        breaker.record(clock.pass(1), &OUTAGE);
        assert_eq!(breaker.permit(clock.0), Permit::Wait(Duration::from_secs(28)));
    }

    #[test]
    fn it_waits_as_long_as_plex_asks_within_reason() {
        for (asked, waits) in [(5, 30), (90, 90), (86_400, 300)] {
            let (mut breaker, mut clock) = open();
            assert_eq!(breaker.permit(clock.pass(30)), Permit::Go);
            let retry_after = Some(Duration::from_secs(asked));
            breaker.record::<()>(clock.0, &Err(Error::RateLimited { retry_after }));
            assert_eq!(breaker.permit(clock.0), Permit::Wait(Duration::from_secs(waits)), "{asked}");
        }
    }

    #[test]
    fn what_anybody_may_have_said_moves_nothing() {
        let (mut breaker, clock) = breaker();
        for _ in 0..100 {
            breaker.record::<()>(clock.0, &Err(Error::unexpected(200, Oddity::ContentType)));
        }
        assert!(!breaker.is_open());
        let (mut breaker, mut clock) = open();
        breaker.permit(clock.pass(30));
        breaker.record::<()>(clock.0, &Err(Error::unexpected(200, Oddity::ContentType)));
        assert!(breaker.is_open());
        breaker.record::<()>(clock.0, &Err(Error::Unauthorized));
        assert!(!breaker.is_open(), "a refusal in Plex's own words");
    }

    #[test]
    fn jitter_lengthens_by_a_fifth_at_most() {
        let settings = Settings::default();
        assert_eq!(settings.jittered(0), settings);
        assert_eq!(settings.jittered(255).pause, Duration::from_secs(36));
    }
}
