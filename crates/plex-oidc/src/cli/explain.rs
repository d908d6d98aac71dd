//! `explain`: what the gateway would decide, and why. It asks the same function as the gateway does.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use clap::Args;
use plex_oidc_core::decide::{Decision, HouseRules, NewBrowsers, Person, Standing, Through};
use plex_oidc_core::gateway::family::{Header, HeaderSource};
use plex_oidc_core::gateway::{
    GatewayApp, Host, HostPattern, OriginalRequest, OwnPath, RequestKind, Verdict, weigh,
};
use plex_oidc_core::membership::AcceptedServer;
use plex_oidc_core::time::Timestamp;
use thiserror::Error;

use super::person::in_words;
use super::serve::exit_after;
use super::who::{NotOne, find};
use super::{Exit, World, printable};
use crate::config::{Config, PlexServer};
use crate::installation::open_beside;
use crate::start::{StartError, house_rules};
use crate::store::StoreError;
use crate::store::records::UserRecord;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Who asks: `plex-<account id>`, account id, e-mail address or username of somebody who has signed in [default: nobody]
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// What they ask for, as the browser shows it
    #[arg(long, value_name = "URL")]
    url: String,
    /// By which method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// A header of the request, as `Name: value`; may be repeated [default: those of a browser that opens a page]
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,
    /// The application, where the proxy names it in the address that it calls
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
}

fn header(text: &str) -> Result<(String, String), String> {
    let pair =
        text.split_once(':').map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    pair.filter(|(name, _)| !name.is_empty()).ok_or_else(|| "a name, a colon and a value".to_owned())
}

/// The headers of the request that is talked about.
struct Given<'a>(&'a [(String, String)]);

impl HeaderSource for Given<'_> {
    fn value(&self, name: &'static str) -> Header<'_> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        match (values.next(), values.next()) {
            (None, _) => Header::Absent,
            (Some((_, value)), None) if value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) => {
                Header::One(value)
            }
            (Some(_), _) => Header::Unclear,
        }
    }
}

