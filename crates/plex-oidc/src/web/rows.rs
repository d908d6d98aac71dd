//! Rows that more than one page lists: sessions and app tokens, for the person whose they are and for the host.

use std::borrow::Cow;

use plex_oidc_core::id::Sid;

use crate::app::App;
use crate::flow::browsers::Browsers;
use crate::pages::{Said, ShownBrowser, ShownPasskey, ShownSession, ShownToken};
use crate::store::records::{AppTokenRecord, ListedBrowser, ListedSession, Passkey};

/// Sessions; `here` is the one that looks.
pub fn sessions<'a>(app: &App, sessions: &'a [ListedSession], here: Option<Sid>) -> Vec<ShownSession<'a>> {
    let now = app.clock.now();
    let shown = sessions.iter().map(|session| ShownSession {
        sid: session.sid.to_string().into(),
        browser: session.from.browser.as_deref().map(Cow::from),
        address: session.from.address.map(|address| address.to_string().into()),
        is_here: Some(session.sid) == here,
        signed_in: Said::ago(now.since(session.auth_time)),
        used: Said::ago(now.since(session.last_seen)),
    });
    shown.collect()
}

/// Browsers that somebody is known in. `is_asked`: whether the host is asked about new ones of this person.
pub fn browsers<'a>(app: &App, browsers: &'a Browsers, is_asked: bool) -> Vec<ShownBrowser<'a>> {
    let of_others = browsers_of_other(app, &browsers.all, is_asked).into_iter().zip(&browsers.all);
    let shown = of_others.map(|(shown, browser)| ShownBrowser {
        is_here: browsers.here == Some(browser.id),
        is_news: browsers.is_news(browser),
        can_confirm: browsers.can_confirm(browser),
        ..shown
    });
    shown.collect()
}

/// The same, for the host.
pub fn browsers_of_other<'a>(app: &App, all: &'a [ListedBrowser], is_asked: bool) -> Vec<ShownBrowser<'a>> {
    let now = app.clock.now();
    let shown = all.iter().map(|browser| ShownBrowser {
        id: browser.id.to_string().into(),
        browser: browser.from.browser.as_deref().map(Cow::from),
        address: browser.from.address.map(|address| address.to_string().into()),
        first_used: Said::ago(now.since(browser.first_used)),
        last_used: Said::ago(now.since(browser.last_used)),
        is_here: false,
        signed_in: browser.signed_in,
        waits: is_asked && !browser.approved,
        is_news: false,
        can_confirm: false,
    });
    shown.collect()
}

/// Passkeys.
pub fn passkeys<'a>(app: &App, passkeys: &'a [Passkey]) -> Vec<ShownPasskey<'a>> {
    let now = app.clock.now();
    let shown = passkeys.iter().map(|passkey| ShownPasskey {
        id: passkey.id.to_string().into(),
        name: &passkey.name,
        added: Said::ago(now.since(passkey.created)),
        used: passkey.last_used.map(|used| Said::ago(now.since(used))),
        backup: passkey.backup.word(),
    });
    shown.collect()
}

/// App tokens.
pub fn tokens<'a>(app: &App, tokens: &'a [AppTokenRecord]) -> Vec<ShownToken<'a>> {
    let now = app.clock.now();
    let shown = tokens.iter().map(|token| ShownToken {
        id: &token.id,
        name: &token.name,
        apps: token.apps.join(", ").into(),
        used: token.last_used.map(|used| Said::ago(now.since(used))),
        is_over: token.expires.is_some_and(|expires| expires.has_passed(now)),
    });
    shown.collect()
}
