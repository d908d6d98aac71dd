//! Points in time and spans, in whole seconds. There is no clock here: `now` is always an argument.

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, the `NumericDate` of RFC 7519 s. 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of whole seconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u32);

impl Seconds {
    /// A span of whole minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    /// A span of whole hours.
    pub const fn hours(hours: u32) -> Self {
        Self(hours * 3600)
    }

    /// A span of whole days.
    pub const fn days(days: u32) -> Self {
        Self(days * 86_400)
    }
}

impl Timestamp {
    /// The moment `span` later; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn plus(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0 as i64))
    }

    /// The moment `span` earlier.
    #[must_use]
    pub const fn minus(self, span: Seconds) -> Self {
        Self(self.0.saturating_sub(span.0 as i64))
    }

    /// Seconds from `earlier` to here; zero if `earlier` is later, as it is after a clock was set back.
    pub const fn since(self, earlier: Self) -> i64 {
        let span = self.0.saturating_sub(earlier.0);
        if span < 0 { 0 } else { span }
    }

    /// Whether something that ends at this moment has ended at `now`. The end itself is outside.
    pub const fn has_passed(self, now: Self) -> bool {
        now.0 >= self.0
    }
}
