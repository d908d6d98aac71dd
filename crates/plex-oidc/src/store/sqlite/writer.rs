//! The one writer: the only writable connection, and a thread that commits in groups.
//!
//! While one commit waits for the disk, calls queue up; the next transaction takes them all, each in a savepoint of its
//! own. A caller gets its answer after the commit that carries its change, never before (I-01); and, unless all of the
//! group may be [forgotten](Durability::MayBeForgotten), after that commit is on the disk (I-02).
//!
//! Whoever looks something up does so on the same connection, as long as nobody has it: it knows what it wrote, where another one would
//! have to fetch each page anew after every write. Lists are read beside it.
//!
//! A change that may be forgotten waits for no disk. Where nobody else is writing, its caller makes it in place: to wake
//! the thread and to be woken by it would cost more than the change.

use std::io;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::rows::{Result, change};
use crate::store::StoreError;

/// Writes that may wait; beyond that, callers are told to come back.
const QUEUE: usize = 1024;
/// Writes in one transaction.
const GROUP: usize = 256;
/// Writes in place, one after the other. The next one is the thread's, which may have to bring SQLite's log into the
/// database, and that does wait for the disk.
const IN_PLACE: u32 = 256;
const STACK: usize = 256 * 1024;

/// What a power cut may do to an acknowledged write. A killed process forgets neither kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Nothing: it is on the disk.
    OnDisk,
    /// It may be forgotten, if nothing was written to the disk after it. For what costs nobody more than a click: a code,
    /// an access token alone, and when somebody was last seen. The order of writes holds all the same: whoever is given a
    /// refresh token for a code has on the disk that it was issued and that it was redeemed.
    MayBeForgotten,
}

/// The handle of the writer. Dropping it finishes what is queued and closes the database.
pub(super) struct Writer {
    pen: Arc<Mutex<Pen>>,
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Takes over `conn`, whose commits wait for the disk. The thread waits for another process's lock for as long as `patience`.
    pub(super) fn start(conn: Connection, patience: Duration) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let pen = Arc::new(Mutex::new(Pen { conn, patience, held: Some(Held::ByThread), in_place: 0 }));
        let thread = thread::Builder::new().name("store-writer".to_owned()).stack_size(STACK).spawn({
            let pen = Arc::clone(&pen);
            move || serve(&pen, &jobs)
        })?;
        Ok(Self { pen, queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and answers when that is committed.
    ///
    /// An error of `work` undoes all that it did. Once begun or queued, it runs even if nobody waits for the answer any more.
    pub(super) async fn run<T, F>(&self, durability: Durability, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { durability, work: Some(work), outcome: None, reply });
        let Some(job) = self.in_place(job) else { return answer.await.unwrap_or_else(|_| Err(stopped())) };
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => answer.await.unwrap_or_else(|_| Err(stopped())),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(stopped()),
        }
    }
}

impl Writer {
    /// The writable connection, to read on it, if nobody has it at this moment.
    pub(super) fn between_writes(&self) -> Option<ReadingPen<'_>> {
        let pen = self.pen_if_free()?;
        // A transaction that somebody left open is for the next who writes to end.
        pen.conn.is_autocommit().then_some(ReadingPen(pen))
    }

    /// Whoever panicked with it left nothing that the next one would not put right.
    fn pen_if_free(&self) -> Option<MutexGuard<'_, Pen>> {
        match self.pen.try_lock() {
            Ok(pen) => Some(pen),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Does `job` here and now, if it waits neither for the disk nor for anybody. Otherwise it is given back.
    fn in_place(&self, job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        match (job.durability(), self.pen_if_free()) {
            (Durability::MayBeForgotten, Some(mut pen)) => pen.write_in_place(job),
            (Durability::MayBeForgotten, None) | (Durability::OnDisk, _) => Some(job),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches panics of its jobs; if it died all the same, there is nothing left to close.
            let _ = thread.join();
        }
    }
}

trait Job: Send {
    /// What it asks for.
    fn durability(&self) -> Durability;
    /// Does the work and keeps its outcome; `false` asks for it to be undone.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Answers the caller: with the outcome if the commit succeeded, else with the reason why not.
    fn settle(self: Box<Self>, commit: Result<()>);
}

struct Write<T, F> {
    durability: Durability,
    work: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, conn: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(conn)))
            .unwrap_or_else(|_| Err(unavailable("a write", "it panicked")));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn settle(self: Box<Self>, commit: Result<()>) {
        let outcome = match (self.outcome, commit) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(unavailable("a write", "it did not run")),
        };
        // Nobody waits any more when the request was dropped; what was written stays.
        let _ = self.reply.send(outcome);
    }
}

