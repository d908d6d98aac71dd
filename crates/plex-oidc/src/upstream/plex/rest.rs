//! What Plex asks of the questions that no visitor waits for: one "too many requests" with a `Retry-After` is enough, and none of them
//! is made before that is over. Only a round that has begun goes to its end, so that a question which Plex refuses each time keeps nobody
//! in about whom another one is open.
//!
//! People who sign in are asked about in the meantime, as far as the breaker lets them, and what they are answered counts for the
//! breaker alone: else whoever signs in again and again could put off the re-check that ends their access.

use std::sync::PoisonError;
use std::time::Duration;

use plextv::Error;

use super::Plex;

/// The longest rest that is taken, whatever Plex asks for. Whoever lost their share stays in for so much longer at most, and it is half
/// of the time after which the host is told that Plex does not answer.
const LONGEST_REST: Duration = Duration::from_mins(15);

impl Plex {
    /// Whether Plex is to be asked something that no visitor waits for. An error is what it said the last time, with what is left of
    /// the rest.
    pub fn rested(&self) -> Result<(), Error> {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map(|until| until.saturating_duration_since(self.clock.instant()));
        match left.filter(|left| !left.is_zero()) {
            Some(left) => Err(Error::RateLimited { retry_after: Some(left) }),
            None => Ok(()),
        }
    }

    /// Asks one question that no visitor waits for, unless Plex is to be left alone.
    pub(super) async fn asked_by_itself<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.rested()?;
        self.asked_to_the_end(call).await
    }

    /// Asks one question that ends a round which has begun, also where Plex has asked for a rest since: else whoever is removed would
    /// stay in for as long as Plex refuses another question of each round.
    pub(super) async fn asked_to_the_end<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.heard(self.guarded(call).await)
    }

    /// Takes note of the rest that Plex asks for in this answer.
    pub(super) fn heard<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::RateLimited { retry_after: Some(rest) }) = &outcome {
            let until = self.clock.instant().checked_add((*rest).min(LONGEST_REST));
            *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        }
        outcome
    }
}
