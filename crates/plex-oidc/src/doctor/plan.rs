//! What to look at: each application at each of its hosts, by a path that needs somebody signed in.
//!
//! Whether a path does is asked of the gateway's own rules, for a browser that shows nothing.

use plex_oidc_core::gateway::{
    Access, AccessTeam, AppAccess, GatewayApp, Host, HostPattern, OriginalRequest, OwnPath, PathPattern,
    RequestKind, Verdict, weigh,
};
use plex_oidc_core::time::Timestamp;
use thiserror::Error;
use url::Url;

use super::dial::{Endpoint, bare, own_port};
use super::{Finding, Outcome};
use crate::config::Config;
use crate::start::house_rules;

/// A path that no application has: what holds for it, holds where no rule says otherwise.
const NOWHERE: &str = "/plex-oidc-doctor";

/// What the host wants looked at.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The application; else every one.
    pub app: Option<String>,
    /// A host of it, perhaps with a port; else every one that it names.
    pub host: Option<(Host, Option<u16>)>,
    /// The path; else one that needs somebody signed in.
    pub path: Option<String>,
}

/// Why there is nothing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoPlan {
    /// No application is declared.
    #[error("there is no [[apps]] section in the configuration")]
    NoApp,
    /// None of this name.
    #[error("there is no application `{0}` in the configuration")]
    UnknownApp(String),
    /// None at this host.
    #[error("no application of the configuration that is meant has the host {0}")]
    UnknownHost(String),
    /// No path.
    #[error("`{0}` is not a path: give one such as /page, encoded as in an address")]
    NoPath(String),
}

/// One application at one of its hosts.
#[derive(Debug, Clone)]
pub(super) struct Subject<'c> {
    pub(super) app: &'c GatewayApp,
    pub(super) host: Host,
    pub(super) port: Option<u16>,
    /// A path that needs somebody signed in.
    pub(super) guarded: String,
    /// One that lets everybody in, if there is one.
    pub(super) open: Option<String>,
    /// What it accepts of Cloudflare Access.
    pub(super) access: Option<(&'c AccessTeam, &'c AppAccess)>,
}

impl Subject<'_> {
    /// The same application at the path that it sends to from here, if that is another one that needs somebody signed in.
    pub(super) fn moved(&self, config: &Config, now: Timestamp, location: &str) -> Option<Self> {
        let here = Url::parse(&format!("{}{}", self.origin(config), self.guarded)).ok()?;
        let there = here.join(location).ok().filter(|there| there.origin() == here.origin())?;
        let weighing = Weighing { config, app: self.app, host: &self.host, now };
        let guarded = there.path().to_owned();
        let counts = guarded != self.guarded && weighing.verdict(&guarded) == Some(Verdict::SignIn);
        counts.then(|| Self { guarded, ..self.clone() })
    }

    /// Its host, and its port if it has one of its own.
    pub(super) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// Scheme and authority. Applications are reached as we are.
    pub(super) fn origin(&self, config: &Config) -> String {
        format!("{}://{}", scheme(config), self.authority())
    }

    /// Its own address.
    pub(super) fn endpoint(&self, config: &Config) -> Endpoint {
        let (tls, host) = (config.public_url.is_https(), bare(self.host.as_str()));
        Endpoint {
            port: self.port.unwrap_or_else(|| own_port(tls)),
            tls: Some(tls),
            name: host.clone(),
            host,
        }
    }
}

pub(super) fn scheme(config: &Config) -> &'static str {
    if config.public_url.is_https() { "https" } else { "http" }
}

