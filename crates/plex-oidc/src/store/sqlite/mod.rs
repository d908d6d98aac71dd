//! The embedded store: SQLite in WAL mode, one writer that commits in groups, readers beside it. A commit waits for the disk
//! unless nothing in it has to.
//!
//! One process per database: a lock file keeps a second one out. The operating system holds the lock, so a killed
//! process leaves nothing to clean up.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::Answer;
use super::records::StoredKeyRow;

mod answers;
mod app_tokens;
mod client_tokens;
mod codes;
mod gateway;
mod keys;
mod local;
mod logins;
mod logout;
mod opening;
mod pushed;
mod reader;
mod rows;
mod sessions;
mod sweep;
mod tokens;
mod users;
mod writer;

use opening::{Lock, cannot_open};
use reader::Readers;
use rows::Result;
use writer::{Durability, Writer};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 64;
/// How long a write waits for somebody else's lock, for example a backup's (I-17).
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database. Dropping it finishes the queued writes and closes the file.
pub struct SqliteStore {
    // Dropped in this order: readers, writer, then the lock.
    readers: Readers,
    writer: Writer,
    /// Absent beside the process that holds it.
    _lock: Option<Lock>,
}

impl SqliteStore {
    /// Opens or creates the database at `path` and brings its tables up to date. Blocks; call it at start.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, PATIENCE)
    }

    /// Opens the database at `path` beside the process that may serve from it, for one short command: neither creates
    /// nor migrates anything. SQLite lets one process write at a time, and each waits for the other.
    pub fn open_beside(path: &Path) -> Result<Self> {
        let conn = opening::writable(path, PATIENCE).map_err(|error| cannot_open(path, error))?;
        opening::require_known_form(&conn, path)?;
        Self::start(path, conn, None)
    }

    fn open_with(path: &Path, patience: Duration) -> Result<Self> {
        let lock = opening::lock(path)?;
        opening::create(path).map_err(|error| cannot_open(path, error))?;
        let mut conn = opening::writable(path, patience).map_err(|error| cannot_open(path, error))?;
        opening::migrate(&mut conn, path)?;
        Self::start(path, conn, Some(lock))
    }

    fn start(path: &Path, conn: Connection, lock: Option<Lock>) -> Result<Self> {
        let writer = Writer::start(conn).map_err(|error| cannot_open(path, error))?;
        let readers = Readers::open(path).map_err(|error| cannot_open(path, error))?;
        Ok(Self { readers, writer, _lock: lock })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(async move { self.readers.run(read) })
    }

    fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(self.writer.run(Durability::OnDisk, work))
    }

    fn write_forgettable<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(self.writer.run(Durability::MayBeForgotten, work))
    }
}

/// The signing keys of the database at `path`, read beside the process that may have it open. Changes nothing.
pub fn signing_keys_beside(path: &Path) -> Result<Vec<StoredKeyRow>> {
    let conn = opening::beside(path, PATIENCE).map_err(|error| cannot_open(path, error))?;
    if opening::has_tables(&conn, path)? { keys::signing_keys(&conn) } else { Ok(Vec::new()) }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod gateway_tests;
#[cfg(test)]
mod suite_tests;
#[cfg(test)]
mod tests;
