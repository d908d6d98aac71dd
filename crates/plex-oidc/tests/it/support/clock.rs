//! A clock that stands still until a test moves it, so that a slow machine does not change what "59 seconds later" means.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plex_oidc::clock::{Clock, SystemClock};
use plex_oidc_core::time::{Seconds, Timestamp};

/// The time at which it was made, and what was added since.
pub(super) struct StillClock {
    wall: Timestamp,
    instant: Instant,
    ahead: AtomicU64,
}

impl Default for StillClock {
    fn default() -> Self {
        Self { wall: SystemClock.now(), instant: SystemClock.instant(), ahead: AtomicU64::new(0) }
    }
}

impl StillClock {
    pub(super) fn advance(&self, span: Seconds) {
        self.ahead.fetch_add(u64::from(span.0), Ordering::SeqCst);
    }

    fn ahead(&self) -> u64 {
        self.ahead.load(Ordering::SeqCst)
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.0 + i64::try_from(self.ahead()).expect("not that far"))
    }

    fn instant(&self) -> Instant {
        self.instant + Duration::from_secs(self.ahead())
    }
}
