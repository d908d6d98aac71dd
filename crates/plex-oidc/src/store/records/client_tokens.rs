//! What clients have for themselves: access tokens, and assertions that were used.

use plex_oidc_core::id::ClientId;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

/// An access token of a client, to be stored.
#[derive(Debug, Clone)]
pub struct NewClientToken {
    /// Its hash.
    pub hash: SecretHash,
    /// Whose it is.
    pub client_id: ClientId,
    /// What it is good for.
    pub scopes: ScopeSet,
    /// What it is for.
    pub resources: ResourceSet,
    /// When it is issued.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}

/// A live access token of a client, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTokenRecord {
    /// Whose it is.
    pub client_id: ClientId,
    /// What it is good for.
    pub scopes: ScopeSet,
    /// What it is for.
    pub resources: ResourceSet,
    /// When it was issued.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}
