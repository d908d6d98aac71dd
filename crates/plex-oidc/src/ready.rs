//! Answers that are the same for everybody: provider metadata and keys. Each is taken once from the router, with all the
//! headers that it has there; from then on, a request for one of them passes the router by. The keys are those in force.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use futures_util::FutureExt as _;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;
use tracing::debug;

use crate::keys::Keys;

const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/jwks";
/// More than any of these documents has.
const MAX_BYTES: usize = 256 * 1024;

/// The answers of one router.
pub struct ReadyAnswers {
    answers: Vec<ReadyAnswer>,
    keys: Arc<Keys>,
}

struct ReadyAnswer {
    path: &'static str,
    headers: HeaderMap,
    /// `None`: the keys in force.
    body: Option<Bytes>,
}

impl ReadyAnswers {
    /// Asks `router` for each. What it does not answer at once with a 200, it goes on answering itself.
    pub fn of(router: &Router, keys: Arc<Keys>) -> Self {
        let keys_answer = ask(router, KEYS).map(|mut answer| {
            answer.headers.remove(CONTENT_LENGTH);
            ReadyAnswer { body: None, ..answer }
        });
        Self { answers: ask(router, METADATA).into_iter().chain(keys_answer).collect(), keys }
    }

    /// The answer to `request`, if it is for one of these and as plain as can be.
    pub fn answer<B>(&self, request: &Request<B>) -> Option<Response> {
        if request.method() != Method::GET {
            return None;
        }
        let target = request.uri().path_and_query()?.as_str();
        let ready = self.answers.iter().find(|ready| ready.path == target)?;
        let body = ready.body.clone().unwrap_or_else(|| self.keys.ring().jwks_json());
        let mut answer = Response::new(Body::from(body));
        *answer.headers_mut() = ready.headers.clone();
        debug!(method = "GET", route = ready.path, status = 200, ms = 0, "answered");
        Some(answer)
    }
}

fn ask(router: &Router, path: &'static str) -> Option<ReadyAnswer> {
    let request = Request::get(path).body(Body::empty()).ok()?;
    let (parts, body) = router.clone().oneshot(request).now_or_never()?.ok()?.into_parts();
    let body = to_bytes(body, MAX_BYTES).now_or_never()?.ok()?;
    (parts.status == StatusCode::OK).then_some(ReadyAnswer { path, headers: parts.headers, body: Some(body) })
}
