//! Tokens of the API.

use plex_oidc_core::api::{ApiScopes, ApiTokenId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, all, change, first};
use crate::store::TOUCH_INTERVAL;
use crate::store::records::{ApiTokenRecord, NewApiToken};

const COLUMNS: &str = r#"id AS "api_tokens.id", name AS "api_tokens.name", scopes AS "api_tokens.scopes",
    created AS "api_tokens.created", expires AS "api_tokens.expires", last_used AS "api_tokens.last_used""#;

pub(super) fn add(conn: &Connection, token: &NewApiToken) -> Result<bool> {
    let added = change(
        conn,
        "INSERT INTO api_tokens (id, name, hash, scopes, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (id) DO NOTHING",
        params![
            token.id.0,
            token.name,
            token.hash.0,
            token.scopes.to_string(),
            token.created.0,
            token.expires.0
        ],
    )?;
    Ok(added == 1)
}

pub(super) fn list(conn: &Connection) -> Result<Vec<ApiTokenRecord>> {
    all(conn, &format!("SELECT {COLUMNS} FROM api_tokens ORDER BY created, id"), [], record)
}

pub(super) fn token(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<Option<ApiTokenRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE hash = ?1 AND expires > ?2");
    first(conn, &sql, params![hash.0, now.0], record)
}

fn record(row: &Fields<'_>) -> Result<ApiTokenRecord> {
    Ok(ApiTokenRecord {
        id: ApiTokenId(row.get("api_tokens.id")?),
        name: row.get("api_tokens.name")?,
        scopes: row.parsed("api_tokens.scopes", |text| Some(ApiScopes::parse(text)))?,
        created: row.time("api_tokens.created")?,
        expires: row.time("api_tokens.expires")?,
        last_used: row.time_opt("api_tokens.last_used")?,
    })
}

pub(super) fn touch(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<bool> {
    let touched = change(
        conn,
        "UPDATE api_tokens SET last_used = ?2
        WHERE hash = ?1 AND expires > ?2 AND (last_used IS NULL OR last_used <= ?3)",
        params![hash.0, now.0, now.minus(TOUCH_INTERVAL).0],
    )?;
    Ok(touched == 1)
}

pub(super) fn revoke(conn: &Connection, id: ApiTokenId) -> Result<bool> {
    Ok(change(conn, "DELETE FROM api_tokens WHERE id = ?1", [id.0])? == 1)
}
