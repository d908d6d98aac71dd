//! The store's conformance suite on SQLite, and what only SQLite promises.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::super::{HostStore as _, Store as _};
use super::*;
use crate::store::StoreError;
use crate::store::conformance::{self, Shared, T0};
use crate::store::records::Question;

/// Levels of `PRAGMA synchronous`.
pub(super) const NORMAL: u8 = 1;
pub(super) const FULL: u8 = 2;

pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("plex-oidc.db")
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).unwrap()
    }
}

/// A write that has begun and keeps the writer until it is let go.
pub(super) fn hold_up(store: &SqliteStore) -> (Answer<'_, ()>, std::sync::mpsc::Sender<()>) {
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel();
    let mut held = store.write(move |_| {
        begun.send(()).unwrap();
        wait.recv().unwrap();
        Ok(())
    });
    assert!(futures_util::FutureExt::now_or_never(&mut held).is_none());
    has_begun.recv().unwrap();
    (held, go)
}

/// Runs one rule of the suite on a fresh database.
pub(super) async fn check(rule: impl AsyncFnOnce(&Shared)) {
    let folder = Folder::new();
    let store: Shared = Arc::new(folder.open());
    rule(&store).await;
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_reopened_database_has_what_was_written() {
    let folder = Folder::new();
    let first: Shared = Arc::new(folder.open());
    let name = first.installation("first").await.unwrap();
    let (_, redeem) = conformance::redeemed(&first).await;
    drop(first);
    let second = folder.open();
    assert_eq!(second.installation("second").await.unwrap(), name);
    assert!(second.access_token(redeem.access.hash, T0).await.unwrap().is_some());
}

#[tokio::test]
#[expect(
    clippy::used_underscore_binding,
    reason = "the program only holds the lock; what a child inherits is made here"
)]
async fn i_18_a_closed_store_keeps_nobody_out_though_a_child_inherited_its_lock() {
    let folder = Folder::new();
    let first = folder.open();
    let inherited = first._lock.as_ref().unwrap().0.try_clone().unwrap();
    drop(first);
    folder.open();
    drop(inherited);
}

#[tokio::test]
async fn i_18_a_second_process_is_kept_out() {
    let folder = Folder::new();
    let first = folder.open();
    let Err(error) = SqliteStore::open(&folder.path()) else { panic!("opened twice") };
    assert!(matches!(error, StoreError::InUse { .. }));
    let lock_file = folder.path().with_extension("db.lock");
    assert!(error.to_string().contains(&lock_file.display().to_string()), "{error}");
    first.ping().await.unwrap();
    drop(first);
    folder.open().ping().await.unwrap();
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let path = Folder::new().0.path().join("missing").join("plex-oidc.db");
    let Err(error) = SqliteStore::open(&path) else { panic!("opened") };
    assert!(
        matches!(&error, StoreError::Open { path: named, .. } if named.starts_with(path.parent().unwrap()))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = folder.open();
    store.installation("x").await.unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.0.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
        seen += 1;
    }
    assert_eq!(seen, 4); // database, -wal, -shm, lock
}

#[tokio::test]
async fn durability_is_switched_on() {
    let folder = Folder::new();
    let store = folder.open();
    let settings = store.write(|conn| {
        let text = |name| conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        Ok([text("journal_mode")?, text("synchronous")?, text("foreign_keys")?])
    });
    let [journal, synchronous, foreign_keys] = settings.await.unwrap();
    assert_eq!(journal, rusqlite::types::Value::Text("wal".to_owned()));
    assert_eq!(synchronous, rusqlite::types::Value::Integer(FULL.into()));
    assert_eq!(foreign_keys, rusqlite::types::Value::Integer(1));
}

#[tokio::test]
async fn i_02_a_write_waits_for_the_disk_unless_nothing_in_its_group_has_to() {
    let folder = Folder::new();
    let store = folder.open();
    let level =
        |conn: &Connection| Ok(conn.pragma_query_value(None, "synchronous", |row| row.get::<_, u8>(0))?);
    assert_eq!(store.write(level).await.unwrap(), FULL);
    assert_eq!(store.write_forgettable(level).await.unwrap(), NORMAL);
    assert_eq!(store.write(level).await.unwrap(), FULL);
    assert_eq!(store.write_forgettable(level).await.unwrap(), NORMAL);

    // The first holds up the writer until the next two are queued behind it, as one group.
    let (held, go) = hold_up(&store);
    let (first, second) = (store.write_forgettable(level), store.write(level));
    let release = async { go.send(()).unwrap() };
    let (_, first, second, ()) = tokio::join!(held, first, second, release);
    assert_eq!((first.unwrap(), second.unwrap()), (FULL, FULL));
}

