//! `serve`.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::info;

use super::{Exit, World};
use crate::config::Config;
use crate::lifecycle::{serve_figures, stop_on_signal};
use crate::reload::{Reloader, Source};
use crate::start::{Held, Parts, StartError, connection_limits, run_latest, serving};
use crate::store::Store;
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
    let loaded = match world.load(file)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    telemetry::init(loaded.config.log.level, loaded.config.log.format, io::stderr());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build()?;
    let (file, environment, files) = (file.to_owned(), world.environment.clone(), Arc::clone(&loaded.files));
    let config = loaded.into_config();
    let serving = async { start(Source::new(file, environment, files), config, &arguments.listen).await };
    let ended = runtime.block_on(serving);
    runtime.shutdown_timeout(LAST_CALLS);
    match ended {
        // Closed here, however long what is queued may take to be written.
        Ok(store) => drop(store),
        Err(error) => {
            writeln!(world.err, "plex-oidc does not start: {error}")?;
            return Ok(exit_after(&error));
        }
    }
    Ok(Exit::Done)
}

/// How long the end waits for what is under way on other threads: a folder on the network may never answer.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// The work is short: a second worker on two cores mostly wakes and is woken, and the writer of the store and the proxy in
/// front need a core as well.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4))
}

/// Bad configuration is what the host can mend by looking at files, not by waiting.
pub(super) const fn exit_after(error: &StartError) -> Exit {
    match error {
        StartError::KeyFile(_)
        | StartError::Mixture(_)
        | StartError::Keys(_)
        | StartError::Pages(_)
        | StartError::Theme { .. }
        | StartError::Outbound(_)
        | StartError::Mail(_)
        | StartError::LocalTaken(_)
        | StartError::OwnerBlocked(_)
        | StartError::File { .. } => Exit::BadConfiguration,
        StartError::Store(_)
        | StartError::Plex(_)
        | StartError::Access(_)
        | StartError::Owner(_)
        | StartError::Listen { .. }
        | StartError::Serve(_) => Exit::Failed,
    }
}

/// Serves until it is asked to stop. The store is still open.
async fn start(
    source: Source,
    config: Config,
    listen_instead: &[SocketAddr],
) -> Result<Arc<dyn Store>, StartError> {
    // From here on it is no reason to end.
    let hang_up = signal(SignalKind::hangup()).map_err(StartError::Serve)?;
    let (stop, stopping) = watch::channel(false);
    let held = Held::open(&config, Parts::system(stopping.clone())).await?;
    let (sender, latest) = watch::channel(serving(&config, held.app(&config).await?));
    stop_on_signal(stop).map_err(StartError::Serve)?;
    let mut listeners = Vec::new();
    let listen = if listen_instead.is_empty() { &config.listen } else { listen_instead };
    for &address in listen {
        listeners.push(listen_on(address).await?);
    }
    let figures = match &config.metrics {
        Some(metrics) => Some(listen_on(metrics.listen).await?),
        None => None,
    };
    let store = held.store();
    tokio::spawn(Reloader::new(source, &config, held, sender).run(hang_up, stopping.clone()));
    for client in
        config.clients.iter().filter(|client| client.plex_token.is_some() && !client.plex_token_sealed)
    {
        tracing::warn!(client = %client.id, "this client is handed people's Plex tokens");
    }
    for app in config.gateway.apps.0.iter().filter(|app| app.plex_token.is_some()) {
        tracing::warn!(app = app.name, "this application is handed people's Plex tokens");
    }
    info!(issuer = %config.public_url, ?listen, version = env!("CARGO_PKG_VERSION"), "serving");
    let limits = connection_limits(&config);
    drop(config); // what serves has its own
    let showing = figures
        .map(|listener| tokio::spawn(serve_figures(listener, latest.clone(), limits, stopping.clone())));
    run_latest(limits, latest, listeners, stopping).await?;
    if let Some(showing) = showing {
        showing.abort();
    }
    info!("stopped");
    Ok(store)
}

async fn listen_on(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}
