//! What clients are to be told about sessions that ended.

use plex_oidc_core::id::{AccountId, ClientId, Sid};

/// A client to be told of the end of a session. Taken from the queue for one try; it stays there until it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The session that ended.
    pub sid: Sid,
    /// Whom to tell.
    pub client_id: ClientId,
    /// Who was signed in.
    pub account_id: AccountId,
    /// Which try this is, from 1 to [`LOGOUT_TRIES`](crate::store::LOGOUT_TRIES).
    pub tries: u32,
}
