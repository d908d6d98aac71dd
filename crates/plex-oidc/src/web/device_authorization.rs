//! The device authorization endpoint (RFC 8628 s. 3.1).

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::StatusCode;
use plex_oidc_core::client::GrantType;
use plex_oidc_core::device::{DEVICE_LIFETIME, DeviceAsks};
use plex_oidc_core::token::device::POLL_INTERVAL;
use plex_oidc_core::token::error::TokenError;
use serde::Serialize;
use tracing::warn;

use super::client_call::{ClientCall, refused, too_many};
use super::request::ClientAddress;
use super::respond::{Answer, json};
use crate::app::{App, State};
use crate::flow::device::{Begun, begin};

/// The answer (RFC 8628 s. 3.2).
#[derive(Serialize)]
struct Waiting<'a> {
    device_code: &'a str,
    user_code: &'a str,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u32,
    interval: u32,
}

/// `POST /device/authorize`.
pub async fn authorize(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let call = match ClientCall::read(&app, request).await {
        Ok(call) => call,
        Err(answer) => return answer,
    };
    let client = call.client;
    if !client.may_use(GrantType::DeviceCode) {
        return refused(&TokenError::UnauthorizedClient);
    }
    // Also for a client with a secret: all devices share the codes that people can type.
    if !app.limiter.allows_request(address) {
        warn!(%address, client = %client.id, "too many devices ask for codes");
        return too_many();
    }
    let asks = match DeviceAsks::read(&call.parameters, client) {
        Ok(asks) => asks,
        Err(error) => return refused(&error),
    };
    match begin(&app, client, &asks).await {
        Ok(begun) => waiting(&app, &begun),
        Err(error) => refused(&TokenError::from(error)),
    }
}

fn waiting(app: &App, begun: &Begun) -> Answer {
    let user_code = begun.user_code.to_string();
    let answer = Waiting {
        device_code: begun.device_code.expose(),
        verification_uri: app.issuer.join("/device"),
        verification_uri_complete: app.issuer.join(&format!("/device?user_code={user_code}")),
        user_code: &user_code,
        expires_in: DEVICE_LIFETIME.0,
        interval: POLL_INTERVAL.0,
    };
    json(StatusCode::OK, &answer)
}
