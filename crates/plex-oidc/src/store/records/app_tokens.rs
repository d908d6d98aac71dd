//! App tokens: what programs show at applications behind the gateway, in the name of a person.

use plex_oidc_core::decide::{Asker, Through};
use plex_oidc_core::id::{AccountId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::{KnownBrowser, UserRecord};

/// An app token to be stored.
#[derive(Debug, Clone)]
pub struct NewAppToken {
    /// Its short public name, by which the host revokes it.
    pub id: String,
    /// What the host calls it.
    pub name: String,
    /// Its hash.
    pub hash: SecretHash,
    /// In whose name it is used.
    pub account_id: AccountId,
    /// The applications it is good for. A name holds no white space, and there is at least one.
    pub apps: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it is over, if it ever is.
    pub expires: Option<Timestamp>,
    /// The browser session in which it is made, if it is in any: that has to be live still. The token ends with its browser.
    pub session: Option<Sid>,
}

/// An app token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppTokenRecord {
    /// Its short public name.
    pub id: String,
    /// What the host calls it.
    pub name: String,
    /// In whose name it is used, as last known.
    pub user: UserRecord,
    /// The applications it is good for; the caller compares.
    pub apps: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it is over, if it ever is.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// The browser in which it was made, if it was in any.
    pub browser: Option<KnownBrowser>,
}

impl AppTokenRecord {
    /// Whoever uses it, as they come: a program has no browser that could be new, but what was made in one that waits for the
    /// host waits with it.
    pub const fn asker(&self) -> Asker<'_> {
        self.user.person.through(match self.browser {
            Some(KnownBrowser { approved: false, .. }) => Through::NewBrowser,
            Some(KnownBrowser { approved: true, .. }) | None => Through::NoBrowser,
        })
    }
}
