//! The way to the program's router, in memory: what a socket would bring, without one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Request};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::answer::Answer;

/// A handle on the router of a house. Stays good when the house restarts.
#[derive(Clone)]
pub(crate) struct Door(Arc<Mutex<Router>>);

impl Door {
    pub(super) fn new(router: Router) -> Self {
        Self(Arc::new(Mutex::new(router)))
    }

    /// Another router behind the same door.
    pub(super) fn replace(&self, router: Router) {
        *self.0.lock().expect("no panic while locked") = router;
    }

    /// Sends a request as if from `peer`, and reads the whole answer.
    pub(crate) async fn send_from(&self, peer: SocketAddr, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.headers_mut().entry(HOST).or_insert(HeaderValue::from_static("auth.example.com"));
        let url = request.uri().to_string();
        let router = self.0.lock().expect("no panic while locked").clone();
        let (parts, body) = router.oneshot(request).await.expect("a router never fails").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer { url, status: parts.status.as_u16(), headers: parts.headers, body: lossy(&body) }
    }

    /// Sends a request from an address that nobody else uses.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from(SocketAddr::from(([192, 0, 2, 99], 40_000)), request).await
    }

    /// `GET` without cookies, as a relying party would.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(get(path)).await
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A `GET` request, to add headers to.
pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a path")
}

/// A `POST` of a form, to add headers to.
pub(crate) fn post_form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    Request::post(path).header(CONTENT_TYPE, form).body(Body::from(body)).expect("a path")
}
