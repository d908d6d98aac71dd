//! What pages are given about the browsers that somebody is known in.

use std::borrow::Cow;

use serde::Serialize;

use super::words::Said;

/// The browsers of one person.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShownBrowsers<'a> {
    /// All of them.
    pub all: &'a [ShownBrowser<'a>],
    /// Whether the person has to be told of some.
    pub is_news: bool,
}

/// A browser that somebody is known in.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is shown, or offered, independently of the others")]
pub struct ShownBrowser<'a> {
    /// Its public name.
    pub id: Cow<'a, str>,
    /// The browser, as people call it.
    pub browser: Option<Cow<'a, str>>,
    /// The address of its last sign-in.
    pub address: Option<Cow<'a, str>>,
    /// How long ago it was first used.
    pub first_used: Said,
    /// How long ago it was last used.
    pub last_used: Said,
    /// Whether it is this one.
    pub is_here: bool,
    /// Whether the person is signed in in it.
    pub signed_in: bool,
    /// Whether the host has to say yes to it, where that is asked.
    pub waits: bool,
    /// Whether the person has to be told of it.
    pub is_news: bool,
    /// Whether the person can say here that it was them.
    pub can_confirm: bool,
}
