//! What the [`App`](crate::app::App) is made of, as far as the configuration alone says it.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::StartError;
use crate::app::Lifetimes;
use crate::config::{Config, MailConfig};
use crate::gateway::{self, Gateway, GatewayCookies, Recent};
use crate::pages::{Pages, Theme, ThemeValues};
use crate::upstream::mail::{Mail, Smtp};
use crate::upstream::outbound::{self, Outbound};

pub(super) fn server_name(config: &Config) -> Option<String> {
    config.plex.iter().flat_map(|plex| &plex.servers).find_map(|server| server.name.clone())
}

pub(super) fn gateway(config: &Config) -> Gateway {
    let of = &config.gateway;
    let header_names = of.apps.0.iter().flat_map(|app| &app.headers.0).map(|(name, _)| name.as_str());
    Gateway {
        clients: gateway::clients(&of.apps),
        apps: of.apps.clone(),
        names: of.names.clone(),
        header_names: header_names.collect(),
        domains: of.cookie_domains.clone(),
        session_idle: of.session.idle,
        session_absolute: of.session.absolute,
        cookies: GatewayCookies::new(config.public_url.is_https()),
        recent: Recent::default(),
    }
}

pub(super) fn at_least_one(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

pub(super) fn lifetimes(config: &Config) -> Lifetimes {
    Lifetimes {
        session_idle: config.session.idle,
        session_absolute: config.session.absolute,
        code: config.tokens.code,
        refresh_idle: config.tokens.refresh_idle,
        refresh_absolute: config.tokens.refresh_absolute,
        refresh_grace: config.tokens.refresh_grace,
    }
}

/// What sends our requests to clients; nothing, and no memory, where none wants to be told of anything.
pub(super) fn outbound(config: &Config) -> Result<Option<Outbound>, StartError> {
    let settings = &config.outbound;
    let is_wanted = config.webhook.is_some()
        || config.clients.iter().any(|client| client.backchannel_logout_uri.is_some());
    if !is_wanted && settings.ca_file.is_none() {
        return Ok(None);
    }
    let extra_ca = settings.ca_file.as_deref().map(read).transpose()?;
    let (reach, look_up) = (settings.reach.clone(), outbound::system_look_up());
    Outbound::new(extra_ca.as_deref(), reach, look_up, outbound::LONGEST)
        .map(Some)
        .map_err(|error| StartError::Outbound(error.to_string()))
}

/// How mail is sent, if it is.
pub(super) fn mail(config: &Config) -> Result<Option<Mail>, StartError> {
    let Some(of) = &config.mail else { return Ok(None) };
    let mailer = Arc::new(mailer(config, of)?);
    Ok(Some(Mail { mailer, hosts: of.to.clone(), requests_every: of.requests_every }))
}

/// What sends it.
pub fn mailer(config: &Config, of: &MailConfig) -> Result<Smtp, StartError> {
    let extra_ca = config.outbound.ca_file.as_deref().map(read).transpose()?;
    let ours = Url::parse(config.public_url.as_str()).ok();
    let ours = ours.as_ref().and_then(Url::host_str).unwrap_or("localhost");
    Smtp::new(of, ours, extra_ca.as_deref()).map_err(StartError::Mail)
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|source| StartError::File { path: path.to_owned(), source })
}

pub(super) fn pages(config: &Config) -> Result<Pages, StartError> {
    let theme = &config.theme;
    let values = ThemeValues {
        title: Some(&theme.title),
        logo: theme.logo.as_deref(),
        accent: Some(&theme.accent),
        background: theme.background.as_deref(),
        language: Some(&theme.language),
        ..ThemeValues::default()
    };
    let theme_read = Theme::try_new(&values).map_err(|wrong| {
        let first = wrong.into_iter().next().map(|(key, problem)| (key, problem.to_string()));
        let (key, problem) = first.unwrap_or(("title", "cannot be used".to_owned()));
        StartError::Theme { key, problem }
    })?;
    Ok(Pages::new(theme_read, theme.override_dir.as_deref())?.with_icons(&config.icons))
}
