//! The token endpoint (RFC 6749 s. 3.2).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::header::{ALLOW, AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::token::client_auth::{authenticate, present};
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::TokenRequest;
use tracing::{info, warn};

use super::request::read_form;
use super::respond::{Answer, OAuthError, json};
use crate::app::{App, State};
use crate::flow::tokens::{FlowToken, Tokens, redeem, refresh};

/// `POST /token`.
pub async fn token(Shared(app): Shared<State>, request: Request<Body>) -> Answer {
    if request.method() != Method::POST {
        let mut answer = refused(&TokenError::InvalidRequest("the token endpoint takes POST only"));
        *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return answer;
    }
    if has_query_parameters(request.uri().query()) {
        return refused(&TokenError::InvalidRequest("parameters belong in the body, not in the address"));
    }
    let mut authorization = request.headers().get_all(AUTHORIZATION).iter();
    let (first, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return refused(&TokenError::InvalidRequest("more than one Authorization header"));
    }
    let header = first.map(|value| value.to_str().unwrap_or("").to_owned());
    let parameters = match read_form(request, &app).await {
        Ok(parameters) => parameters,
        Err(unreadable) => {
            let mut answer = refused(&TokenError::InvalidRequest("the body is not a form that can be read"));
            *answer.status_mut() = unreadable.status();
            return answer;
        }
    };
    match tokens(&app, header.as_deref(), &parameters).await {
        Ok(tokens) => json(StatusCode::OK, &tokens),
        Err(FlowToken(error)) => refused(&error),
    }
}

fn has_query_parameters(query: Option<&str>) -> bool {
    query.is_some_and(|query| !query.is_empty())
}

async fn tokens(
    app: &App,
    authorization: Option<&str>,
    parameters: &Parameters,
) -> Result<Tokens, FlowToken> {
    let presented = present(authorization, parameters)?;
    let client = authenticate(&presented, &app.clients).inspect_err(|_| {
        let claimed = presented.claimed(&app.clients).map_or("unknown", |client| client.id.as_str());
        warn!(
            client = claimed,
            "a client could not be authenticated at the token endpoint: its secret is wrong, it was not sent as \
             auth_method says, or the client is not enabled"
        );
    })?;
    match TokenRequest::read(parameters)? {
        TokenRequest::Code(request) => redeem(app, client, &request).await,
        TokenRequest::Refresh(_) if !client.may_refresh() => Err(TokenError::UnauthorizedClient.into()),
        TokenRequest::Refresh(request) => refresh(app, client, &request).await,
    }
}

fn refused(error: &TokenError) -> Answer {
    info!(error = error.code(), description = %error, "a token request was refused");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let description = error.to_string();
    let mut answer = json(status, &OAuthError { error: error.code(), error_description: &description });
    if matches!(error, TokenError::InvalidClient { basic: true }) {
        let scheme = HeaderValue::from_static("Basic realm=\"token endpoint\", charset=\"UTF-8\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    if matches!(error, TokenError::TemporarilyUnavailable) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}
