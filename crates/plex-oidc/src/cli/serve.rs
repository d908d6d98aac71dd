//! `serve`.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::info;

use super::{Exit, World};
use crate::config::Config;
use crate::lifecycle::stop_on_signal;
use crate::start::{Parts, StartError, assemble, run as serve};
use crate::telemetry;

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Listen here instead of where the configuration says; may be repeated
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Vec<SocketAddr>,
}

/// Serves until it is asked to stop.
pub fn run(file: &Path, arguments: &ServeArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let mut config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    if !arguments.listen.is_empty() {
        config.listen.clone_from(&arguments.listen);
    }
    telemetry::init(config.log.level, config.log.format, io::stderr());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build()?;
    match runtime.block_on(start(&config)) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => {
            writeln!(world.err, "plex-oidc does not start: {error}")?;
            Ok(if is_configuration(&error) { Exit::BadConfiguration } else { Exit::Failed })
        }
    }
}

/// The work is short: a second worker on two cores mostly wakes and is woken, and the writer of the store and the proxy in
/// front need a core as well.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4))
}

/// What the host can mend by looking at files, not by waiting.
fn is_configuration(error: &StartError) -> bool {
    matches!(
        error,
        StartError::KeyFile(_)
            | StartError::Mixture(_)
            | StartError::Keys(_)
            | StartError::Pages(_)
            | StartError::Theme { .. }
            | StartError::File { .. }
    )
}

async fn start(config: &Config) -> Result<(), StartError> {
    let (stop, stopping) = watch::channel(false);
    let app = assemble(config, Parts::system(stopping.clone())).await?;
    let mut listeners = Vec::new();
    for &address in &config.listen {
        let listener = TcpListener::bind(address).await;
        listeners.push(listener.map_err(|source| StartError::Listen { address, source })?);
    }
    tokio::spawn(stop_on_signal(stop));
    for client in config.clients.iter().filter(|client| client.plex_token.is_some()) {
        tracing::warn!(client = %client.id, "this client is handed people's Plex tokens");
    }
    info!(issuer = %config.public_url, listen = ?config.listen, version = env!("CARGO_PKG_VERSION"), "serving");
    serve(config, app, listeners, stopping).await?;
    info!("stopped");
    Ok(())
}
