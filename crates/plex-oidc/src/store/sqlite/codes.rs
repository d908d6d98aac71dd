//! Authorization codes.

use plex_oidc_core::id::{ClientId, GrantId};
use plex_oidc_core::pkce::CodeChallenge;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, change, first};
use super::writer::Durability;
use super::{devices, gateway, logout, pushed, tokens};
use crate::store::records::{
    Answers, CodeRecord, GrantEnd, NewCode, NewGrant, RedeemCode, RedeemHandover, Redemption,
};
use crate::store::{CODE_FAILURES, CODE_MEMORY, DOUBLE_SUBMIT, StoreError};

pub(super) fn issue(conn: &Connection, code: &NewCode, now: Timestamp) -> Result<bool> {
    let alive = first(
        conn,
        "SELECT 1 FROM browser_sessions
        WHERE sid = ?1 AND account_id = ?2 AND idle_expires > ?3 AND absolute_expires > ?3",
        params![code.grant.sid.0.as_bytes(), account_param(code.grant.account_id)?, now.0],
        |_| Ok(()),
    )?;
    if alive.is_none() || !use_up(conn, code, now)? {
        return Ok(false);
    }
    insert(conn, code)?;
    Ok(true)
}

/// Uses up the request that a code answers, if it can be answered but once. `false`: it was answered before, or is over.
pub(super) fn use_up(conn: &Connection, code: &NewCode, now: Timestamp) -> Result<bool> {
    match code.answers {
        Answers::Browser => Ok(true),
        Answers::Pushed(hash) => pushed::spend(conn, hash),
        Answers::Device => devices::approve(conn, code.hash, &code.grant.client_id, now),
    }
}

pub(super) fn insert(conn: &Connection, code: &NewCode) -> Result<()> {
    let grant = &code.grant;
    change(
        conn,
        "INSERT INTO grants
            (id, client_id, account_id, sid, scopes, auth_time, created, plex_token_sealed, keep_until,
                code_hash, redirect_uri, code_challenge, nonce, code_expires, requested_claims, resources, browser_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
            (SELECT browser_id FROM browser_sessions WHERE sid = ?4))",
        params![
            code.grant_id().0.as_bytes(),
            grant.client_id.as_str(),
            account_param(grant.account_id)?,
            grant.sid.0.as_bytes(),
            grant.scopes.to_string(),
            grant.auth_time.0,
            grant.created.0,
            grant.plex_token_sealed.as_ref().map(|sealed| &sealed.0),
            code.expires.plus(CODE_MEMORY).0,
            code.hash.0,
            code.redirect_uri,
            code.code_challenge.as_ref().map(CodeChallenge::as_str),
            code.nonce,
            code.expires.0,
            requested_claims(grant)?,
            grant.resources.to_string()
        ],
    )?;
    Ok(())
}

fn requested_claims(grant: &NewGrant) -> Result<Option<String>> {
    let claims = Some(&grant.requested_claims).filter(|claims| !claims.is_empty());
    let text = claims.map(serde_json::to_string).transpose();
    text.map_err(|_| StoreError::OutOfRange { what: "the requested claims" })
}

pub(super) fn code(conn: &Connection, hash: SecretHash) -> Result<Option<CodeRecord>> {
    first(
        conn,
        r#"SELECT * FROM grant_details WHERE "grants.id" = ?1 AND "grants.code_hash" = ?2"#,
        params![GrantId::of_code(hash).0.as_bytes(), hash.0],
        record,
    )
}

pub(super) fn record_failure(conn: &Connection, hash: SecretHash, client_id: &ClientId) -> Result<bool> {
    let failures = first(
        conn,
        r#"UPDATE grants SET code_failures = code_failures + 1
        WHERE id = ?1 AND code_hash = ?2 AND client_id = ?3 AND redeemed_at IS NULL AND code_failures < ?4
        RETURNING id AS "grants.id", code_failures AS "grants.code_failures""#,
        params![GrantId::of_code(hash).0.as_bytes(), hash.0, client_id.as_str(), CODE_FAILURES],
        |row| row.get::<u32>("grants.code_failures"),
    )?;
    Ok(failures == Some(CODE_FAILURES))
}

/// An access token alone may be forgotten: its client asks again, and the code that it came from is void when the database is opened
/// anew. What is for offline access may not, nor who is to be told of a sign-out; nor that a code without PKCE, redeemed twice, ended
/// its grant.
pub(super) const fn durability(redeem: &RedeemCode) -> Durability {
    if redeem.refresh.is_some() || redeem.tell_of_logout || !redeem.with_challenge {
        Durability::OnDisk
    } else {
        Durability::MayBeForgotten
    }
}