/// Whether the writer's thread did it, and after how many pages of log it would have brought that into the database.
fn by_whom(conn: &Connection) -> rows::Result<(bool, u32)> {
    let checkpoint = conn.pragma_query_value(None, "wal_autocheckpoint", |row| row.get(0))?;
    Ok((std::thread::current().name() == Some("store-writer"), checkpoint))
}

#[tokio::test]
async fn what_may_be_forgotten_is_written_in_place_and_never_waits_for_the_disk_there() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(store.write(by_whom).await.unwrap(), (true, 2000));
    for _ in 0..256 {
        assert_eq!(store.write_forgettable(by_whom).await.unwrap(), (false, 0));
    }
    assert_eq!(store.write_forgettable(by_whom).await.unwrap(), (true, 2000), "the log would grow for ever");
    assert_eq!(store.write_forgettable(by_whom).await.unwrap(), (false, 0));
}

#[tokio::test]
async fn what_fails_in_place_is_undone_and_the_next_write_succeeds() {
    let folder = Folder::new();
    let store = folder.open();
    let login = conformance::login();
    store.begin_login(login.clone()).await.unwrap();
    let failing = store.write_forgettable(|conn| -> rows::Result<()> {
        rows::change(conn, "DELETE FROM logins", [])?;
        Err(StoreError::Busy)
    });
    assert!(matches!(failing.await, Err(StoreError::Busy)));
    let panicking = store.write_forgettable(|conn| -> rows::Result<()> {
        rows::change(conn, "DELETE FROM logins", [])?;
        panic!("a bug in a write")
    });
    assert!(matches!(panicking.await, Err(StoreError::Unavailable { .. })));
    assert_eq!(store.write_forgettable(by_whom).await.unwrap(), (false, 0));
    assert!(store.login(login.id, T0).await.unwrap().is_some());
}

#[tokio::test]
async fn i_17_in_place_nobody_waits_for_somebody_elses_lock() {
    let folder = Folder::new();
    let store = folder.open();
    let other = Connection::open(folder.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = store.write_forgettable(by_whom);
    assert!(futures_util::FutureExt::now_or_never(&mut waiting).is_none());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(waiting.await.unwrap(), (true, 2000));
}

#[test]
fn i_21_a_database_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let conn = Connection::open(folder.path()).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let Err(error) = SqliteStore::open(&folder.path()) else { panic!("opened") };
    assert!(matches!(error, StoreError::Migration { .. }), "{error:?}");
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[test]
fn what_is_no_database_is_refused_with_the_reason_and_the_remedy() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "not a database, but longer than the header of one. ".repeat(20)).unwrap();
    let Err(error) = SqliteStore::open(&folder.path()) else { panic!("opened") };
    let message = error.to_string();
    for words in [folder.path().to_str().unwrap(), "not a database", "restore it from a backup"] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[tokio::test]
async fn an_odd_row_is_named_exactly() {
    let folder = Folder::new();
    let store = folder.open();
    store.put_user(conformance::user(77)).await.unwrap();
    let spoil = |sql: &'static str| store.write(move |conn| rows::change(conn, sql, []));
    spoil("UPDATE users SET person = '{}'").await.unwrap();
    let error = store
        .user(plex_oidc_core::id::AccountId::Plex(plex_oidc_core::id::PlexAccountId(77)))
        .await
        .unwrap_err();
    let StoreError::Inconsistent { table, column, row, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*table, *column, row.as_str()), ("users", "person", "77"));

    // Nobody needs it to know which local accounts are in other groups, which every start asks.
    spoil("INSERT INTO users VALUES (-7, '{}', 1)").await.unwrap();
    spoil("INSERT INTO local_accounts VALUES (-7, 'robin', NULL, NULL, 0)").await.unwrap();
    assert_eq!(store.local_accounts_beyond(Vec::new()).await.unwrap(), []);
    for odd in [
        "UPDATE users SET person = 'no JSON at all' WHERE account_id = -7",
        "UPDATE users SET person = '{\"groups\":7}' WHERE account_id = -7",
        "UPDATE users SET person = '{\"groups\":{}}' WHERE account_id = -7",
    ] {
        spoil(odd).await.unwrap();
        assert_eq!(store.local_accounts_beyond(Vec::new()).await.unwrap(), [], "{odd}");
    }

    // Nor is a question of another version in the way of others.
    spoil("INSERT INTO questions (kind, expires) VALUES ('weather', 2000000000)").await.unwrap();
    let asked = store.ask_service(Question::Membership, conformance::after(60)).await.unwrap();
    assert_eq!(
        store.open_questions(T0).await.unwrap().iter().map(|open| open.id).collect::<Vec<_>>(),
        [asked]
    );

    let login = conformance::login();
    store.begin_login(login.clone()).await.unwrap();
    spoil("UPDATE logins SET cookie_hash = x'0102'").await.unwrap();
    let error = store.login(login.id, T0).await.unwrap_err();
    let expected = format!("inconsistent data in table logins, column cookie_hash, row {}: ", login.id);
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn a_failing_write_spoils_no_other_of_its_group() {
    let folder = Folder::new();
    let store = folder.open();
    let login = conformance::login();
    store.begin_login(login.clone()).await.unwrap();
    let others: Vec<_> = (0..50).map(|_| conformance::login()).collect();
    let mut waits = Vec::new();
    for other in &others {
        waits.push(store.begin_login(other.clone()));
        waits.push(store.begin_login(login.clone())); // the primary key is taken
        waits.push(store.write(|_| panic!("a bug in a write")));
        waits.push(store.write(|conn| {
            rows::change(conn, "DELETE FROM logins", [])?;
            Err(StoreError::Busy)
        }));
    }
    let answers = futures_util::future::join_all(waits).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 50);
    for other in &others {
        assert!(store.login(other.id, T0).await.unwrap().is_some());
    }
    assert!(store.login(login.id, T0).await.unwrap().is_some());
}

