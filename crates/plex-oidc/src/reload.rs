//! A new configuration for a running service: all or nothing. What cannot be used leaves the old one serving, and the
//! log says what is wrong with it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::time::Seconds;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::config::{self, Config, LogConfig, MetricsConfig, Problems};
use crate::flow::audit::note;
use crate::lifecycle::Serving;
use crate::start::{Held, StartError, serving};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why a new configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// Something in it is wrong.
    #[error("{0}")]
    Problems(Problems),
    /// It cannot be put to work.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What a configuration was read from.
pub struct Source {
    /// The file.
    pub file: PathBuf,
    /// The variables.
    pub environment: BTreeMap<String, String>,
    /// The file itself and every file that it names.
    pub files: Vec<PathBuf>,
}

/// What a running service cannot follow a configuration in.
struct Fixed {
    listen: Vec<SocketAddr>,
    data_dir: PathBuf,
    key_file: PathBuf,
    metrics: Option<MetricsConfig>,
    log: LogConfig,
    connections: usize,
    header_bytes: usize,
    header_timeout: Seconds,
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self {
            listen: config.listen.clone(),
            data_dir: config.data_dir.clone(),
            key_file: config.key_file.clone(),
            metrics: config.metrics.clone(),
            log: config.log,
            connections: config.limits.connections,
            header_bytes: config.limits.header_bytes,
            header_timeout: config.limits.header_timeout,
        }
    }
}

/// Replaces the configuration of a running service.
pub struct Reloader {
    source: Source,
    held: Held,
    started_with: Fixed,
    sender: watch::Sender<Serving>,
}

impl Reloader {
    /// For the service that started with `config`, read from `source`. What `sender` receives, serves.
    pub fn new(source: Source, config: &Config, held: Held, sender: watch::Sender<Serving>) -> Self {
        Self { source, held, started_with: Fixed::of(config), sender }
    }

    /// Reads the configuration anew and serves by it, or changes nothing.
    pub async fn reload(&mut self) -> Result<(), ReloadError> {
        let loaded =
            config::load(&self.source.file, &self.source.environment).map_err(ReloadError::Problems)?;
        let app = self.held.app(&loaded.config).await?;
        for warning in &loaded.warnings {
            warn!("{warning}");
        }
        for key in needs_restart(&self.started_with, &Fixed::of(&loaded.config)) {
            warn!(key, "this change waits for a restart; everything else in the file holds from now on");
        }
        note(&app, Event::new(app.clock.now(), What::ConfigurationReloaded, Actor::Program)).await;
        self.sender.send_replace(serving(&loaded.config, app));
        self.source.files = loaded.files;
        Ok(())
    }

    /// Reloads when `hang_up` says so or when a file has changed, until `stopping` turns true.
    pub async fn run(
        mut self,
        mut hang_up: tokio::signal::unix::Signal,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut used = state_of(&self.source.files);
        let mut seen = used.clone();
        loop {
            let asked = tokio::select! {
                received = hang_up.recv() => received.is_some(),
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            let now = state_of(&self.source.files);
            // Twice the same: whoever is writing has finished.
            let settled = now == seen && now != used;
            seen.clone_from(&now);
            if !asked && !settled {
                continue;
            }
            let read = self.source.files.clone();
            match self.reload().await {
                Ok(()) => info!("the configuration was reloaded"),
                Err(wrong) => {
                    error!("the new configuration cannot be used; the one before it still holds. {wrong}");
                }
            }
            // As it was before it was read: what was written meanwhile, such as a new owner's token, is taken over the next time.
            used = if self.source.files == read { now } else { state_of(&self.source.files) };
            seen = used.clone();
        }
    }
}

/// What tells one state of some files from another; a file that is not there has none.
fn state_of(files: &[PathBuf]) -> Vec<Option<(i64, i64, u64, u64)>> {
    let state =
        |metadata: fs::Metadata| (metadata.mtime(), metadata.mtime_nsec(), metadata.len(), metadata.ino());
    files.iter().map(|path| fs::metadata(path).ok().map(state)).collect()
}

/// The keys that a running service cannot follow.
fn needs_restart(old: &Fixed, new: &Fixed) -> Vec<&'static str> {
    let changed = [
        ("listen", old.listen != new.listen),
        ("data_dir", old.data_dir != new.data_dir),
        ("keys.file", old.key_file != new.key_file),
        ("metrics", old.metrics != new.metrics),
        ("log", old.log != new.log),
        ("limits.connections", old.connections != new.connections),
        ("limits.header_bytes", old.header_bytes != new.header_bytes),
        ("limits.header_timeout", old.header_timeout != new.header_timeout),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}
