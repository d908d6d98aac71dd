//! The installation's identifier and its signing keys.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::rows::{Fields, Result, all, change, first};
use crate::store::records::{KeyReplacement, SealedBytes, StoredKeyRow};

pub(super) fn installation(conn: &Connection, candidate: &str) -> Result<String> {
    change(
        conn,
        "INSERT INTO installation (only_row, client_identifier) VALUES (1, ?1) ON CONFLICT DO NOTHING",
        [candidate],
    )?;
    let stored = first(
        conn,
        r#"SELECT client_identifier AS "installation.client_identifier" FROM installation"#,
        [],
        |row| row.get("installation.client_identifier"),
    )?;
    Ok(stored.unwrap_or_else(|| candidate.to_owned()))
}

pub(super) fn signing_keys(conn: &Connection) -> Result<Vec<StoredKeyRow>> {
    all(
        conn,
        r#"SELECT kid AS "signing_keys.kid", algorithm AS "signing_keys.algorithm", state AS "signing_keys.state",
            created AS "signing_keys.created", sealed AS "signing_keys.sealed"
        FROM signing_keys ORDER BY created, kid"#,
        [],
        key,
    )
}

pub(super) fn insert_if_none(conn: &Connection, rows: &[StoredKeyRow]) -> Result<Vec<StoredKeyRow>> {
    let stored = signing_keys(conn)?;
    if !stored.is_empty() {
        return Ok(stored);
    }
    insert(conn, rows)?;
    signing_keys(conn)
}

pub(super) fn replace(
    conn: &Connection,
    expected: &[String],
    rows: &[StoredKeyRow],
) -> Result<KeyReplacement> {
    let stored = signing_keys(conn)?;
    let stored: BTreeSet<&str> = stored.iter().map(|key| key.kid.as_str()).collect();
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    if stored != expected {
        return Ok(KeyReplacement::Changed);
    }
    change(conn, "DELETE FROM signing_keys", [])?;
    insert(conn, rows)?;
    Ok(KeyReplacement::Replaced)
}

fn insert(conn: &Connection, rows: &[StoredKeyRow]) -> Result<()> {
    for row in rows {
        change(
            conn,
            "INSERT INTO signing_keys (kid, algorithm, state, created, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![row.kid, row.algorithm, row.state, row.created.0, row.sealed.0],
        )?;
    }
    Ok(())
}

fn key(row: &Fields<'_>) -> Result<StoredKeyRow> {
    Ok(StoredKeyRow {
        kid: row.get("signing_keys.kid")?,
        algorithm: row.get("signing_keys.algorithm")?,
        state: row.get("signing_keys.state")?,
        created: row.time("signing_keys.created")?,
        sealed: SealedBytes(row.get("signing_keys.sealed")?),
    })
}
