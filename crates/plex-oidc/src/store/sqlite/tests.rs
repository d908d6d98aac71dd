//! The store's conformance suite on SQLite, and what only SQLite promises.

use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::store::StoreError;
use crate::store::conformance::{self, Shared, T0, after};

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

/// Runs one rule of the suite on a fresh database.
pub(super) async fn check(rule: impl AsyncFnOnce(&Shared)) {
    let folder = Folder::new();
    let store: Shared = Arc::new(folder.open());
    rule(&store).await;
    store.ping().await.unwrap();
}

mod suite {
    use super::check;
    use super::conformance::{codes, keys, logins, races, refresh, sessions, sweeping};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_installation_is_named_once() {
        check(async |store| keys::the_installation_is_named_once(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn signing_keys_are_made_once() {
        check(async |store| keys::signing_keys_are_made_once(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn signing_keys_are_replaced_only_by_who_knows_them() {
        check(async |store| keys::signing_keys_are_replaced_only_by_who_knows_them(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_older_answer_about_a_user_does_not_replace_a_newer_one() {
        check(async |store| keys::an_older_answer_about_a_user_does_not_replace_a_newer_one(store).await)
            .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_number_too_large_for_the_database_is_refused() {
        check(async |store| keys::a_number_too_large_for_the_database_is_refused(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn consents_are_kept_per_user_and_client() {
        check(async |store| keys::consents_are_kept_per_user_and_client(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_attempt_is_there_until_it_expires() {
        check(async |store| logins::an_attempt_is_there_until_it_expires(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_attempt_goes_from_pin_to_approval() {
        check(async |store| logins::an_attempt_goes_from_pin_to_approval(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_pin_is_burned_for_ever() {
        check(async |store| logins::a_pin_is_burned_for_ever(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_06_one_of_64_attempts_adopts_a_pin() {
        check(async |store| logins::i_06_one_of_64_attempts_adopts_a_pin(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_refused_attempt_may_be_tried_again() {
        check(async |store| logins::a_refused_attempt_may_be_tried_again(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_final_state_stays() {
        check(async |store| logins::a_final_state_stays(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_06_one_of_64_calls_finishes_an_attempt() {
        check(async |store| logins::i_06_one_of_64_calls_finishes_an_attempt(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_attempt_finished_in_an_old_session_needs_that_session() {
        check(async |store| logins::an_attempt_finished_in_an_old_session_needs_that_session(store).await)
            .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_017_a_code_outlives_the_renewal_of_its_session() {
        check(async |store| logins::req_017_a_code_outlives_the_renewal_of_its_session(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_130_the_replaced_session_is_dead() {
        check(async |store| logins::req_130_the_replaced_session_is_dead(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_is_read_back_as_it_was_issued() {
        check(async |store| codes::a_code_is_read_back_as_it_was_issued(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_needs_a_live_session_of_its_user() {
        check(async |store| codes::a_code_needs_a_live_session_of_its_user(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_037_a_code_lives_to_the_second() {
        check(async |store| codes::req_037_a_code_lives_to_the_second(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_038_a_code_is_bound_to_its_client() {
        check(async |store| codes::req_038_a_code_is_bound_to_its_client(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_039_one_of_64_calls_redeems_a_code() {
        check(async |store| codes::req_039_one_of_64_calls_redeems_a_code(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_040_a_late_replay_ends_the_grant() {
        check(async |store| codes::req_040_a_late_replay_ends_the_grant(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_040_a_replay_is_recognised_after_the_code_expired() {
        check(async |store| codes::req_040_a_replay_is_recognised_after_the_code_expired(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_040_without_pkce_any_replay_ends_the_grant() {
        check(async |store| codes::req_040_without_pkce_any_replay_ends_the_grant(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_041_three_failures_burn_a_code() {
        check(async |store| codes::req_041_three_failures_burn_a_code(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_043_a_code_ends_with_its_session_or_access() {
        check(async |store| codes::req_043_a_code_ends_with_its_session_or_access(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_access_token_lives_to_the_second() {
        check(async |store| codes::an_access_token_lives_to_the_second(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_access_token_is_revoked_by_its_client_only() {
        check(async |store| codes::an_access_token_is_revoked_by_its_client_only(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_096_the_end_of_a_grant_ends_its_tokens() {
        check(async |store| codes::req_096_the_end_of_a_grant_ends_its_tokens(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_057_a_refresh_token_is_bound_to_its_client() {
        check(async |store| refresh::req_057_a_refresh_token_is_bound_to_its_client(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_059_reuse_ends_the_family() {
        check(async |store| refresh::req_059_reuse_ends_the_family(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_060_a_lost_answer_may_be_asked_for_again() {
        check(async |store| refresh::req_060_a_lost_answer_may_be_asked_for_again(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_060_the_grace_ends_to_the_second() {
        check(async |store| refresh::req_060_the_grace_ends_to_the_second(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_061_a_kept_token_is_used_again_and_again() {
        check(async |store| refresh::req_061_a_kept_token_is_used_again_and_again(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_062_of_64_calls_one_successor_lives() {
        check(async |store| refresh::req_062_of_64_calls_one_successor_lives(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_062_without_a_grace_64_calls_end_the_family() {
        check(async |store| refresh::req_062_without_a_grace_64_calls_end_the_family(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_065_idle_and_absolute_limits_hold() {
        check(async |store| refresh::req_065_idle_and_absolute_limits_hold(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_04_a_family_has_one_live_leaf() {
        check(async |store| refresh::i_04_a_family_has_one_live_leaf(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_browser_session_lives_until_its_limits() {
        check(async |store| sessions::a_browser_session_lives_until_its_limits(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_use_of_a_session_is_noted_once_a_minute() {
        check(async |store| sessions::the_use_of_a_session_is_noted_once_a_minute(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_118_sign_out_ends_session_and_tokens() {
        check(async |store| sessions::req_118_sign_out_ends_session_and_tokens(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_118_offline_grants_may_outlive_the_session() {
        check(async |store| sessions::req_118_offline_grants_may_outlive_the_session(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sweep_removes_what_is_over_and_nothing_else() {
        check(async |store| sweeping::a_sweep_removes_what_is_over_and_nothing_else(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sweep_takes_a_bounded_step() {
        check(async |store| sweeping::a_sweep_takes_a_bounded_step(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_06_an_attempt_adopts_one_of_64_pins() {
        check(async |store| races::i_06_an_attempt_adopts_one_of_64_pins(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_06_one_of_64_approvals_counts() {
        check(async |store| races::i_06_one_of_64_approvals_counts(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_06_an_attempt_is_finished_or_cancelled_and_never_both() {
        check(async |store| races::i_06_an_attempt_is_finished_or_cancelled_and_never_both(store).await)
            .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_041_of_64_failures_one_burns_a_code() {
        check(async |store| races::req_041_of_64_failures_one_burns_a_code(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn req_043_a_redemption_in_a_race_with_the_end_leaves_nothing() {
        check(async |store| races::req_043_a_redemption_in_a_race_with_the_end_leaves_nothing(store).await)
            .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_04_a_rotation_in_a_race_with_the_end_leaves_nothing() {
        check(async |store| races::i_04_a_rotation_in_a_race_with_the_end_leaves_nothing(store).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i_06_one_of_64_calls_signs_out() {
        check(async |store| races::i_06_one_of_64_calls_signs_out(store).await).await;
    }
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
    let settings = store.writer.run(|conn| {
        let text = |name| conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        Ok([text("journal_mode")?, text("synchronous")?, text("foreign_keys")?])
    });
    let [journal, synchronous, foreign_keys] = settings.await.unwrap();
    assert_eq!(journal, rusqlite::types::Value::Text("wal".to_owned()));
    assert_eq!(synchronous, rusqlite::types::Value::Integer(2)); // FULL
    assert_eq!(foreign_keys, rusqlite::types::Value::Integer(1));
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
    let spoil = |sql: &'static str| store.writer.run(move |conn| rows::change(conn, sql, []));
    spoil("UPDATE users SET person = '{}'").await.unwrap();
    let error = store.user(PlexAccountId(77)).await.unwrap_err();
    let StoreError::Inconsistent { table, column, row, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*table, *column, row.as_str()), ("users", "person", "77"));

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
        store.writer.run(move |conn| {
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

const CRASH: &str = "PLEX_OIDC_CRASH_DATABASE";

/// Writes until it is killed, and prints each refresh token that was acknowledged. Run by the test below only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_01_crash_child() {
    let Some(path) = std::env::var_os(CRASH) else { return };
    let store: Shared = Arc::new(SqliteStore::open(Path::new(&path)).unwrap());
    let start = std::env::var("PLEX_OIDC_CRASH_ROUND").unwrap().parse().unwrap();
    conformance::start_numbers_at(start);
    let workers: Vec<_> =
        (0..8).map(|_| tokio::spawn(conformance::write_for_ever(Arc::clone(&store)))).collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

/// I-01: what was acknowledged is there after `kill -9`. `PLEX_OIDC_KILLS` says how often, 50 times by default; a night
/// is 500.
#[tokio::test]
async fn i_01_nothing_acknowledged_is_lost_by_a_kill() {
    let kills: u64 = std::env::var("PLEX_OIDC_KILLS").map_or(50, |text| text.parse().unwrap());
    let folder = Folder::new();
    let mut acknowledged = Vec::new();
    for round in 0..kills {
        let of_this_round = write_until_killed(&folder, round);
        let store: Shared = Arc::new(folder.open());
        is_kept(&store, &of_this_round).await;
        conformance::start_numbers_at(((round + 1) << 32) | (1 << 31));
        conformance::is_usable(&store, *of_this_round.last().unwrap()).await;
        acknowledged.extend(of_this_round);
        drop(store);
        assert_eq!(integrity(&folder), "ok", "round {round}");
    }
    // What later kills might have taken away again.
    let store: Shared = Arc::new(folder.open());
    is_kept(&store, &acknowledged).await;
    assert!(
        acknowledged.len() as u64 > 20 * kills,
        "too few writes to prove anything: {}",
        acknowledged.len()
    );
}

/// Starts a process of its own that writes, kills it at a random moment, and returns what it had acknowledged.
fn write_until_killed(folder: &Folder, round: u64) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::tests::i_01_crash_child", "--nocapture", "--test-threads=1"])
        .env(CRASH, folder.path())
        .env("PLEX_OIDC_CRASH_ROUND", ((round + 1) << 32).to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let patience = usize::from(uuid::Uuid::now_v7().as_bytes()[15]);
    let mut acknowledged: Vec<u64> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(number) = line.unwrap().strip_prefix("acknowledged ") {
            acknowledged.push(number.parse().unwrap());
            if acknowledged.len() == patience + 1 {
                child.kill().unwrap(); // SIGKILL; what the pipe still holds was acknowledged too
            }
        }
    }
    let status = child.wait().unwrap();
    assert!(acknowledged.len() > patience, "the child stopped by itself: {status}");
    #[cfg(unix)]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
    acknowledged
}

async fn is_kept(store: &Shared, acknowledged: &[u64]) {
    for number in acknowledged {
        let token = store.refresh_token(conformance::hash_of(*number)).await.unwrap();
        let token = token.unwrap_or_else(|| panic!("refresh token {number:x} is lost"));
        assert_eq!(token.grant.ended_at, None);
    }
}

fn integrity(folder: &Folder) -> String {
    let conn = Connection::open(folder.path()).unwrap();
    conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

/// Prints the figures for `bench/results.md`; run it in a release build with `--ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure() {
    let folder = Folder::new();
    let before = resident_kib();
    let store: Shared = Arc::new(folder.open());
    store.ping().await.unwrap();
    writeln!(std::io::stdout(), "open: {} KiB more resident", resident_kib() - before).unwrap();
    for (callers, rounds) in [(1, 400), (32, 100), (128, 40)] {
        let begin = std::time::Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for _ in 0..rounds {
                        store.begin_login(conformance::login()).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let writes = f64::from(callers * rounds);
        let seconds = begin.elapsed().as_secs_f64();
        writeln!(std::io::stdout(), "{callers} callers: {:.0} writes/s", writes / seconds).unwrap();
    }
    measure_redeem(&store).await;
    writeln!(std::io::stdout(), "in the end: {} KiB more resident", resident_kib() - before).unwrap();
}

async fn measure_redeem(store: &Shared) {
    let (session, _) = conformance::issued(store).await;
    let mut codes = Vec::new();
    for _ in 0..2000 {
        let code = conformance::code(&session);
        store.issue_code(code.clone(), T0).await.unwrap();
        codes.push(code);
    }
    let begin = cpu_micros();
    for code in &codes {
        store.redeem_code(conformance::redeem(code, after(1))).await.unwrap();
    }
    let alone = (cpu_micros() - begin) / 2000;
    let begin = cpu_micros();
    for code in &codes {
        store.code(code.hash).await.unwrap();
    }
    let read = (cpu_micros() - begin) / 2000;
    writeln!(std::io::stdout(), "redeem, one caller: {alone} us of CPU; code lookup: {read} us").unwrap();
}

fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// CPU time of this process so far, from the kernel's accounting.
fn cpu_micros() -> u64 {
    let mut total = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let path = task.unwrap().path().join("schedstat");
        let line = std::fs::read_to_string(path).unwrap();
        total += line.split(' ').next().unwrap().parse::<u64>().unwrap();
    }
    total / 1000
}
