//! What the host says of one account, besides the file: kept beside the person, and never part of what Plex says.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::ClientId;
use crate::own_page;

/// What the host says of one account. Whoever has no marks is judged by the file alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Never comes in. It does not count for an owner of a server.
    #[serde(default)]
    pub blocked: bool,
    /// Named beforehand: as if it stood in `rules.only`.
    #[serde(default)]
    pub named: bool,
    /// What is for this account although no list of the file names it: clients, and the clients that stand for applications
    /// behind the gateway.
    #[serde(default)]
    pub doors: BTreeSet<ClientId>,
}

/// One change of what the host says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Blocked, or not any more.
    Blocked(bool),
    /// Named beforehand, or not any more.
    Named(bool),
    /// This is for them, or not any more.
    Door(ClientId, bool),
}

impl Mark {
    /// Its word, in what programs read.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Blocked(true) => "blocked",
            Self::Blocked(false) => "unblocked",
            Self::Named(true) => "named",
            Self::Named(false) => "unnamed",
            Self::Door(_, true) => "opened",
            Self::Door(_, false) => "closed",
        }
    }

    /// What is opened or closed, if it is about that.
    pub const fn door(&self) -> Option<&ClientId> {
        match self {
            Self::Door(door, _) => Some(door),
            Self::Blocked(_) | Self::Named(_) => None,
        }
    }
}

impl Marks {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        let Self { blocked, named, doors } = self;
        !blocked && !named && doors.is_empty()
    }

    /// Whether this is for them because the host says so. Never a page of our own: nobody becomes the host by it.
    pub fn open(&self, door: &ClientId) -> bool {
        self.doors.contains(door) && !own_page::is_page(door.as_str())
    }

    /// Makes a change.
    pub fn apply(&mut self, mark: Mark) {
        match mark {
            Mark::Blocked(blocked) => self.blocked = blocked,
            Mark::Named(named) => self.named = named,
            Mark::Door(door, true) => {
                self.doors.insert(door);
            }
            Mark::Door(door, false) => {
                self.doors.remove(&door);
            }
        }
    }
}
