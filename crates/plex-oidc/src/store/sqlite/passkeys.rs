//! Passkeys, and the challenges that were used.

use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::webauthn::Backup;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::rows::{Fields, Result, account_param, all, change, first};
use super::{browsers, host};
use crate::store::MOST_PASSKEYS;
use crate::store::records::{
    Passkey, PasskeyAdded, PasskeyId, PasskeyUse, SealedBytes, UsePasskey, UsedChallenge,
};

const COLUMNS: &str = r#"id AS "passkeys.id", credential AS "passkeys.credential", account_id AS "passkeys.account_id",
    name AS "passkeys.name", key_sealed AS "passkeys.key_sealed", sign_count AS "passkeys.sign_count",
    backup AS "passkeys.backup", created AS "passkeys.created", last_used AS "passkeys.last_used",
    browser_id AS "passkeys.browser_id""#;

pub(super) fn add(conn: &Connection, passkey: &Passkey, challenge: UsedChallenge) -> Result<PasskeyAdded> {
    if !spend(conn, challenge)? {
        return Ok(PasskeyAdded::ChallengeUsed);
    }
    let account = account_param(passkey.account_id)?;
    if let Some(browser) = passkey.browser
        && !browsers::is_there(conn, passkey.account_id, browser)?
    {
        return Ok(PasskeyAdded::BrowserForgotten);
    }
    let there = first(
        conn,
        r#"SELECT count(*) AS "passkeys.count" FROM passkeys WHERE account_id = ?1"#,
        [account],
        |row| row.number("passkeys.count"),
    )?;
    if there.unwrap_or_default() >= u64::from(MOST_PASSKEYS) {
        return Ok(PasskeyAdded::TooMany);
    }
    let added = change(
        conn,
        "INSERT INTO passkeys (id, credential, account_id, name, key_sealed, sign_count, backup, created, last_used,
            browser_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
        params![
            passkey.id.0,
            passkey.credential,
            account,
            passkey.name,
            passkey.key.0,
            passkey.sign_count,
            passkey.backup.word(),
            passkey.created.0,
            passkey.last_used.map(|at| at.0),
            passkey.browser.map(|browser| *browser.0.as_bytes())
        ],
    )?;
    Ok(if added == 1 { PasskeyAdded::Added } else { PasskeyAdded::Taken })
}

pub(super) fn list(conn: &Connection) -> Result<Vec<Passkey>> {
    all(conn, &format!("SELECT {COLUMNS} FROM passkeys ORDER BY created, id"), [], record)
}

pub(super) fn find(conn: &Connection, credential: &[u8]) -> Result<Option<Passkey>> {
    first(conn, &format!("SELECT {COLUMNS} FROM passkeys WHERE credential = ?1"), [credential], record)
}

pub(super) fn use_one(conn: &Connection, used: &UsePasskey) -> Result<PasskeyUse> {
    if !spend(conn, used.challenge)? {
        return Ok(PasskeyUse::ChallengeUsed);
    }
    // A counter only goes on, or stands at nothing for ever (Web Authentication Level 2, s. 7.2 step 21).
    let went_on = change(
        conn,
        "UPDATE passkeys SET sign_count = ?3, backup = ?4, last_used = ?5
        WHERE id = ?1 AND account_id = ?2 AND (sign_count < ?3 OR (sign_count = 0 AND ?3 = 0))",
        params![
            used.id.0,
            account_param(used.visit.account_id)?,
            used.sign_count,
            used.backup.word(),
            used.visit.began.0
        ],
    )?;
    if went_on != 1 {
        return Ok(PasskeyUse::Changed);
    }
    if let Some(before) = used.instead_of {
        host::end_session(conn, before)?;
    }
    host::begin_session(conn, &used.visit)?;
    Ok(PasskeyUse::Used)
}

/// With a passkey end the visits that began with it.
pub(super) fn remove(conn: &Connection, id: PasskeyId, of: Option<AccountId>) -> Result<Option<Passkey>> {
    let found = first(conn, &format!("SELECT {COLUMNS} FROM passkeys WHERE id = ?1"), [id.0], record)?;
    let Some(passkey) = found.filter(|passkey| of.is_none_or(|account| passkey.account_id == account)) else {
        return Ok(None);
    };
    change(conn, "DELETE FROM passkeys WHERE id = ?1", [id.0])?;
    change(conn, "DELETE FROM host_sessions WHERE passkey = ?1", [id.0])?;
    Ok(Some(passkey))
}

/// Removes those that were added in a browser which turned out to be somebody else's.
pub(super) fn remove_of_browser(conn: &Connection, account: AccountId, browser: BrowserId) -> Result<()> {
    let of_browser = params![browser.0.as_bytes(), account_param(account)?];
    change(
        conn,
        "DELETE FROM host_sessions WHERE passkey IN (SELECT id FROM passkeys WHERE browser_id = ?1 AND account_id = ?2)",
        of_browser,
    )?;
    change(conn, "DELETE FROM passkeys WHERE browser_id = ?1 AND account_id = ?2", of_browser)?;
    Ok(())
}

pub(super) fn spend(conn: &Connection, challenge: UsedChallenge) -> Result<bool> {
    let spent = change(
        conn,
        "INSERT INTO used_challenges (hash, keep_until) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![challenge.hash.0, challenge.keep_until.0],
    )?;
    Ok(spent == 1)
}

fn record(row: &Fields<'_>) -> Result<Passkey> {
    Ok(Passkey {
        id: PasskeyId(row.get("passkeys.id")?),
        credential: row.get("passkeys.credential")?,
        account_id: row.account_id("passkeys.account_id")?,
        name: row.get("passkeys.name")?,
        key: SealedBytes(row.get("passkeys.key_sealed")?),
        sign_count: row.get("passkeys.sign_count")?,
        backup: row.parsed("passkeys.backup", Backup::of_word)?,
        created: row.time("passkeys.created")?,
        last_used: row.time_opt("passkeys.last_used")?,
        browser: row
            .get::<Option<[u8; 16]>>("passkeys.browser_id")?
            .map(|id| BrowserId(Uuid::from_bytes(id))),
    })
}
