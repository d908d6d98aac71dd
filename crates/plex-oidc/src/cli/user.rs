//! `user`: local accounts, which the store keeps. It works beside the running service, and holds at once.

use std::io;
use std::path::Path;

use clap::{Args, Subcommand};
use plex_oidc_core::audit::What;
use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, LocalAccountId};
use plex_oidc_core::time::Timestamp;
use tokio::runtime::Runtime;

use super::audit::{done_here, note, warn_of};
use super::beside::{NotDone, alone, beside};
use super::password::{PasswordArguments, asked_password};
use super::{Exit, World, printable};
use crate::config::{Config, local_person};
use crate::installation::open_beside;
use crate::store::Store;
use crate::store::records::{Ends, LocalAccount, LocalPut, PutLocalAccount, UserRecord};
use crate::upstream::local::{PasswordHash, email, username};

/// What can be done with local accounts.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account with which somebody signs in by password
    Add(AddArguments),
    /// List the local accounts: subject, state, name, e-mail address, groups
    List,
    /// Change what is known of somebody, their groups or their password
    Set(SetArguments),
    /// Switch an account off: its sessions, grants and app tokens end at once
    Disable(WhoArguments),
    /// Switch an account on again
    Enable(WhoArguments),
    /// Remove an account with everything that hangs on it
    Remove(WhoArguments),
    /// Print the hash of a password, for `password_hash_file`
    Hash(PasswordArguments),
}

/// The account that is meant.
#[derive(Debug, Args)]
pub struct WhoArguments {
    /// `local-<id>`, the user name or the e-mail address
    who: String,
}

/// The arguments of `user add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The name for signing in
    username: String,
    /// What applications may be told: name=…, email=…, email_verified=true, and any other standard claim
    #[arg(value_name = "CLAIM=VALUE")]
    claims: Vec<String>,
    /// A group of `local.groups`; may be repeated
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
    /// Make the account without a password: nobody can sign in to it yet
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,
    #[command(flatten)]
    password: PasswordArguments,
}

/// The arguments of `user set`.
#[derive(Debug, Args)]
pub struct SetArguments {
    #[command(flatten)]
    who: WhoArguments,
    /// What is to be known from now on; CLAIM= takes a claim away
    #[arg(value_name = "CLAIM=VALUE")]
    claims: Vec<String>,
    /// Another name for signing in
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// A group, in the place of all that there were; may be repeated
    #[arg(long = "group", value_name = "NAME", conflicts_with = "no_groups")]
    groups: Vec<String>,
    /// No group but `local` any more
    #[arg(long)]
    no_groups: bool,
    /// Another password; whoever is signed in with the old one is signed out
    #[arg(long)]
    new_password: bool,
    /// No password any more; whoever is signed in is signed out
    #[arg(long, conflicts_with_all = ["new_password", "password_file"])]
    no_password: bool,
    #[command(flatten)]
    password: PasswordArguments,
}

/// Runs a `user` command.
pub fn run(file: &Path, command: &UserCommand, world: &mut World<'_>) -> io::Result<Exit> {
    if let UserCommand::Hash(arguments) = command {
        let shown = asked_password(arguments, world)
            .map_err(NotDone::from)
            .and_then(|hash| Ok(writeln!(world.out, "{}", hash.to_text())?));
        return alone(shown, world);
    }
    beside(file, world, |config, runtime, world| done(config, command, runtime, world))
}

fn done(
    config: &Config,
    command: &UserCommand,
    runtime: &Runtime,
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let store = open_beside(config)?;
    match command {
        UserCommand::Add(arguments) => add(config, arguments, (runtime, &*store), world),
        UserCommand::List => list(&runtime.block_on(store.local_accounts())?, world),
        UserCommand::Set(arguments) => set(config, arguments, (runtime, &*store), world),
        UserCommand::Disable(who) => switch(who, Standing::Ended, (runtime, &*store), world),
        UserCommand::Enable(who) => switch(who, Standing::Kept, (runtime, &*store), world),
        UserCommand::Remove(who) => {
            let account = kept(&runtime.block_on(store.local_accounts())?, &who.who)?;
            let removed = match account.user.account_id() {
                AccountId::Local(id) => {
                    runtime.block_on(store.remove_local_account(id, world.clock.now()))?
                }
                AccountId::Plex(_) => false,
            };
            if !removed {
                return Err(NotDone::Changed);
            }
            written_down(&account, "removed", (runtime, &*store), world)?;
            Ok(writeln!(world.err, "{} is removed, and everything that hung on it.", called(&account))?)
        }
        UserCommand::Hash(_) => Ok(()), // needs no configuration, and is answered before
    }
}

