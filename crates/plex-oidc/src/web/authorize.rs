//! The authorization endpoint (RFC 6749 s. 3.1, OIDC Core 1.0 s. 3.1.2).

use std::sync::PoisonError;

use axum::extract::State as Shared;
use http::HeaderMap;
use plex_oidc_core::authorize::{AuthorizeError, validate};
use plex_oidc_core::client::Client;
use plex_oidc_core::jose::verify_id_token_hint;
use plex_oidc_core::subject::Subject;
use tracing::{info, warn};

use super::entrance::enter;
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, page_error, to_client};
use crate::app::{App, State};
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
    let verify_hint = |hint: &str, client: &Client| hinted_subject(&app, hint, client);
    let request = match validate(&parameters, &app.clients, verify_hint) {
        Ok(request) => request,
        Err(AuthorizeError::Page(error)) => {
            warn!(%error, "an authorization request was refused");
            return page_error(&app, ErrorKind::InvalidRequest, Some(&error.to_string()));
        }
        Err(AuthorizeError::Redirect(error)) => {
            info!(%error, "an authorization request was sent back");
            return to_client(&app, &error);
        }
    };
    if app.repeats.lock().unwrap_or_else(PoisonError::into_inner).comes_a_third_time(&request) {
        warn!(client = %request.client_id, "this client sends the same code_challenge or nonce again and again");
    }
    enter(&app, &request, &headers, address).await
}

fn hinted_subject(app: &App, hint: &str, client: &Client) -> Option<Subject> {
    let claims = verify_id_token_hint(hint, app.keys.ring().verifying_keys(), &app.issuer).ok()?;
    claims.is_for(&client.id).then_some(claims.sub)
}
