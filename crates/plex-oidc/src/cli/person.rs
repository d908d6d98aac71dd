//! `person`: who is here, what the host says of single people, whether they ever signed in or not, and ending what they hold. It
//! works beside the running service, which reads it with the next look at the person: within five seconds at an application
//! behind the gateway. Clients that are to be told of an end are in its queue, and it tells them within ten.

use std::io;
use std::path::Path;

use clap::{Args, Subcommand};
use plex_oidc_core::audit::What;
use plex_oidc_core::decide::{Mark, Marks};
use plex_oidc_core::gateway::handover;
use plex_oidc_core::id::{AccountId, ClientId};
use plex_oidc_core::subject::Subject;
use tokio::runtime::Runtime;

use super::audit::{done_here, note, warn_of};
use super::beside::{NotDone, beside};
use super::people::Looking;
use super::who::account;
use super::{Exit, World, printable};
use crate::config::Config;
use crate::flow::audit::of_mark;
use crate::installation::open_beside;
use crate::store::Store;
use crate::store::records::UserRecord;

/// What the host can see of people, say of them and end.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// List who has signed in, the last seen one first: subject, name, last seen, live sessions, state, groups
    List(ListArguments),
    /// Show one person: who they are, what they hold, and what they may use and why
    Show(ShowArguments),
    /// End all sessions, grants and app tokens of somebody. Whoever may come in signs in again: to keep somebody out, block them
    End(WhoArguments),
    /// End one session of somebody, with what came of it
    EndSession(EndSessionArguments),
    /// Take back what somebody allowed an application, and end what that holds by it
    EndConsent(EndConsentArguments),
    /// Forget a browser of somebody, and end what came of it: your yes to it goes with it, and the next time it is a new one
    ForgetBrowser(ForgetBrowserArguments),
    /// Keep an account out from now on: its sessions, grants and app tokens end at once
    Block(WhoArguments),
    /// Let an account sign in again, as far as the file and Plex do
    Unblock(WhoArguments),
    /// Name an account beforehand, as `rules.only` does; or open applications to it besides what the file says
    Allow(AllowArguments),
    /// Take that back
    Disallow(AllowArguments),
}

/// The account that is meant.
#[derive(Debug, Args)]
pub struct WhoArguments {
    /// `plex-<account id>`, also of somebody who never signed in; or account id, e-mail address or username of somebody who has
    pub(super) who: String,
}

