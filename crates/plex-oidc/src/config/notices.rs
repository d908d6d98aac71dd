//! `[metrics]` and the webhook of `[admin]`: how a host hears of this program without looking at its pages.

use std::net::{IpAddr, SocketAddr};

use plex_oidc_core::outbound::AddressKind;
use secrecy::SecretString;
use url::Url;

use super::reader::{Reader, without_user};
use super::secrets;

/// Where figures are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    /// The address of their own listener.
    pub listen: SocketAddr,
}

/// Who is told of what the host should know.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Where it is sent.
    pub url: Url,
    /// What it is signed with.
    pub secret: Option<SecretString>,
}

/// The listener for figures. It asks nobody who they are, so an address that strangers may reach has to be meant.
pub(super) fn metrics(reader: &mut Reader<'_>) -> Option<MetricsConfig> {
    const KEY: &str = "metrics.listen";
    let text = reader.text(KEY)?;
    let Ok(listen) = text.value.parse::<SocketAddr>() else {
        let wrong = format!("`{}` is not an address with a port", text.value.escape_debug());
        let remedy = "Write the numbers of an address and a port: \"127.0.0.1:9400\".";
        reader.refuse(text.place, KEY, wrong, remedy);
        return None;
    };
    if !is_private(listen.ip()) && !reader.flag("metrics.allow_public") {
        let wrong = format!("strangers may reach {listen}, and figures are shown to whoever asks");
        let remedy = "Write an address of this machine or of a private network, or allow_public = true where something \
                      else keeps strangers away.";
        reader.refuse(text.place, KEY, wrong, remedy);
    }
    Some(MetricsConfig { listen })
}

/// Whether only this machine, or a private network, can reach it.
fn is_private(address: IpAddr) -> bool {
    !address.is_unspecified() && AddressKind::of(address) == AddressKind::Private
}

pub(super) fn webhook(reader: &mut Reader<'_>) -> Option<WebhookConfig> {
    const KEY: &str = "admin.webhook_url";
    let secret = secret(reader);
    let Some(text) = reader.text(KEY) else {
        if secret.is_some() {
            let remedy = "Write webhook_url = \"https://…\", or remove the secret.";
            reader.missing(KEY, remedy);
        }
        return None;
    };
    let url = Url::parse(&text.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url.filter(|url| url.has_host() && url.fragment().is_none()) else {
        let wrong = format!("`{}` cannot be called", without_user(&text.value));
        let remedy = "Write the whole address, such as \"https://hooks.example.com/plex-oidc\".";
        reader.refuse(text.place, KEY, wrong, remedy);
        return None;
    };
    if url.scheme() == "http" && secret.is_none() {
        let remedy = "Write an https address, or let webhook_secret_file sign what is sent.";
        reader.warn(text.place, KEY, "is plain http, so nobody can tell who has sent it", remedy);
    }
    Some(WebhookConfig { url, secret })
}

fn secret(reader: &mut Reader<'_>) -> Option<SecretString> {
    const KEY: &str = "admin.webhook_secret";
    let found = reader.secret(KEY)?;
    let line = secrets::lines(&found.value).next().unwrap_or("");
    if line.len() < secrets::SHORTEST {
        let wrong = format!("has fewer than {} characters", secrets::SHORTEST);
        let remedy = "Make one: openssl rand -hex 32";
        reader.refuse(found.place, KEY, wrong, remedy);
        return None;
    }
    Some(SecretString::from(line))
}
