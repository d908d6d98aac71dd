//! What handlers answer with: pages, redirects, JSON, and errors as a person or a program can use them.
//!
//! The one place that turns a [`FlowError`] into a status: a person sees what to do, the log has the cause, and nothing
//! of the cause is on the page.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    LOCATION, RETRY_AFTER, SET_COOKIE, VARY,
};
use plex_oidc_core::authorize::{AuthorizationResponse, ResponseMode};
use plex_oidc_core::id::RequestId;
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::redirect::RedirectTarget;
use serde::Serialize;
use tracing::{error, warn};

use super::language;
use crate::app::App;
use crate::flow::FlowError;
use crate::flow::attempt::Attempt;
use crate::pages::{ErrorKind, ErrorPage, FormPost, Onward, Page, Retry};
use crate::session::form_token;
use crate::store::StoreError;

/// What handlers answer with.
pub type Answer = Response;

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// A page of ours.
pub fn page(app: &App, status: StatusCode, page: &Page<'_>) -> Answer {
    page_that_asks(app, status, page, &[])
}

/// A page of ours whose script may ask these origins.
pub fn page_that_asks(app: &App, status: StatusCode, page: &Page<'_>, origins: &[&str]) -> Answer {
    let policy = app.pages.content_security_policy(origins, None);
    drawn(app, status, page, &policy)
}

