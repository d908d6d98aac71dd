//! Waiting for somebody to approve a PIN: one poller per attempt, for as long as anybody waits.
//!
//! A poller changes nothing but the stored attempt, so losing it (a restart) costs a second: the next question of the
//! waiting page starts another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plex_oidc_core::id::RequestId;
use plextv::Error;
use plextv::poll::{Next, Schedule};
use tokio::sync::watch::{Receiver, Sender, channel};
use tracing::debug;

use super::FlowError;
use super::complete::look;
use crate::app::App;
use crate::store::records::AdoptedPin;

/// Most attempts that are polled at a time; whoever comes beyond asks again by reloading.
const MAX_WATCHED: usize = 2000;

/// An attempt and its PIN: after "try again" the same attempt has another one.
type Key = (RequestId, u64);

/// Who waits for which attempt.
#[derive(Default)]
pub struct Watchers {
    all: Mutex<HashMap<Key, Watched>>,
    started: AtomicU64,
}

/// One attempt and its poller. The number tells it from an earlier poller of the same attempt.
struct Watched {
    poller: u64,
    sender: Sender<bool>,
}

impl Watchers {
    fn with<T>(&self, use_it: impl FnOnce(&mut HashMap<Key, Watched>) -> T) -> T {
        use_it(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many attempts are being polled.
    pub fn len(&self) -> usize {
        self.with(|all| all.len())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A receiver that turns true when the attempt no longer waits. `None`: too many are waiting.
pub fn watch(app: &Arc<App>, id: RequestId, pin: AdoptedPin) -> Option<Receiver<bool>> {
    let key = (id, pin.id);
    let poller = app.watchers.started.fetch_add(1, Ordering::Relaxed);
    let (receiver, is_new) = app.watchers.with(|all| {
        if let Some(watched) = all.get(&key) {
            return Some((watched.sender.subscribe(), false));
        }
        if all.len() >= MAX_WATCHED {
            return None;
        }
        let (sender, receiver) = channel(false);
        all.insert(key, Watched { poller, sender });
        Some((receiver, true))
    })?;
    if is_new {
        let listed = Listed { app: Arc::clone(app), key, poller };
        tokio::spawn(poll(listed, pin));
    }
    Some(receiver)
}

/// Takes the attempt off the list when the poller ends, however it ends.
struct Listed {
    app: Arc<App>,
    key: Key,
    poller: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.app.watchers.with(|all| {
            if all.get(&self.key).is_some_and(|watched| watched.poller == self.poller) {
                all.remove(&self.key);
            }
        });
    }
}

async fn poll(listed: Listed, pin: AdoptedPin) {
    let (app, key) = (&listed.app, listed.key);
    let id = key.0;
    let started = app.clock.instant();
    let life = u64::try_from(pin.expires.since(app.clock.now())).unwrap_or(0);
    let mut schedule = Schedule::new(Duration::from_secs(life));
    loop {
        let outcome = match look(app, id, &pin).await {
            Ok(true) => break,
            Ok(false) => Ok(()),
            Err(FlowError::Plex(error)) => Err(error),
            Err(error) => {
                tracing::error!(%error, "the outcome of a sign-in could not be stored");
                Err(Error::Gone)
            }
        };
        let elapsed = app.clock.instant().saturating_duration_since(started);
        let wait = match schedule.next(elapsed, &outcome) {
            Next::After(wait) => wait,
            Next::Expired => Duration::from_secs(life).saturating_sub(elapsed).max(Duration::from_secs(1)),
        };
        tokio::time::sleep(wait).await;
        if nobody_waits(app, key) {
            debug!(request = %id, "nobody waits for this sign-in any more");
            return;
        }
    }
    app.watchers.with(|all| {
        if let Some(watched) = all.get(&key) {
            watched.sender.send_replace(true);
        }
    });
}

/// Removes the attempt if nobody listens, under the one lock, so that a newcomer is never left with a dead poller.
fn nobody_waits(app: &App, key: Key) -> bool {
    app.watchers.with(|all| {
        let deserted = all.get(&key).is_none_or(|watched| watched.sender.receiver_count() == 0);
        if deserted {
            all.remove(&key);
        }
        deserted
    })
}
