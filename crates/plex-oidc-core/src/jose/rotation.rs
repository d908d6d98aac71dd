//! The life of a signing key: next, active, retired; and when it may move on (OIDC Core 1.0 s. 10.1.1).
//!
//! Pure: it plans and changes nothing. Making keys and storing them belongs to the program.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::LEEWAY;
use crate::client::SigningAlgorithm;
use crate::time::{Seconds, Timestamp};

/// How long relying parties keep our key set without asking again, whatever its `max-age` says.
const LONGEST_JWKS_CACHE: Seconds = Seconds::hours(1);
/// How far a running instance may be behind what is stored: it reads the keys anew so often.
pub const RING_LAG: Seconds = Seconds::minutes(1);
/// The least time from storing a next key to signing with it: the last instance that learns of it publishes it, and from then
/// on nobody fetches a set without it.
pub const PUBLISHED_BEFORE_USE: Seconds = Seconds(LONGEST_JWKS_CACHE.0 + RING_LAG.0);

/// Where a key is in its life. All three are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, and signs nothing yet.
    Next,
    /// Signs.
    Active,
    /// Signs no more; what it signed can still be verified.
    Retired,
}

impl KeyState {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// Reads the name in storage.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retired].into_iter().find(|state| state.as_str() == text)
    }
}

/// A signing key as it is stored. The private half is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name: the thumbprint of the public half (RFC 7638).
    pub kid: String,
    /// The one algorithm it signs with.
    pub algorithm: SigningAlgorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// The private half in PKCS#8 form, sealed for this row.
    pub sealed_private: Vec<u8>,
    /// When it was made and published.
    pub created_at: Timestamp,
}

/// What to change for one algorithm: in one transaction, the row counts checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmRotation {
    /// The algorithm; a new next key of it is to be made.
    pub algorithm: SigningAlgorithm,
    /// The next key that becomes the active one.
    pub activate: String,
    /// The active key that retires.
    pub retire: Option<String>,
}

/// What a rotation changes. Besides, a new next key of each algorithm is made, with the time of the rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationPlan {
    /// One entry for each algorithm that has keys.
    pub rotate: Vec<AlgorithmRotation>,
    /// Retired keys whose time is over.
    pub delete: Vec<String>,
}

impl RotationPlan {
    /// The keys after the change, without the new next ones.
    pub fn apply(&self, keys: &[StoredKey]) -> Vec<StoredKey> {
        let state_after = |key: &StoredKey| {
            let step = self.rotate.iter().find(|step| step.algorithm == key.algorithm);
            match step {
                Some(step) if step.activate == key.kid => KeyState::Active,
                Some(step) if step.retire.as_ref() == Some(&key.kid) => KeyState::Retired,
                Some(_) | None => key.state,
            }
        };
        keys.iter()
            .filter(|key| !self.delete.contains(&key.kid))
            .map(|key| StoredKey { state: state_after(key), ..key.clone() })
            .collect()
    }
}

/// Why keys are not rotated now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RotationRefusal {
    /// There is nothing to rotate to.
    #[error("there is no next {} key to rotate to", .0.as_str())]
    NoNextKey(SigningAlgorithm),
    /// Relying parties may not have seen the next key yet.
    #[error(
        "the next {} key was published less than {} min ago; wait {} min, so that every application has seen it",
        .algorithm.as_str(), PUBLISHED_BEFORE_USE.0 / 60, (.wait + 59) / 60
    )]
    TooSoon {
        /// The algorithm.
        algorithm: SigningAlgorithm,
        /// Seconds until it may be used.
        wait: i64,
    },
}

/// Whether keys that rotate by schedule are to rotate now: the newest key was made at the last rotation, or with the
/// installation.
pub fn rotation_is_due(keys: &[StoredKey], every: Seconds, now: Timestamp) -> bool {
    keys.iter().map(|key| key.created_at).max().is_some_and(|last| last.plus(every).has_passed(now))
}

