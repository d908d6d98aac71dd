//! `serve`.

use std::io;
use std::path::Path;

use clap::Args;

use super::{Exit, World};

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Listen here instead of where the configuration says; may be repeated
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Vec<std::net::SocketAddr>,
}

/// Not built yet.
pub fn run(_file: &Path, _arguments: &ServeArguments, world: &mut World<'_>) -> io::Result<Exit> {
    world.fail("plex-oidc serve is not built yet.")
}
