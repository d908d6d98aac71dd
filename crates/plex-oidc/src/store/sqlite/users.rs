//! Users and what they agreed to.

use plex_oidc_core::id::{AccountId, ClientId};
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change, first};
use super::{host, logout, plex_tokens};
use crate::store::StoreError;
use crate::store::records::{
    Consent, EndedAccess, GrantEnd, ListedPerson, PeopleFound, PeopleWanted, Reconfirmed, UserRecord,
};

pub(super) fn user(conn: &Connection, account: AccountId) -> Result<Option<UserRecord>> {
    first(
        conn,
        r#"SELECT account_id AS "users.account_id", person AS "users.person",
            (SELECT marks FROM marks WHERE marks.account_id = users.account_id) AS "users.marks",
            updated AS "users.updated"
        FROM users WHERE account_id = ?1"#,
        [account_param(account)?],
        read,
    )
}

pub(super) fn users(conn: &Connection) -> Result<Vec<UserRecord>> {
    all(
        conn,
        r#"SELECT account_id AS "users.account_id", person AS "users.person",
            (SELECT marks FROM marks WHERE marks.account_id = users.account_id) AS "users.marks",
            updated AS "users.updated"
        FROM users ORDER BY account_id"#,
        [],
        read,
    )
}

/// One statement, however many people there are: sessions are counted in one pass, and only those who are shown are read.
pub(super) fn people(conn: &Connection, wanted: &PeopleWanted, now: Timestamp) -> Result<PeopleFound> {
    let too_large = |_| StoreError::OutOfRange { what: "the part of the list" };
    let (most, skip) =
        (i64::try_from(wanted.most).map_err(too_large)?, i64::try_from(wanted.skip).map_err(too_large)?);
    let rows = all(
        conn,
        r#"SELECT users.account_id AS "users.account_id", person AS "users.person",
            (SELECT marks FROM marks WHERE marks.account_id = users.account_id) AS "users.marks",
            updated AS "users.updated", found.last AS "browser_sessions.last_seen", found.live AS "browser_sessions.live",
            found.total AS "users.total"
        FROM (
            SELECT users.account_id, seen.last, coalesce(seen.live, 0) AS live, count(*) OVER () AS total
            FROM users LEFT JOIN (
                SELECT account_id, max(last_seen) AS last,
                    sum(idle_expires > ?2 AND absolute_expires > ?2) AS live
                FROM browser_sessions GROUP BY account_id
            ) AS seen ON seen.account_id = users.account_id
            WHERE ?1 = '' OR instr(lower(
                coalesce(json_extract(person, '$.account.display_name'), '') || char(10) ||
                coalesce(json_extract(person, '$.account.username'), '') || char(10) ||
                coalesce(json_extract(person, '$.account.email'), '') || char(10) ||
                iif(users.account_id < 0, 'local-' || -users.account_id, 'plex-' || users.account_id)
            ), ?1) > 0
            ORDER BY seen.last DESC, users.account_id LIMIT ?3 OFFSET ?4
        ) AS found JOIN users ON users.account_id = found.account_id
        ORDER BY found.last DESC, users.account_id"#,
        params![wanted.like.to_ascii_lowercase(), now.0, most, skip],
        |row| {
            let person = ListedPerson {
                user: row.user()?,
                last_seen: row.time_opt("browser_sessions.last_seen")?,
                sessions: row.number("browser_sessions.live")?,
            };
            Ok((person, row.number("users.total")?))
        },
    )?;
    let total = rows.first().map_or(0, |(_, total)| *total);
    Ok(PeopleFound { people: rows.into_iter().map(|(person, _)| person).collect(), total })
}

fn read(row: &Fields<'_>) -> Result<UserRecord> {
    row.user()
}

pub(super) fn put(conn: &Connection, user: &UserRecord) -> Result<bool> {
    let written = change(
        conn,
        "INSERT INTO users (account_id, person, updated) VALUES (?1, ?2, ?3)
        ON CONFLICT (account_id) DO UPDATE SET person = excluded.person, updated = excluded.updated
        WHERE users.updated <= excluded.updated",
        params![account_param(user.account_id())?, person_json(user)?, user.updated.0],
    )?;
    Ok(written == 1)
}

/// A row that was written since is left alone: whoever wrote it knew more.
pub(super) fn reconfirm(conn: &Connection, confirmed: &[Reconfirmed]) -> Result<usize> {
    let mut stored = 0;
    for Reconfirmed { known_at, user } in confirmed {
        stored += change(
            conn,
            "UPDATE users SET person = ?2, updated = ?3 WHERE account_id = ?1 AND updated = ?4",
            params![account_param(user.account_id())?, person_json(user)?, user.updated.0, known_at.0],
        )?;
    }
    Ok(stored)
}

