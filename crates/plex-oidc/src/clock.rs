//! The clock, passed in: wall time for what ends at a moment, monotonic time for waiting and counting.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use plex_oidc_core::time::{Seconds, Timestamp};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Wall time.
    fn now(&self) -> Timestamp;
    /// Time that never goes back.
    fn instant(&self) -> Instant;
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time of day enters")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// The clock of the machine, moved by hand: for tests and the demo.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    ahead: AtomicI64,
}

impl ShiftedClock {
    /// Moves the clock forward.
    pub fn advance(&self, span: Seconds) {
        self.ahead.fetch_add(i64::from(span.0), Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0.saturating_add(self.ahead.load(Ordering::SeqCst)))
    }

    fn instant(&self) -> Instant {
        let ahead = u64::try_from(self.ahead.load(Ordering::SeqCst)).unwrap_or(0);
        SystemClock.instant() + std::time::Duration::from_secs(ahead)
    }
}
