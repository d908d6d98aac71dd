//! `init`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Exit, World};

/// The arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The address under which browsers reach this program, such as `https://auth.example.com`
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The machine identifier of the Plex server; may be repeated
    #[arg(long, value_name = "ID")]
    pub server: Vec<String>,
    /// The account id of its owner, instead of signing in to Plex
    #[arg(long, value_name = "ID", requires = "server")]
    pub owner_id: Option<u64>,
    /// A file with the owner's Plex token, instead of signing in to Plex
    #[arg(long, value_name = "FILE")]
    pub owner_token_file: Option<PathBuf>,
    /// Keep the owner's Plex token, to notice within minutes when a share ends
    #[arg(long)]
    pub keep_owner_token: bool,
    /// What to protect
    #[arg(long, value_enum)]
    pub protect: Option<Protect>,
    /// The Cloudflare Access team name: the part before .cloudflareaccess.com
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// The client id of the application [default: what is protected]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// The application's callback address; may be repeated
    #[arg(long, value_name = "URI")]
    pub redirect_uri: Vec<String>,
    /// Ask nothing: fail if an answer is missing
    #[arg(long)]
    pub non_interactive: bool,
}

/// What a new installation protects first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protect {
    /// Cloudflare Access.
    CloudflareAccess,
    /// Any application that speaks OpenID Connect.
    Application,
    /// Nothing yet.
    Nothing,
}

/// Not built yet.
pub fn run(_file: &Path, _arguments: &InitArguments, world: &mut World<'_>) -> io::Result<Exit> {
    world.fail("plex-oidc init is not built yet.")
}
