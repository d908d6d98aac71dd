//! Sign-in attempts and their PINs.

use plex_oidc_core::id::{AccountId, RequestId};
use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};
use secrecy::{ExposeSecret, SecretString};

use super::rows::{Fields, Result, change, first, pin_param};
use super::{browsers, codes, local, marks, plex_tokens, sessions, users};
use crate::store::records::{
    AdoptedPin, Adoption, Answers, Finish, FinishLogin, FinishedBy, Login, LoginState, NewBrowserSession,
    NewLogin, RefusedAt, SealedBytes,
};
use crate::store::{PIN_MEMORY, StoreError};

pub(super) fn begin(conn: &Connection, login: &NewLogin) -> Result<()> {
    change(
        conn,
        "INSERT INTO logins (id, cookie_hash, request, client_id, created, expires, state)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'started')",
        params![
            login.id.0.as_bytes(),
            login.cookie_hash.0,
            login.request_json,
            login.client_id.as_str(),
            login.created.0,
            login.expires.0
        ],
    )?;
    Ok(())
}

pub(super) fn login(conn: &Connection, id: RequestId, now: Timestamp) -> Result<Option<Login>> {
    first(
        conn,
        r#"SELECT id AS "logins.id", cookie_hash AS "logins.cookie_hash", request AS "logins.request",
            client_id AS "logins.client_id", created AS "logins.created", expires AS "logins.expires",
            state AS "logins.state", pin_id AS "logins.pin_id", pin_code AS "logins.pin_code",
            pin_mode AS "logins.pin_mode", pin_expires AS "logins.pin_expires",
            plex_token_sealed AS "logins.plex_token_sealed", reason AS "logins.reason"
        FROM logins WHERE id = ?1 AND expires > ?2"#,
        params![id.0.as_bytes(), now.0],
        |row| {
            Ok(Login {
                id: RequestId(row.uuid("logins.id")?),
                cookie_hash: row.hash("logins.cookie_hash")?,
                request_json: row.get("logins.request")?,
                client_id: row.client_id("logins.client_id")?,
                created: row.time("logins.created")?,
                expires: row.time("logins.expires")?,
                state: state(row)?,
            })
        },
    )
}

fn state(row: &Fields<'_>) -> Result<LoginState> {
    let word: String = row.get("logins.state")?;
    Ok(match word.as_str() {
        "started" => LoginState::Started,
        "pin_adopted" => LoginState::PinAdopted(AdoptedPin {
            id: row.number("logins.pin_id")?,
            code: SecretString::from(row.get::<String>("logins.pin_code")?),
            mode: row.get("logins.pin_mode")?,
            expires: row.time("logins.pin_expires")?,
        }),
        "approved" => LoginState::Approved {
            pin_id: row.number("logins.pin_id")?,
            plex_token_sealed: SealedBytes(row.get("logins.plex_token_sealed")?),
        },
        "finished" => LoginState::Finished,
        "refused" => LoginState::Refused { reason: row.get("logins.reason")? },
        "cancelled" => LoginState::Cancelled,
        _ => return Err(row.inconsistent("logins.state", format!("unknown state {word}"))),
    })
}

pub(super) fn adopt_pin(
    conn: &Connection,
    id: RequestId,
    pin: &AdoptedPin,
    now: Timestamp,
) -> Result<Adoption> {
    let pin_id = pin_param(pin.id)?;
    let adopted = change(
        conn,
        "UPDATE logins SET state = 'pin_adopted', pin_id = ?2, pin_code = ?3, pin_mode = ?4, pin_expires = ?5
        WHERE id = ?1 AND state = 'started' AND expires > ?6
            AND NOT EXISTS (SELECT 1 FROM adopted_pins WHERE pin_id = ?2)",
        params![id.0.as_bytes(), pin_id, pin.code.expose_secret(), pin.mode, pin.expires.0, now.0],
    )?;
    if adopted == 1 {
        change(
            conn,
            "INSERT INTO adopted_pins (pin_id, login_id, keep_until) VALUES (?1, ?2, ?3)",
            params![pin_id, id.0.as_bytes(), now.plus(PIN_MEMORY).0],
        )?;
        return Ok(Adoption::Adopted);
    }
    why_not_adopted(conn, id, pin_id, now)
}

