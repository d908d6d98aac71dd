//! Hearing of every request to plex.tv.

use std::fmt;
use std::sync::Arc;

use plextv::{Came, Kind, Observer};

use super::Metrics;
use crate::clock::Clock;

/// Why Plex is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Somebody signs in.
    ForAVisitor,
    /// This program looks by itself whether people still are members.
    ByItself,
}

/// Counts requests to plex.tv.
pub struct Ear {
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    asking: Asking,
}

impl Ear {
    /// For requests that are made for this reason.
    pub fn new(metrics: Arc<Metrics>, clock: Arc<dyn Clock>, asking: Asking) -> Self {
        Self { metrics, clock, asking }
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("asking", &self.asking).finish_non_exhaustive()
    }
}

impl Observer for Ear {
    fn asked(&self, about: Kind, came: Came) {
        self.metrics.note_request((about, came), self.asking, self.clock.instant());
    }
}
