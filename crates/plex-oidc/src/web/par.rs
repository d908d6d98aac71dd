//! The pushed authorization request endpoint (RFC 9126).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::StatusCode;
use plex_oidc_core::authorize::{AuthorizeError, AuthorizeErrorCode, validate_pushed};
use plex_oidc_core::client::Client;
use plex_oidc_core::token::error::TokenError;
use serde::Serialize;
use tracing::{info, warn};

use super::client_call::{ClientCall, refused, too_many};
use super::request::ClientAddress;
use super::respond::{Answer, OAuthError, json};
use crate::app::State;
use crate::flow::attempt::hinted_subject;
use crate::flow::pushed;

/// The answer (RFC 9126 s. 2.2).
#[derive(Serialize)]
struct Pushed {
    request_uri: String,
    expires_in: u32,
}

/// `POST /par`.
pub async fn par(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let call = match ClientCall::read(&app, request).await {
        Ok(call) => call,
        Err(answer) => return answer,
    };
    let client = call.client;
    // Anybody can push in the name of a public client.
    if client.is_public() && !app.limiter.allows_request(address) {
        warn!(%address, client = %client.id, "too many authorization requests");
        return too_many();
    }
    let verify_hint = |hint: &str, client: &Client| hinted_subject(&app, hint, client);
    let request = match validate_pushed(&call.parameters, client, verify_hint) {
        Ok(request) => request,
        Err(error) => return not_pushed(&error),
    };
    match pushed::push(&app, &request).await {
        Ok(request_uri) => json(StatusCode::CREATED, &Pushed { request_uri, expires_in: pushed::LIFETIME.0 }),
        Err(error) => refused(&TokenError::from(error)),
    }
}

/// RFC 9126 s. 2.3: the errors of the authorization endpoint, told to the client itself.
fn not_pushed(error: &AuthorizeError) -> Answer {
    info!(%error, "a pushed authorization request was refused");
    let (code, description) = match error {
        AuthorizeError::Page(error) => (AuthorizeErrorCode::InvalidRequest, error.to_string()),
        AuthorizeError::Redirect(error) => (error.code, error.description.to_owned()),
    };
    json(StatusCode::BAD_REQUEST, &OAuthError { error: code.as_str(), error_description: &description })
}
