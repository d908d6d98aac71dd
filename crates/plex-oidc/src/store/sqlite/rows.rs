//! From rows to values: every conversion that fails names the table, the column and the row.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::Arc;

use plex_oidc_core::id::{AccountId, BrowserId, ClientId, LocalAccountId, PlexAccountId};
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::types::{FromSql, Value};
use rusqlite::{Connection, ErrorCode, Params, Row};
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::records::{GrantRecord, KnownBrowser, SealedBytes, UserRecord};

/// The answer of one statement or of several.
pub(super) type Result<T> = std::result::Result<T, StoreError>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Unavailable { during: "a statement", source: Arc::new(error) },
        }
    }
}

/// Runs a statement and says how many rows it changed.
pub(super) fn change(conn: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}

/// Reads the first row, if there is one.
pub(super) fn first<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Fields<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| read(&Fields::of(row))).transpose()
}

/// Reads all rows.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Fields<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&Fields::of(row))?);
    }
    Ok(found)
}

/// How many bytes the database holds.
pub(super) fn size(conn: &Connection) -> Result<u64> {
    let size = first(
        conn,
        r#"SELECT page_count * page_size AS "pragma.size" FROM pragma_page_count(), pragma_page_size()"#,
        [],
        |row| row.number("pragma.size"),
    )?;
    Ok(size.unwrap_or_default())
}

/// An account id as the database holds it: the number of a Plex account, or that of a local one below zero. Neither way in
/// can name an account of the other.
pub(super) fn account_param(account: AccountId) -> Result<i64> {
    match account {
        AccountId::Plex(id) => i64::try_from(id.0).ok(),
        AccountId::Local(id) => i64::try_from(id.get()).ok().and_then(i64::checked_neg),
    }
    .ok_or(StoreError::OutOfRange { what: "the account id" })
}

fn account_of(number: i64) -> Option<AccountId> {
    match u64::try_from(number) {
        Ok(number) => Some(AccountId::Plex(PlexAccountId(number))),
        Err(_) => LocalAccountId::new(number.unsigned_abs()).map(AccountId::Local),
    }
}

/// A PIN id as the database holds it.
pub(super) fn pin_param(pin_id: u64) -> Result<i64> {
    i64::try_from(pin_id).map_err(|_| StoreError::OutOfRange { what: "the PIN id" })
}

/// One row. Its columns are called `table.column`. To read them in their order saves looking for them.
pub(super) struct Fields<'a> {
    row: &'a Row<'a>,
    /// Where the next one is looked for first.
    next: Cell<usize>,
}

