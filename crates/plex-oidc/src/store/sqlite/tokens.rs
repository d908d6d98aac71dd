//! Access and refresh tokens, and the end of the grants they hang on.

use plex_oidc_core::id::{ClientId, GrantId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, change, first};
use crate::store::StoreError;
use crate::store::records::{
    AccessTokenRecord, GrantEnd, NewAccessToken, NewRefreshToken, RefreshTokenRecord, Renewal, Rotate,
    Rotation,
};

pub(super) fn access_token(
    conn: &Connection,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Option<AccessTokenRecord>> {
    first(
        conn,
        r#"SELECT * FROM access_token_details
        WHERE "access_tokens.hash" = ?1 AND "access_tokens.expires" > ?2 AND "grants.ended_at" IS NULL"#,
        params![hash.0, now.0],
        |row| {
            Ok(AccessTokenRecord {
                scopes: row.scopes("access_tokens.scopes")?,
                created: row.time("access_tokens.created")?,
                expires: row.time("access_tokens.expires")?,
                resources: row.resources("access_tokens.resources")?,
                grant: row.grant()?,
            })
        },
    )
}

pub(super) fn insert_access(
    conn: &Connection,
    grant: GrantId,
    token: &NewAccessToken,
    now: Timestamp,
) -> Result<()> {
    change(
        conn,
        "INSERT INTO access_tokens (hash, grant_id, scopes, created, expires, resources)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            token.hash.0,
            grant.0.as_bytes(),
            token.scopes.to_string(),
            now.0,
            token.expires.0,
            token.resources.to_string()
        ],
    )?;
    Ok(())
}

pub(super) fn insert_refresh(
    conn: &Connection,
    grant: GrantId,
    token: &NewRefreshToken,
    now: Timestamp,
) -> Result<()> {
    change(
        conn,
        "INSERT INTO refresh_tokens (hash, grant_id, created, idle_expires, absolute_expires)
        VALUES (?1, ?2, ?3, min(?4, ?5), ?5)",
        params![token.hash.0, grant.0.as_bytes(), now.0, token.idle_expires.0, token.absolute_expires.0],
    )?;
    Ok(())
}

/// Keeps a grant for an access token that outlives its refresh tokens, which it is kept for anyway.
fn keep_for(conn: &Connection, family: Family, access: &NewAccessToken) -> Result<()> {
    if access.expires > family.absolute_expires {
        change(
            conn,
            "UPDATE grants SET keep_until = ?2 WHERE id = ?1 AND keep_until < ?2",
            params![family.grant.0.as_bytes(), access.expires.0],
        )?;
    }
    Ok(())
}

pub(super) fn revoke_access(conn: &Connection, hash: SecretHash, client_id: &ClientId) -> Result<bool> {
    let removed = change(
        conn,
        "DELETE FROM access_tokens
        WHERE hash = ?1 AND EXISTS (SELECT 1 FROM grants WHERE id = grant_id AND client_id = ?2)",
        params![hash.0, client_id.as_str()],
    )?;
    Ok(removed == 1)
}

pub(super) fn revoke_refresh(
    conn: &Connection,
    hash: SecretHash,
    client_id: &ClientId,
    now: Timestamp,
) -> Result<bool> {
    let ended = change(
        conn,
        "UPDATE grants SET ended_at = ?3, ended_why = ?4, plex_token_sealed = NULL
        WHERE id = (SELECT grant_id FROM refresh_tokens WHERE hash = ?1) AND client_id = ?2 AND ended_at IS NULL",
        params![hash.0, client_id.as_str(), now.0, GrantEnd::Revoked.as_str()],
    )?;
    Ok(ended == 1)
}

pub(super) fn end_grant(conn: &Connection, grant: GrantId, why: GrantEnd, now: Timestamp) -> Result<bool> {
    let ended = change(
        conn,
        "UPDATE grants SET ended_at = ?2, ended_why = ?3, plex_token_sealed = NULL WHERE id = ?1 AND ended_at IS NULL",
        params![grant.0.as_bytes(), now.0, why.as_str()],
    )?;
    Ok(ended == 1)
}

