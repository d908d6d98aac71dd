//! Gateway sessions: what lets a browser into applications behind the gateway, and the hand-over that makes them.

use plex_oidc_core::id::ClientId;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::GrantRecord;

/// A gateway session to be stored. It begins with the redemption of its code.
#[derive(Debug, Clone)]
pub struct NewGatewaySession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Where it is good: one host such as `wiki.example.org`, or `.example.org` for a domain and all below it.
    pub scope: String,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When it is over in any case.
    pub absolute_expires: Timestamp,
}

/// A live gateway session of a living grant.
#[derive(Debug, Clone)]
pub struct GatewaySession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// The grant it hangs on, with the user as last known.
    pub grant: GrantRecord,
    /// Where it is good; the caller compares.
    pub scope: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When it is over in any case.
    pub absolute_expires: Timestamp,
}

/// A request to redeem a code for a gateway session, after the caller checked verifier and redirect URI against
/// [`super::CodeRecord`].
#[derive(Debug, Clone)]
pub struct RedeemHandover {
    /// The hash of the presented code.
    pub hash: SecretHash,
    /// The internal client of the application that was visited.
    pub client_id: ClientId,
    /// Now.
    pub now: Timestamp,
    /// The session to store with the redemption.
    pub session: NewGatewaySession,
}
