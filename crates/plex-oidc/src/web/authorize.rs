//! The authorization endpoint (RFC 6749 s. 3.1, OIDC Core 1.0 s. 3.1.2).

use std::sync::PoisonError;

use axum::extract::State as Shared;
use http::HeaderMap;
use plex_oidc_core::authorize::{AuthorizationRequest, AuthorizeError, validate};
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use tracing::{info, warn};

use super::entrance::enter;
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page_error, to_client};
use crate::app::{App, State};
use crate::flow::attempt::hinted_subject;
use crate::flow::pushed;
use crate::pages::ErrorKind;

/// `GET` and `POST /authorize`.
pub async fn authorize(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let parameters = match sent {
        Ok(Sent(parameters)) => parameters,
        Err(unreadable) => return page_error(&app, ErrorKind::InvalidRequest, Some(&unreadable.to_string())),
    };
    let request = match read(&app, &parameters).await {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if app.repeats.lock().unwrap_or_else(PoisonError::into_inner).comes_a_third_time(&request) {
        warn!(client = %request.client_id, "this client sends the same code_challenge or nonce again and again");
    }
    enter(&app, &request, &headers, address).await
}

/// The request: one that was checked when it was pushed, or one to be checked now.
async fn read(app: &App, parameters: &Parameters) -> Result<AuthorizationRequest, Answer> {
    let Some(name) = pushed::named(parameters) else {
        let verify_hint = |hint: &str, client: &Client| hinted_subject(app, hint, client);
        return validate(parameters, &app.clients, verify_hint).map_err(|error| refused(app, &error));
    };
    let found = pushed::find(app, name, parameters).await;
    found.map_err(|error| failed(app, &error, None))?.ok_or_else(|| {
        let detail = "this request was answered before, has expired, or is not this client's (request_uri)";
        warn!("a pushed authorization request was refused: {detail}");
        page_error(app, ErrorKind::InvalidRequest, Some(detail))
    })
}

fn refused(app: &App, error: &AuthorizeError) -> Answer {
    match error {
        AuthorizeError::Page(error) => {
            warn!(%error, "an authorization request was refused");
            page_error(app, ErrorKind::InvalidRequest, Some(&error.to_string()))
        }
        AuthorizeError::Redirect(error) => {
            info!(%error, "an authorization request was sent back");
            to_client(app, &error.response(&app.issuer))
        }
    }
}
