//! The signing key ring: next, active and retired keys, opened once and then only used.
//!
//! Rotation makes a new ring from the changed rows; a ring itself never changes.

use bytes::Bytes;
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{
    JwkSet, KeyState, RotationRefusal, SigningKey, SigningKeyError, StoredKey, VerifyingKey, plan_rotation,
};
use plex_oidc_core::time::{Seconds, Timestamp};
use thiserror::Error;

use super::seal::{Place, Seal, SealError};

/// Thumbprints of private keys that stand in print: RFC 7517 appendix A.2, RFC 8037 appendix A.1, RFC 7515 appendix
/// A.3. No private key of our own is in the repository.
const WELL_KNOWN: [&str; 3] = [
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
];

/// Why the stored signing keys cannot be used, or new ones not be made. Nothing is created in their place.
#[derive(Debug, Error)]
pub enum KeyRingError {
    /// A private key does not open.
    #[error("the signing key {kid} cannot be opened: {source}")]
    Sealed {
        /// Its name.
        kid: String,
        /// What is wrong.
        source: SealError,
    },
    /// It opens, and is not a private key of its algorithm.
    #[error("the signing key {kid} cannot be used: {source}. Restore the database from a backup")]
    Unusable {
        /// Its name.
        kid: String,
        /// What is wrong.
        source: SigningKeyError,
    },
    /// It is another key than its row says.
    #[error("the signing key {kid} is in truth the key {actual}. Restore the database from a backup")]
    Misnamed {
        /// The name in the row.
        kid: String,
        /// Its thumbprint.
        actual: String,
    },
    /// Its private half is in print.
    #[error(
        "the signing key {kid} is the example key of a specification, so everybody can sign with it. Move the \
         database and the key file away, and run `plex-oidc init`: it makes new ones"
    )]
    WellKnown {
        /// Its name.
        kid: String,
    },
    /// There is nothing to sign with.
    #[error("there is no active {} signing key. Restore the database from a backup", .0.as_str())]
    NoActiveKey(SigningAlgorithm),
    /// Nobody can tell which one signs.
    #[error("there is more than one active {} signing key. Restore the database from a backup", .0.as_str())]
    SeveralActiveKeys(SigningAlgorithm),
    /// Its row names an algorithm or a state that we do not know.
    #[error(
        "the signing key {kid} is stored with an algorithm or a state that this version does not know. Use the version \
         that wrote it, or restore the database from a backup"
    )]
    UnreadableRow {
        /// Its name.
        kid: String,
    },
    /// A new key could not be made.
    #[error(transparent)]
    NotMade(SigningKeyError),
}

/// The keys in use, parsed. Shared by all requests; replaced as a whole when keys rotate.
#[derive(Debug)]
pub struct KeyRing {
    rs256: SigningKey,
    es256: SigningKey,
    eddsa: SigningKey,
    verifying: Vec<VerifyingKey>,
    jwks: Bytes,
}

impl KeyRing {
    /// Opens stored keys. Every algorithm must have exactly one active key, and every key must be good: one that does
    /// not open is not left out, because tokens that it signed would stop verifying without a word.
    #[expect(clippy::missing_panics_doc, reason = "strings always have a JSON form")]
    pub fn open(stored: &[StoredKey], seal: &Seal) -> Result<Self, KeyRingError> {
        // Active first, RS256 first among them: some relying parties take the first key of a set.
        let mut rows: Vec<&StoredKey> = stored.iter().collect();
        rows.sort_by_key(|row| (place_in_set(row.state), row.algorithm, row.created_at));
        let mut active = ActiveKeys::default();
        let (mut published, mut verifying) = (Vec::new(), Vec::new());
        for row in rows {
            let key = open_key(row, seal)?;
            published.push(key.public_jwk());
            verifying.push(key.verifying_key());
            if row.state == KeyState::Active && active.slot(row.algorithm).replace(key).is_some() {
                return Err(KeyRingError::SeveralActiveKeys(row.algorithm));
            }
        }
        let jwks = serde_json::to_vec(&JwkSet::new(published)).expect("a set of strings has a JSON form");
        let mut take = |algorithm| active.slot(algorithm).take().ok_or(KeyRingError::NoActiveKey(algorithm));
        Ok(Self {
            rs256: take(SigningAlgorithm::Rs256)?,
            es256: take(SigningAlgorithm::Es256)?,
            eddsa: take(SigningAlgorithm::EdDsa)?,
            verifying,
            jwks: Bytes::from(jwks),
        })
    }