fn person_json(user: &UserRecord) -> Result<String> {
    serde_json::to_string(&user.person).map_err(|_| StoreError::OutOfRange { what: "the person" })
}

/// `None`: something newer is known of the user, and nothing ends.
pub(super) fn put_and_end_access(conn: &Connection, user: &UserRecord) -> Result<Option<EndedAccess>> {
    if !put(conn, user)? {
        return Ok(None);
    }
    end_access(conn, user.account_id(), user.updated).map(Some)
}

pub(super) fn end_access(conn: &Connection, account: AccountId, now: Timestamp) -> Result<EndedAccess> {
    let ended = end_sessions(conn, account, GrantEnd::AccessEnded, now)?;
    plex_tokens::forget(conn, account)?;
    let app_tokens = change(conn, "DELETE FROM app_tokens WHERE account_id = ?1", [account_param(account)?])?;
    Ok(EndedAccess { app_tokens, ..ended })
}

/// `None`: there is no such user. Whoever may come in signs in again.
pub(super) fn end_everything(
    conn: &Connection,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<EndedAccess>> {
    if user(conn, account)?.is_none() {
        return Ok(None);
    }
    let ended = end_sessions(conn, account, GrantEnd::SessionEnded, now)?;
    let app_tokens = change(conn, "DELETE FROM app_tokens WHERE account_id = ?1", [account_param(account)?])?;
    Ok(Some(EndedAccess { app_tokens, ..ended }))
}

/// Ends every browser session and every grant of a user, and with each grant its gateway session.
pub(super) fn end_sessions(
    conn: &Connection,
    account: AccountId,
    why: GrantEnd,
    now: Timestamp,
) -> Result<EndedAccess> {
    logout::all_sessions_ended(conn, account, now)?;
    host::end_sessions_of(conn, account)?;
    let account = account_param(account)?;
    let sessions = change(conn, "DELETE FROM browser_sessions WHERE account_id = ?1", [account])?;
    let grants = change(
        conn,
        "UPDATE grants SET ended_at = ?2, ended_why = ?3, plex_token_sealed = NULL WHERE account_id = ?1 AND ended_at IS NULL",
        params![account, now.0, why.as_str()],
    )?;
    Ok(EndedAccess { sessions, grants, app_tokens: 0 })
}

pub(super) fn consent(
    conn: &Connection,
    account: AccountId,
    client_id: &ClientId,
) -> Result<Option<Consent>> {
    first(
        conn,
        r#"SELECT client_id AS "consents.client_id", scopes AS "consents.scopes",
            granted_at AS "consents.granted_at"
        FROM consents WHERE account_id = ?1 AND client_id = ?2"#,
        params![account_param(account)?, client_id.as_str()],
        |row| consent_of(account, row),
    )
}

pub(super) fn save_consent(conn: &Connection, consent: &Consent) -> Result<()> {
    change(
        conn,
        "INSERT INTO consents (account_id, client_id, scopes, granted_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (account_id, client_id) DO UPDATE
        SET scopes = excluded.scopes, granted_at = excluded.granted_at",
        params![
            account_param(consent.account_id)?,
            consent.client_id.as_str(),
            consent.scopes.to_string(),
            consent.granted_at.0
        ],
    )?;
    Ok(())
}

pub(super) fn consents(conn: &Connection, account: AccountId) -> Result<Vec<Consent>> {
    all(
        conn,
        r#"SELECT client_id AS "consents.client_id", scopes AS "consents.scopes",
            granted_at AS "consents.granted_at"
        FROM consents WHERE account_id = ?1 ORDER BY client_id"#,
        [account_param(account)?],
        |row| consent_of(account, row),
    )
}

fn consent_of(account_id: AccountId, row: &Fields<'_>) -> Result<Consent> {
    Ok(Consent {
        account_id,
        client_id: row.client_id("consents.client_id")?,
        scopes: row.scopes("consents.scopes")?,
        granted_at: row.time("consents.granted_at")?,
    })
}

/// What the client holds by it ends too: grants with their tokens.
pub(super) fn withdraw_consent(
    conn: &Connection,
    account: AccountId,
    client_id: &ClientId,
    now: Timestamp,
) -> Result<bool> {
    let account = account_param(account)?;
    let removed = change(
        conn,
        "DELETE FROM consents WHERE account_id = ?1 AND client_id = ?2",
        params![account, client_id.as_str()],
    )?;
    if removed == 0 {
        return Ok(false);
    }
    change(
        conn,
        "UPDATE grants SET ended_at = ?3, ended_why = ?4, plex_token_sealed = NULL
        WHERE account_id = ?1 AND client_id = ?2 AND ended_at IS NULL",
        params![account, client_id.as_str(), now.0, GrantEnd::Revoked.as_str()],
    )?;
    Ok(true)
}
