//! The way in, shared by all who ask for an authorization code: at once where a session allows it, else by way of a
//! stored attempt and its pages.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::USER_AGENT;
use plex_oidc_core::authorize::{
    AuthorizationRequest, AuthorizationResponse, AuthorizeErrorCode as Code, Progress, RedirectError, Step,
};
use plex_oidc_core::user_agent::browser_name;
use tracing::warn;

use super::language;
use super::respond::{Answer, failed, page_error, to_attempt, to_client, with_cookie};
use crate::app::App;
use crate::flow::attempt::{self, Frozen};
use crate::flow::issue::{Holder, new_code};
use crate::flow::{FlowError, answered, complete};
use crate::pages::ErrorKind;
use crate::store::records::{BrowserSession, RefusedAt, SeenFrom};

/// Answers a request that passed every check.
pub async fn enter(
    app: &App,
    request: &AuthorizationRequest,
    headers: &HeaderMap,
    address: IpAddr,
) -> Answer {
    language::prefer(request.ui_locales.as_deref());
    let session = match attempt::session(app, app.cookies.session(headers).as_ref()).await {
        Ok(session) => session,
        Err(error) => return failed(app, &error, None),
    };
    let answer = answer(app, request, session.as_ref(), headers, address).await;
    answer.unwrap_or_else(|error| failed(app, &error, None))
}

async fn answer(
    app: &App,
    request: &AuthorizationRequest,
    session: Option<&BrowserSession>,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Answer, FlowError> {
    let step = attempt::step(app, request, session, Progress::default()).await?;
    if let (Step::Issue, Some(session)) = (&step, session) {
        if !app.limiter.allows_code(session.sid) {
            warn!(account = %session.user.account_id(), "too many codes for one browser session");
            return too_often(app, request).await;
        }
        if let Some(response) = issue(app, request, session).await? {
            return Ok(to_client(app, &response));
        }
        if request.prompt.forbids_pages() {
            return refuse(app, request, &request.refuse(Code::LoginRequired, "the sign-in is over")).await;
        }
    }
    if let Step::Refuse(error) = &step {
        return refuse(app, request, error).await;
    }
    if !app.limiter.allows_request(address) {
        warn!(%address, "too many authorization requests");
        return Ok(page_error(app, ErrorKind::RateLimited, None));
    }
    let from = seen_from(headers, address);
    let language = Some(language::of_answer(app).tag().to_owned());
    let frozen = Frozen { request: request.clone(), signed_in: None, from, language, renews_for: None };
    let (id, cookie) = attempt::begin(app, &frozen).await?;
    if let (Step::Deny(denial), Some(session)) = (&step, session) {
        complete::deny(app, (id, RefusedAt::Start), *denial, session).await?;
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

/// What a session that is begun here will be called by, for the person whose it is.
fn seen_from(headers: &HeaderMap, address: IpAddr) -> SeenFrom {
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    SeenFrom { browser: user_agent.and_then(browser_name), address: Some(address) }
}

/// Every code is stored with its grant, so that one browser in a loop would fill the disk.
async fn too_often(app: &App, request: &AuthorizationRequest) -> Result<Answer, FlowError> {
    if request.prompt.forbids_pages() {
        let error = request.refuse(Code::TemporarilyUnavailable, "too many requests in a minute");
        return refuse(app, request, &error).await;
    }
    Ok(page_error(app, ErrorKind::RateLimited, None))
}

async fn refuse(
    app: &App,
    request: &AuthorizationRequest,
    error: &RedirectError,
) -> Result<Answer, FlowError> {
    if !answered::spend(app, request).await? {
        return Ok(page_error(app, ErrorKind::UnknownRequest, None));
    }
    Ok(to_client(app, &error.response(&app.issuer)))
}

/// The fast way: a live session needs no page, and the request is not even stored.
async fn issue(
    app: &App,
    request: &AuthorizationRequest,
    session: &BrowserSession,
) -> Result<Option<AuthorizationResponse>, FlowError> {
    let account_id = session.user.account_id();
    let holder = Holder { account_id, sid: session.sid, auth_time: session.auth_time, plex_token: None };
    let (response, stored) = new_code(app, request, &holder)?;
    let issued = app.store.issue_code(stored, app.clock.now()).await?;
    Ok(issued.then_some(response))
}