/// What is to be looked at, and what cannot be.
pub(super) fn plan<'c>(
    config: &'c Config,
    wish: &Wish,
    now: Timestamp,
) -> Result<(Vec<Subject<'c>>, Vec<Finding>), NoPlan> {
    let (mut subjects, mut findings) = (Vec::new(), Vec::new());
    for (app, host, port) in places(config, wish, &mut findings)? {
        let weighing = Weighing { config, app, host: &host, now };
        let guarded = match &wish.path {
            Some(path) if !is_plain(path) || weighing.request(path).is_none() => {
                return Err(NoPlan::NoPath(path.escape_debug().to_string()));
            }
            Some(path) => Some(path.clone()).filter(|path| weighing.verdict(path) == Some(Verdict::SignIn)),
            None => weighing.first(Verdict::SignIn),
        };
        let open = weighing.first(Verdict::PassAnybody);
        match guarded {
            Some(guarded) => {
                let access = config.access.of(&app.name);
                subjects.push(Subject { app, host, port, guarded, open, access });
            }
            None => findings.push(not_looked_at(
                format!("{}, {}://{host}", app.name, scheme(config)),
                "path",
                "by your rules everybody may have this without signing in, so no answer says anything"
                    .to_owned(),
                "Give a path that needs a sign-in with --path, if the application has one.",
            )),
        }
    }
    Ok((subjects, findings))
}

type Place<'c> = (&'c GatewayApp, Host, Option<u16>);

fn places<'c>(
    config: &'c Config,
    wish: &Wish,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Place<'c>>, NoPlan> {
    let apps = &config.gateway.apps;
    let named =
        |name: &String| apps.named(name).ok_or_else(|| NoPlan::UnknownApp(name.escape_debug().to_string()));
    let named = wish.app.as_ref().map(named).transpose()?;
    if let Some((host, port)) = &wish.host {
        let app = apps.find(host, named.map(|app| app.name.as_str()));
        let app = app.ok_or_else(|| NoPlan::UnknownHost(host.to_string()))?;
        return Ok(vec![(app, host.clone(), *port)]);
    }
    let mut places = Vec::new();
    for app in named.map_or_else(|| apps.0.iter().collect(), |app| vec![app]) {
        let before = places.len();
        places.extend(app.hosts.iter().filter_map(|host| match host {
            HostPattern::Exact(host) => Some((app, host.clone(), None)),
            HostPattern::Below(_) => None,
        }));
        if places.len() == before {
            let hosts: Vec<_> = app.hosts.iter().map(ToString::to_string).collect();
            let seen = format!("it names no host by itself, only {}", hosts.join(", "));
            findings.push(not_looked_at(app.name.clone(), "host", seen, "Name one with --host."));
        }
    }
    if apps.0.is_empty() { Err(NoPlan::NoApp) } else { Ok(places) }
}

pub(super) fn not_looked_at(about: String, check: &str, seen: String, advice: &str) -> Finding {
    let (check, advice) = (check.to_owned(), Some(advice.to_owned()));
    Finding { about, check, outcome: Outcome::NotSeen, status: None, seen, advice }
}

/// The rules of one application, asked for somebody who shows nothing.
struct Weighing<'a> {
    config: &'a Config,
    app: &'a GatewayApp,
    host: &'a Host,
    now: Timestamp,
}

impl Weighing<'_> {
    fn request(&self, path: &str) -> Option<OriginalRequest> {
        OriginalRequest::new("GET", scheme(self.config), self.host.as_str(), path)
    }

    fn verdict(&self, path: &str) -> Option<Verdict> {
        let request = self.request(path)?;
        // Of nobody it does not matter which servers count.
        let rules = house_rules(self.config, Vec::new());
        let ours = OwnPath::of(&request).is_some();
        (!ours)
            .then(|| weigh(self.app, &request, || RequestKind::Navigation, None, (&rules, self.now)).verdict)
    }

    /// The first path with this verdict: the front page, those that the rules name, and one that nothing names.
    fn first(&self, wanted: Verdict) -> Option<String> {
        let named = self.app.rules.iter().flat_map(|rule| &rule.paths).filter_map(example);
        let all = std::iter::once("/".to_owned()).chain(named).chain([NOWHERE.to_owned()]);
        all.into_iter().find(|path| self.verdict(path) == Some(wanted))
    }
}

/// A path that a pattern is about. One that would have to be encoded is passed over: there are others.
fn example(pattern: &PathPattern) -> Option<String> {
    let path = match pattern {
        PathPattern::Exact(path) => path.clone(),
        PathPattern::Below(folder) => format!("{folder}/"),
    };
    (is_plain(&path) && !path.contains('%')).then_some(path)
}

