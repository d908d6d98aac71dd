//! The embedded store: SQLite in WAL mode, `synchronous=FULL`, one writer that commits in groups, readers beside it.
//!
//! One process per database: a lock file keeps a second one out. The operating system holds the lock, so a killed
//! process leaves nothing to clean up.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plex_oidc_core::id::{ClientId, GrantId, PlexAccountId, RequestId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite_migration::{M, Migrations};

use super::records::{
    AccessTokenRecord, AdoptedPin, Adoption, BrowserSession, CodeRecord, Consent, EndedAccess, EndedSession,
    Finish, FinishLogin, GrantEnd, GrantsPolicy, KeyReplacement, Login, NewCode, NewLogin, RedeemCode,
    Redemption, RefreshTokenRecord, Rotate, Rotation, SealedBytes, SessionName, StoredKeyRow, SweepCounts,
    UserRecord,
};
use super::{Answer, Store, StoreError};

mod codes;
mod keys;
mod logins;
mod reader;
mod rows;
mod sessions;
mod sweep;
mod tokens;
mod users;
mod writer;

use reader::Readers;
use rows::Result;
use writer::Writer;

/// Prepared statements kept per connection.
const STATEMENTS: usize = 64;
/// How long a write waits for somebody else's lock, for example a backup's (I-17).
const PATIENCE: Duration = Duration::from_secs(5);

/// What brings the tables up to date, in order. The database keeps the number of its last one in `user_version`.
const MIGRATIONS: &[M<'_>] = &[M::up(include_str!("../../../migrations/sqlite/V1__initial.sql"))];

/// An open database. Dropping it finishes the queued writes and closes the file.
pub struct SqliteStore {
    // Dropped in this order: readers, writer, then the lock.
    readers: Readers,
    writer: Writer,
    _lock: Lock,
}

/// The lock on a database. It is given back in so many words: closing the file would leave it with a child process that
/// was just forked and has not yet closed what it inherited.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // If this fails, closing the file is the next to try.
        let _ = self.0.unlock();
    }
}

impl SqliteStore {
    /// Opens or creates the database at `path` and brings its tables up to date. Blocks; call it at start.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, PATIENCE)
    }

    fn open_with(path: &Path, patience: Duration) -> Result<Self> {
        let lock = lock(path)?;
        create(path).map_err(|error| cannot_open(path, error))?;
        let mut conn = open_writable(path, patience).map_err(|error| cannot_open(path, error))?;
        migrate(&mut conn, path)?;
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
        Box::pin(self.writer.run(work))
    }
}

/// The signing keys of the database at `path`, read beside the process that may have it open. Changes nothing.
pub fn signing_keys_beside(path: &Path) -> Result<Vec<StoredKeyRow>> {
    let conn = reader::open_one(path).map_err(|error| cannot_open(path, error))?;
    keys::signing_keys(&conn)
}

fn cannot_open(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Open { path: path.to_owned(), source: Arc::new(error) }
}

