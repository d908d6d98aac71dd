//! What the host is to be told of beyond the log and the host's page. A short queue that nobody waits for: whoever has something
//! to say puts it there and goes on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use plex_oidc_core::time::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;

/// Most notices that wait. Beyond that the oldest is dropped.
const MOST: usize = 32;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Plex does not accept the owner's token.
    OwnerTokenRefused,
    /// Plex has not answered for long, or not about somebody who is in doubt.
    PlexUnanswered,
    /// What Plex said last does not serve for much longer.
    GraceNearlyOver,
}

/// What about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It has begun.
    Raised,
    /// It is over.
    Resolved,
    /// It has happened.
    Happened,
}

/// Something that the host should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What it is about, in one word for programs.
    pub event: &'static str,
    /// What about it.
    pub state: Turn,
    /// The same for people, in a sentence that names nobody who need not be named.
    pub message: String,
    /// The account, or whatever else that sentence names, for others that say the same.
    #[serde(skip)]
    pub named: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When it was noticed.
    pub at: Timestamp,
}

/// Notices that wait to be sent, and what is not over yet. One for the life of the process.
#[derive(Debug, Default)]
pub struct Notices {
    waiting: Mutex<VecDeque<Notice>>,
    /// What was raised, and when it began.
    standing: Mutex<BTreeMap<Topic, Timestamp>>,
    arrived: Notify,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OwnerTokenRefused, Self::PlexUnanswered, Self::GraceNearlyOver];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OwnerTokenRefused => "owner_token_refused",
            Self::PlexUnanswered => "plex_unanswered",
            Self::GraceNearlyOver => "grace_nearly_over",
        }
    }
}

impl Notices {
    /// Puts a notice into the queue.
    pub fn push(&self, notice: Notice) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            // What has happened before what goes on: anybody can make something happen.
            let least = waiting.iter().position(|waits| waits.state == Turn::Happened).unwrap_or(0);
            waiting.remove(least);
        }
        waiting.push_back(notice);
        self.arrived.notify_one();
    }

    /// Takes the oldest notice off the queue.
    pub fn take(&self) -> Option<Notice> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Waits until there may be one.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Says whether something is so, which began at `since`; only what has changed makes a notice.
    pub fn say(&self, topic: Topic, is_so: Option<(Timestamp, String)>, over: &str, at: Timestamp) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, since, message) = match (is_so, standing.contains_key(&topic)) {
            (Some((since, message)), false) => {
                standing.insert(topic, since);
                (Turn::Raised, since, message)
            }
            (None, true) => {
                let since = standing.remove(&topic).unwrap_or(at);
                (Turn::Resolved, since, over.to_owned())
            }
            (Some(_), true) | (None, false) => return,
        };
        drop(standing);
        self.push(Notice { event: topic.word(), state, message, named: None, since, at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_makes_a_notice() {
        let notices = Notices::default();
        let say = |is_so: bool, at: i64| {
            let so = is_so.then(|| (Timestamp(5), "broken".to_owned()));
            notices.say(Topic::PlexUnanswered, so, "well again", Timestamp(at));
        };
        for (is_so, at) in [(false, 1), (true, 10), (true, 20), (false, 30), (false, 40)] {
            say(is_so, at);
        }
        let taken: Vec<_> = std::iter::from_fn(|| notices.take()).collect();
        let short: Vec<_> = taken
            .iter()
            .map(|notice| (notice.state, notice.message.as_str(), notice.since.0, notice.at.0))
            .collect();
        assert_eq!(short, [(Turn::Raised, "broken", 5, 10), (Turn::Resolved, "well again", 5, 30)]);
    }

    #[test]
    fn what_anybody_can_make_happen_drives_out_nothing_that_goes_on() {
        let notices = Notices::default();
        notices.say(Topic::OwnerTokenRefused, Some((Timestamp(0), "dead".to_owned())), "", Timestamp(0));
        for at in 1..100 {
            let (state, message) = (Turn::Happened, String::new());
            let (since, at) = (Timestamp(at), Timestamp(at));
            notices.push(Notice { event: "x", state, message, named: None, since, at });
        }
        let taken: Vec<_> = std::iter::from_fn(|| notices.take()).map(|notice| notice.at.0).collect();
        assert_eq!(taken, [0].into_iter().chain(69..100).collect::<Vec<_>>());
    }

    #[test]
    fn the_queue_is_short_and_drops_the_oldest() {
        let notices = Notices::default();
        for at in 0..100 {
            let message = String::new();
            notices.push(Notice {
                event: "x",
                state: Turn::Happened,
                message,
                named: None,
                since: Timestamp(at),
                at: Timestamp(at),
            });
        }
        let taken: Vec<_> = std::iter::from_fn(|| notices.take()).map(|notice| notice.at.0).collect();
        assert_eq!(taken, (68..100).collect::<Vec<_>>());
    }
}
