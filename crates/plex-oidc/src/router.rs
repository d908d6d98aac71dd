//! Which path leads where, and what holds for every answer.

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State as Shared};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{Method, StatusCode};
use plex_oidc_core::own_page::OwnPage;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any as AnyOrigin, CorsLayer};
use tower_http::timeout::TimeoutLayer;

use crate::app::{App, State};
use crate::headers::add_security_headers;
use crate::pages::ErrorKind;
use crate::web::request::{BodyTime, too_long};
use crate::web::respond::page_error;
use crate::web::sign_in::{ask, choice, constant, page, password, return_, start, wait};
use crate::web::{
    account, admin, admin_link, api, api_tokens, assets, audit, authorize, authz, browsers, device,
    device_authorization, gateway_sign_in, health, introspect, language, metadata, metrics, owner_token, par,
    passkey, passkeys, revoke, sign_out, token, userinfo,
};

pub use crate::web::authz::Question;

/// Longest body that is read, in bytes (requirement 55).
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The time limits of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a whole body to arrive.
    pub body: Duration,
    /// For a whole answer. Event streams and long polls have limits of their own.
    pub answer: Duration,
    /// Bytes of a body.
    pub body_bytes: usize,
}

/// Every route.
pub fn router(app: &State, limits: Limits) -> Router {
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.answer);
    let shared = Arc::clone(app);
    let of_proxies = any(move |peer: ConnectInfo<SocketAddr>, request: Request<Body>| {
        proxy(Arc::clone(&shared), limits.answer, peer, request)
    });
    // A way in that is switched off has no address (requirement 150).
    let of_plex = |routes: fn() -> Router<State>| if app.plex.is_some() { routes() } else { Router::new() };
    let of_hosts = if app.own_page(OwnPage::Admin).is_some() { host_pages() } else { Router::new() };
    let of_passwords = if app.local.is_some() { local_pages() } else { Router::new() };
    pages()
        .merge(account_pages())
        .merge(host_programs())
        .merge(of_plex(plex_pages))
        .merge(of_passwords)
        .merge(of_hosts)
        .merge(protocol())
        .layer(timeout)
        .merge(of_plex(waiting))
        .with_state(Arc::clone(app))
        .merge(documents(app))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(app))
        // One call, outermost first: each call of its own would put every request into one more box.
        .layer((
            from_fn_with_state(Arc::clone(app), around),
            CatchPanicLayer::custom(panicked),
            Extension(BodyTime(limits.body)),
            DefaultBodyLimit::max(limits.body_bytes),
        ))
        .route("/authz/{*rest}", of_proxies.clone())
        .route("/validate/{*rest}", of_proxies)
}

/// The routes of the listener for figures.
pub fn figures(app: &State, limits: Limits) -> Router {
    let watched = metrics::Watched { app: Arc::clone(app), last: Arc::default() };
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.answer);
    Router::new()
        .route("/metrics", get(metrics::metrics))
        .layer((CatchPanicLayer::custom(panicked), timeout))
        .with_state(watched)
}

fn pages() -> Router<State> {
    Router::new()
        .route("/authorize", get(authorize::authorize).post(authorize::authorize))
        .route("/sign-in/popup", get(constant::popup))
        .route("/sign-in/done", get(constant::done))
        .route("/sign-in/{request}", get(page::show))
        .route("/sign-in/{request}/return", get(return_::return_))
        .route("/sign-in/{request}/again", post(choice::again))
        .route("/sign-in/{request}/ask", post(ask::ask))
        .route("/sign-in/{request}/cancel", post(choice::cancel))
        .route("/sign-in/{request}/continue", post(choice::continue_))
        .route("/sign-in/{request}/consent", get(page::show_consent).post(choice::consent))
        .route("/device", get(device::ask).post(device::check))
        .route("/device/done", get(device::done))
        .route("/end-session", get(sign_out::end_session).post(sign_out::end_session))
        .route("/gateway/sign-in", get(gateway_sign_in::sign_in))
        .route("/assets/{*path}", get(assets::asset))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
}

/// The host's page.
fn host_pages() -> Router<State> {
    let routes = Router::new()
        .route("/admin", get(admin::show))
        .route("/admin/again", get(admin::again))
        .route("/admin/people/{account}", get(admin::person))
        .route("/admin/people/end", post(admin::end_everything))
        .route("/admin/people/mark", post(admin::mark))
        .route("/admin/requests", post(admin::answer_request))
        .route("/admin/sessions", post(admin::end_session))
        .route("/admin/tokens/end", post(admin::end_token))
        .route("/admin/browsers/forget", post(admin::forget_browser))
        .route("/admin/recheck", post(admin::ask_plex))
        .route("/admin/keys", post(admin::rotate_keys))
        .route("/admin/owner-token", post(owner_token::renew))
        .route("/admin/audit", get(audit::show))
        .route("/admin/audit.jsonl", get(audit::export))
        .route("/admin/api-tokens", get(api_tokens::show))
        .route("/admin/api-tokens/end", post(api_tokens::end))
        .route("/admin/enter", get(admin_link::ask).post(admin_link::enter))
        .route("/admin/passkey", get(passkey::ask).post(passkey::enter))
        .route("/admin/passkey/options", post(passkey::options))
        .route("/admin/passkeys", get(passkeys::show).post(passkeys::add))
        .route("/admin/passkeys/options", post(passkeys::options))
        .route("/admin/passkeys/remove", post(passkeys::remove))
        .route("/admin/leave", post(admin_link::leave));
    routes.layer(from_fn(to_its_end))
}

