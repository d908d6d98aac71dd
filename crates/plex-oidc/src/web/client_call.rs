//! What clients send to the endpoints at which they prove who they are, and how those refuse (RFC 6749 s. 2.3, s. 5.2).

use axum::body::Body;
use axum::extract::Request;
use http::header::{ALLOW, AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::token::client_auth::present;
use plex_oidc_core::token::error::TokenError;
use tracing::info;

use super::request::read_form;
use super::respond::{Answer, OAuthError, json};
use crate::app::{App, State};
use crate::flow::client_auth::believed;
use crate::flow::tokens::FlowToken;

/// A form that a client posted, and the client, which has proved that it is that client.
pub struct ClientCall<'a> {
    /// The client.
    pub client: &'a Client,
    /// The form.
    pub parameters: Parameters,
}

impl<'a> ClientCall<'a> {
    /// Reads a call and believes its client, or refuses it.
    pub async fn read(app: &'a State, request: Request<Body>) -> Result<Self, Answer> {
        if request.method() != Method::POST {
            let mut answer = refused(&TokenError::InvalidRequest("this endpoint takes POST only"));
            *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return Err(answer);
        }
        if request.uri().query().is_some_and(|query| !query.is_empty()) {
            let wrong = "parameters belong in the body, not in the address";
            return Err(refused(&TokenError::InvalidRequest(wrong)));
        }
        let mut authorization = request.headers().get_all(AUTHORIZATION).iter();
        let (first, second) = (authorization.next(), authorization.next());
        if second.is_some() {
            return Err(refused(&TokenError::InvalidRequest("more than one Authorization header")));
        }
        let authorization = first.map(|value| value.to_str().unwrap_or("").to_owned());
        let parameters = read_form(request, app).await.map_err(|unreadable| {
            let mut answer = refused(&TokenError::InvalidRequest("the body is not a form that can be read"));
            *answer.status_mut() = unreadable.status();
            answer
        })?;
        let client = client(app, authorization.as_deref(), &parameters).await;
        Ok(Self { client: client.map_err(|FlowToken(error)| refused(&error))?, parameters })
    }

    /// The token that is spoken of at the endpoints for revocation and introspection. `token_type_hint` is not read: a token
    /// says itself what it is (requirement 97).
    pub fn token(&self) -> Result<&str, TokenError> {
        self.parameters.get("token")?.ok_or(TokenError::InvalidRequest("token is missing"))
    }
}

async fn client<'a>(
    app: &'a App,
    authorization: Option<&str>,
    parameters: &Parameters,
) -> Result<&'a Client, FlowToken> {
    believed(app, &present(authorization, parameters)?).await
}

/// A refusal in the words of RFC 6749 s. 5.2.
pub fn refused(error: &TokenError) -> Answer {
    info!(error = error.code(), description = %error, "a request of a client was refused");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let description = error.to_string();
    let mut answer = json(status, &OAuthError { error: error.code(), error_description: &description });
    if matches!(error, TokenError::InvalidClient { basic: true }) {
        let scheme = HeaderValue::from_static("Basic realm=\"clients\", charset=\"UTF-8\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    if matches!(error, TokenError::TemporarilyUnavailable) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

/// A refusal of what would be stored, because so much was asked for.
pub fn too_many() -> Answer {
    let error = OAuthError { error: "temporarily_unavailable", error_description: "too many requests" };
    let mut answer = json(StatusCode::TOO_MANY_REQUESTS, &error);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    answer
}
