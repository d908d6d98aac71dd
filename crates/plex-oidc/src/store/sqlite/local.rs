//! Local accounts. What one says about its person stands in `users`; both are written together.

use std::collections::{BTreeMap, BTreeSet};

use plex_oidc_core::decide::Standing;
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, LocalAccountId};
use plex_oidc_core::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::rows::{Fields, Result, account_param, all, change, first};
use super::{logout, marks, users};
use crate::store::StoreError;
use crate::store::records::{
    Declared, Ends, GrantEnd, LocalAccount, LocalPut, PutLocalAccount, SignInName, UserRecord,
};

fn read(row: &Fields<'_>) -> Result<LocalAccount> {
    Ok(LocalAccount {
        username: row.get("local_accounts.username")?,
        email: row.get("local_accounts.email")?,
        password_hash: row.get("local_accounts.password_hash")?,
        declared: row.get("local_accounts.declared")?,
        user: row.user()?,
    })
}

pub(super) fn by_name(conn: &Connection, name: &SignInName) -> Result<Option<LocalAccount>> {
    let (sql, text) = match name {
        SignInName::Username(text) => {
            (r#"SELECT * FROM local_account_details WHERE "local_accounts.username" = ?1"#, text)
        }
        SignInName::Email(text) => {
            (r#"SELECT * FROM local_account_details WHERE "local_accounts.email" = ?1"#, text)
        }
    };
    first(conn, sql, [text], read)
}

fn by_id(conn: &Connection, id: AccountId) -> Result<Option<LocalAccount>> {
    let sql = r#"SELECT * FROM local_account_details WHERE "users.account_id" = ?1"#;
    first(conn, sql, [account_param(id)?], read)
}

pub(super) fn list(conn: &Connection) -> Result<Vec<LocalAccount>> {
    all(conn, r#"SELECT * FROM local_account_details ORDER BY "local_accounts.username""#, [], read)
}

/// The groups of a person, as the index has them. Of one that cannot be read there are none: that is for whoever needs that account.
const GROUPS: &str = "CASE WHEN json_valid(person) THEN json_extract(person, '$.groups') END";

/// The accounts themselves are read only where there is something: there may be thousands, and every start asks.
pub(super) fn beyond(conn: &Connection, groups: &[Group]) -> Result<Vec<LocalAccount>> {
    let known: Vec<&str> = groups.iter().map(Group::as_str).collect();
    let sets = all(
        conn,
        &format!(r#"SELECT DISTINCT {GROUPS} AS "users.groups" FROM users WHERE account_id < 0"#),
        [],
        |row| Ok(if let Value::Text(set) = row.get("users.groups")? { Some(set) } else { None }),
    )?;
    let is_beyond = |set: &String| {
        let names: Vec<String> = serde_json::from_str(set).unwrap_or_default();
        names.iter().any(|name| !known.contains(&name.as_str()))
    };
    let mut found = Vec::new();
    for set in sets.into_iter().flatten().filter(is_beyond) {
        let sql = format!(
            r#"SELECT account_id AS "users.account_id" FROM users WHERE account_id < 0 AND {GROUPS} = ?1"#
        );
        for id in all(conn, &sql, [set], |row| row.account_id("users.account_id"))? {
            found.extend(by_id(conn, id)?.filter(|account| !account.declared));
        }
    }
    found.sort_by(|one, other| one.username.cmp(&other.username));
    Ok(found)
}

pub(super) fn put(conn: &Connection, put: &PutLocalAccount) -> Result<LocalPut> {
    let id = put.after.user.account_id();
    let there = by_id(conn, id)?;
    if there != put.before {
        return Ok(if put.before.is_none() { LocalPut::Taken } else { LocalPut::Changed });
    }
    if there.is_none() && users::user(conn, id)?.is_some() {
        return Ok(LocalPut::Taken);
    }
    if is_taken(conn, &put.after)? {
        return Ok(LocalPut::Taken);
    }
    end(conn, id, put.ends, put.now)?;
    write(conn, &put.after)?;
    Ok(LocalPut::Stored)
}

/// Whether another account has the name or the address.
fn is_taken(conn: &Connection, account: &LocalAccount) -> Result<bool> {
    let found = first(
        conn,
        "SELECT 1 FROM local_accounts WHERE account_id <> ?1 AND (username = ?2 OR email = ?3)",
        params![account_param(account.user.account_id())?, account.username, account.email],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

fn write(conn: &Connection, account: &LocalAccount) -> Result<()> {
    let UserRecord { person, updated } = &account.user;
    let id = account_param(account.user.account_id())?;
    let person = serde_json::to_string(person).map_err(|_| StoreError::OutOfRange { what: "the person" })?;
    change(
        conn,
        "INSERT INTO users (account_id, person, updated) VALUES (?1, ?2, ?3)
        ON CONFLICT (account_id) DO UPDATE SET person = excluded.person, updated = excluded.updated",
        params![id, person, updated.0],
    )?;
    change(
        conn,
        "INSERT INTO local_accounts (account_id, username, email, password_hash, declared)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (account_id) DO UPDATE SET username = excluded.username, email = excluded.email,
            password_hash = excluded.password_hash, declared = excluded.declared",
        params![id, account.username, account.email, account.password_hash, account.declared],
    )?;
    Ok(())
}

fn end(conn: &Connection, id: AccountId, ends: Ends, now: Timestamp) -> Result<()> {
    match ends {
        Ends::Nothing => {}
        Ends::SignIns => users::end_sessions(conn, id, GrantEnd::AccessEnded, now).map(drop)?,
        Ends::Access => users::end_access(conn, id, now).map(drop)?,
    }
    Ok(())
}

/// Removes an account that the configuration does not declare, and everything that hangs on it.
pub(super) fn remove(conn: &Connection, id: LocalAccountId, now: Timestamp) -> Result<bool> {
    let id = AccountId::Local(id);
    let is_kept = "SELECT 1 FROM local_accounts WHERE account_id = ?1 AND declared = 0";
    if first(conn, is_kept, [account_param(id)?], |_| Ok(()))?.is_none() {
        return Ok(false);
    }
    forget(conn, id, now)?;
    Ok(true)
}

/// Removes a person with everything that hangs on one; the clients are told.
fn forget(conn: &Connection, id: AccountId, now: Timestamp) -> Result<()> {
    logout::all_sessions_ended(conn, id, now)?;
    marks::forget(conn, id)?;
    change(conn, "DELETE FROM users WHERE account_id = ?1", [account_param(id)?])?;
    Ok(())
}

/// Makes the declared accounts those of the configuration.
pub(super) fn declare(conn: &Connection, declared: &[LocalAccount], now: Timestamp) -> Result<Declared> {
    let sql = r#"SELECT * FROM local_account_details WHERE "local_accounts.declared" = 1"#;
    let there = all(conn, sql, [], read)?.into_iter().map(|account| (account.user.account_id(), account));
    let there: BTreeMap<AccountId, LocalAccount> = there.collect();
    let changed: Vec<&LocalAccount> = declared
        .iter()
        .filter(|new| !there.get(&new.user.account_id()).is_some_and(|old| is_same(old, new)))
        .collect();
    for new in &changed {
        if let Some(taken) = kept_with_name_of(conn, new)? {
            return Ok(Declared::Taken(taken));
        }
    }
    let stay: BTreeSet<AccountId> = declared.iter().map(|new| new.user.account_id()).collect();
    let gone: Vec<AccountId> = there.keys().filter(|id| !stay.contains(id)).copied().collect();
    for id in &gone {
        forget(conn, *id, now)?;
    }
    // Two may have exchanged their names: all of them are free before the first is written.
    for new in &changed {
        let id = new.user.account_id();
        change(conn, "DELETE FROM local_accounts WHERE account_id = ?1", [account_param(id)?])?;
        end(conn, id, what_ends(there.get(&id), new), now)?;
    }
    for new in &changed {
        write(conn, new)?;
    }
    Ok(Declared::Stored { written: changed.len(), removed: gone.len() })
}

/// Whether nothing but the time differs.
fn is_same(old: &LocalAccount, new: &LocalAccount) -> bool {
    let mut again = new.clone();
    again.user.updated = old.user.updated;
    again.user.person.marks = old.user.person.marks.clone();
    if let (Some(ours), Some(theirs)) =
        (&mut again.user.person.account.profile, &old.user.person.account.profile)
    {
        ours.updated_at = theirs.updated_at;
    }
    again == *old
}

fn what_ends(old: Option<&LocalAccount>, new: &LocalAccount) -> Ends {
    match old {
        _ if new.user.person.standing == Standing::Ended => Ends::Access,
        Some(old) if old.password_hash != new.password_hash => Ends::SignIns,
        Some(_) | None => Ends::Nothing,
    }
}

/// The account that the store keeps and that has the name, the address or the number of a declared one.
fn kept_with_name_of(conn: &Connection, new: &LocalAccount) -> Result<Option<LocalAccountId>> {
    let id = new.user.account_id();
    let found = first(
        conn,
        "SELECT 1 FROM local_accounts WHERE declared = 0 AND (account_id = ?1 OR username = ?2 OR email = ?3)",
        params![account_param(id)?, new.username, new.email],
        |_| Ok(()),
    )?;
    Ok(match (found, id) {
        (Some(()), AccountId::Local(id)) => Some(id),
        _ => None,
    })
}

/// Whether `id` could sign in at this moment with the password of this hash.
pub(super) fn can_sign_in(conn: &Connection, id: AccountId, password_hash: &str) -> Result<bool> {
    let account = by_id(conn, id)?;
    Ok(account.is_some_and(|account| {
        account.password_hash.as_deref() == Some(password_hash)
            && account.user.person.standing == Standing::Kept
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::opening::migrate;

    #[test]
    fn the_groups_of_all_are_read_from_their_index_alone() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, std::path::Path::new("in memory")).unwrap();
        let plan = |sql: &str| {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            conn.query_row(&sql, [], |row| row.get::<_, String>(3)).unwrap()
        };
        let sets = plan(&format!("SELECT DISTINCT {GROUPS} FROM users WHERE account_id < 0"));
        assert_eq!(sets, "SCAN users USING COVERING INDEX users_groups_of_local_accounts");
        let some = plan(&format!("SELECT account_id FROM users WHERE account_id < 0 AND {GROUPS} = '[]'"));
        assert!(
            some.starts_with("SEARCH users USING COVERING INDEX users_groups_of_local_accounts"),
            "{some}"
        );
    }
}
