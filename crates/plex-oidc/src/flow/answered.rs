//! Requests that are answered once, whichever browser answers first: those that clients pushed (RFC 9126 s. 4) and those that
//! devices made (RFC 8628 s. 3.3). A code uses its request up by itself, in the store.

use plex_oidc_core::authorize::AuthorizationRequest;

use super::{FlowError, device};
use crate::app::App;

/// Whether this request can still be answered.
pub async fn is_open(app: &App, request: &AuthorizationRequest) -> Result<bool, FlowError> {
    match (&request.device, request.pushed) {
        (Some(device), _) => device::is_open(app, device).await,
        (None, Some(hash)) => Ok(app.store.pushed_request(hash).await?.is_some()),
        (None, None) => Ok(true),
    }
}

/// Uses up the request that an error is about to answer. `false`: it was answered before, so nothing may be sent.
pub async fn spend(app: &App, request: &AuthorizationRequest) -> Result<bool, FlowError> {
    match (&request.device, request.pushed) {
        (Some(device), _) => device::deny(app, device).await,
        (None, Some(hash)) => Ok(app.store.spend_pushed_request(hash).await?),
        (None, None) => Ok(true),
    }
}
