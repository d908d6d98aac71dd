//! Secrets in files of their own, and the form in which client secrets stand there.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::secret::{SecretHash, SecretKind};
use zeroize::Zeroizing;

/// Shortest secret accepted when the host chose it, in bytes. Ours have 47.
pub(crate) const SHORTEST: usize = 32;

/// Longest file that secrets and public keys are read from, in bytes.
const LONGEST: usize = 64 * 1024;

const HASH_PREFIX: &str = "sha256:";

/// What is wrong with a secret file: the problem and the remedy.
pub(crate) type Wrong = (String, String);

/// Reads the lines of a secret file. The second value is true if everybody on the machine can read it.
pub(crate) fn read(path: &Path) -> Result<(Zeroizing<String>, bool), Wrong> {
    let shown = path.display();
    let (text, mode) = read_short(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => (
            format!("there is no file {shown}"),
            "Make it, or correct the path; a relative path starts at the folder of the configuration."
                .to_owned(),
        ),
        std::io::ErrorKind::PermissionDenied => (
            format!("{shown} may not be read"),
            "Let the user that this program runs as read it (chown).".to_owned(),
        ),
        _ => (
            format!("{shown} cannot be read: {error}"),
            "It must be a text file with the secret in it.".to_owned(),
        ),
    })?;
    // Container platforms mount secrets readable for all inside the container, which has one user.
    let mounted = path.starts_with("/run/secrets") || path.starts_with("/run/credentials");
    Ok((text, mode & 0o007 != 0 && !mounted))
}

/// What is in a file of text that is never long, and who may read it. There may be thousands of them, so nothing is asked twice.
pub(super) fn read_short(path: &Path) -> io::Result<(Zeroizing<String>, u32)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let length = usize::try_from(metadata.len()).unwrap_or(LONGEST).min(LONGEST);
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    // As many bytes as are allowed, and one that is not: what never ends, such as a device, is not read to its end.
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {LONGEST} bytes")));
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok((Zeroizing::new(text.to_owned()), metadata.permissions().mode()))
}

/// Whether what should be the name of a file is more likely a secret, which no message may repeat.
pub(crate) fn looks_like_one(name: &str) -> bool {
    name.len() >= 20 && !name.contains(['.', '/'])
}

/// The lines of a secret file that count.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Reads one line: a secret in the clear, or its hash.
pub(crate) fn client_secret(line: &str) -> Result<SecretHash, Wrong> {
    if let Some(encoded) = line.strip_prefix(HASH_PREFIX) {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        return bytes.map(SecretHash).ok_or_else(|| {
            let remedy = "Copy the line whole, or put a new secret in its place: openssl rand -hex 32";
            ("the hash of the secret is damaged".to_owned(), remedy.to_owned())
        });
    }
    let make = || format!("Make one of at least {SHORTEST} characters: openssl rand -hex 32");
    if line.bytes().any(|b| !(0x20..=0x7e).contains(&b)) {
        return Err(("the secret has characters outside ASCII".to_owned(), make()));
    }
    // A bit for each character of ASCII.
    let distinct = line.bytes().fold(0_u128, |seen, b| seen | (1 << b)).count_ones();
    if line.len() < SHORTEST || distinct < 8 {
        return Err(("the secret is too easy to guess".to_owned(), make()));
    }
    Ok(SecretHash::of(SecretKind::ClientSecret, line))
}

/// Writes the hash of a secret as a line of a secret file.
pub(crate) fn hash_line(hash: &SecretHash) -> String {
    format!("{HASH_PREFIX}{}", URL_SAFE_NO_PAD.encode(hash.0))
}
