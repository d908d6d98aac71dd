//! What the other pages of the host are given: the audit log, the tokens of the API, the way in by a link, the state of the program.

use std::borrow::Cow;

use serde::Serialize;

use super::admin::{AdminNotice, Pager};
use super::words::Said;

/// The audit log.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Audit<'a> {
    /// Whose events are looked for: an account, or a part of a name.
    pub person: &'a str,
    /// What can happen.
    pub kinds: &'a [ShownKind],
    /// From this day on.
    pub since: Option<&'a str>,
    /// Up to this day.
    pub until: Option<&'a str>,
    /// Whether something is looked for at all.
    pub is_filtered: bool,
    /// Some of the events, the newest first.
    pub events: &'a [ShownEvent<'a>],
    /// The address of the newest ones, unless these are they.
    pub newest: Option<&'a str>,
    /// The address of the ones before.
    pub older: Option<&'a str>,
    /// The address of all of them as JSON lines.
    pub export: &'a str,
    /// How many days are remembered.
    pub days: u32,
}

/// Something that can happen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShownKind {
    /// Its word.
    pub word: &'static str,
    /// Whether it is looked for.
    pub is_chosen: bool,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct ShownEvent<'a> {
    /// When, in UTC.
    pub at: Cow<'a, str>,
    /// The word for it.
    pub what: &'static str,
    /// Who did it.
    pub by: Cow<'a, str>,
    /// The same in words, if it was nobody with an account.
    pub actor: Option<Said>,
    /// The account that it is about.
    pub account: Option<Cow<'a, str>>,
    /// The name of that account then.
    pub name: Option<&'a str>,
    /// The application, token or session.
    pub target: Option<&'a str>,
    /// From where.
    pub address: Option<Cow<'a, str>>,
    /// What else there is to know.
    pub detail: Option<&'a str>,
}

/// The tokens of the API.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ApiTokens<'a> {
    /// Bound to what makes this browser the host's.
    pub csrf: &'a str,
    /// Some of them.
    pub tokens: &'a [ShownApiToken<'a>],
    /// The way to the others.
    pub pager: &'a Pager<'a>,
    /// Whether the sign-in is fresh enough to end one.
    pub is_fresh: bool,
    /// What was just done, or not.
    pub notice: Option<AdminNotice>,
}

/// A token of the API.
#[derive(Clone, Debug, Serialize)]
pub struct ShownApiToken<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// What the host calls it.
    pub name: Cow<'a, str>,
    /// What it is good for.
    pub scopes: Cow<'a, str>,
    /// How long ago it was made.
    pub made: Said,
    /// Its last day, in UTC.
    pub until: Cow<'a, str>,
    /// Whether that is over.
    pub is_over: bool,
    /// How long ago it was last used.
    pub used: Option<Said>,
}

/// The page behind a link to the host's page.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AdminEnter<'a> {
    /// The link can be used.
    Good {
        /// Its secret.
        link: &'a str,
    },
    /// It cannot.
    NotGood,
    /// It could, but the page is not for the owner.
    NotForOwner,
}

/// The state of the program.
#[derive(Clone, Debug, Serialize)]
pub struct Health<'a> {
    /// Its version.
    pub version: &'a str,
    /// How long ago it started.
    pub started: Said,
    /// The size of the database.
    pub database: Cow<'a, str>,
}

/// Where a signing key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, and not used yet.
    Next,
    /// It signs.
    Active,
    /// Still believed.
    Retired,
}

/// The first entries of a list.
#[derive(Clone, Debug, Serialize)]
pub struct InShort<'a> {
    /// They, with commas.
    pub shown: Cow<'a, str>,
    /// How many more there are.
    pub more: usize,
}

impl<'a> InShort<'a> {
    /// All of a list.
    pub const fn all(shown: Cow<'a, str>) -> Self {
        Self { shown, more: 0 }
    }
}

/// What keeps Plex from being asked who is a member.
#[derive(Clone, Debug, Serialize)]
pub struct ShownTrouble<'a> {
    /// Of what kind.
    pub kind: ShownTroubleKind,
    /// More about it, in the words of the log.
    pub detail: Option<Cow<'a, str>>,
}

/// Of what kind that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownTroubleKind {
    /// Plex does not accept the owner's token.
    OwnerToken,
    /// Plex does not answer, or not as it should.
    Plex,
    /// As many requests were made in this hour as may be.
    Spent,
    /// Our own side does not work.
    Ours,
}

/// A signing key.
#[derive(Clone, Debug, Serialize)]
pub struct ShownKey<'a> {
    /// Its name.
    pub kid: Cow<'a, str>,
    /// What it signs with.
    pub algorithm: Cow<'a, str>,
    /// Where it stands.
    pub state: KeyState,
    /// How long ago it was made.
    pub made: Said,
}

/// Where the owner's token is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenIn {
    /// In a file, which a new one is written to.
    File,
    /// In a variable, which only the host can change.
    Variable,
}
