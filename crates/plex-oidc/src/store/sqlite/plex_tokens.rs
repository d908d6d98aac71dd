//! People's own Plex tokens. That none outlives its person's last browser session, the database sees to itself.

use plex_oidc_core::id::AccountId;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Result, account_param, all, change, first};
use crate::store::MOST_COUNTED;
use crate::store::records::{DuePlexTokens, KeptPlexToken, NewPlexToken, PlexLook, SealedBytes, Tallies};

/// Keeps the token of a sign-in whose session is stored by the same transaction.
pub(super) fn keep(conn: &Connection, account: AccountId, token: &NewPlexToken) -> Result<()> {
    change(
        conn,
        "INSERT INTO plex_tokens (account_id, sealed, next_look) VALUES (?1, ?2, ?3)
        ON CONFLICT (account_id) DO UPDATE
        SET sealed = excluded.sealed, next_look = excluded.next_look, failures = 0, missed = 0",
        params![account_param(account)?, token.sealed.0, token.next_look.0],
    )?;
    Ok(())
}

pub(super) fn due(
    conn: &Connection,
    (now, latest): (Timestamp, Timestamp),
    most: usize,
) -> Result<DuePlexTokens> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let due = all(
        conn,
        r#"SELECT account_id AS "plex_tokens.account_id", sealed AS "plex_tokens.sealed",
            failures AS "plex_tokens.failures", missed AS "plex_tokens.missed"
        FROM plex_tokens WHERE next_look <= ?1 OR next_look > ?3 ORDER BY next_look, account_id LIMIT ?2"#,
        params![now.0, limit, latest.0],
        |row| {
            Ok(KeptPlexToken {
                account_id: row.account_id("plex_tokens.account_id")?,
                sealed: SealedBytes(row.get("plex_tokens.sealed")?),
                failures: row.get("plex_tokens.failures")?,
                missed: row.get("plex_tokens.missed")?,
            })
        },
    )?;
    let next = first(
        conn,
        r#"SELECT next_look AS "plex_tokens.next_look" FROM plex_tokens ORDER BY next_look, account_id LIMIT 1 OFFSET ?1"#,
        params![i64::try_from(due.len()).unwrap_or(i64::MAX)],
        |row| row.time("plex_tokens.next_look"),
    )?;
    let kept = first(conn, r#"SELECT count(*) AS "plex_tokens.kept" FROM plex_tokens"#, [], |row| {
        row.number("plex_tokens.kept")
    })?;
    Ok(DuePlexTokens {
        due,
        next,
        kept: kept.and_then(|kept| usize::try_from(kept).ok()).unwrap_or_default(),
    })
}

/// `false`: another token was kept since, or none.
pub(super) fn note_look(conn: &Connection, look: &PlexLook) -> Result<bool> {
    let noted = change(
        conn,
        "UPDATE plex_tokens SET next_look = ?3, failures = ?4, missed = ?5 WHERE account_id = ?1 AND sealed = ?2",
        params![
            account_param(look.token.account_id)?,
            look.token.sealed.0,
            look.next_look.0,
            look.failures,
            look.missed
        ],
    )?;
    Ok(noted == 1)
}

pub(super) fn forget(conn: &Connection, account: AccountId) -> Result<bool> {
    let account = account_param(account)?;
    change(
        conn,
        "UPDATE plex_tokens SET sealed = zeroblob(length(sealed)) WHERE account_id = ?1",
        [account],
    )?;
    Ok(change(conn, "DELETE FROM plex_tokens WHERE account_id = ?1", [account])? == 1)
}

/// Whether one is kept.
pub(super) fn any(conn: &Connection) -> Result<bool> {
    Ok(first(conn, "SELECT 1 FROM plex_tokens LIMIT 1", [], |_| Ok(()))?.is_some())
}

/// What they were is overwritten in the file, and does not stay behind in the log beside it either.
pub(super) fn forget_all(conn: &Connection) -> Result<usize> {
    change(conn, "UPDATE plex_tokens SET sealed = zeroblob(length(sealed))", [])?;
    change(conn, "DELETE FROM plex_tokens", [])
}

pub(super) fn tallies(conn: &Connection, now: Timestamp) -> Result<Tallies> {
    let counted = |sql, parameter: i64| -> Result<u64> {
        let found = first(conn, sql, params![parameter, MOST_COUNTED], |row| row.number("tally"))?;
        Ok(found.unwrap_or_default())
    };
    Ok(Tallies {
        browser_sessions: counted(
            r#"SELECT count(*) AS "tally" FROM (SELECT 1 FROM browser_sessions
                WHERE idle_expires > ?1 AND absolute_expires > ?1 LIMIT ?2)"#,
            now.0,
        )?,
        gateway_sessions: counted(
            r#"SELECT count(*) AS "tally" FROM (SELECT 1 FROM gateway_sessions
                WHERE idle_expires > ?1 AND absolute_expires > ?1 LIMIT ?2)"#,
            now.0,
        )?,
        logouts_waiting: counted(
            r#"SELECT count(*) AS "tally" FROM (SELECT 1 FROM logout_notices WHERE tries < ?1 LIMIT ?2)"#,
            i64::from(crate::store::LOGOUT_TRIES),
        )?,
        plex_tokens: counted(
            r#"SELECT count(*) AS "tally" FROM (SELECT 1 FROM plex_tokens WHERE next_look > ?1 LIMIT ?2)"#,
            i64::MIN,
        )?,
    })
}