/// Plans a rotation of every algorithm: next becomes active, active retires. All or nothing.
///
/// A retired key stays published until the longest-lived token that it may have signed is over (security requirement
/// 89), and from there to the next rotation. When it retired is not stored and need not be: the newest next key of its algorithm
/// was made in that same rotation or in a later one, and everything that is retired had stopped signing by then, but for instances
/// that had not read the keys yet. `longest_token_life` is the longest that was ever configured; the upper bound of the
/// configuration is a safe choice.
pub fn plan_rotation(
    keys: &[StoredKey],
    now: Timestamp,
    longest_token_life: Seconds,
) -> Result<RotationPlan, RotationRefusal> {
    let (mut rotate, mut delete) = (Vec::new(), Vec::new());
    for algorithm in SigningAlgorithm::ALL {
        let of_it: Vec<_> = keys.iter().filter(|key| key.algorithm == algorithm).collect();
        if of_it.is_empty() {
            continue;
        }
        let in_state = |state| of_it.iter().filter(move |key| key.state == state);
        let next = in_state(KeyState::Next)
            .min_by_key(|key| key.created_at)
            .ok_or(RotationRefusal::NoNextKey(algorithm))?;
        let ready_at = next.created_at.plus(PUBLISHED_BEFORE_USE);
        if !ready_at.has_passed(now) {
            return Err(RotationRefusal::TooSoon { algorithm, wait: ready_at.since(now) });
        }
        let last_rotation = in_state(KeyState::Next).map(|key| key.created_at).max().unwrap_or(now);
        if last_rotation.plus(longest_token_life).plus(LEEWAY).plus(RING_LAG).has_passed(now) {
            delete.extend(in_state(KeyState::Retired).map(|key| key.kid.clone()));
        }
        rotate.push(AlgorithmRotation {
            algorithm,
            activate: next.kid.clone(),
            retire: in_state(KeyState::Active).next().map(|key| key.kid.clone()),
        });
    }
    Ok(RotationPlan { rotate, delete })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(kid: &str, state: KeyState, created_at: i64) -> StoredKey {
        StoredKey {
            kid: kid.to_owned(),
            algorithm: SigningAlgorithm::Rs256,
            state,
            sealed_private: Vec::new(),
            created_at: Timestamp(created_at),
        }
    }

    #[test]
    fn req_089_a_key_is_published_before_use_for_as_long_as_anybody_keeps_a_set() {
        let keys = [stored("a", KeyState::Active, 0), stored("b", KeyState::Next, 1000)];
        let ready = 1000 + 3600 + 60;
        let early = plan_rotation(&keys, Timestamp(ready - 1), Seconds(600)).unwrap_err();
        assert_eq!(early, RotationRefusal::TooSoon { algorithm: SigningAlgorithm::Rs256, wait: 1 });
        assert!(early.to_string().contains("less than 61 min ago; wait 1 min,"), "{early}");
        assert!(plan_rotation(&keys, Timestamp(ready), Seconds(600)).is_ok());
        let backwards = plan_rotation(&keys, Timestamp(500), Seconds(600));
        assert!(backwards.is_err(), "a clock that was set back does not shorten the wait");
        let none = plan_rotation(&keys[..1], Timestamp(99_999), Seconds(600));
        assert_eq!(none, Err(RotationRefusal::NoNextKey(SigningAlgorithm::Rs256)));
    }

    #[test]
    fn req_089_the_old_key_stays_for_the_longest_token_and_the_leeway() {
        let keys = [
            stored("a", KeyState::Retired, 0),
            stored("b", KeyState::Active, 0),
            stored("c", KeyState::Next, 0),
            stored("d", KeyState::Next, 1000), // made when "a" retired
        ];
        let plan_at = |now| plan_rotation(&keys, Timestamp(now), Seconds(6000)).unwrap();
        let early = plan_at(1000 + 6000 + 119);
        let step = AlgorithmRotation {
            algorithm: SigningAlgorithm::Rs256,
            activate: "c".to_owned(),
            retire: Some("b".to_owned()),
        };
        assert_eq!(early, RotationPlan { rotate: vec![step.clone()], delete: Vec::new() });
        let late = plan_at(1000 + 6000 + 120);
        assert_eq!(late, RotationPlan { rotate: vec![step], delete: vec!["a".to_owned()] });

        let after = |plan: &RotationPlan| -> Vec<_> {
            plan.apply(&keys).into_iter().map(|key| (key.kid, key.state)).collect()
        };
        let (b, c, d) = (
            ("b".to_owned(), KeyState::Retired),
            ("c".to_owned(), KeyState::Active),
            ("d".to_owned(), KeyState::Next),
        );
        assert_eq!(after(&late), [b.clone(), c.clone(), d.clone()]);
        assert_eq!(after(&early), [("a".to_owned(), KeyState::Retired), b, c, d]);
    }

    #[test]
    fn one_algorithm_that_is_not_ready_stops_all() {
        let other = |key: StoredKey| StoredKey { algorithm: SigningAlgorithm::EdDsa, ..key };
        let keys = [
            stored("a", KeyState::Active, 0),
            stored("b", KeyState::Next, 0),
            other(stored("c", KeyState::Active, 0)),
            other(stored("d", KeyState::Next, 900)),
        ];
        let refusal = plan_rotation(&keys, Timestamp(4360), Seconds(600));
        assert_eq!(refusal, Err(RotationRefusal::TooSoon { algorithm: SigningAlgorithm::EdDsa, wait: 200 }));
        assert_eq!(plan_rotation(&keys, Timestamp(4560), Seconds(600)).unwrap().rotate.len(), 2);
    }

    #[test]
    fn req_089_the_schedule_counts_from_the_last_rotation() {
        let keys = [
            stored("a", KeyState::Retired, 0),
            stored("b", KeyState::Active, 0),
            stored("c", KeyState::Next, 1000),
        ];
        let due = |now| rotation_is_due(&keys, Seconds(500), Timestamp(now));
        assert_eq!([999, 1499, 1500, 9999].map(due), [false, false, true, true]);
        assert!(!rotation_is_due(&[], Seconds(500), Timestamp(9999)));
    }

    #[test]
    fn states_are_stored_under_their_names() {
        for state in [KeyState::Next, KeyState::Active, KeyState::Retired] {
            assert_eq!(KeyState::parse(state.as_str()), Some(state));
        }
        assert_eq!(KeyState::parse("Active"), None);
    }
}
