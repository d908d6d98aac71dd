//! What happens between a handler and the store: remembering an authorization request, waiting for Plex, judging who
//! came back, issuing codes and tokens. Handlers translate HTTP; the rules are in the core; the order is here.

pub mod access;
pub mod account;
pub mod admin;
pub mod admin_link;
pub mod alarm;
pub mod answered;
pub mod api_tokens;
pub mod app_tokens;
pub mod attempt;
pub mod audit;
pub mod browsers;
pub mod by_host;
pub mod client_auth;
pub mod client_credentials;
pub mod complete;
pub mod device;
pub mod doors;
pub mod figures;
pub mod finish;
pub mod forms;
pub mod gateway;
pub mod handover;
pub mod introspection;
pub mod issue;
pub mod key_rotation;
pub mod mail;
pub mod own_tokens;
pub mod owner_token;
pub mod passkeys;
pub mod password;
pub mod people;
pub mod pushed;
pub mod questions;
pub mod recheck;
pub mod requests;
pub mod revocation;
pub mod sign_out;
pub mod tell;
pub mod tokens;
pub mod watch;

use plex_oidc_core::jose::SignError;

use crate::keys::SealError;
use crate::store::StoreError;

/// Why a flow could not go on. None of these says anything about the person.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Plex did not answer.
    #[error(transparent)]
    Plex(#[from] plextv::Error),
    /// Plex answered, and did not say what it takes to decide: which libraries this person sees.
    #[error("plex.tv does not say enough about this person to decide")]
    NotKnown,
    /// A sealed value does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A stored value cannot be read.
    #[error("a stored value cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The client that asked, or the address it wants the answer at, is no longer in the configuration.
    #[error("the client of this sign-in, or its redirect URI, is no longer registered")]
    ClientGone,
    /// The host has switched off the way in that was asked for.
    #[error("this way to sign in is switched off")]
    NoSuchWayIn,
    /// A password was tried too often, in one name or from one address.
    #[error("a password was tried too often; the next try may come in {} s", wait.as_secs())]
    TooManyTries {
        /// Until the next try.
        wait: std::time::Duration,
    },
    /// More passwords wait to be checked than we hold.
    #[error(transparent)]
    Busy(#[from] crate::upstream::local::Busy),
    /// One attempt had us ask Plex again and again.
    #[error("one sign-in attempt asks for its outcome too often")]
    TooOften,
    /// An ID token would be larger than clients accept.
    #[error(
        "the ID token for client {client} would hold {size} bytes of claims; copy fewer claims into it \
         (id_token_claims), or let the client ask for fewer (its claims parameter), groups first"
    )]
    TooLarge {
        /// The client.
        client: String,
        /// The size of its payload.
        size: usize,
    },
}
