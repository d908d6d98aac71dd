//! The errors of the token endpoint (RFC 6749 s. 5.2, RFC 8628 s. 3.5). Descriptions are ours and fixed: input is never echoed.

use thiserror::Error;

/// Why a token request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The request itself is wrong.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client is unknown, or did not prove who it is. One text for every cause.
    #[error("the client could not be authenticated")]
    InvalidClient {
        /// Whether the `Authorization` header was used, so that the answer must name the scheme.
        basic: bool,
    },
    /// The code or refresh token is not good for this client now. One text for every cause.
    #[error("the code or token is not valid, or was used, has expired, or belongs to another client")]
    InvalidGrant,
    /// This client may not use this grant type.
    #[error("this client may not use this grant type")]
    UnauthorizedClient,
    /// No such grant type here.
    #[error("only authorization_code, refresh_token, client_credentials and device codes are supported")]
    UnsupportedGrantType,
    /// Nobody has answered the device's request yet (RFC 8628 s. 3.5).
    #[error("nobody has answered yet, ask again")]
    AuthorizationPending,
    /// The same, and the device asks too often (RFC 8628 s. 3.5).
    #[error("nobody has answered yet, and the interval is five seconds longer from now on")]
    SlowDown,
    /// The person said no, or may not use this client (RFC 8628 s. 3.5).
    #[error("access was denied")]
    AccessDenied,
    /// Nobody has answered in time (RFC 8628 s. 3.5).
    #[error("the device code has expired, begin anew")]
    ExpiredToken,
    /// More scopes than were granted, or than can be.
    #[error("the scope is wider than what may be granted")]
    InvalidScope,
    /// A resource outside of what was granted, or can be (RFC 8707 s. 2).
    #[error("the resource is not one that was granted")]
    InvalidTarget,
    /// Something of ours failed; nothing was issued.
    #[error("the service cannot answer now, try again")]
    TemporarilyUnavailable,
    /// Something of ours is wrong and will stay so; the log says what.
    #[error("the service could not make the tokens; its log says why")]
    ServerError,
}

impl TokenError {
    /// The `error` value on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient { .. } => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::AccessDenied => "access_denied",
            Self::ExpiredToken => "expired_token",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient { .. } => 401,
            Self::TemporarilyUnavailable => 503,
            Self::ServerError => 500,
            _ => 400,
        }
    }
}

impl From<crate::form::Repeated> for TokenError {
    fn from(_: crate::form::Repeated) -> Self {
        Self::InvalidRequest("a parameter was sent more than once")
    }
}

impl From<crate::resource::InvalidTarget> for TokenError {
    fn from(_: crate::resource::InvalidTarget) -> Self {
        Self::InvalidTarget
    }
}

#[cfg(test)]
mod tests {
    use super::TokenError;

    #[test]
    fn req_052_descriptions_keep_to_the_allowed_characters() {
        for error in [
            TokenError::InvalidRequest("x"),
            TokenError::InvalidClient { basic: true },
            TokenError::InvalidGrant,
            TokenError::UnauthorizedClient,
            TokenError::UnsupportedGrantType,
            TokenError::AuthorizationPending,
            TokenError::SlowDown,
            TokenError::AccessDenied,
            TokenError::ExpiredToken,
            TokenError::InvalidScope,
            TokenError::InvalidTarget,
            TokenError::TemporarilyUnavailable,
            TokenError::ServerError,
        ] {
            let text = error.to_string();
            assert!(text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{text}");
        }
    }
}