    /// The key that signs with this algorithm.
    pub const fn signing_key(&self, algorithm: SigningAlgorithm) -> &SigningKey {
        match algorithm {
            SigningAlgorithm::Rs256 => &self.rs256,
            SigningAlgorithm::Es256 => &self.es256,
            SigningAlgorithm::EdDsa => &self.eddsa,
        }
    }

    /// The document at the `jwks_uri` (RFC 7517 s. 5): active, next, and retired keys until they are deleted. Written
    /// once; a copy is a reference.
    pub fn jwks_json(&self) -> Bytes {
        self.jwks.clone()
    }

    /// The public halves of all keys, for tokens of ours that come back.
    pub fn verifying_keys(&self) -> &[VerifyingKey] {
        &self.verifying
    }
}

#[derive(Default)]
struct ActiveKeys {
    rs256: Option<SigningKey>,
    es256: Option<SigningKey>,
    eddsa: Option<SigningKey>,
}

impl ActiveKeys {
    const fn slot(&mut self, algorithm: SigningAlgorithm) -> &mut Option<SigningKey> {
        match algorithm {
            SigningAlgorithm::Rs256 => &mut self.rs256,
            SigningAlgorithm::Es256 => &mut self.es256,
            SigningAlgorithm::EdDsa => &mut self.eddsa,
        }
    }
}

/// Makes the keys of a new installation: for every algorithm an active one and a next one. Takes some hundred
/// milliseconds of CPU for the RSA keys.
pub fn new_keys(seal: &Seal, now: Timestamp) -> Result<Vec<StoredKey>, KeyRingError> {
    SigningAlgorithm::ALL
        .into_iter()
        .flat_map(|algorithm| [(algorithm, KeyState::Active), (algorithm, KeyState::Next)])
        .map(|(algorithm, state)| new_key(seal, algorithm, state, now))
        .collect()
}

/// Why keys do not rotate.
#[derive(Debug, Error)]
pub enum RotateError {
    /// It is not time.
    #[error(transparent)]
    Refused(#[from] RotationRefusal),
    /// The new keys could not be made, or the set would not open.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

/// The set of keys after a rotation, and its ring; to be stored in the place of exactly `stored`, and only then used.
/// `longest_token_life` is the longest life that any token is ever given.
pub fn rotated_keys(
    stored: &[StoredKey],
    seal: &Seal,
    now: Timestamp,
    longest_token_life: Seconds,
) -> Result<(Vec<StoredKey>, KeyRing), RotateError> {
    let plan = plan_rotation(stored, now, longest_token_life)?;
    let mut keys = plan.apply(stored);
    for step in &plan.rotate {
        keys.push(new_key(seal, step.algorithm, KeyState::Next, now)?);
    }
    let ring = KeyRing::open(&keys, seal)?;
    Ok((keys, ring))
}

/// Makes one key, sealed for its row.
pub fn new_key(
    seal: &Seal,
    algorithm: SigningAlgorithm,
    state: KeyState,
    now: Timestamp,
) -> Result<StoredKey, KeyRingError> {
    let (key, pkcs8) = SigningKey::generate(algorithm).map_err(KeyRingError::NotMade)?;
    let kid = key.kid().to_owned();
    let sealed_private = seal
        .seal(private_place(&kid), &pkcs8)
        .map_err(|source| KeyRingError::Sealed { kid: kid.clone(), source })?;
    Ok(StoredKey { kid, algorithm, state, sealed_private, created_at: now })
}

fn open_key(row: &StoredKey, seal: &Seal) -> Result<SigningKey, KeyRingError> {
    let kid = || row.kid.clone();
    let pkcs8 = seal
        .open(private_place(&row.kid), &row.sealed_private)
        .map_err(|source| KeyRingError::Sealed { kid: kid(), source })?;
    let key = SigningKey::from_pkcs8(row.algorithm, &pkcs8)
        .map_err(|source| KeyRingError::Unusable { kid: kid(), source })?;
    if key.kid() != row.kid {
        return Err(KeyRingError::Misnamed { kid: kid(), actual: key.kid().to_owned() });
    }
    if WELL_KNOWN.contains(&key.kid()) {
        return Err(KeyRingError::WellKnown { kid: kid() });
    }
    Ok(key)
}

const fn private_place(kid: &str) -> Place<'_> {
    Place { table: "signing_keys", column: "sealed", row: kid }
}

const fn place_in_set(state: KeyState) -> u8 {
    match state {
        KeyState::Active => 0,
        KeyState::Next => 1,
        KeyState::Retired => 2,
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