pub(super) fn redeem(conn: &Connection, redeem: &RedeemCode) -> Result<Redemption> {
    let now = redeem.now;
    let keep_until = redeem
        .refresh
        .as_ref()
        .map_or(redeem.access.expires, |refresh| refresh.absolute_expires.max(redeem.access.expires));
    let given = Given { keep_until, offline: redeem.refresh.is_some() };
    let presented = Presented { hash: redeem.hash, client_id: &redeem.client_id, now };
    redeem_once(conn, presented, given, |grant| {
        if redeem.tell_of_logout {
            logout::remember(conn, grant, now)?;
        }
        tokens::insert_access(conn, grant, &redeem.access, now)?;
        redeem.refresh.as_ref().map_or(Ok(()), |refresh| tokens::insert_refresh(conn, grant, refresh, now))
    })
}

pub(super) fn redeem_handover(conn: &Connection, redeem: &RedeemHandover) -> Result<Redemption> {
    let now = redeem.now;
    let presented = Presented { hash: redeem.hash, client_id: &redeem.client_id, now };
    let given = Given { keep_until: redeem.session.absolute_expires, offline: false };
    redeem_once(conn, presented, given, |grant| {
        gateway::end_older(conn, grant, &redeem.session.scope, now)?;
        gateway::insert(conn, grant, &redeem.session, now)
    })
}

/// A code as it was presented, and by whom.
#[derive(Clone, Copy)]
struct Presented<'a> {
    hash: SecretHash,
    client_id: &'a ClientId,
    now: Timestamp,
}

/// What the holder of a code is given for it.
#[derive(Clone, Copy)]
struct Given {
    /// How long the last of it lives.
    keep_until: Timestamp,
    /// Whether it outlives the browser session.
    offline: bool,
}

/// Redeems a code once. `store` writes down what its holder is given for it.
fn redeem_once(
    conn: &Connection,
    presented: Presented<'_>,
    given: Given,
    store: impl FnOnce(GrantId) -> Result<()>,
) -> Result<Redemption> {
    let grant = GrantId::of_code(presented.hash);
    let redeemed = change(
        conn,
        "UPDATE grants SET redeemed_at = ?4, keep_until = max(keep_until, ?6), offline = ?7
        WHERE id = ?1 AND code_hash = ?2 AND client_id = ?3 AND redeemed_at IS NULL AND code_expires > ?4
            AND code_failures < ?5 AND ended_at IS NULL",
        params![
            grant.0.as_bytes(),
            presented.hash.0,
            presented.client_id.as_str(),
            presented.now.0,
            CODE_FAILURES,
            given.keep_until.0,
            given.offline
        ],
    )?;
    if redeemed == 0 {
        return refused(conn, presented);
    }
    store(grant)?;
    Ok(Redemption::Redeemed)
}

fn refused(conn: &Connection, presented: Presented<'_>) -> Result<Redemption> {
    let Some(code) = code(conn, presented.hash)? else { return Ok(Redemption::Unknown) };
    let now = presented.now;
    if code.grant.client_id != *presented.client_id {
        return Ok(Redemption::WrongClient);
    }
    if let Some(redeemed_at) = code.redeemed_at {
        // A device asks again and again, so that it may well ask twice at once.
        let may_repeat = code.code_challenge.is_some() || devices::is_one(conn, code.hash)?;
        let double_submit = may_repeat && now.since(redeemed_at) <= i64::from(DOUBLE_SUBMIT.0);
        let grant = code.grant.id;
        let ended = !double_submit && tokens::end_grant(conn, grant, GrantEnd::CodeReuse, now)?;
        return Ok(Redemption::Reuse { grant, ended });
    }
    if code.failures >= CODE_FAILURES {
        return Ok(Redemption::Burned);
    }
    if code.expires.has_passed(now) {
        return Ok(Redemption::Expired);
    }
    if code.grant.ended_at.is_some() {
        return Ok(Redemption::Ended);
    }
    Err(StoreError::Busy) // it changed between the two statements: only where writers are not queued
}

/// Makes all codes void that are not known to be redeemed. In the usual case there is none, and nothing is written.
pub(super) fn void_all(conn: &Connection) -> Result<usize> {
    change(conn, "UPDATE grants SET code_expires = 0 WHERE redeemed_at IS NULL AND code_expires > 0", [])
}

fn record(row: &Fields<'_>) -> Result<CodeRecord> {
    Ok(CodeRecord {
        hash: row.hash("grants.code_hash")?,
        redirect_uri: row.get("grants.redirect_uri")?,
        code_challenge: row.parsed_opt("grants.code_challenge", CodeChallenge::parse)?,
        nonce: row.get("grants.nonce")?,
        expires: row.time("grants.code_expires")?,
        failures: row.get("grants.code_failures")?,
        redeemed_at: row.time_opt("grants.redeemed_at")?,
        grant: row.grant()?,
    })
}
