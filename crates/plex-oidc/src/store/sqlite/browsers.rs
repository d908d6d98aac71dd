//! Browsers that accounts are known in.

use plex_oidc_core::id::{AccountId, BrowserId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change, first};
use super::{logout, passkeys};
use crate::store::records::{
    EndedAccess, Forgotten, GrantEnd, KnownBrowser, ListedBrowser, MetBrowser, NewBrowser, SeenFrom,
    WaitingBrowser,
};
use crate::store::{BROWSER_MEMORY, MOST_BROWSERS};

pub(super) fn known(
    conn: &Connection,
    account: AccountId,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Option<KnownBrowser>> {
    first(
        conn,
        r#"SELECT id AS "browsers.id", approved AS "browsers.approved" FROM browsers
        WHERE account_id = ?1 AND hash = ?2 AND expires > ?3"#,
        params![account_param(account)?, hash.0, now.0],
        |row| {
            let id = BrowserId(row.uuid("browsers.id")?);
            Ok(KnownBrowser { id, approved: row.get("browsers.approved")? })
        },
    )
}

/// Whether somebody may still come in in a browser as it was judged: nobody has disowned it meanwhile. That the host has said
/// yes meanwhile does no harm.
pub(super) fn is_as_judged(
    conn: &Connection,
    account: AccountId,
    met: &MetBrowser,
    now: Timestamp,
) -> Result<bool> {
    let MetBrowser::Known(judged) = met else { return Ok(true) };
    let found = first(
        conn,
        "SELECT 1 FROM browsers WHERE id = ?1 AND account_id = ?2 AND approved >= ?3 AND expires > ?4",
        params![judged.id.0.as_bytes(), account_param(account)?, judged.approved, now.0],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Whether nobody has forgotten a browser.
pub(super) fn is_there(conn: &Connection, account: AccountId, id: BrowserId) -> Result<bool> {
    let found = first(
        conn,
        "SELECT 1 FROM browsers WHERE id = ?1 AND account_id = ?2",
        params![id.0.as_bytes(), account_param(account)?],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Writes down that somebody has proved who they are in a browser. Of an account of which nothing is known yet, there is nothing
/// that a browser could be new beside.
pub(super) fn meet(
    conn: &Connection,
    account: AccountId,
    (met, from): (&MetBrowser, &SeenFrom),
    now: Timestamp,
) -> Result<()> {
    let address = from.address.map(|address| address.to_string());
    let expires = now.plus(BROWSER_MEMORY);
    match met {
        MetBrowser::Known(KnownBrowser { id, .. }) => {
            change(
                conn,
                "UPDATE browsers SET name = ?3, address = ?4, last_used = max(last_used, ?5), expires = ?6
                WHERE id = ?1 AND account_id = ?2",
                params![id.0.as_bytes(), account_param(account)?, from.browser, address, now.0, expires.0],
            )?;
        }
        MetBrowser::New(NewBrowser { id, hash, approved, confirmed }) => {
            change(
                conn,
                "INSERT INTO browsers
                    (id, account_id, hash, name, address, first_used, last_used, expires, approved, confirmed)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9 OR NOT (
                    EXISTS (SELECT 1 FROM browsers WHERE account_id = ?2)
                    OR EXISTS (SELECT 1 FROM browser_sessions WHERE account_id = ?2))",
                params![
                    id.0.as_bytes(),
                    account_param(account)?,
                    hash.0,
                    from.browser,
                    address,
                    now.0,
                    expires.0,
                    approved,
                    confirmed
                ],
            )?;
            drop_surplus(conn, account, *id)?;
        }
    }
    Ok(())
}

/// Those stay of which something is left that their person may want to end with them: a session, what is for offline access, an app
/// token, a passkey. Whoever comes with new browsers again and again drives out those, and not the ones that somebody said yes to.
fn drop_surplus(conn: &Connection, account: AccountId, new: BrowserId) -> Result<()> {
    change(
        conn,
        "DELETE FROM browsers WHERE id IN (
            SELECT b.id FROM browsers AS b WHERE b.account_id = ?1 AND b.id <> ?2 AND b.id NOT IN (
                SELECT browser_id FROM browser_sessions WHERE account_id = ?1 AND browser_id IS NOT NULL
                UNION SELECT browser_id FROM grants
                    WHERE account_id = ?1 AND offline AND ended_at IS NULL AND browser_id IS NOT NULL
                UNION SELECT browser_id FROM app_tokens WHERE account_id = ?1 AND browser_id IS NOT NULL
                UNION SELECT browser_id FROM passkeys WHERE account_id = ?1 AND browser_id IS NOT NULL)
            ORDER BY b.approved + b.confirmed DESC, b.last_used DESC, b.id LIMIT -1 OFFSET ?3)",
        params![account_param(account)?, new.0.as_bytes(), MOST_BROWSERS - 1],
    )?;
    Ok(())
}

pub(super) fn keep_waiting(conn: &Connection, waiting: &WaitingBrowser, now: Timestamp) -> Result<bool> {
    let WaitingBrowser { account_id, browser, from } = waiting;
    if !is_as_judged(conn, *account_id, browser, now)? {
        return Ok(false);
    }
    meet(conn, *account_id, (browser, from), now)?;
    Ok(true)
}

/// A browser is in use whose browser session is, or whose gateway session is. `session`: the one of the two that names it.
pub(super) fn touch(conn: &Connection, sid: Sid, now: Timestamp) -> Result<()> {
    change(
        conn,
        "UPDATE browsers SET last_used = ?2
        WHERE last_used < ?2 AND id = (SELECT browser_id FROM browser_sessions WHERE sid = ?1)",
        params![sid.0.as_bytes(), now.0],
    )?;
    Ok(())
}

pub(super) fn of_account(
    conn: &Connection,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<ListedBrowser>> {
    all(
        conn,
        r#"SELECT id AS "browsers.id", name AS "browsers.name", address AS "browsers.address",
            first_used AS "browsers.first_used", last_used AS "browsers.last_used", approved AS "browsers.approved",
            confirmed AS "browsers.confirmed",
            id IN (SELECT browser_id FROM browser_sessions WHERE account_id = ?1 AND idle_expires > ?2
                AND absolute_expires > ?2 AND browser_id IS NOT NULL) AS "browsers.signed_in"
        FROM browsers WHERE account_id = ?1 AND expires > ?2 ORDER BY last_used DESC, first_used DESC, id"#,
        params![account_param(account)?, now.0],
        listed,
    )
}

pub(super) fn is_news(conn: &Connection, account: AccountId, id: BrowserId) -> Result<bool> {
    let found = first(
        conn,
        "SELECT 1 FROM browsers WHERE id = ?1 AND account_id = ?2 AND confirmed = 0",
        params![id.0.as_bytes(), account_param(account)?],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

fn listed(row: &Fields<'_>) -> Result<ListedBrowser> {
    Ok(ListedBrowser {
        id: BrowserId(row.uuid("browsers.id")?),
        from: SeenFrom {
            browser: row.get("browsers.name")?,
            address: row.parsed_opt("browsers.address", |text| text.parse().ok())?,
        },
        first_used: row.time("browsers.first_used")?,
        last_used: row.time("browsers.last_used")?,
        approved: row.get("browsers.approved")?,
        confirmed: row.get("browsers.confirmed")?,
        signed_in: row.get("browsers.signed_in")?,
    })
}

/// Whoever has got in with a new browser must not be the one who says that it is all right, nor with a second one.
pub(super) fn confirm(
    conn: &Connection,
    account: AccountId,
    id: BrowserId,
    by: Option<BrowserId>,
) -> Result<bool> {
    let confirmed = change(
        conn,
        "UPDATE browsers SET confirmed = 1 WHERE id = ?1 AND account_id = ?2 AND confirmed = 0 AND (?3 IS NULL
            OR first_used > (SELECT b.first_used FROM browsers AS b WHERE b.id = ?3 AND b.account_id = ?2))",
        params![id.0.as_bytes(), account_param(account)?, by.map(|by| *by.0.as_bytes())],
    )?;
    Ok(confirmed == 1)
}

/// The host has said yes. `false`: it is gone.
pub(super) fn approve(conn: &Connection, account: AccountId, id: BrowserId) -> Result<bool> {
    let approved = change(
        conn,
        "UPDATE browsers SET approved = 1 WHERE id = ?1 AND account_id = ?2",
        params![id.0.as_bytes(), account_param(account)?],
    )?;
    Ok(approved == 1)
}

/// What came of it is found by the browser that it began in. Clients are told of every session that they hold something of,
/// those that are over too.
pub(super) fn disown(
    conn: &Connection,
    account: AccountId,
    (id, why): (BrowserId, Forgotten),
    now: Timestamp,
) -> Result<Option<EndedAccess>> {
    let ids = params![id.0.as_bytes(), account_param(account)?];
    if change(conn, "DELETE FROM browsers WHERE id = ?1 AND account_id = ?2", ids)? != 1 {
        return Ok(None);
    }
    // Nobody could say yes to it any more.
    change(
        conn,
        "DELETE FROM access_requests WHERE browser_id = ?1 AND account_id = ?2 AND answer IS NULL",
        ids,
    )?;
    let sids = all(
        conn,
        r#"SELECT sid AS "grants.sid" FROM grants WHERE browser_id = ?1 AND account_id = ?2
        UNION SELECT sid FROM browser_sessions WHERE browser_id = ?1 AND account_id = ?2"#,
        ids,
        |row| row.uuid("grants.sid").map(Sid),
    )?;
    for sid in sids {
        logout::session_ended(conn, sid, now)?;
    }
    if why == Forgotten::NotTheirs {
        passkeys::remove_of_browser(conn, account, id)?;
    }
    let why = GrantEnd::SessionEnded.as_str();
    let grants = change(
        conn,
        "UPDATE grants SET ended_at = ?3, ended_why = ?4, plex_token_sealed = NULL WHERE account_id = ?2 AND ended_at IS NULL AND (browser_id = ?1
            OR sid IN (SELECT sid FROM browser_sessions WHERE browser_id = ?1 AND account_id = ?2))",
        params![id.0.as_bytes(), account_param(account)?, now.0, why],
    )?;
    let gone = |table: &str| {
        change(conn, &format!("DELETE FROM {table} WHERE browser_id = ?1 AND account_id = ?2"), ids)
    };
    Ok(Some(EndedAccess { sessions: gone("browser_sessions")?, grants, app_tokens: gone("app_tokens")? }))
}

/// Forgets every browser of an account, and what was asked for them.
pub(super) fn forget(conn: &Connection, account: AccountId) -> Result<()> {
    change(conn, "DELETE FROM browsers WHERE account_id = ?1", [account_param(account)?])?;
    Ok(())
}
