//! What the pages of the host are given.

use std::borrow::Cow;

use serde::Serialize;

use super::account::{ShownSession, ShownToken};
use super::words::Said;

/// The host's page.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Admin<'a> {
    /// Bound to the browser session.
    pub csrf: &'a str,
    /// How well it is known who is a member.
    pub membership: &'a Membership<'a>,
    /// What is looked for; empty: everybody.
    pub search: &'a str,
    /// How many people that are.
    pub total: u64,
    /// Some of them.
    pub people: &'a [ShownPerson<'a>],
    /// The way to the others.
    pub people_pager: &'a Pager<'a>,
    /// Some of the applications.
    pub doors: &'a [ShownDoor<'a>],
    /// The way to the others.
    pub doors_pager: &'a Pager<'a>,
    /// Whether the sign-in is fresh enough to change something.
    pub is_fresh: bool,
    /// What was just done, or not.
    pub notice: Option<AdminNotice>,
}

/// How well it is known who is a member.
#[derive(Clone, Debug, Serialize)]
pub struct Membership<'a> {
    /// Whether people come in through Plex at all.
    pub at_plex: bool,
    /// Whether there is an owner's token to ask with.
    pub has_token: bool,
    /// How long ago Plex last said who is a member.
    pub last_good: Option<Said>,
    /// How many were members then.
    pub members: usize,
    /// How many of them are missing in one list of Plex.
    pub doubted: usize,
    /// What is wrong.
    pub trouble: Option<Cow<'a, str>>,
    /// How long ago that began.
    pub since: Option<Said>,
    /// How long what Plex said serves.
    pub lifetime: Cow<'a, str>,
}

/// Where in a list this is.
#[derive(Clone, Debug, Serialize)]
pub struct Pager<'a> {
    /// The number of this part, from 1.
    pub page: u64,
    /// How many parts there are.
    pub pages: u64,
    /// The address of the part before.
    pub previous: Option<Cow<'a, str>>,
    /// The address of the next part.
    pub next: Option<Cow<'a, str>>,
}

/// Somebody in the list of people.
#[derive(Clone, Debug, Serialize)]
pub struct ShownPerson<'a> {
    /// The account.
    pub id: Cow<'a, str>,
    /// The name.
    pub name: Cow<'a, str>,
    /// The e-mail address.
    pub email: Option<Cow<'a, str>>,
    /// The groups, in short.
    pub groups: Cow<'a, str>,
    /// How long ago a session was used.
    pub seen: Option<Said>,
    /// How many live sessions there are.
    pub sessions: u64,
    /// Whether access has ended.
    pub has_ended: bool,
}

/// An application, as the file declares it.
#[derive(Clone, Debug, Serialize)]
pub struct ShownDoor<'a> {
    /// Its name.
    pub name: &'a str,
    /// The client's id, or the hosts of an application behind the gateway.
    pub id: Cow<'a, str>,
    /// Whether it is behind the gateway.
    pub is_behind_gateway: bool,
    /// Whether parts of it have rules of their own.
    pub has_rules: bool,
    /// Whether it is switched on.
    pub is_on: bool,
    /// Who may, in short.
    pub allow: Cow<'a, str>,
    /// Who may not, even so.
    pub deny: Cow<'a, str>,
}

/// The host's page about one person.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sentence of its own on the page")]
pub struct AdminPerson<'a> {
    /// Bound to the browser session.
    pub csrf: &'a str,
    /// The account.
    pub id: &'a str,
    /// Whether it is a Plex account.
    pub at_plex: bool,
    /// Whether it is the account of whoever looks.
    pub is_self: bool,
    /// The name of the account.
    pub account_name: &'a str,
    /// Its user name.
    pub username: Option<&'a str>,
    /// Its e-mail address.
    pub account_email: Option<&'a str>,
    /// Whether Plex has confirmed that.
    pub email_confirmed: bool,
    /// Whether access has ended.
    pub has_ended: bool,
    /// The groups.
    pub groups: &'a [&'a str],
    /// Where the person is signed in.
    pub sessions: &'a [ShownSession<'a>],
    /// The person's app tokens.
    pub tokens: &'a [ShownToken<'a>],
    /// What the person may use, and why.
    pub answers: &'a [ShownAnswer<'a>],
    /// The way to the other applications.
    pub pager: &'a Pager<'a>,
    /// Whether the sign-in is fresh enough to change something.
    pub is_fresh: bool,
    /// What was just done, or not.
    pub notice: Option<AdminNotice>,
}

/// Whether somebody may use an application.
#[derive(Clone, Debug, Serialize)]
pub struct ShownAnswer<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether they may.
    pub may: bool,
    /// Why, or why not.
    pub why: Cow<'a, str>,
    /// Whether parts of it have rules of their own.
    pub has_rules: bool,
}

/// What was just done, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminNotice {
    /// Everything of somebody has ended.
    EverythingEnded,
    /// A session has ended.
    SessionEnded,
    /// An app token has ended.
    TokenEnded,
    /// Nothing was there to end any more.
    NothingThere,
    /// Plex said who is a member.
    Asked,
    /// Plex did not say.
    Unanswered,
    /// There is no owner's token.
    NoToken,
    /// Plex was asked a moment ago.
    TooSoon,
}

impl AdminNotice {
    const ALL: [Self; 8] = [
        Self::EverythingEnded,
        Self::SessionEnded,
        Self::TokenEnded,
        Self::NothingThere,
        Self::Asked,
        Self::Unanswered,
        Self::NoToken,
        Self::TooSoon,
    ];

    /// Its word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::EverythingEnded => "everything",
            Self::SessionEnded => "session",
            Self::TokenEnded => "token",
            Self::NothingThere => "nothing",
            Self::Asked => "asked",
            Self::Unanswered => "unanswered",
            Self::NoToken => "no-token",
            Self::TooSoon => "soon",
        }
    }

    /// The notice of a word in an address.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }
}
