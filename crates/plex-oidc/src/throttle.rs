//! How often passwords may be tried: for each account, and for each address block (security requirements 139 to 142).
//!
//! A try is counted before the password is looked at, under one lock, so that parallel tries beat nothing. After a few the
//! wait grows, but never beyond a minute, and a right password ends it. Tries in the name of nobody are counted by what was
//! typed, so that they look the same.
//!
//! Somebody who tries another's name again and again would take every turn there is. So a browser in which the password was
//! right once has turns of its own (OWASP: device cookies): nobody else can use those up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plex_oidc_core::id::LocalAccountId;
use plex_oidc_core::net::AddressBlock;

/// Tries that need not wait, for one account.
const FREE_FOR_ONE: u32 = 5;
/// Tries that need not wait, from one address block: many people may be behind it.
const FREE_FROM_A_BLOCK: u32 = 30;
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// After so long without a try everything is forgotten.
const MEMORY: Duration = Duration::from_mins(15);

/// So many accounts, names and blocks are counted at a time, about 10 MB. Who comes beyond has to wait: somebody is trying
/// names by the hundred thousand.
const MOST_KEYS: usize = 100_000;

/// In whose name a password is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// An account, by whichever of its names.
    Account(LocalAccountId),
    /// The same, from a browser in which its password was right before.
    Known(LocalAccountId, [u8; 16]),
    /// Nobody: the digest of what was typed.
    Nobody([u8; 32]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Target(Target),
    Block(AddressBlock),
}

impl Key {
    const fn free(self) -> u32 {
        match self {
            Self::Target(_) => FREE_FOR_ONE,
            Self::Block(_) => FREE_FROM_A_BLOCK,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last: Instant,
    next: Instant,
}

/// Counts tries.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<Key, Tries>>);

impl Throttle {
    fn with<T>(&self, use_it: impl FnOnce(&mut HashMap<Key, Tries>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a try, or says how long to wait before the next; then it counts nothing.
    pub fn admit(&self, target: Target, block: AddressBlock, now: Instant) -> Result<(), Duration> {
        // Others behind the same address do not use up the turns of a known browser.
        let block = Some(Key::Block(block)).filter(|_| !matches!(target, Target::Known(..)));
        let keys = [Some(Key::Target(target)), block];
        let keys = || keys.into_iter().flatten();
        self.with(|all| {
            if all.len() >= MOST_KEYS {
                all.retain(|_, tries| now.duration_since(tries.last) < MEMORY);
            }
            // Nobody can make a known browser up, so there is always room for one.
            let is_known = matches!(target, Target::Known(..));
            if all.len() >= MOST_KEYS && !is_known && !keys().all(|key| all.contains_key(&key)) {
                return Err(LONGEST_WAIT);
            }
            let fresh =
                |key: Key| all.get(&key).copied().filter(|tries| now.duration_since(tries.last) < MEMORY);
            let wait = keys().filter_map(fresh).map(|tries| tries.next.saturating_duration_since(now)).max();
            if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
                return Err(wait);
            }
            for key in keys() {
                let count = fresh_count(all, key, now).saturating_add(1);
                all.insert(key, Tries { count, last: now, next: now + wait_after(count, key.free()) });
            }
            Ok(())
        })
    }

    /// The password was right: what was counted against the account is forgotten. The address block's is not, or an account
    /// of one's own would do for guessing at others.
    pub fn succeeded(&self, target: Target) {
        self.with(|all| all.remove(&Key::Target(target)));
    }

    /// Forgets what is long past. To be called now and then.
    pub fn forget_idle(&self, now: Instant) {
        self.with(|all| {
            all.retain(|_, tries| now.duration_since(tries.last) < MEMORY);
            all.shrink_to_fit();
        });
    }
}

fn fresh_count(all: &HashMap<Key, Tries>, key: Key, now: Instant) -> u32 {
    all.get(&key).filter(|tries| now.duration_since(tries.last) < MEMORY).map_or(0, |tries| tries.count)
}

/// 1, 2, 4, 8, 16, 32 seconds, then a minute each.
fn wait_after(count: u32, free: u32) -> Duration {
    match count.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1_u64 << beyond.min(16)).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u64) -> Target {
        Target::Account(LocalAccountId::new(number).unwrap())
    }

    fn block(last: u8) -> AddressBlock {
        AddressBlock::of(std::net::IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn req_140_an_account_and_a_block_are_counted_apart_and_both_hold() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..5 {
            assert!(throttle.admit(account(1), block(n), now).is_ok(), "{n}");
        }
        assert!(throttle.admit(account(1), block(9), now).is_err(), "from anywhere");
        assert!(throttle.admit(account(2), block(1), now).is_ok(), "another account");
        let spraying = (10..100).filter(|n| throttle.admit(account(*n), block(77), now).is_ok()).count();
        assert_eq!(spraying, 30, "one block, many accounts");
    }

    #[test]
    fn req_141_of_two_hundred_parallel_tries_five_are_let_through() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let admitted = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for n in 0..200_u8 {
                let (throttle, admitted) = (&throttle, &admitted);
                scope.spawn(move || {
                    if throttle.admit(account(1), block(n), now).is_ok() {
                        admitted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 5);
    }

    #[test]
    fn req_142_the_wait_grows_to_a_minute_and_no_further_and_a_known_browser_has_turns_of_its_own() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        let mut waits = Vec::new();
        for n in 0..20 {
            assert!(throttle.admit(account(1), block(n), now).is_ok());
            let wait = throttle.with(|all| all[&Key::Target(account(1))].next.duration_since(now));
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(waits[..12], [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits.iter().all(|wait| *wait <= 60));
        let known = Target::Known(LocalAccountId::new(1).unwrap(), [7; 16]);
        assert!(
            throttle.admit(account(1), block(50), now).is_ok()
                && throttle.admit(account(1), block(51), now).is_err()
        );
        assert!(throttle.admit(known, block(52), now).is_ok(), "its owner, meanwhile");
        let full = Throttle::default();
        let names = (0..MOST_KEYS).map(|n| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            (Key::Target(Target::Nobody(digest)), Tries { count: 1, last: now, next: now })
        });
        full.with(|all| all.extend(names));
        assert!(
            full.admit(account(2), block(52), now).is_err(),
            "somebody tries names by the hundred thousand"
        );
        assert!(full.admit(known, block(52), now).is_ok(), "and does not keep the owner out");
        throttle.succeeded(account(1));
        assert!(throttle.admit(account(1), block(53), now).is_ok());
        throttle.forget_idle(now + MEMORY);
        assert!(throttle.with(|all| all.is_empty()));
    }
}
