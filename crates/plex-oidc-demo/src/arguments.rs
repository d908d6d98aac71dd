//! What can be asked of the demo.

use std::path::PathBuf;

use clap::Parser;

/// See sign in with Plex at work, on this machine only: no account, no network
#[derive(Debug, Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo", version)]
pub(crate) struct Arguments {
    /// Print one line of JSON first, for scripts
    #[arg(long)]
    pub(crate) json: bool,
    /// Fix the ports: the provider takes N, the relying party N+1, the emulated plex.tv N+2, the application behind the gateway N+3 [default: free ones]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65532))]
    pub(crate) port: Option<u16>,
    /// Also register this redirect URI, to try a relying party of your own; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub(crate) redirect_uris: Vec<String>,
    /// Also register this address to come back to after signing out; may be repeated
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    pub(crate) post_logout_redirect_uris: Vec<String>,
    /// Keep configuration, keys and database in this folder, and use what is there
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}