pub(super) fn refresh_token(conn: &Connection, hash: SecretHash) -> Result<Option<RefreshTokenRecord>> {
    stored(conn, hash).map(|found| found.map(|stored| stored.record))
}

pub(super) fn rotate(conn: &Connection, rotate: &Rotate) -> Result<Rotation> {
    let Some(family) = use_once(conn, rotate)? else { return refused(conn, rotate) };
    if let Renewal::Rotate { successor, idle_expires } = &rotate.renewal {
        insert_successor(conn, family, rotate.now, *successor, *idle_expires)?;
    }
    insert_access(conn, family.grant, &rotate.access, rotate.now)?;
    keep_for(conn, family, &rotate.access)?;
    Ok(Rotation::Rotated)
}

/// What all refresh tokens of a family have in common.
#[derive(Clone, Copy)]
struct Family {
    grant: GrantId,
    absolute_expires: Timestamp,
}

/// The guarded statement that decides who of many callers uses the token. Its family, for that one.
fn use_once(conn: &Connection, rotate: &Rotate) -> Result<Option<Family>> {
    let presented = rotate.presented.0;
    let (client_id, now) = (rotate.client_id.as_str(), rotate.now.0);
    let used = match &rotate.renewal {
        Renewal::Rotate { successor, .. } => change(
            conn,
            "UPDATE refresh_tokens
            SET used_at = ?3, consumed_at = ?3, consumed_as = 'rotated', successor = ?4
            WHERE hash = ?1 AND consumed_at IS NULL AND idle_expires > ?3 AND absolute_expires > ?3
                AND EXISTS (SELECT 1 FROM grants WHERE id = grant_id AND client_id = ?2 AND ended_at IS NULL)",
            params![presented, client_id, now, successor.0],
        )?,
        Renewal::Keep { idle_expires } => change(
            conn,
            "UPDATE refresh_tokens SET used_at = ?3, idle_expires = min(?4, absolute_expires)
            WHERE hash = ?1 AND consumed_at IS NULL AND idle_expires > ?3 AND absolute_expires > ?3
                AND EXISTS (SELECT 1 FROM grants WHERE id = grant_id AND client_id = ?2 AND ended_at IS NULL)",
            params![presented, client_id, now, idle_expires.0],
        )?,
    };
    if used == 0 {
        return Ok(None);
    }
    first(
        conn,
        r#"SELECT hash AS "refresh_tokens.hash", grant_id AS "refresh_tokens.grant_id",
            absolute_expires AS "refresh_tokens.absolute_expires"
        FROM refresh_tokens WHERE hash = ?1"#,
        [presented],
        |row| {
            Ok(Family {
                grant: GrantId(row.uuid("refresh_tokens.grant_id")?),
                absolute_expires: row.time("refresh_tokens.absolute_expires")?,
            })
        },
    )
}

fn insert_successor(
    conn: &Connection,
    family: Family,
    now: Timestamp,
    successor: SecretHash,
    idle_expires: Timestamp,
) -> Result<()> {
    let token = NewRefreshToken { hash: successor, idle_expires, absolute_expires: family.absolute_expires };
    insert_refresh(conn, family.grant, &token, now)
}

fn refused(conn: &Connection, rotate: &Rotate) -> Result<Rotation> {
    let Some(stored) = stored(conn, rotate.presented)? else { return Ok(Rotation::Unknown) };
    let Stored { record, consumption } = stored;
    let now = rotate.now;
    if record.grant.client_id != rotate.client_id {
        return Ok(Rotation::WrongClient);
    }
    if record.grant.ended_at.is_some() {
        return Ok(Rotation::Ended);
    }
    if let Some(consumption) = consumption {
        return consumed(conn, &record, consumption, rotate);
    }
    if record.idle_expires.has_passed(now) || record.absolute_expires.has_passed(now) {
        return Ok(Rotation::Expired);
    }
    Err(StoreError::Busy) // it changed between the two statements: only where writers are not queued
}

