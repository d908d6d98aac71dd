//! What people who were refused ask the host for, and what the host answers.

use std::net::IpAddr;

use plex_oidc_core::decide::{Denial, Mark};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId};
use plex_oidc_core::net::AddressBlock;
use plex_oidc_core::time::Timestamp;

/// What would help somebody who was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// That the host shares a server with the account, at Plex.
    Share,
    /// That the host opens this application to it.
    Open,
    /// That the host names it beforehand.
    Name,
    /// That the host says yes to the browser that they come from.
    Browser,
}

impl Wish {
    /// What the host could do about a refusal. `None`: nothing, or nothing that is to be asked for.
    pub const fn about(denial: Denial) -> Option<Self> {
        match denial {
            Denial::NotShared => Some(Self::Share),
            Denial::NotAllowedHere => Some(Self::Open),
            Denial::NotNamedBeforehand => Some(Self::Name),
            Denial::NewBrowser => Some(Self::Browser),
            Denial::ManagedUser
            | Denial::Anonymous
            | Denial::UnconfirmedEmail
            | Denial::NoTwoFactor
            | Denial::TooNew
            | Denial::Blocked
            | Denial::BlockedByHost
            | Denial::ClientDisabled => None,
        }
    }

    /// Its word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Open => "open",
            Self::Name => "name",
            Self::Browser => "browser",
        }
    }

    /// The wish of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Share, Self::Open, Self::Name, Self::Browser].into_iter().find(|wish| wish.as_str() == word)
    }
}

/// What the host answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAnswer {
    /// The application is open to them now.
    Opened,
    /// They are named beforehand now.
    Named,
    /// The server is shared with them now, at Plex: that is only said here.
    Shared,
    /// The browser that they come from is all right.
    Approved,
    /// No.
    Declined,
}

impl HostAnswer {
    /// Every answer.
    pub const ALL: [Self; 5] = [Self::Opened, Self::Named, Self::Shared, Self::Approved, Self::Declined];

    /// Its word in the database, and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Named => "named",
            Self::Shared => "shared",
            Self::Approved => "approved",
            Self::Declined => "declined",
        }
    }

    /// The answer of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.as_str() == word)
    }

    /// Whether it answers this wish.
    pub const fn fits(self, wish: Wish) -> bool {
        match self {
            Self::Opened => matches!(wish, Wish::Open),
            Self::Named => matches!(wish, Wish::Name),
            Self::Shared => matches!(wish, Wish::Share),
            Self::Approved => matches!(wish, Wish::Browser),
            Self::Declined => true,
        }
    }

    /// What the host says of the person with it.
    pub fn mark(self, door: &ClientId) -> Option<Mark> {
        match self {
            Self::Opened => Some(Mark::Door(door.clone(), true)),
            Self::Named => Some(Mark::Named(true)),
            Self::Shared | Self::Approved | Self::Declined => None,
        }
    }
}

/// A request to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccessRequest {
    /// Who asks, as they proved.
    pub account_id: AccountId,
    /// What they wanted to use.
    pub door: ClientId,
    /// The browser that they ask for, if it is about that.
    pub browser: Option<BrowserId>,
    /// What would help.
    pub wish: Wish,
    /// The name of the account, as it calls itself.
    pub account_name: String,
    /// Its e-mail address.
    pub account_email: Option<String>,
    /// What they say to the host.
    pub said: Option<String>,
    /// From which address.
    pub address: IpAddr,
    /// When.
    pub asked_at: Timestamp,
}

impl NewAccessRequest {
    /// The block of addresses that it comes from, as text.
    pub fn block(&self) -> String {
        AddressBlock::of(self.address).to_string()
    }
}

/// A stored request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// What was asked.
    pub asked: NewAccessRequest,
    /// What the host answered.
    pub answer: Option<AccessAnswer>,
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessAnswer {
    /// What it is.
    pub answer: HostAnswer,
    /// What the host says to the guest.
    pub said: Option<String>,
    /// When it was given.
    pub at: Timestamp,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// It is with the host.
    Stored,
    /// It was there already, or was answered a short time ago.
    There,
    /// There are too many: of this account, from these addresses, or in all.
    TooMany,
}

/// An answer to be stored, if the request still waits for one.
#[derive(Debug, Clone)]
pub struct AnswerAccessRequest {
    /// Who asked.
    pub account_id: AccountId,
    /// For what.
    pub door: ClientId,
    /// For which browser, if it was about that. The answer is one for all that was asked for it.
    pub browser: Option<BrowserId>,
    /// The answer; what it makes of the person's marks is stored with it.
    pub answer: AccessAnswer,
}

/// The requests that wait for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaitingRequests {
    /// Some of them: those of people who are known here first, and of each kind the oldest.
    pub some: Vec<AccessRequest>,
    /// How many there are.
    pub total: u64,
}
