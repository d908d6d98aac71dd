//! The introspection endpoint (RFC 7662). For servers: scripts in browsers have no business here, so there is no CORS.

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::StatusCode;
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::introspection::Introspection;

use super::client_call::{ClientCall, refused};
use super::respond::{Answer, json};
use crate::app::{App, State};
use crate::flow::introspection::introspect as tell;
use crate::flow::tokens::FlowToken;

/// `POST /introspect`.
pub async fn introspect(Shared(app): Shared<State>, request: Request<Body>) -> Answer {
    let call = match ClientCall::read(&app, request).await {
        Ok(call) => call,
        Err(answer) => return answer,
    };
    match introspected(&app, &call).await {
        Ok(told) => json(StatusCode::OK, &told),
        Err(FlowToken(error)) => refused(&error),
    }
}

/// Anybody can be a public client, so none is told anything (RFC 7662 s. 2.1).
async fn introspected(app: &App, call: &ClientCall<'_>) -> Result<Introspection, FlowToken> {
    if call.client.is_public() {
        return Err(TokenError::InvalidClient { basic: false }.into());
    }
    tell(app, call.client, call.token()?).await
}
