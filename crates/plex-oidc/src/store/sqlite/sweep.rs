//! Removing what is over, a bounded number of rows at a time.

use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Result, change};
use crate::store::records::SweepCounts;
use crate::store::{LOGOUT_TRIES, SWEEP_BATCH};

pub(super) fn sweep(conn: &Connection, now: Timestamp) -> Result<SweepCounts> {
    let remove = |sql: &str| change(conn, sql, params![now.0, SWEEP_BATCH]);
    // Of a table whose rows have a hash for a name.
    let past = |table: &str, until: &str| {
        remove(&format!(
            "DELETE FROM {table} WHERE hash IN (SELECT hash FROM {table} WHERE {until} <= ?1 LIMIT ?2)"
        ))
    };
    forget_plex_tokens(conn, now)?;
    Ok(SweepCounts {
        logins: remove(
            "DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE expires <= ?1 LIMIT ?2)",
        )?,
        pins: remove(
            "DELETE FROM adopted_pins
            WHERE pin_id IN (SELECT pin_id FROM adopted_pins WHERE keep_until <= ?1 LIMIT ?2)",
        )?,
        pushed_requests: past("pushed_requests", "keep_until")?,
        device_requests: past("device_requests", "keep_until")?,
        sessions: remove(
            "DELETE FROM browser_sessions WHERE hash IN (SELECT hash FROM browser_sessions
                WHERE idle_expires <= ?1 OR absolute_expires <= ?1 LIMIT ?2)",
        )?,
        access_tokens: past("access_tokens", "expires")?,
        refresh_tokens: past("refresh_tokens", "absolute_expires")?,
        client_tokens: past("client_tokens", "expires")?,
        assertions: remove(
            "DELETE FROM used_assertions WHERE (client_id, id) IN
                (SELECT client_id, id FROM used_assertions WHERE keep_until <= ?1 LIMIT ?2)",
        )?,
        gateway_sessions: remove(
            "DELETE FROM gateway_sessions WHERE hash IN (SELECT hash FROM gateway_sessions
                WHERE idle_expires <= ?1 OR absolute_expires <= ?1 LIMIT ?2)",
        )?,
        grants: remove(
            "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE keep_until <= ?1 LIMIT ?2)",
        )?,
        session_clients: remove(
            "DELETE FROM session_clients WHERE (sid, client_id) IN
                (SELECT sid, client_id FROM session_clients WHERE keep_until <= ?1 LIMIT ?2)",
        )?,
        access_requests: remove(
            "DELETE FROM access_requests WHERE (account_id, door, browser_id) IN
                (SELECT account_id, door, browser_id FROM access_requests WHERE keep_until <= ?1 LIMIT ?2)",
        )?,
        logout_notices: change(
            conn,
            "DELETE FROM logout_notices WHERE tries >= ?1 AND next_try <= ?2",
            params![LOGOUT_TRIES, now.0],
        )?,
        browsers: remove(
            "DELETE FROM browsers WHERE id IN (SELECT id FROM browsers AS b WHERE expires <= ?1 AND NOT EXISTS (
                SELECT 1 FROM browser_sessions AS s WHERE s.account_id = b.account_id AND s.browser_id = b.id) LIMIT ?2)",
        )?,
        admin_links: past("admin_links", "expires")?,
        host_sessions: past("host_sessions", "expires")?,
        used_challenges: past("used_challenges", "keep_until")?,
        questions: remove(
            "DELETE FROM questions WHERE id IN (SELECT id FROM questions WHERE expires <= ?1 LIMIT ?2)",
        )?,
    })
}

/// Forgets the Plex tokens that were kept for gateway sessions that are over: their grants stay for as long as they could have lasted.
fn forget_plex_tokens(conn: &Connection, now: Timestamp) -> Result<usize> {
    change(
        conn,
        "UPDATE grants SET plex_token_sealed = NULL WHERE plex_token_sealed IS NOT NULL AND id IN (SELECT grant_id
            FROM gateway_sessions WHERE idle_expires <= ?1 OR absolute_expires <= ?1)",
        [now.0],
    )
}