/// The API of the host's programs. One route: which operations there are, and which scope each takes, is one table of its own.
fn host_programs() -> Router<State> {
    Router::new().route("/api/v1/{*rest}", any(api::answer)).layer(from_fn(to_its_end))
}

/// The page of somebody's own account.
fn account_pages() -> Router<State> {
    let routes = Router::new()
        .route("/account", get(account::show))
        .route("/account/again", get(account::again))
        .route("/account/sessions", post(account::end_session))
        .route("/account/consents", post(account::withdraw))
        .route("/account/tokens", post(account::make_token))
        .route("/account/tokens/end", post(account::end_token))
        .route("/account/browsers/me", post(browsers::confirm))
        .route("/account/browsers/not-me", post(browsers::disown))
        .route("/account/browsers/forget", post(browsers::forget))
        .route("/account/not-me", get(browsers::disowned))
        .route("/sign-out", get(sign_out::ask).post(sign_out::sign_out));
    routes.layer(from_fn(to_its_end))
}

/// What was begun is done to its end, and written down, also where whoever asked hangs up meanwhile.
async fn to_its_end(request: Request<Body>, next: Next) -> Response {
    match tokio::spawn(language::answering(language::asked_for(), next.run(request))).await {
        Ok(answer) => answer,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic), // caught outside
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// What only signing in with Plex needs.
fn plex_pages() -> Router<State> {
    Router::new()
        .route("/sign-in/{request}/pin", post(start::adopt))
        .route("/sign-in/{request}/start", post(start::start))
        .route("/sign-in/{request}/wait", get(wait::wait))
}

/// The same; these stay open for as long as somebody waits.
fn waiting() -> Router<State> {
    Router::new()
        .route("/sign-in/{request}/events", get(wait::events))
        .route("/sign-in/{request}/status", get(wait::status))
}

/// What only signing in with a password needs.
fn local_pages() -> Router<State> {
    Router::new().route("/sign-in/{request}/password", post(password::password))
}

/// What was decided about a question of a proxy: in time, and by nothing that breaks. What lets a request pass is read by the proxy
/// alone; everything else it hands to the visitor.
pub async fn answer_proxy(
    app: State,
    limit: Duration,
    (peer, request): (SocketAddr, Parts),
    question: Question,
) -> Response {
    let decided = AssertUnwindSafe(authz::answer(&app, peer, request, question)).catch_unwind();
    let mut answer = match tokio::time::timeout(limit, decided).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => panicked(panic),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    authz::count(&app, answer.status());
    if answer.status() != StatusCode::OK {
        add_security_headers(answer.headers_mut(), app.issuer.is_https());
    }
    answer
}

/// The same, for who comes by the router and not from a connection, which asks first whether it is such a question.
async fn proxy(
    app: State,
    limit: Duration,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    if let Some(question) = Question::at(request.uri().path()) {
        return answer_proxy(app, limit, (peer, request.into_parts().0), question).await;
    }
    let mut answer = page_error(&app, ErrorKind::NotFound, None);
    add_security_headers(answer.headers_mut(), app.issuer.is_https());
    answer
}

/// What relying parties call, scripts in browsers among them (requirement 13: CORS here, and nowhere else).
fn protocol() -> Router<State> {
    Router::new()
        .route("/token", any(token::token))
        .route("/revoke", any(revoke::revoke))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/jwks", get(metadata::jwks))
        // Before CORS: a preflight is of a method that none of these takes, and what is set later is not inside.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors())
        // Nothing for scripts of other origins.
        .route("/introspect", any(introspect::introspect))
        .route("/par", any(par::par))
        .route("/device/authorize", any(device_authorization::authorize))
}

fn documents(app: &App) -> Router<State> {
    let document = metadata::document(app);
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::metadata))
        .route("/.well-known/oauth-authorization-server", get(metadata::metadata))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors())
        .with_state(document)
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .max_age(Duration::from_hours(1))
}

async fn not_found(Shared(app): Shared<State>) -> Response {
    page_error(&app, ErrorKind::NotFound, None)
}

async fn method_not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "this address takes another method\n").into_response()
}

/// Bounds the query, logs the request without its address, and adds the headers that every answer has.
async fn around(Shared(app): Shared<State>, request: Request<Body>, next: Next) -> Response {
    let started = app.clock.instant();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let wanted = language::wanted(request.headers());
    let mut answer = match too_long(request.uri()) {
        Some(refusal) => refusal,
        None => language::answering(wanted, next.run(request)).await,
    };
    add_security_headers(answer.headers_mut(), app.issuer.is_https());
    let elapsed = app.clock.instant().saturating_duration_since(started);
    tracing::debug!(
        %method,
        route = route.as_ref().map_or("-", MatchedPath::as_str),
        status = answer.status().as_u16(),
        ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    answer
}

/// A panic is our own fault: the hook has logged where it was, the process lives, and the visitor sees a plain 500.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "Something broke on our side.\n").into_response()
}
