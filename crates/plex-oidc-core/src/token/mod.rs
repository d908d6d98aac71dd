//! The token endpoint's rules (RFC 6749 s. 3.2, s. 4.1.3, s. 6; OIDC Core 1.0 s. 3.1.3; RFC 9700).
//!
//! A request goes through the same phases whatever its grant type: [`client_auth`] says who is calling, [`params`]
//! what is asked, [`code`], [`device`] or [`refresh`] whether the stored facts agree, and only then does the store change.

pub mod assertion;
pub mod client_auth;
pub mod client_credentials;
pub mod code;
pub mod device;
pub mod error;
pub mod introspection;
pub mod params;
pub mod refresh;
