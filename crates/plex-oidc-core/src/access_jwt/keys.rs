//! A team's keys, as they are published.

use std::collections::HashSet;

use thiserror::Error;

use crate::client::SigningAlgorithm;
use crate::jose::{JwkError, VerifyingKey};

/// Most keys that are taken. A team has two, or three while it rotates.
const MAX_KEYS: usize = 32;
/// Longest name of a key; theirs have 64 characters.
const MAX_NAME: usize = 256;

/// Why what the address answered is no key set. The one we have is then kept.
#[derive(Debug, Error)]
pub enum KeySetError {
    /// A page of HTML, an error message, half an answer.
    #[error(transparent)]
    Malformed(#[from] JwkError),
    /// No RSA key with a name.
    #[error("the key set holds no RSA key that has a name")]
    NoKey,
    /// Two keys of one name.
    #[error("the key set holds two keys of the same name")]
    SameName,
    /// More keys than any team has.
    #[error("the key set holds more than {MAX_KEYS} keys")]
    TooMany,
}

/// Where a team publishes its keys.
pub fn certs_url(issuer: &str) -> String {
    format!("{issuer}/cdn-cgi/access/certs")
}

/// Reads the answer: the named RS256 keys of its JWK set. The PEM certificates beside them say nothing more.
pub fn parse_certs(json: &[u8]) -> Result<Vec<VerifyingKey>, KeySetError> {
    let mut keys = VerifyingKey::parse_set(json)?;
    keys.retain(|key| {
        let named = key.kid().is_some_and(|kid| !kid.is_empty() && kid.len() <= MAX_NAME);
        named && key.algorithm() == SigningAlgorithm::Rs256
    });
    let mut names = HashSet::new();
    if keys.is_empty() {
        return Err(KeySetError::NoKey);
    }
    if keys.len() > MAX_KEYS {
        return Err(KeySetError::TooMany);
    }
    if !keys.iter().all(|key| names.insert(key.kid())) {
        return Err(KeySetError::SameName);
    }
    Ok(keys)
}
