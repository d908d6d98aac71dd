//! Tokens that clients have for themselves (RFC 6749 s. 4.4).

use plex_oidc_core::client::{Client, GrantType};
use plex_oidc_core::secret::SecretKind;
use plex_oidc_core::token::client_credentials;
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::ClientCredentialsRequest;

use super::tokens::{FlowToken, Tokens};
use crate::app::App;
use crate::store::records::NewClientToken;

/// Gives a client an access token for itself (RFC 6749 s. 4.4).
pub async fn for_itself(
    app: &App,
    client: &Client,
    request: ClientCredentialsRequest,
) -> Result<Tokens, FlowToken> {
    // A public client has shown nothing that others do not know.
    if client.is_public() || !client.may_use(GrantType::ClientCredentials) {
        return Err(TokenError::UnauthorizedClient.into());
    }
    let scope = client_credentials::scopes(client, request.scope.as_deref())?;
    let resources = request.resources.within(&client.resources).map_err(TokenError::from)?;
    let token = app.entropy.secret(SecretKind::ClientToken);
    let created = app.clock.now();
    let new = NewClientToken {
        hash: token.hash(),
        client_id: client.id.clone(),
        scopes: scope,
        resources,
        created,
        expires: created.plus(client.access_token_lifetime),
    };
    app.store.add_client_token(new).await?;
    Ok(Tokens::of_access(&token, client, scope))
}
