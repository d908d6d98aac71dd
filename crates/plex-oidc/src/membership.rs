//! How well it is known who is a member: what the last re-checks came to, for the host to see. Nothing is decided by it.

use std::sync::{Mutex, PoisonError};

use plex_oidc_core::time::{Seconds, Timestamp};

/// How often the same trouble is said again.
const REMIND: Seconds = Seconds::minutes(60);
/// How often the host may have Plex asked out of turn.
const ASK_AGAIN: Seconds = Seconds::minutes(1);

/// What one round of the re-check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// How many people are members.
    pub members: usize,
    /// How many were members until now.
    pub ended: usize,
    /// How many are missing in one list at Plex and in no other: they stay as they are.
    pub doubted: usize,
}

/// What kind of thing keeps rounds from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// Plex does not accept the owner's token.
    OwnerToken,
    /// Plex does not answer, or not as it should.
    Plex,
    /// As many requests were made in this hour as may be.
    Spent,
    /// Our own side does not work.
    Ours,
}

/// What keeps rounds from being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Of what kind.
    pub kind: TroubleKind,
    /// What it is, for the host.
    pub what: String,
    /// Since when something is wrong.
    pub since: Timestamp,
    /// Since when it is this kind of trouble.
    pub of_its_kind_since: Timestamp,
    /// When it was last said.
    said: Timestamp,
}

/// What the host is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Knowledge {
    /// The last round that Plex answered, and when that was.
    pub last_good: Option<(Round, Timestamp)>,
    /// Since when each round that Plex answered left somebody in doubt.
    pub in_doubt_since: Option<Timestamp>,
    /// What is wrong, if the last round was not answered.
    pub trouble: Option<Trouble>,
}

/// The state of membership. One for the life of the process, whatever the configuration.
#[derive(Debug, Default)]
pub struct MembershipState {
    known: Mutex<Knowledge>,
    /// When the host last had Plex asked out of turn.
    asked: Mutex<Option<Timestamp>>,
}

impl MembershipState {
    /// What is known now.
    pub fn known(&self) -> Knowledge {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the host may have Plex asked now, out of turn. Counts it.
    pub fn may_ask_again(&self, now: Timestamp) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.is_none_or(|asked| asked.plus(ASK_AGAIN).has_passed(now) || now < asked);
        if is_due {
            *asked = Some(now);
        }
        is_due
    }

    /// Notes a round that Plex answered. `true` if the one before was not answered.
    pub fn went_well(&self, round: Round, now: Timestamp) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.last_good = Some((round, now));
        let since = known.in_doubt_since.unwrap_or(now);
        known.in_doubt_since = (round.doubted > 0).then_some(since);
        known.trouble.take().is_some()
    }

    /// Notes a round that came to nothing. `true` if that is worth saying: it is something new, or was last said long ago.
    pub fn went_wrong(&self, (kind, what): (TroubleKind, &str), now: Timestamp) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.trouble.as_ref();
        let since = before.map_or(now, |trouble| trouble.since);
        let of_its_kind_since =
            before.filter(|trouble| trouble.kind == kind).map_or(now, |trouble| trouble.of_its_kind_since);
        match &mut known.trouble {
            Some(trouble)
                if trouble.kind == kind
                    && trouble.what == what
                    && !trouble.said.plus(REMIND).has_passed(now) =>
            {
                false
            }
            trouble => {
                *trouble = Some(Trouble { kind, what: what.to_owned(), since, of_its_kind_since, said: now });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_asks_once_a_minute_also_after_the_clock_was_set_back() {
        let (state, at) = (MembershipState::default(), |seconds: i64| Timestamp(1_000_000 + seconds));
        let asked = [0, 1, 59, 60, 61, 119, -9000].map(|seconds| state.may_ask_again(at(seconds)));
        assert_eq!(asked, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn trouble_is_said_when_it_begins_when_it_changes_and_once_an_hour() {
        let (state, at) = (MembershipState::default(), |seconds: i64| Timestamp(1_000_000 + seconds));
        assert!(!state.went_well(Round::default(), at(0)), "nothing was wrong before");
        assert!(state.went_wrong((TroubleKind::Plex, "an outage"), at(300)));
        assert!(!state.went_wrong((TroubleKind::Plex, "an outage"), at(600)));
        assert!(state.went_wrong((TroubleKind::OwnerToken, "a dead token"), at(900)));
        assert!(!state.went_wrong((TroubleKind::OwnerToken, "a dead token"), at(1_200)));
        assert!(state.went_wrong((TroubleKind::OwnerToken, "a dead token"), at(900 + 3_601)));
        let known = state.known();
        assert_eq!(
            known.trouble.map(|trouble| (trouble.what, trouble.since, trouble.of_its_kind_since)),
            Some(("a dead token".into(), at(300), at(900)))
        );
        assert_eq!(known.last_good, Some((Round::default(), at(0))));
        assert!(state.went_well(Round { members: 2, ..Round::default() }, at(9_000)));
        assert_eq!(state.known().trouble, None);
    }
}
