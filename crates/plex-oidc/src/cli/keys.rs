//! `keys list` and `keys rotate`.

use std::io;
use std::path::Path;

use clap::Subcommand;

use super::{Exit, World};

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the signing keys: name, algorithm, state, age
    List,
    /// Make the next keys active, and new ones next
    Rotate,
}

/// Not built yet.
pub fn run(_file: &Path, command: &KeysCommand, world: &mut World<'_>) -> io::Result<Exit> {
    match command {
        KeysCommand::List => world.fail("plex-oidc keys list is not built yet."),
        KeysCommand::Rotate => world.fail("plex-oidc keys rotate is not built yet."),
    }
}
