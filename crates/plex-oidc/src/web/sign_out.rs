//! Signing out: by our own page, asked for there and done by a form; and by a client's request at the end-session endpoint
//! (OIDC RP-Initiated Logout 1.0), which asks on the same page wherever it does not know for certain.

use std::net::IpAddr;

use axum::extract::State as Shared;
use http::{HeaderMap, Method, StatusCode};
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::jose::verify_id_token_hint;
use plex_oidc_core::logout::{self, LogoutDoubt, LogoutRequest, WayBack};
use plex_oidc_core::secret::Secret;
use tracing::warn;
use url::form_urlencoded::Serializer;

use super::here::{Here, here, is_our_form};
use super::language;
use super::request::{ClientAddress, MAX_QUERY_BYTES, Sent, Unreadable};
use super::respond::{Answer, failed, onward, page, page_error, see_other, with_cookie};
use crate::app::{App, State};
use crate::flow::audit::Own;
use crate::flow::{FlowError, admin_link, attempt, sign_out as flow};
use crate::pages::{self, ErrorKind, Page, SignOutConfirm};
use crate::session::form_token;
use crate::store::records::SessionName;

/// Marks a request that came with a verified ID token, which it does not hold any more.
const VOUCHED: &str = "vouched";

/// `GET /sign-out`: asks. Nothing ends by a link alone.
pub async fn ask(Shared(app): Shared<State>, headers: HeaderMap) -> Answer {
    match here(&app, &headers).await {
        Ok(Some(here)) => confirm(&app, &here, None, None),
        Ok(None) => signed_out(&app),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /sign-out`: ends this browser session, or everything that this person is signed in to, unless the visitor chose to
/// stay.
pub async fn sign_out(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let Some(cookie) = app.cookies.session(&headers) else { return signed_out(&app) };
    let form = match sent {
        Ok(Sent(form)) if is_our_form(&app, &cookie, &headers, &form) => form,
        Ok(_) | Err(_) => return page_error(&app, ErrorKind::FormExpired, None),
    };
    let ended = match form.get("answer") {
        Ok(Some("stay")) => return page(&app, StatusCode::OK, &Page::SignedIn),
        Ok(Some("everywhere")) => end_everywhere(&app, &cookie, address).await,
        _ => flow::end(&app, SessionName::Cookie(cookie.hash()), address).await.map(|_| true),
    };
    match ended {
        Ok(true) => {
            let answer = with_cookie(after_form(&app, &form), &app.cookies.clear_session());
            without_visit(&app, &headers, answer).await
        }
        Ok(false) => page_error(&app, ErrorKind::FormExpired, None),
        Err(error) => failed(&app, &error, None),
    }
}

/// Whoever signs out is not to leave the host's page open either, where a link had opened it in this browser.
async fn without_visit(app: &App, headers: &HeaderMap, answer: Answer) -> Answer {
    let Some(cookie) = app.cookies.host_session(headers) else { return answer };
    match admin_link::leave(app, &cookie).await {
        Ok(()) => with_cookie(answer, &app.cookies.clear_host_session()),
        Err(error) => {
            // The session has ended all the same; without its cookie, this browser is not the host either.
            warn!(%error, "a visit to the host's page is left to run out");
            with_cookie(answer, &app.cookies.clear_host_session())
        }
    }
}

/// `GET` and `POST /end-session` (RP-Initiated Logout 1.0 s. 2).
pub async fn end_session(
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
    language::prefer(parameters.get("ui_locales").ok().flatten());
    let verify = |hint: &str| verify_id_token_hint(hint, app.keys.ring().verifying_keys(), &app.issuer).ok();
    let request = logout::read(&parameters, &app.clients, verify);
    if let Err(doubt) = &request {
        warn!(%doubt, "a client's request to sign somebody out is not used");
    }
    // A form of another site comes without our cookie (SameSite=Lax), whoever is signed in here.
    let blind = method == Method::POST && app.cookies.session(&headers).is_none();
    let look_again = blind.then(|| address_of(&app, request.as_ref().ok()));
    let answer = answer(&app, (&headers, &parameters, address), request, look_again).await;
    answer.unwrap_or_else(|error| failed(&app, &error, None))
}

/// Ends the session that a verified hint names, if it is this browser's or lives without a cookie here; else asks.
async fn answer(
    app: &App,
    (headers, parameters, address): (&HeaderMap, &Parameters, IpAddr),
    request: Result<LogoutRequest<'_>, LogoutDoubt>,
    look_again: Option<String>,
) -> Result<Answer, FlowError> {
    let (request, doubt) = match request {
        Ok(request) => (request, None),
        Err(doubt) => (LogoutRequest::default(), Some(doubt)),
    };
    let way_back = request.way_back.as_ref();
    match (here(app, headers).await?, request.hinted) {
        (Some(here), Some(sid)) if sid == here.sid_for(app, request.client) => {
            flow::end(app, SessionName::Cookie(here.cookie.hash()), address).await?;
            let answer = with_cookie(gone(app, way_back), &app.cookies.clear_session());
            Ok(without_visit(app, headers, answer).await)
        }
        (Some(here), _) => Ok(confirm(app, &here, way_back, doubt)),
        (None, hinted) => {
            if let Some(sid) = hinted {
                flow::end_by_name(app, request.client, sid, address).await?;
            }
            Ok(match look_again {
                Some(address) => see_other(&address),
                // Without a hint there was nobody to ask, and so nobody who wants to go anywhere.
                None => gone(
                    app,
                    way_back.filter(|way| hinted.is_some() || is_vouched_for(app, parameters, way.client)),
                ),
            })
        }
    }
}

/// What is left of the request as a GET, which comes with our cookie; our own question, where nothing of it is used or it is
/// too long. The hint is not handed on: no address is to hold an ID token that the client took care to post.
fn address_of(app: &App, request: Option<&LogoutRequest<'_>>) -> String {
    let mut query = Serializer::new(String::new());
    if let Some(client) = request.and_then(|request| request.client) {
        query.append_pair("client_id", client.id.as_str());
        if request.is_some_and(|request| request.hinted.is_some()) {
            query.append_pair(VOUCHED, &app.mac.mark(VOUCHED, client.id.as_str().as_bytes()));
        }
    }
    if let Some(way) = request.and_then(|request| request.way_back.as_ref()) {
        query.append_pair("post_logout_redirect_uri", way.target.as_str());
        query.extend_pairs(way.state.iter().map(|state| ("state", state)));
    }
    let query = query.finish();
    if request.is_none() || query.len() > MAX_QUERY_BYTES {
        return "/sign-out".to_owned();
    }
    format!("/end-session?{query}")
}

/// Whether an ID token of this client was shown with a form a moment ago, and we turned that into this request.
fn is_vouched_for(app: &App, parameters: &Parameters, client: &Client) -> bool {
    let marked = parameters.get(VOUCHED).ok().flatten();
    let vouched = marked.and_then(|marked| app.mac.read(VOUCHED, marked));
    vouched.is_some_and(|id| id == client.id.as_str().as_bytes())
}

/// `false`: the session is over, so that nobody knows whose others there are.
async fn end_everywhere(app: &App, cookie: &Secret, address: IpAddr) -> Result<bool, FlowError> {
    let Some(session) = attempt::session(app, Some(cookie)).await? else { return Ok(false) };
    flow::sign_out_everywhere(app, Own { account: session.user.account_id(), address }).await?;
    Ok(true)
}

/// The question. The way back travels with its form, and is checked again when it comes.
fn confirm(app: &App, here: &Here, way_back: Option<&WayBack<'_>>, doubt: Option<LogoutDoubt>) -> Answer {
    let detail = doubt.map(|doubt| doubt.to_string());
    let values = SignOutConfirm {
        csrf: &form_token(&here.cookie),
        account_name: &here.session.user.person.account.display_name,
        way_back: way_back.map(|way| pages::WayBack {
            client_name: &way.client.name,
            client_id: way.client.id.as_str(),
            address: way.target.as_str(),
            state: way.state.as_deref(),
        }),
        detail: detail.as_deref(),
    };
    page(app, StatusCode::OK, &Page::SignOutConfirm(values))
}

/// After our form: on to the client that asked, if it named a registered address, and still is registered.
fn after_form(app: &App, form: &Parameters) -> Answer {
    match logout::read(form, &app.clients, |_| None).ok().and_then(|request| request.way_back) {
        Some(way) => onward(app, &way.location(), &way.client.name),
        None => page(app, StatusCode::OK, &Page::SignedOut),
    }
}

fn gone(app: &App, way_back: Option<&WayBack<'_>>) -> Answer {
    way_back.map_or_else(|| page(app, StatusCode::OK, &Page::SignedOut), |way| see_other(&way.location()))
}

fn signed_out(app: &App) -> Answer {
    with_cookie(gone(app, None), &app.cookies.clear_session())
}
