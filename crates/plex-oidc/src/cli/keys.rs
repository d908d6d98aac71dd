//! `keys list` and `keys rotate`.

use std::io;
use std::path::Path;

use clap::Subcommand;
use plex_oidc_core::audit::What;
use plex_oidc_core::jose::{KeyState, StoredKey};
use plex_oidc_core::time::Timestamp;

use super::audit::{Noted, done_here, note, warn_of};
use super::serve::exit_after;
use super::{Exit, World};
use crate::config::Config;
use crate::config::schema::LONGEST_TOKEN_LIFE;
use crate::installation::{Stored, open_stored_beside, stored_keys};
use crate::keys::{RotateError, from_rows, rotated_keys, to_rows};
use crate::start::StartError;
use crate::store::StoreError;
use crate::store::records::KeyReplacement;

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the signing keys: name, algorithm, state, age
    List,
    /// Make the next keys active, and new ones next; a running service follows within a minute
    Rotate,
}

/// Why the keys were not rotated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
enum NotRotated {
    /// Key file or database.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Too early, or no good keys.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// Somebody else was quicker.
    #[error("the keys changed meanwhile")]
    Changed,
}

impl From<StoreError> for NotRotated {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs a `keys` command.
pub fn run(file: &Path, command: &KeysCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    match command {
        KeysCommand::List => list(&config, world),
        KeysCommand::Rotate => rotate(&config, world),
    }
}

fn list(config: &Config, world: &mut World<'_>) -> io::Result<Exit> {
    match stored_keys(config) {
        Ok(keys) => show(keys, world).map(|()| Exit::Done),
        Err(error) => {
            world.fail(&format!("The signing keys cannot be listed: {error}."))?;
            Ok(exit_after(&error))
        }
    }
}

/// One algorithm after the other, and in the order of a key's life.
fn show(mut keys: Vec<StoredKey>, world: &mut World<'_>) -> io::Result<()> {
    keys.sort_by_key(|key| (key.algorithm, place_in_life(key.state), key.created_at));
    let now = world.clock.now();
    let line = |out: &mut dyn io::Write, [kid, algorithm, state, age]: [&str; 4]| {
        writeln!(out, "{kid:<43}  {algorithm:<9}  {state:<7}  {age}")
    };
    line(world.out, ["kid", "algorithm", "state", "age"])?;
    for key in keys {
        let age = age(key.created_at, now);
        line(world.out, [&key.kid, key.algorithm.as_str(), key.state.as_str(), &age])?;
    }
    Ok(())
}

const fn place_in_life(state: KeyState) -> u8 {
    match state {
        KeyState::Next => 0,
        KeyState::Active => 1,
        KeyState::Retired => 2,
    }
}

/// In the largest unit of which there is a whole one.
pub(super) fn age(created: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(created).max(0);
    match [(86_400, 'd'), (3600, 'h'), (60, 'm')].into_iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

fn rotate(config: &Config, world: &mut World<'_>) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(rotate_stored(config, world.clock.now())) {
        Ok((keys, noted)) => {
            warn_of(noted, world)?;
            writeln!(
                world.err,
                "Rotated. A running service signs with the active keys below within a minute; what the retired ones have \
                 signed stays good.\n"
            )?;
            show(keys, world).map(|()| Exit::Done)
        }
        Err(error) => {
            world.fail(&format!("Nothing was changed: {error}."))?;
            Ok(match &error {
                NotRotated::Start(error) => exit_after(error),
                NotRotated::Rotate(_) | NotRotated::Changed => Exit::Failed,
            })
        }
    }
}

async fn rotate_stored(config: &Config, now: Timestamp) -> Result<(Vec<StoredKey>, Noted), NotRotated> {
    let Stored { store, seal, .. } = open_stored_beside(config).await?;
    let stored = from_rows(store.signing_keys().await?).map_err(StartError::from)?;
    let (keys, _) = rotated_keys(&stored, &seal, now, LONGEST_TOKEN_LIFE)?;
    let expected = stored.into_iter().map(|key| key.kid).collect();
    match store.replace_signing_keys(expected, to_rows(keys.clone())).await? {
        KeyReplacement::Replaced => {
            let noted = note(&*store, done_here(now, What::KeysRotated)).await;
            Ok((keys, noted))
        }
        KeyReplacement::Changed => Err(NotRotated::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_one_number_and_never_negative() {
        for (seconds, text) in
            [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (86_399, "23h"), (172_800, "2d")]
        {
            assert_eq!(age(Timestamp(1000), Timestamp(1000 + seconds)), text);
        }
    }
}
