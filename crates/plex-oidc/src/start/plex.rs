//! The connection to plex.tv that a configuration asks for.

use plex_oidc_core::id::PlexAccountId;
use plextv::{BaseUrls, ClientIdentity, PlexToken, PlexTv};
use secrecy::ExposeSecret as _;
use tracing::info;
use url::Url;

use super::{StartError, read};
use crate::config::{Config, PlexConfig};
use crate::store::Store;
use crate::upstream::plex::PlexSettings;

/// The client of the plex.tv API, as this installation.
pub fn plex_api(plex: &PlexConfig, client_identifier: String) -> Result<PlexTv, StartError> {
    let extra_ca = plex.extra_ca_file.as_deref().map(read).transpose()?;
    let http =
        PlexTv::http_client(extra_ca.as_deref()).map_err(|error| StartError::Plex(error.to_string()))?;
    let url = |text: &str| Url::parse(text).map_err(|error| StartError::Plex(format!("{text}: {error}")));
    let urls = BaseUrls {
        plex_tv: url(&plex.urls.plex_tv)?,
        clients: url(&plex.urls.clients)?,
        app: url(&plex.urls.app)?,
    };
    let identity = ClientIdentity {
        client_identifier,
        product: plex.product.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: "Web".to_owned(),
        device_name: plex.product.clone(),
    };
    PlexTv::new(http, urls, identity).map_err(|error| StartError::Plex(error.to_string()))
}

pub(super) async fn plex_settings(plex: &PlexConfig, api: &PlexTv) -> Result<PlexSettings, StartError> {
    let owner_token = plex.owner_token.as_ref().and_then(|token| PlexToken::parse(token.expose_secret()));
    let mut asked = None;
    let mut servers = Vec::new();
    for server in &plex.servers {
        let owner = match (server.owner, asked) {
            (Some(owner), _) | (None, Some(owner)) => owner,
            (None, None) => *asked.insert(ask_owner(api, owner_token.as_ref()).await?),
        };
        servers.push(server.accepted(owner));
    }
    Ok(PlexSettings {
        servers,
        owner_token,
        own_tokens: plex.own_tokens.map(|own| own.every),
        requests_per_hour: plex.requests_per_hour,
    })
}

async fn ask_owner(api: &PlexTv, owner_token: Option<&PlexToken>) -> Result<PlexAccountId, StartError> {
    let token = owner_token.ok_or(StartError::Owner(plextv::Error::Unauthorized))?;
    Ok(api.user(token).await.map_err(StartError::Owner)?.id)
}

/// Forgets people's own tokens where they are not to be kept any more.
pub(super) async fn drop_unwanted_tokens(store: &dyn Store, config: &Config) -> Result<(), StartError> {
    if config.plex.as_ref().is_some_and(|plex| plex.own_tokens.is_some()) {
        return Ok(());
    }
    let dropped = store.forget_plex_tokens().await?;
    if dropped > 0 {
        info!(
            dropped,
            "Plex tokens that were kept of people are deleted: the configuration does not ask for them any more"
        );
    }
    Ok(())
}
