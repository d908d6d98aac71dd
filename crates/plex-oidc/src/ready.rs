//! Answers that are the same for everybody: provider metadata and keys. Each is taken once from the router, with all the
//! headers that it has there; from then on, a request for one of them passes the router by.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use futures_util::FutureExt as _;
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;
use tracing::debug;

const PATHS: [&str; 2] = ["/.well-known/openid-configuration", "/jwks"];
/// More than any of these documents has.
const MAX_BYTES: usize = 256 * 1024;

/// The answers of one router.
pub struct ReadyAnswers(Vec<ReadyAnswer>);

struct ReadyAnswer {
    path: &'static str,
    headers: HeaderMap,
    body: Bytes,
}

impl ReadyAnswers {
    /// Asks `router` for each. What it does not answer at once with a 200, it goes on answering itself.
    pub fn of(router: &Router) -> Self {
        Self(PATHS.into_iter().filter_map(|path| ask(router, path)).collect())
    }

    /// The answer to `request`, if it is for one of these and as plain as can be.
    pub fn answer<B>(&self, request: &Request<B>) -> Option<Response> {
        if request.method() != Method::GET {
            return None;
        }
        let target = request.uri().path_and_query()?.as_str();
        let ready = self.0.iter().find(|ready| ready.path == target)?;
        let mut answer = Response::new(Body::from(ready.body.clone()));
        *answer.headers_mut() = ready.headers.clone();
        debug!(method = "GET", route = ready.path, status = 200, ms = 0, "answered");
        Some(answer)
    }
}

fn ask(router: &Router, path: &'static str) -> Option<ReadyAnswer> {
    let request = Request::get(path).body(Body::empty()).ok()?;
    let (parts, body) = router.clone().oneshot(request).now_or_never()?.ok()?.into_parts();
    let body = to_bytes(body, MAX_BYTES).now_or_never()?.ok()?;
    (parts.status == StatusCode::OK).then_some(ReadyAnswer { path, headers: parts.headers, body })
}
