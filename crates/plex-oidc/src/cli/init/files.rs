//! What is written: all of it, or nothing.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::secret::Secret;
use plextv::PlexToken;
use zeroize::Zeroizing;

use super::InitError;
use super::application::Application;
use super::owner::OwnedServer;
use crate::cli::World;
use crate::config::{self, Config, Loaded, edit};
use crate::installation::{create_database, database_path};
use crate::keys::{KeyFile, Seal};
use crate::start::StartError;

/// The file with the owner's token, if it is kept.
pub(super) const OWNER_TOKEN: &str = "plex-owner.token";

/// Where everything goes.
pub(super) struct Layout {
    /// The configuration file.
    pub(super) config: PathBuf,
    folder: PathBuf,
    /// The key file.
    pub(super) key_file: PathBuf,
    data_dir: PathBuf,
    /// The database.
    pub(super) database: PathBuf,
}

/// What is to be written.
pub(super) struct Plan<'p> {
    /// The public address.
    pub(super) issuer: &'p Issuer,
    /// The servers to accept.
    pub(super) servers: &'p [OwnedServer],
    /// The first client.
    pub(super) application: Option<&'p Application>,
    /// Its secret.
    pub(super) secret: Option<&'p Secret>,
    /// The owner's token, if it is kept.
    pub(super) token: Option<&'p PlexToken>,
}

impl Plan<'_> {
    /// The configuration file.
    fn text(&self) -> Result<String, edit::EditError> {
        let server =
            |server: &OwnedServer| (server.machine.as_str().to_owned(), server.owner.0, server.name.clone());
        let servers: Vec<_> = self.servers.iter().map(server).collect();
        let text = edit::first_file(self.issuer.as_str(), &servers, self.token.map(|_| OWNER_TOKEN));
        self.application.map_or(Ok(text.clone()), |client| edit::add_client(&text, &client.section()))
    }
}

impl Layout {
    /// For the configuration at `config`, with what `draft` says about the other places.
    pub(super) fn new(config: &Path, draft: &Config) -> Self {
        Self {
            config: config.to_owned(),
            folder: config.parent().unwrap_or(Path::new("")).to_owned(),
            key_file: draft.key_file.clone(),
            data_dir: draft.data_dir.clone(),
            database: database_path(draft),
        }
    }

    /// Nothing of an installation may be there (I-12).
    pub(super) fn require_empty_ground(&self) -> Result<(), InitError> {
        let [key_file, database, wal, shm] = self.stored();
        require_absent(&[self.config.clone(), key_file, database, wal, shm])?;
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder };
        // The host should not sign in to Plex first and learn this afterwards.
        probe(folder).map_err(|source| InitError::Unwritable { path: self.config.clone(), source })
    }

    /// Neither a key file nor anything of a database may be there.
    pub(super) fn require_nothing_stored(&self) -> Result<(), InitError> {
        require_absent(&self.stored())
    }

    fn stored(&self) -> [PathBuf; 4] {
        let [wal, shm, _] = self.beside_database();
        [self.key_file.clone(), self.database.clone(), wal, shm]
    }

    /// A further file that is to be made in the folder of the configuration may not be there either.
    pub(super) fn require_free(&self, name: Option<String>) -> Result<(), InitError> {
        name.map_or(Ok(()), |name| require_absent(&[self.folder.join(name)]))
    }

    /// The files that SQLite and the store make beside the database; the lock file last.
    fn beside_database(&self) -> [PathBuf; 3] {
        ["-wal", "-shm", ".lock"].map(|suffix| {
            let mut name = self.database.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        })
    }

    /// Writes everything. The configuration comes last: while it is missing, nothing starts.
    pub(super) async fn write(
        &self,
        plan: &Plan<'_>,
        client_identifier: &str,
        world: &mut World<'_>,
    ) -> Result<Loaded, InitError> {
        let text = plan.text()?;
        let mut made = Made::default();
        if let (Some(application), Some(secret)) = (plan.application, plan.secret) {
            made.file(&self.folder.join(application.secret_file()), &edit::secret_file_text(secret))?;
        }
        if let Some(token) = plan.token {
            made.file(&self.folder.join(OWNER_TOKEN), &Zeroizing::new(format!("{}\n", token.expose())))?;
        }
        let name = self.config.display().to_string();
        let loaded =
            config::parse(&name, &text, &self.folder, world.environment).map_err(InitError::Configuration)?;
        self.write_stored(&mut made, client_identifier, world).await?;
        made.file(&self.config, &text)?;
        made.keep();
        Ok(loaded)
    }

    /// Writes the key file and the database.
    pub(super) async fn write_stored(
        &self,
        made: &mut Made,
        client_identifier: &str,
        world: &mut World<'_>,
    ) -> Result<(), InitError> {
        made.folder(&self.data_dir)?;
        let key =
            KeyFile::create(&self.key_file, Zeroizing::new((world.random)())).map_err(StartError::from)?;
        made.0.push(self.key_file.clone());
        made.file(&self.database, "")?;
        made.0.extend(self.beside_database().into_iter().filter(|path| is_absent(path)));
        create_database(&self.database, &Seal::new(&key), client_identifier, world.clock.now()).await?;
        Ok(())
    }
}

fn require_absent(paths: &[PathBuf]) -> Result<(), InitError> {
    let there: Vec<PathBuf> = paths.iter().filter(|path| !is_absent(path)).cloned().collect();
    if there.is_empty() { Ok(()) } else { Err(InitError::Exists(there)) }
}

/// A dangling link is not absent, and what cannot be looked at may be there.
pub(super) fn is_absent(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Whether a file can be made in this folder.
fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".plex-oidc-init.{}", std::process::id()));
    edit::create_private(&path, "")?;
    fs::remove_file(path)
}

/// Everything that was made so far, by us. It goes again unless it is kept.
#[derive(Default)]
pub(super) struct Made(Vec<PathBuf>);

impl Made {
    fn file(&mut self, path: &Path, text: &str) -> Result<(), InitError> {
        match edit::create_private(path, text) {
            Ok(()) => self.0.push(path.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(InitError::Exists(vec![path.to_owned()]));
            }
            Err(source) => return Err(InitError::Unwritable { path: path.to_owned(), source }),
        }
        Ok(())
    }

    /// A folder for us alone; one that is there stays as it is.
    fn folder(&mut self, path: &Path) -> Result<(), InitError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => self.0.push(path.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(InitError::Unwritable { path: path.to_owned(), source }),
        }
        Ok(())
    }

    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // What SQLite has taken away itself is gone already; a folder that holds anything else stays.
            drop(if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) });
        }
    }
}
