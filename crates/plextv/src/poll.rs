//! Owns when to look at a PIN again: soon at first, then slower, never against Plex's wish, and not past its end. Pure:
//! the caller has the clock, sleeps and asks.

use std::ops::Range;
use std::time::Duration;

use crate::Error;

/// The wait between looks while a person is likely still at the page.
const SOON: Duration = Duration::from_secs(1);
/// How long that is.
const SOON_FOR: Duration = Duration::from_secs(30);
/// The wait after that.
const LATER: Duration = Duration::from_secs(2);
/// From here on nobody hurries.
const LATER_FOR: Duration = Duration::from_mins(2);
/// The wait to the end.
const SLOW: Duration = Duration::from_secs(3);
/// The first wait after "too many calls"; it doubles.
const LIMITED: Duration = Duration::from_secs(5);
/// The longest wait that doubling leads to.
const LONGEST: Duration = Duration::from_mins(1);

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Look again after this long.
    After(Duration),
    /// Stop: there is nothing more to see before the PIN ends.
    Expired,
}

/// The plan for looking at one PIN. One per PIN: two of them ask twice as often as Plex likes.
#[derive(Debug, Clone)]
pub struct Schedule {
    life: Duration,
    setbacks: u32,
}

impl Schedule {
    /// For a PIN that is of use for `life` from now: the shorter of [`Pin::remaining`](crate::Pin::remaining) and the caller's own patience.
    pub const fn new(life: Duration) -> Self {
        Self { life, setbacks: 0 }
    }

    /// After a look that began and ended at these times since the start, and ended like `outcome`. A PIN with a token, or one that
    /// is gone, is the caller's to end; an outage is still waiting.
    ///
    /// Looks that end well are counted from when they began, so that people wait no longer where plex.tv or this machine is slow. Half
    /// of the wait is kept in any case.
    pub fn next<T>(&mut self, look: Range<Duration>, outcome: &Result<T, Error>) -> Next {
        let Range { start: began, end: elapsed } = look;
        let usual = usual(elapsed);
        let wait = match outcome {
            Ok(_) => {
                self.setbacks = 0;
                usual.saturating_sub(elapsed.saturating_sub(began)).max(usual / 2)
            }
            Err(Error::RateLimited { retry_after }) => self.back_off(LIMITED, usual, *retry_after),
            Err(Error::Unavailable { retry_after, .. }) => self.back_off(SOON, usual, *retry_after),
            Err(Error::PinGone) => return Next::Expired,
            Err(Error::Unauthorized | Error::Unexpected { .. } | Error::Gone) => {
                self.back_off(LIMITED, usual, None)
            }
        };
        if elapsed.saturating_add(wait) < self.life { Next::After(wait) } else { Next::Expired }
    }

    fn back_off(&mut self, first: Duration, usual: Duration, asked: Option<Duration>) -> Duration {
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.setbacks)).min(LONGEST);
        self.setbacks = self.setbacks.saturating_add(1);
        doubled.max(usual).max(asked.unwrap_or_default())
    }
}

