//! The key file: 32 random bytes in base64 that open everything sealed in the database.
//!
//! It is written once and never over anything. A file that is not exactly right is refused with the remedy, and left as
//! it is (security requirements 90-93, invariant I-11).

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes in a key.
const KEY_LEN: usize = 32;
/// Most bytes read from a key file: the key and some blank space.
const MAX_FILE_LEN: u64 = 1024;

/// The key of one installation. Wiped when dropped.
pub struct KeyFile {
    key: Zeroizing<[u8; KEY_LEN]>,
}

/// Why a key file is not read or not written. Every message names the file and the remedy.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// No such file.
    #[error(
        "the key file {} does not exist. Restore it from a backup; for a new installation, run `plex-oidc init`",
        .path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// No such directory.
    #[error(
        "the directory of the key file {} does not exist. Check the path, and that its disk is mounted",
        .path.display()
    )]
    DirectoryMissing {
        /// The file.
        path: PathBuf,
    },
    /// A directory, a pipe, a device.
    #[error("the key file {} is not a regular file. Correct the path to it", .path.display())]
    NotAFile {
        /// What is at the path.
        path: PathBuf,
    },
    /// The system does not let us read it.
    #[error(
        "the key file {} cannot be read: {source}. Make the user that runs this program its owner (`chown`), with mode 0600",
        .path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing in it.
    #[error("the key file {} is empty. Restore it from a backup", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Something else in it.
    #[error(
        "the key file {} is damaged or not a key file of this program: it must hold 32 bytes as 44 characters of \
         base64. Restore it from a backup",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Others can read or change it.
    #[error(
        "the key file {} has mode {mode:04o}, so other users can reach it. Run `chmod 600 {}`",
        .path.display(), .path.display()
    )]
    WrongMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else's.
    #[error(
        "the key file {} belongs to user {owner}, but this program runs as user {ours}. Run `chown {ours} {}`, or run \
         this program as user {owner}",
        .path.display(), .path.display()
    )]
    WrongOwner {
        /// The file.
        path: PathBuf,
        /// User id of its owner.
        owner: u32,
        /// User id that this process has.
        ours: u32,
    },
    /// A key that anybody can guess or look up.
    #[error(
        "the key file {} holds a key from an example or a test, which everybody knows. Put the right file there, or \
         start with a new one: move it away and run `plex-oidc init`",
        .path.display()
    )]
    WellKnown {
        /// The file.
        path: PathBuf,
    },
    /// There is something at the path already.
    #[error("there is already something at {}; a key file is never overwritten", .path.display())]
    AlreadyThere {
        /// The file.
        path: PathBuf,
    },
    /// It could not be written.
    #[error("the key file {} cannot be written: {source}. Check the permissions of its directory", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl KeyFile {
    /// Writes `random` as a new key file with mode 0600.
    ///
    /// Complete and on disk, or not there at all: a temporary file beside it is written and synced, then linked to the
    /// name, which fails if the name is taken (a rename would replace it), then the directory is synced.
    pub fn create(path: &Path, random: Zeroizing<[u8; KEY_LEN]>) -> Result<Self, KeyFileError> {
        let file = Self { key: random };
        if file.is_well_known() {
            return Err(KeyFileError::WellKnown { path: path.to_owned() });
        }
        let directory = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Err(KeyFileError::NotAFile { path: path.to_owned() }),
        };
        let temporary = file.temporary_path(path);
        let written = file.write_new(&temporary).and_then(|()| fs::hard_link(&temporary, path));
        // Its name is ours alone. If it stays behind after a crash, it is as well guarded as the key file.
        let removed = fs::remove_file(&temporary);
        written
            .and(removed)
            .and_then(|()| File::open(directory)?.sync_all())
            .map_err(|source| Self::write_error(path, directory, source))?;
        Ok(file)
    }

    fn write_new(&self, path: &Path) -> io::Result<()> {
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut text = Zeroizing::new(STANDARD.encode(*self.key));
        text.push('\n');
        out.write_all(text.as_bytes())?;
        out.sync_all()
    }

    fn write_error(path: &Path, directory: &Path, source: io::Error) -> KeyFileError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::AlreadyThere { path },
            io::ErrorKind::NotFound if !directory.exists() => KeyFileError::DirectoryMissing { path },
            _ => KeyFileError::Unwritable { path, source },
        }
    }

    /// Beside the key file, so on the same disk. The name is of the key, so two that are made at once do not meet.
    fn temporary_path(&self, path: &Path) -> PathBuf {
        let [a, b, c, d, ..] = self.fingerprint("temporary name");
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{a:02x}{b:02x}{c:02x}{d:02x}.new"));
        path.with_file_name(name)
    }

    /// Reads a key file. It must be ours alone: owned by the user of this process, without a permission for others.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        Self::load_as(path, process_user())
    }

    fn load_as(path: &Path, our_user: Option<u32>) -> Result<Self, KeyFileError> {
        // Looked at before it is opened, because opening a pipe would wait for a writer.
        if !fs::metadata(path).map_err(|source| Self::read_error(path, source))?.is_file() {
            return Err(KeyFileError::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(|source| Self::read_error(path, source))?;
        check_guarded(path, &file, our_user)?;
        let mut text = Zeroizing::new(Vec::new());
        file.take(MAX_FILE_LEN + 1)
            .read_to_end(&mut text)
            .map_err(|source| Self::read_error(path, source))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &[u8]) -> Result<Self, KeyFileError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err(KeyFileError::Empty { path: path.to_owned() });
        }
        // Room for one more group of characters than fits, because the decoder asks for it.
        let mut bytes = Zeroizing::new([0; KEY_LEN + 4]);
        let mut key = Zeroizing::new([0; KEY_LEN]);
        match (STANDARD.decode_slice(text, bytes.as_mut()), bytes.first_chunk::<KEY_LEN>()) {
            (Ok(KEY_LEN), Some(decoded)) => key.copy_from_slice(decoded),
            (Ok(_) | Err(_), _) => return Err(KeyFileError::Damaged { path: path.to_owned() }),
        }
        let file = Self { key };
        if file.is_well_known() {
            return Err(KeyFileError::WellKnown { path: path.to_owned() });
        }
        Ok(file)
    }

    fn read_error(path: &Path, source: io::Error) -> KeyFileError {
        let directory_missing = path
            .parent()
            .is_some_and(|parent| !parent.as_os_str().is_empty() && matches!(parent.try_exists(), Ok(false)));
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound if directory_missing => KeyFileError::DirectoryMissing { path },
            io::ErrorKind::NotFound => KeyFileError::Missing { path },
            _ => KeyFileError::Unreadable { path, source },
        }
    }

    /// The key itself, for [`super::Seal`] alone.
    pub(super) fn key(&self) -> &[u8] {
        self.key.as_slice()
    }

    /// One byte that tells this key from most others. Stored with what the key seals, so that "sealed with another key"
    /// and "damaged" are two messages.
    pub(super) fn id(&self) -> u8 {
        let [id, ..] = self.fingerprint("key id");
        id
    }

    fn fingerprint(&self, purpose: &str) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"plex-oidc ");
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(self.key());
        let mut out = [0; 32];
        out.copy_from_slice(context.finish().as_ref());
        out
    }

    /// The keys that documents and tests are written with: one byte repeated, or counting up from any byte.
    fn is_well_known(&self) -> bool {
        let all_steps_are = |step: u8| {
            self.key.iter().zip(self.key.iter().skip(1)).all(|(one, next)| one.wrapping_add(step) == *next)
        };
        all_steps_are(0) || all_steps_are(1)
    }

    #[cfg(test)]
    pub(super) fn for_tests(byte: u8) -> Self {
        Self { key: Zeroizing::new([byte; KEY_LEN]) }
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFile([redacted])")
    }
}

/// Permissions and owner are read from the open file, so that it cannot be exchanged in between.
fn check_guarded(path: &Path, file: &File, our_user: Option<u32>) -> Result<(), KeyFileError> {
    let metadata =
        file.metadata().map_err(|source| KeyFileError::Unreadable { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(KeyFileError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::WrongMode { path: path.to_owned(), mode });
    }
    match our_user {
        Some(ours) if ours != metadata.uid() => {
            Err(KeyFileError::WrongOwner { path: path.to_owned(), owner: metadata.uid(), ours })
        }
        Some(_) | None => Ok(()),
    }
}

/// The user that this process acts as, from the process file system; `None` where there is none. Without it nothing is
/// lost but the warning to root: whoever can read a file that only its owner may read is its owner, or root.
fn process_user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|metadata| metadata.uid())
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
