//! People's own Plex tokens, where they are kept, and how much there is of things.

use plex_oidc_core::id::AccountId;
use plex_oidc_core::time::Timestamp;

use super::SealedBytes;

/// The Plex token of a sign-in, to be kept in the place of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlexToken {
    /// The token.
    pub sealed: SealedBytes,
    /// When Plex is asked with it.
    pub next_look: Timestamp,
}

/// A token with which Plex is to be asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPlexToken {
    /// Whose it is.
    pub account_id: AccountId,
    /// The token.
    pub sealed: SealedBytes,
    /// Looks in a row that came to nothing.
    pub failures: u32,
    /// Whether the last answer left everything out.
    pub missed: bool,
}

/// The tokens with which Plex is to be asked now, the one that has waited longest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DuePlexTokens {
    /// Some of those that are due.
    pub due: Vec<KeptPlexToken>,
    /// When the first of all others is.
    pub next: Option<Timestamp>,
    /// How many are kept in all.
    pub kept: usize,
}

/// What became of a look with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlexLook {
    /// The token, as it was when it was due.
    pub token: KeptPlexToken,
    /// When Plex is asked next.
    pub next_look: Timestamp,
    /// Looks in a row that came to nothing, this one included.
    pub failures: u32,
    /// Whether this answer left everything out.
    pub missed: bool,
}

/// How much there is of some things, each counted up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tallies {
    /// Live browser sessions.
    pub browser_sessions: u64,
    /// Live gateway sessions.
    pub gateway_sessions: u64,
    /// Notices of the end of a session that wait to be sent.
    pub logouts_waiting: u64,
    /// People whose own Plex token is kept.
    pub plex_tokens: u64,
}
