//! What the pages about passkeys are given.

use std::borrow::Cow;

use serde::Serialize;

use super::words::Said;

/// Where a passkey is used.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PasskeyEnter<'a> {
    /// Bound to the cookie of this page.
    pub csrf: &'a str,
    /// Whether there can be passkeys here.
    pub possible: bool,
    /// Why it did not work.
    pub notice: Option<PasskeyNotice>,
}

/// The passkeys of somebody.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Passkeys<'a> {
    /// Bound to what makes this browser the host's.
    pub csrf: &'a str,
    /// Those that there are.
    pub passkeys: &'a [ShownPasskey<'a>],
    /// What can be done here.
    pub may: PasskeysMay,
    /// Longest name of one, in characters.
    pub longest_name: usize,
    /// What was just done, or not.
    pub notice: Option<PasskeyNotice>,
}

/// A passkey.
#[derive(Clone, Debug, Serialize)]
pub struct ShownPasskey<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// What its owner calls it.
    pub name: &'a str,
    /// How long ago it was added.
    pub added: Said,
    /// How long ago it was used.
    pub used: Option<Said>,
    /// Whether it lies on other devices too: `never`, `possible` or `done`.
    pub backup: &'static str,
}

/// What can be done about passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeysMay {
    /// Add and remove.
    Change,
    /// The same, after proving who it is by something else than a passkey.
    ProveFirst,
    /// Nothing: this account owns no server.
    NotOwner,
    /// Nothing: the issuer's host is an address.
    NotHere,
}

/// What a passkey is to somebody who looks at the host's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeyHere {
    /// Nothing to speak of.
    Unsaid,
    /// They came in by one.
    CameByIt,
    /// One would confirm who they are.
    WouldConfirm,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeyNotice {
    /// It did not work.
    NotGood,
    /// It is right, and not the host's.
    NotHost,
    /// It is there.
    Added,
    /// It is gone.
    Removed,
    /// It was gone already.
    NothingThere,
    /// It was there already.
    There,
    /// There are as many as may be.
    TooMany,
    /// It has no name.
    NoName,
}

impl PasskeyNotice {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NotGood,
        Self::NotHost,
        Self::Added,
        Self::Removed,
        Self::NothingThere,
        Self::There,
        Self::TooMany,
        Self::NoName,
    ];

    /// Its word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotGood => "not-good",
            Self::NotHost => "not-host",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::NothingThere => "nothing",
            Self::There => "there",
            Self::TooMany => "too-many",
            Self::NoName => "no-name",
        }
    }

    /// The notice of a word in an address.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }
}
