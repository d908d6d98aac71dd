//! Browser sessions.

use std::net::IpAddr;

use plex_oidc_core::decide::Asker;
use plex_oidc_core::id::{AccountId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use serde::{Deserialize, Serialize};

use super::{KnownBrowser, MetBrowser, UserRecord};

/// A browser session to be stored.
#[derive(Debug, Clone)]
pub struct NewBrowserSession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Its public name. A re-authentication may keep the `sid` of the session that it replaces.
    pub sid: Sid,
    /// Who is signed in.
    pub account_id: AccountId,
    /// When that person last proved who they are.
    pub auth_time: Timestamp,
    /// When it began.
    pub created: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When it is over in any case.
    pub absolute_expires: Timestamp,
    /// Where it began.
    pub from: SeenFrom,
    /// In which browser.
    pub browser: MetBrowser,
}

/// Where a browser session began, for the person whose it is to know it again. Nothing is decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenFrom {
    /// A short name of the browser.
    pub browser: Option<String>,
    /// The address that it had.
    pub address: Option<IpAddr>,
}

/// A live browser session in the list of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// Its public name.
    pub sid: Sid,
    /// When the person last proved who they are in it.
    pub auth_time: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// Where it began.
    pub from: SeenFrom,
}

/// Somebody in the host's list of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPerson {
    /// Who it is, as last known.
    pub user: UserRecord,
    /// When one of their browser sessions was last used, to the minute.
    pub last_seen: Option<Timestamp>,
    /// How many live browser sessions they have.
    pub sessions: u64,
}

/// A part of that list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeopleFound {
    /// These people, the last seen one first.
    pub people: Vec<ListedPerson>,
    /// How many there are in all; 0 also where the part lies beyond the end.
    pub total: u64,
}

/// Which part of the list of people is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeopleWanted {
    /// A part of their name, user name, e-mail address or account id; letters from A to Z match small or capital. Empty:
    /// everybody.
    pub like: String,
    /// How many to leave out before.
    pub skip: u64,
    /// How many at most.
    pub most: u64,
}

/// A live browser session as stored.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Its public name.
    pub sid: Sid,
    /// Who is signed in.
    pub user: UserRecord,
    /// When that person last proved who they are.
    pub auth_time: Timestamp,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When it is over in any case.
    pub absolute_expires: Timestamp,
    /// In which browser it began. `None`: before browsers were kept.
    pub browser: Option<KnownBrowser>,
}

impl BrowserSession {
    /// Whoever is signed in, as they come.
    pub const fn asker(&self) -> Asker<'_> {
        self.user.person.through(KnownBrowser::through(self.browser))
    }
}

/// How a browser session is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionName {
    /// By the hash of its cookie.
    Cookie(SecretHash),
    /// By its `sid`: sign-out by an ID token hint, when the cookie is missing.
    Sid(Sid),
}

/// What happens to the grants of a browser session that ends. Its unredeemed codes always end with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantsPolicy {
    /// All of them end.
    EndAll,
    /// Those that were given a refresh token live on (OIDC Core 1.0 s. 11: offline access).
    KeepOffline,
}

/// What ended with a browser session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// Its public name.
    pub sid: Sid,
    /// Who was signed in.
    pub account_id: AccountId,
    /// How many grants ended with it.
    pub grants: usize,
}
