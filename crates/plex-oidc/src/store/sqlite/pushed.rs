//! Authorization requests that their clients pushed.

use plex_oidc_core::secret::SecretHash;
use rusqlite::{Connection, params};

use super::rows::{Result, change, first};
use crate::store::PUSHED_MEMORY;
use crate::store::records::PushedRequest;

pub(super) fn push(conn: &Connection, request: &PushedRequest) -> Result<()> {
    change(
        conn,
        "INSERT INTO pushed_requests (hash, client_id, request, expires, keep_until) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            request.hash.0,
            request.client_id.as_str(),
            request.request_json,
            request.expires.0,
            request.expires.plus(PUSHED_MEMORY).0
        ],
    )?;
    Ok(())
}

pub(super) fn request(conn: &Connection, hash: SecretHash) -> Result<Option<PushedRequest>> {
    first(
        conn,
        r#"SELECT hash AS "pushed_requests.hash", client_id AS "pushed_requests.client_id",
            request AS "pushed_requests.request", expires AS "pushed_requests.expires"
        FROM pushed_requests WHERE hash = ?1"#,
        [hash.0],
        |row| {
            Ok(PushedRequest {
                hash: row.hash("pushed_requests.hash")?,
                client_id: row.client_id("pushed_requests.client_id")?,
                request_json: row.get("pushed_requests.request")?,
                expires: row.time("pushed_requests.expires")?,
            })
        },
    )
}

pub(super) fn spend(conn: &Connection, hash: SecretHash) -> Result<bool> {
    Ok(change(conn, "DELETE FROM pushed_requests WHERE hash = ?1", [hash.0])? == 1)
}
