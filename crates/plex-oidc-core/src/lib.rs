//! The pure part of plex-oidc: values in, decisions out.
//!
//! Nothing in this crate reads a clock, a random source, the network, a file or the environment; whatever a rule
//! needs is an argument. That is what makes every rule testable to the second and to the byte.

pub mod access_jwt;
pub mod account;
pub mod api;
pub mod audit;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod cookie;
pub mod decide;
pub mod device;
pub mod discovery;
pub mod form;
pub mod gateway;
pub mod groups;
pub mod id;
pub mod issuer;
pub mod jose;
pub mod language;
pub mod line;
pub mod logout;
pub mod membership;
pub mod net;
pub mod outbound;
pub mod own_page;
pub mod pkce;
pub mod profile;
pub mod prompt;
pub mod recheck;
pub mod redirect;
pub mod requested_claims;
pub mod resource;
pub mod scope;
pub mod secret;
pub mod subject;
pub mod time;
pub mod token;
pub mod user_agent;
pub mod webauthn;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
