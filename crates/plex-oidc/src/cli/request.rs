//! `request list`, `request grant` and `request refuse`: who asks for access, and the host's answer. They work beside the running
//! service, by the flow that its page and its API use.

use std::io;
use std::path::Path;

use clap::{Args, Subcommand};
use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::subject::Subject;
use tokio::runtime::Runtime;

use super::audit::warn_of;
use super::beside::{NotDone, beside};
use super::keys::age;
use super::who::account;
use super::{Exit, World, json, printable};
use crate::config::Config;
use crate::flow::by_host::ByHost;
use crate::flow::doors::{Door, declared};
use crate::flow::forms::Waiting;
use crate::flow::requests::Asked;
use crate::installation::open_beside;
use crate::store::records::{AccessRequest, HostAnswer, NewAccessRequest, Wish};
use crate::store::{MOST_REQUESTS, Store};

/// What can be done with requests for access.
#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// List who waits for an answer: subject, age, application, what would help, name, e-mail address, address, browser, what they write
    List(ListArguments),
    /// Say yes: open the application to them, name the account beforehand, let the browser in; or say that the server is shared
    /// now, which you do at Plex
    Grant(AnswerArguments),
    /// Say no
    Refuse(AnswerArguments),
}

/// The arguments of `request list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// One line of JSON for each, for programs
    #[arg(long)]
    json: bool,
}

/// The arguments of `request grant` and `request refuse`.
#[derive(Debug, Args)]
pub struct AnswerArguments {
    /// Who asks: the subject in the list; or account id, e-mail address or username of somebody who has signed in
    who: String,
    /// What they ask for, as the list has it [default: the only thing that they ask for]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The browser; to grant, it has to be named where one is asked for
    #[arg(long, value_name = "ID")]
    browser: Option<String>,
    /// A sentence for them
    #[arg(long, value_name = "SENTENCE")]
    say: Option<String>,
}

/// Runs a `request` command.
pub fn run(file: &Path, command: &RequestCommand, world: &mut World<'_>) -> io::Result<Exit> {
    beside(file, world, |config, runtime, world| done(config, command, runtime, world))
}

fn done(
    config: &Config,
    command: &RequestCommand,
    runtime: &Runtime,
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let store = open_beside(config)?;
    let waiting = runtime.block_on(store.waiting_requests(MOST_REQUESTS))?.some;
    let (arguments, is_yes) = match command {
        RequestCommand::List(arguments) => return list(config, &waiting, arguments.json, world),
        RequestCommand::Grant(arguments) => (arguments, true),
        RequestCommand::Refuse(arguments) => (arguments, false),
    };
    let account = account(&runtime.block_on(store.users())?, &arguments.who)?;
    let meant = meant(&waiting, account, arguments)?;
    // Who is at another browser of the account could have made theirs the only request there is.
    if is_yes && meant.browser.is_some() && arguments.browser.is_none() {
        return Err(NotDone::WhichBrowser(Subject::of(account), meant.address, choice(meant)));
    }
    let answer = if is_yes { yes(meant.wish) } else { HostAnswer::Declined };
    answered(config, (runtime, &*store), (meant, answer, arguments.say.as_deref()), world)
}

/// The one request that is meant. What people call themselves when they ask is never looked at.
fn meant<'w>(
    waiting: &'w [AccessRequest],
    account: AccountId,
    arguments: &AnswerArguments,
) -> Result<&'w NewAccessRequest, NotDone> {
    let of_app = |asked: &NewAccessRequest| {
        let door = asked.door.as_str();
        arguments.app.as_deref().is_none_or(|app| app == door || Some(app) == door.strip_prefix("app:"))
    };
    let of_browser = |asked: &NewAccessRequest| {
        let id = asked.browser.map(|id| id.to_string());
        arguments.browser.is_none() || arguments.browser == id
    };
    let found = waiting.iter().map(|request| &request.asked).filter(|asked| asked.account_id == account);
    let found: Vec<_> = found.filter(|asked| of_app(asked) && of_browser(asked)).collect();
    match found.as_slice() {
        [] => Err(NotDone::NotWaiting(Subject::of(account))),
        [asked] => Ok(asked),
        several => {
            let choices: Vec<_> = several.iter().map(|asked| choice(asked)).collect();
            Err(NotDone::Several(Subject::of(account), choices.join("; ")))
        }
    }
}

