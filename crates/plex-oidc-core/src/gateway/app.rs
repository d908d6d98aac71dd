//! Applications behind the gateway, as the host declared them: which hosts, which paths, for whom.

use super::headers::HeaderSet;
use super::host::{Host, HostPattern};
use super::original::Method;
use super::path::PathPattern;
use crate::client::PlexTokenClaim;
use crate::decide::{AllowRule, Audience};

/// What a rule gives to those it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not: a health check, a webhook.
    Bypass,
    /// These people.
    Only(Audience),
}

/// One rule of an application. The first that matches decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// The paths it is about; empty: all.
    pub paths: Vec<PathPattern>,
    /// The methods it is about; empty: all.
    pub methods: Vec<Method>,
    /// Who may.
    pub access: Access,
}

impl PathRule {
    /// Whether it is about this method, whatever the path.
    pub fn is_about_method(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }
}

/// An application behind the gateway.
#[derive(Debug, Clone)]
pub struct GatewayApp {
    /// Its name in the configuration, in logs, and in the addresses that proxies call.
    pub name: String,
    /// Its hosts; never empty.
    pub hosts: Vec<HostPattern>,
    /// Exceptions, in order.
    pub rules: Vec<PathRule>,
    /// Who may use it where no rule says otherwise. Empty means nobody.
    pub audience: Audience,
    /// Whether CORS preflights pass. They carry no cookie, so otherwise they never do.
    pub preflight: bool,
    /// What it is told about people.
    pub headers: HeaderSet,
    /// Which of somebody's Plex tokens it is handed, if any; `headers` has a header for it then.
    pub plex_token: Option<PlexTokenClaim>,
}

impl GatewayApp {
    /// Whether `host` is one of its hosts.
    pub fn serves(&self, host: &Host) -> bool {
        self.hosts.iter().any(|pattern| pattern.matches(host))
    }

    /// Everybody whom any part of it lets in: those for whom signing in is worth the while. Whoever is in a `deny` may
    /// be in it too: signed in or not, the rules keep them out, and signing in again would change nothing.
    pub fn anybody(&self) -> Audience {
        let allow = each_once(self.audiences().flat_map(|audience| &audience.allow));
        Audience { allow, deny: Vec::new(), ..self.audience.clone() }
    }

    /// Every rule about people. What they say must be known of whoever comes from signing in, or the gateway would send
    /// them there again, for ever.
    pub fn people_rules(&self) -> Vec<AllowRule> {
        each_once(self.audiences().flat_map(|audience| audience.allow.iter().chain(&audience.deny)))
    }

    fn audiences(&self) -> impl Iterator<Item = &Audience> {
        let of_rules = self.rules.iter().filter_map(|rule| match &rule.access {
            Access::Bypass => None,
            Access::Only(audience) => Some(audience),
        });
        std::iter::once(&self.audience).chain(of_rules)
    }
}

fn each_once<'r>(rules: impl Iterator<Item = &'r AllowRule>) -> Vec<AllowRule> {
    let mut once = Vec::new();
    for rule in rules {
        if !once.contains(rule) {
            once.push(rule.clone());
        }
    }
    once
}

/// Every application behind the gateway, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Apps(pub Vec<GatewayApp>);

impl Apps {
    /// The application that serves `host`: the one called `name` if a name is given, else one that names the host
    /// itself, else one that covers it with a wildcard. No application: nobody passes.
    pub fn find(&self, host: &Host, name: Option<&str>) -> Option<&GatewayApp> {
        match name {
            Some(name) => self.find_among(host, |app| app.name == name),
            None => self.find_among(host, |_| true),
        }
    }

    /// The application of those that `is_meant` names, which serves `host`: in preference one that names the host itself.
    pub fn find_among(&self, host: &Host, is_meant: impl Fn(&GatewayApp) -> bool) -> Option<&GatewayApp> {
        let serving = || self.0.iter().filter(|app| app.serves(host) && is_meant(app));
        let names_it = |app: &&GatewayApp| app.hosts.iter().any(|pattern| pattern.is_exactly(host));
        serving().find(names_it).or_else(|| serving().next())
    }

    /// The application with this name.
    pub fn named(&self, name: &str) -> Option<&GatewayApp> {
        self.0.iter().find(|app| app.name == name)
    }
}
