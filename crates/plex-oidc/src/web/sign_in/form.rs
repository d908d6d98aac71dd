//! A form of an attempt that came from our own page: how it is opened, and how it is refused.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::form::Parameters;

use crate::app::App;
use crate::flow::attempt::Attempt;
use crate::pages::ErrorKind;
use crate::web::request::{is_our_own, open_attempt, read_form, wants_json};
use crate::web::respond::{Answer, OAuthError, attempt_error, json};

/// A form that came from our own page.
pub struct Filled<'a> {
    /// The attempt that it is about.
    pub attempt: Attempt<'a>,
    /// The headers that came with it.
    pub headers: HeaderMap,
    form: Parameters,
}

impl Filled<'_> {
    /// A field, if it is there once and says something.
    pub fn field(&self, name: &'static str) -> Option<&str> {
        self.form.get(name).ok().flatten()
    }
}

/// Opens a form; refuses one that is not from our own page.
pub async fn open(app: &Arc<App>, path: Path<String>, request: Request<Body>) -> Result<Filled<'_>, Answer> {
    let headers = request.headers().clone();
    let attempt = open_attempt(app, path, &headers).await?;
    let Ok(form) = read_form(request, app).await else {
        return Err(refused(app, &attempt, &headers, ErrorKind::InvalidRequest));
    };
    if !is_our_own(app, &attempt, &headers, Some(&form)) {
        return Err(refused(app, &attempt, &headers, ErrorKind::FormExpired));
    }
    Ok(Filled { attempt, headers, form })
}

/// A refusal, for a visitor or for our script.
pub fn refused(app: &App, attempt: &Attempt<'_>, headers: &HeaderMap, kind: ErrorKind) -> Answer {
    if !wants_json(headers) {
        return attempt_error(app, kind, attempt);
    }
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    problem(status, "not_started")
}

/// A refusal for our script.
pub fn problem(status: StatusCode, error: &str) -> Answer {
    json(status, &OAuthError { error, error_description: "the sign-in page says what to do" })
}