fn why_not_adopted(conn: &Connection, id: RequestId, pin_id: i64, now: Timestamp) -> Result<Adoption> {
    let current = first(
        conn,
        r#"SELECT id AS "logins.id", pin_id AS "logins.pin_id" FROM logins
        WHERE id = ?1 AND expires > ?2 AND state IN ('pin_adopted', 'approved')"#,
        params![id.0.as_bytes(), now.0],
        |row| row.get::<Option<i64>>("logins.pin_id"),
    )?;
    if current.flatten() == Some(pin_id) {
        return Ok(Adoption::AlreadyYours);
    }
    let burned = first(conn, "SELECT 1 FROM adopted_pins WHERE pin_id = ?1", [pin_id], |_| Ok(()))?;
    Ok(if burned.is_some() { Adoption::AlreadyAdopted } else { Adoption::WrongState })
}

pub(super) fn approve(
    conn: &Connection,
    id: RequestId,
    pin_id: u64,
    token: &SealedBytes,
    now: Timestamp,
) -> Result<bool> {
    let approved = change(
        conn,
        "UPDATE logins SET state = 'approved', plex_token_sealed = ?3, pin_code = NULL
        WHERE id = ?1 AND state = 'pin_adopted' AND pin_id = ?2 AND expires > ?4",
        params![id.0.as_bytes(), pin_param(pin_id)?, token.0, now.0],
    )?;
    Ok(approved == 1)
}

pub(super) fn refuse(
    conn: &Connection,
    id: RequestId,
    at: RefusedAt,
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let (state, pin_id) = match at {
        RefusedAt::Start => ("started", None),
        RefusedAt::Pin(pin_id) => ("pin_adopted", Some(pin_param(pin_id)?)),
        RefusedAt::Approval(pin_id) => ("approved", Some(pin_param(pin_id)?)),
    };
    let refused = change(
        conn,
        "UPDATE logins SET state = 'refused', reason = ?2, pin_id = NULL, pin_code = NULL, pin_mode = NULL,
            pin_expires = NULL, plex_token_sealed = NULL
        WHERE id = ?1 AND state = ?3 AND pin_id IS ?4 AND expires > ?5",
        params![id.0.as_bytes(), reason, state, pin_id, now.0],
    )?;
    Ok(refused == 1)
}

pub(super) fn restart(conn: &Connection, id: RequestId, now: Timestamp) -> Result<bool> {
    leave(conn, id, "started", now)
}

pub(super) fn cancel(conn: &Connection, id: RequestId, now: Timestamp) -> Result<bool> {
    leave(conn, id, "cancelled", now)
}

/// Leaves whatever state is not final, because the visitor says so, and forgets PIN and token.
fn leave(conn: &Connection, id: RequestId, to: &str, now: Timestamp) -> Result<bool> {
    let left = change(
        conn,
        "UPDATE logins SET state = ?2, reason = NULL, pin_id = NULL, pin_code = NULL, pin_mode = NULL,
            pin_expires = NULL, plex_token_sealed = NULL
        WHERE id = ?1 AND state IN ('started', 'pin_adopted', 'approved', 'refused') AND expires > ?3",
        params![id.0.as_bytes(), to, now.0],
    )?;
    Ok(left == 1)
}

