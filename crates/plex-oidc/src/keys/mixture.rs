//! Whether the key file and the database belong to one installation, before either is used (invariant I-12).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What is found at the database's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseState {
    /// No database.
    Absent,
    /// A database without a signing key.
    WithoutKeys,
    /// A database with signing keys.
    WithKeys,
}

/// An installation whose parts fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installation {
    /// Nothing is there yet. `init` may create; everything else refuses.
    Fresh,
    /// Key file and keys are there. Everything but `init` may go on.
    Complete,
}

impl Installation {
    /// For `init`: it creates on empty ground only.
    pub fn require_fresh(self, key_file: &Path) -> Result<(), MixtureError> {
        match self {
            Self::Fresh => Ok(()),
            Self::Complete => Err(MixtureError::AlreadySetUp { path: key_file.to_owned() }),
        }
    }

    /// For everything but `init`.
    pub fn require_complete(self, key_file: &Path) -> Result<(), MixtureError> {
        match self {
            Self::Complete => Ok(()),
            Self::Fresh => Err(MixtureError::NotSetUp { path: key_file.to_owned() }),
        }
    }
}

/// Why the parts do not fit together. Nothing is created or changed.
#[derive(Debug, Error)]
pub enum MixtureError {
    /// The database was there before, its key file is not.
    #[error(
        "the key file {} is missing, but the database holds keys that only it can open. Restore that file from a \
         backup. A new one would not help: nothing that is sealed could be read again",
        .path.display()
    )]
    KeyFileLost {
        /// Where the key file should be.
        path: PathBuf,
    },
    /// The key file was there before, its database is not.
    #[error(
        "the key file {} exists, but there is no database with keys at {}. Restore the database from a backup, or check \
         that `data_dir` is right and its disk mounted. If it is lost for good, move the key file away and run \
         `plex-oidc init`: it makes new ones for the configuration that is there",
        .path.display(),
        .database.display()
    )]
    DatabaseLost {
        /// Where the key file is.
        path: PathBuf,
        /// Where the database should be.
        database: PathBuf,
    },
    /// A database that holds no keys, and no key file.
    #[error(
        "there is a database without keys, {}, and no key file {}. Restore both from a backup. If nothing was ever set \
         up here, move the database away and run `plex-oidc init`",
        .database.display(),
        .path.display()
    )]
    Unfinished {
        /// Where the key file should be.
        path: PathBuf,
        /// Where the database is.
        database: PathBuf,
    },
    /// Nothing is there, and the caller may not create.
    #[error(
        "nothing is set up yet: there is no key file {} and no database. Run `plex-oidc init`: it makes them, and leaves \
         a configuration that is there as it is",
        .path.display()
    )]
    NotSetUp {
        /// Where the key file should be.
        path: PathBuf,
    },
    /// All is there, and the caller wanted to create it.
    #[error("this installation is set up already: the key file {} is in use, and stays as it is", .path.display())]
    AlreadySetUp {
        /// Where the key file is.
        path: PathBuf,
    },
    /// Nobody can tell whether there is a key file.
    #[error(
        "cannot see whether there is a key file {}: {source}. Check the permissions of its directories",
        .path.display()
    )]
    Unreachable {
        /// Where the key file should be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Looks whether there is a key file, and compares with what was found at the database's place.
///
/// Anything at the path counts as a key file, a dangling link too: reading it is what tells whether it is a good one.
pub fn check_mixture(
    key_file: &Path,
    database: &Path,
    found: DatabaseState,
) -> Result<Installation, MixtureError> {
    let (path, database) = (key_file.to_owned(), database.to_owned());
    let has_key_file = match fs::symlink_metadata(key_file) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(source) => return Err(MixtureError::Unreachable { path, source }),
    };
    match (has_key_file, found) {
        (false, DatabaseState::Absent) => Ok(Installation::Fresh),
        (true, DatabaseState::WithKeys) => Ok(Installation::Complete),
        (false, DatabaseState::WithKeys) => Err(MixtureError::KeyFileLost { path }),
        (false, DatabaseState::WithoutKeys) => Err(MixtureError::Unfinished { path, database }),
        (true, DatabaseState::Absent | DatabaseState::WithoutKeys) => {
            Err(MixtureError::DatabaseLost { path, database })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_12_a_mixture_is_refused_and_creates_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (there, absent) = (dir.path().join("sealing.key"), dir.path().join("none.key"));
        fs::write(&there, "anything").unwrap();
        let cases = [
            (&absent, DatabaseState::Absent, None),
            (&absent, DatabaseState::WithoutKeys, Some("database without keys")),
            (&absent, DatabaseState::WithKeys, Some("is missing, but the database holds keys")),
            (&there, DatabaseState::Absent, Some("there is no database with keys at /house/data.db")),
            (&there, DatabaseState::WithoutKeys, Some("there is no database with keys at /house/data.db")),
            (&there, DatabaseState::WithKeys, None),
        ];
        for (path, database, refusal) in cases {
            let outcome = check_mixture(path, Path::new("/house/data.db"), database);
            if let Some(words) = refusal {
                let message = outcome.unwrap_err().to_string();
                assert!(message.contains(words), "{message}");
                assert!(message.contains(path.to_str().unwrap()), "names the file: {message}");
            } else {
                let installation = outcome.unwrap();
                let may_serve = installation.require_complete(path).is_ok();
                let may_create = installation.require_fresh(path).is_ok();
                assert_eq!((may_serve, may_create), (path == &there, path == &absent));
            }
        }
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names, [there]);
    }

    #[test]
    fn i_12_a_dangling_link_is_not_empty_ground() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("sealing.key");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &link).unwrap();
        assert!(matches!(
            check_mixture(&link, Path::new("data.db"), DatabaseState::Absent),
            Err(MixtureError::DatabaseLost { .. })
        ));
    }

    #[test]
    fn i_12_a_path_that_cannot_be_looked_at_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let inside = check_mixture(&file.join("sealing.key"), Path::new("data.db"), DatabaseState::Absent);
        assert!(matches!(inside, Err(MixtureError::Unreachable { .. })), "{inside:?}");
    }
}
