//! The readers: a few read-only connections for while somebody writes, used in place. A read takes microseconds, so it is not worth
//! a thread.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::opening::keep_statements;

/// A second reader is for the moment when both cores read; more would only cost memory.
const READERS: usize = 2;
/// A reader waits for nobody in WAL mode, except for a moment after a crash. It must not hold up a worker thread.
const PATIENCE: Duration = Duration::from_millis(250);

/// The pool of readers.
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connections =
            (0..READERS).map(|_| open_one(path).map(Mutex::new)).collect::<rusqlite::Result<_>>()?;
        Ok(Self { connections })
    }

    /// A free connection; the first one is preferred, because its cache is warm.
    pub(super) fn get(&self) -> MutexGuard<'_, Connection> {
        for connection in &self.connections {
            match connection.try_lock() {
                Ok(conn) => return conn,
                // A panic between two reads leaves nothing half done.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let last = self.connections.last().expect("the pool has at least one connection");
        last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection that can only read.
pub(super) fn open_one(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(PATIENCE)?;
    conn.execute_batch("PRAGMA cache_size = -256; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;")?;
    keep_statements(&conn)?;
    Ok(conn)
}
