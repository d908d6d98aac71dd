//! The hosted sign-in page (`app.plex.tv/auth`).
//!
//! Owns: the page, its script and style, and the calls the page makes about the PIN it was opened for. The PIN's
//! code and the client identifier arrive in the fragment, so only the script sees them.
//!
//! Three screens, after Plex's own: nothing special for a trusted PIN; a mild notice for a third party's PIN made
//! from the visitor's address; a red Security Alert naming the maker's address when it was made elsewhere.

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, X_FRAME_OPTIONS};
use serde::Serialize;
use serde_json::json;
use url::Url;

use crate::call::Call;
use crate::pins::Pin;
use crate::render::{Failure, Reply};
use crate::state::{State, account_by_key};

const PAGE: &str = include_str!("../assets/auth.html");
const SCRIPT: &str = include_str!("../assets/auth.js");
const STYLE: &str = include_str!("../assets/auth.css");
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Which of the three screens a visitor sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Screen {
    Normal,
    Notice,
    Alert,
}

/// `GET /auth`
pub(crate) fn page(call: &Call, state: &State) -> Reply {
    let reply = Reply::text(
        StatusCode::OK,
        "text/html; charset=utf-8",
        PAGE.replace("{{base}}", &format!("{}/auth-app", call.prefix)),
    )
    .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    .header(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
    .header(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if state.switches.coop { reply.header(COOP, HeaderValue::from_static("same-origin")) } else { reply }
}

/// The page's own files and calls, under `/auth-app/`.
pub(crate) fn part(call: &Call, state: &mut State, name: &str) -> Result<Reply, Failure> {
    match (call.method.as_str(), name) {
        ("GET", "auth.js") => Ok(Reply::text(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT)),
        ("GET", "auth.css") => Ok(Reply::text(StatusCode::OK, "text/css; charset=utf-8", STYLE)),
        ("GET", "pin") => pin(call, state),
        ("POST", "approve") => approve(call, state),
        ("POST", "deny") => deny(call, state),
        _ => Err(Failure::NoRoute),
    }
}

fn pin(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let visitor = state.client_address(call);
    let forward = call.query("forwardUrl").unwrap_or_default().to_owned();
    let pin = page_pin(call, state)?;
    let screen = match (pin.trusted, pin.creator == visitor) {
        (true, _) => Screen::Normal,
        (false, true) if on_plex(&forward) => Screen::Normal,
        (false, true) => Screen::Notice,
        (false, false) => Screen::Alert,
    };
    let accounts: Vec<_> = crate::personas::ACCOUNTS
        .iter()
        .map(|account| json!({ "key": account.key, "title": account.title, "summary": account.summary }))
        .collect();
    Ok(Reply::json(json!({
        "product": pin.product,
        "screen": screen,
        "creatorAddress": pin.creator.to_string(),
        "creatorPlace": "Utrecht, The Netherlands",
        "visitorAddress": visitor.to_string(),
        "forwardable": forward.is_empty() || may_forward_to(&forward),
        "accounts": accounts,
    })))
}

fn approve(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let id = page_pin(call, state)?.id;
    let account = call.field("persona").and_then(|key| account_by_key(&key)).ok_or(Failure::MALFORMED)?;
    if state.approve(account, |pin| pin.id == id) {
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err(Failure::PIN_NOT_FOUND)
    }
}

fn deny(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    page_pin(call, state)?.denied = true;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The PIN the page was opened for: both its code and its client identifier must be right.
fn page_pin<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Pin, Failure> {
    let code = call.field("code").ok_or(Failure::PIN_NOT_FOUND)?;
    let client_identifier = call.field("clientID").ok_or(Failure::PIN_NOT_FOUND)?;
    state
        .live_pin(|pin| pin.code == code && pin.client_identifier == client_identifier)
        .ok_or(Failure::PIN_NOT_FOUND)
}

/// Custom schemes are refused; the real page then drops the whole sign-in.
fn may_forward_to(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn on_plex(address: &str) -> bool {
    Url::parse(address).ok().and_then(|url| {
        let host = url.host_str()?;
        Some(url.scheme() == "https" && (host == "plex.tv" || host.ends_with(".plex.tv")))
    }) == Some(true)
}
