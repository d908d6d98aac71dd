//! An account, as the way in that it belongs to describes it.

use serde::{Deserialize, Serialize};

use crate::id::AccountId;
use crate::profile::Profile;
use crate::time::Timestamp;

/// What is known of one account: what plex.tv says with the account's own token, or what the host wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Which account it is.
    pub id: AccountId,
    /// The account name; absent for a managed user.
    pub username: Option<String>,
    /// The name shown to people.
    pub display_name: String,
    /// The e-mail address; absent for a managed user.
    pub email: Option<String>,
    /// Whether Plex has seen the address confirmed; of a local account, whether the host vouches for it.
    pub email_confirmed: bool,
    /// The address of the avatar.
    pub picture: Option<String>,
    /// A managed user of a Plex Home.
    pub managed: bool,
    /// A Plex account that nobody signed up for.
    pub anonymous: bool,
    /// What Plex says of the account besides; of a local one there is nothing.
    #[serde(default)]
    pub facts: PlexFacts,
    /// What the host wrote down besides; of a Plex account there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Box<Profile>>,
}

/// What plex.tv said of an account at its last sign-in, besides who it is. `None`: it did not say, or nobody had asked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlexFacts {
    /// Has a Plex Pass.
    pub plex_pass: Option<bool>,
    /// Two-factor sign-in is set up, which says nothing about any one sign-in.
    pub two_factor: Option<bool>,
    /// When the account was made.
    pub joined_at: Option<Timestamp>,
}

impl Account {
    /// An account of which nothing is known but this.
    pub fn named(id: AccountId, display_name: impl Into<String>) -> Self {
        Self {
            id,
            username: None,
            display_name: display_name.into(),
            email: None,
            email_confirmed: false,
            picture: None,
            managed: false,
            anonymous: false,
            facts: PlexFacts::default(),
            profile: None,
        }
    }

    /// Whether this is its e-mail address, confirmed or not.
    pub fn has_address(&self, address: &str) -> bool {
        self.email.as_ref().is_some_and(|email| email.trim().eq_ignore_ascii_case(address.trim()))
    }

    /// Its e-mail address, if it is confirmed. Any other is whatever its owner wrote.
    pub fn confirmed_email(&self) -> Option<&str> {
        self.email.as_deref().map(str::trim).filter(|_| self.email_confirmed)
    }
}
