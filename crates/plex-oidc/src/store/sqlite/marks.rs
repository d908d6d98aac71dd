//! What the host says of single accounts, and what people ask the host for.

use plex_oidc_core::decide::{Mark, Marks};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId};
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change, first};
use super::{browsers, users};
use crate::store::records::{
    AccessAnswer, AccessRequest, AnswerAccessRequest, Asking, EndedAccess, HostAnswer, NewAccessRequest,
    WaitingRequests, Wish,
};
use crate::store::{
    ASK_AGAIN, MOST_REQUESTS, MOST_REQUESTS_OF_ACCOUNT, MOST_REQUESTS_OF_BLOCK, MOST_REQUESTS_OF_STRANGERS,
    REQUEST_MEMORY, StoreError,
};

/// As the rows of `users` have them beside the person.
pub(super) fn read(text: &str) -> Option<Marks> {
    serde_json::from_str(text).ok()
}

pub(super) fn marks(conn: &Connection, account: AccountId) -> Result<Marks> {
    let found = first(
        conn,
        r#"SELECT account_id AS "marks.account_id", marks AS "marks.marks" FROM marks WHERE account_id = ?1"#,
        [account_param(account)?],
        |row| row.parsed("marks.marks", read),
    )?;
    Ok(found.unwrap_or_default())
}

pub(super) fn all_marks(conn: &Connection) -> Result<Vec<(AccountId, Marks)>> {
    all(
        conn,
        r#"SELECT account_id AS "marks.account_id", marks AS "marks.marks" FROM marks ORDER BY account_id"#,
        [],
        |row| Ok((row.account_id("marks.account_id")?, row.parsed("marks.marks", read)?)),
    )
}

/// Writers take turns, so nothing comes between reading the marks and writing them.
pub(super) fn mark(conn: &Connection, account: AccountId, mark: Mark, now: Timestamp) -> Result<EndedAccess> {
    let is_block = mark == Mark::Blocked(true);
    let mut marks = marks(conn, account)?;
    marks.apply(mark);
    if marks.is_empty() {
        change(conn, "DELETE FROM marks WHERE account_id = ?1", [account_param(account)?])?;
    } else {
        let text = serde_json::to_string(&marks).map_err(|_| StoreError::OutOfRange { what: "the marks" })?;
        change(
            conn,
            "INSERT INTO marks (account_id, marks) VALUES (?1, ?2)
            ON CONFLICT (account_id) DO UPDATE SET marks = excluded.marks",
            params![account_param(account)?, text],
        )?;
    }
    if !is_block {
        return Ok(EndedAccess::default());
    }
    change(conn, "DELETE FROM access_requests WHERE account_id = ?1", [account_param(account)?])?;
    browsers::forget(conn, account)?;
    users::end_access(conn, account, now)
}

/// Everything that is said of somebody who is gone.
pub(super) fn forget(conn: &Connection, account: AccountId) -> Result<()> {
    browsers::forget(conn, account)?;
    let account = account_param(account)?;
    change(conn, "DELETE FROM marks WHERE account_id = ?1", [account])?;
    change(conn, "DELETE FROM access_requests WHERE account_id = ?1", [account])?;
    Ok(())
}

pub(super) fn ask(conn: &Connection, request: &NewAccessRequest) -> Result<Asking> {
    let now = request.asked_at;
    let stored = change(
        conn,
        "INSERT INTO access_requests (account_id, door, wish, account_name, account_email, said, address, block,
            asked_at, keep_until, browser_id)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?16
        WHERE (SELECT count(*) FROM access_requests WHERE account_id = ?1 AND answer IS NULL) < ?11
            AND (SELECT count(*) FROM access_requests WHERE block = ?8 AND answer IS NULL) < ?12
            AND (SELECT count(*) FROM access_requests) < ?13
            AND NOT EXISTS (SELECT 1 FROM marks WHERE account_id = ?1 AND json_extract(marks, '$.blocked'))
            AND (?3 <> 'share' OR (SELECT count(*) FROM access_requests WHERE wish = 'share') < ?14)
            AND (?16 = x'' OR EXISTS (SELECT 1 FROM browsers WHERE id = ?16 AND account_id = ?1 AND NOT approved))
        ON CONFLICT (account_id, door, browser_id) DO UPDATE SET wish = excluded.wish, account_name = excluded.account_name,
            account_email = excluded.account_email, said = excluded.said, address = excluded.address,
            block = excluded.block, asked_at = excluded.asked_at, keep_until = excluded.keep_until,
            answer = NULL, answer_said = NULL, answered_at = NULL
        WHERE access_requests.answered_at <= ?15",
        params![
            account_param(request.account_id)?,
            request.door.as_str(),
            request.wish.as_str(),
            request.account_name,
            request.account_email,
            request.said,
            request.address.to_string(),
            request.block(),
            now.0,
            now.plus(REQUEST_MEMORY).0,
            MOST_REQUESTS_OF_ACCOUNT,
            MOST_REQUESTS_OF_BLOCK,
            MOST_REQUESTS,
            MOST_REQUESTS_OF_STRANGERS,
            now.minus(ASK_AGAIN).0,
            browser_param(request.browser)
        ],
    )?;
    if stored == 1 {
        return Ok(Asking::Stored);
    }
    let there = access_request(conn, request.account_id, &request.door, request.browser)?;
    let is_there = there.is_some_and(|there| there.answer.is_none_or(|answer| !may_ask_again(&answer, now)));
    Ok(if is_there { Asking::There } else { Asking::TooMany })
}

