//! `healthcheck`.

use std::io;
use std::path::Path;

use clap::Args;

use super::{Exit, World};

/// The arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArguments {
    /// The address to ask [default: the first of `listen`]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub address: Option<std::net::SocketAddr>,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub timeout: u32,
}

/// Not built yet.
pub fn run(_file: &Path, _arguments: &HealthcheckArguments, world: &mut World<'_>) -> io::Result<Exit> {
    world.fail("plex-oidc healthcheck is not built yet.")
}
