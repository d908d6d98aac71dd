//! Requests of devices.

use plex_oidc_core::device::UserCodeHash;
use plex_oidc_core::id::ClientId;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};
use plex_oidc_core::token::device::{Pace, pace};
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, change, first};
use crate::store::records::{DeviceAnswer, DeviceRequest, NewDeviceRequest};
use crate::store::{DEVICE_MEMORY, StoreError};

pub(super) fn begin(conn: &Connection, request: &NewDeviceRequest) -> Result<bool> {
    let begun = change(
        conn,
        "INSERT INTO device_requests
            (hash, user_code, client_id, scopes, resources, expires, keep_until, poll_interval)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (user_code) DO NOTHING",
        params![
            request.hash.0,
            request.user_code.0,
            request.client_id.as_str(),
            request.scopes.to_string(),
            request.resources.to_string(),
            request.expires.0,
            request.expires.plus(DEVICE_MEMORY).0,
            request.interval.0
        ],
    )?;
    Ok(begun == 1)
}

pub(super) fn request(conn: &Connection, hash: SecretHash) -> Result<Option<DeviceRequest>> {
    first(
        conn,
        r#"SELECT hash AS "device_requests.hash", client_id AS "device_requests.client_id",
            scopes AS "device_requests.scopes", resources AS "device_requests.resources",
            expires AS "device_requests.expires", state AS "device_requests.state"
        FROM device_requests WHERE hash = ?1"#,
        [hash.0],
        record,
    )
}

pub(super) fn pending(
    conn: &Connection,
    code: UserCodeHash,
    now: Timestamp,
) -> Result<Option<DeviceRequest>> {
    first(
        conn,
        r#"SELECT hash AS "device_requests.hash", client_id AS "device_requests.client_id",
            scopes AS "device_requests.scopes", resources AS "device_requests.resources",
            expires AS "device_requests.expires", state AS "device_requests.state"
        FROM device_requests WHERE user_code = ?1 AND state = 'pending' AND expires > ?2"#,
        params![code.0, now.0],
        record,
    )
}

/// Counts a poll. Writers are queued, so that nobody comes between the two statements.
pub(super) fn note_poll(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<Option<Pace>> {
    let before = first(
        conn,
        r#"SELECT hash AS "device_requests.hash", polled AS "device_requests.polled",
            poll_interval AS "device_requests.poll_interval"
        FROM device_requests WHERE hash = ?1 AND state = 'pending' AND expires > ?2"#,
        params![hash.0, now.0],
        |row| {
            let interval = Seconds(row.get("device_requests.poll_interval")?);
            Ok((row.time_opt("device_requests.polled")?, interval))
        },
    )?;
    let Some((polled, interval)) = before else { return Ok(None) };
    let pace = pace(polled, interval, now);
    let noted = change(
        conn,
        "UPDATE device_requests SET polled = ?2, poll_interval = ?3
        WHERE hash = ?1 AND state = 'pending' AND polled IS ?4 AND poll_interval = ?5",
        params![hash.0, now.0, pace.interval.0, polled.map(|at| at.0), interval.0],
    )?;
    if noted == 1 { Ok(Some(pace)) } else { Err(StoreError::Busy) }
}

pub(super) fn deny(conn: &Connection, hash: SecretHash, now: Timestamp) -> Result<bool> {
    let denied = change(
        conn,
        "UPDATE device_requests SET state = 'denied' WHERE hash = ?1 AND state = 'pending' AND expires > ?2",
        params![hash.0, now.0],
    )?;
    Ok(denied == 1)
}

/// Answers yes, for the grant that is stored with it.
pub(super) fn approve(
    conn: &Connection,
    hash: SecretHash,
    client: &ClientId,
    now: Timestamp,
) -> Result<bool> {
    let approved = change(
        conn,
        "UPDATE device_requests SET state = 'approved'
        WHERE hash = ?1 AND client_id = ?2 AND state = 'pending' AND expires > ?3",
        params![hash.0, client.as_str(), now.0],
    )?;
    Ok(approved == 1)
}

/// Whether a code is a device's.
pub(super) fn is_one(conn: &Connection, hash: SecretHash) -> Result<bool> {
    Ok(first(conn, "SELECT 1 FROM device_requests WHERE hash = ?1", [hash.0], |_| Ok(()))?.is_some())
}

fn record(row: &Fields<'_>) -> Result<DeviceRequest> {
    Ok(DeviceRequest {
        hash: row.hash("device_requests.hash")?,
        client_id: row.client_id("device_requests.client_id")?,
        scopes: row.scopes("device_requests.scopes")?,
        resources: row.resources("device_requests.resources")?,
        expires: row.time("device_requests.expires")?,
        answer: row.parsed("device_requests.state", answer)?,
    })
}

fn answer(word: &str) -> Option<DeviceAnswer> {
    match word {
        "pending" => Some(DeviceAnswer::Pending),
        "denied" => Some(DeviceAnswer::Denied),
        "approved" => Some(DeviceAnswer::Approved),
        _ => None,
    }
}
