//! What happened.

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change};
use crate::store::records::{EventRecord, EventsWanted};
use crate::store::{EVENTS_OF_A_KIND, SWEEP_BATCH, StoreError};

pub(super) fn record(conn: &Connection, event: &Event) -> Result<()> {
    change(
        conn,
        "INSERT INTO audit (at, what, done_by, account_id, name, target, address, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            event.at.0,
            event.what.word(),
            event.by.to_string(),
            event.about.map(account_param).transpose()?,
            event.name,
            event.target,
            event.address.map(|address| address.to_string()),
            event.detail
        ],
    )?;
    Ok(())
}

pub(super) fn events(conn: &Connection, wanted: &EventsWanted) -> Result<Vec<EventRecord>> {
    let too_large = |_| StoreError::OutOfRange { what: "the number of an event" };
    let before = wanted.before.map_or(Ok(i64::MAX), i64::try_from).map_err(too_large)?;
    all(
        conn,
        r#"SELECT id AS "audit.id", at AS "audit.at", what AS "audit.what", done_by AS "audit.done_by",
            account_id AS "audit.account_id", name AS "audit.name", target AS "audit.target",
            address AS "audit.address", detail AS "audit.detail"
        FROM audit
        WHERE id < ?1 AND at >= ?2 AND at < ?3 AND (?4 IS NULL OR what = ?4)
            AND (?5 IS NULL OR account_id = ?5 OR done_by = ?6)
            AND (?7 IS NULL OR instr(lower(name), ?7) > 0)
        ORDER BY id DESC LIMIT ?8"#,
        params![
            before,
            wanted.since.map_or(i64::MIN, |since| since.0),
            wanted.until.map_or(i64::MAX, |until| until.0),
            wanted.what.map(What::word),
            wanted.account.map(account_param).transpose()?,
            wanted.account.map(|account| Actor::Account(account).to_string()),
            wanted.name.as_ref().map(|name| name.to_ascii_lowercase()),
            wanted.most
        ],
        read,
    )
}

fn read(row: &Fields<'_>) -> Result<EventRecord> {
    let event = Event {
        at: row.time("audit.at")?,
        what: row.parsed("audit.what", What::of_word)?,
        by: row.parsed("audit.done_by", Actor::parse)?,
        about: about(row)?,
        name: row.get("audit.name")?,
        target: row.get("audit.target")?,
        address: row.parsed_opt("audit.address", |text| text.parse().ok())?,
        detail: row.get("audit.detail")?,
    };
    Ok(EventRecord { id: row.number("audit.id")?, event })
}

fn about(row: &Fields<'_>) -> Result<Option<AccountId>> {
    let is_about_somebody = row.get::<Option<i64>>("audit.account_id")?.is_some();
    is_about_somebody.then(|| row.account_id("audit.account_id")).transpose()
}

/// The oldest are the first: where the clock was put back, some stay a little longer.
pub(super) fn forget(conn: &Connection, before: Timestamp) -> Result<usize> {
    let mut forgotten = change(
        conn,
        "DELETE FROM audit WHERE id IN
            (SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT ?2) WHERE at < ?1)",
        params![before.0, SWEEP_BATCH],
    )?;
    for what in What::ALL {
        forgotten += change(
            conn,
            "DELETE FROM audit WHERE id IN
                (SELECT id FROM audit WHERE what = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3)",
            params![what.word(), SWEEP_BATCH, EVENTS_OF_A_KIND],
        )?;
    }
    Ok(forgotten)
}
