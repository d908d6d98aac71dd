//! The part of the conformance suite that is about the gateway, on SQLite; and what happens beside a running service.

use std::path::Path;
use std::sync::Arc;

use plex_oidc_core::id::{AccountId, PlexAccountId};
use rusqlite::Connection;

use super::tests::{Folder, check};
use super::{SqliteStore, opening};
use crate::store::conformance::{self, Shared, T0, after, app_tokens, gateway};
use crate::store::{Store, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_session_is_read_back_and_lives_until_its_limits() {
    check(async |store| gateway::a_gateway_session_is_read_back_and_lives_until_its_limits(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_session_keeps_its_browser_session_in_use_and_ends_with_it() {
    check(async |store| {
        gateway::a_gateway_session_keeps_its_browser_session_in_use_and_ends_with_it(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_session_shows_its_user_as_last_known() {
    check(async |store| gateway::a_gateway_session_shows_its_user_as_last_known(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_limit_beyond_the_absolute_one_is_shortened() {
    check(async |store| gateway::an_idle_limit_beyond_the_absolute_one_is_shortened(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_a_gateway_session_is_noted_once_a_minute() {
    check(async |store| gateway::the_use_of_a_gateway_session_is_noted_once_a_minute(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_037_a_handover_keeps_the_time_of_its_code() {
    check(async |store| gateway::req_037_a_handover_keeps_the_time_of_its_code(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_038_a_handover_is_bound_to_its_application() {
    check(async |store| gateway::req_038_a_handover_is_bound_to_its_application(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_039_one_of_64_handovers_makes_a_session() {
    check(async |store| gateway::req_039_one_of_64_handovers_makes_a_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_039_a_code_becomes_tokens_or_a_session() {
    check(async |store| gateway::req_039_a_code_becomes_tokens_or_a_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_040_a_late_second_handover_ends_the_session() {
    check(async |store| gateway::req_040_a_late_second_handover_ends_the_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_handover_of_one_browser_to_one_application_ends_the_first() {
    check(async |store| {
        gateway::a_second_handover_of_one_browser_to_one_application_ends_the_first(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_041_a_burned_code_makes_no_session() {
    check(async |store| gateway::req_041_a_burned_code_makes_no_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_043_a_handover_in_a_race_with_the_end_leaves_nothing() {
    check(async |store| gateway::req_043_a_handover_in_a_race_with_the_end_leaves_nothing(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_118_sign_out_ends_gateway_sessions() {
    check(async |store| gateway::req_118_sign_out_ends_gateway_sessions(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_access_ends_gateway_sessions() {
    check(async |store| gateway::the_end_of_access_ends_gateway_sessions(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_session_outlives_the_renewal_of_its_browser_session() {
    check(async |store| gateway::a_gateway_session_outlives_the_renewal_of_its_browser_session(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_130_another_person_in_the_browser_ends_its_gateway_sessions() {
    check(async |store| {
        gateway::req_130_another_person_in_the_browser_ends_its_gateway_sessions(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_removes_gateway_sessions_and_then_their_grants() {
    check(async |store| gateway::a_sweep_removes_gateway_sessions_and_then_their_grants(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_token_is_read_back_and_lives_to_the_second() {
    check(async |store| app_tokens::an_app_token_is_read_back_and_lives_to_the_second(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_token_needs_a_user_and_an_id_of_its_own() {
    check(async |store| app_tokens::an_app_token_needs_a_user_and_an_id_of_its_own(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_applications_cannot_be_read_as_another() {
    check(async |store| app_tokens::a_list_of_applications_cannot_be_read_as_another(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_token_shows_its_user_as_last_known() {
    check(async |store| app_tokens::an_app_token_shows_its_user_as_last_known(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_an_app_token_is_noted_once_a_minute() {
    check(async |store| app_tokens::the_use_of_an_app_token_is_noted_once_a_minute(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_token_is_revoked_once() {
    check(async |store| app_tokens::an_app_token_is_revoked_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_tokens_with_one_id_one_is_stored() {
    check(async |store| app_tokens::of_64_tokens_with_one_id_one_is_stored(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_access_removes_app_tokens() {
    check(async |store| app_tokens::the_end_of_access_removes_app_tokens(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_out_leaves_app_tokens_alone() {
    check(async |store| app_tokens::sign_out_leaves_app_tokens_alone(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_who_signed_in_is_listed() {
    check(async |store| app_tokens::everybody_who_signed_in_is_listed(store).await).await;
}

/// The newest form.
fn known_form() -> i64 {
    i64::try_from(opening::MIGRATIONS.len()).unwrap()
}

/// A database in the form of the first version, with a user in it.
fn first_form(path: &Path) {
    let mut conn = Connection::open(path).unwrap();
    rusqlite_migration::Migrations::from_slice(&opening::MIGRATIONS[..1]).to_latest(&mut conn).unwrap();
    let person = serde_json::to_string(&conformance::user(7).person).unwrap();
    conn.execute("INSERT INTO users VALUES (7, ?1, ?2)", rusqlite::params![person, T0.0]).unwrap();
}

fn form(path: &Path) -> i64 {
    let conn = Connection::open(path).unwrap();
    conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_database_of_the_first_form_is_brought_up_to_date_with_what_it_holds() {
    let folder = Folder::new();
    first_form(&folder.path());
    let store = folder.open();
    let token = app_tokens::app_token(AccountId::Plex(PlexAccountId(7)));
    assert!(store.add_app_token(token.clone()).await.unwrap());
    assert_eq!(store.app_token(token.hash, T0).await.unwrap().unwrap().user, conformance::user(7));
    drop(store);
    assert_eq!(form(&folder.path()), known_form());
}

#[test]
fn i_21_a_command_beside_the_service_migrates_nothing() {
    let folder = Folder::new();
    first_form(&folder.path());
    let Err(error) = SqliteStore::open_beside(&folder.path()) else { panic!("opened an older form") };
    let newest = known_form();
    assert!(matches!(error, StoreError::OtherForm { found: 1, known, .. } if known == newest), "{error:?}");
    assert_eq!(form(&folder.path()), 1);

    drop(folder.open());
    let conn = Connection::open(folder.path()).unwrap();
    conn.pragma_update(None, "user_version", newest + 1).unwrap();
    drop(conn);
    let Err(error) = SqliteStore::open_beside(&folder.path()) else { panic!("opened a newer form") };
    let newer =
        matches!(error, StoreError::OtherForm { found, known, .. } if (found, known) == (newest + 1, newest));
    assert!(newer, "{error:?}");
}

#[test]
fn a_command_beside_the_service_creates_nothing() {
    let folder = Folder::new();
    let Err(error) = SqliteStore::open_beside(&folder.path()) else { panic!("opened") };
    assert!(matches!(&error, StoreError::Open { path, .. } if *path == folder.path()), "{error:?}");
    assert!(!folder.path().exists());
    std::fs::write(folder.path(), "").unwrap();
    assert!(SqliteStore::open_beside(&folder.path()).is_err(), "a file without tables");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_18_tokens_are_added_and_revoked_while_the_service_writes() {
    let folder = Folder::new();
    let service: Shared = Arc::new(folder.open());
    service.put_user(conformance::user(7)).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writing = {
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let mut written = 0;
            while !*stopped.borrow() {
                service.begin_login(conformance::login()).await.unwrap();
                written += 1;
            }
            written
        })
    };
    for _ in 0..20 {
        let beside = SqliteStore::open_beside(&folder.path()).unwrap();
        let token = app_tokens::app_token(AccountId::Plex(PlexAccountId(7)));
        assert!(beside.add_app_token(token.clone()).await.unwrap());
        assert!(service.app_token(token.hash, T0).await.unwrap().is_some(), "seen at once");
        assert!(service.touch_app_token(token.hash, after(1)).await.unwrap());
        assert!(beside.revoke_app_token(token.id).await.unwrap());
        assert!(service.app_token(token.hash, T0).await.unwrap().is_none(), "gone at once");
        drop(beside);
    }
    stop.send(true).unwrap();
    assert!(writing.await.unwrap() > 0);

    // Who is beside the service holds no lock, and nobody else may serve.
    let beside = SqliteStore::open_beside(&folder.path()).unwrap();
    assert!(matches!(SqliteStore::open(&folder.path()), Err(StoreError::InUse { .. })));
    drop(service);
    drop(folder.open());
    beside.ping().await.unwrap();
}
