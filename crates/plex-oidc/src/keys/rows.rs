//! Signing keys in the store's words, and back.

use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{KeyState, StoredKey};

use super::ring::KeyRingError;
use crate::store::records::{SealedBytes, StoredKeyRow};

/// Keys as rows for the store, in the same order.
pub fn to_rows(keys: Vec<StoredKey>) -> Vec<StoredKeyRow> {
    let row = |key: StoredKey| StoredKeyRow {
        kid: key.kid,
        algorithm: key.algorithm.as_str().to_owned(),
        state: key.state.as_str().to_owned(),
        created: key.created_at,
        sealed: SealedBytes(key.sealed_private),
    };
    keys.into_iter().map(row).collect()
}

/// Rows of the store as keys, in the same order. One that cannot be read is an error: it may have signed tokens.
pub fn from_rows(rows: Vec<StoredKeyRow>) -> Result<Vec<StoredKey>, KeyRingError> {
    rows.into_iter().map(from_row).collect()
}

fn from_row(row: StoredKeyRow) -> Result<StoredKey, KeyRingError> {
    let (algorithm, state) = (SigningAlgorithm::parse(&row.algorithm), KeyState::parse(&row.state));
    let (Some(algorithm), Some(state)) = (algorithm, state) else {
        return Err(KeyRingError::UnreadableRow { kid: row.kid });
    };
    Ok(StoredKey { kid: row.kid, algorithm, state, sealed_private: row.sealed.0, created_at: row.created })
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::time::Timestamp;

    use super::*;

    #[test]
    fn keys_come_back_from_rows_as_they_were() {
        let states = [KeyState::Next, KeyState::Active, KeyState::Retired];
        let keys: Vec<_> = std::iter::zip(SigningAlgorithm::ALL, states)
            .map(|(algorithm, state)| StoredKey {
                kid: format!("kid of {}", algorithm.as_str()),
                algorithm,
                state,
                sealed_private: vec![1, 2, 3],
                created_at: Timestamp(7),
            })
            .collect();
        assert_eq!(from_rows(to_rows(keys.clone())).unwrap(), keys);
    }

    #[test]
    fn req_091_a_row_in_unknown_words_is_refused() {
        let row = |algorithm: &str, state: &str| StoredKeyRow {
            kid: "abc".to_owned(),
            algorithm: algorithm.to_owned(),
            state: state.to_owned(),
            created: Timestamp(7),
            sealed: SealedBytes(Vec::new()),
        };
        for (algorithm, state) in
            [("none", "active"), ("HS256", "active"), ("RS256", "Active"), ("RS256", "")]
        {
            let message = from_rows(vec![row(algorithm, state)]).unwrap_err().to_string();
            assert!(message.contains("abc") && message.contains("restore the database"), "{message}");
        }
    }
}
