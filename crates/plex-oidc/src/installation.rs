//! Making a new installation: the key file, the database, and the first signing keys in it.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::keys::{KeyFile, Seal, new_keys, to_rows};
use crate::start::{StartError, database_path};
use crate::store::Store as _;
use crate::store::sqlite::SqliteStore;

/// Makes the key file and the database that `config` names, with signing keys. Refuses to touch a key file that is
/// there: then nothing is changed.
pub async fn create(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<(), StartError> {
    create_folder(&config.data_dir)?;
    let key = KeyFile::create(&config.key_file, Zeroizing::new(entropy.bytes()))?;
    let keys = new_keys(&Seal::new(&key), clock.now())?;
    let store = SqliteStore::open(&database_path(config))?;
    store.insert_signing_keys_if_none(to_rows(keys)).await?;
    Ok(())
}

fn create_folder(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::File { path: path.to_owned(), source })
}
