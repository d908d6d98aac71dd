//! What is left after `kill -9`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rusqlite::Connection;

use super::SqliteStore;
use super::tests::Folder;
use crate::store::conformance::{self, Shared};

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
        .args(["--exact", "store::sqlite::crash_tests::i_01_crash_child", "--nocapture", "--test-threads=1"])
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
