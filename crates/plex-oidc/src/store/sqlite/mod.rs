//! The embedded store: SQLite in WAL mode, one writer that commits in groups, readers beside it. A commit waits for the disk
//! unless nothing in it has to.
//!
//! One process per database: a lock file keeps a second one out. The operating system holds the lock, so a killed
//! process leaves nothing to clean up.

use std::path::Path;
use std::time::Duration;

use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, ClientId, GrantId, LocalAccountId, RequestId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use plex_oidc_core::token::assertion::UsedAssertion;
use rusqlite::Connection;

use super::records::{
    AccessTokenRecord, AdoptedPin, Adoption, AppTokenRecord, BrowserSession, ClientTokenRecord, CodeRecord,
    Consent, Declared, EndedAccess, EndedSession, Finish, FinishLogin, GatewaySession, GrantEnd,
    GrantsPolicy, KeyReplacement, LocalAccount, LocalPut, Login, LogoutNotice, NewAppToken, NewClientToken,
    NewCode, NewLogin, PushedRequest, PutLocalAccount, RedeemCode, RedeemHandover, Redemption,
    RefreshTokenRecord, RefusedAt, Rotate, Rotation, SealedBytes, SessionName, SignInName, StoredKeyRow,
    SweepCounts, UserRecord,
};
use super::{Answer, Store};

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
        self.write_forgettable(move |conn| logins::begin(conn, &login))
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

    fn refuse_login(&self, id: RequestId, at: RefusedAt, reason: String, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::refuse(conn, id, at, &reason, now))
    }

    fn cancel_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::cancel(conn, id, now))
    }

    fn finish_login(&self, finish: FinishLogin) -> Answer<'_, Finish> {
        self.write(move |conn| logins::finish(conn, &finish))
    }

    fn push_request(&self, request: PushedRequest) -> Answer<'_, ()> {
        self.write_forgettable(move |conn| pushed::push(conn, &request))
    }

    fn pushed_request(&self, hash: SecretHash) -> Answer<'_, Option<PushedRequest>> {
        self.read(move |conn| pushed::request(conn, hash))
    }

    fn spend_pushed_request(&self, hash: SecretHash) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| pushed::spend(conn, hash))
    }

    fn issue_code(&self, code: NewCode, now: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| codes::issue(conn, &code, now))
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

    fn redeem_handover(&self, redeem: RedeemHandover) -> Answer<'_, Redemption> {
        self.write(move |conn| codes::redeem_handover(conn, &redeem))
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

    fn revoke_refresh_token(
        &self,
        hash: SecretHash,
        client_id: ClientId,
        now: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(move |conn| tokens::revoke_refresh(conn, hash, &client_id, now))
    }

    fn add_client_token(&self, token: NewClientToken) -> Answer<'_, ()> {
        self.write(move |conn| client_tokens::add(conn, &token))
    }

    fn client_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<ClientTokenRecord>> {
        self.read(move |conn| client_tokens::token(conn, hash, now))
    }

    fn revoke_client_token(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| client_tokens::revoke(conn, hash, &client_id))
    }

    fn use_assertion(&self, used: UsedAssertion) -> Answer<'_, bool> {
        self.write(move |conn| client_tokens::use_assertion(conn, &used))
    }

    fn end_grant(&self, id: GrantId, why: GrantEnd, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| tokens::end_grant(conn, id, why, now))
    }

    fn browser_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<BrowserSession>> {
        self.read(move |conn| sessions::browser_session(conn, hash, now))
    }

    fn touch_session(&self, hash: SecretHash, now: Timestamp, idle_expires: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| sessions::touch(conn, hash, now, idle_expires))
    }

    fn end_session(
        &self,
        session: SessionName,
        policy: GrantsPolicy,
        now: Timestamp,
    ) -> Answer<'_, Option<EndedSession>> {
        self.write(move |conn| sessions::end(conn, session, policy, now))
    }

    fn end_all_sessions(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, EndedAccess> {
        self.write(move |conn| users::end_sessions(conn, account_id, GrantEnd::SessionEnded, now))
    }

    fn take_due_logouts(&self, now: Timestamp, most: usize) -> Answer<'_, Vec<LogoutNotice>> {
        self.write_forgettable(move |conn| logout::take_due(conn, now, most))
    }

    fn sessions_of_client(&self, client: ClientId) -> Answer<'_, Vec<Sid>> {
        self.read(move |conn| logout::sessions_of_client(conn, &client))
    }

    fn settle_logout(&self, notice: LogoutNotice) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| logout::settle(conn, &notice))
    }

    fn gateway_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<GatewaySession>> {
        self.read(move |conn| gateway::session(conn, hash, now))
    }

    fn touch_gateway_session(
        &self,
        hash: SecretHash,
        now: Timestamp,
        idle_expires: Timestamp,
    ) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| gateway::touch(conn, hash, now, idle_expires))
    }

    fn add_app_token(&self, token: NewAppToken) -> Answer<'_, bool> {
        self.write(move |conn| app_tokens::add(conn, &token))
    }

    fn app_tokens(&self) -> Answer<'_, Vec<AppTokenRecord>> {
        self.read(app_tokens::list)
    }

    fn app_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<AppTokenRecord>> {
        self.read(move |conn| app_tokens::token(conn, hash, now))
    }

    fn touch_app_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| app_tokens::touch(conn, hash, now))
    }

    fn revoke_app_token(&self, id: String) -> Answer<'_, bool> {
        self.write(move |conn| app_tokens::revoke(conn, &id))
    }

    fn users(&self) -> Answer<'_, Vec<UserRecord>> {
        self.read(users::users)
    }

    fn user(&self, account_id: AccountId) -> Answer<'_, Option<UserRecord>> {
        self.read(move |conn| users::user(conn, account_id))
    }

    fn put_user(&self, user: UserRecord) -> Answer<'_, bool> {
        self.write(move |conn| users::put(conn, &user))
    }

    fn end_access(&self, user: UserRecord) -> Answer<'_, Option<EndedAccess>> {
        self.write(move |conn| users::put_and_end_access(conn, &user))
    }

    fn local_account(&self, name: SignInName) -> Answer<'_, Option<LocalAccount>> {
        self.read(move |conn| local::by_name(conn, &name))
    }

    fn local_accounts(&self) -> Answer<'_, Vec<LocalAccount>> {
        self.read(local::list)
    }

    fn local_accounts_beyond(&self, groups: Vec<Group>) -> Answer<'_, Vec<LocalAccount>> {
        self.read(move |conn| local::beyond(conn, &groups))
    }

    fn put_local_account(&self, put: PutLocalAccount) -> Answer<'_, LocalPut> {
        self.write(move |conn| local::put(conn, &put))
    }

    fn remove_local_account(&self, id: LocalAccountId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| local::remove(conn, id, now))
    }

    fn declare_local_accounts(&self, declared: Vec<LocalAccount>, now: Timestamp) -> Answer<'_, Declared> {
        self.write(move |conn| local::declare(conn, &declared, now))
    }

    fn consent(&self, account_id: AccountId, client_id: ClientId) -> Answer<'_, Option<Consent>> {
        self.read(move |conn| users::consent(conn, account_id, &client_id))
    }

    fn save_consent(&self, consent: Consent) -> Answer<'_, ()> {
        self.write(move |conn| users::save_consent(conn, &consent))
    }

    fn withdraw_consent(&self, account_id: AccountId, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| users::withdraw_consent(conn, account_id, &client_id))
    }

    fn sweep(&self, now: Timestamp) -> Answer<'_, SweepCounts> {
        self.write_forgettable(move |conn| sweep::sweep(conn, now))
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.readers.run(|conn| rows::first(conn, "SELECT 1", [], |_| Ok(())).map(drop))?;
            self.writer.run(Durability::MayBeForgotten, |_| Ok(())).await
        })
    }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod gateway_tests;
#[cfg(test)]
mod suite_tests;
#[cfg(test)]
mod tests;
