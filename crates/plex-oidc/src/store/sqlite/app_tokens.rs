//! App tokens.

use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change, first};
use crate::store::records::{AppTokenRecord, NewAppToken};
use crate::store::{StoreError, TOUCH_INTERVAL};

pub(super) fn add(conn: &Connection, token: &NewAppToken) -> Result<bool> {
    let added = change(
        conn,
        "INSERT INTO app_tokens (id, name, hash, account_id, apps, created, expires, browser_id)
        SELECT ?1, ?2, ?3, u.account_id, ?5, ?6, ?7, s.browser_id
        FROM users AS u LEFT JOIN browser_sessions AS s ON s.sid = ?8 AND s.account_id = u.account_id
            AND s.idle_expires > ?6 AND s.absolute_expires > ?6
        WHERE u.account_id = ?4 AND (?8 IS NULL OR s.sid IS NOT NULL)
        ON CONFLICT (id) DO NOTHING",
        params![
            token.id,
            token.name,
            token.hash.0,
            account_param(token.account_id)?,
            apps_param(&token.apps)?,
            token.created.0,
            token.expires.map(|expires| expires.0),
            token.session.map(|sid| *sid.0.as_bytes())
        ],
    )?;
    Ok(added == 1)
}

/// The names in one text. One that could be read back as two, or as none, does not get in.
fn apps_param(apps: &[String]) -> Result<String> {
    let whole = |name: &String| !name.is_empty() && !name.contains(char::is_whitespace);
    if apps.is_empty() || !apps.iter().all(whole) {
        return Err(StoreError::OutOfRange { what: "the list of applications" });
    }
    Ok(apps.join(" "))
}

pub(super) fn list(conn: &Connection) -> Result<Vec<AppTokenRecord>> {
    all(conn, r#"SELECT * FROM app_token_details ORDER BY "app_tokens.created", "app_tokens.id""#, [], record)
}

pub(super) fn token(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<Option<AppTokenRecord>> {
    first(
        conn,
        r#"SELECT * FROM app_token_details WHERE "app_tokens.hash" = ?1
            AND ("app_tokens.expires" IS NULL OR "app_tokens.expires" > ?2)"#,
        params![hash.0, now.0],
        record,
    )
}

fn record(row: &Fields<'_>) -> Result<AppTokenRecord> {
    Ok(AppTokenRecord {
        id: row.get("app_tokens.id")?,
        name: row.get("app_tokens.name")?,
        apps: row.get::<String>("app_tokens.apps")?.split_whitespace().map(str::to_owned).collect(),
        created: row.time("app_tokens.created")?,
        expires: row.time_opt("app_tokens.expires")?,
        last_used: row.time_opt("app_tokens.last_used")?,
        browser: row.browser()?,
        user: row.user()?,
    })
}

pub(super) fn touch(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<bool> {
    let touched = change(
        conn,
        "UPDATE app_tokens SET last_used = ?2
        WHERE hash = ?1 AND (expires IS NULL OR expires > ?2) AND (last_used IS NULL OR last_used <= ?3)",
        params![hash.0, now.0, now.minus(TOUCH_INTERVAL).0],
    )?;
    Ok(touched == 1)
}

pub(super) fn revoke(conn: &Connection, id: &str) -> Result<bool> {
    let removed = change(conn, "DELETE FROM app_tokens WHERE id = ?1", [id])?;
    Ok(removed == 1)
}
