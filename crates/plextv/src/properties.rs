//! Rules that hold for every history (security.md section 4.5): the breaker, and when a PIN is looked at.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::breaker::{Breaker, Permit, Settings};
use crate::error::Oddity;
use crate::poll::{Next, Schedule};
use crate::{Error, Outage};

fn any_outcome() -> impl Strategy<Value = Result<(), Error>> {
    let asked = || prop::option::of((0_u64..2000).prop_map(Duration::from_secs));
    prop_oneof![
        3 => Just(Ok(())),
        3 => asked().prop_map(|retry_after| Err(Error::Unavailable { outage: Outage::Connect, retry_after })),
        1 => asked().prop_map(|retry_after| Err(Error::RateLimited { retry_after })),
        1 => Just(Err(Error::Unauthorized)),
        1 => Just(Err(Error::Unexpected { status: 200, oddity: Oddity::ContentType })),
    ]
}

fn is_failure(outcome: &Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Unavailable { .. } | Error::RateLimited { .. }))
}

proptest! {
    /// I-08: an open breaker lets one call through per pause, promises no longer wait than the longest pause, and opens
    /// after no fewer failures in a row than set, or half of a whole sample.
    #[test]
    fn i_08_an_open_breaker_lets_one_call_through_per_pause(
        history in prop::collection::vec((0_u64..20, any_outcome()), 1..120),
    ) {
        let settings = Settings::default();
        let (mut breaker, mut now) = (Breaker::new(settings), Instant::now());
        let (mut in_a_row, mut permitted_while_open) = (0, None::<Instant>);
        let mut recorded = 0_usize;
        for (seconds, outcome) in history {
            now += Duration::from_secs(seconds);
            let was_open = breaker.is_open();
            match breaker.permit(now) {
                Permit::Wait(wait) => {
                    prop_assert!(was_open && wait > Duration::ZERO && wait <= settings.longest_pause);
                    continue;
                }
                Permit::Go if was_open => {
                    let early = permitted_while_open.is_some_and(|last| now - last < settings.pause);
                    prop_assert!(!early, "two trials within one pause");
                    prop_assert!(matches!(breaker.permit(now), Permit::Wait(_)), "a trial is one call");
                    permitted_while_open = Some(now);
                }
                Permit::Go => permitted_while_open = None,
            }
            breaker.record(now, &outcome);
            recorded += 1;
            match &outcome {
                outcome if is_failure(outcome) => in_a_row += 1,
                Err(Error::Unexpected { .. }) => {}
                _ => in_a_row = 0,
            }
            if !was_open && breaker.is_open() {
                prop_assert!(is_failure(&outcome));
                prop_assert!(in_a_row >= settings.failures || recorded >= settings.sample, "{in_a_row} of {recorded}");
            }
            prop_assert!(breaker.is_open() || in_a_row < settings.failures || was_open);
            if was_open && outcome.is_ok() {
                prop_assert!(!breaker.is_open(), "an answer to the trial closes it");
            }
        }
    }

    /// Back-off bounds: never more than once a second, never past the PIN's end, as long as Plex asked, and after any
    /// history at most a minute beyond that.
    #[test]
    fn a_pin_is_looked_at_within_bounds(life in 0_u64..2000, looks in prop::collection::vec((any_outcome(), 0_u64..4000), 1..60)) {
        let (life, mut elapsed) = (Duration::from_secs(life), Duration::ZERO);
        let mut schedule = Schedule::new(life);
        for (outcome, took) in looks {
            let (began, took) = (elapsed, Duration::from_millis(took));
            elapsed += took;
            let asked = outcome.as_ref().err().and_then(Error::retry_after).unwrap_or_default();
            match schedule.next(began..elapsed, &outcome) {
                Next::After(wait) => {
                    prop_assert!(took + wait >= Duration::from_secs(1) && wait >= asked && wait >= Duration::from_millis(500));
                    prop_assert!(wait <= asked.max(Duration::from_mins(1)));
                    elapsed += wait;
                    prop_assert!(elapsed < life, "past the end");
                }
                Next::Expired => {
                    prop_assert!(elapsed + asked.max(Duration::from_mins(1)) >= life, "given up too early");
                    return Ok(());
                }
            }
        }
    }
}