fn add(
    config: &Config,
    arguments: &AddArguments,
    (runtime, store): (&Runtime, &dyn Store),
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let name = username(&arguments.username).ok_or(NotDone::Username)?;
    let id = new_id((world.random)());
    let mut person = local_person(id, &name, groups(config, &arguments.groups)?);
    write_down(&mut person, &arguments.claims)?;
    let hash = if arguments.no_password { None } else { Some(asked_password(&arguments.password, world)?) };
    let after = account(person, name, hash.as_ref().map(PasswordHash::to_text), world.clock.now());
    warn_of_likeness(&after, &runtime.block_on(store.users())?, world)?;
    let put =
        PutLocalAccount { before: None, after: after.clone(), ends: Ends::Nothing, now: world.clock.now() };
    stored(runtime.block_on(store.put_local_account(put))?)?;
    written_down(&after, "added", (runtime, store), world)?;
    writeln!(
        world.err,
        "{} can sign in{}.",
        called(&after),
        if hash.is_some() { "" } else { " once there is a password" }
    )?;
    if !config.local.enabled {
        writeln!(world.err, "Nobody can sign in with a password before `local.enabled` is true.")?;
    }
    writeln!(world.out, "{}", after.user.subject())?;
    Ok(())
}

fn set(
    config: &Config,
    arguments: &SetArguments,
    (runtime, store): (&Runtime, &dyn Store),
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let before = kept(&runtime.block_on(store.local_accounts())?, &arguments.who.who)?;
    let mut person = before.user.person.clone();
    let mut name = before.username.clone();
    if let Some(new) = &arguments.username {
        name = username(new).ok_or(NotDone::Username)?;
        let account = &mut person.account;
        if account.username.as_ref() == Some(&account.display_name) {
            account.display_name.clone_from(&name);
        }
        account.username = Some(name.clone());
    }
    if arguments.no_groups || !arguments.groups.is_empty() {
        person.groups = groups(config, &arguments.groups)?.into_iter().chain([Group::local()]).collect();
    }
    write_down(&mut person, &arguments.claims)?;
    let (mut hash, mut ends) = (before.password_hash.clone(), Ends::Nothing);
    if arguments.no_password {
        (hash, ends) = (None, Ends::SignIns);
    } else if arguments.new_password || arguments.password.password_file.is_some() {
        let new = asked_password(&arguments.password, world)?;
        (hash, ends) = (Some(new.to_text()), Ends::SignIns);
    }
    let now = world.clock.now();
    let after = account(person, name, hash, now);
    warn_of_likeness(&after, &runtime.block_on(store.users())?, world)?;
    let put = PutLocalAccount { before: Some(before), after: after.clone(), ends, now };
    stored(runtime.block_on(store.put_local_account(put))?)?;
    let what = if ends == Ends::SignIns { "password changed" } else { "changed" };
    written_down(&after, what, (runtime, store), world)?;
    Ok(writeln!(world.err, "{} is changed.", called(&after))?)
}

fn switch(
    who: &WhoArguments,
    to: Standing,
    (runtime, store): (&Runtime, &dyn Store),
    world: &mut World<'_>,
) -> Result<(), NotDone> {
    let before = kept(&runtime.block_on(store.local_accounts())?, &who.who)?;
    let (ends, how) = if to == Standing::Ended { (Ends::Access, "off") } else { (Ends::Nothing, "on") };
    let now = world.clock.now();
    let mut after = before.clone();
    (after.user.person.standing, after.user.updated) = (to, now);
    let put = PutLocalAccount { before: Some(before), after: after.clone(), ends, now };
    stored(runtime.block_on(store.put_local_account(put))?)?;
    written_down(&after, &format!("switched {how}"), (runtime, store), world)?;
    Ok(writeln!(world.err, "{} is switched {how}.", called(&after))?)
}

