//! Believing a client: the rules are in the core, and an assertion works once.

use plex_oidc_core::client::Client;
use plex_oidc_core::token::client_auth::{Authenticated, NotBelieved, Presented, authenticate};
use plex_oidc_core::token::error::TokenError;
use tracing::warn;

use super::tokens::FlowToken;
use crate::app::App;

/// The client that presented this, if it is to be believed.
pub async fn believed<'a>(app: &'a App, presented: &Presented) -> Result<&'a Client, FlowToken> {
    let refused = |refusal: NotBelieved| {
        let client = presented.claimed(&app.clients).map_or("unknown", |client| client.id.as_str());
        if let Some(wrong) = &refusal.assertion {
            warn!(client, %wrong, "a client could not be authenticated: its assertion is not good");
        } else {
            warn!(
                client,
                "a client could not be authenticated: its secret is wrong, it was not sent as auth_method says, or the \
                 client is not enabled"
            );
        }
        TokenError::from(refusal)
    };
    match authenticate(presented, &app.clients, &app.issuer, app.clock.now()).map_err(refused)? {
        Authenticated::Proven(client) => Ok(client),
        Authenticated::Once(client, used) => {
            if app.store.use_assertion(used).await? {
                return Ok(client);
            }
            warn!(client = %client.id, "a client could not be authenticated: its assertion was used before");
            Err(TokenError::InvalidClient { basic: false }.into())
        }
    }
}
