//! Gateway sessions. Each hangs on a grant and on the browser session that it came of, and outlives neither: signing out
//! reaches every one.

use plex_oidc_core::id::{GrantId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::browsers;
use super::rows::{Result, change, first};
use crate::store::records::{GatewaySession, GrantEnd, NewGatewaySession};
use crate::store::{CODE_MEMORY, TOUCH_INTERVAL};

pub(super) fn session(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<Option<GatewaySession>> {
    first(
        conn,
        r#"SELECT * FROM gateway_session_details
        WHERE "gateway_sessions.hash" = ?1 AND "gateway_sessions.idle_expires" > ?2
            AND "gateway_sessions.absolute_expires" > ?2 AND "grants.ended_at" IS NULL
            AND EXISTS (SELECT 1 FROM browser_sessions WHERE sid = "grants.sid"
                AND idle_expires > ?2 AND absolute_expires > ?2)"#,
        params![hash.0, now.0],
        |row| {
            Ok(GatewaySession {
                hash: row.hash("gateway_sessions.hash")?,
                grant: row.grant()?,
                scope: row.get("gateway_sessions.scope")?,
                created: row.time("gateway_sessions.created")?,
                last_seen: row.time("gateway_sessions.last_seen")?,
                idle_expires: row.time("gateway_sessions.idle_expires")?,
                absolute_expires: row.time("gateway_sessions.absolute_expires")?,
            })
        },
    )
}

pub(super) fn insert(
    conn: &Connection,
    grant: GrantId,
    session: &NewGatewaySession,
    now: Timestamp,
) -> Result<()> {
    change(
        conn,
        "INSERT INTO gateway_sessions
            (hash, grant_id, scope, created, last_seen, idle_expires, absolute_expires)
        VALUES (?1, ?2, ?3, ?4, ?4, min(?5, ?6), ?6)",
        params![
            session.hash.0,
            grant.0.as_bytes(),
            session.scope,
            now.0,
            session.idle_expires.0,
            session.absolute_expires.0
        ],
    )?;
    Ok(())
}

/// Ends what `grant` takes the place of, before its own session is stored. Such a grant gives nothing any more, so it and its
/// session are kept for as long as its code, and a browser that is handed over again and again does not fill the database.
pub(super) fn end_older(conn: &Connection, grant: GrantId, scope: &str, now: Timestamp) -> Result<()> {
    change(
        conn,
        "UPDATE grants SET ended_at = ?3, ended_why = ?4, plex_token_sealed = NULL, keep_until = code_expires + ?5
        WHERE (sid, client_id) = (SELECT sid, client_id FROM grants WHERE id = ?1) AND ended_at IS NULL
            AND EXISTS (SELECT 1 FROM gateway_sessions WHERE grant_id = grants.id AND scope = ?2)",
        params![grant.0.as_bytes(), scope, now.0, GrantEnd::Replaced.as_str(), CODE_MEMORY.0],
    )?;
    Ok(())
}

pub(super) fn touch(
    conn: &Connection,
    hash: SecretHash,
    now: Timestamp,
    idle_expires: Timestamp,
) -> Result<bool> {
    let touched = change(
        conn,
        "UPDATE gateway_sessions SET last_seen = ?2, idle_expires = min(?3, absolute_expires)
        WHERE hash = ?1 AND last_seen <= ?4 AND idle_expires > ?2 AND absolute_expires > ?2
            AND EXISTS (SELECT 1 FROM grants WHERE id = grant_id AND ended_at IS NULL)",
        params![hash.0, now.0, idle_expires.0, now.minus(TOUCH_INTERVAL).0],
    )?;
    if touched != 1 {
        return Ok(false);
    }
    // Who uses an application uses the browser session that let them in, and the browser.
    let of_browser = first(
        conn,
        r#"UPDATE browser_sessions
        SET last_seen = ?2, idle_expires = min(idle_expires + ?2 - last_seen, absolute_expires)
        WHERE last_seen < ?2 AND idle_expires > ?2 AND absolute_expires > ?2
            AND sid = (SELECT sid FROM grants, gateway_sessions WHERE hash = ?1 AND grants.id = grant_id)
        RETURNING hash AS "browser_sessions.hash", sid AS "browser_sessions.sid""#,
        params![hash.0, now.0],
        |row| row.uuid("browser_sessions.sid").map(Sid),
    )?;
    if let Some(sid) = of_browser {
        browsers::touch(conn, sid, now)?;
    }
    Ok(true)
}
