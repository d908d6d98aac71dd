//! A form that a client posts to us itself: which client it is, and what it says. Shared by the endpoints for clients
//! (RFC 6749 s. 2.3, s. 3.2).

use axum::body::Body;
use axum::extract::Request;
use http::header::{ALLOW, AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::token::client_auth::{authenticate, present};
use plex_oidc_core::token::error::TokenError;
use tracing::{info, warn};

use super::request::read_form;
use super::respond::{Answer, OAuthError, json};
use crate::app::{App, State};

/// Reads the form and authenticates its client, or says what is wrong.
pub async fn from_client(app: &State, request: Request<Body>) -> Result<(&Client, Parameters), Answer> {
    if request.method() != Method::POST {
        let mut answer = refused(&TokenError::InvalidRequest("this endpoint takes POST only"));
        *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return Err(answer);
    }
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(refused(&TokenError::InvalidRequest(
            "parameters belong in the body, not in the address",
        )));
    }
    let mut authorization = request.headers().get_all(AUTHORIZATION).iter();
    let (first, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return Err(refused(&TokenError::InvalidRequest("more than one Authorization header")));
    }
    let header = first.map(|value| value.to_str().unwrap_or("").to_owned());
    let parameters = read_form(request, app).await.map_err(|unreadable| {
        let mut answer = refused(&TokenError::InvalidRequest("the body is not a form that can be read"));
        *answer.status_mut() = unreadable.status();
        answer
    })?;
    let client = client_of(app, header.as_deref(), &parameters).map_err(|error| refused(&error))?;
    Ok((client, parameters))
}

fn client_of<'a>(
    app: &'a App,
    authorization: Option<&str>,
    parameters: &Parameters,
) -> Result<&'a Client, TokenError> {
    let presented = present(authorization, parameters)?;
    authenticate(&presented, &app.clients).inspect_err(|_| {
        let claimed = presented.claimed(&app.clients).map_or("unknown", |client| client.id.as_str());
        warn!(
            client = claimed,
            "a client could not be authenticated: its secret is wrong, it was not sent as auth_method says, or the \
             client is not enabled"
        );
    })
}

/// The answer to a form that is refused (RFC 6749 s. 5.2).
pub fn refused(error: &TokenError) -> Answer {
    info!(error = error.code(), description = %error, "a client's request was refused");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let description = error.to_string();
    let mut answer = json(status, &OAuthError { error: error.code(), error_description: &description });
    if matches!(error, TokenError::InvalidClient { basic: true }) {
        let scheme = HeaderValue::from_static("Basic realm=\"token endpoint\", charset=\"UTF-8\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    if matches!(error, TokenError::TemporarilyUnavailable) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}
