//! Waiting for somebody to approve a PIN: one poller per attempt, for as long as anybody waits.
//!
//! A poller changes nothing but the stored attempt, so losing it (a restart) costs a second: the next question of the
//! waiting page starts another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plex_oidc_core::id::RequestId;
use plex_oidc_core::net::AddressBlock;
use plextv::Error;
use plextv::poll::{Next, Schedule};
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::debug;

use super::FlowError;
use super::complete::look;
use crate::app::App;
use crate::store::records::AdoptedPin;

/// Most attempts that are polled at a time; whoever comes beyond asks again by reloading.
const MAX_WATCHED: usize = 2000;

/// Most connections that wait for one attempt: its tabs, and streams whose end we have not noticed yet.
const MAX_WAITING_FOR_ONE: usize = 8;

/// An attempt and its PIN: after "try again" the same attempt has another one.
type Key = (RequestId, u64);

/// Who waits for which attempt.
pub struct Watchers {
    all: Mutex<HashMap<Key, Watched>>,
    started: AtomicU64,
    places: Arc<Semaphore>,
}

/// One attempt and its poller. The number tells it from an earlier poller of the same attempt.
struct Watched {
    poller: u64,
    by: AddressBlock,
    sender: Sender<bool>,
}

/// One connection that waits.
pub struct Waiting {
    receiver: Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Waiting {
    /// Whether the attempt no longer waits, once that is known. `false`: the poller gave up.
    pub async fn is_over(mut self) -> bool {
        self.receiver.wait_for(|over| *over).await.is_ok()
    }
}

impl Watchers {
    /// Half of all connections may wait, so that those who wait never shut out everybody else.
    pub fn new(connections: usize) -> Self {
        let places = (connections / 2).clamp(1, Semaphore::MAX_PERMITS);
        Self { all: Mutex::default(), started: AtomicU64::new(0), places: Arc::new(Semaphore::new(places)) }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut HashMap<Key, Watched>) -> T) -> T {
        use_it(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many attempts are being polled.
    pub fn polled(&self) -> usize {
        self.with(|all| all.len())
    }
}

/// Waits until the attempt no longer does, for somebody at `address`. `None`: too many are waiting.
pub fn watch(app: &Arc<App>, (id, address): (RequestId, IpAddr), pin: AdoptedPin) -> Option<Waiting> {
    let place = Arc::clone(&app.watchers.places).try_acquire_owned().ok()?;
    let key = (id, pin.id);
    let poller = app.watchers.started.fetch_add(1, Ordering::Relaxed);
    let (receiver, is_new) = app.watchers.with(|all| {
        if let Some(watched) = all.get(&key) {
            let has_room = watched.sender.receiver_count() < MAX_WAITING_FOR_ONE;
            return has_room.then(|| (watched.sender.subscribe(), false));
        }
        let by = AddressBlock::of(address);
        let from_there = all.values().filter(|watched| watched.by == by).count();
        if all.len() >= MAX_WATCHED || from_there >= app.limiter.pollers_per_address() {
            return None;
        }
        let (sender, receiver) = channel(false);
        all.insert(key, Watched { poller, by, sender });
        Some((receiver, true))
    })?;
    if is_new {
        let listed = Listed { app: Arc::clone(app), key, poller };
        tokio::spawn(poll(listed, pin));
    }
    Some(Waiting { receiver, _place: place })
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
    let since_start = || app.clock.instant().saturating_duration_since(started);
    loop {
        let began = since_start();
        let outcome = match look_in_turn(app, id, &pin).await {
            Ok(true) => break,
            Ok(false) => Ok(()),
            Err(FlowError::Plex(error)) => Err(error),
            // As if Plex had said so, before it does.
            Err(FlowError::TooOften) => Err(Error::RateLimited { retry_after: None }),
            Err(error) => {
                tracing::error!(%error, "the outcome of a sign-in could not be stored");
                Err(Error::Gone)
            }
        };
        let elapsed = since_start();
        let wait = match schedule.next(began..elapsed, &outcome) {
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

async fn look_in_turn(app: &App, id: RequestId, pin: &AdoptedPin) -> Result<bool, FlowError> {
    if app.limiter.allows_look() { look(app, id, pin).await } else { Err(FlowError::TooOften) }
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
