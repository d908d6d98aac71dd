//! A new configuration for a running service: all or nothing. What cannot be used leaves the old one serving, and the
//! log says what is wrong with it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::config::{self, Config, Loaded, Problems};
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

/// Replaces the configuration of a running service.
pub struct Reloader {
    file: PathBuf,
    environment: BTreeMap<String, String>,
    held: Held,
    started_with: Config,
    files: Vec<PathBuf>,
    sender: watch::Sender<Serving>,
}

impl Reloader {
    /// For the service that `loaded` started from `file` and `environment`. What `sender` receives, serves.
    pub fn new(
        file: &Path,
        environment: &BTreeMap<String, String>,
        loaded: &Loaded,
        held: Held,
        sender: watch::Sender<Serving>,
    ) -> Self {
        let (started_with, files) = (loaded.config.clone(), loaded.files.clone());
        Self { file: file.to_owned(), environment: environment.clone(), held, started_with, files, sender }
    }

    /// Reads the configuration anew and serves by it, or changes nothing.
    pub async fn reload(&mut self) -> Result<(), ReloadError> {
        let loaded = config::load(&self.file, &self.environment).map_err(ReloadError::Problems)?;
        let app = self.held.app(&loaded.config).await?;
        for warning in &loaded.warnings {
            warn!("{warning}");
        }
        for key in needs_restart(&self.started_with, &loaded.config) {
            warn!(key, "this change waits for a restart; everything else in the file holds from now on");
        }
        self.sender.send_replace(serving(&loaded.config, app));
        self.files = loaded.files;
        Ok(())
    }

    /// Reloads when `hang_up` says so or when a file has changed, until `stopping` turns true.
    pub async fn run(
        mut self,
        mut hang_up: tokio::signal::unix::Signal,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut used = state_of(&self.files);
        let mut seen = used.clone();
        loop {
            let asked = tokio::select! {
                received = hang_up.recv() => received.is_some(),
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            let now = state_of(&self.files);
            // Twice the same: whoever is writing has finished.
            let settled = now == seen && now != used;
            seen = now;
            if !asked && !settled {
                continue;
            }
            match self.reload().await {
                Ok(()) => info!("the configuration was reloaded"),
                Err(wrong) => {
                    error!("the new configuration cannot be used; the one before it still holds. {wrong}");
                }
            }
            used = state_of(&self.files);
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
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("listen", old.listen != new.listen),
        ("data_dir", old.data_dir != new.data_dir),
        ("keys.file", old.key_file != new.key_file),
        ("log", old.log != new.log),
        ("limits.connections", old.limits.connections != new.limits.connections),
        ("limits.header_bytes", old.limits.header_bytes != new.limits.header_bytes),
        ("limits.header_timeout", old.limits.header_timeout != new.limits.header_timeout),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}
