//! A new configuration for a running service: all or nothing. What cannot be used leaves the old one serving, and the
//! log says what is wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::time::Seconds;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::config::{self, Config, LogConfig, MetricsConfig, Problems};
use crate::flow::audit::note;
use crate::lifecycle::Serving;
use crate::start::{Held, StartError, serving};

/// How long files may take to answer before the log says so, and again.
const ANSWER: Duration = Duration::from_secs(30);
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
    pub files: Arc<[PathBuf]>,
    /// Their state soon after they were read.
    state: JoinHandle<State>,
}

impl Source {
    /// For a configuration that has just been read.
    pub fn new(file: PathBuf, environment: BTreeMap<String, String>, files: Arc<[PathBuf]>) -> Self {
        let state = tokio::task::spawn_blocking({
            let files = Arc::clone(&files);
            move || state_of(&files)
        });
        Self { file, environment, files, state }
    }
}

/// What tells one state of a file from another; one that is not there has none.
pub type Stamp = Option<(i64, i64, u64, u64)>;
/// Those of several files.
pub type State = Vec<Stamp>;

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
    /// The state of the files when they were last read; nothing before the first look.
    used: Option<State>,
    /// Their state when they were last looked at.
    seen: Option<State>,
}

impl Reloader {
    /// For the service that started with `config`, read from `source`. What `sender` receives, serves.
    pub fn new(source: Source, config: &Config, held: Held, sender: watch::Sender<Serving>) -> Self {
        Self { source, held, started_with: Fixed::of(config), sender, used: None, seen: None }
    }

    /// Reads the configuration anew and serves by it, or changes nothing. The state of its files, soon after they were read.
    pub async fn reload(&mut self) -> Result<State, ReloadError> {
        let (file, environment) = (self.source.file.clone(), self.source.environment.clone());
        let read = elsewhere(move || {
            let loaded = config::load(&file, &environment)?;
            let state = state_of(&loaded.files);
            Ok((loaded, state))
        });
        let (loaded, state) = read.await.map_err(ReloadError::Problems)?;
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
        Ok(state)
    }

    /// Reloads when `hang_up` says so or when a file has changed, until `stopping` turns true.
    pub async fn run(
        mut self,
        mut hang_up: tokio::signal::unix::Signal,
        mut stopping: watch::Receiver<bool>,
    ) {
        loop {
            let asked = tokio::select! {
                received = hang_up.recv() => received.is_some(),
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            self.look(asked).await;
        }
    }

    /// Looks at the files, and reloads if `asked` to or if they have changed and look the same twice: whoever is writing has finished.
    pub async fn look(&mut self, asked: bool) {
        let used = match self.used.take() {
            Some(used) => used,
            None => (&mut self.source.state).await.unwrap_or_default(),
        };
        let files = Arc::clone(&self.source.files);
        let now = elsewhere({
            let files = Arc::clone(&files);
            move || state_of(&files)
        })
        .await;
        let settled = self.seen.as_ref() == Some(&now) && now != used;
        if !asked && !settled {
            (self.used, self.seen) = (Some(used), Some(now));
            return;
        }
        // As it was before it was read: what was written meanwhile, such as a new owner's token, is taken over the next time.
        let used = match self.reload().await {
            Ok(after) => {
                info!("the configuration was reloaded");
                as_read((&self.source.files, &after), (&files, &now))
            }
            Err(wrong) => {
                error!("the new configuration cannot be used; the one before it still holds. {wrong}");
                now
            }
        };
        (self.used, self.seen) = (Some(used.clone()), Some(used));
    }
}

/// The state in which files were read: as it was before, of those that were looked at before.
fn as_read((files, after): (&[PathBuf], &[Stamp]), (files_before, before): (&[PathBuf], &[Stamp])) -> State {
    let before: HashMap<_, _> = files_before.iter().zip(before).collect();
    let of = |(path, after)| before.get(path).copied().unwrap_or(after);
    files.iter().zip(after).map(of).copied().collect()
}

fn state_of(files: &[PathBuf]) -> State {
    let state =
        |metadata: fs::Metadata| (metadata.mtime(), metadata.mtime_nsec(), metadata.len(), metadata.ino());
    files.iter().map(|path| fs::metadata(path).ok().map(state)).collect()
}

/// Looks at the configuration and the secrets, or reads them, on a thread of its own: a folder on the network may not answer, and a
/// thousand files take milliseconds. Neither must hold up those who are served.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let mut done = tokio::task::spawn_blocking(work);
    loop {
        match tokio::time::timeout(ANSWER, &mut done).await {
            Ok(Ok(done)) => return done,
            Ok(Err(failed)) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The program ends: nobody waits for this any more.
            Ok(Err(_)) => std::future::pending().await,
            Err(_) => warn!(
                "a file of the configuration does not answer; until it does, or a restart, no change is taken over"
            ),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise what was written between the reading and the looking would never be taken over.
    #[test]
    fn what_was_written_while_it_was_read_counts_as_a_change() {
        let at = |second: i64| Some((second, 0, 1, 1));
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let (before, after) =
            (files(&["plex-oidc.toml", "owner", "gone"]), files(&["plex-oidc.toml", "new", "owner"]));
        let read = as_read((&after, &[at(2), at(2), at(9)]), (&before, &[at(2), at(1), at(1)]));
        assert_eq!(read, [at(2), at(2), at(1)], "that of the owner's token is the one before");
    }
}
