//! What clients have for themselves: access tokens, and assertions that were used.

use plex_oidc_core::id::ClientId;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use plex_oidc_core::token::assertion::UsedAssertion;
use rusqlite::{Connection, params};

use super::rows::{Result, change, first};
use crate::store::records::{ClientTokenRecord, NewClientToken};

pub(super) fn add(conn: &Connection, token: &NewClientToken) -> Result<()> {
    change(
        conn,
        "INSERT INTO client_tokens (hash, client_id, scopes, resources, created, expires)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            token.hash.0,
            token.client_id.as_str(),
            token.scopes.to_string(),
            token.resources.to_string(),
            token.created.0,
            token.expires.0
        ],
    )?;
    Ok(())
}

pub(super) fn token(
    conn: &Connection,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Option<ClientTokenRecord>> {
    first(
        conn,
        r#"SELECT hash AS "client_tokens.hash", client_id AS "client_tokens.client_id",
            scopes AS "client_tokens.scopes", resources AS "client_tokens.resources", created AS "client_tokens.created",
            expires AS "client_tokens.expires"
        FROM client_tokens WHERE hash = ?1 AND expires > ?2"#,
        params![hash.0, now.0],
        |row| {
            Ok(ClientTokenRecord {
                client_id: row.client_id("client_tokens.client_id")?,
                scopes: row.scopes("client_tokens.scopes")?,
                resources: row.resources("client_tokens.resources")?,
                created: row.time("client_tokens.created")?,
                expires: row.time("client_tokens.expires")?,
            })
        },
    )
}

pub(super) fn revoke(conn: &Connection, hash: SecretHash, client_id: &ClientId) -> Result<bool> {
    let removed = change(
        conn,
        "DELETE FROM client_tokens WHERE hash = ?1 AND client_id = ?2",
        params![hash.0, client_id.as_str()],
    )?;
    Ok(removed == 1)
}

pub(super) fn use_assertion(conn: &Connection, used: &UsedAssertion) -> Result<bool> {
    let noted = change(
        conn,
        "INSERT INTO used_assertions (client_id, id, keep_until) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![used.client_id.as_str(), used.id, used.keep_until.0],
    )?;
    Ok(noted == 1)
}