fn may_ask_again(answer: &AccessAnswer, now: Timestamp) -> bool {
    answer.at.plus(ASK_AGAIN).has_passed(now)
}

const COLUMNS: &str = r#"SELECT account_id AS "access_requests.account_id", door AS "access_requests.door",
    wish AS "access_requests.wish", account_name AS "access_requests.account_name",
    account_email AS "access_requests.account_email", said AS "access_requests.said",
    address AS "access_requests.address", asked_at AS "access_requests.asked_at",
    answer AS "access_requests.answer", answer_said AS "access_requests.answer_said",
    answered_at AS "access_requests.answered_at", browser_id AS "access_requests.browser_id" FROM access_requests"#;

/// The browser that a request is about, as the database holds it: nothing where it is about none.
fn browser_param(browser: Option<BrowserId>) -> Vec<u8> {
    browser.map_or_else(Vec::new, |browser| browser.0.as_bytes().to_vec())
}

fn browser_of(row: &Fields<'_>) -> Result<Option<BrowserId>> {
    let bytes: Vec<u8> = row.get("access_requests.browser_id")?;
    if bytes.is_empty() {
        Ok(None)
    } else {
        row.uuid("access_requests.browser_id").map(|id| Some(BrowserId(id)))
    }
}

pub(super) fn access_request(
    conn: &Connection,
    account: AccountId,
    door: &ClientId,
    browser: Option<BrowserId>,
) -> Result<Option<AccessRequest>> {
    let sql = format!("{COLUMNS} WHERE account_id = ?1 AND door = ?2 AND browser_id = ?3");
    first(conn, &sql, params![account_param(account)?, door.as_str(), browser_param(browser)], record)
}

/// Anybody with a Plex account can ask as a stranger, so those who are known here stand before them.
pub(super) fn waiting(conn: &Connection, most: u32) -> Result<WaitingRequests> {
    let sql =
        format!("{COLUMNS} WHERE answer IS NULL ORDER BY wish = 'share', asked_at, account_id LIMIT ?1");
    let some = all(conn, &sql, [most], record)?;
    let total = first(
        conn,
        r#"SELECT count(*) AS "access_requests.total" FROM access_requests WHERE answer IS NULL"#,
        [],
        |row| row.number("access_requests.total"),
    )?;
    Ok(WaitingRequests { some, total: total.unwrap_or_default() })
}

fn record(row: &Fields<'_>) -> Result<AccessRequest> {
    let asked = NewAccessRequest {
        account_id: row.account_id("access_requests.account_id")?,
        door: row.client_id("access_requests.door")?,
        browser: browser_of(row)?,
        wish: row.parsed("access_requests.wish", Wish::parse)?,
        account_name: row.get("access_requests.account_name")?,
        account_email: row.get("access_requests.account_email")?,
        said: row.get("access_requests.said")?,
        address: row.parsed("access_requests.address", |text| text.parse().ok())?,
        asked_at: row.time("access_requests.asked_at")?,
    };
    let answer = row.parsed_opt("access_requests.answer", HostAnswer::parse)?;
    let said = row.get("access_requests.answer_said")?;
    let at = row.time_opt("access_requests.answered_at")?;
    let answer = answer.zip(at).map(|(answer, at)| AccessAnswer { answer, said, at });
    Ok(AccessRequest { asked, answer })
}

/// The answer and what it makes of the person's marks, or of the browser, are one: of two answers one counts. What else was asked
/// for the same browser has the same answer.
pub(super) fn answer(conn: &Connection, answered: &AnswerAccessRequest) -> Result<bool> {
    let AnswerAccessRequest { account_id, door, browser, answer } = answered;
    let Some(there) = access_request(conn, *account_id, door, *browser)? else { return Ok(false) };
    if !answer.answer.fits(there.asked.wish) || there.answer.is_some() {
        return Ok(false);
    }
    if let (HostAnswer::Approved, Some(browser)) = (answer.answer, browser)
        && !browsers::approve(conn, *account_id, *browser)?
    {
        return Ok(false);
    }
    let written = change(
        conn,
        "UPDATE access_requests SET answer = ?3, answer_said = ?4, answered_at = ?5, keep_until = ?6
        WHERE account_id = ?1 AND (door = ?2 OR ?8 <> x'') AND browser_id = ?8 AND answer IS NULL AND wish = ?7",
        params![
            account_param(*account_id)?,
            door.as_str(),
            answer.answer.as_str(),
            answer.said,
            answer.at.0,
            answer.at.plus(REQUEST_MEMORY).0,
            there.asked.wish.as_str(),
            browser_param(*browser)
        ],
    )?;
    if written > 0
        && let Some(its) = answer.answer.mark(door)
    {
        mark(conn, *account_id, its, answer.at)?;
    }
    Ok(written > 0)
}
