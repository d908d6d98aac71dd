//! What the pages of the host are given.

use std::borrow::Cow;

use serde::Serialize;

use super::account::{ShownSession, ShownToken};
use super::browsers::ShownBrowser;
use super::host::{Health, InShort, ShownKey, ShownTrouble, TokenIn};
use super::passkeys::{PasskeyHere, ShownPasskey};
use super::words::{Said, Why};

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
    /// The state of the program.
    pub health: &'a Health<'a>,
    /// The signing keys.
    pub keys: &'a [ShownKey<'a>],
    /// Whether whoever looks came in by a link.
    pub is_by_link: bool,
    /// What a passkey is to them.
    pub passkey: PasskeyHere,
    /// How many ask for access.
    pub waiting: u64,
    /// Some of them.
    pub requests: &'a [ShownRequest<'a>],
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
    /// Where that is kept.
    pub token_in: Option<TokenIn>,
    /// How often Plex is asked about each person by a token of their own, if those are kept.
    pub own_tokens: Option<Cow<'a, str>>,
    /// How many requests to Plex were made in the last hour for that.
    pub asked: u32,
    /// How many of those there may be.
    pub limit: u32,
    /// How many there were with those for people who sign in.
    pub asked_in_all: u32,
    /// Whether Plex is left alone for a while.
    pub is_left_alone: bool,
    /// How long ago Plex last said who is a member.
    pub last_good: Option<Said>,
    /// How many were members then.
    pub members: usize,
    /// How many of them are missing in one list of Plex.
    pub doubted: usize,
    /// What is wrong.
    pub trouble: Option<ShownTrouble<'a>>,
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
    /// The groups, in short and without libraries.
    pub groups: InShort<'a>,
    /// How many libraries are shared with them.
    pub libraries: usize,
    /// How long ago a session was used.
    pub seen: Option<Said>,
    /// How many live sessions there are.
    pub sessions: u64,
    /// Whether access has ended.
    pub has_ended: bool,
    /// Whether the host blocked them.
    pub is_blocked: bool,
}

/// Somebody who asks for access.
#[derive(Clone, Debug, Serialize)]
pub struct ShownRequest<'a> {
    /// The account.
    pub account: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its e-mail address.
    pub email: Option<Cow<'a, str>>,
    /// Whether there is a page about this person.
    pub is_known: bool,
    /// What they wanted to use: the client.
    pub door: &'a str,
    /// Its name, while it is in the file.
    pub door_name: Option<&'a str>,
    /// The browser that it is about, by its public name.
    pub browser_id: Option<Cow<'a, str>>,
    /// The same, as people call it.
    pub browser: Option<Cow<'a, str>>,
    /// The word of what would help.
    pub wish: &'a str,
    /// What they say.
    pub said: Option<&'a str>,
    /// From which address.
    pub address: Cow<'a, str>,
    /// How long ago.
    pub asked: Said,
}

/// What the host says of somebody.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sentence of its own on the page")]
pub struct ShownMarks<'a> {
    /// Never comes in.
    pub blocked: bool,
    /// Whether that can be said of them: of an owner, and of whoever looks, it cannot.
    pub can_block: bool,
    /// Named beforehand.
    pub named: bool,
    /// Whether only those come in who are.
    pub only_is_set: bool,
    /// What is open to them besides what the file says.
    pub doors: &'a [OpenDoor<'a>],
}

/// Something that the host opened to somebody.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OpenDoor<'a> {
    /// The client.
    pub id: &'a str,
    /// Its name, while it is in the file.
    pub name: Option<&'a str>,
}

/// An application, as the file declares it.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sentence of its own on the page")]
pub struct ShownDoor<'a> {
    /// Its name.
    pub name: &'a str,
    /// The client's id, or the hosts of an application behind the gateway.
    pub id: InShort<'a>,
    /// Whether it is behind the gateway.
    pub is_behind_gateway: bool,
    /// Whether parts of it have rules of their own.
    pub has_rules: bool,
    /// Whether it is switched on.
    pub is_on: bool,
    /// Whether people sign in to it.
    pub is_for_people: bool,
    /// Who may.
    pub allow: InShort<'a>,
    /// Who may not, even so.
    pub deny: InShort<'a>,
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
    /// The browsers that the person is known in.
    pub browsers: &'a [ShownBrowser<'a>],
    /// Whether the host is asked about new ones of theirs.
    pub new_browsers_ask: bool,
    /// The person's passkeys.
    pub passkeys: &'a [ShownPasskey<'a>],
    /// What the host says of them.
    pub marks: &'a ShownMarks<'a>,
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
    /// The client that is, or that stands for it.
    pub door: Cow<'a, str>,
    /// Whether the host can open it to them.
    pub can_open: bool,
    /// Whether they may.
    pub may: bool,
    /// Why, or why not.
    pub why: Why<'a>,
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
    /// A browser is forgotten.
    BrowserForgotten,
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
    /// The signing keys were rotated.
    KeysRotated,
    /// It is too early to rotate them.
    KeysTooSoon,
    /// Somebody else rotated them at that moment.
    KeysChanged,
    /// They could not be rotated.
    KeysFailed,
    /// Somebody is blocked.
    Blocked,
    /// Somebody is not blocked any more.
    Unblocked,
    /// Somebody is named beforehand.
    Named,
    /// Somebody is not named beforehand any more.
    Unnamed,
    /// Something is open to somebody.
    Opened,
    /// Something is not open to somebody any more.
    Closed,
    /// A request is answered.
    Answered,
    /// Whoever that is cannot be blocked.
    Stays,
    /// There is a new owner's token.
    TokenRenewed,
    /// There is none, because its file cannot be written.
    TokenUnwritable,
}

impl AdminNotice {
    const ALL: [Self; 23] = [
        Self::EverythingEnded,
        Self::SessionEnded,
        Self::TokenEnded,
        Self::BrowserForgotten,
        Self::NothingThere,
        Self::Asked,
        Self::Unanswered,
        Self::NoToken,
        Self::TooSoon,
        Self::KeysRotated,
        Self::KeysTooSoon,
        Self::KeysChanged,
        Self::KeysFailed,
        Self::Blocked,
        Self::Unblocked,
        Self::Named,
        Self::Unnamed,
        Self::Opened,
        Self::Closed,
        Self::Answered,
        Self::Stays,
        Self::TokenRenewed,
        Self::TokenUnwritable,
    ];

    /// Its word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::EverythingEnded => "everything",
            Self::SessionEnded => "session",
            Self::TokenEnded => "token",
            Self::BrowserForgotten => "browser",
            Self::NothingThere => "nothing",
            Self::Asked => "asked",
            Self::Unanswered => "unanswered",
            Self::NoToken => "no-token",
            Self::TooSoon => "soon",
            Self::KeysRotated => "keys",
            Self::KeysTooSoon => "keys-soon",
            Self::KeysChanged => "keys-changed",
            Self::KeysFailed => "keys-failed",
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
            Self::Named => "named",
            Self::Unnamed => "unnamed",
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Answered => "answered",
            Self::Stays => "stays",
            Self::TokenRenewed => "token-renewed",
            Self::TokenUnwritable => "token-unwritable",
        }
    }

    /// The notice of a word in an address.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }
}
