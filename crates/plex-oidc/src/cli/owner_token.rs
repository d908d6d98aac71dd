//! `owner-token renew`.
//!
//! Plex may end the owner's token, with a new password for instance. A new one comes by the same sign-in as the first, and a
//! running service takes it over by itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use plextv::{PlexToken, PlexTv};
use zeroize::Zeroizing;

use super::init::{InitError, OwnedServer, owned, sign_in};
use super::serve::exit_after;
use super::{Exit, World};
use crate::config::{self, Config, PlexConfig, edit, in_place, schema};
use crate::installation::{new_client_identifier, open_beside};
use crate::start::{StartError, plex_api};

/// The file for the token, where the configuration names none.
const FILE: &str = "plex-owner.token";
/// The key that names the file.
const KEY: &str = "plex.owner_token_file";

/// What can be done with the owner's token.
#[derive(Debug, Subcommand)]
pub enum OwnerTokenCommand {
    /// Sign in to Plex as the owner, and put the new token in the place of the old one; a running service takes it over
    Renew,
}

/// Why there is no new token. The old one stays where it was, unless that is in doubt.
#[derive(Debug, thiserror::Error)]
enum NotRenewed {
    /// Key file or database, or the way to Plex.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The sign-in.
    #[error("{}", in_words(.0))]
    SignIn(#[from] InitError),
    /// Nobody comes in through Plex.
    #[error("the configuration says nothing of Plex")]
    WithoutPlex,
    /// The token is in a variable.
    #[error(
        "the owner's token is in the variable {0}, which this command cannot change. Remove it, and run this again"
    )]
    InVariable(String),
    /// The account owns something else.
    #[error(
        "the Plex account that signed in owns none of the servers in the configuration. It owns:\n{0}\nSign out at \
         app.plex.tv, or use a private window, and run this again as the owner"
    )]
    OtherServers(String),
    /// The file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The terminal is gone.
    #[error(transparent)]
    Terminal(#[from] io::Error),
}

impl NotRenewed {
    /// Whether the new token may be in the file all the same.
    fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Unwritable { source, .. } if in_place::is_in_doubt(source))
    }
}

fn in_words(error: &InitError) -> String {
    match error {
        InitError::Plex(error) => format!("{error}. Try again later"),
        other => other.to_string(),
    }
}

/// Runs an `owner-token` command.
pub fn run(file: &Path, command: &OwnerTokenCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let OwnerTokenCommand::Renew = command;
    let config = match load(file, world)? {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(renew(file, &config, world)) {
        Ok(()) => Ok(Exit::Done),
        Err(NotRenewed::Terminal(error)) => Err(error),
        Err(error) => {
            let what = if error.is_in_doubt() {
                "Whether the owner's token was renewed is not known; none was signed out"
            } else {
                "The owner's token was not renewed"
            };
            world.fail(&format!("{what}: {error}."))?;
            Ok(if let NotRenewed::Start(error) = &error { exit_after(error) } else { Exit::Failed })
        }
    }
}

/// The configuration; also where it cannot be used for nothing but the lack of a good token.
fn load(file: &Path, world: &mut World<'_>) -> io::Result<Result<Config, Exit>> {
    if config::load(file, world.environment).is_err()
        && let Some(config) = without_token(file, world.environment)
    {
        return Ok(Ok(config));
    }
    Ok(world.load(file)?.map(config::Loaded::into_config))
}

fn without_token(file: &Path, environment: &BTreeMap<String, String>) -> Option<Config> {
    let text = fs::read_to_string(file).ok()?;
    let (text, named) = edit::without_owner_token_file(&text)?;
    let variable = schema::variable(KEY);
    let mut environment = environment.clone();
    let named = environment.remove(&variable).or(named)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let loaded = config::parse(&file.display().to_string(), &text, folder, &environment).ok()?;
    let mut config = loaded.into_config();
    config.plex.as_mut()?.owner_token_file = Some(folder.join(named));
    Some(config)
}

async fn renew(file: &Path, config: &Config, world: &mut World<'_>) -> Result<(), NotRenewed> {
    let plex = config.plex.as_ref().ok_or(NotRenewed::WithoutPlex)?;
    if plex.owner_token.is_some() && plex.owner_token_file.is_none() {
        return Err(NotRenewed::InVariable(schema::variable("plex.owner_token")));
    }
    let store = open_beside(config)?;
    let identifier = store.installation(&new_client_identifier((world.random)())).await;
    let api = plex_api(plex, identifier.map_err(StartError::from)?)?;
    drop(store);
    let token = sign_in(&api, world).await?;
    let path = plex.owner_token_file.clone().unwrap_or_else(|| file.with_file_name(FILE));
    let done = match require_owner(&api, &token, plex).await {
        Ok(()) => {
            let written = write(&path, file, &token, (world.random)());
            written.map_err(|source| NotRenewed::Unwritable { path: path.clone(), source })
        }
        Err(error) => Err(error),
    };
    if done.as_ref().is_err_and(|error| !error.is_in_doubt()) {
        drop(api.sign_out(&token).await); // the error at hand is the one to show
    }
    done?;
    writeln!(
        world.out,
        "The new token is in {}. A running service takes it over within seconds.",
        path.display()
    )?;
    if plex.owner_token_file.is_none() {
        writeln!(world.out, "Write below [plex] in {}:\n\nowner_token_file = \"{FILE}\"", file.display())?;
    }
    Ok(())
}

/// Refuses an account that owns none of the servers whose people may come in.
async fn require_owner(api: &PlexTv, token: &PlexToken, plex: &PlexConfig) -> Result<(), NotRenewed> {
    let servers = owned(api, token).await?;
    let is_accepted = |server: &OwnedServer| {
        plex.servers.iter().any(|accepted| {
            accepted.machine == server.machine && accepted.owner.is_none_or(|owner| owner == server.owner)
        })
    };
    if servers.iter().any(is_accepted) {
        return Ok(());
    }
    let list = servers.iter().map(|server| format!("  {}  {}", server.machine, server.name));
    Err(NotRenewed::OtherServers(list.collect::<Vec<_>>().join("\n")))
}

/// Puts the token into the file, whole or not at all, and for nobody else to read.
fn write(path: &Path, config_file: &Path, token: &PlexToken, random: [u8; 32]) -> io::Result<()> {
    let text = Zeroizing::new(format!("{}\n", token.expose()));
    if !path.exists() {
        return edit::create_private_like(path, &text, config_file);
    }
    edit::put_private(path, &text, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_may_be_in_the_file_is_in_doubt_and_is_not_signed_out() {
        let unwritable = |source| NotRenewed::Unwritable { path: PathBuf::from("plex-owner.token"), source };
        let disk = || io::Error::other("the disk fails");
        assert!(unwritable(io::Error::other(in_place::InDoubt(disk()))).is_in_doubt());
        assert!(!unwritable(disk()).is_in_doubt() && !NotRenewed::WithoutPlex.is_in_doubt());
    }
}