#[tokio::test]
async fn i_16_a_full_disk_refuses_writes_and_nothing_else() {
    let folder = Folder::new();
    let store = folder.open();
    let before = conformance::login();
    store.begin_login(before.clone()).await.unwrap();
    let limit = |pages: u32| {
        store.write(move |conn| {
            Ok(conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))?)
        })
    };
    let used = limit(1).await.unwrap();
    let big = || {
        let mut login = conformance::login();
        login.request_json = "x".repeat(50_000);
        login
    };
    let (one, two) = (big(), big());
    let (first, second) = tokio::join!(store.begin_login(one.clone()), store.begin_login(two.clone()));
    assert!(matches!(first, Err(StoreError::Unavailable { .. })), "{first:?}");
    assert!(matches!(second, Err(StoreError::Unavailable { .. })), "{second:?}");
    assert!(store.login(before.id, T0).await.unwrap().is_some());

    limit(u32::try_from(used).unwrap() + 10_000).await.unwrap();
    store.begin_login(one.clone()).await.unwrap();
    assert!(store.login(one.id, T0).await.unwrap().is_some());
    assert!(store.login(two.id, T0).await.unwrap().is_none());
}

#[tokio::test]
async fn i_17_somebody_elses_lock_refuses_writes_and_nothing_else() {
    let folder = Folder::new();
    let store = SqliteStore::open_with(&folder.path(), Duration::from_millis(20)).unwrap();
    let (before, refused) = (conformance::login(), conformance::login());
    store.begin_login(before.clone()).await.unwrap();
    let other = Connection::open(folder.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = store.begin_login(refused.clone()).await;
    assert!(matches!(answer, Err(StoreError::Busy)), "{answer:?}");
    assert!(store.login(before.id, T0).await.unwrap().is_some());

    other.execute_batch("ROLLBACK").unwrap();
    assert!(store.login(refused.id, T0).await.unwrap().is_none());
    store.begin_login(refused.clone()).await.unwrap();
    assert!(store.login(refused.id, T0).await.unwrap().is_some());
}

/// What `.cargo/config.toml` asks of SQLite's own compiler.
#[test]
fn sqlite_is_built_with_what_we_need_and_without_what_we_do_not() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let mut asked = connection.prepare("PRAGMA compile_options").unwrap();
    let options: Vec<String> =
        asked.query_map([], |row| row.get(0)).unwrap().map(|option| option.unwrap()).collect();
    for wanted in [
        "THREADSAFE=1",
        "DEFAULT_FOREIGN_KEYS",
        "ENABLE_API_ARMOR",
        "OMIT_SHARED_CACHE",
        "OMIT_LOAD_EXTENSION",
    ] {
        assert!(options.iter().any(|option| option == wanted), "{wanted}: {options:?}");
    }
    for unwanted in ["ENABLE_LOAD_EXTENSION", "ENABLE_MEMORY_MANAGEMENT", "ENABLE_FTS5", "ENABLE_RTREE"] {
        assert!(!options.iter().any(|option| option == unwanted), "{unwanted}: {options:?}");
    }
}
