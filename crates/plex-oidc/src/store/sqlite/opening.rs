//! Opening the database file: its lock, its modes, its settings, and the form of its tables.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use refinery::{Migration, Runner};
use rusqlite::{Connection, OpenFlags};

use super::STATEMENTS;
use super::rows::Result;
use crate::store::StoreError;

/// The lock on a database. It is given back in so many words: closing the file would leave it with a child process that
/// was just forked and has not yet closed what it inherited.
pub(super) struct Lock(pub(super) File);

impl Drop for Lock {
    fn drop(&mut self) {
        // If this fails, closing the file is the next to try.
        let _ = self.0.unlock();
    }
}

pub(super) fn cannot_open(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Open { path: path.to_owned(), source: Arc::new(error) }
}

pub(super) fn lock(path: &Path) -> Result<Lock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_file = PathBuf::from(name);
    let file = private_file(&lock_file).map_err(|error| cannot_open(&lock_file, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { lock_file }),
        Err(TryLockError::Error(error)) => Err(cannot_open(&lock_file, error)),
    }
}

/// Makes the file before SQLite does, so that only its owner can read it; SQLite's other files follow its mode.
pub(super) fn create(path: &Path) -> io::Result<()> {
    private_file(path).map(drop)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn writable(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    // Without SQLITE_OPEN_CREATE: who may make the file does so before, with the right mode.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(patience)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON;
        PRAGMA cache_size = -512;
        PRAGMA mmap_size = 0;
        PRAGMA temp_store = MEMORY;
        PRAGMA trusted_schema = OFF;
        PRAGMA journal_size_limit = 8388608;",
    )?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

/// Every migration, oldest first.
pub(super) fn migrations() -> std::result::Result<[Migration; 2], refinery::Error> {
    let initial = include_str!("../../../migrations/sqlite/V1__initial.sql");
    let gateway = include_str!("../../../migrations/sqlite/V2__gateway.sql");
    Ok([Migration::unapplied("V1__initial", initial)?, Migration::unapplied("V2__gateway", gateway)?])
}

pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<()> {
    let failed =
        |error: refinery::Error| StoreError::Migration { path: path.to_owned(), source: Arc::new(error) };
    Runner::new(&migrations().map_err(failed)?).run(conn).map_err(failed)?;
    Ok(())
}

/// Refuses tables that this version does not know, older ones included: bringing them up to date is for the process
/// that holds the lock.
pub(super) fn require_known_form(conn: &Connection, path: &Path) -> Result<()> {
    let known = migrations().iter().flatten().map(|migration| i64::from(migration.version())).max();
    let known = known.unwrap_or_default();
    let found = conn.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| {
        row.get::<_, Option<i64>>(0).map(Option::unwrap_or_default)
    })?;
    if found == known { Ok(()) } else { Err(StoreError::OtherForm { path: path.to_owned(), found, known }) }
}
