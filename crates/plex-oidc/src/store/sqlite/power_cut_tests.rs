//! What a power cut may forget (decision 0008), and that nobody gains by it.

use std::sync::Arc;

use plex_oidc_core::id::{GrantId, Sid};
use plex_oidc_core::time::Seconds;

use super::super::Store as _;
use super::tests::{FULL, Folder, NORMAL, hold_up};
use super::*;
use crate::store::conformance::{self, Shared, T0, after};
use crate::store::records::{
    GrantsPolicy, NewCode, RedeemCode, Redemption, Renewal, Rotate, Rotation, SessionName,
};

/// For an access token and nothing else, and nobody to be told.
fn online(code: &NewCode) -> RedeemCode {
    RedeemCode { refresh: None, ..conformance::redeem(code, T0) }
}

/// A database as a power cut leaves it that forgot that a code was redeemed, though the code itself was on the disk. The store that
/// acknowledged the redemption stays open.
async fn cut_after_redemption(folder: &Folder) -> (Folder, NewCode, Shared) {
    let store: Shared = Arc::new(folder.open());
    let (_, code) = conformance::issued(&store).await;
    let after_cut = Folder::new();
    for file in ["plex-oidc.db", "plex-oidc.db-wal"] {
        let from = folder.path().with_file_name(file);
        std::fs::copy(from, after_cut.path().with_file_name(file)).unwrap();
    }
    let redemption = store.redeem_code(online(&code)).await.unwrap();
    assert!(matches!(redemption, Redemption::Redeemed));
    (after_cut, code, store)
}

#[tokio::test]
async fn req_039_a_code_is_void_after_a_power_cut_that_forgot_its_redemption() {
    let folder = Folder::new();
    let (after_cut, code, _before) = cut_after_redemption(&folder).await;
    // Whoever is beside a service is not there to redeem codes, and sees what the cut left: one that is as good as ever.
    let beside = SqliteStore::open_beside(&after_cut.path()).unwrap();
    let found = beside.code(code.hash).await.unwrap().unwrap();
    assert_eq!((found.redeemed_at, found.expires), (None, code.expires));
    drop(beside);

    let store = after_cut.open();
    let found = store.code(code.hash).await.unwrap().unwrap();
    assert_eq!((found.redeemed_at, found.expires.has_passed(T0)), (None, true));
    let redemption = store.redeem_code(online(&code)).await.unwrap();
    assert!(matches!(redemption, Redemption::Expired), "{redemption:?}");
}

#[tokio::test]
async fn what_was_redeemed_outlives_a_restart() {
    let folder = Folder::new();
    let store: Shared = Arc::new(folder.open());
    let (_, offline) = conformance::redeemed(&store).await;
    let (_, code) = conformance::issued(&store).await;
    let alone = online(&code);
    store.redeem_code(alone.clone()).await.unwrap();
    drop(store);
    let store = folder.open();
    for redeem in [&offline, &alone] {
        assert!(store.access_token(redeem.access.hash, after(1)).await.unwrap().is_some());
        assert!(matches!(store.redeem_code(redeem.clone()).await.unwrap(), Redemption::Reuse { .. }));
    }
    let refresh = offline.refresh.as_ref().unwrap();
    assert!(store.refresh_token(refresh.hash).await.unwrap().unwrap().consumed_at.is_none());
}

