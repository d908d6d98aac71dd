//! Links to the host's page, and the visits that begin with one or with a passkey.

use plex_oidc_core::id::AccountId;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::PasskeyId;

/// A link to the host's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminLink {
    /// The hash of its secret.
    pub hash: SecretHash,
    /// When it is over if nobody uses it.
    pub expires: Timestamp,
}

/// A visit to the host's page that began with such a link, or with a passkey. It is no browser session, and opens nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostSession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// The owner's account.
    pub account_id: AccountId,
    /// When the link or the passkey was used.
    pub began: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
    /// The passkey that it began with; nothing where it was a link.
    pub passkey: Option<PasskeyId>,
}