/// Whether this can stand in a request as it is.
fn is_plain(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// A host of another application; in preference of one where everybody may have what is guarded here.
pub(super) fn other_host<'c>(config: &'c Config, besides: &Subject<'_>) -> Option<&'c Host> {
    let opens = |app: &GatewayApp| {
        app.rules.iter().any(|rule| {
            let about = rule.paths.is_empty() || rule.paths.iter().any(|path| path.matches(&besides.guarded));
            rule.access == Access::Bypass && about
        })
    };
    let mut others: Vec<_> =
        config.gateway.apps.0.iter().filter(|app| app.name != besides.app.name).collect();
    others.sort_by_key(|app| !opens(app));
    others.iter().flat_map(|app| &app.hosts).find_map(|host| match host {
        HostPattern::Exact(host) => Some(host),
        HostPattern::Below(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::config;

    fn planned(apps: &str, look: impl Fn(&[Subject<'_>], &[Finding], &Config)) {
        let text = format!(
            "public_url = \"https://auth.example.org\"\n[plex]\nserver = \"0123456789abcdef0123456789abcdef01234567\"\n\
             owner_id = 17\n{apps}"
        );
        let config = config::parse("x", &text, Path::new(""), &BTreeMap::new()).unwrap().config;
        let (subjects, findings) = plan(&config, &Wish::default(), Timestamp(0)).unwrap();
        look(&subjects, &findings, &config);
    }

    fn with_rules(rules: &str) -> String {
        format!("[[apps]]\nname = \"wiki\"\nhosts = [\"wiki.example.org\", \"*.example.org\"]\n{rules}")
    }

    #[test]
    fn the_path_is_one_that_the_rules_want_somebody_for() {
        for (rules, guarded, open) in [
            ("", "/", None),
            ("[[apps.rules]]\npaths = [\"/public/*\"]\nbypass = true", "/", Some("/public/")),
            (
                "[[apps.rules]]\npaths = [\"/admin/*\"]\nallow = [\"plex-owner\"]\n[[apps.rules]]\npaths = [\"/*\"]\nbypass = true",
                "/admin/",
                Some("/"),
            ),
            ("[[apps.rules]]\npaths = [\"/\", \"/a b\"]\nbypass = true", "/plex-oidc-doctor", Some("/")),
            ("[[apps.rules]]\npaths = [\"/hook\"]\nmethods = [\"POST\"]\nbypass = true", "/", None),
        ] {
            planned(&with_rules(rules), |subjects, findings, config| {
                assert_eq!(subjects.len(), 1, "one host is named by itself");
                assert_eq!(
                    (subjects[0].guarded.as_str(), subjects[0].open.as_deref()),
                    (guarded, open),
                    "{rules}"
                );
                assert_eq!(subjects[0].endpoint(config).to_string(), "https://wiki.example.org:443");
                assert_eq!(findings, []);
            });
        }
    }

    #[test]
    fn a_page_elsewhere_is_not_followed() {
        let rules = with_rules("[[apps.rules]]\npaths = [\"/public/*\"]\nbypass = true");
        planned(&rules, |subjects, _, config| {
            let moved =
                |location| subjects[0].moved(config, Timestamp(0), location).map(|moved| moved.guarded);
            assert_eq!(moved("/web/?x=1").as_deref(), Some("/web/"));
            assert_eq!(moved("https://wiki.example.org/web").as_deref(), Some("/web"));
            for location in [
                "",
                "/",
                "/?x",
                "/public/x",
                "http://wiki.example.org/web",
                "https://b.example.org/web",
                "//b.example.org/",
                "/.plex-oidc/callback",
            ] {
                assert_eq!(moved(location), None, "{location}");
            }
        });
    }

    #[test]
    fn another_host_is_one_that_lets_in_what_is_guarded_here() {
        let apps = "[[apps]]\nhost = \"wiki.example.org\"\n[[apps]]\nhost = \"a.example.org\"\n[[apps]]\nhost = \"b.example.org\"\n\
                    [[apps.rules]]\npaths = [\"/*\"]\nbypass = true";
        planned(apps, |subjects, _, config| {
            assert_eq!(other_host(config, &subjects[0]).map(Host::as_str), Some("b.example.org"));
        });
        planned("[[apps]]\nhost = \"wiki.example.org\"", |subjects, _, config| {
            assert_eq!(other_host(config, &subjects[0]), None);
        });
    }
}
