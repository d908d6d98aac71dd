//! What the gateway needs to answer proxies: the applications, the clients that stand for them, and the sessions that were
//! looked up a moment ago.

mod access;
mod cookies;
mod names;
mod recent;

use plex_oidc_core::client::{Client, Clients};
use plex_oidc_core::gateway::{Apps, GatewayApp, Host, OriginalRequest, OwnPath, UserNames, handover};
use plex_oidc_core::redirect::RedirectTarget;
use plex_oidc_core::time::Seconds;

pub use access::{Accepted, AccessValidator, TeamKeys};
pub use cookies::GatewayCookies;
pub use names::HeaderNames;
pub use recent::{Recent, RecentSession};

/// The gateway of one configuration.
pub struct Gateway {
    /// The applications.
    pub apps: Apps,
    /// What applications call people.
    pub names: UserNames,
    /// The names of the headers that applications are told of people in.
    pub header_names: HeaderNames,
    /// Domains whose applications share a session.
    pub domains: Vec<Host>,
    /// A gateway session that nobody uses.
    pub session_idle: Seconds,
    /// A gateway session in any case.
    pub session_absolute: Seconds,
    /// The clients that stand for the applications.
    pub clients: Clients,
    /// The cookies on applications' hosts.
    pub cookies: GatewayCookies,
    /// Sessions looked up a moment ago.
    pub recent: Recent,
}

impl Gateway {
    /// Whether `target` is the callback on a host of the application that `client` stands for.
    pub fn receives(&self, client: &Client, target: &RedirectTarget) -> bool {
        let Some(asked) = OriginalRequest::from_url("GET", target.as_str()) else { return false };
        let stands_for = |app: &&GatewayApp| handover::client_of(&app.name).as_ref() == Some(&client.id);
        let app = self.apps.0.iter().find(stands_for);
        OwnPath::of(&asked) == Some(OwnPath::Callback) && app.is_some_and(|app| app.serves(&asked.host))
    }

    /// The client that stands for an application.
    pub fn client_for(&self, app: &GatewayApp) -> Option<&Client> {
        self.clients.find(handover::client_of(&app.name)?.as_str())
    }

    /// Where a session for `host` is good: in its domain, if the host made it one, else on that host alone.
    pub fn scope_of<'g>(&'g self, host: &'g Host) -> Scope<'g> {
        self.domains.iter().find(|domain| host.is_within(domain)).map_or(Scope::Host(host), Scope::Domain)
    }
}

/// Where a gateway session is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'g> {
    /// On this host alone.
    Host(&'g Host),
    /// On every host of this domain.
    Domain(&'g Host),
}

impl Scope<'_> {
    /// As stored: a host, or a dot and a domain.
    pub fn to_text(self) -> String {
        match self {
            Self::Host(host) => host.as_str().to_owned(),
            Self::Domain(domain) => format!(".{domain}"),
        }
    }

    /// Whether it is the one that was stored as `text`.
    pub fn is(self, text: &str) -> bool {
        match self {
            Self::Host(host) => text == host.as_str(),
            Self::Domain(domain) => text.strip_prefix('.') == Some(domain.as_str()),
        }
    }
}

/// The clients that stand for applications. They are known to no endpoint of the provider; only [`handover`] uses them.
pub fn clients(apps: &Apps) -> Clients {
    apps.0.iter().filter_map(client).collect()
}

fn client(app: &GatewayApp) -> Option<Client> {
    let id = handover::client_of(&app.name)?;
    // Its one redirect URI is made from the request; see `RedirectTarget::of_gateway`.
    let client = Client::of_ours(id, app.name.clone(), app.anybody().allow);
    let new_browsers = app.audience.new_browsers;
    let (needs_known, plex_token) = (app.people_rules(), app.plex_token);
    Some(Client { needs_known, new_browsers, plex_token, pkce_required: true, ..client })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_one_scope_is_none_in_another() {
        let hosts = ["example.com", "a.example.com", "example.net"].map(|host| Host::parse(host).unwrap());
        let all: Vec<_> = hosts.iter().flat_map(|host| [Scope::Host(host), Scope::Domain(host)]).collect();
        for one in &all {
            for other in &all {
                assert_eq!(one.is(&other.to_text()), one == other, "{one:?} {other:?}");
            }
        }
    }
}
