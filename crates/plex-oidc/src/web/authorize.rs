//! The authorization endpoint (RFC 6749 s. 3.1, OIDC Core 1.0 s. 3.1.2).

use std::sync::PoisonError;

use axum::extract::State as Shared;
use http::HeaderMap;
use plex_oidc_core::authorize::{AuthorizationRequest, AuthorizeError, Progress, Step, validate};
use plex_oidc_core::client::Client;
use plex_oidc_core::jose::verify_id_token_hint;
use plex_oidc_core::subject::Subject;
use tracing::{info, warn};

use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page_error, see_other, to_attempt, to_client, with_cookie};
use crate::app::{App, State};
use crate::flow::attempt::{self, Frozen};
use crate::flow::issue::{Holder, new_code};
use crate::flow::{FlowError, complete};
use crate::pages::ErrorKind;
use crate::store::records::BrowserSession;

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
    let session = match attempt::session(&app, app.cookies.session(&headers).as_ref()).await {
        Ok(session) => session,
        Err(error) => return failed(&app, &error, None),
    };
    let answer = answer(&app, &request, session.as_ref(), &headers, address).await;
    answer.unwrap_or_else(|error| failed(&app, &error, None))
}

fn hinted_subject(app: &App, hint: &str, client: &Client) -> Option<Subject> {
    let claims = verify_id_token_hint(hint, app.keys.verifying_keys(), &app.issuer).ok()?;
    claims.is_for(&client.id).then_some(claims.sub)
}

async fn answer(
    app: &App,
    request: &AuthorizationRequest,
    session: Option<&BrowserSession>,
    headers: &HeaderMap,
    address: std::net::IpAddr,
) -> Result<Answer, FlowError> {
    let step = attempt::step(app, request, session, Progress::default()).await?;
    if let (Step::Issue, Some(session)) = (&step, session)
        && let Some(location) = issue(app, request, session).await?
    {
        return Ok(see_other(&location));
    }
    if let Step::Refuse(error) = &step {
        return Ok(to_client(app, error));
    }
    if !app.limiter.allows_request(address) {
        warn!(%address, "too many authorization requests");
        return Ok(page_error(app, ErrorKind::RateLimited, None));
    }
    let frozen = Frozen { request: request.clone(), signed_in: None };
    let (id, cookie) = attempt::begin(app, &frozen).await?;
    if let (Step::Deny(denial), Some(session)) = (&step, session) {
        complete::deny(app, id, *denial, &session.user.person).await?;
    }
    let mut answer = with_cookie(to_attempt(id), &app.cookies.set_attempt(id, &cookie));
    for cleared in app.cookies.prune_attempts(headers) {
        answer = with_cookie(answer, &cleared);
    }
    if app.cookies.has_malformed_session(headers) {
        answer = with_cookie(answer, &app.cookies.clear_session());
    }
    Ok(answer)
}

/// The fast way: a live session needs no page, and the request is not even stored.
async fn issue(
    app: &App,
    request: &AuthorizationRequest,
    session: &BrowserSession,
) -> Result<Option<String>, FlowError> {
    let account_id = session.user.account_id();
    let holder = Holder { account_id, sid: session.sid, auth_time: session.auth_time, plex_token: None };
    let (code, stored) = new_code(app, request, &holder)?;
    let issued = app.store.issue_code(stored, app.clock.now()).await?;
    Ok(issued.then(|| request.code_response(code.expose(), &app.issuer)))
}
