//! Revoking a token (RFC 7009). What a token is shows in its first letters, so that no hint is needed.

use plex_oidc_core::client::Client;
use plex_oidc_core::secret::{Secret, SecretKind};
use tracing::info;

use super::tokens::FlowToken;
use crate::app::App;

/// Revokes `text`, if it is a token of `client`. Whether it was is not told: the caller has what it wanted, or asked for
/// something of another client (requirement 95).
pub async fn revoke(app: &App, client: &Client, text: &str) -> Result<(), FlowToken> {
    let hash = |kind| Secret::parse(kind, text).map(|token| token.hash());
    let id = || client.id.clone();
    let revoked = if let Some(hash) = hash(SecretKind::AccessToken) {
        app.store.revoke_access_token(hash, id()).await?
    } else if let Some(hash) = hash(SecretKind::RefreshToken) {
        // Its whole family, and the access tokens with it (requirement 96).
        app.store.revoke_refresh_token(hash, id(), app.clock.now()).await?
    } else if let Some(hash) = hash(SecretKind::ClientToken) {
        app.store.revoke_client_token(hash, id()).await?
    } else {
        false
    };
    if revoked {
        info!(client = %client.id, "a token was revoked");
    }
    Ok(())
}
