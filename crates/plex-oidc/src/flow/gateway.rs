//! Who is behind a request that a proxy asks about: a browser with a gateway session, a program with an app token, or
//! nobody.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use plex_oidc_core::decide::{Asker, Person};
use plex_oidc_core::gateway::{GatewayApp, Host};
use plex_oidc_core::secret::{Secret, SecretKind};
use plextv::PlexToken;
use tracing::warn;

use super::{FlowError, tokens};
use crate::app::App;
use crate::gateway::{RecentSession, Scope};
use crate::store::TOUCH_INTERVAL;
use crate::store::records::{AppTokenRecord, GrantRecord};

/// Who is asking.
pub enum Visitor {
    /// Nobody whom we know.
    Nobody,
    /// A browser that signed in.
    Browser(Arc<RecentSession>),
    /// A program with an app token.
    Program(Box<AppTokenRecord>),
    /// A program with an app token that is not good here. This is final: no cookie makes up for it.
    BadToken,
}

impl Visitor {
    /// The person behind it.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Browser(recent) => Some(&recent.session.grant.user.person),
            Self::Program(token) => Some(&token.user.person),
            Self::Nobody | Self::BadToken => None,
        }
    }

    /// The same, as they come.
    pub fn asker(&self) -> Option<Asker<'_>> {
        match self {
            Self::Browser(recent) => Some(recent.session.grant.asker()),
            Self::Program(token) => Some(token.asker()),
            Self::Nobody | Self::BadToken => None,
        }
    }

    /// The session of a browser.
    pub fn session(&self) -> Option<&RecentSession> {
        match self {
            Self::Browser(recent) => Some(recent),
            Self::Program(_) | Self::Nobody | Self::BadToken => None,
        }
    }
}

/// Says who is asking for something of `asked` on `host`.
pub async fn visitor(
    app: &Arc<App>,
    asked: &GatewayApp,
    host: &Host,
    headers: &HeaderMap,
) -> Result<Visitor, FlowError> {
    match token(headers) {
        Presented::Token(secret) => program(app, asked, &secret).await,
        Presented::Malformed => Ok(Visitor::BadToken),
        Presented::NotOurs | Presented::Unreadable => browser(app, app.gateway.scope_of(host), headers).await,
    }
}

/// What the `Authorization` header holds. Applications have credentials of their own there; ours are told by how they
/// begin, and then nothing else counts.
enum Presented {
    NotOurs,
    /// `Basic`, and we cannot decode it. An application that is less strict may, and find a token of ours.
    Unreadable,
    Malformed,
    Token(Secret),
}

fn token(headers: &HeaderMap) -> Presented {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Presented::NotOurs,
        (Some(value), None) => value,
        // We and the application might read one each.
        (Some(_), Some(_)) => return Presented::Malformed,
    };
    let Some((user, text)) = value.to_str().ok().and_then(shown) else { return unread(value.as_bytes()) };
    let secret = std::str::from_utf8(&text).ok().and_then(|text| Secret::parse(SecretKind::AppToken, text));
    match secret {
        _ if holds_a_token(&user) => Presented::Malformed,
        Some(secret) => Presented::Token(secret),
        None if holds_a_token(&text) => Presented::Malformed,
        None => Presented::NotOurs,
    }
}

/// What to think of a value in which nothing is where a token belongs.
fn unread(value: &[u8]) -> Presented {
    let is_basic = |value: &[u8]| value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"));
    match value.trim_ascii() {
        value if holds_a_token(value) => Presented::Malformed,
        value if is_basic(value) => Presented::Unreadable,
        _ => Presented::NotOurs,
    }
}

/// Whether the `Authorization` header holds a token of ours, good or not, or more than one value.
pub fn shows_a_token(headers: &HeaderMap) -> bool {
    matches!(token(headers), Presented::Token(_) | Presented::Malformed)
}

/// The `Authorization` header, if it is the application's own and holds nothing of ours.
pub fn own_authorization(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(AUTHORIZATION).filter(|_| matches!(token(headers), Presented::NotOurs))
}

