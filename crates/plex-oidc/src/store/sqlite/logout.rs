//! Telling clients of sessions that end: who is to be told, and the queue of what is not told yet.

use plex_oidc_core::id::{AccountId, ClientId, GrantId, Sid};
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Result, account_param, all, change};
use crate::store::records::LogoutNotice;
use crate::store::{LOGOUT_RETRIES, LOGOUT_TRIES, TOLD_FOR};

/// Remembers that the client of this grant has tokens from its session.
pub(super) fn remember(conn: &Connection, grant: GrantId, now: Timestamp) -> Result<()> {
    change(
        conn,
        "INSERT INTO session_clients (sid, client_id, account_id, keep_until)
        SELECT sid, client_id, account_id, ?2 FROM grants WHERE id = ?1
        ON CONFLICT (sid, client_id) DO UPDATE SET keep_until = excluded.keep_until",
        params![grant.0.as_bytes(), now.plus(TOLD_FOR).0],
    )?;
    Ok(())
}

/// Queues what is to be told of the end of one session; to be called by whatever ends one.
pub(super) fn session_ended(conn: &Connection, sid: Sid, now: Timestamp) -> Result<()> {
    change(
        conn,
        "INSERT INTO logout_notices (sid, client_id, account_id, next_try)
        SELECT sid, client_id, account_id, ?2 FROM session_clients WHERE sid = ?1
        ON CONFLICT (sid, client_id) DO UPDATE SET tries = 0, next_try = excluded.next_try",
        params![sid.0.as_bytes(), now.0],
    )?;
    change(conn, "DELETE FROM session_clients WHERE sid = ?1", [sid.0.as_bytes()])?;
    Ok(())
}

/// The same for all sessions of a person.
pub(super) fn all_sessions_ended(conn: &Connection, account: AccountId, now: Timestamp) -> Result<()> {
    let account = account_param(account)?;
    change(
        conn,
        "INSERT INTO logout_notices (sid, client_id, account_id, next_try)
        SELECT sid, client_id, account_id, ?2 FROM session_clients WHERE account_id = ?1
        ON CONFLICT (sid, client_id) DO UPDATE SET tries = 0, next_try = excluded.next_try",
        params![account, now.0],
    )?;
    change(conn, "DELETE FROM session_clients WHERE account_id = ?1", [account])?;
    Ok(())
}

pub(super) fn take_due(conn: &Connection, now: Timestamp, most: usize) -> Result<Vec<LogoutNotice>> {
    let [second, third] = LOGOUT_RETRIES;
    all(
        conn,
        r#"UPDATE logout_notices
        SET tries = tries + 1, next_try = ?1 + CASE tries WHEN 0 THEN ?2 ELSE ?3 END
        WHERE (sid, client_id) IN (SELECT sid, client_id FROM logout_notices
            WHERE next_try <= ?1 AND tries < ?4 ORDER BY next_try LIMIT ?5)
        RETURNING sid AS "logout_notices.sid", client_id AS "logout_notices.client_id",
            account_id AS "logout_notices.account_id", tries AS "logout_notices.tries""#,
        params![now.0, second.0, third.0, LOGOUT_TRIES, i64::try_from(most).unwrap_or(i64::MAX)],
        |row| {
            Ok(LogoutNotice {
                sid: Sid(row.uuid("logout_notices.sid")?),
                client_id: row.client_id("logout_notices.client_id")?,
                account_id: row.account_id("logout_notices.account_id")?,
                tries: row.get("logout_notices.tries")?,
            })
        },
    )
}

pub(super) fn sessions_of_client(conn: &Connection, client: &ClientId) -> Result<Vec<Sid>> {
    all(
        conn,
        r#"SELECT sid AS "grants.sid" FROM grants WHERE client_id = ?1
        UNION SELECT sid FROM session_clients WHERE client_id = ?1"#,
        [client.as_str()],
        |row| row.uuid("grants.sid").map(Sid),
    )
}

pub(super) fn settle(conn: &Connection, notice: &LogoutNotice) -> Result<bool> {
    let settled = change(
        conn,
        "DELETE FROM logout_notices WHERE sid = ?1 AND client_id = ?2 AND tries = ?3",
        params![notice.sid.0.as_bytes(), notice.client_id.as_str(), notice.tries],
    )?;
    Ok(settled == 1)
}
