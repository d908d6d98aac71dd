//! Owns what can go wrong with a call to plex.tv, sorted by what the caller may conclude from it. No value here can
//! hold a token, a body or an address: an error is safe to log as it is.

use std::time::Duration;

/// Why a call to plex.tv gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Plex says, in its own words, that the token is not valid. The only failure that says something about a person.
    #[error("plex.tv does not accept this token")]
    Unauthorized,
    /// The PIN expired, never existed, or was made under another client identifier: Plex does not tell which.
    #[error("the PIN has expired or is not known to plex.tv")]
    PinGone,
    /// Too many calls.
    #[error("plex.tv asks for fewer calls")]
    RateLimited {
        /// How long Plex asked us to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// No answer, or one that says Plex is not well. Worth trying again later.
    #[error("plex.tv is not available: {outage}")]
    Unavailable {
        /// What happened.
        outage: Outage,
        /// How long Plex asked us to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// An answer that is neither the agreed one nor a known refusal. Says nothing about anybody.
    #[error("plex.tv gave an unexpected answer (status {status}): {oddity}")]
    Unexpected {
        /// The HTTP status; 0 when the request could not even be formed.
        status: u16,
        /// What is odd about it.
        oddity: Oddity,
    },
    /// Plex has removed this call.
    #[error("plex.tv has removed this call")]
    Gone,
}

/// What kept plex.tv from answering.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// Its name could not be resolved.
    #[error("its name could not be resolved")]
    Dns,
    /// The connection is not trustworthy; the text is the TLS library's reason.
    #[error("no trustworthy connection: {0}")]
    Tls(String),
    /// No connection.
    #[error("no connection")]
    Connect,
    /// The connection ended before the answer did.
    #[error("the connection broke")]
    Interrupted,
    /// It answered with this server error.
    #[error("status {0}")]
    Status(u16),
}

/// What is odd about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// Not the status this call answers with.
    #[error("not a status this call answers with")]
    Status,
    /// A refusal with a code of Plex's own that has no meaning for this call.
    #[error("refused with Plex code {0}")]
    Code(u64),
    /// Neither JSON nor XML.
    #[error("neither JSON nor XML")]
    ContentType,
    /// More than we are willing to read.
    #[error("larger than any honest answer")]
    TooLarge,
    /// The content is not what this call answers with.
    #[error(transparent)]
    Malformed(#[from] crate::parse::Malformed),
    /// A base address cannot carry a path.
    #[error("the configured address cannot be used")]
    Address,
}

impl Error {
    /// Whether Plex itself said that the token is not valid. Nothing else may end anybody's access.
    pub fn says_token_is_dead(&self) -> bool {
        matches!(self, Self::Unauthorized)
    }

    /// Whether the same call may well succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. })
    }

    /// How long Plex asked us to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Unauthorized | Self::PinGone | Self::Unexpected { .. } | Self::Gone => None,
        }
    }

    pub(crate) fn unexpected(status: u16, oddity: impl Into<Oddity>) -> Self {
        Self::Unexpected { status, oddity: oddity.into() }
    }

    pub(crate) fn unavailable(outage: Outage) -> Self {
        Self::Unavailable { outage, retry_after: None }
    }
}