/// What is shown with `Bearer`, or as the password with `Basic`; before it the user name, where a token does not belong.
fn shown(value: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some((Vec::new(), rest.trim().as_bytes().to_vec()));
    }
    if scheme.eq_ignore_ascii_case("basic") { user_and_password(rest.trim()) } else { None }
}

/// Whether something in it begins as our tokens do; not whether a longer word has these letters in it.
fn holds_a_token(text: &[u8]) -> bool {
    let in_a_word = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(b); // RFC 6750 s. 2.1
    (0..text.len()).map(|at| text.split_at(at)).any(|(before, rest)| {
        // One of the API opens nothing here, and what it opens is not for an application to hold.
        let ours = [SecretKind::AppToken, SecretKind::ApiToken];
        ours.iter().any(|kind| rest.starts_with(kind.prefix().as_bytes()))
            && !before.last().is_some_and(in_a_word)
    })
}

/// The two parts of a `Basic` header. Without a colon, all of it is the user name.
fn user_and_password(encoded: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let bytes = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?;
    let mut parts = bytes.splitn(2, |b| *b == b':').map(<[u8]>::to_vec);
    Some((parts.next()?, parts.next().unwrap_or_default()))
}

async fn program(app: &App, asked: &GatewayApp, secret: &Secret) -> Result<Visitor, FlowError> {
    let now = app.clock.now();
    let Some(found) = app.store.app_token(secret.hash(), now).await? else { return Ok(Visitor::BadToken) };
    if !found.apps.contains(&asked.name) {
        warn!(
            token = found.id,
            app = asked.name,
            "an app token was shown at an application that it is not for"
        );
        return Ok(Visitor::BadToken);
    }
    if found.last_used.is_none_or(|used| now.since(used) >= i64::from(TOUCH_INTERVAL.0)) {
        app.store.touch_app_token(secret.hash(), now).await?;
    }
    Ok(Visitor::Program(Box::new(found)))
}

async fn browser(app: &Arc<App>, scope: Scope<'_>, headers: &HeaderMap) -> Result<Visitor, FlowError> {
    let Some(cookie) = app.gateway.cookies.session(headers, scope) else { return Ok(Visitor::Nobody) };
    let found = session(app, &cookie).await?;
    // A cookie that was moved to another host is none.
    let here = found.filter(|recent| scope.is(&recent.session.scope));
    Ok(here.map_or(Visitor::Nobody, Visitor::Browser))
}

/// The Plex token that `asked` is handed of whoever has this grant: one that was kept for it, at a sign-in of its own.
pub fn plex_token(app: &App, asked: &GatewayApp, grant: &GrantRecord) -> Option<PlexToken> {
    let client = app.gateway.client_for(asked)?;
    if grant.client_id == client.id { tokens::plex_token(app, client, grant) } else { None }
}

/// A live gateway session, from memory if it was looked up a moment ago.
async fn session(app: &Arc<App>, cookie: &Secret) -> Result<Option<Arc<RecentSession>>, FlowError> {
    let (hash, now, instant) = (cookie.hash(), app.clock.now(), app.clock.instant());
    let alive = |recent: &Arc<RecentSession>| {
        let session = &recent.session;
        !session.idle_expires.has_passed(now) && !session.absolute_expires.has_passed(now)
    };
    if let Some(recent) = app.gateway.recent.get(&hash, instant) {
        return Ok(Some(recent).filter(alive));
    }
    let Some(found) = app.store.gateway_session(hash, now).await? else { return Ok(None) };
    if now.since(found.last_seen) >= i64::from(TOUCH_INTERVAL.0) {
        let idle_expires = now.plus(app.gateway.session_idle).min(found.absolute_expires);
        app.store.touch_gateway_session(hash, now, idle_expires).await?;
    }
    let found = Arc::new(RecentSession::from(found));
    app.gateway.recent.put(hash, instant, Arc::clone(&found));
    Ok(Some(found))
}
