//! The UserInfo endpoint (OIDC Core 1.0 s. 5.3, RFC 6750).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use plex_oidc_core::claims::{SignedUserInfo, UserInfoFacts, userinfo as userinfo_claims};
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::jose::TYP_ID_TOKEN;
use plex_oidc_core::scope::{Scope, ScopeSet};
use plex_oidc_core::secret::{Secret, SecretKind};
use tracing::{error, warn};

use super::request::read_form;
use super::respond::{Answer, OAuthError, json, jwt};
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::tokens::{InForce, granted, in_force, plex_token_claim};
use crate::store::records::AccessTokenRecord;

/// Why a bearer request failed (RFC 6750 s. 3.1).
enum BearerError {
    NoToken,
    InvalidRequest(&'static str),
    InvalidToken,
    InsufficientScope,
    Unavailable,
}

/// `GET` and `POST /userinfo`.
pub async fn userinfo(Shared(app): Shared<State>, request: Request<Body>) -> Answer {
    let token = match presented(&app, request).await {
        Ok(token) => token,
        Err(error) => return refused(&error),
    };
    match claims(&app, &token).await {
        Ok(answer) => answer,
        Err(error) => refused(&error),
    }
}

/// The access token: in the header or in the form, never in the address, and in one place only.
async fn presented(app: &State, request: Request<Body>) -> Result<String, BearerError> {
    let query = Parameters::parse(request.uri().query().unwrap_or("").as_bytes());
    if query.map_or(true, |query| query.has("access_token")) {
        return Err(BearerError::InvalidRequest("the access token does not belong in the address"));
    }
    let in_header = in_header(request.headers())?;
    let is_post = request.method() == Method::POST;
    let form = if is_post { read_form(request, app).await.ok() } else { None };
    let in_form = match form.as_ref().map(|form| form.get("access_token")) {
        Some(Ok(token)) => token.map(str::to_owned),
        Some(Err(_)) => return Err(BearerError::InvalidRequest("a parameter was sent more than once")),
        None => None,
    };
    match (in_header, in_form) {
        (Some(_), Some(_)) => {
            Err(BearerError::InvalidRequest("the access token was sent in two ways at once"))
        }
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(BearerError::NoToken),
    }
}

fn in_header(headers: &HeaderMap) -> Result<Option<String>, BearerError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(BearerError::InvalidRequest("more than one Authorization header"));
    }
    let text = first.to_str().map_err(|_| BearerError::InvalidToken)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim().to_owned())),
        _ => Err(BearerError::NoToken),
    }
}

async fn claims(app: &App, token: &str) -> Result<Answer, BearerError> {
    let token = Secret::parse(SecretKind::AccessToken, token).ok_or(BearerError::InvalidToken)?;
    let found = app.store.access_token(token.hash(), app.clock.now()).await;
    let record = found.map_err(unavailable)?.ok_or(BearerError::InvalidToken)?;
    let InForce { client, scopes, resources } = in_force(app, &record).ok_or(BearerError::InvalidToken)?;
    // A token for somebody else's API, which that API may hold, is none for us unless we are named too (RFC 8707 s. 3).
    if !resources.is_empty() && !resources.contains(app.issuer.as_str()) {
        return Err(BearerError::InvalidToken);
    }
    if !scopes.contains(Scope::OpenId) {
        return Err(BearerError::InsufficientScope);
    }
    told(app, client, &record, scopes).map_err(|error| {
        error!(%error, client = %client.id, "claims could not be told");
        BearerError::Unavailable
    })
}

/// The claims, signed where the client wants that.
fn told(
    app: &App,
    client: &Client,
    record: &AccessTokenRecord,
    scopes: ScopeSet,
) -> Result<Answer, FlowError> {
    let grant = &record.grant;
    let plex_token = plex_token_claim(app, client, grant)?;
    // A client that asked for a token with less than it was granted gets what that scope gives, and nothing by name.
    let is_whole = granted(client, grant.scopes).is_within(scopes);
    let requested = grant.requested_claims.within(if is_whole { client.scopes } else { ScopeSet::default() });
    let subject = app.subject(client, &grant.user.person);
    let person = app.as_told(&grant.user.person);
    let claims = userinfo_claims(&UserInfoFacts {
        person: &person,
        subject: &subject,
        scopes,
        requested: &requested.userinfo,
        plex_token: plex_token.as_deref().map(String::as_str),
    });
    let Some(algorithm) = client.userinfo_algorithm else { return Ok(json(StatusCode::OK, &claims)) };
    let signed = SignedUserInfo::new(claims, &app.issuer, client);
    Ok(jwt(app.keys.ring().signing_key(algorithm).sign(TYP_ID_TOKEN, &signed)?))
}

fn unavailable(error: crate::store::StoreError) -> BearerError {
    warn!(error = %FlowError::from(error), "no claims: the store does not answer");
    BearerError::Unavailable
}

fn refused(error: &BearerError) -> Answer {
    let (status, code, description) = match error {
        BearerError::NoToken => (StatusCode::UNAUTHORIZED, None, "an access token is needed"),
        BearerError::InvalidRequest(what) => (StatusCode::BAD_REQUEST, Some("invalid_request"), *what),
        BearerError::InvalidToken => {
            (StatusCode::UNAUTHORIZED, Some("invalid_token"), "the access token is not valid, or has expired")
        }
        BearerError::InsufficientScope => {
            (StatusCode::FORBIDDEN, Some("insufficient_scope"), "the access token lacks the scope openid")
        }
        BearerError::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, Some("temporarily_unavailable"), "try again")
        }
    };
    let error = code.unwrap_or("invalid_token");
    let mut answer = json(status, &OAuthError { error, error_description: description });
    let challenge = match code {
        None => "Bearer".to_owned(),
        Some(code) => format!("Bearer error=\"{code}\", error_description=\"{description}\""),
    };
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}
