//! What handlers read from a request: who is calling, which cookies and form token came with it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request};
use axum::response::IntoResponse;
use http::header::{CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::id::RequestId;

use super::language;
use super::respond::{Answer, page, page_error};
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt::{self, Attempt};
use crate::pages::{ErrorKind, Page};
use crate::session::form_token_is_right;
use crate::store::records::LoginState;

/// Longest query that is read, in bytes (requirement 16).
pub const MAX_QUERY_BYTES: usize = 8 * 1024;

/// The header in which our script sends the form token.
const CSRF_HEADER: &str = "x-csrf-token";

/// Refuses an address with too long a query.
pub fn too_long(address: &Uri) -> Option<Answer> {
    let long = address.query().is_some_and(|query| query.len() > MAX_QUERY_BYTES);
    long.then(|| (StatusCode::URI_TOO_LONG, "the address is too long\n").into_response())
}

/// The address of the client: the peer, or what trusted proxies say.
pub fn client_address(app: &App, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
    let forwarded: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("")).collect();
    app.trusted_proxies.client_address(peer.ip(), forwarded.into_iter())
}

/// The address of the client, as an extractor.
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<State> for ClientAddress {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &State) -> Result<Self, Answer> {
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await;
        let Ok(ConnectInfo(peer)) = peer else { return Err(page_error(app, ErrorKind::Internal, None)) };
        Ok(Self(client_address(app, &parts.headers, peer)))
    }
}

/// The parameters of a request: the query of a GET, the form of a POST.
pub struct Sent(pub Parameters);

/// Why parameters could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is not a form.
    #[error("the body is not a form")]
    NotAForm,
    /// The body is larger than we read.
    #[error("the body is too large")]
    TooLarge,
    /// There are too many parameters.
    #[error("the request has too many parameters")]
    TooMany,
    /// The body did not come, or not in time.
    #[error("the body did not come in time")]
    Interrupted,
}

impl Unreadable {
    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::BAD_REQUEST,
            Self::Interrupted => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Answer {
        self.status().into_response()
    }
}

impl FromRequest<State> for Sent {
    type Rejection = Unreadable;

    async fn from_request(request: Request, app: &State) -> Result<Self, Unreadable> {
        if request.method() == Method::GET || request.method() == Method::HEAD {
            let query = request.uri().query().unwrap_or("");
            return Parameters::parse(query.as_bytes()).map(Self).map_err(|_| Unreadable::TooMany);
        }
        read_form(request, app).await.map(Self)
    }
}

/// How long a body may take to arrive, all of it (requirement 55). An extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct BodyTime(pub Duration);

/// Reads a whole body, within the limits of size and time.
pub async fn read_body(request: Request, app: &State) -> Result<Bytes, Unreadable> {
    let limit = request.extensions().get::<BodyTime>().map_or(Duration::from_secs(10), |limit| limit.0);
    let read = tokio::time::timeout(limit, Bytes::from_request(request, app)).await;
    read.map_err(|_| Unreadable::Interrupted)?.map_err(|rejection| unreadable(&rejection))
}

/// Reads the form in a body; a body without content type and without content counts as an empty form.
pub async fn read_form(request: Request, app: &State) -> Result<Parameters, Unreadable> {
    let is_form = is_form(request.headers());
    let bytes = read_body(request, app).await?;
    if !is_form && !bytes.is_empty() {
        return Err(Unreadable::NotAForm);
    }
    Parameters::parse(&bytes).map_err(|_| Unreadable::TooMany)
}

fn unreadable(rejection: &BytesRejection) -> Unreadable {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Unreadable::TooLarge,
        _ => Unreadable::Interrupted,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Opens the attempt named in the path with this browser's cookie, or answers with a page.
pub async fn open_attempt<'a>(
    app: &'a Arc<App>,
    Path(id): Path<String>,
    headers: &HeaderMap,
) -> Result<Attempt<'a>, Answer> {
    let unknown = || page_error(app, ErrorKind::UnknownRequest, None);
    let id = RequestId::parse(&id).ok_or_else(unknown)?;
    let cookie = app.cookies.attempt(headers, id).ok_or_else(unknown)?;
    let opened = attempt::open(app, id, cookie).await;
    let attempt = opened.map_err(|error| super::respond::failed(app, &error, None))?.ok_or_else(unknown)?;
    language::prefer(attempt.frozen.request.ui_locales.as_deref());
    Ok(attempt)
}

/// [`open_attempt`] for the pages that a tab shows. Where another tab of this browser has finished the attempt, and taken
/// its cookie, the page says that the visitor is signed in.
pub async fn open_for_page<'a>(
    app: &'a Arc<App>,
    Path(id): Path<String>,
    headers: &HeaderMap,
) -> Result<Attempt<'a>, Answer> {
    let opened = open_attempt(app, Path(id.clone()), headers).await;
    if opened.as_ref().is_ok_and(|attempt| !matches!(attempt.state, LoginState::Finished)) {
        return opened;
    }
    match is_finished_here(app, &id, headers).await {
        Ok(true) => Err(page(app, StatusCode::OK, &Page::SignedIn)),
        Ok(false) => opened,
        Err(error) => Err(super::respond::failed(app, &error, None)),
    }
}

async fn is_finished_here(app: &App, id: &str, headers: &HeaderMap) -> Result<bool, FlowError> {
    let Some(id) = RequestId::parse(id) else { return Ok(false) };
    let Some(cookie) = app.cookies.session(headers) else { return Ok(false) };
    let login = app.store.login(id, app.clock.now()).await?;
    let finished = login.is_some_and(|login| matches!(login.state, LoginState::Finished));
    Ok(finished && attempt::session(app, Some(&cookie)).await?.is_some())
}

/// Whether a state-changing request comes from one of our own pages (requirement 131): the form token is right, and the
/// browser does not say that it comes from elsewhere.
pub fn is_our_own(app: &App, attempt: &Attempt<'_>, headers: &HeaderMap, form: Option<&Parameters>) -> bool {
    let in_header = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    let in_form = form.and_then(|form| form.get("csrf").ok().flatten());
    let token = in_header.or(in_form).unwrap_or("");
    comes_from_us(app, headers) && form_token_is_right(&attempt.cookie, token)
}

/// What the browser says about where a request comes from. A browser that says nothing is not one of today's, and the
/// form token alone decides.
pub fn comes_from_us(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = text(ORIGIN.as_str()).is_none_or(|origin| origin == app.issuer.as_str());
    site && origin
}

/// The `Accept` header asks for JSON: our script is calling, not a form.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    accept.contains("application/json") && !accept.contains("text/html")
}
