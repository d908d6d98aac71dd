//! What an installation keeps on disk: the key file, the database, the signing keys in it. Making it, and opening it if
//! its parts belong together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plex_oidc_core::jose::StoredKey;
use plex_oidc_core::time::Timestamp;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::keys::{
    DatabaseState, Installation, KeyFile, KeyRing, Keys, Mac, Seal, check_mixture, from_rows, new_keys,
    to_rows,
};
use crate::start::StartError;
use crate::store::Store;
use crate::store::records::StoredKeyRow;
use crate::store::sqlite::{self, SqliteStore};

/// The database in the data folder.
const DATABASE: &str = "plex-oidc.db";

/// Where the database of this configuration is.
pub fn database_path(config: &Config) -> PathBuf {
    config.data_dir.join(DATABASE)
}

/// Makes the key file and the database that `config` names. Refuses to touch a key file that is there: then nothing is
/// changed.
pub async fn create(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<(), StartError> {
    create_folder(&config.data_dir)?;
    let key = KeyFile::create(&config.key_file, Zeroizing::new(entropy.bytes()))?;
    let client_identifier = new_client_identifier(entropy.bytes());
    create_database(&database_path(config), &Seal::new(&key), &client_identifier, clock.now()).await
}

fn create_folder(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::File { path: path.to_owned(), source })
}

/// A name under which Plex may know an installation, made of random bytes.
pub fn new_client_identifier(random: [u8; 32]) -> String {
    let mut half = [0; 16];
    half.copy_from_slice(random.split_at(16).0);
    uuid::Builder::from_random_bytes(half).into_uuid().to_string()
}

/// Makes the database of a new installation at `path`: its signing keys, and the name under which Plex knows it.
pub async fn create_database(
    path: &Path,
    seal: &Seal,
    client_identifier: &str,
    now: Timestamp,
) -> Result<(), StartError> {
    let keys = to_rows(new_keys(seal, now)?);
    let store = SqliteStore::open(path)?;
    let in_force = store.insert_signing_keys_if_none(keys).await?;
    KeyRing::open(&from_rows(in_force)?, seal)?;
    store.installation(client_identifier).await?;
    Ok(())
}

/// What is there of an installation, looked at beside a running service. An error if its parts do not fit together.
pub fn found(config: &Config) -> Result<Installation, StartError> {
    let path = database_path(config);
    let state =
        if path.exists() { state_of(&sqlite::signing_keys_beside(&path)?) } else { DatabaseState::Absent };
    Ok(check_mixture(&config.key_file, &path, state)?)
}

/// Reads all that [`open_stored`] reads, beside a running service, and changes nothing.
pub fn examine(config: &Config) -> Result<(), StartError> {
    let path = database_path(config);
    require_database(config, &path)?;
    unlock(config, &path, sqlite::signing_keys_beside(&path)?).map(drop)
}

/// The signing keys as they are stored, read beside a running service. They stay sealed.
pub fn stored_keys(config: &Config) -> Result<Vec<StoredKey>, StartError> {
    let path = database_path(config);
    require_database(config, &path)?;
    Ok(from_rows(sqlite::signing_keys_beside(&path)?)?)
}

/// Opens the database beside a running service, for one short command. Creates and migrates nothing.
pub fn open_beside(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    let path = database_path(config);
    require_database(config, &path)?;
    Ok(Arc::new(SqliteStore::open_beside(&path)?))
}

fn require_database(config: &Config, path: &Path) -> Result<(), StartError> {
    if !path.exists() {
        check_mixture(&config.key_file, path, DatabaseState::Absent)?.require_complete(&config.key_file)?;
    }
    Ok(())
}

/// Opens the database and the keys in it, if they belong together (I-11, I-12).
pub async fn open_stored(config: &Config) -> Result<Stored, StartError> {
    let path = database_path(config);
    require_database(config, &path)?;
    unlocked(config, &path, SqliteStore::open(&path)?).await
}

/// The same beside a running service, for one short command. Creates and migrates nothing.
pub async fn open_stored_beside(config: &Config) -> Result<Stored, StartError> {
    let path = database_path(config);
    require_database(config, &path)?;
    unlocked(config, &path, SqliteStore::open_beside(&path)?).await
}

async fn unlocked(config: &Config, path: &Path, store: SqliteStore) -> Result<Stored, StartError> {
    let (keys, seal, mac) = unlock(config, path, store.signing_keys().await?)?;
    Ok(Stored { store: Arc::new(store), keys, seal, mac })
}

/// Opens the signing keys of the database at `path` with the key file.
fn unlock(config: &Config, path: &Path, rows: Vec<StoredKeyRow>) -> Result<(Keys, Seal, Mac), StartError> {
    check_mixture(&config.key_file, path, state_of(&rows))?.require_complete(&config.key_file)?;
    let key_file = KeyFile::load(&config.key_file)?;
    let (seal, mac) = (Seal::new(&key_file), Mac::new(&key_file));
    Ok((Keys::open(from_rows(rows)?, &seal)?, seal, mac))
}

const fn state_of(rows: &[StoredKeyRow]) -> DatabaseState {
    if rows.is_empty() { DatabaseState::WithoutKeys } else { DatabaseState::WithKeys }
}

/// What an installation keeps, opened.
pub struct Stored {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The signing keys in it.
    pub keys: Keys,
    /// Seals what is read back.
    pub seal: Seal,
    /// Marks what passes through browsers.
    pub mac: Mac,
}
