//! How often somebody may be wrong about the code that a device shows: for each address block, and for each browser (security
//! requirement 105, RFC 8628 s. 5.1).
//!
//! A guess is counted before the code is looked for, under one lock, so that parallel guesses beat nothing; one that was right is
//! taken back. With five in ten minutes, one address needs a hundred thousand years to find the code of one waiting device.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plex_oidc_core::id::Sid;
use plex_oidc_core::net::AddressBlock;
use plex_oidc_core::secret::SecretHash;

/// So many guesses may be wrong in [`SPAN`].
const WRONG: usize = 5;
/// How long a wrong guess counts.
const SPAN: Duration = Duration::from_mins(10);
/// So many blocks and browsers are counted at a time. Who comes beyond has to wait.
const MOST_KEYS: usize = 100_000;

/// Whose guesses are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guesser {
    /// Those of one address block.
    Block(AddressBlock),
    /// Those of one browser session, from wherever.
    Session(Sid),
    /// Those of one browser in which nobody is signed in, by its cookie.
    Browser(SecretHash),
}

/// Counts guesses.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<Guesser, Vec<Instant>>>);

impl Guesses {
    fn with<T>(&self, use_it: impl FnOnce(&mut HashMap<Guesser, Vec<Instant>>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a guess against each of these, or says how long to wait before the next; then it counts nothing.
    pub fn admit(&self, guessers: [Guesser; 2], now: Instant) -> Result<(), Duration> {
        self.with(|all| {
            if all.len() >= MOST_KEYS {
                forget(all, now);
            }
            if all.len() >= MOST_KEYS && !guessers.iter().all(|key| all.contains_key(key)) {
                return Err(SPAN);
            }
            let wait = |key: &Guesser| {
                let counted: Vec<_> =
                    all.get(key).into_iter().flatten().filter(|at| counts(**at, now)).collect();
                let oldest = counted.iter().min().filter(|_| counted.len() >= WRONG);
                oldest.map(|at| (**at + SPAN).saturating_duration_since(now))
            };
            if let Some(wait) = guessers.iter().filter_map(wait).max() {
                return Err(wait);
            }
            for key in guessers {
                let counted = all.entry(key).or_default();
                counted.retain(|at| counts(*at, now));
                counted.push(now);
            }
            Ok(())
        })
    }

    /// The guess that was counted at `at` was none: the code is right.
    pub fn take_back(&self, guessers: [Guesser; 2], at: Instant) {
        self.with(|all| {
            for key in guessers {
                let counted = all.entry(key).or_default();
                if let Some(index) = counted.iter().rposition(|guess| *guess == at) {
                    counted.remove(index);
                }
                if counted.is_empty() {
                    all.remove(&key);
                }
            }
        });
    }

    /// Forgets what is long past. To be called now and then.
    pub fn forget_idle(&self, now: Instant) {
        self.with(|all| {
            forget(all, now);
            all.shrink_to_fit();
        });
    }
}

fn counts(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < SPAN
}

fn forget(all: &mut HashMap<Guesser, Vec<Instant>>, now: Instant) {
    all.retain(|_, guesses| guesses.iter().any(|at| counts(*at, now)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(last: u8) -> Guesser {
        Guesser::Block(AddressBlock::of(std::net::IpAddr::from([192, 0, 2, last])))
    }

    fn browser(byte: u8) -> Guesser {
        Guesser::Browser(SecretHash([byte; 32]))
    }

    #[test]
    fn req_105_five_wrong_guesses_in_ten_minutes_by_block_and_by_browser() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let minute = |count| start + Duration::from_mins(count);
        for count in 0..5 {
            assert!(guesses.admit([block(1), browser(1)], minute(count)).is_ok(), "{count}");
        }
        assert_eq!(
            guesses.admit([block(1), browser(2)], minute(5)),
            Err(Duration::from_mins(5)),
            "the block"
        );
        assert_eq!(
            guesses.admit([block(2), browser(1)], minute(5)),
            Err(Duration::from_mins(5)),
            "the browser"
        );
        assert!(guesses.admit([block(2), browser(2)], minute(5)).is_ok(), "a refused guess counts nowhere");
        assert!(guesses.admit([block(1), browser(1)], minute(10)).is_ok(), "the first is forgotten");
        assert_eq!(guesses.admit([block(1), browser(1)], minute(10)), Err(Duration::from_mins(1)));
    }

    #[test]
    fn req_105_of_two_hundred_parallel_guesses_five_are_let_through() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let admitted = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for n in 0..200 {
                let (guesses, admitted) = (&guesses, &admitted);
                scope.spawn(move || {
                    if guesses.admit([block(1), browser(n)], now).is_ok() {
                        admitted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 5);
    }

    #[test]
    fn req_105_a_right_code_is_no_guess_and_takes_back_no_other() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let keys = [block(1), browser(1)];
        for second in 0..4 {
            guesses.admit(keys, now + Duration::from_secs(second)).unwrap();
        }
        for second in 10..30 {
            let at = now + Duration::from_secs(second);
            assert!(guesses.admit(keys, at).is_ok(), "somebody with many devices");
            guesses.take_back(keys, at);
        }
        assert!(guesses.admit(keys, now + Duration::from_secs(40)).is_ok());
        assert!(guesses.admit(keys, now + Duration::from_secs(41)).is_err(), "the four are counted still");
        guesses.take_back([block(9), browser(9)], now);
        guesses.forget_idle(now + Duration::from_mins(11));
        assert!(guesses.with(|all| all.is_empty()));
    }

    #[test]
    fn req_105_with_too_many_guessers_new_ones_wait() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        guesses.with(|all| {
            all.extend((0..MOST_KEYS).map(|n| {
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&n.to_be_bytes());
                (Guesser::Browser(SecretHash(bytes)), vec![now])
            }));
        });
        assert_eq!(guesses.admit([block(1), browser(1)], now), Err(SPAN));
        assert!(guesses.admit([block(1), browser(1)], now + SPAN).is_ok());
    }
}