/// The writable connection, held by one at a time.
struct Pen {
    conn: Connection,
    patience: Duration,
    /// Unknown after a failure.
    held: Option<Held>,
    /// Writes in place since the thread last wrote.
    in_place: u32,
}

/// The writable connection in the hand of somebody who only reads.
pub(super) struct ReadingPen<'a>(MutexGuard<'a, Pen>);

impl Deref for ReadingPen<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.conn
    }
}

/// How the connection is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// A commit waits for the disk.
    ByThread,
    /// A commit does not wait for the disk, unless it has to bring the log into the database.
    ByThreadUnsynced,
    /// A commit does not wait for the disk, but for the first one after the log was begun anew, whose head SQLite syncs.
    InPlace,
}

impl Pen {
    fn write(&mut self, group: &mut [Box<dyn Job>]) -> Result<()> {
        let any = group.iter().any(|job| job.durability() == Durability::OnDisk);
        let held = if any { Held::ByThread } else { Held::ByThreadUnsynced };
        self.in_place = 0;
        self.hold(held)?;
        begin(&self.conn)?;
        self.commit(group)
    }

    /// Writes what may be forgotten. It is given back if it would have to wait.
    fn write_in_place(&mut self, job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        if self.in_place == IN_PLACE || self.hold(Held::InPlace).is_err() || !self.begins_at_once() {
            return Some(job);
        }
        self.in_place += 1;
        let mut group = [job];
        let commit = self.commit(&mut group);
        let [job] = group;
        job.settle(commit);
        None
    }

    fn hold(&mut self, asked: Held) -> Result<()> {
        if self.held != Some(asked) {
            end_left_open(&self.conn)?;
            self.held = None;
            self.conn.execute_batch(match asked {
                Held::ByThread => "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000",
                Held::ByThreadUnsynced => "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000",
                Held::InPlace => "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0",
            })?;
            self.held = Some(asked);
        }
        Ok(())
    }

    fn begins_at_once(&self) -> bool {
        let begun = self.conn.busy_timeout(Duration::ZERO).is_ok() && begin(&self.conn).is_ok();
        // Setting it fails only where there is no connection.
        self.conn.busy_timeout(self.patience).is_ok() && begun
    }

    /// Does what a group wants within the transaction that has begun, and ends that.
    fn commit(&self, group: &mut [Box<dyn Job>]) -> Result<()> {
        let commit = transact(&self.conn, group);
        if commit.is_err() && !self.conn.is_autocommit() {
            // A roll-back fails only when SQLite has rolled back by itself.
            let _ = change(&self.conn, "ROLLBACK", []);
        }
        commit
    }
}

fn serve(pen: &Mutex<Pen>, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(job) = jobs.recv() {
        let mut pen = pen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut group = vec![job];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let commit = pen.write(&mut group);
        drop(pen); // whoever is answered may write at once
        for job in group {
            job.settle(commit.clone());
        }
    }
}

fn begin(conn: &Connection) -> Result<()> {
    end_left_open(conn)?;
    change(conn, "BEGIN IMMEDIATE", []).map(drop)
}

/// Undoes what somebody left who panicked with the pen in hand, or whose roll-back failed.
fn end_left_open(conn: &Connection) -> Result<()> {
    if conn.is_autocommit() { Ok(()) } else { change(conn, "ROLLBACK", []).map(drop) }
}

fn transact(conn: &Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    if let [job] = group {
        let end = if job.run(conn) { "COMMIT" } else { "ROLLBACK" };
        still_open(conn)?;
        change(conn, end, [])?;
        return Ok(());
    }
    for job in group {
        change(conn, "SAVEPOINT job", [])?;
        let keep = job.run(conn);
        still_open(conn)?;
        if !keep {
            change(conn, "ROLLBACK TO job", [])?;
        }
        change(conn, "RELEASE job", [])?;
    }
    change(conn, "COMMIT", [])?;
    Ok(())
}

/// After some failures (a full disk) SQLite gives up the whole transaction by itself: then nobody may be told yes.
fn still_open(conn: &Connection) -> Result<()> {
    if conn.is_autocommit() { Err(unavailable("a transaction", "it was rolled back")) } else { Ok(()) }
}

fn stopped() -> StoreError {
    unavailable("a write", "the writer has stopped")
}

fn unavailable(during: &'static str, why: &'static str) -> StoreError {
    StoreError::Unavailable { during, source: Arc::new(io::Error::other(why)) }
}
