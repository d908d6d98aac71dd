//! The one writer: the only writable connection, and a thread that commits in groups.
//!
//! While one commit waits for the disk, calls queue up; the next transaction takes them all, each in a savepoint of its
//! own. A caller gets its answer after the commit that carries its change, never before (I-01); and, unless all of the
//! group may be [forgotten](Durability::MayBeForgotten), after that commit is on the disk (I-02).
//!
//! To wake the thread and to be woken by it costs more than most changes. So where nobody else is writing, a caller makes
//! its change in place: one that may be forgotten, which waits for no disk; and others for as long as the disk is quick.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::rows::{Result, change};
use crate::clock::Clock;
use crate::store::StoreError;

/// Writes that may wait; beyond that, callers are told to come back.
const QUEUE: usize = 1024;
/// Writes in one transaction.
const GROUP: usize = 256;
/// Pages of a log that is long: the next write is the thread's, which then brings the log into the database. With SQLite's own pages
/// it stays below what `journal_size_limit` lets stand, so that its file need not grow anew.
const LONG_LOG: i32 = 2000;
/// What a quick disk takes for a commit, at most: not much more than an RS256 signature, which is made in place too.
const QUICK: Duration = Duration::from_millis(1);
/// So many commits in a row have to have been quick before one is made in place.
const STREAK: u32 = 32;
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

/// The handle of the writer. Dropping it finishes what is queued and closes the database.
pub(super) struct Writer {
    pen: Arc<Mutex<Pen>>,
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Takes over `conn`, whose commits wait for the disk. The thread waits for another process's lock for as long as `patience`.
    pub(super) fn start(conn: Connection, patience: Duration, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let pen = Arc::new(Mutex::new(Pen::new(conn, patience, clock)));
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
    /// Does `job` here and now, if that takes but a moment. Otherwise it is given back.
    fn in_place(&self, job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        match self.pen.try_lock() {
            Ok(mut pen) => pen.write_in_place(job),
            Err(_) => Some(job),
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
    clock: Arc<dyn Clock>,
    /// What commits are set to do; unknown after a failure.
    commits: Option<Durability>,
    /// Commits to the disk that were quick, since the last one that was not.
    quick: u32,
    /// Pages in SQLite's log.
    log: i32,
}

thread_local! {
    /// How many pages the log had after a commit of this thread, as SQLite said. Nothing, where nothing had changed.
    static LOGGED: Cell<Option<i32>> = const { Cell::new(None) };
}

impl Pen {
    fn new(conn: Connection, patience: Duration, clock: Arc<dyn Clock>) -> Self {
        // In the place of the hook by which SQLite brings its log into the database within a commit.
        conn.wal_hook(Some(|_, pages| {
            LOGGED.set(Some(pages));
            Ok(())
        }));
        Self { conn, patience, clock, commits: None, quick: 0, log: 0 }
    }

    fn write(&mut self, group: &mut [Box<dyn Job>]) -> Result<()> {
        let any = group.iter().any(|job| job.durability() == Durability::OnDisk);
        self.set_commits(if any { Durability::OnDisk } else { Durability::MayBeForgotten })?;
        begin(&self.conn)?;
        self.commit(group)
    }

    /// Writes at once. The job is given back if it would have to wait for somebody, or for a disk that takes its time.
    fn write_in_place(&mut self, job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        let durability = job.durability();
        let waits = durability == Durability::OnDisk && self.quick < STREAK;
        if waits || self.log > LONG_LOG || self.set_commits(durability).is_err() || !self.begins_at_once() {
            return Some(job);
        }
        let mut group = [job];
        let commit = self.commit(&mut group);
        let [job] = group;
        job.settle(commit);
        None
    }

    fn set_commits(&mut self, to: Durability) -> Result<()> {
        if self.commits != Some(to) {
            end_left_open(&self.conn)?;
            self.commits = None;
            self.conn.execute_batch(match to {
                Durability::OnDisk => "PRAGMA synchronous = FULL",
                // Not quite: the first commit after the log was begun anew does wait, since SQLite syncs the head of that.
                Durability::MayBeForgotten => "PRAGMA synchronous = NORMAL",
            })?;
            self.commits = Some(to);
        }
        Ok(())
    }

    fn begins_at_once(&self) -> bool {
        let begun = self.conn.busy_timeout(Duration::ZERO).is_ok() && begin(&self.conn).is_ok();
        // Setting it fails only where there is no connection.
        self.conn.busy_timeout(self.patience).is_ok() && begun
    }

    /// Does what a group wants within the transaction that has begun, and ends that.
    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<()> {
        let commit = match transact(&self.conn, group) {
            Ok(true) => self.end(),
            Ok(false) => change(&self.conn, "ROLLBACK", []).map(drop),
            Err(error) => Err(error),
        };
        if commit.is_err() && !self.conn.is_autocommit() {
            // A roll-back fails only when SQLite has rolled back by itself.
            let _ = change(&self.conn, "ROLLBACK", []);
        }
        commit
    }

    /// Commits, and sees how long the disk takes.
    fn end(&mut self) -> Result<()> {
        LOGGED.set(None);
        let began = self.clock.instant();
        change(&self.conn, "COMMIT", [])?;
        let took = self.clock.instant().duration_since(began);
        if let Some(pages) = LOGGED.get() {
            self.log = pages;
            if self.commits == Some(Durability::OnDisk) {
                self.quick = if took <= QUICK { self.quick.saturating_add(1) } else { 0 };
            }
        }
        Ok(())
    }

    /// Brings a log that has grown long into the database. What it cannot bring, because somebody reads it, is left to the next time.
    fn shorten_log(&mut self) {
        // It fails with the disk, and then so does whatever is written next, whose caller is told.
        let _ = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        self.log = 0;
    }
}

fn serve(pen: &Mutex<Pen>, jobs: &Receiver<Box<dyn Job>>) {
    let pick_up = || pen.lock().unwrap_or_else(PoisonError::into_inner);
    while let Ok(job) = jobs.recv() {
        let mut pen = pick_up();
        let mut group = vec![job];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let commit = pen.write(&mut group);
        let log_is_long = pen.log > LONG_LOG;
        drop(pen); // whoever is answered may write at once
        for job in group {
            job.settle(commit.clone());
        }
        if log_is_long {
            pick_up().shorten_log();
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

/// Does what a group wants, and undoes what failed. Whether anything is left to commit.
fn transact(conn: &Connection, group: &mut [Box<dyn Job>]) -> Result<bool> {
    if let [job] = group {
        let keep = job.run(conn);
        still_open(conn)?;
        return Ok(keep);
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
    Ok(true)
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
