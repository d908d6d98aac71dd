//! What is counted, for as long as the process lives and whatever the configuration. Nothing here is about a person, and
//! nothing is decided by it but when Plex is asked again.
//!
//! On a hot path, counting is one addition that waits for nobody.

mod budget;
mod exposition;
mod labels;
mod plex;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use plextv::{Came, Kind};

use self::budget::Hour;
pub use self::exposition::{CONTENT_TYPE, Figures, PlexFigures, text};
pub use self::labels::{
    GatewayAnswer, Issued, Label, LogoutNotice, MailOutcome, RoundOutcome, SignInOutcome,
};
pub use self::plex::{Asking, Ear};

/// One number for each of `N` labels of a kind.
#[derive(Debug)]
pub struct Counts<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; N])
    }
}

impl<const N: usize> Counts<N> {
    /// Counts one.
    pub fn add<L: Label>(&self, label: L) {
        if let Some(cell) = self.0.get(label.place()) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were of this label.
    pub fn of<L: Label>(&self, label: L) -> u64 {
        self.0.get(label.place()).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests to plex.tv, by what they were about and what came of them.
    plex: [Counts<6>; 7],
    /// Rounds of the re-check.
    pub rounds: Counts<6>,
    /// Sign-ins that came to an end.
    pub sign_ins: Counts<6>,
    /// What the gateway answered proxies.
    pub gateway: Counts<5>,
    /// Answers of the token endpoint.
    pub tokens: Counts<4>,
    /// Clients that were told of the end of a session, or not.
    pub logouts: Counts<2>,
    /// Mails that were sent, or will not be.
    pub mails: Counts<3>,
    /// Requests to plex.tv of the last hour that this program made by itself.
    by_itself: Mutex<Hour>,
    /// All requests to plex.tv of the last hour.
    in_all: Mutex<Hour>,
}

impl Metrics {
    /// How many requests to plex.tv there were.
    pub fn plex_requests(&self, about: Kind, came: Came) -> u64 {
        self.plex.get(about.place()).map_or(0, |counts| counts.of(came))
    }

    /// How many requests to plex.tv this program made by itself in the last hour.
    pub fn asked_by_itself(&self, now: Instant) -> u32 {
        locked(&self.by_itself, |hour| hour.asked(now))
    }

    /// How many requests to plex.tv there were in the last hour.
    pub fn asked_in_all(&self, now: Instant) -> u32 {
        locked(&self.in_all, |hour| hour.asked(now))
    }

    fn note_request(&self, (about, came): (Kind, Came), by: Asking, now: Instant) {
        if let Some(counts) = self.plex.get(about.place()) {
            counts.add(came);
        }
        locked(&self.in_all, |hour| hour.note(now));
        if by == Asking::ByItself {
            locked(&self.by_itself, |hour| hour.note(now));
        }
    }
}

fn locked<T>(hour: &Mutex<Hour>, use_it: impl FnOnce(&mut Hour) -> T) -> T {
    use_it(&mut hour.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The array of each family has a place for every label of it.
    #[test]
    fn every_label_has_a_place_of_its_own() {
        fn check<L: Label, const N: usize>(_: &Counts<N>) {
            let counts = Counts::<N>::default();
            assert_eq!(L::ALL.len(), N);
            for label in L::ALL {
                counts.add(*label);
            }
            for label in L::ALL {
                assert_eq!(counts.of(*label), 1, "{}", label.word());
            }
        }
        let metrics = Metrics::default();
        check::<RoundOutcome, 6>(&metrics.rounds);
        check::<SignInOutcome, 6>(&metrics.sign_ins);
        check::<GatewayAnswer, 5>(&metrics.gateway);
        check::<Issued, 4>(&metrics.tokens);
        check::<LogoutNotice, 2>(&metrics.logouts);
        check::<MailOutcome, 3>(&metrics.mails);
        check::<Came, 6>(&Counts::default());
        check::<Kind, 7>(&Counts::default());
    }
}
