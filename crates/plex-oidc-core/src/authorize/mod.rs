//! The authorization endpoint's rules (RFC 6749 s. 4.1.1, OIDC Core 1.0 s. 3.1.2, RFC 9700).
//!
//! [`validate`] turns raw parameters into an [`AuthorizationRequest`], as an ordered list of checks; the client and
//! its redirect URI come first, and only what fails after them may be sent to the client ([`AuthorizeError`]).
//! [`next_step`] then says what the person must do before a code may be issued.

mod checks;
mod error;
mod repeats;
mod request;
mod response;
mod step;

pub use checks::{MAX_HINT_BYTES, MAX_NONCE_BYTES, MAX_STATE_BYTES, scopes_for, validate, validate_pushed};
pub use error::{AuthorizeError, AuthorizeErrorCode, PageError, RedirectError};
pub use repeats::Repeats;
pub use request::AuthorizationRequest;
pub use response::{AuthorizationResponse, ReplyTo, ResponseMode};
pub use step::{Progress, SessionFacts, Step, next_step};

#[cfg(test)]
mod tests;
