//! The two kinds of failure at the authorization endpoint: shown to the person, or sent to the client.

use thiserror::Error;

use super::response::{AuthorizationResponse, ReplyTo};
use crate::issuer::Issuer;

/// A failure before client and redirect URI are known to belong together. It never leaves our own page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PageError {
    /// No `client_id`, or more than one.
    #[error("the request does not name one client (client_id)")]
    ClientIdMissing,
    /// Nobody we know, or switched off.
    #[error("the client is not registered here (client_id)")]
    ClientUnknown,
    /// No `redirect_uri`, or more than one.
    #[error("the request does not name one address to return to (redirect_uri)")]
    RedirectUriMissing,
    /// Not an address that was registered for this client.
    #[error("the address to return to is not registered for this client (redirect_uri)")]
    RedirectUriUnregistered,
}

/// The `error` values that we send to clients (RFC 6749 s. 4.1.2.1, OIDC Core 1.0 s. 3.1.2.6, RFC 8707 s. 2, OpenID Connect
/// Core Error Code `unmet_authentication_requirements` 1.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the specification's own word")]
pub enum AuthorizeErrorCode {
    InvalidRequest,
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    InvalidTarget,
    ServerError,
    TemporarilyUnavailable,
    InteractionRequired,
    LoginRequired,
    AccountSelectionRequired,
    ConsentRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    UnmetAuthenticationRequirements,
}

impl AuthorizeErrorCode {
    /// The value on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InteractionRequired => "interaction_required",
            Self::LoginRequired => "login_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
        }
    }
}

/// A failure that the client is told about, at the redirect URI that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {description}", code.as_str())]
pub struct RedirectError {
    /// Where it goes.
    pub to: ReplyTo,
    /// What kind of failure.
    pub code: AuthorizeErrorCode,
    /// For the developer of the client; plain ASCII, never an echo of the request.
    pub description: &'static str,
}

impl RedirectError {
    /// What the client is sent (RFC 6749 s. 4.1.2.1).
    pub fn response(&self, issuer: &Issuer) -> AuthorizationResponse {
        let parameters = [("error", self.code.as_str()), ("error_description", self.description)];
        self.to.clone().response(&parameters, issuer)
    }
}

/// Why an authorization request was refused, and who may be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthorizeError {
    /// The person, on our page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The client, at its redirect URI.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
}