fn written_down(
    account: &LocalAccount,
    how: &str,
    (runtime, store): (&Runtime, &dyn Store),
    world: &mut World<'_>,
) -> io::Result<()> {
    let event = done_here(world.clock.now(), What::LocalAccountChanged).about(account.user.account_id());
    let event = event.named(&account.user.person.account.display_name).detail(how);
    warn_of(runtime.block_on(note(store, event)), world)
}

fn stored(put: LocalPut) -> Result<(), NotDone> {
    match put {
        LocalPut::Stored => Ok(()),
        LocalPut::Taken => Err(NotDone::Taken),
        LocalPut::Changed => Err(NotDone::Changed),
    }
}

fn account(mut person: Person, name: String, hash: Option<String>, now: Timestamp) -> LocalAccount {
    person.account.profile.get_or_insert_default().updated_at = Some(now);
    let address = person.account.email.as_deref().and_then(email);
    let user = UserRecord { person, updated: now };
    LocalAccount { user, username: name, email: address, password_hash: hash, declared: false }
}

/// A number beyond those that a file can declare, at random: none comes a second time.
fn new_id(random: [u8; 32]) -> LocalAccountId {
    const FIRST: u64 = 1 << 32;
    let number = random.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    LocalAccountId::new(FIRST + number % (LocalAccountId::MAX - FIRST)).expect("within the bounds")
}

/// The one account that is meant, if the file does not declare it.
fn kept(accounts: &[LocalAccount], who: &str) -> Result<LocalAccount, NotDone> {
    let (name, address) = (username(who), email(who));
    let is_it = |account: &&LocalAccount| {
        account.user.subject().as_str() == who
            || name.as_ref() == Some(&account.username)
            || (address.is_some() && address == account.email)
    };
    let found = accounts.iter().find(is_it).ok_or_else(|| NotDone::Nobody(printable(who)))?;
    if found.declared { Err(NotDone::Declared(found.user.subject())) } else { Ok(found.clone()) }
}

fn groups(config: &Config, named: &[String]) -> Result<Vec<Group>, NotDone> {
    let known = |name: &String| config.local.groups.iter().find(|group| group.as_str() == name).cloned();
    named.iter().map(|name| known(name).ok_or_else(|| NotDone::Group(printable(name)))).collect()
}

fn write_down(person: &mut Person, claims: &[String]) -> Result<(), NotDone> {
    for text in claims {
        let (claim, value) = text.split_once('=').ok_or_else(|| NotDone::NoClaim(printable(text)))?;
        let written = person.account.write_down(claim, value);
        written.map_err(|error| NotDone::Claim(printable(claim), error))?;
    }
    Ok(())
}

/// Says so if an application could take this account for somebody's Plex account.
fn warn_of_likeness(account: &LocalAccount, users: &[UserRecord], world: &mut World<'_>) -> io::Result<()> {
    let new = &account.user.person.account;
    let is_like = |user: &&UserRecord| {
        let other = &user.person.account;
        let same_name =
            other.username.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&account.username));
        matches!(other.id, AccountId::Plex(_))
            && (same_name || new.email.as_ref().is_some_and(|address| other.has_address(address)))
    };
    for user in users.iter().filter(is_like) {
        writeln!(
            world.err,
            "Warning: {} at Plex has the same name or e-mail address. Here the two are never confused, but an application \
             that knows people by name or address takes them for one person.",
            user.subject()
        )?;
    }
    Ok(())
}

fn called(account: &LocalAccount) -> String {
    format!("{} ({})", account.user.subject(), account.username)
}

fn list(accounts: &[LocalAccount], world: &mut World<'_>) -> Result<(), NotDone> {
    let mut line = |[subject, state, name, address, groups]: [&str; 5]| {
        writeln!(world.out, "{subject:<22}  {state:<11}  {name:<16}  {address:<28}  {groups}")
    };
    line(["subject", "state", "name", "e-mail", "groups"])?;
    for account in accounts {
        let state = match (&account.user.person.standing, &account.password_hash) {
            (Standing::Kept, Some(_)) => "on",
            (Standing::Kept, None) => "no password",
            (Standing::Ended | Standing::Member { .. }, _) => "off",
        };
        let groups: Vec<&str> = account.user.person.groups.iter().map(Group::as_str).collect();
        let address = account.user.person.account.email.as_deref().unwrap_or_default();
        let subject = account.user.subject();
        line([subject.as_str(), state, &account.username, address, &groups.join(",")])?;
    }
    Ok(())
}
