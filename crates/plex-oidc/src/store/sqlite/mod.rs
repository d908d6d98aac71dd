//! The embedded store: SQLite in WAL mode, one writer that commits in groups, a reader beside it. A commit waits for the disk
//! unless nothing in it has to.
//!
//! One process per database: a lock file keeps a second one out. The operating system holds the lock, so a killed
//! process leaves nothing to clean up.

use std::time::Duration;

use rusqlite::Connection;

use super::Answer;

mod answers;
mod api_tokens;
mod app_tokens;
mod audit;
mod browser_answers;
mod browsers;
mod client_tokens;
mod codes;
mod devices;
mod gateway;
mod host;
mod host_answers;
mod keys;
mod local;
mod logins;
mod logout;
mod marks;
mod opening;
mod passkeys;
mod plex_tokens;
mod pushed;
mod questions;
mod reader;
mod rows;
mod sessions;
mod sweep;
mod tokens;
mod users;
mod writer;

use opening::Lock;
pub use opening::signing_keys_beside;
use reader::Reader;
use rows::Result;
use writer::{Durability, Writer};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 96;
/// How long a write waits for somebody else's lock, for example a backup's (I-17).
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database. Dropping it finishes the queued writes and closes the file.
pub struct SqliteStore {
    // Dropped in this order: reader, writer, then the lock.
    reader: Reader,
    writer: Writer,
    /// Absent beside the process that holds it.
    _lock: Option<Lock>,
}

impl SqliteStore {
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(async move {
            let (pen, reader);
            let conn: &Connection = if let Some(free) = self.writer.between_writes() {
                pen = free;
                &pen
            } else {
                reader = self.reader.get();
                &reader
            };
            let before = conn.total_changes();
            let answer = read(conn);
            debug_assert_eq!(conn.total_changes(), before, "a read wrote something");
            answer
        })
    }

    /// Reads what may be long, such as a list of everybody, without keeping anybody from writing meanwhile.
    fn read_aside<T>(&self, read: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(async move { read(&self.reader.get()) })
    }

    fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        self.write_as(Durability::OnDisk, work)
    }

    fn write_forgettable<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        self.write_as(Durability::MayBeForgotten, work)
    }

    fn write_as<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        Box::pin(self.writer.run(durability, work))
    }
}

#[cfg(test)]
mod api_tokens_tests;
#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod browsers_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod devices_tests;
#[cfg(test)]
mod gateway_tests;
#[cfg(test)]
mod marks_tests;
#[cfg(test)]
mod passkeys_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod plex_tokens_tests;
#[cfg(test)]
mod power_cut_tests;
#[cfg(test)]
mod suite_tests;
#[cfg(test)]
mod tests;
