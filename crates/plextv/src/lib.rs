//! A client of the plex.tv web API: typed calls, tolerant parsing, polite polling.
//!
//! Owns what goes over the wire to plex.tv, what comes back, and what each answer means. It owns no policy: who may
//! come in, how long an answer stays good and when to ask again are decided by the caller. It keeps no state between
//! calls and reads no clock.
//!
//! The one rule behind the error type: only a clean "this token is not valid" from plex.tv says anything about a
//! person. Every other failure is a failure to find out.

mod answer;
pub mod breaker;
mod client;
mod error;
mod http;
mod identity;
mod model;
mod observer;
pub mod parse;
pub mod poll;
#[cfg(test)]
mod properties;
mod secret;
mod shares;
mod wire;

pub use client::PlexTv;
pub use error::{Error, Oddity, Outage};
pub use http::{HttpClientError, Timeouts, tls_config};
pub use identity::{BaseUrls, ClientIdentity, InvalidIdentity};
pub use model::{Library, Pin, PinId, Resources, Server, Unreadable, User};
pub use observer::{Came, Kind, Observer};
pub use secret::PlexToken;
pub use shares::{ShareList, Shares};