#[tokio::test]
async fn i_02_what_is_for_offline_access_waits_for_the_disk_and_so_does_who_is_told_of_a_sign_out() {
    let folder = Folder::new();
    let store = Arc::new(folder.open());
    let shared: Shared = Arc::clone(&store) as Shared;
    let level =
        |conn: &Connection| Ok(conn.pragma_query_value(None, "synchronous", |row| row.get::<_, u8>(0))?);
    // The second redemption of a code without PKCE ends its grant, which must not be forgotten (requirement 40).
    for (refresh, with_challenge, tell_of_logout, expected) in [
        (Some(conformance::refresh()), true, false, FULL),
        (None, true, false, NORMAL),
        (None, true, true, FULL),
        (None, false, false, FULL),
    ] {
        let (_, code) = conformance::issued(&shared).await;
        assert_eq!(store.read(level).await.unwrap(), NORMAL, "a code may be forgotten");
        let redeem = RedeemCode { refresh, with_challenge, tell_of_logout, ..online(&code) };
        assert!(matches!(store.redeem_code(redeem).await.unwrap(), Redemption::Redeemed));
        assert_eq!(store.read(level).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn reads_are_on_the_writable_connection_unless_somebody_has_it() {
    let folder = Folder::new();
    let store = folder.open();
    let can_only_read = |conn: &Connection| Ok(conn.is_readonly("main")?);
    assert!(!store.read(can_only_read).await.unwrap());
    let (held, go) = hold_up(&store);
    assert!(store.read(can_only_read).await.unwrap(), "no reader waits for a writer");
    go.send(()).unwrap();
    held.await.unwrap();
    assert!(!store.read(can_only_read).await.unwrap());
    assert!(store.read_aside(can_only_read).await.unwrap(), "a list keeps nobody from writing");
}

#[tokio::test]
async fn a_panic_in_a_read_leaves_everything_as_quick_as_before() {
    let folder = Folder::new();
    let store = Arc::new(folder.open());
    let panicking = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.read(|_| -> rows::Result<()> { panic!("a bug in a read") }).await }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    let can_only_read = |conn: &Connection| Ok(conn.is_readonly("main")?);
    assert!(!store.read(can_only_read).await.unwrap());
    let on_thread_of_its_own = |_: &Connection| Ok(std::thread::current().name() == Some("store-writer"));
    assert!(!store.write_forgettable(on_thread_of_its_own).await.unwrap());
    assert!(store.write(on_thread_of_its_own).await.unwrap());
}

/// Version 18 of the tables keeps the tokens, and knows which grants are for offline access.
#[tokio::test]
async fn refresh_tokens_of_an_older_form_are_good() {
    let folder = Folder::new();
    let (live, used) = (conformance::hash(), conformance::hash());
    let (of_offline, of_online) = (conformance::hash(), conformance::hash());
    let grant = GrantId::of_code(of_offline).0;
    let mut conn = Connection::open(folder.path()).unwrap();
    rusqlite_migration::Migrations::from_slice(&opening::MIGRATIONS[..15]).to_latest(&mut conn).unwrap();
    let person = serde_json::to_string(&conformance::user(7).person).unwrap();
    conn.execute("INSERT INTO users VALUES (7, ?1, ?2)", rusqlite::params![person, T0.0]).unwrap();
    for code_hash in [of_offline, of_online] {
        conn.execute(
            "INSERT INTO grants (id, client_id, account_id, sid, scopes, auth_time, created, keep_until, code_hash, redirect_uri,
                code_expires, redeemed_at)
            VALUES (?1, 'photos', 7, x'00000000000000000000000000000001', 'openid', ?2, ?2, ?2 + 9000, ?3, 'https://photos.test/cb', ?2, ?2)",
            rusqlite::params![GrantId::of_code(code_hash).0.as_bytes(), T0.0, code_hash.0],
        )
        .unwrap();
    }
    for (hash, successor) in [(used, Some(live)), (live, None)] {
        conn.execute(
            "INSERT INTO refresh_tokens (hash, grant_id, created, idle_expires, absolute_expires, consumed_at, consumed_as, successor)
            VALUES (?1, ?2, ?3, ?3 + 900, ?3 + 9000, ?4, ?5, ?6)",
            rusqlite::params![
                hash.0,
                grant.as_bytes(),
                T0.0,
                successor.map(|_| T0.0),
                successor.map(|_| "rotated"),
                successor.map(|hash| hash.0)
            ],
        )
        .unwrap();
    }
    drop(conn);

    let store: Shared = Arc::new(folder.open());
    let rotate = |presented| Rotate {
        presented,
        client_id: conformance::client("photos"),
        now: after(1),
        access: conformance::access(),
        renewal: Renewal::Rotate { successor: conformance::hash(), idle_expires: after(600) },
        grace: Seconds(0),
    };
    assert!(matches!(store.rotate_refresh(rotate(live)).await.unwrap(), Rotation::Rotated));
    let sid = Sid(uuid::Uuid::from_u128(1));
    store.end_session(SessionName::Sid(sid), GrantsPolicy::KeepOffline, after(2)).await.unwrap();
    for (code_hash, ended_at) in [(of_offline, None), (of_online, Some(after(2)))] {
        assert_eq!(store.code(code_hash).await.unwrap().unwrap().grant.ended_at, ended_at);
    }
    assert!(matches!(store.rotate_refresh(rotate(used)).await.unwrap(), Rotation::Reuse { .. }));
    assert_eq!(store.sweep(after(9000)).await.unwrap().refresh_tokens, 3);
}
