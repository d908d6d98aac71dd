//! Browsers that an account is known in. To be known is no session: it opens nothing by itself.

use plex_oidc_core::decide::Through;
use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::SeenFrom;

/// A browser that an account is known in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBrowser {
    /// Its public name.
    pub id: BrowserId,
    /// Whether the host need not be asked about it.
    pub approved: bool,
}

impl KnownBrowser {
    /// What somebody comes through who comes in it. `None`: their session began before browsers were kept, and so before there
    /// was anything to ask the host.
    pub const fn through(browser: Option<Self>) -> Through {
        match browser {
            None | Some(Self { approved: true, .. }) => Through::KnownBrowser,
            Some(Self { approved: false, .. }) => Through::NewBrowser,
        }
    }
}

/// A browser that an account comes from for the first time, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBrowser {
    /// Its public name.
    pub id: BrowserId,
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Whether the host need not be asked about it.
    pub approved: bool,
    /// Whether the person need not be told of it. The first one that is stored of an account is not told of in any case.
    pub confirmed: bool,
}

/// The browser in which somebody proves who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetBrowser {
    /// One that is known to this account. It has to be so still, and approved if it was.
    Known(KnownBrowser),
    /// One that is new to it.
    New(NewBrowser),
}

impl MetBrowser {
    /// The browser as it was judged.
    pub const fn judged(&self) -> KnownBrowser {
        match self {
            Self::Known(known) => *known,
            Self::New(new) => KnownBrowser { id: new.id, approved: new.approved },
        }
    }
}

/// Somebody who proved who they are in a browser, and whose sign-in comes to nothing because the host has to be asked.
#[derive(Debug, Clone)]
pub struct WaitingBrowser {
    /// Whose it is.
    pub account_id: AccountId,
    /// The browser.
    pub browser: MetBrowser,
    /// Where it is.
    pub from: SeenFrom,
}

/// Why a person has a browser forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// Whoever signed in in it was somebody else.
    NotTheirs,
    /// Its person does not use it any more.
    NotUsed,
}

/// A browser in the list of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBrowser {
    /// Its public name.
    pub id: BrowserId,
    /// Where its last sign-in began.
    pub from: SeenFrom,
    /// When it was first used.
    pub first_used: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Timestamp,
    /// Whether the host need not be asked about it.
    pub approved: bool,
    /// Whether the person need not be told of it.
    pub confirmed: bool,
    /// Whether this person is signed in in it.
    pub signed_in: bool,
}
