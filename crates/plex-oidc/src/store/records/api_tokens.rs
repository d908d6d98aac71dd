//! Tokens of the API: what programs of the host's show there, in nobody's name.

use plex_oidc_core::api::{ApiScopes, ApiTokenId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

/// A token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiToken {
    /// Its public name.
    pub id: ApiTokenId,
    /// What the host calls it.
    pub name: String,
    /// Its hash.
    pub hash: SecretHash,
    /// What it is good for.
    pub scopes: ApiScopes,
    /// When it was made.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}

/// A token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRecord {
    /// Its public name.
    pub id: ApiTokenId,
    /// What the host calls it.
    pub name: String,
    /// What it is good for.
    pub scopes: ApiScopes,
    /// When it was made.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}
