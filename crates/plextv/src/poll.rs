//! Owns when to look at a PIN again: soon at first, then slower, never against Plex's wish, and not past its end. Pure:
//! the caller has the clock, sleeps and asks.

use std::time::Duration;

use crate::{Error, Pin};

/// The wait between looks while a person is likely still at the page.
const SOON: Duration = Duration::from_secs(1);
/// How long that is.
const SOON_FOR: Duration = Duration::from_secs(30);
/// The wait after that.
const LATER: Duration = Duration::from_secs(2);
/// From here on nobody hurries.
const LATER_FOR: Duration = Duration::from_secs(120);
/// The wait to the end.
const SLOW: Duration = Duration::from_secs(3);
/// The first wait after "too many calls"; it doubles.
const LIMITED: Duration = Duration::from_secs(5);
/// The longest wait that doubling leads to.
const LONGEST: Duration = Duration::from_secs(60);

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
    /// For a PIN that is of use for `life` from now: the shorter of [`Pin::remaining`] and the caller's own patience.
    pub const fn new(life: Duration) -> Self {
        Self { life, setbacks: 0 }
    }

    /// After a look at `elapsed` since the start that ended like `outcome`. A PIN with a token, or one that is gone, is
    /// the caller's to end; an outage is still waiting.
    pub fn next(&mut self, elapsed: Duration, outcome: &Result<Pin, Error>) -> Next {
        let usual = usual(elapsed);
        let wait = match outcome {
            Ok(_) => {
                self.setbacks = 0;
                usual
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
