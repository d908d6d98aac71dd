//! Opening the database file: its lock, its modes, its settings, and the form of its tables.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::reader::Reader;
use super::rows::Result;
use super::writer::Writer;
use super::{PATIENCE, STATEMENTS, SqliteStore, codes, keys};
use crate::store::StoreError;
use crate::store::records::StoredKeyRow;

impl SqliteStore {
    /// Opens or creates the database at `path` and brings its tables up to date. Blocks; call it at start.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, PATIENCE)
    }

    /// Opens the database at `path` beside the process that may serve from it, for one short command: neither creates
    /// nor migrates anything. SQLite lets one process write at a time, and each waits for the other.
    pub fn open_beside(path: &Path) -> Result<Self> {
        let conn = writable(path, PATIENCE).map_err(|error| cannot_open(path, error))?;
        require_known_form(&conn, path)?;
        Self::start(path, conn, PATIENCE, None)
    }

    pub(super) fn open_with(path: &Path, patience: Duration) -> Result<Self> {
        let lock = lock(path)?;
        create(path).map_err(|error| cannot_open(path, error))?;
        let mut conn = writable(path, patience).map_err(|error| cannot_open(path, error))?;
        migrate(&mut conn, path)?;
        // Whoever was here before may have redeemed one that a power cut brought back.
        codes::void_all(&conn).map_err(|error| cannot_open(path, error))?;
        Self::start(path, conn, patience, Some(lock))
    }

    fn start(path: &Path, conn: Connection, patience: Duration, lock: Option<Lock>) -> Result<Self> {
        let writer = Writer::start(conn, patience).map_err(|error| cannot_open(path, error))?;
        let reader = Reader::open(path).map_err(|error| cannot_open(path, error))?;
        Ok(Self { reader, writer, _lock: lock })
    }
}

/// The signing keys of the database at `path`, read beside the process that may have it open. Changes nothing.
pub fn signing_keys_beside(path: &Path) -> Result<Vec<StoredKeyRow>> {
    let conn = beside(path, PATIENCE).map_err(|error| cannot_open(path, error))?;
    if has_tables(&conn, path)? { keys::signing_keys(&conn) } else { Ok(Vec::new()) }
}

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
    let conn = beside(path, patience)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON;
        PRAGMA cache_size = -512;
        PRAGMA mmap_size = 0;
        PRAGMA temp_store = MEMORY;
        PRAGMA trusted_schema = OFF;
        PRAGMA wal_autocheckpoint = 2000;
        PRAGMA journal_size_limit = 8388608;",
    )?;
    keep_statements(&conn)?;
    Ok(conn)
}

/// For one look beside the process that may serve from it. A connection that could only read would leave SQLite's other
/// files behind where nobody else has the database open.
pub(super) fn beside(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    // Without SQLITE_OPEN_CREATE: who may make the file does so before, with the right mode.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(patience)?;
    Ok(conn)
}

/// Brings what stands in the log into the database, and leaves nothing of it in the log: what was overwritten is then nowhere.
pub(super) fn empty_log(path: &Path) -> Result<()> {
    let conn = beside(path, PATIENCE).map_err(|error| cannot_open(path, error))?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Statements are prepared once per connection. Without the second setting SQLite would plan those on views anew each
/// time, because new parameters might make another plan better.
pub(super) fn keep_statements(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// What brings the tables up to date, in order. The database keeps the number of its last one in `user_version`.
pub(super) const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("../../../migrations/sqlite/V1__initial.sql")),
    M::up(include_str!("../../../migrations/sqlite/V2__gateway.sql")),
    M::up(include_str!("../../../migrations/sqlite/V3__authorize.sql")),
    M::up(include_str!("../../../migrations/sqlite/V4__clients.sql")),
    M::up(include_str!("../../../migrations/sqlite/V5__logout.sql")),
    M::up(include_str!("../../../migrations/sqlite/V6__local_accounts.sql")),
    M::up(include_str!("../../../migrations/sqlite/V7__devices.sql")),
    M::up(include_str!("../../../migrations/sqlite/V8__account.sql")),
    M::up(include_str!("../../../migrations/sqlite/V9__audit.sql")),
    M::up(include_str!("../../../migrations/sqlite/V10__people.sql")),
    M::up(include_str!("../../../migrations/sqlite/V11__plex_tokens.sql")),
    M::up(include_str!("../../../migrations/sqlite/V14__passkeys.sql")),
    M::up(include_str!("../../../migrations/sqlite/V15__browsers.sql")),
    M::up(include_str!("../../../migrations/sqlite/V16__passkeys_of_browsers.sql")),
    M::up(include_str!("../../../migrations/sqlite/V17__api_tokens.sql")),
    M::up(include_str!("../../../migrations/sqlite/V18__offline_grants.sql")),
    M::up(include_str!("../../../migrations/sqlite/V19__questions.sql")),
    M::up(include_str!("../../../migrations/sqlite/V20__groups_of_local_accounts.sql")),
];

pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<()> {
    let failed = |error| StoreError::Migration { path: path.to_owned(), source: Arc::new(error) };
    Migrations::from_slice(MIGRATIONS).to_latest(conn).map_err(failed)
}

/// Refuses tables that this version does not know, older ones included: bringing them up to date is for the process
/// that holds the lock.
pub(super) fn require_known_form(conn: &Connection, path: &Path) -> Result<()> {
    let (found, known) = forms(conn, path)?;
    if found == known { Ok(()) } else { Err(StoreError::OtherForm { path: path.to_owned(), found, known }) }
}

/// Whether there are tables to read. Refuses those of a newer version.
pub(super) fn has_tables(conn: &Connection, path: &Path) -> Result<bool> {
    let (found, known) = forms(conn, path)?;
    if found <= known {
        Ok(found > 0)
    } else {
        Err(StoreError::OtherForm { path: path.to_owned(), found, known })
    }
}

/// The form of the tables, and the one that we know.
fn forms(conn: &Connection, path: &Path) -> Result<(i64, i64)> {
    // The first read of the file: what is no database is noticed here.
    let found = conn.pragma_query_value(None, "user_version", |row| row.get(0));
    Ok((
        found.map_err(|error| cannot_open(path, error))?,
        i64::try_from(MIGRATIONS.len()).unwrap_or_default(),
    ))
}
