//! `snippet`: what to paste into the configuration of a proxy, filled in. What belongs into an application is for
//! [`super::presets`].
//!
//! The texts are the files in `docs/snippets`, which the end-to-end tests run. What is filled in is checked letter by
//! letter: no name or address of the configuration can end the place that it stands in (CVE-2025-1974 and its kin).

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use clap::{Args, ValueEnum};
use plex_oidc_core::gateway::{GatewayApp, HeaderSet, HostPattern, IdentityField};
use thiserror::Error;

use super::{Exit, World, presets};
use crate::config::Config;
use crate::presets::{PresetError, is_safe};

/// The arguments of `snippet`.
#[derive(Debug, Args)]
pub struct SnippetArguments {
    /// A proxy (traefik, traefik-labels, caddy, nginx, nginx-proxy-manager, ingress-nginx, haproxy, haproxy-lua, envoy,
    /// cloudflare-access), or a preset, or the id of a client that has one
    what: String,
    /// With a proxy: the application, by its name in the configuration [default: the first one]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
}

/// The programs that there is a snippet for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SnippetKind {
    /// Traefik, as a file of its file provider.
    Traefik,
    /// Traefik, as labels in Docker Compose.
    TraefikLabels,
    /// Caddy.
    Caddy,
    /// nginx.
    Nginx,
    /// Nginx Proxy Manager.
    NginxProxyManager,
    /// ingress-nginx, in Kubernetes.
    IngressNginx,
    /// HAProxy.
    Haproxy,
    /// The script that HAProxy loads.
    HaproxyLua,
    /// Envoy.
    Envoy,
    /// The tunnel of Cloudflare.
    CloudflareAccess,
}

impl SnippetKind {
    const fn template(self) -> &'static str {
        match self {
            Self::Traefik => include_str!("../../../../docs/snippets/traefik.yml"),
            Self::TraefikLabels => include_str!("../../../../docs/snippets/traefik-labels.yml"),
            Self::Caddy => include_str!("../../../../docs/snippets/Caddyfile"),
            Self::Nginx => include_str!("../../../../docs/snippets/nginx.conf"),
            Self::NginxProxyManager => include_str!("../../../../docs/snippets/nginx-proxy-manager.conf"),
            Self::IngressNginx => include_str!("../../../../docs/snippets/ingress-nginx.yml"),
            Self::Haproxy => include_str!("../../../../docs/snippets/haproxy.cfg"),
            Self::HaproxyLua => include_str!("../../../../docs/snippets/haproxy.lua"),
            Self::Envoy => include_str!("../../../../docs/snippets/envoy.yaml"),
            Self::CloudflareAccess => include_str!("../../../../docs/snippets/cloudflare-access.yml"),
        }
    }
}

/// Why there is no snippet.
#[derive(Debug, Error)]
pub(super) enum NoSnippet {
    #[error("there is no [[apps]] section in the configuration to make one for")]
    NoApp,
    #[error("there is no application `{0}` in the configuration")]
    UnknownApp(String),
    #[error("the application `{0}` has no `access_team`, so it accepts nothing of Cloudflare Access")]
    NotAtCloudflare(String),
    #[error("`{value}`, for {what}, cannot stand in the configuration of another program")]
    Unsafe { what: &'static str, value: String },
    #[error("the text has a place `{0}` that nothing belongs into")]
    UnknownPlace(String),
    #[error("{0}")]
    Preset(#[from] PresetError),
}

/// Prints the snippet.
pub fn run(file: &Path, arguments: &SnippetArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let loaded = match world.load(file)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let Ok(kind) = SnippetKind::from_str(&arguments.what, false) else {
        return presets::snippet(&loaded, &arguments.what, world);
    };
    let config = &loaded.config;
    let made = chosen(config, kind, arguments.app.as_deref())
        .and_then(|app| Ok((app, filled(kind.template(), &places(config, app))?)));
    match made {
        Ok((app, text)) => {
            advise(config, app, world)?;
            write!(world.out, "{text}").map(|()| Exit::Done)
        }
        Err(error) => world.fail(&format!("There is no snippet: {error}.")),
    }
}

fn chosen<'c>(config: &'c Config, kind: SnippetKind, app: Option<&str>) -> Result<&'c GatewayApp, NoSnippet> {
    let apps = &config.gateway.apps;
    let app = match app {
        Some(name) => {
            apps.named(name).ok_or_else(|| NoSnippet::UnknownApp(name.escape_debug().to_string()))?
        }
        None => apps.0.first().ok_or(NoSnippet::NoApp)?,
    };
    if kind == SnippetKind::CloudflareAccess && config.access.of(&app.name).is_none() {
        return Err(NoSnippet::NotAtCloudflare(app.name.clone()));
    }
    Ok(app)
}

/// Each place in the texts with what belongs there. What only the host knows is written so that nobody overlooks it.
fn places(config: &Config, app: &GatewayApp) -> Vec<(&'static str, String)> {
    let listen = config.listen.first().copied();
    vec![
        ("gateway", listen.map_or_else(String::new, gateway)),
        ("gateway_host", listen.map_or_else(String::new, gateway_host)),
        ("gateway_port", listen.map_or_else(String::new, |listen| listen.port().to_string())),
        ("issuer", config.public_url.as_str().to_owned()),
        ("host", host(app)),
        ("upstream", "ADDRESS-OF-YOUR-APP".to_owned()),
        ("upstream_host", "ADDRESS-OF-YOUR-APP".to_owned()),
        ("upstream_port", "PORT-OF-YOUR-APP".to_owned()),
        // A dot separates the parts of a label.
        ("app", app.name.replace('.', "-")),
        ("app_name", app.name.clone()),
    ]
}

