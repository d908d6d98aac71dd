//! Access follows the share: what a re-check ends, and what it never ends.

use plex_oidc::flow::recheck;
use plex_oidc_core::time::Seconds;

use crate::support::{House, Inside, Setup, Visit, by_own_tokens, round, with_lounge};

mod faults;
mod house_rules;
mod lists;
mod narrowing;
mod own_tokens;
mod rests;
mod unshared;

/// A house that can re-check.
fn setup() -> Setup {
    with_lounge().with_owner_token()
}
