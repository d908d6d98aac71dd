//! People's own Plex tokens, by the suite and in the file.

use super::SqliteStore;
use super::tests::check;
use crate::store::Store as _;
use crate::store::conformance::plex_tokens;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_due_in_their_turn() {
    check(async |store| plex_tokens::tokens_are_due_in_their_turn(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_token_takes_the_place_of_the_old_one() {
    check(async |store| plex_tokens::a_new_token_takes_the_place_of_the_old_one(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_goes_with_the_last_session() {
    check(async |store| plex_tokens::a_token_goes_with_the_last_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_goes_when_sessions_expire_and_when_access_ends() {
    check(async |store| plex_tokens::a_token_goes_when_sessions_expire_and_when_access_ends(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_session_keeps_its_token() {
    check(async |store| plex_tokens::a_renewed_session_keeps_its_token(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_forgotten_one_and_all() {
    check(async |store| plex_tokens::tokens_are_forgotten_one_and_all(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn things_are_counted() {
    check(async |store| plex_tokens::things_are_counted(store).await).await;
}

/// Sealed or not: what is forgotten is not in the file any more, nor in the log beside it.
#[tokio::test]
async fn what_is_forgotten_is_gone_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plex-oidc.db");
    let sealed: Vec<u8> = (0..60).map(|byte| byte ^ 0x5a).collect();
    let is_there = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files
            .filter_map(|file| std::fs::read(file.unwrap().path()).ok())
            .any(|bytes| bytes.windows(sealed.len()).any(|window| window == sealed))
    };
    let store = SqliteStore::open(&path).unwrap();
    let statements = "INSERT INTO users (account_id, person, updated) VALUES (7, '{}', 1);";
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(statements).unwrap();
    conn.execute("INSERT INTO plex_tokens (account_id, sealed, next_look) VALUES (7, ?1, 1)", [&sealed])
        .unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    assert!(is_there());
    assert_eq!(store.forget_plex_tokens().await.unwrap(), 1);
    assert!(!is_there());
}
