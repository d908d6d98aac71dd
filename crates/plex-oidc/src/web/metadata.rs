//! Provider metadata and keys. Both documents are written once, the keys anew when they rotate; an answer is a reference
//! to them.

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use plex_oidc_core::discovery::provider_metadata;

use super::respond::Answer;
use crate::app::{App, State};
use crate::pages::Language;

/// How long others may keep a copy, in seconds. Who keeps the keys for an hour gets along too: see `PUBLISHED_BEFORE_USE`.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The metadata document.
pub fn document(app: &App) -> Bytes {
    Bytes::from(
        serde_json::to_vec(&provider_metadata(&app.issuer, app.local.is_some(), Language::tags()))
            .unwrap_or_default(),
    )
}

/// `GET /jwks` (RFC 7517 s. 5).
pub async fn jwks(Shared(app): Shared<State>) -> Answer {
    cacheable(app.keys.ring().jwks_json(), HeaderValue::from_static("application/jwk-set+json"))
}

/// `GET /.well-known/openid-configuration`, and the same for RFC 8414.
pub async fn metadata(Shared(document): Shared<Bytes>) -> Answer {
    cacheable(document, HeaderValue::from_static("application/json"))
}

fn cacheable(body: Bytes, content_type: HeaderValue) -> Answer {
    let mut answer = Response::new(Body::from(body));
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer.headers_mut().insert(CACHE_CONTROL, CACHE);
    answer
}