fn usual(elapsed: Duration) -> Duration {
    if elapsed < SOON_FOR {
        SOON
    } else if elapsed < LATER_FOR {
        LATER
    } else {
        SLOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outage;

    const LIFE: Duration = Duration::from_mins(5);

    const WAITING: Result<(), Error> = Ok(());

    fn limited(retry_after: Option<u64>) -> Result<(), Error> {
        Err(Error::RateLimited { retry_after: retry_after.map(Duration::from_secs) })
    }

    /// A look that took no time.
    fn at(elapsed: Duration) -> Range<Duration> {
        elapsed..elapsed
    }

    fn seconds(next: Next) -> Option<u64> {
        match next {
            Next::After(wait) => Some(wait.as_secs()),
            Next::Expired => None,
        }
    }

    /// The moments of all looks, if every one ends like `outcome`.
    fn looks(life: Duration, outcome: &Result<(), Error>) -> Vec<u64> {
        let (mut schedule, mut elapsed, mut looks) = (Schedule::new(life), Duration::ZERO, vec![0]);
        while let Next::After(wait) = schedule.next(at(elapsed), outcome) {
            assert!(wait >= SOON, "never more than once a second");
            elapsed += wait;
            looks.push(elapsed.as_secs());
        }
        looks
    }

    #[test]
    fn every_second_at_first_then_slower_then_not_at_all() {
        let looks = looks(LIFE, &WAITING);
        assert_eq!(looks.iter().filter(|at| **at < 30).count(), 30);
        assert_eq!(looks.iter().filter(|at| (30..120).contains(*at)).count(), 45);
        assert_eq!(looks.iter().filter(|at| **at >= 120).count(), 60);
        assert!(looks.iter().all(|at| *at < 300), "never past the end");
    }

    #[test]
    fn a_look_that_takes_long_delays_the_next_one_by_no_more_than_that() {
        let after = |took: u64, outcome| {
            let began = Duration::from_secs(10);
            match Schedule::new(LIFE).next(began..began + Duration::from_millis(took), outcome) {
                Next::After(wait) => wait.as_millis(),
                Next::Expired => panic!("there is time"),
            }
        };
        assert_eq!([0, 300, 500, 501, 8000].map(|took| after(took, &WAITING)), [1000, 700, 500, 500, 500]);
        let outage = Err(Error::unavailable(Outage::Connect));
        assert_eq!(after(700, &outage), 1000, "whoever is in trouble is left alone for all of it");
        assert_eq!(after(700, &limited(Some(7))), 7000);
    }

    #[test]
    fn a_rate_limit_doubles_the_wait_and_an_answer_ends_that() {
        let mut schedule = Schedule::new(LIFE);
        let waits: Vec<_> =
            (0..6).map(|_| seconds(schedule.next(at(Duration::ZERO), &limited(None))).unwrap()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        assert_eq!(seconds(schedule.next(at(Duration::ZERO), &WAITING)), Some(1));
        assert_eq!(seconds(schedule.next(at(Duration::ZERO), &limited(None))), Some(5));
    }

    #[test]
    fn plexs_own_wish_is_honoured_but_does_not_hurry_us() {
        assert_eq!(seconds(Schedule::new(LIFE).next(at(Duration::ZERO), &limited(Some(17)))), Some(17));
        assert_eq!(seconds(Schedule::new(LIFE).next(at(Duration::ZERO), &limited(Some(1)))), Some(5));
        assert_eq!(seconds(Schedule::new(LIFE).next(at(Duration::ZERO), &limited(Some(300)))), None);
        let outage: Result<(), _> = Err(Error::Unavailable {
            outage: Outage::Status(503),
            retry_after: Some(Duration::from_secs(20)),
        });
        assert_eq!(seconds(Schedule::new(LIFE).next(at(Duration::ZERO), &outage)), Some(20));
    }

    #[test]
    fn an_outage_is_still_waiting() {
        let outage = Err(Error::unavailable(Outage::Connect));
        assert_eq!(looks(LIFE, &outage), [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    }

    #[test]
    fn a_pin_that_is_gone_or_over_is_not_asked_for() {
        let mut schedule = Schedule::new(LIFE);
        assert_eq!(schedule.next::<()>(at(Duration::ZERO), &Err(Error::PinGone)), Next::Expired);
        assert_eq!(schedule.next(at(LIFE), &WAITING), Next::Expired);
        assert_eq!(schedule.next(at(Duration::MAX), &limited(None)), Next::Expired);
        assert_eq!(looks(Duration::ZERO, &WAITING), [0]);
    }

    #[test]
    fn endless_setbacks_do_not_overflow() {
        let mut schedule = Schedule { life: Duration::MAX, setbacks: u32::MAX };
        assert_eq!(seconds(schedule.next(at(Duration::ZERO), &limited(None))), Some(60));
    }
}