impl<'a> Fields<'a> {
    const fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: Cell::new(0) }
    }

    fn column(&self, name: &str) -> Option<usize> {
        let statement: &rusqlite::Statement<'_> = self.row.as_ref();
        let next = self.next.get();
        let found = (next..statement.column_count())
            .chain(0..next)
            .find(|&column| statement.column_name(column).is_ok_and(|found| found == name))?;
        self.next.set(found + 1);
        Some(found)
    }

    pub(super) fn get<T: FromSql>(&self, name: &'static str) -> Result<T> {
        let value = match self.column(name) {
            Some(column) => self.row.get(column),
            None => self.row.get(name), // which says so
        };
        value.map_err(|error| self.inconsistent(name, error.to_string()))
    }

    pub(super) fn parsed<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let text: String = self.get(name)?;
        parse(&text).ok_or_else(|| self.inconsistent(name, "not of the expected form".to_owned()))
    }

    pub(super) fn parsed_opt<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let text: Option<String> = self.get(name)?;
        let Some(text) = text else { return Ok(None) };
        match parse(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.inconsistent(name, "not of the expected form".to_owned())),
        }
    }

    pub(super) fn uuid(&self, name: &'static str) -> Result<Uuid> {
        self.get(name).map(Uuid::from_bytes)
    }

    pub(super) fn hash(&self, name: &'static str) -> Result<SecretHash> {
        self.get(name).map(SecretHash)
    }

    pub(super) fn time(&self, name: &'static str) -> Result<Timestamp> {
        self.get(name).map(Timestamp)
    }

    pub(super) fn time_opt(&self, name: &'static str) -> Result<Option<Timestamp>> {
        self.get::<Option<i64>>(name).map(|seconds| seconds.map(Timestamp))
    }

    pub(super) fn account_id(&self, name: &'static str) -> Result<AccountId> {
        let number: i64 = self.get(name)?;
        account_of(number).ok_or_else(|| self.inconsistent(name, "no account".to_owned()))
    }

    /// A number that is never negative: that of a PIN.
    pub(super) fn number(&self, name: &'static str) -> Result<u64> {
        let number: i64 = self.get(name)?;
        u64::try_from(number).map_err(|_| self.inconsistent(name, "negative".to_owned()))
    }

    pub(super) fn client_id(&self, name: &'static str) -> Result<ClientId> {
        self.parsed(name, ClientId::parse)
    }

    pub(super) fn scopes(&self, name: &'static str) -> Result<ScopeSet> {
        self.parsed(name, |text| Some(ScopeSet::parse(text)))
    }

    pub(super) fn resources(&self, name: &'static str) -> Result<ResourceSet> {
        self.parsed(name, |text| Some(ResourceSet::parse(text)))
    }

    pub(super) fn sealed_opt(&self, name: &'static str) -> Result<Option<SealedBytes>> {
        self.get::<Option<Vec<u8>>>(name).map(|bytes| bytes.map(SealedBytes))
    }

    pub(super) fn user(&self) -> Result<UserRecord> {
        let account_id = self.account_id("users.account_id")?;
        let text: String = self.get("users.person")?;
        let mut person: plex_oidc_core::decide::Person = serde_json::from_str(&text)
            .map_err(|error| self.inconsistent("users.person", error.to_string()))?;
        if person.account.id != account_id {
            return Err(self.inconsistent("users.person", "another account than the row's".to_owned()));
        }
        if let Some(marks) = self.parsed_opt("users.marks", super::marks::read)? {
            person.marks = marks;
        }
        Ok(UserRecord { person, updated: self.time("users.updated")? })
    }

    /// The browser that something began in. One that was forgotten since is approved no more.
    pub(super) fn browser(&self) -> Result<Option<KnownBrowser>> {
        let id: Option<[u8; 16]> = self.get("browsers.id")?;
        let approved: Option<bool> = self.get("browsers.approved")?;
        let known =
            |id| KnownBrowser { id: BrowserId(Uuid::from_bytes(id)), approved: approved == Some(true) };
        Ok(id.map(known))
    }

    pub(super) fn grant(&self) -> Result<GrantRecord> {
        Ok(GrantRecord {
            id: plex_oidc_core::id::GrantId(self.uuid("grants.id")?),
            client_id: self.client_id("grants.client_id")?,
            sid: plex_oidc_core::id::Sid(self.uuid("grants.sid")?),
            scopes: self.scopes("grants.scopes")?,
            auth_time: self.time("grants.auth_time")?,
            created: self.time("grants.created")?,
            plex_token_sealed: self.sealed_opt("grants.plex_token_sealed")?,
            ended_at: self.time_opt("grants.ended_at")?,
            requested_claims: self
                .parsed_opt("grants.requested_claims", |text| serde_json::from_str(text).ok())?
                .unwrap_or_default(),
            resources: self.resources("grants.resources")?,
            browser: self.browser()?,
            user: self.user()?,
        })
    }

    /// An error about one value of this row.
    pub(super) fn inconsistent(&self, name: &'static str, problem: String) -> StoreError {
        let (table, column) = name.split_once('.').unwrap_or(("?", name));
        let row = match self.row.get(key_of(table)) {
            Ok(Value::Blob(bytes)) => hexadecimal(&bytes),
            Ok(Value::Integer(number)) => number.to_string(),
            Ok(Value::Text(text)) => text,
            Ok(Value::Null | Value::Real(_)) | Err(_) => "?".to_owned(),
        };
        StoreError::Inconsistent { table, column, row, problem }
    }
}

fn key_of(table: &str) -> &'static str {
    match table {
        "access_requests" => "access_requests.account_id",
        "access_tokens" => "access_tokens.hash",
        "app_tokens" => "app_tokens.id",
        "audit" => "audit.id",
        "browser_sessions" => "browser_sessions.hash",
        "browsers" => "browsers.id",
        "client_tokens" => "client_tokens.hash",
        "consents" => "consents.client_id",
        "device_requests" => "device_requests.hash",
        "gateway_sessions" => "gateway_sessions.hash",
        "grants" => "grants.id",
        "host_sessions" => "host_sessions.hash",
        "logins" => "logins.id",
        "passkeys" => "passkeys.id",
        "plex_tokens" => "plex_tokens.account_id",
        "pushed_requests" => "pushed_requests.hash",
        "questions" => "questions.id",
        "marks" => "marks.account_id",
        "logout_notices" => "logout_notices.sid",
        "refresh_tokens" => "refresh_tokens.hash",
        "signing_keys" => "signing_keys.kid",
        "users" => "users.account_id",
        _ => "?",
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}
