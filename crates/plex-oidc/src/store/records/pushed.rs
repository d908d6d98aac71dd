//! Authorization requests that their clients pushed (RFC 9126).

use plex_oidc_core::id::ClientId;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

/// A pushed request, to be stored and as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRequest {
    /// The hash of its name.
    pub hash: SecretHash,
    /// The client that pushed it.
    pub client_id: ClientId,
    /// The validated authorization request, as JSON.
    pub request_json: String,
    /// When it is too late to begin with it.
    pub expires: Timestamp,
}
