//! Browser sessions.

use plex_oidc_core::id::{AccountId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change, first};
use super::{browsers, logout};
use crate::store::TOUCH_INTERVAL;
use crate::store::records::{
    BrowserSession, EndedSession, GrantEnd, GrantsPolicy, ListedSession, NewBrowserSession, SeenFrom,
    SessionName,
};

pub(super) fn browser_session(
    conn: &Connection,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Option<BrowserSession>> {
    first(
        conn,
        r#"SELECT * FROM browser_session_details
        WHERE "browser_sessions.hash" = ?1 AND "browser_sessions.idle_expires" > ?2
            AND "browser_sessions.absolute_expires" > ?2"#,
        params![hash.0, now.0],
        |row| {
            Ok(BrowserSession {
                hash: row.hash("browser_sessions.hash")?,
                sid: Sid(row.uuid("browser_sessions.sid")?),
                auth_time: row.time("browser_sessions.auth_time")?,
                created: row.time("browser_sessions.created")?,
                last_seen: row.time("browser_sessions.last_seen")?,
                idle_expires: row.time("browser_sessions.idle_expires")?,
                absolute_expires: row.time("browser_sessions.absolute_expires")?,
                browser: row.browser()?,
                user: row.user()?,
            })
        },
    )
}

pub(super) fn of_user(conn: &Connection, account: AccountId, now: Timestamp) -> Result<Vec<ListedSession>> {
    all(
        conn,
        r#"SELECT sid AS "browser_sessions.sid", auth_time AS "browser_sessions.auth_time",
            last_seen AS "browser_sessions.last_seen", browser AS "browser_sessions.browser",
            address AS "browser_sessions.address"
        FROM browser_sessions WHERE account_id = ?1 AND idle_expires > ?2 AND absolute_expires > ?2
        ORDER BY last_seen DESC, sid"#,
        params![account_param(account)?, now.0],
        |row| {
            Ok(ListedSession {
                sid: Sid(row.uuid("browser_sessions.sid")?),
                auth_time: row.time("browser_sessions.auth_time")?,
                last_seen: row.time("browser_sessions.last_seen")?,
                from: SeenFrom {
                    browser: row.get("browser_sessions.browser")?,
                    address: row.parsed_opt("browser_sessions.address", |text| text.parse().ok())?,
                },
            })
        },
    )
}

pub(super) fn insert(conn: &Connection, session: &NewBrowserSession) -> Result<()> {
    // Two tabs may renew one session at the same moment: the later one has it.
    change(
        conn,
        "DELETE FROM browser_sessions WHERE sid = ?1 AND account_id = ?2",
        params![session.sid.0.as_bytes(), account_param(session.account_id)?],
    )?;
    change(
        conn,
        "INSERT INTO browser_sessions
            (hash, sid, account_id, auth_time, created, last_seen, idle_expires, absolute_expires, browser, address,
                browser_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            session.hash.0,
            session.sid.0.as_bytes(),
            account_param(session.account_id)?,
            session.auth_time.0,
            session.created.0,
            session.idle_expires.0,
            session.absolute_expires.0,
            session.from.browser,
            session.from.address.map(|address| address.to_string()),
            session.browser.judged().id.0.as_bytes()
        ],
    )?;
    Ok(())
}

pub(super) fn touch(
    conn: &Connection,
    hash: SecretHash,
    now: Timestamp,
    idle_expires: Timestamp,
) -> Result<bool> {
    let touched = first(
        conn,
        r#"UPDATE browser_sessions SET last_seen = ?2, idle_expires = min(?3, absolute_expires)
        WHERE hash = ?1 AND last_seen <= ?4 AND idle_expires > ?2 AND absolute_expires > ?2
        RETURNING hash AS "browser_sessions.hash", sid AS "browser_sessions.sid""#,
        params![hash.0, now.0, idle_expires.0, now.minus(TOUCH_INTERVAL).0],
        |row| row.uuid("browser_sessions.sid").map(Sid),
    )?;
    if let Some(sid) = touched {
        browsers::touch(conn, sid, now)?;
    }
    Ok(touched.is_some())
}

pub(super) fn end(
    conn: &Connection,
    session: SessionName,
    policy: GrantsPolicy,
    now: Timestamp,
) -> Result<Option<EndedSession>> {
    let removed = match session {
        SessionName::Cookie(hash) => remove(conn, hash)?,
        SessionName::Sid(sid) => first(
            conn,
            r#"DELETE FROM browser_sessions WHERE sid = ?1
            RETURNING hash AS "browser_sessions.hash", sid AS "browser_sessions.sid",
                account_id AS "browser_sessions.account_id""#,
            [sid.0.as_bytes()],
            sid_and_account,
        )?,
    };
    // A session that is gone may have left grants behind: signing out by its name ends those as well.
    let named = match session {
        SessionName::Sid(sid) => Some(sid),
        SessionName::Cookie(_) => removed.map(|(sid, _)| sid),
    };
    let Some(sid) = named else { return Ok(None) };
    logout::session_ended(conn, sid, now)?;
    let grants = end_grants(conn, sid, policy, now)?;
    Ok(removed.map(|(sid, account_id)| EndedSession { sid, account_id, grants }))
}

/// Ends the session that another one takes the place of. When another person takes the browser over, it ends as by signing
/// out. With the same person what its clients hold lives on; what they have not fetched yet does so only if the same session
/// goes on under a new secret, as when tabs cross (requirement 17).
pub(super) fn replace(
    conn: &Connection,
    hash: SecretHash,
    successor: Option<&NewBrowserSession>,
    now: Timestamp,
) -> Result<()> {
    let Some((sid, account_id)) = remove(conn, hash)? else { return Ok(()) };
    if successor.is_some_and(|next| next.sid == sid && next.account_id == account_id) {
        return Ok(());
    }
    if successor.is_none_or(|next| next.account_id != account_id) {
        logout::session_ended(conn, sid, now)?;
        end_grants(conn, sid, GrantsPolicy::KeepOffline, now)?;
        return Ok(());
    }
    change(
        conn,
        "UPDATE grants SET ended_at = ?2, ended_why = ?3, plex_token_sealed = NULL WHERE sid = ?1 AND ended_at IS NULL AND redeemed_at IS NULL",
        params![sid.0.as_bytes(), now.0, GrantEnd::SessionEnded.as_str()],
    )?;
    Ok(())
}

fn remove(conn: &Connection, hash: SecretHash) -> Result<Option<(Sid, AccountId)>> {
    first(
        conn,
        r#"DELETE FROM browser_sessions WHERE hash = ?1
        RETURNING hash AS "browser_sessions.hash", sid AS "browser_sessions.sid",
            account_id AS "browser_sessions.account_id""#,
        [hash.0],
        sid_and_account,
    )
}

fn sid_and_account(row: &Fields<'_>) -> Result<(Sid, AccountId)> {
    let sid = Sid(row.uuid("browser_sessions.sid")?);
    Ok((sid, row.account_id("browser_sessions.account_id")?))
}

fn end_grants(conn: &Connection, sid: Sid, policy: GrantsPolicy, now: Timestamp) -> Result<usize> {
    let sql = match policy {
        GrantsPolicy::EndAll => {
            "UPDATE grants SET ended_at = ?2, ended_why = ?3, plex_token_sealed = NULL WHERE sid = ?1 AND ended_at IS NULL"
        }
        // An unredeemed code has no refresh token yet, so its grant ends here as well.
        GrantsPolicy::KeepOffline => {
            "UPDATE grants SET ended_at = ?2, ended_why = ?3, plex_token_sealed = NULL WHERE sid = ?1 AND ended_at IS NULL
                AND NOT offline"
        }
    };
    change(conn, sql, params![sid.0.as_bytes(), now.0, GrantEnd::SessionEnded.as_str()])
}
