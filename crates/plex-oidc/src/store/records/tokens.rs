//! Access tokens, refresh tokens and what becomes of them.

use plex_oidc_core::id::{ClientId, GrantId};
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};

use super::GrantRecord;

/// An access token to be stored.
#[derive(Debug, Clone)]
pub struct NewAccessToken {
    /// Its hash.
    pub hash: SecretHash,
    /// What it is good for: the scopes of the grant or fewer.
    pub scopes: ScopeSet,
    /// What it is for: the resources of the grant or fewer.
    pub resources: ResourceSet,
    /// When it is over.
    pub expires: Timestamp,
}

/// A live access token as stored.
#[derive(Debug, Clone)]
pub struct AccessTokenRecord {
    /// The grant, with the user.
    pub grant: GrantRecord,
    /// What it is good for.
    pub scopes: ScopeSet,
    /// What it is for.
    pub resources: ResourceSet,
    /// When it was issued.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}

/// The first refresh token of a grant, to be stored.
#[derive(Debug, Clone)]
pub struct NewRefreshToken {
    /// Its hash.
    pub hash: SecretHash,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When the whole family is over; its successors inherit this.
    pub absolute_expires: Timestamp,
}

/// A refresh token as stored, live or not.
#[derive(Debug, Clone)]
pub struct RefreshTokenRecord {
    /// The grant, with the user.
    pub grant: GrantRecord,
    /// When it was issued.
    pub created: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When the whole family is over.
    pub absolute_expires: Timestamp,
    /// When it was rotated or superseded, if it was.
    pub consumed_at: Option<Timestamp>,
}

/// What a refresh does to the refresh token.
#[derive(Debug, Clone)]
pub enum Renewal {
    /// A successor takes its place: public clients (RFC 9700 s. 2.2.2, requirement 59).
    Rotate {
        /// The hash of the successor.
        successor: SecretHash,
        /// When the successor is over if nobody uses it.
        idle_expires: Timestamp,
    },
    /// It stays, and its idle time begins again: confidential clients (requirement 61).
    Keep {
        /// When it is over if nobody uses it again.
        idle_expires: Timestamp,
    },
}

/// A request to refresh, after the caller looked at [`RefreshTokenRecord`] and decided (requirement 63).
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The hash of the presented refresh token.
    pub presented: SecretHash,
    /// The authenticated client.
    pub client_id: ClientId,
    /// Now.
    pub now: Timestamp,
    /// The access token to store with it.
    pub access: NewAccessToken,
    /// What becomes of the refresh token.
    pub renewal: Renewal,
    /// For how long a rotated token whose successor is unused may be presented again (0 to 60 s, requirement 60).
    pub grace: Seconds,
}

/// What became of an attempt to refresh.
#[derive(Debug, Clone)]
pub enum Rotation {
    /// The tokens are stored; the presented one is consumed, or kept if that was asked.
    Rotated,
    /// The client had lost our last answer: the unused successor is dead, the new one stands in its place.
    GraceReuse,
    /// It lost a race within the grace. Refused, and the grant lives on.
    Superseded,
    /// It had been consumed before. The grant was ended, with all its tokens.
    Reuse {
        /// The grant that ended.
        grant: GrantId,
    },
    /// Nobody knows it.
    Unknown,
    /// It was issued to another client. Nothing was changed (requirement 57).
    WrongClient,
    /// Its idle or absolute time is over.
    Expired,
    /// Its grant had ended.
    Ended,
}