/// The arguments of `person list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// A part of name, user name, e-mail address or subject [default: everybody]
    pub(super) part: Option<String>,
    /// List the accounts of which you say something instead, whether they ever signed in or not: subject, name, what it is
    #[arg(long, conflicts_with = "part")]
    pub(super) said: bool,
    /// One line of JSON for each, for programs
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `person show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    #[command(flatten)]
    pub(super) who: WhoArguments,
    /// One line of JSON, for programs
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `person end-session`.
#[derive(Debug, Args)]
pub struct EndSessionArguments {
    #[command(flatten)]
    pub(super) who: WhoArguments,
    /// Its id, as `person show` has it
    pub(super) session: String,
}

/// The arguments of `person end-consent`.
#[derive(Debug, Args)]
pub struct EndConsentArguments {
    #[command(flatten)]
    pub(super) who: WhoArguments,
    /// The client, as `person show` has it
    pub(super) client: String,
}

/// The arguments of `person forget-browser`.
#[derive(Debug, Args)]
pub struct ForgetBrowserArguments {
    #[command(flatten)]
    pub(super) who: WhoArguments,
    /// Its id, as `person show` has it
    pub(super) browser: String,
}

/// The arguments of `person allow` and `person disallow`.
#[derive(Debug, Args)]
pub struct AllowArguments {
    #[command(flatten)]
    who: WhoArguments,
    /// A client or an application behind the gateway; may be repeated [default: naming the account beforehand]
    #[arg(long = "app", value_name = "NAME")]
    apps: Vec<String>,
}

/// Runs a `person` command.
pub fn run(file: &Path, command: &PersonCommand, world: &mut World<'_>) -> io::Result<Exit> {
    beside(file, world, |config, runtime, world| done(config, command, runtime, world))
}

fn done(
    config: &Config,
    command: &PersonCommand,
    runtime: &Runtime,
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let store = open_beside(config)?;
    let users = runtime.block_on(store.users())?;
    let looking = Looking { config, store: &*store, runtime, users: &users };
    let saying = Saying { config, store: &*store, runtime, users: &users };
    match command {
        PersonCommand::Block(who) => saying.block(&who.who, world),
        PersonCommand::Unblock(who) => saying.say(
            &who.who,
            vec![Mark::Blocked(false)],
            "may sign in again, as far as the file and Plex say so",
            world,
        ),
        PersonCommand::Allow(arguments) => {
            let how = if arguments.apps.is_empty() {
                "is named beforehand"
            } else {
                "may use that now, if they may come in at all"
            };
            if arguments.apps.is_empty() && config.rules.only.is_none() {
                writeln!(
                    world.err,
                    "rules.only is not set, so nobody has to be named beforehand. To open an application: --app."
                )?;
            }
            saying.say(&arguments.who.who, marks(config, &arguments.apps, true)?, how, world)
        }
        PersonCommand::Disallow(arguments) => {
            let how = if arguments.apps.is_empty() {
                "is not named beforehand here"
            } else {
                "may use that only as far as the file says so"
            };
            saying.say(&arguments.who.who, marks(config, &arguments.apps, false)?, how, world)
        }
        PersonCommand::List(arguments) if arguments.said => looking.said(arguments.json, world),
        PersonCommand::List(arguments) => looking.list(arguments, world),
        PersonCommand::Show(arguments) => looking.show(arguments, world),
        PersonCommand::End(who) => looking.end(&who.who, world),
        PersonCommand::EndSession(arguments) => looking.end_session(arguments, world),
        PersonCommand::EndConsent(arguments) => looking.end_consent(arguments, world),
        PersonCommand::ForgetBrowser(arguments) => looking.forget_browser(arguments, world),
    }
}

/// What it takes to say something of somebody.
struct Saying<'a> {
    config: &'a Config,
    store: &'a dyn Store,
    runtime: &'a Runtime,
    users: &'a [UserRecord],
}

impl Saying<'_> {
    fn block(&self, who: &str, world: &mut World<'_>) -> Result<(), NotDone> {
        let account = account(self.users, who)?;
        let servers = self.config.plex.iter().flat_map(|plex| &plex.servers);
        let mut owners = servers.filter_map(|server| server.owner).map(AccountId::Plex);
        if owners.any(|owner| owner == account) {
            return Err(NotDone::Owner(Subject::of(account)));
        }
        let marking = self.store.mark(account, Mark::Blocked(true), world.clock.now());
        let ended = self.runtime.block_on(marking)?;
        self.note(account, &Mark::Blocked(true), world)?;
        Ok(writeln!(
            world.err,
            "{} is blocked; {} sessions, {} grants and {} app tokens have ended.",
            self.called(account),
            ended.sessions,
            ended.grants,
            ended.app_tokens
        )?)
    }

    fn say(&self, who: &str, marks: Vec<Mark>, how: &str, world: &mut World<'_>) -> Result<(), NotDone> {
        let account = account(self.users, who)?;
        for mark in marks {
            self.runtime.block_on(self.store.mark(account, mark.clone(), world.clock.now()))?;
            self.note(account, &mark, world)?;
        }
        Ok(writeln!(world.err, "{} {how}.", self.called(account))?)
    }

    fn note(&self, account: AccountId, mark: &Mark, world: &mut World<'_>) -> io::Result<()> {
        let event = of_mark(done_here(world.clock.now(), What::PersonMarked), account, mark);
        warn_of(self.runtime.block_on(note(self.store, event)), world)
    }

    fn called(&self, account: AccountId) -> String {
        called(self.users, account)
            .map_or_else(|| account.to_string(), |name| printable(&format!("{name} ({account})")))
    }
}

pub(super) fn called(users: &[UserRecord], account: AccountId) -> Option<&str> {
    let user = users.iter().find(|user| user.account_id() == account)?;
    Some(&user.person.account.display_name)
}

fn marks(config: &Config, apps: &[String], is_allowed: bool) -> Result<Vec<Mark>, NotDone> {
    if apps.is_empty() {
        return Ok(vec![Mark::Named(is_allowed)]);
    }
    apps.iter().map(|app| Ok(Mark::Door(door(config, app, is_allowed)?, is_allowed))).collect()
}

/// What is meant by a name. What is gone from the file can be closed by the name that `person list` shows.
fn door(config: &Config, named: &str, is_allowed: bool) -> Result<ClientId, NotDone> {
    let client = |name: &str| {
        let found = config.clients.iter().find(|client| client.id.as_str() == name && client.is_for_people());
        found.map(|client| client.id.clone())
    };
    let app = |name: &str| config.gateway.apps.named(name).and_then(|app| handover::client_of(&app.name));
    let unknown = || NotDone::UnknownApp(printable(named));
    let found = match (named.strip_prefix("app:"), named.strip_prefix("client:")) {
        (Some(name), _) => app(name),
        (None, Some(name)) => client(name),
        (None, None) => match (client(named), app(named)) {
            (Some(_), Some(_)) => return Err(NotDone::BothNamed(printable(named))),
            (client, app) => client.or(app),
        },
    };
    found.or_else(|| ClientId::parse(named).filter(|_| !is_allowed)).ok_or_else(unknown)
}

/// What is said, for the host.
pub(super) fn in_words(marks: &Marks) -> String {
    let doors = marks.doors.iter().map(|door| format!("{door} is open to them"));
    let blocked = marks.blocked.then(|| "blocked".to_owned());
    let named = marks.named.then(|| "named beforehand".to_owned());
    blocked.into_iter().chain(named).chain(doors).collect::<Vec<_>>().join(", ")
}
