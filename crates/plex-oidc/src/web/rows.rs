//! Rows that more than one page lists: sessions and app tokens, for the person whose they are and for the host.

use std::borrow::Cow;

use plex_oidc_core::id::Sid;

use crate::app::App;
use crate::pages::{Said, ShownSession, ShownToken};
use crate::store::records::{AppTokenRecord, ListedSession};

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
