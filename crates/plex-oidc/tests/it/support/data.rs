//! A key file and a database with signing keys, made once per test process: RSA keys take their time.

use std::path::Path;
use std::sync::Arc;

use plex_oidc::clock::{Clock as _, SystemClock};
use plex_oidc::entropy::{Entropy as _, SystemEntropy};
use plex_oidc::keys::{KeyFile, Seal, new_keys, to_rows};
use plex_oidc::store::Store as _;
use plex_oidc::store::sqlite::SqliteStore;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

const KEY_FILE: &str = "plex-oidc.key";
const DATABASE: &str = "plex-oidc.db";

/// The bytes of both files. In memory, so that nothing is left behind.
struct Prepared {
    key_file: Vec<u8>,
    database: Vec<u8>,
}

static PREPARED: OnceCell<Arc<Prepared>> = OnceCell::const_new();

/// Puts an installation without people into `folder`.
pub(super) async fn copy_to(folder: &Path) {
    let prepared = PREPARED.get_or_init(prepare).await;
    write_private(&folder.join(KEY_FILE), &prepared.key_file);
    write_private(&folder.join(DATABASE), &prepared.database);
}

async fn prepare() -> Arc<Prepared> {
    let folder = tempfile::tempdir().expect("a folder");
    let (key_path, database) = (folder.path().join(KEY_FILE), folder.path().join(DATABASE));
    let random = Zeroizing::new(SystemEntropy::default().bytes());
    let seal = Seal::new(&KeyFile::create(&key_path, random).expect("a key file"));
    let store = SqliteStore::open(&database).expect("a database");
    let rows = to_rows(new_keys(&seal, SystemClock.now()).expect("keys"));
    store.insert_signing_keys_if_none(rows).await.expect("stored");
    drop(store); // the last connection moves the write-ahead log into the file
    let read = |path| std::fs::read(path).expect("readable");
    assert!(!folder.path().join("plex-oidc.db-wal").exists(), "the log was not moved into the database");
    Arc::new(Prepared { key_file: read(key_path), database: read(database) })
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, bytes).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("closed to others");
}