/// Why nothing can be explained.
#[derive(Debug, Error)]
enum NotExplained {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Who(#[from] NotOne),
}

impl From<StoreError> for NotExplained {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs `explain`.
pub fn run(file: &Path, arguments: &ExplainArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let Some(request) = OriginalRequest::from_url(&arguments.method, &arguments.url) else {
        return world.fail("This is not a request that the gateway understands: give an address such as https://wiki.example.com/page.");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let known = |who| runtime.block_on(known(&config, who));
    let user = match arguments.user.as_deref().map(known).transpose() {
        Ok(user) => user,
        Err(error) => {
            world.fail(&format!("Nothing can be said: {error}."))?;
            return Ok(match &error {
                NotExplained::Start(error) => exit_after(error),
                NotExplained::Who(_) => Exit::Failed,
            });
        }
    };
    let kind = kind(&request, &arguments.headers);
    let person = user.as_ref().map(|user| &user.person);
    let rules = house_rules(&config, accepted(&config, person));
    let case = Case { request: &request, kind, person, house: (&rules, world.clock.now()) };
    explain(&config, arguments.app.as_deref(), &case, world.out)
}

async fn known(config: &Config, who: &str) -> Result<UserRecord, NotExplained> {
    let users = open_beside(config)?.users().await?;
    Ok(find(&users, who)?.clone())
}

/// The servers of the configuration. Plex is not asked here: where the file leaves an owner out, it is taken to be the one
/// that the service knew when the person signed in.
pub(super) fn accepted(config: &Config, person: Option<&Person>) -> Vec<AcceptedServer> {
    let through = match person.map(|person| &person.standing) {
        Some(Standing::Member { through, .. }) => through.as_slice(),
        Some(Standing::Kept | Standing::Ended) | None => &[],
    };
    let owner = |server: &PlexServer| {
        let known = through.iter().find(|known| known.machine == server.machine);
        server.owner.or_else(|| Some(known?.owner))
    };
    let servers = config.plex.iter().flat_map(|plex| &plex.servers);
    servers.filter_map(|server| Some(server.accepted(owner(server)?))).collect()
}

/// Without headers it is a browser that opens a page, which people ask about most.
fn kind(request: &OriginalRequest, headers: &[(String, String)]) -> RequestKind {
    if headers.is_empty() {
        let page = [("accept".to_owned(), "text/html".to_owned())];
        return RequestKind::of(request, &Given(&page));
    }
    RequestKind::of(request, &Given(headers))
}

/// What is asked, and by whom.
struct Case<'a> {
    request: &'a OriginalRequest,
    kind: RequestKind,
    person: Option<&'a Person>,
    house: (&'a HouseRules, Timestamp),
}

impl Case<'_> {
    /// The person as applications are told of them.
    fn told(&self) -> Option<Cow<'_, Person>> {
        let (rules, now) = self.house;
        self.person.map(|person| rules.as_told(person, now))
    }
}

fn explain(
    config: &Config,
    named: Option<&str>,
    case: &Case<'_>,
    out: &mut dyn io::Write,
) -> io::Result<Exit> {
    let request = case.request;
    let shown = printable(&format!("{} {}{}", request.method, request.origin(), request.path.raw()));
    writeln!(out, "Request      {shown} ({})", kind_in_words(case.kind))?;
    let person = case.told().map_or_else(|| "nobody is signed in".to_owned(), |person| called(&person));
    writeln!(out, "Person       {person}")?;
    if let Some(marks) = case.person.map(|person| &person.marks).filter(|marks| !marks.is_empty()) {
        writeln!(out, "You say      {}", printable(&in_words(marks)))?;
    }
    if let Some(sentence) = request.wrong_scheme(config.public_url.is_https()) {
        writeln!(out, "Verdict      refused (403): {sentence}")?;
        return Ok(Exit::Failed);
    }
    let Some(app) = config.gateway.apps.find(&request.host, named) else {
        let named = named.map(|name| format!(" and is called `{}`", printable(name))).unwrap_or_default();
        writeln!(out, "Application  none: no [[apps]] section has the host {}{named}", request.host)?;
        writeln!(out, "Verdict      refused (403): what is not declared is for nobody")?;
        return Ok(Exit::Failed);
    };
    writeln!(out, "Application  {}, {}", app.name, why(app, &request.host, named))?;
    writeln!(out, "Path         {}", path_in_words(request))?;
    if let Some(own) = OwnPath::of(request) {
        let what = match own {
            OwnPath::Callback => "it ends a sign-in",
            OwnPath::SignOut => "it leads to the page for signing out",
        };
        writeln!(out, "Verdict      answered by the gateway itself, never by the application: {what}")?;
        return Ok(Exit::Failed);
    }
    decide(config, app, case, out)
}

fn decide(config: &Config, app: &GatewayApp, case: &Case<'_>, out: &mut dyn io::Write) -> io::Result<Exit> {
    let asker = case.person.map(|person| person.through(Through::NoBrowser));
    let weighed = weigh(app, case.request, || case.kind, asker, case.house);
    writeln!(out, "Rules")?;
    if weighed.considered.is_empty() {
        writeln!(out, "  none was looked at: `preflight` lets CORS preflights pass")?;
    }
    for considered in &weighed.considered {
        writeln!(out, "  {considered}")?;
    }
    let told = match weighed.told(case.person, app, &config.gateway.names) {
        Ok(told) => told,
        Err(nameless) => {
            writeln!(out, "Verdict      refused (403): {nameless}")?;
            return Ok(Exit::Failed);
        }
    };
    writeln!(out, "Verdict      {}", verdict_in_words(weighed.verdict, case))?;
    if matches!(weighed.verdict, Verdict::SignIn | Verdict::Deny(_)) {
        return Ok(Exit::Failed);
    }
    let is_owner = case.person.is_some_and(|person| case.house.0.is_owner(person.account.id));
    if app.audience.new_browsers == NewBrowsers::AskHost && weighed.verdict == Verdict::Pass && !is_owner {
        writeln!(
            out,
            "             but from a browser that is new to the account only once the host has said yes to it"
        )?;
    }
    writeln!(out, "Headers")?;
    let told = told.and_then(|_| case.told());
    for (name, value) in app.headers.values(told.as_deref(), &config.gateway.names) {
        let value = match value.as_str() {
            "" if told.is_some() && app.headers.of_plex_token() == Some(name) => {
                "(their Plex token, if one is kept with the session)".to_owned()
            }
            "" => "(empty)".to_owned(),
            value => printable(value),
        };
        writeln!(out, "  {name}: {value}")?;
    }
    Ok(Exit::Done)
}

const fn kind_in_words(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Navigation => "a browser opens a page",
        RequestKind::Script => "a script or a program asks",
        RequestKind::Preflight => "a browser asks beforehand, CORS",
        RequestKind::WebSocket => "a WebSocket is opened",
    }
}

fn called(person: &Person) -> String {
    let groups: Vec<&str> = person.groups.iter().map(plex_oidc_core::groups::Group::as_str).collect();
    let (name, subject) = (&person.account.display_name, person.subject());
    printable(&format!("{name} ({subject}), in {}", groups.join(", ")))
}

fn why(app: &GatewayApp, host: &Host, named: Option<&str>) -> String {
    if named.is_some() {
        return format!("because the proxy names it and it has the host {host}");
    }
    let pattern = app.hosts.iter().find(|pattern| pattern.matches(host));
    match pattern {
        Some(pattern @ HostPattern::Below(_)) if !app.hosts.contains(&HostPattern::Exact(host.clone())) => {
            format!("because {host} is one of {pattern}")
        }
        Some(_) | None => format!("because {host} is its host"),
    }
}

fn path_in_words(request: &OriginalRequest) -> String {
    match request.path.normal() {
        Some(normal) => printable(normal),
        None => "has more than one reading: every rule has to agree, and no bypass counts".to_owned(),
    }
}

fn verdict_in_words(verdict: Verdict, case: &Case<'_>) -> String {
    match (verdict, case.person) {
        (Verdict::Pass, _) => "passes (200), as this person".to_owned(),
        (Verdict::PassAnybody, _) => "passes (200), whoever it is".to_owned(),
        (Verdict::SignIn, None) => format!("does not pass: {}", sent(case.kind)),
        (Verdict::SignIn, Some(_)) => {
            format!("does not pass: {}; {}", Decision::WHY_UNKNOWN, sent(case.kind))
        }
        (Verdict::Deny(denial), _) => format!("does not pass: {denial}"),
    }
}

const fn sent(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Navigation => "the browser is sent to sign in",
        RequestKind::Script | RequestKind::Preflight | RequestKind::WebSocket => {
            "a program is told to sign in (401)"
        }
    }
}
