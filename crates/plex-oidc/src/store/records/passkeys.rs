//! Passkeys, which open the host's page.

use std::fmt;

use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use plex_oidc_core::webauthn::Backup;

use super::{HostSession, SealedBytes};

/// What people and commands call a passkey: eight hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasskeyId(pub u32);

impl PasskeyId {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let id = u32::from_str_radix(text, 16).ok().map(Self)?;
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What the authenticator calls it.
    pub credential: Vec<u8>,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// Its public key.
    pub key: SealedBytes,
    /// Where its counter stood last.
    pub sign_count: u32,
    /// Whether it lies on other devices too.
    pub backup: Backup,
    /// When it was added.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// In which browser it was added, if that was in a session of one: it ends with that.
    pub browser: Option<BrowserId>,
}

/// A challenge that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedChallenge {
    /// Its hash.
    pub hash: SecretHash,
    /// When it is over anyway.
    pub keep_until: Timestamp,
}

/// What became of adding a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyAdded {
    /// It is there.
    Added,
    /// Its challenge was used before.
    ChallengeUsed,
    /// The credential, or the id, is there already.
    Taken,
    /// The account has as many as it may have.
    TooMany,
    /// The browser in which it was made is forgotten since then.
    BrowserForgotten,
}

/// A passkey was used, and a visit begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsePasskey {
    /// Which.
    pub id: PasskeyId,
    /// With which challenge.
    pub challenge: UsedChallenge,
    /// Where its counter stands.
    pub sign_count: u32,
    /// Whether it lies on other devices too.
    pub backup: Backup,
    /// The visit that begins.
    pub visit: HostSession,
    /// The visit of this browser that ends with it.
    pub instead_of: Option<SecretHash>,
}

/// What became of using a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyUse {
    /// The visit has begun.
    Used,
    /// Its challenge was used before.
    ChallengeUsed,
    /// The passkey is gone, of another account, or its counter went on meanwhile.
    Changed,
}