fn gateway(listen: SocketAddr) -> String {
    match listen {
        SocketAddr::V6(listen) if !listen.ip().is_unspecified() => listen.to_string(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => format!("{}:{}", gateway_host(listen), listen.port()),
    }
}

/// All addresses of a machine are none that anybody can call.
fn gateway_host(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() { "ADDRESS-OF-PLEX-OIDC".to_owned() } else { listen.ip().to_string() }
}

/// A host of the application; each proxy has another way to write "every host one label below".
fn host(app: &GatewayApp) -> String {
    let exact = app.hosts.iter().find_map(|host| match host {
        HostPattern::Exact(host) => Some(host.to_string()),
        HostPattern::Below(_) => None,
    });
    let below = app.hosts.iter().find_map(|host| match host {
        HostPattern::Below(domain) => Some(format!("HOST-OF-YOUR-APP.{domain}")),
        HostPattern::Exact(_) => None,
    });
    exact.or(below).unwrap_or_default()
}

/// Fills every place of `template`.
fn filled(template: &str, places: &[(&'static str, String)]) -> Result<String, NoSnippet> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let place = places.iter().find(|(known, _)| *known == name);
        let (what, value) = place.ok_or_else(|| NoSnippet::UnknownPlace(name.to_owned()))?;
        text.push_str(before);
        text.push_str(safe(what, value)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The value for the place `what`, if it can end nothing.
pub(super) fn safe<'v>(what: &'static str, value: &'v str) -> Result<&'v str, NoSnippet> {
    if is_safe(value) {
        return Ok(value);
    }
    Err(NoSnippet::Unsafe { what, value: value.escape_debug().to_string() })
}

/// What the snippet does not know.
fn advise(config: &Config, app: &GatewayApp, world: &mut World<'_>) -> io::Result<()> {
    let claims =
        config.access.of(&app.name).map(|(_, accepts)| accepts.claims.as_slice()).unwrap_or_default();
    let (token, own): (Vec<_>, Vec<_>) =
        app.headers.0.iter().cloned().partition(|(_, field)| *field == IdentityField::PlexToken);
    let usual = HeaderSet::preset("remote").is_some_and(|set| set.0 == own) && claims.is_empty();
    let own = own.iter().chain(&token).map(|(name, _)| name);
    let all: Vec<&str> = own.chain(claims.iter().map(|(name, _)| name)).map(String::as_str).collect();
    if !usual {
        writeln!(
            world.err,
            "This application is told who somebody is by other headers than those below. Write these instead, everywhere: {}.",
            all.join(", ")
        )?;
    } else if let Some((name, _)) = token.first() {
        writeln!(
            world.err,
            "This application is also handed a Plex token, in {name}. Write that name too, everywhere that Remote-Groups stands, or a \
             visitor can plant one."
        )?;
    }
    let elsewhere = app.hosts.iter().any(|host| match host {
        HostPattern::Exact(host) => {
            config.gateway.apps.find(host, None).is_some_and(|other| other.name != app.name)
        }
        HostPattern::Below(_) => false,
    });
    if elsewhere {
        writeln!(
            world.err,
            "Another application has this host too. Name this one in the address below: /authz/app/{0}/ in place of \
             /authz/.",
            app.name
        )?;
    }
    if app.hosts.len() > 1 || matches!(app.hosts.first(), Some(HostPattern::Below(_))) {
        let hosts: Vec<String> = app.hosts.iter().map(ToString::to_string).collect();
        writeln!(world.err, "This application has these hosts; one is written below: {}.", hosts.join(", "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_snippet() {
        for odd in
            [";", "{", "}", "\n", "$", "\"", "'", "`", "\\", " ", "\t", "#", "\u{e9}", ",", "(", "%", "*"]
        {
            let places = [("host", format!("wiki.example.org{odd}"))];
            let refused = filled("server_name {{host}};", &places);
            assert!(matches!(refused, Err(NoSnippet::Unsafe { what: "host", .. })), "{odd:?}");
        }
        assert!(matches!(filled("{{host}}", &[("host", String::new())]), Err(NoSnippet::Unsafe { .. })));
    }

    #[test]
    fn a_place_that_is_not_known_is_not_left_open() {
        assert!(matches!(filled("a {{b}} c", &[]), Err(NoSnippet::UnknownPlace(name)) if name == "b"));
        assert!(filled("a {{host", &[("host", "x".to_owned())]).is_ok_and(|text| text == "a x"));
        assert_eq!(filled("{ { } }", &[]).unwrap(), "{ { } }");
    }

    #[test]
    fn an_address_that_nobody_can_call_is_left_to_the_host() {
        let addresses = |listen: &str| {
            let listen: SocketAddr = listen.parse().unwrap();
            (gateway(listen), gateway_host(listen))
        };
        for (listen, address, host) in [
            ("127.0.0.1:8400", "127.0.0.1:8400", "127.0.0.1"),
            ("[::1]:8400", "[::1]:8400", "::1"),
            ("0.0.0.0:8400", "ADDRESS-OF-PLEX-OIDC:8400", "ADDRESS-OF-PLEX-OIDC"),
            ("[::]:80", "ADDRESS-OF-PLEX-OIDC:80", "ADDRESS-OF-PLEX-OIDC"),
        ] {
            assert_eq!(addresses(listen), (address.to_owned(), host.to_owned()));
        }
    }
}
