//! `passkey list` and `passkey remove`: the ways onto the host's page that owners added in their browsers. They work beside the
//! running service. None is added here: a browser and an authenticator do that.

use std::io;
use std::path::Path;

use clap::{Args, Subcommand};
use plex_oidc_core::time::Timestamp;
use thiserror::Error;
use tokio::runtime::Runtime;

use super::audit::{Noted, warn_of};
use super::keys::age;
use super::serve::exit_after;
use super::{Exit, World, printable};
use crate::config::Config;
use crate::flow::by_host::ByHost;
use crate::installation::open_beside;
use crate::start::StartError;
use crate::store::StoreError;
use crate::store::records::{Passkey, PasskeyId};

/// What can be done with passkeys.
#[derive(Debug, Subcommand)]
pub enum PasskeyCommand {
    /// List the passkeys: id, age, last use, account, name
    List,
    /// Remove a passkey; visits to the host's page that began with it end at once
    Remove(RemoveArguments),
}

/// The arguments of `passkey remove`.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    /// Its id in the list
    id: String,
}

/// Why a command did not do what was asked. Nothing was changed.
#[derive(Debug, Error)]
enum NotDone {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("there is no passkey with the id {0}")]
    Unknown(String),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs a `passkey` command.
pub fn run(file: &Path, command: &PasskeyCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match command {
        PasskeyCommand::List => list(&config, &runtime, world),
        PasskeyCommand::Remove(arguments) => remove(&config, &arguments.id, &runtime, world),
    }
}

fn failed(error: &NotDone, world: &mut World<'_>) -> io::Result<Exit> {
    world.fail(&format!("Nothing was changed: {error}."))?;
    Ok(match error {
        NotDone::Start(error) => exit_after(error),
        NotDone::Unknown(_) => Exit::Failed,
    })
}

fn list(config: &Config, runtime: &Runtime, world: &mut World<'_>) -> io::Result<Exit> {
    let passkeys = runtime.block_on(async {
        let store = open_beside(config)?;
        Ok::<_, NotDone>(store.passkeys().await?)
    });
    match passkeys {
        Ok(passkeys) => show(&passkeys, world).map(|()| Exit::Done),
        Err(error) => failed(&error, world),
    }
}

fn show(passkeys: &[Passkey], world: &mut World<'_>) -> io::Result<()> {
    let now = world.clock.now();
    let mut line = |[id, made, used, account, name]: [&str; 5]| {
        writeln!(world.out, "{id:<8}  {made:<5}  {used:<5}  {account:<14}  {name}")
    };
    line(["id", "age", "used", "account", "name"])?;
    for passkey in passkeys {
        let used = passkey.last_used.map_or_else(|| "never".to_owned(), |used| age(used, now));
        let (id, account) = (passkey.id.to_string(), passkey.account_id.to_string());
        line([&id, &age(passkey.created, now), &used, &account, &printable(&passkey.name)])?;
    }
    Ok(())
}

fn remove(config: &Config, id: &str, runtime: &Runtime, world: &mut World<'_>) -> io::Result<Exit> {
    match runtime.block_on(removed(config, id, world.clock.now())) {
        Ok((passkey, noted)) => {
            warn_of(noted, world)?;
            writeln!(
                world.err,
                "The passkey {} of {} ({}) is worth nothing any more.",
                passkey.id,
                passkey.account_id,
                printable(&passkey.name)
            )?;
            Ok(Exit::Done)
        }
        Err(error) => failed(&error, world),
    }
}

async fn removed(config: &Config, id: &str, now: Timestamp) -> Result<(Passkey, Noted), NotDone> {
    let unknown = || NotDone::Unknown(printable(id));
    let id = PasskeyId::parse(id).ok_or_else(unknown)?;
    let store = open_beside(config)?;
    let done = ByHost::by_command(&*store, now).remove_passkey(id).await?.ok_or_else(unknown)?;
    Ok((done.what, done.noted))
}
