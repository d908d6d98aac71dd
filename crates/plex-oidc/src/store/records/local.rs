//! Local accounts: what it takes to sign in to one.

use std::fmt;

use plex_oidc_core::id::LocalAccountId;
use plex_oidc_core::time::Timestamp;

use super::UserRecord;

/// A local account.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalAccount {
    /// Who it is.
    pub user: UserRecord,
    /// The name for signing in, in the one spelling that is compared.
    pub username: String,
    /// The e-mail address for signing in, likewise.
    pub email: Option<String>,
    /// The hash of the password; the store does not interpret it. Without one nobody can sign in.
    pub password_hash: Option<String>,
    /// Whether it stands in the configuration, which alone changes it.
    pub declared: bool,
}

/// A hash is no secret to print: guessing starts from it.
impl fmt::Debug for LocalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAccount")
            .field("user", &self.user)
            .field("username", &self.username)
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}

/// What somebody typed to say who they are, in the one spelling that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInName {
    /// A name.
    Username(String),
    /// An e-mail address.
    Email(String),
}

/// A change of a local account.
#[derive(Debug, Clone)]
pub struct PutLocalAccount {
    /// What is expected to be there; `None`: nothing.
    pub before: Option<LocalAccount>,
    /// What is to be there.
    pub after: LocalAccount,
    /// What of the account's access ends with it.
    pub ends: Ends,
    /// Now.
    pub now: Timestamp,
}

/// What ends when a local account changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Nothing.
    Nothing,
    /// What came of signing in: browser sessions and grants.
    SignIns,
    /// Everything, app tokens too.
    Access,
}

/// What became of a change of a local account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalPut {
    /// It was stored.
    Stored,
    /// Another account has this name, this address or this number.
    Taken,
    /// What is there is not what was expected; nothing was changed.
    Changed,
}

/// What became of the accounts that the configuration declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declared {
    /// They are as declared now; so many were added or changed, and so many are gone.
    Stored {
        /// Added or changed.
        written: usize,
        /// Gone.
        removed: usize,
    },
    /// An account that the store keeps has the name or the address of this one. Nothing was changed.
    Taken(LocalAccountId),
}
