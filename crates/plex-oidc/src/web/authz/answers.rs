//! What the gateway answers a proxy: 200 with every identity header, or something that lets nothing pass.
//!
//! nginx understands 200, 401 and 403; for the others a redirect is a redirect (RFC 9110 s. 15.4), always to an absolute
//! address, because Traefik would resolve a relative one against ours.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, ORIGIN, REFERER,
    RETRY_AFTER, SET_COOKIE, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::decide::Person;
use plex_oidc_core::gateway::{Family, GatewayApp, OriginalRequest, RequestKind, Weighed};
use serde::Serialize;
use tracing::warn;

use crate::app::App;
use crate::flow::FlowError;
use crate::flow::gateway::{Visitor, own_authorization, plex_token};
use crate::flow::handover::{SentOff, send_off};
use crate::gateway::HeaderNames;
use crate::store::records::GrantRecord;
use crate::web::respond::Answer;

/// Tells nginx that a 401 with a `Location` is a redirect for a browser, and not the answer to a script, which has a
/// `Location` too. nginx takes no other status, so its configuration has to tell the two apart by something.
const REDIRECT: HeaderName = HeaderName::from_static("x-plex-oidc-redirect");

/// Tells Envoy which headers of the visitor end there: it leaves alone what an answer does not name.
const REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// What somebody reads who is signed in and may not.
pub(super) const NOT_FOR_YOU: &str = "You are signed in, but this page is not for your account.";

/// What somebody reads who may, and whom the application could not be told of.
const NO_NAME: &str =
    "You are signed in, but there is no name to tell this application. Your host can give you one.";

/// A question of a proxy that names an application of ours.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) family: Family,
    pub(super) asked: &'a GatewayApp,
    pub(super) original: &'a OriginalRequest,
    pub(super) headers: &'a HeaderMap,
}

/// Whom the application is told of; or the refusal of somebody who would be nobody there, the owner too.
pub(super) fn told<'p>(
    asking: &Asking<'_>,
    weighed: &Weighed,
    person: Option<&'p Person>,
) -> Result<Option<&'p Person>, Box<Answer>> {
    weighed.told(person, asking.asked, &asking.app.gateway.names).map_err(|nameless| {
        let subject = person.map(|person| person.subject().as_str().to_owned());
        warn!(app = asking.asked.name, subject, "somebody may in and was refused: {nameless}");
        Box::new(refuse(asking.family, StatusCode::FORBIDDEN, NO_NAME))
    })
}

/// Lets a request pass, with every header of the application's set (requirement 169); or refuses somebody who would be nobody there.
pub(super) fn pass(asking: &Asking<'_>, weighed: &Weighed, visitor: &Visitor) -> Answer {
    let recent = visitor.session().filter(|_| weighed.is_named());
    if let Some(headers) = recent.and_then(|recent| recent.told.to(&asking.asked.name)) {
        return pass_with(asking, headers.clone());
    }
    let told = match told(asking, weighed, visitor.person()) {
        Ok(told) => told,
        Err(refusal) => return *refusal,
    };
    let person = told.map(|person| asking.app.as_told(person));
    let values = asking.asked.headers.values(person.as_deref(), &asking.app.gateway.names);
    let mut headers = headers_of(
        &asking.app.gateway.header_names,
        values.into_iter().map(|(name, value)| (name, Bytes::from(value))),
    );
    if let (Some(recent), Some(_)) = (recent, told) {
        hand_on_plex_token(asking, &recent.session.grant, &mut headers);
        recent.told.remember(&asking.asked.name, &headers);
    }
    pass_with(asking, headers)
}

