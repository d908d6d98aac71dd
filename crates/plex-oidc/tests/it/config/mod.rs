//! The configuration and its commands.

mod bad;
mod commands;
mod documents;
mod gateway;
mod load;

use std::collections::BTreeMap;
use std::path::Path;

/// The secret of the example's client.
pub(crate) const SECRET: &str = "correct-horse-battery-staple-0123456789";

/// A folder with what the fixtures name: secret files of every kind.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "cloudflare-access.secret", SECRET);
    folder
}

/// Writes a file that only its owner can read.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Variables.
pub(crate) fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
