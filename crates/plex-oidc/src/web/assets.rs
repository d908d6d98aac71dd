//! Static files: hashed into their address, compressed at build time, kept for ever.

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderValue, IF_NONE_MATCH, VARY,
};

use super::respond::{Answer, page_error};
use crate::app::State;
use crate::pages::ErrorKind;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const OF_DRAWINGS: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; sandbox",
);

/// `GET /assets/<hash>/<name>`.
pub async fn asset(Shared(app): Shared<State>, Path(path): Path<String>, headers: HeaderMap) -> Answer {
    let Some(asset) = app.pages.asset(&path) else { return page_error(&app, ErrorKind::NotFound, None) };
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let chosen = asset.negotiate(text(ACCEPT_ENCODING));
    let known = text(IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == chosen.etag));
    let mut answer =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::from(chosen.body)) };
    let out = answer.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    out.insert(CACHE_CONTROL, FOR_EVER);
    if asset.content_type == "image/svg+xml" {
        // A document of its own, if somebody opens it: it may draw itself, and nothing else.
        out.insert(CONTENT_SECURITY_POLICY, OF_DRAWINGS);
    }
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&chosen.etag) {
        out.insert(ETAG, etag);
    }
    if let Some(encoding) = chosen.encoding.header_value() {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer
}