fn drawn(app: &App, status: StatusCode, page: &Page<'_>, policy: &str) -> Answer {
    let language = language::of_answer(app);
    let mut answer = Response::new(Body::from(app.pages.render(page, language)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.append(VARY, HeaderValue::from_static("accept-language"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(opener) = page.opener_policy() {
        headers.insert(COOP, HeaderValue::from_static(opener));
    }
    answer
}

/// An error page that stands alone.
pub fn page_error(app: &App, kind: ErrorKind, detail: Option<&str>) -> Answer {
    let values = ErrorPage { kind, retry: None, host_way_in: has_host_way_in(app, kind), detail };
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = page(app, status, &Page::Error(values));
    if kind == ErrorKind::RateLimited {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    answer
}

/// An error page from which an attempt can be tried again or given up.
pub fn attempt_error(app: &App, kind: ErrorKind, attempt: &Attempt<'_>) -> Answer {
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let retry = Retry { request_id: &id, csrf: &csrf, client_name: &attempt.client.name };
    let host_way_in = has_host_way_in(app, kind);
    let values = ErrorPage { kind, retry: Some(retry), host_way_in, detail: None };
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page(app, status, &Page::Error(values))
}

/// Whether there is another way in for the host, while plex.tv is the trouble.
fn has_host_way_in(app: &App, kind: ErrorKind) -> bool {
    kind == ErrorKind::PlexUnavailable && app.own_page(OwnPage::Admin).is_some()
}

/// Which page a failed flow ends on. Logged here, and nowhere else.
pub fn kind_of(error: &FlowError) -> ErrorKind {
    match error {
        FlowError::Plex(cause) if cause.is_transient() => {
            warn!(%error, "plex.tv does not answer");
            ErrorKind::PlexUnavailable
        }
        FlowError::NotKnown => {
            warn!(%error, "a sign-in has to wait");
            ErrorKind::PlexUnavailable
        }
        FlowError::Plex(_) => {
            error!(%error, "plex.tv gave an answer that we cannot use");
            ErrorKind::PlexUnavailable
        }
        FlowError::ClientGone => {
            warn!(%error, "a sign-in could not go on");
            ErrorKind::UnknownRequest
        }
        FlowError::TooOften | FlowError::TooManyTries { .. } => {
            warn!(%error, "a sign-in has to wait");
            ErrorKind::RateLimited
        }
        FlowError::Busy(_) => {
            warn!(%error, "a sign-in has to wait");
            ErrorKind::Busy
        }
        FlowError::NoSuchWayIn => {
            warn!(%error, "a sign-in could not go on");
            ErrorKind::NotFound
        }
        _ => {
            error!(%error, "a sign-in could not go on");
            ErrorKind::Internal
        }
    }
}

/// The page of a failed flow: 503 where trying again may help.
pub fn failed(app: &App, error: &FlowError, attempt: Option<&Attempt<'_>>) -> Answer {
    let kind = kind_of(error);
    let mut answer = match attempt {
        Some(attempt) => attempt_error(app, kind, attempt),
        None => page_error(app, kind, None),
    };
    match error {
        FlowError::Store(StoreError::Unavailable { .. } | StoreError::Busy) | FlowError::Busy(_) => {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        FlowError::TooManyTries { wait } => {
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            answer.headers_mut().insert(RETRY_AFTER, seconds);
        }
        _ => {}
    }
    answer
}

/// A 303 (RFC 9110 s. 15.4.4): the method never travels along, and nothing keeps a copy.
pub fn see_other(location: &str) -> Answer {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, location);
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else {
        error!("an address with characters that no header can hold was not sent");
        *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    answer
}

/// To the page of an attempt.
pub fn to_attempt(id: RequestId) -> Answer {
    see_other(&format!("/sign-in/{id}"))
}

/// To another site, or to an app's own scheme, after one of our forms: by a page that goes on by itself, because browsers
/// hold every redirect of a form against `form-action`, and clients do redirect further.
pub fn onward(app: &App, url: &str, client_name: &str) -> Answer {
    page(app, StatusCode::OK, &Page::Onward(Onward { url, destination: client_name }))
}

/// To the client, with its answer.
pub fn to_client(app: &App, response: &AuthorizationResponse) -> Answer {
    match response.mode {
        ResponseMode::Query => see_other(&response.location()),
        ResponseMode::FormPost => form_post(app, response),
    }
}

/// The same after one of our forms.
pub fn to_client_after_form(app: &App, response: &AuthorizationResponse) -> Answer {
    match response.mode {
        // The end of a device's request is a page of ours, to which forms may lead.
        ResponseMode::Query if response.target == RedirectTarget::of_device(&app.issuer) => {
            to_client(app, response)
        }
        ResponseMode::Query => onward(app, &response.location(), name_of(app, response)),
        ResponseMode::FormPost => form_post(app, response),
    }
}

/// To the client by a form that posts itself (OAuth 2.0 Form Post Response Mode s. 2): the one page of ours whose form may
/// leave, and only to where the response goes.
fn form_post(app: &App, response: &AuthorizationResponse) -> Answer {
    let Some(origin) = response.target.form_origin() else {
        error!(client = %response.client_id, "a response was to be posted where no form can go");
        return page_error(app, ErrorKind::Internal, None);
    };
    let fields: Vec<_> = response.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let values =
        FormPost { action: response.target.as_str(), fields: &fields, destination: name_of(app, response) };
    let policy = app.pages.content_security_policy(&[], Some(&origin));
    drawn(app, StatusCode::OK, &Page::FormPost(values), &policy)
}

fn name_of<'a>(app: &'a App, response: &'a AuthorizationResponse) -> &'a str {
    app.client(&response.client_id).map_or(response.client_id.as_str(), |client| &client.name)
}

/// Adds a `Set-Cookie` to an answer.
pub fn with_cookie(mut answer: Answer, cookie: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(SET_COOKIE, value);
    }
    answer
}

/// JSON that is kept nowhere.
pub fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut answer = (status, Json(value)).into_response();
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(http::header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

/// A signed answer (RFC 7515 s. 3.1) that is kept nowhere.
pub fn jwt(text: String) -> Answer {
    let mut answer = Response::new(Body::from(text));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The error body of OAuth (RFC 6749 s. 5.2).
#[derive(Serialize)]
pub struct OAuthError<'a> {
    /// The error's name.
    pub error: &'a str,
    /// For the developer of the client.
    pub error_description: &'a str,
}

/// Where our script goes next.
#[derive(Serialize)]
pub struct NextStep<'a> {
    /// The address; `null` while there is nothing to do.
    pub next: Option<&'a str>,
    /// `waiting` or `done`.
    pub state: &'a str,
}

/// `{"next": …}`.
pub fn next(address: &str) -> Answer {
    json(StatusCode::OK, &NextStep { next: Some(address), state: "done" })
}