/// Puts in somebody's Plex token, where the host hands it on and their session has it.
fn hand_on_plex_token(asking: &Asking<'_>, grant: &GrantRecord, headers: &mut HeaderMap) {
    let Some(name) = asking.asked.headers.of_plex_token() else { return };
    let token = plex_token(asking.app, asking.asked, grant);
    let value = token.and_then(|token| HeaderValue::from_str(token.expose()).ok());
    if let (Some(name), Some(mut value)) = (asking.app.gateway.header_names.ready(name), value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

/// These headers, as they are sent; an empty one clears what a visitor may have planted.
pub(super) fn headers_of<'v>(
    names: &HeaderNames,
    values: impl Iterator<Item = (&'v str, Bytes)>,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(1 + values.size_hint().0);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in values {
        let Some(name) = names.ready(name) else { continue };
        let value = HeaderValue::from_maybe_shared(value);
        headers.insert(name, value.unwrap_or_else(|_| HeaderValue::from_static("")));
    }
    headers
}

/// The one answer that lets a request pass.
pub(super) fn pass_with(asking: &Asking<'_>, mut headers: HeaderMap) -> Answer {
    hand_on_authorization(asking, &mut headers);
    let mut answer = Response::new(Body::empty());
    *answer.headers_mut() = headers;
    answer
}

/// Gives the proxy the `Authorization` that the application shall get: its own, and never an app token, which is good at
/// other applications too. One that a proxy takes from here and that is missing is cleared.
fn hand_on_authorization(asking: &Asking<'_>, out: &mut HeaderMap) {
    match own_authorization(asking.headers) {
        Some(own) => drop(out.insert(AUTHORIZATION, own.clone())),
        None if asking.family == Family::ExtAuthz => {
            out.insert(REMOVE, HeaderValue::from_static("authorization"));
        }
        None => {}
    }
}

/// An answer that lets nothing pass, with a sentence for whoever sees it.
pub(super) fn refuse(family: Family, status: StatusCode, sentence: &str) -> Answer {
    let understood = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let status = if understood || family.relays_redirects() { status } else { StatusCode::FORBIDDEN };
    let mut answer = (status, format!("{sentence}\n")).into_response();
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

/// To somebody who is no proxy of ours (requirement 165).
pub(super) fn untrusted(nobody_is: bool) -> Answer {
    let sentence = if nobody_is {
        "The gateway answers no one until the configuration names its proxies: trusted_proxies = [\"172.16.0.0/12\"]."
    } else {
        "The gateway answers its proxies only. If this is one, add its address to trusted_proxies."
    };
    refuse(Family::ForwardAuth, StatusCode::FORBIDDEN, sentence)
}

/// An app token that is not good here.
pub(super) fn bad_token(asking: &Asking<'_>) -> Answer {
    let mut answer = refuse(asking.family, StatusCode::UNAUTHORIZED, "This app token is not good here.");
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
    answer
}

/// Sends a browser on, in the way that its proxy understands.
pub(super) fn redirect(asking: &Asking<'_>, location: &str, cookie: Option<&str>) -> Answer {
    let status = match (asking.family.relays_redirects(), asking.original.method.is_get_like()) {
        (false, _) => StatusCode::UNAUTHORIZED,
        (true, true) => StatusCode::FOUND,
        (true, false) => StatusCode::SEE_OTHER,
    };
    let mut answer = status.into_response();
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(location) {
        Ok(location) => headers.insert(LOCATION, location),
        Err(_) => {
            return refuse(asking.family, StatusCode::BAD_REQUEST, "this address cannot be returned to");
        }
    };
    if !asking.family.relays_redirects() {
        headers.insert(REDIRECT, HeaderValue::from_static("303"));
    }
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    answer
}

/// The body for programs that are not signed in.
#[derive(Serialize)]
struct SignInRequired<'a> {
    error: &'static str,
    sign_in: &'a str,
}

/// Sends a person to sign in; tells a program that somebody should.
pub(super) fn sign_in(
    asking: &Asking<'_>,
    kind: RequestKind,
    visitor: &Visitor,
) -> Result<Answer, FlowError> {
    let Asking { app, asked, original, headers, family } = *asking;
    if matches!(visitor, Visitor::Program(_)) {
        return Ok(bad_token(asking)); // a program cannot sign in, and its person's access is in doubt
    }
    let to = match kind {
        RequestKind::Navigation if original.method.is_get_like() => original.return_target().to_owned(),
        // What a form sent is not sent again behind anybody's back: back to the page it was on.
        _ => page_before(asking),
    };
    let SentOff { location, cookie } = send_off(app, asked, original, &to, headers)?;
    if kind == RequestKind::Navigation {
        return Ok(redirect(asking, &location, Some(&cookie)));
    }
    let mut answer = StatusCode::UNAUTHORIZED.into_response();
    let body = SignInRequired { error: "sign_in_required", sign_in: &location };
    if family.relays_redirects() {
        *answer.body_mut() = Body::from(serde_json::to_vec(&body)?);
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let out = answer.headers_mut();
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(location) = HeaderValue::from_str(&location) {
        out.insert(LOCATION, location);
    }
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        out.append(SET_COOKIE, cookie);
    }
    allow_reading(asking, out);
    Ok(answer)
}

/// The page that the browser was on, if it was one of this very origin; else the front page.
fn page_before(asking: &Asking<'_>) -> String {
    let referer = asking.headers.get(REFERER).and_then(|value| value.to_str().ok());
    let before = referer.and_then(|url| OriginalRequest::from_url("GET", url));
    let here = before.filter(|before| before.origin() == asking.original.origin());
    here.map_or_else(|| "/".to_owned(), |before| before.return_target().to_owned())
}

/// Lets a script of another application of ours read that its session is over (Fetch standard, CORS protocol).
fn allow_reading(asking: &Asking<'_>, out: &mut HeaderMap) {
    out.insert(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = asking.headers.get(ORIGIN) else { return };
    let from = origin.to_str().ok().and_then(|origin| OriginalRequest::from_url("GET", origin));
    let ours = from.is_some_and(|from| {
        from.https == asking.original.https && asking.app.gateway.apps.find(&from.host, None).is_some()
    });
    if ours {
        out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        out.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        out.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("location"));
    }
}

/// To the page that asks whether to sign out. Nothing ends by a link alone (requirement 132).
pub(super) fn go_sign_out(asking: &Asking<'_>) -> Answer {
    redirect(asking, &asking.app.issuer.join("/sign-out"), None)
}