fn consumed(
    conn: &Connection,
    record: &RefreshTokenRecord,
    consumption: Consumption,
    rotate: &Rotate,
) -> Result<Rotation> {
    let now = rotate.now;
    if record.absolute_expires.has_passed(now) {
        return Ok(Rotation::Expired);
    }
    let in_grace = !consumption.at.plus(rotate.grace).has_passed(now);
    match (&rotate.renewal, consumption.rotated_to) {
        (Renewal::Rotate { successor, idle_expires }, Some(unused)) if in_grace => {
            if supersede(conn, rotate, unused, *successor)? {
                let family = Family { grant: record.grant.id, absolute_expires: record.absolute_expires };
                insert_successor(conn, family, now, *successor, *idle_expires)?;
                insert_access(conn, family.grant, &rotate.access, now)?;
                keep_for(conn, family, &rotate.access)?;
                return Ok(Rotation::GraceReuse);
            }
        }
        // The loser of a race within the grace, or a client that has just stopped rotating.
        (Renewal::Rotate { .. }, None) | (Renewal::Keep { .. }, _) if in_grace => {
            return Ok(Rotation::Superseded);
        }
        (Renewal::Rotate { .. } | Renewal::Keep { .. }, _) => {}
    }
    let grant = record.grant.id;
    end_grant(conn, grant, GrantEnd::RefreshReuse, now)?;
    Ok(Rotation::Reuse { grant })
}

/// Kills the successor of the presented token, if it was never used, in favour of a new one.
fn supersede(conn: &Connection, rotate: &Rotate, unused: SecretHash, successor: SecretHash) -> Result<bool> {
    let killed = change(
        conn,
        "UPDATE refresh_tokens SET consumed_at = ?2, consumed_as = 'superseded', successor = ?3
        WHERE hash = ?1 AND consumed_at IS NULL AND used_at IS NULL",
        params![unused.0, rotate.now.0, successor.0],
    )?;
    if killed == 1 {
        change(
            conn,
            "UPDATE refresh_tokens SET successor = ?3 WHERE hash = ?1 AND successor = ?2",
            params![rotate.presented.0, unused.0, successor.0],
        )?;
    }
    Ok(killed == 1)
}

/// A refresh token with what only the rotation needs to know.
struct Stored {
    record: RefreshTokenRecord,
    consumption: Option<Consumption>,
}

#[derive(Clone, Copy)]
struct Consumption {
    at: Timestamp,
    /// The successor, if it was used; `None` if it died unused.
    rotated_to: Option<SecretHash>,
}

fn stored(conn: &Connection, hash: SecretHash) -> Result<Option<Stored>> {
    first(conn, r#"SELECT * FROM refresh_token_details WHERE "refresh_tokens.hash" = ?1"#, [hash.0], |row| {
        let created = row.time("refresh_tokens.created")?;
        let idle_expires = row.time("refresh_tokens.idle_expires")?;
        let absolute_expires = row.time("refresh_tokens.absolute_expires")?;
        let consumed_at = row.time_opt("refresh_tokens.consumed_at")?;
        let consumption = consumed_at.map(|at| consumption(row, at)).transpose()?;
        let grant = row.grant()?;
        let record = RefreshTokenRecord { grant, created, idle_expires, absolute_expires, consumed_at };
        Ok(Stored { record, consumption })
    })
}

fn consumption(row: &Fields<'_>, at: Timestamp) -> Result<Consumption> {
    let word: String = row.get("refresh_tokens.consumed_as")?;
    let rotated_to = match word.as_str() {
        "rotated" => Some(row.hash("refresh_tokens.successor")?),
        "superseded" => None,
        _ => return Err(row.inconsistent("refresh_tokens.consumed_as", format!("unknown word {word}"))),
    };
    Ok(Consumption { at, rotated_to })
}