fn lock(path: &Path) -> Result<Lock> {
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
fn create(path: &Path) -> io::Result<()> {
    private_file(path).map(drop)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn open_writable(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.busy_timeout(patience)?;
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

/// Statements are prepared once per connection. Without the second setting SQLite would plan those on views anew each
/// time, because new parameters might make another plan better.
fn keep_statements(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn migrate(conn: &mut Connection, path: &Path) -> Result<()> {
    let failed = |error| StoreError::Migration { path: path.to_owned(), source: Arc::new(error) };
    Migrations::from_slice(MIGRATIONS).to_latest(conn).map_err(failed)
}

impl Store for SqliteStore {
    fn installation(&self, candidate: &str) -> Answer<'_, String> {
        let candidate = candidate.to_owned();
        self.write(move |conn| keys::installation(conn, &candidate))
    }

    fn signing_keys(&self) -> Answer<'_, Vec<StoredKeyRow>> {
        self.read(keys::signing_keys)
    }

    fn insert_signing_keys_if_none(&self, rows: Vec<StoredKeyRow>) -> Answer<'_, Vec<StoredKeyRow>> {
        self.write(move |conn| keys::insert_if_none(conn, &rows))
    }

    fn replace_signing_keys(
        &self,
        expected: Vec<String>,
        rows: Vec<StoredKeyRow>,
    ) -> Answer<'_, KeyReplacement> {
        self.write(move |conn| keys::replace(conn, &expected, &rows))
    }

    fn begin_login(&self, login: NewLogin) -> Answer<'_, ()> {
        self.write(move |conn| logins::begin(conn, &login))
    }

    fn login(&self, id: RequestId, now: Timestamp) -> Answer<'_, Option<Login>> {
        self.read(move |conn| logins::login(conn, id, now))
    }

    fn adopt_pin(&self, id: RequestId, pin: AdoptedPin, now: Timestamp) -> Answer<'_, Adoption> {
        self.write(move |conn| logins::adopt_pin(conn, id, &pin, now))
    }

    fn approve_login(
        &self,
        id: RequestId,
        pin_id: u64,
        plex_token_sealed: SealedBytes,
        now: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(move |conn| logins::approve(conn, id, pin_id, &plex_token_sealed, now))
    }

    fn restart_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::restart(conn, id, now))
    }

    fn refuse_login(&self, id: RequestId, reason: String, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::refuse(conn, id, &reason, now))
    }

    fn cancel_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::cancel(conn, id, now))
    }

    fn finish_login(&self, finish: FinishLogin) -> Answer<'_, Finish> {
        self.write(move |conn| logins::finish(conn, &finish))
    }

    fn issue_code(&self, code: NewCode, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| codes::issue(conn, &code, now))
    }

    fn code(&self, hash: SecretHash) -> Answer<'_, Option<CodeRecord>> {
        self.read(move |conn| codes::code(conn, hash))
    }

    fn record_code_failure(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| codes::record_failure(conn, hash, &client_id))
    }

    fn redeem_code(&self, redeem: RedeemCode) -> Answer<'_, Redemption> {
        self.write(move |conn| codes::redeem(conn, &redeem))
    }

    fn access_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<AccessTokenRecord>> {
        self.read(move |conn| tokens::access_token(conn, hash, now))
    }

    fn refresh_token(&self, hash: SecretHash) -> Answer<'_, Option<RefreshTokenRecord>> {
        self.read(move |conn| tokens::refresh_token(conn, hash))
    }

    fn rotate_refresh(&self, rotate: Rotate) -> Answer<'_, Rotation> {
        self.write(move |conn| tokens::rotate(conn, &rotate))
    }

    fn revoke_access_token(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| tokens::revoke_access(conn, hash, &client_id))
    }

    fn end_grant(&self, id: GrantId, why: GrantEnd, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| tokens::end_grant(conn, id, why, now))
    }

    fn browser_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<BrowserSession>> {
        self.read(move |conn| sessions::browser_session(conn, hash, now))
    }

    fn touch_session(&self, hash: SecretHash, now: Timestamp, idle_expires: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| sessions::touch(conn, hash, now, idle_expires))
    }

    fn end_session(
        &self,
        session: SessionName,
        policy: GrantsPolicy,
        now: Timestamp,
    ) -> Answer<'_, Option<EndedSession>> {
        self.write(move |conn| sessions::end(conn, session, policy, now))
    }

    fn user(&self, account_id: PlexAccountId) -> Answer<'_, Option<UserRecord>> {
        self.read(move |conn| users::user(conn, account_id))
    }

    fn put_user(&self, user: UserRecord) -> Answer<'_, bool> {
        self.write(move |conn| users::put(conn, &user))
    }

    fn end_access(&self, account_id: PlexAccountId, now: Timestamp) -> Answer<'_, EndedAccess> {
        self.write(move |conn| users::end_access(conn, account_id, now))
    }

    fn consent(&self, account_id: PlexAccountId, client_id: ClientId) -> Answer<'_, Option<Consent>> {
        self.read(move |conn| users::consent(conn, account_id, &client_id))
    }

    fn save_consent(&self, consent: Consent) -> Answer<'_, ()> {
        self.write(move |conn| users::save_consent(conn, &consent))
    }

    fn withdraw_consent(&self, account_id: PlexAccountId, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| users::withdraw_consent(conn, account_id, &client_id))
    }

    fn sweep(&self, now: Timestamp) -> Answer<'_, SweepCounts> {
        self.write(move |conn| sweep::sweep(conn, now))
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.readers.run(|conn| rows::first(conn, "SELECT 1", [], |_| Ok(())).map(drop))?;
            self.writer.run(|_| Ok(())).await
        })
    }
}

#[cfg(test)]
mod tests;
