//! The revocation endpoint (RFC 7009).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::response::IntoResponse as _;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};

use super::client_call::{ClientCall, refused};
use super::respond::Answer;
use crate::app::{App, State};
use crate::flow::revocation;
use crate::flow::tokens::FlowToken;

/// `POST /revoke`.
pub async fn revoke(Shared(app): Shared<State>, request: Request<Body>) -> Answer {
    let call = match ClientCall::read(&app, request).await {
        Ok(call) => call,
        Err(answer) => return answer,
    };
    match revoked(&app, &call).await {
        // The same for a token that was never there (RFC 7009 s. 2.2).
        Ok(()) => (StatusCode::OK, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response(),
        // 503 where the store failed: the token still stands (RFC 7009 s. 2.2.1).
        Err(FlowToken(error)) => refused(&error),
    }
}

async fn revoked(app: &App, call: &ClientCall<'_>) -> Result<(), FlowToken> {
    revocation::revoke(app, call.client, call.token()?).await
}
