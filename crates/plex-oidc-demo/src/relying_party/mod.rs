//! A small relying party on the `openidconnect` crate, which our provider's authors did not write: it signs people in and
//! shows what it was told.
//!
//! Owns its pages and, in memory, who is signed in here. `protocol` speaks OpenID Connect.

mod http;
mod protocol;
mod visitors;

use std::io;
use std::sync::Arc;

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::http::Http;
use self::protocol::{Protocol, ProtocolError, SignedIn};
use self::visitors::Visitors;

const PAGE: &str = include_str!("../../templates/page.html");
const STYLE: &str = include_str!("../../static/style.css");

/// The relying party, about to be served.
pub(crate) struct RelyingParty {
    listener: TcpListener,
    desk: Arc<Desk>,
}

/// What the handlers share.
struct Desk {
    url: String,
    issuer: String,
    protocol: Protocol,
    visitors: Visitors,
}

impl RelyingParty {
    /// A relying party at `url`, which `listener` serves, for the provider `issuer`.
    pub(crate) fn new(
        listener: TcpListener,
        url: String,
        issuer: String,
        client_secret: String,
    ) -> Result<Self, reqwest::Error> {
        let protocol = Protocol::new(&issuer, &url, client_secret, Http::build()?);
        Ok(Self { listener, desk: Arc::new(Desk { url, issuer, protocol, visitors: Visitors::default() }) })
    }

    /// The address to open.
    pub(crate) fn url(&self) -> &str {
        &self.desk.url
    }

    /// Serves until asked to stop.
    pub(crate) async fn serve(self, mut stopping: watch::Receiver<bool>) -> io::Result<()> {
        let router = Router::new()
            .route("/", get(home))
            .route("/sign-in", get(sign_in))
            .route("/callback", get(callback).post(callback))
            .route("/refresh", post(refresh))
            .route("/forget", post(forget))
            .route("/sign-out", post(sign_out))
            .route("/style.css", get(style))
            .with_state(self.desk);
        let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
        axum::serve(self.listener, router).with_graceful_shutdown(stop).await
    }
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn home(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let signed_in = desk.visitors.of(&headers);
    page(&desk, signed_in.as_ref(), None)
}

/// Parameters of the address that go into the authorization request as they are.
#[derive(Deserialize)]
struct Wishes {
    prompt: Option<String>,
    response_mode: Option<String>,
}

async fn sign_in(State(desk): State<Arc<Desk>>, Query(wishes): Query<Wishes>) -> Response {
    let wishes = [("prompt", wishes.prompt), ("response_mode", wishes.response_mode)];
    let wishes = wishes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    match desk.protocol.begin(wishes).await {
        Ok((url, state, pending)) => {
            let cookie = desk.visitors.expect(&state, pending);
            with_cookie(Redirect::to(url.as_str()).into_response(), &cookie)
        }
        Err(error) => page(&desk, None, Some(&error)),
    }
}

/// The authorization response (OIDC Core 1.0 s. 3.1.2.5 and 3.1.2.6, RFC 9207): in the query, or posted.
#[derive(Deserialize)]
struct AuthorizationResponse {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn callback(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Form(response): Form<AuthorizationResponse>,
) -> Response {
    match receive(&desk, &headers, response).await {
        Ok(signed_in) => with_cookie(Redirect::to("/").into_response(), &desk.visitors.welcome(signed_in)),
        Err(error) => page(&desk, None, Some(&error)),
    }
}

async fn receive(
    desk: &Desk,
    headers: &HeaderMap,
    response: AuthorizationResponse,
) -> Result<SignedIn, ProtocolError> {
    let state = response.state.unwrap_or_default();
    let pending = desk.visitors.expected(headers, &state).ok_or(ProtocolError::UnknownState)?;
    if response.iss.as_deref() != Some(desk.issuer.as_str()) {
        return Err(ProtocolError::WrongIssuer);
    }
    if let Some(error) = response.error {
        return Err(ProtocolError::Refused { error, description: response.error_description });
    }
    desk.protocol.finish(response.code.unwrap_or_default(), pending).await
}

async fn refresh(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let Some(signed_in) = desk.visitors.of(&headers) else { return Redirect::to("/").into_response() };
    match desk.protocol.refresh(&signed_in).await {
        Ok(renewed) => with_cookie(Redirect::to("/").into_response(), &desk.visitors.welcome(renewed)),
        Err(error) => page(&desk, Some(&signed_in), Some(&error)),
    }
}

async fn forget(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    with_cookie(Redirect::to("/").into_response(), &desk.visitors.forget(&headers))
}

/// Signs out here and, by way of its end-session endpoint, at the provider.
async fn sign_out(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let Some(signed_in) = desk.visitors.of(&headers) else { return Redirect::to("/").into_response() };
    match desk.protocol.end_session(&signed_in).await {
        Ok(url) => with_cookie(Redirect::to(url.as_str()).into_response(), &desk.visitors.forget(&headers)),
        Err(error) => page(&desk, Some(&signed_in), Some(&error)),
    }
}

/// What the one page shows.
#[derive(Serialize)]
struct Shown<'a> {
    issuer: &'a str,
    error: Option<String>,
    name: Option<String>,
    id_token: Vec<(&'a str, String)>,
    userinfo: Vec<(&'a str, String)>,
    scopes: &'a [String],
    can_refresh: bool,
}

fn page(desk: &Desk, signed_in: Option<&SignedIn>, error: Option<&ProtocolError>) -> Response {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let values = Shown {
        issuer: &desk.issuer,
        error: error.map(ToString::to_string),
        name: signed_in.map(SignedIn::name),
        id_token: signed_in.map_or_else(Vec::new, |found| rows(&found.id_token_claims)),
        userinfo: signed_in.map_or_else(Vec::new, |found| rows(&found.userinfo)),
        scopes: signed_in.map_or(&[], |found| &found.scopes),
        can_refresh: signed_in.is_some_and(|found| found.refresh_token.is_some()),
    };
    match environment.render_str(PAGE, minijinja::Value::from(Serde(values))) {
        Ok(text) => ([(CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => (::http::StatusCode::INTERNAL_SERVER_ERROR, format!("the page is broken: {error}\n"))
            .into_response(),
    }
}

/// Claims for people: texts without quotes, everything else as JSON.
fn rows(claims: &Value) -> Vec<(&str, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let claims = claims.as_object().into_iter().flatten();
    claims.map(|(name, value)| (name.as_str(), text(value))).collect()
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}
