//! Tokens of the API: finding the one that asks, and ending one. They are made by command alone (decision 0024).

use plex_oidc_core::api::ApiTokenId;
use plex_oidc_core::audit::What;
use plex_oidc_core::secret::{Secret, SecretKind};
use tracing::info;

use super::FlowError;
use super::audit::{By, note};
use crate::app::App;
use crate::store::TOUCH_INTERVAL;
use crate::store::records::ApiTokenRecord;

/// The live token that this text is. `None`: it is none, or none any more.
pub async fn live(app: &App, text: &str) -> Result<Option<ApiTokenRecord>, FlowError> {
    // What is not of the exact form costs no look into the database.
    let Some(secret) = Secret::parse(SecretKind::ApiToken, text) else { return Ok(None) };
    let (hash, now) = (secret.hash(), app.clock.now());
    let Some(found) = app.store.api_token(hash, now).await? else { return Ok(None) };
    if found.last_used.is_none_or(|used| now.since(used) >= i64::from(TOUCH_INTERVAL.0)) {
        app.store.touch_api_token(hash, now).await?;
    }
    Ok(Some(found))
}

/// Ends a token. `false`: there is none with this id.
pub async fn revoke(app: &App, by: By, id: ApiTokenId) -> Result<bool, FlowError> {
    let revoked = app.store.revoke_api_token(id).await?;
    info!(by = %by.actor, address = %by.address, token = %id, revoked, "a token of the API was ended");
    if revoked {
        note(app, by.did(app, What::ApiTokenEnded).target(&id.to_string())).await;
    }
    Ok(revoked)
}
