//! What happened, as far as it is kept.

use plex_oidc_core::audit::{Event, What};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::time::Timestamp;

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Its number: later events have larger ones, and none is given twice.
    pub id: u64,
    /// What happened.
    pub event: Event,
}

/// Which events are wanted. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventsWanted {
    /// Done by this account, or about it.
    pub account: Option<AccountId>,
    /// A part of the name in it; letters from A to Z match small or capital.
    pub name: Option<String>,
    /// What happened.
    pub what: Option<What>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// With a smaller number than this.
    pub before: Option<u64>,
    /// How many at most.
    pub most: u32,
}
