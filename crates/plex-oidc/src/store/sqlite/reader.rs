//! The reader: a read-only connection for while somebody writes, used in place. A read takes microseconds, so it is not worth a thread.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::opening::keep_statements;

/// The reader waits for nobody in WAL mode, except for a moment after a crash. It must not hold up a worker thread.
const PATIENCE: Duration = Duration::from_millis(250);

/// Beside the writable connection, on which reads are when nobody writes, one is enough; a second one would only cost memory.
pub(super) struct Reader(Mutex<Connection>);

impl Reader {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        open_one(path).map(Mutex::new).map(Self)
    }

    /// The connection, when nobody else reads on it.
    pub(super) fn get(&self) -> MutexGuard<'_, Connection> {
        // A panic between two reads leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