/// The arguments that mean this request.
fn choice(asked: &NewAccessRequest) -> String {
    let browser = asked.browser.map(|id: BrowserId| format!(" --browser {id}")).unwrap_or_default();
    format!("--app {}{browser}", asked.door)
}

const fn yes(wish: Wish) -> HostAnswer {
    match wish {
        Wish::Share => HostAnswer::Shared,
        Wish::Open => HostAnswer::Opened,
        Wish::Name => HostAnswer::Named,
        Wish::Browser => HostAnswer::Approved,
    }
}

fn answered(
    config: &Config,
    (runtime, store): (&Runtime, &dyn Store),
    (asked, answer, said): (&NewAccessRequest, HostAnswer, Option<&str>),
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let is_there = app_name(config, asked).is_some();
    if answer == HostAnswer::Opened && !is_there {
        return Err(NotDone::GoneFromFile(asked.door.to_string()));
    }
    let subject = Subject::of(asked.account_id);
    let which = Asked { account: asked.account_id, door: asked.door.clone(), browser: asked.browser };
    let by = ByHost::by_command(store, world.clock.now());
    let done = runtime.block_on(by.answer(which, (answer, said), is_there))?;
    warn_of(done.ok_or_else(|| NotDone::NotWaiting(subject.clone()))?.noted, world)?;
    let how = match answer {
        HostAnswer::Opened => format!("{} is open to them", asked.door),
        HostAnswer::Named => "the account is named beforehand".to_owned(),
        HostAnswer::Shared => "they are told that the server is shared, which you do at Plex".to_owned(),
        HostAnswer::Approved => "the browser that they asked for is let in".to_owned(),
        HostAnswer::Declined => "you said no".to_owned(),
    };
    let name = printable(&asked.account_name);
    Ok(writeln!(world.err, "{name} ({subject}) is answered: {how}. They see it when they come back.")?)
}

/// What the file calls what somebody asks for; a page of ours has a name of its own.
fn app_name(config: &Config, asked: &NewAccessRequest) -> Option<String> {
    let doors = declared(config.clients.iter(), &config.gateway.apps);
    let door = doors.into_iter().find(|door: &Door<'_>| door.id().as_ref() == Some(&asked.door));
    let page = || OwnPage::ALL.into_iter().filter_map(|page| page.client(&config.hosts));
    let of_page = || page().find(|client| client.id == asked.door).map(|client| client.name);
    door.map(|door| door.name().to_owned()).or_else(of_page)
}

fn list(
    config: &Config,
    waiting: &[AccessRequest],
    is_json: bool,
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let now = world.clock.now();
    if is_json {
        for request in waiting {
            let form = Waiting::of(request, app_name(config, &request.asked).as_deref());
            writeln!(world.out, "{}", json(&form)?)?;
        }
        return Ok(());
    }
    let mut line = |[subject, age, app, wish, rest]: [&str; 5]| {
        writeln!(world.out, "{subject:<22}  {age:<5}  {app:<20}  {wish:<7}  {}", printable(rest))
    };
    line(["subject", "age", "application", "wish", "name, e-mail, address, browser, sentence"])?;
    for AccessRequest { asked, .. } in waiting {
        let browser = asked.browser.map(|id| format!("browser {id}"));
        let said = asked.said.as_ref().map(|said| format!("\"{said}\""));
        let address = Some(asked.address.to_string());
        let rest = [Some(asked.account_name.clone()), asked.account_email.clone(), address, browser, said];
        let rest: Vec<_> = rest.into_iter().flatten().collect();
        let (subject, app) = (asked.account_id.to_string(), asked.door.to_string());
        line([&subject, &age(asked.asked_at, now), &app, asked.wish.as_str(), &rest.join("  ")])?;
    }
    Ok(())
}
