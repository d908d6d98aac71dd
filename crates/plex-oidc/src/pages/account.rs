//! What the page of somebody's own account is given.

use std::borrow::Cow;

use serde::Serialize;

use super::browsers::ShownBrowsers;
use super::monogram::Monogram;
use super::words::Said;

/// The page of somebody's own account.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Account<'a> {
    /// Bound to the browser session.
    pub csrf: &'a str,
    /// Whether it is a Plex account.
    pub at_plex: bool,
    /// The name of the account.
    pub account_name: &'a str,
    /// Its e-mail address.
    pub account_email: Option<&'a str>,
    /// What applications know the person by.
    pub subject: &'a str,
    /// The groups that the person is in.
    pub groups: &'a [ShownGroup<'a>],
    /// What the person may use.
    pub apps: &'a [ShownApp<'a>],
    /// Where the person is signed in.
    pub sessions: &'a [ShownSession<'a>],
    /// The browsers that the person is known in.
    pub browsers: ShownBrowsers<'a>,
    /// What the person agreed to.
    pub consents: &'a [ShownConsent<'a>],
    /// The person's app tokens.
    pub tokens: &'a [ShownToken<'a>],
    /// The applications that a token can be for: with none, nothing is said of tokens.
    pub token_apps: &'a [&'a str],
    /// Whether the sign-in is fresh enough to make a token.
    pub is_fresh: bool,
    /// A token that was just made: it is shown once.
    pub new_token: Option<&'a str>,
    /// What was just done, or not.
    pub notice: Option<AccountNotice>,
}

/// A group.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShownGroup<'a> {
    /// Its name.
    pub name: &'a str,
    /// Why the person is in it.
    pub why: Said,
}

/// An application.
#[derive(Clone, Debug, Serialize)]
pub struct ShownApp<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// The address of its picture.
    pub icon: Option<&'a str>,
    /// What stands there without one.
    pub monogram: Monogram,
    /// Where it is.
    pub url: Option<&'a str>,
}

/// A browser session.
#[derive(Clone, Debug, Serialize)]
pub struct ShownSession<'a> {
    /// Its public name.
    pub sid: Cow<'a, str>,
    /// The browser, as people call it.
    pub browser: Option<Cow<'a, str>>,
    /// The address that it had when it began.
    pub address: Option<Cow<'a, str>>,
    /// How long ago the person signed in.
    pub signed_in: Said,
    /// How long ago it was used.
    pub used: Said,
    /// Whether it is this one.
    pub is_here: bool,
}

/// What the person agreed to for one application.
#[derive(Clone, Debug, Serialize)]
pub struct ShownConsent<'a> {
    /// The application's id.
    pub client_id: &'a str,
    /// Its name.
    pub client_name: &'a str,
    /// What it learns.
    pub scopes: Cow<'a, [Said]>,
    /// How long ago that was.
    pub agreed: Said,
}

/// An app token.
#[derive(Clone, Debug, Serialize)]
pub struct ShownToken<'a> {
    /// Its public id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it is for.
    pub apps: Cow<'a, str>,
    /// How long ago it was used.
    pub used: Option<Said>,
    /// Whether its time is over.
    pub is_over: bool,
}

/// What was just done, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountNotice {
    /// A session has ended.
    SessionEnded,
    /// A consent was taken back.
    Withdrawn,
    /// A token has ended.
    TokenRevoked,
    /// Nothing was there to end any more.
    NothingThere,
    /// A token needs a name.
    TokenName,
    /// A token needs an application.
    TokenApps,
    /// There are too many tokens.
    TooManyTokens,
    /// A new browser was the person's.
    BrowserConfirmed,
    /// A browser is forgotten.
    BrowserForgotten,
}

impl AccountNotice {
    const ALL: [Self; 9] = [
        Self::SessionEnded,
        Self::Withdrawn,
        Self::TokenRevoked,
        Self::NothingThere,
        Self::TokenName,
        Self::TokenApps,
        Self::TooManyTokens,
        Self::BrowserConfirmed,
        Self::BrowserForgotten,
    ];

    /// Its word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SessionEnded => "session",
            Self::Withdrawn => "consent",
            Self::TokenRevoked => "token",
            Self::NothingThere => "nothing",
            Self::TokenName => "name",
            Self::TokenApps => "apps",
            Self::TooManyTokens => "many",
            Self::BrowserConfirmed => "browser",
            Self::BrowserForgotten => "forgotten",
        }
    }

    /// The notice of a word in an address.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }
}
