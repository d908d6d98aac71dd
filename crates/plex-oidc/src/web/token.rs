//! The token endpoint (RFC 6749 s. 3.2).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::StatusCode;
use plex_oidc_core::client::GrantType;
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::TokenRequest;

use super::client_call::{ClientCall, refused};
use super::respond::{Answer, json};
use crate::app::{App, State};
use crate::flow::client_credentials::for_itself;
use crate::flow::device;
use crate::flow::tokens::{FlowToken, Tokens, redeem, refresh};
use crate::metrics::Issued;

/// `POST /token`.
pub async fn token(Shared(app): Shared<State>, request: Request<Body>) -> Answer {
    let call = match ClientCall::read(&app, request).await {
        Ok(call) => call,
        Err(answer) => return answer,
    };
    match tokens(&app, &call).await {
        Ok(tokens) => json(StatusCode::OK, &tokens),
        Err(FlowToken(error)) => refused(&error),
    }
}

async fn tokens(app: &App, call: &ClientCall<'_>) -> Result<Tokens, FlowToken> {
    let client = call.client;
    let (how, tokens) = match TokenRequest::read(&call.parameters)? {
        TokenRequest::Code(_) if !client.may_use(GrantType::AuthorizationCode) => {
            return Err(TokenError::UnauthorizedClient.into());
        }
        TokenRequest::Code(request) => (Issued::Code, redeem(app, client, &request).await?),
        TokenRequest::Refresh(_) if !client.may_refresh() => {
            return Err(TokenError::UnauthorizedClient.into());
        }
        TokenRequest::Refresh(request) => (Issued::Refresh, refresh(app, client, &request).await?),
        TokenRequest::Device(_) if !client.may_use(GrantType::DeviceCode) => {
            return Err(TokenError::UnauthorizedClient.into());
        }
        TokenRequest::Device(request) => (Issued::Device, device::redeem(app, client, &request).await?),
        TokenRequest::ClientCredentials(request) => {
            (Issued::ClientCredentials, for_itself(app, client, request).await?)
        }
    };
    app.metrics.tokens.add(how);
    Ok(tokens)
}
