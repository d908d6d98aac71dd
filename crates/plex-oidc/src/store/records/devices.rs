//! Requests of devices that have no browser of their own (RFC 8628).

use plex_oidc_core::device::UserCodeHash;
use plex_oidc_core::id::ClientId;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};

/// A device's request, to be stored.
#[derive(Debug, Clone)]
pub struct NewDeviceRequest {
    /// The hash of its device code.
    pub hash: SecretHash,
    /// The code that it shows.
    pub user_code: UserCodeHash,
    /// The client that asks.
    pub client_id: ClientId,
    /// What it asks for.
    pub scopes: ScopeSet,
    /// What its tokens are to be for.
    pub resources: ResourceSet,
    /// When it is over.
    pub expires: Timestamp,
    /// How long it is to wait between two polls.
    pub interval: Seconds,
}

/// What was answered to a device's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAnswer {
    /// Nothing yet.
    Pending,
    /// No.
    Denied,
    /// Yes. Its grant is that of a code with the same hash.
    Approved,
}

/// A device's request as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// The hash of its device code.
    pub hash: SecretHash,
    /// The client that asks.
    pub client_id: ClientId,
    /// What it asks for.
    pub scopes: ScopeSet,
    /// What its tokens are to be for.
    pub resources: ResourceSet,
    /// When it is over.
    pub expires: Timestamp,
    /// What was answered.
    pub answer: DeviceAnswer,
}
