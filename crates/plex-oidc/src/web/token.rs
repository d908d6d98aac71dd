//! The token endpoint (RFC 6749 s. 3.2).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::StatusCode;
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::TokenRequest;

use super::client_form::{from_client, refused};
use super::respond::{Answer, json};
use crate::app::{App, State};
use crate::flow::tokens::{FlowToken, Tokens, redeem, refresh};

/// `POST /token`.
pub async fn token(Shared(app): Shared<State>, request: Request<Body>) -> Answer {
    let (client, parameters) = match from_client(&app, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    match tokens(&app, client, &parameters).await {
        Ok(tokens) => json(StatusCode::OK, &tokens),
        Err(FlowToken(error)) => refused(&error),
    }
}

async fn tokens(app: &App, client: &Client, parameters: &Parameters) -> Result<Tokens, FlowToken> {
    match TokenRequest::read(parameters)? {
        TokenRequest::Code(request) => redeem(app, client, &request).await,
        TokenRequest::Refresh(_) if !client.may_refresh() => Err(TokenError::UnauthorizedClient.into()),
        TokenRequest::Refresh(request) => refresh(app, client, &request).await,
    }
}
