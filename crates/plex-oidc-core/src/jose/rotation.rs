//! The life of a signing key: next, active, retired; and when it may move on (OIDC Core 1.0 s. 10.1.1).
//!
//! Pure: it plans and changes nothing. Making keys and storing them belongs to the program.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::LEEWAY;
use crate::client::SigningAlgorithm;
use crate::time::{Seconds, Timestamp};

/// How long relying parties may keep our key set: its `max-age`, and the least time from publishing a key to using it.
pub const JWKS_CACHE: Seconds = Seconds::minutes(5);

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
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When nothing that it signed is valid any more, and it may be deleted.
    pub retires_at: Option<Timestamp>,
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
    /// Until when the retired one stays published.
    pub retires_at: Timestamp,
}

/// What a rotation changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationPlan {
    /// One entry for each algorithm that has keys.
    pub rotate: Vec<AlgorithmRotation>,
    /// Retired keys whose time is over.
    pub delete: Vec<String>,
}

/// Why keys are not rotated now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RotationRefusal {
    /// There is nothing to rotate to.
    #[error("there is no next {} key to rotate to", .0.as_str())]
    NoNextKey(SigningAlgorithm),
    /// Relying parties may not have seen the next key yet.
    #[error(
        "the next {} key was published less than {} seconds ago; wait {wait} seconds, so that every application has seen it",
        .algorithm.as_str(), JWKS_CACHE.0
    )]
    TooSoon {
        /// The algorithm.
        algorithm: SigningAlgorithm,
        /// Seconds until it may be used.
        wait: i64,
    },
}

/// Plans a rotation of every algorithm: next becomes active, active retires until the longest-lived token it may have
/// signed is over (security requirement 89). All or nothing.
pub fn plan_rotation(
    keys: &[StoredKey],
    now: Timestamp,
    longest_token_life: Seconds,
) -> Result<RotationPlan, RotationRefusal> {
    let retires_at = now.plus(longest_token_life).plus(LEEWAY);
    let in_state =
        |algorithm, state| keys.iter().filter(move |key| key.algorithm == algorithm && key.state == state);
    let mut rotate = Vec::new();
    for algorithm in SigningAlgorithm::ALL {
        if !keys.iter().any(|key| key.algorithm == algorithm) {
            continue;
        }
        let next = in_state(algorithm, KeyState::Next)
            .min_by_key(|key| key.created_at)
            .ok_or(RotationRefusal::NoNextKey(algorithm))?;
        let ready_at = next.created_at.plus(JWKS_CACHE);
        if !ready_at.has_passed(now) {
            return Err(RotationRefusal::TooSoon { algorithm, wait: ready_at.since(now) });
        }
        rotate.push(AlgorithmRotation {
            algorithm,
            activate: next.kid.clone(),
            retire: in_state(algorithm, KeyState::Active).next().map(|key| key.kid.clone()),
            retires_at,
        });
    }
    let over = |key: &&StoredKey| {
        key.state == KeyState::Retired && key.retires_at.is_some_and(|end| end.has_passed(now))
    };
    Ok(RotationPlan { rotate, delete: keys.iter().filter(over).map(|key| key.kid.clone()).collect() })
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
            activated_at: None,
            retires_at: (state == KeyState::Retired).then_some(Timestamp(created_at + 100)),
        }
    }

    #[test]
    fn req_089_a_key_is_published_one_cache_period_before_use() {
        let keys = [stored("a", KeyState::Active, 0), stored("b", KeyState::Next, 1000)];
        let early = plan_rotation(&keys, Timestamp(1299), Seconds(600)).unwrap_err();
        assert_eq!(early, RotationRefusal::TooSoon { algorithm: SigningAlgorithm::Rs256, wait: 1 });
        assert!(early.to_string().contains("wait 1 seconds"), "{early}");
        assert!(plan_rotation(&keys, Timestamp(1300), Seconds(600)).is_ok());
        let backwards = plan_rotation(&keys, Timestamp(500), Seconds(600));
        assert!(backwards.is_err(), "a clock that was set back does not shorten the wait");
        let none = plan_rotation(&keys[..1], Timestamp(9999), Seconds(600));
        assert_eq!(none, Err(RotationRefusal::NoNextKey(SigningAlgorithm::Rs256)));
    }

    #[test]
    fn req_089_the_old_key_stays_for_the_longest_token_and_the_leeway() {
        let keys = [
            stored("a", KeyState::Active, 0),
            stored("b", KeyState::Next, 0),
            stored("c", KeyState::Retired, 0),
            stored("d", KeyState::Retired, 950),
        ];
        let plan = plan_rotation(&keys, Timestamp(1000), Seconds(600)).unwrap();
        let expected = AlgorithmRotation {
            algorithm: SigningAlgorithm::Rs256,
            activate: "b".to_owned(),
            retire: Some("a".to_owned()),
            retires_at: Timestamp(1000 + 600 + 60),
        };
        assert_eq!(plan, RotationPlan { rotate: vec![expected], delete: vec!["c".to_owned()] });
    }

    #[test]
    fn only_retired_keys_are_deleted_and_only_when_their_time_is_over() {
        let with_end = |kid, state, end| StoredKey { retires_at: end, ..stored(kid, state, 0) };
        let keys = [
            with_end("a", KeyState::Active, Some(Timestamp(1))),
            with_end("b", KeyState::Next, Some(Timestamp(1))),
            with_end("c", KeyState::Retired, None),
            with_end("d", KeyState::Retired, Some(Timestamp(1001))),
            with_end("e", KeyState::Retired, Some(Timestamp(1000))),
        ];
        assert_eq!(plan_rotation(&keys, Timestamp(1000), Seconds(600)).unwrap().delete, ["e"]);
    }

    #[test]
    fn states_are_stored_under_their_names() {
        for state in [KeyState::Next, KeyState::Active, KeyState::Retired] {
            assert_eq!(KeyState::parse(state.as_str()), Some(state));
        }
        assert_eq!(KeyState::parse("Active"), None);
    }
}
