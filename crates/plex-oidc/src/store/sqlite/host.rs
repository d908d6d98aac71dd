//! Links to the host's page, and the visits that begin with one or with a passkey.

use plex_oidc_core::id::AccountId;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Result, account_param, change, first};
use crate::store::records::{AdminLink, HostSession, PasskeyId};

pub(super) fn put_link(conn: &Connection, link: &AdminLink) -> Result<()> {
    change(conn, "DELETE FROM admin_links", [])?;
    change(
        conn,
        "INSERT INTO admin_links (hash, expires) VALUES (?1, ?2)",
        params![link.hash.0, link.expires.0],
    )?;
    Ok(())
}

pub(super) fn has_link(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<bool> {
    let found = first(
        conn,
        "SELECT 1 FROM admin_links WHERE hash = ?1 AND expires > ?2",
        params![hash.0, now.0],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn use_link(
    conn: &Connection,
    hash: SecretHash,
    session: &HostSession,
    now: Timestamp,
) -> Result<bool> {
    let used =
        change(conn, "DELETE FROM admin_links WHERE hash = ?1 AND expires > ?2", params![hash.0, now.0])?;
    if used != 1 {
        return Ok(false);
    }
    begin_session(conn, session)?;
    Ok(true)
}

pub(super) fn begin_session(conn: &Connection, session: &HostSession) -> Result<()> {
    change(
        conn,
        "INSERT INTO host_sessions (hash, account_id, began, expires, passkey) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            session.hash.0,
            account_param(session.account_id)?,
            session.began.0,
            session.expires.0,
            session.passkey.map(|id| id.0)
        ],
    )?;
    Ok(())
}

pub(super) fn session(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<Option<HostSession>> {
    first(
        conn,
        r#"SELECT hash AS "host_sessions.hash", account_id AS "host_sessions.account_id",
            began AS "host_sessions.began", expires AS "host_sessions.expires", passkey AS "host_sessions.passkey"
        FROM host_sessions WHERE hash = ?1 AND expires > ?2"#,
        params![hash.0, now.0],
        |row| {
            Ok(HostSession {
                hash: row.hash("host_sessions.hash")?,
                account_id: row.account_id("host_sessions.account_id")?,
                began: row.time("host_sessions.began")?,
                expires: row.time("host_sessions.expires")?,
                passkey: row.get::<Option<u32>>("host_sessions.passkey")?.map(PasskeyId),
            })
        },
    )
}

pub(super) fn end_session(conn: &Connection, hash: SecretHash) -> Result<bool> {
    Ok(change(conn, "DELETE FROM host_sessions WHERE hash = ?1", [hash.0])? == 1)
}

pub(super) fn end_sessions_of(conn: &Connection, account: AccountId) -> Result<()> {
    change(conn, "DELETE FROM host_sessions WHERE account_id = ?1", [account_param(account)?])?;
    Ok(())
}
