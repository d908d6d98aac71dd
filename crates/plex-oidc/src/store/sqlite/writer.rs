//! The one writer: a thread that owns the only writable connection and commits in groups.
//!
//! While one commit waits for the disk, calls queue up; the next transaction takes them all, each in a savepoint of its
//! own. A caller gets its answer after the commit that carries its change, never before (I-01); and, unless all of the
//! group may be [forgotten](Durability::MayBeForgotten), after that commit is on the disk (I-02).

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::rows::{Result, change};
use crate::store::StoreError;

/// Writes that may wait; beyond that, callers are told to come back.
const QUEUE: usize = 1024;
/// Writes in one transaction.
const GROUP: usize = 256;
const STACK: usize = 256 * 1024;

/// What a power cut may do to an acknowledged write. A killed process forgets neither kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Nothing: it is on the disk.
    OnDisk,
    /// It may be forgotten, if nothing was written to the disk after it. For what costs nobody more than a click: a code
    /// that nobody has redeemed, and when somebody was last seen. The order of writes holds all the same: whoever redeems
    /// that code has both on the disk.
    MayBeForgotten,
}

/// The handle of the writer thread. Dropping it finishes what is queued and closes the database.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(conn: Connection) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .stack_size(STACK)
            .spawn(move || serve(&conn, &jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and answers when that is committed.
    ///
    /// An error of `work` undoes all that it did. Once queued, it runs even if nobody waits for the answer any more.
    pub(super) async fn run<T, F>(&self, durability: Durability, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { durability, work: Some(work), outcome: None, reply });
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => answer.await.unwrap_or_else(|_| Err(stopped())),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(stopped()),
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

fn serve(conn: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    let mut synced = Durability::OnDisk; // as the connection was opened
    while let Ok(job) = jobs.recv() {
        let mut group = vec![job];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let commit = sync_as_asked(conn, &group, &mut synced).and_then(|()| transact(conn, &mut group));
        if commit.is_err() && !conn.is_autocommit() {
            // A roll-back fails only when SQLite has rolled back by itself.
            let _ = change(conn, "ROLLBACK", []);
        }
        for job in group {
            job.settle(commit.clone());
        }
    }
}

/// Has the next commit wait for the disk, unless nobody in the group asks for that.
fn sync_as_asked(conn: &Connection, group: &[Box<dyn Job>], now: &mut Durability) -> Result<()> {
    let any = group.iter().any(|job| job.durability() == Durability::OnDisk);
    let asked = if any { Durability::OnDisk } else { Durability::MayBeForgotten };
    if asked != *now {
        conn.execute_batch(match asked {
            Durability::OnDisk => "PRAGMA synchronous = FULL",
            Durability::MayBeForgotten => "PRAGMA synchronous = NORMAL",
        })?;
        *now = asked;
    }
    Ok(())
}

fn transact(conn: &Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    change(conn, "BEGIN IMMEDIATE", [])?;
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