pub(super) fn finish(conn: &Connection, finish: &FinishLogin) -> Result<Finish> {
    let now = finish.now;
    let person = &finish.user.person;
    if !person.marks.blocked && marks::marks(conn, finish.user.account_id())?.blocked {
        return Ok(Finish::WrongState); // blocked since this person was judged
    }
    let is_as_judged =
        |new: &NewBrowserSession| browsers::is_as_judged(conn, new.account_id, &new.browser, now);
    if !finish.session.as_ref().map_or(Ok(true), is_as_judged)? {
        return Ok(Finish::WrongState); // disowned since then
    }
    if !take(conn, finish)? {
        let done = first(
            conn,
            "SELECT 1 FROM logins WHERE id = ?1 AND state = 'finished'",
            [finish.id.0.as_bytes()],
            |_| Ok(()),
        )?;
        return Ok(if done.is_some() { Finish::AlreadyFinished } else { Finish::WrongState });
    }
    if matches!(finish.user.account_id(), AccountId::Plex(_)) {
        users::put(conn, &finish.user)?;
    }
    if let Some(session) = &finish.session {
        browsers::meet(conn, session.account_id, (&session.browser, &session.from), now)?;
    }
    if let Some((hash, _)) = finish.replaced_session {
        sessions::replace(conn, hash, finish.session.as_ref(), now)?;
    }
    if let Some(session) = &finish.session {
        sessions::insert(conn, session)?;
        if let Some(token) = &finish.plex_token {
            plex_tokens::keep(conn, session.account_id, token)?;
        }
    }
    if let Some(code) = &finish.code {
        if !codes::use_up(conn, code, now)? {
            return Err(StoreError::Busy); // it was there a statement ago: only where writers are not queued
        }
        codes::insert(conn, code)?;
    }
    Ok(Finish::Finished)
}

/// Moves the attempt to its final state, if it is in the one that `finish` names, if the browser session on which the code
/// relies, or which goes on under a new secret, is alive, and if the request that it answers is there to be answered.
fn take(conn: &Connection, finish: &FinishLogin) -> Result<bool> {
    let pin_id = match &finish.by {
        FinishedBy::Pin(pin_id) => Some(pin_param(*pin_id)?),
        FinishedBy::BrowserSession => None,
        FinishedBy::Password(hash) if local::can_sign_in(conn, finish.user.account_id(), hash)? => None,
        FinishedBy::Password(_) => return Ok(false),
    };
    let relied_on = match (&finish.session, &finish.code) {
        (None, Some(code)) => Some(code.grant.sid),
        (Some(new), _) => finish.replaced_session.map(|(_, sid)| sid).filter(|sid| *sid == new.sid),
        (None, None) => None,
    };
    let (pushed, device) = match finish.code.as_ref().map(|code| (code.answers, code.hash)) {
        Some((Answers::Pushed(hash), _)) => (Some(hash), None),
        Some((Answers::Device, hash)) => (None, Some(hash)),
        Some((Answers::Browser, _)) | None => (None, None),
    };
    let taken = change(
        conn,
        "UPDATE logins SET state = 'finished', pin_code = NULL, plex_token_sealed = NULL
        WHERE id = ?1 AND expires > ?2
            AND CASE WHEN ?3 IS NULL THEN state = 'started'
                ELSE state IN ('pin_adopted', 'approved') AND pin_id = ?3 END
            AND (?4 IS NULL OR EXISTS (
                SELECT 1 FROM browser_sessions WHERE sid = ?4 AND idle_expires > ?2 AND absolute_expires > ?2))
            AND (?5 IS NULL OR EXISTS (SELECT 1 FROM pushed_requests WHERE hash = ?5))
            AND (?6 IS NULL OR EXISTS (
                SELECT 1 FROM device_requests WHERE hash = ?6 AND state = 'pending' AND expires > ?2))",
        params![
            finish.id.0.as_bytes(),
            finish.now.0,
            pin_id,
            relied_on.map(|sid| *sid.0.as_bytes()),
            pushed.map(|hash| hash.0),
            device.map(|hash| hash.0)
        ],
    )?;
    Ok(taken == 1)
}
