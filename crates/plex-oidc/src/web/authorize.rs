//! The authorization endpoint (RFC 6749 s. 3.1, OIDC Core 1.0 s. 3.1.2).

use std::net::IpAddr;
use std::sync::PoisonError;

use axum::extract::State as Shared;
use http::{HeaderMap, Method};
use plex_oidc_core::authorize::{AuthorizationRequest, AuthorizeError, validate};
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use tracing::{info, warn};
use url::form_urlencoded::Serializer;

use super::entrance::enter;
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page_error, see_other, to_client};
use crate::app::{App, State};
use crate::flow::attempt::hinted_subject;
use crate::flow::{FlowError, pushed};
use crate::pages::ErrorKind;

/// `GET` and `POST /authorize`.
pub async fn authorize(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    method: Method,
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
    // A form of another site comes without our cookie (SameSite=Lax), whoever is signed in here.
    if method == Method::POST && app.cookies.session(&headers).is_none() {
        let answer = look_again(&app, &parameters, &request, address).await;
        return answer.unwrap_or_else(|error| failed(&app, &error, None));
    }
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

/// Sends the browser to the same request by GET, which comes with our cookie. The request was checked, and waits as a pushed one
/// does (RFC 9126 s. 4): no address is to hold what the client took care to post, or be too long for it.
async fn look_again(
    app: &App,
    parameters: &Parameters,
    request: &AuthorizationRequest,
    address: IpAddr,
) -> Result<Answer, FlowError> {
    let request_uri = match parameters.get("request_uri") {
        Ok(Some(pushed_before)) => pushed_before.to_owned(),
        _ if !app.limiter.allows_request(address) => {
            warn!(%address, client = %request.client_id, "too many authorization requests");
            return Ok(page_error(app, ErrorKind::RateLimited, None));
        }
        _ => pushed::push(app, request).await?,
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("client_id", request.client_id.as_str()).append_pair("request_uri", &request_uri);
    Ok(see_other(&format!("/authorize?{}", query.finish())))
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
