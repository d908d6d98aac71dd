//! Owns the values that plex.tv answers turn into. They carry facts only; what the facts allow is decided elsewhere.

use std::fmt;
use std::time::Duration;

use plex_oidc_core::account::{Account, PlexFacts};
use plex_oidc_core::id::{AccountId, MachineId, PlexAccountId};
use plex_oidc_core::membership::VisibleServer;
use plex_oidc_core::time::Timestamp;

use crate::PlexToken;
use crate::parse::Malformed;

/// Names a PIN to plex.tv. Numbers of live PINs can be guessed: never take one from a browser without checking the
/// PIN's code and client identifier as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PinId(pub u64);

impl fmt::Display for PinId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Plex's pairing object: made without an account, approved by a person, then read back with that person's token.
#[derive(Clone)]
pub struct Pin {
    /// How the PIN is read again.
    pub id: PinId,
    /// What the person approves: 25 characters for the sign-in page, or 4 to be typed in. A short-lived secret.
    pub code: String,
    /// The installation that made the PIN; a PIN made under another identifier is not ours.
    pub client_identifier: String,
    /// The product name shown to the person who approves, if Plex repeats it.
    pub product: Option<String>,
    /// When it was made, by Plex's clock.
    pub created_at: Timestamp,
    /// When it stops working, by Plex's clock.
    pub expires_at: Timestamp,
    /// How long it still works, counted from this answer: right even where our clock and Plex's differ.
    pub expires_in: Option<Duration>,
    /// The person's token, once approved.
    pub auth_token: Option<PlexToken>,
}

impl Pin {
    /// How long this PIN still works, from the moment of this answer. Without Plex's own count, its whole life.
    pub fn remaining(&self) -> Duration {
        self.expires_in.unwrap_or_else(|| {
            let life = self.expires_at.0.saturating_sub(self.created_at.0);
            Duration::from_secs(u64::try_from(life).unwrap_or(0))
        })
    }

    /// Whether this is the PIN that `code` stands for, made by `client_identifier`. How long the comparison takes
    /// says nothing about where the texts differ.
    pub fn is(&self, code: &str, client_identifier: &str) -> bool {
        let differing =
            self.code.bytes().zip(code.bytes()).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
        self.code.len() == code.len() && differing == 0 && self.client_identifier == client_identifier
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pin")
            .field("id", &self.id)
            .field("code", &"redacted")
            .field("client_identifier", &self.client_identifier)
            .field("product", &self.product)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("expires_in", &self.expires_in)
            .field("auth_token", &self.auth_token)
            .finish()
    }
}

/// A Plex account as it describes itself. Only `id` identifies it: every name and the e-mail can change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are plex.tv's own independent facts about an account"
)]
pub struct User {
    /// The account's number: stable for its whole life, never zero.
    pub id: PlexAccountId,
    /// The account's other stable name, seen in avatar addresses.
    pub uuid: Option<String>,
    /// The sign-in name, which may equal the e-mail. Managed users have none.
    pub username: Option<String>,
    /// The name to show.
    pub title: Option<String>,
    /// The name the person chose, if any.
    pub friendly_name: Option<String>,
    /// Managed users have none.
    pub email: Option<String>,
    /// The e-mail was verified by Plex.
    pub confirmed: bool,
    /// A managed user of a Plex Home: a profile without an account of its own.
    pub restricted: bool,
    /// Belongs to some Plex Home, not necessarily the owner's.
    pub home: bool,
    /// Administers that Home.
    pub home_admin: bool,
    /// Is a guest of that Home.
    pub guest: bool,
    /// An app user who never signed up.
    pub anonymous: bool,
    /// Address of the avatar.
    pub thumb: Option<String>,
    /// Two-factor sign-in is set up; says nothing about this sign-in. `None`: Plex did not say.
    pub two_factor: Option<bool>,
    /// Has an active Plex Pass. `None`: Plex did not say.
    pub plex_pass: Option<bool>,
    /// When the account was made. `None`: Plex did not say, or nothing that is a moment.
    pub joined_at: Option<Timestamp>,
}

impl User {
    /// The account as the rest of the program knows it: empty names left out, and always a name to show.
    pub fn account(&self) -> Account {
        let shown = [&self.title, &self.friendly_name, &self.username].into_iter().flatten().next();
        Account {
            id: AccountId::Plex(self.id),
            username: self.username.clone(),
            display_name: shown.cloned().unwrap_or_else(|| format!("Plex account {}", self.id)),
            email: self.email.clone(),
            email_confirmed: self.email.is_some() && self.confirmed,
            picture: self.thumb.clone().filter(|thumb| thumb.starts_with("https://")),
            managed: self.restricted,
            anonymous: self.anonymous,
            facts: PlexFacts {
                plex_pass: self.plex_pass,
                two_factor: self.two_factor,
                joined_at: self.joined_at,
            },
            profile: None,
        }
    }
}

/// A media server that an account can reach.
#[derive(Debug, Clone)]
pub struct Server {
    /// The server's identifier. It is public: trust it only together with the owner.
    pub machine: MachineId,
    /// The name its owner gave it; may be empty.
    pub name: String,
    /// The account itself owns it.
    pub owned: bool,
    /// It is reached through the owner's Plex Home.
    pub home: bool,
    /// Who owns it. Absent when the account itself does.
    pub owner: Option<PlexAccountId>,
    /// A token for this one server.
    pub access_token: Option<PlexToken>,
}

impl Server {
    /// What membership is decided from: everything but the name and the token.
    pub fn visible(&self) -> VisibleServer {
        VisibleServer { machine: self.machine.clone(), owned: self.owned, home: self.home, owner: self.owner }
    }
}

/// What an account can reach.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// The media servers, its own included, online or not.
    pub servers: Vec<Server>,
    /// The rows of the list that could not be read, and that may be about a media server.
    pub unreadable: Vec<Unreadable>,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The server it is about, if at least that can be told.
    pub machine: Option<MachineId>,
    /// What is wrong with it.
    pub why: Malformed,
}

impl Resources {
    /// The servers, for whom every row counts.
    pub fn whole(self) -> Result<Vec<Server>, Malformed> {
        self.unreadable.into_iter().next().map_or(Ok(self.servers), |row| Err(row.why))
    }
}

/// A library of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The server's own section key. Rules use it; titles change.
    pub key: u64,
    /// The name to show; may be empty.
    pub title: String,
    /// `movie`, `show`, `artist` or `photo`, as Plex says it.
    pub kind: String,
}
