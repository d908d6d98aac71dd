//! Changing the file and the secret files for the host. Comments and order of the file are kept.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use plex_oidc_core::client::ClientAuthMethod;
use plex_oidc_core::groups::ServerName;
use plex_oidc_core::secret::Secret;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::in_place;
use super::secrets::{hash_line, lines};

/// An application to add.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// Its client id.
    pub id: String,
    /// The preset that it takes everything else from.
    pub preset: Option<String>,
    /// Where browsers reach it, for its preset.
    pub url: Option<String>,
    /// Its name for people, if not the id.
    pub name: Option<String>,
    /// How it authenticates, if not as the preset or the default says.
    pub auth_method: Option<ClientAuthMethod>,
    /// The file with its secret, as it is to stand in the configuration; `None` for a public client.
    pub secret_file: Option<String>,
    /// How it comes by tokens; empty leaves the default.
    pub grant_types: Vec<String>,
    /// Where its answers may go; empty leaves the preset's.
    pub redirect_uris: Vec<String>,
    /// Who may use it; empty leaves the default.
    pub allow: Vec<String>,
    /// Claims that also go into its ID token; empty leaves the preset's.
    pub id_token_claims: Vec<String>,
}

/// Why the file cannot be changed by us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("the file is not TOML: run plex-oidc check")]
    NotToml,
    /// `clients` is written as one line or in another way that we do not add to.
    #[error("the applications are not written as [[clients]] sections: add the new one by hand")]
    NotSections,
}

/// The first configuration of an installation, with what cannot have a default. `servers` are machine identifiers
/// with their owner's account id and name, which may be empty.
pub fn first_file(
    public_url: &str,
    servers: &[(String, u64, String)],
    owner_token_file: Option<&str>,
) -> String {
    let mut lines = vec![
        "# plex-oidc. Every key: plex-oidc example-config. After a change: plex-oidc check".to_owned(),
        format!("public_url = {}\n\n[plex]", value(public_url)),
    ];
    if let [(machine, owner, name)] = servers {
        let comment = if name.is_empty() { String::new() } else { format!(" # {}", one_line(name)) };
        lines.push(format!("server = {}{comment}\nowner_id = {owner}", value(machine)));
    }
    lines.extend(owner_token_file.map(|file| format!("owner_token_file = {}", value(file))));
    let several = if servers.len() == 1 { &[] } else { servers };
    let mut names = HashSet::new();
    for (machine, owner, name) in several {
        lines.push(format!("\n[[plex.servers]]\nmachine_identifier = {}", value(machine)));
        lines.push(format!("owner_id = {owner}"));
        // Groups carry the name: of two servers that are called alike, the first keeps it.
        let is_free = ServerName::of(name).is_none_or(|name| names.insert(name));
        if !name.is_empty() && is_free {
            lines.push(format!("name = {}", value(name)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Adds `client` at the end of `text`.
pub fn add_client(text: &str, client: &NewClient) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse().map_err(|_| EditError::NotToml)?;
    let clients = document.entry("clients").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let clients = clients.as_array_of_tables_mut().ok_or(EditError::NotSections)?;
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table.insert("id", value(&client.id));
    let auth_method = client.auth_method.map(|method| match method {
        ClientAuthMethod::ClientSecretBasic => "client_secret_basic".to_owned(),
        ClientAuthMethod::ClientSecretPost => "client_secret_post".to_owned(),
        ClientAuthMethod::PrivateKeyJwt => "private_key_jwt".to_owned(),
        ClientAuthMethod::None => "none".to_owned(),
    });
    let texts = [
        ("preset", &client.preset),
        ("url", &client.url),
        ("name", &client.name),
        ("auth_method", &auth_method),
        ("secret_file", &client.secret_file),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            table.insert(key, value(text));
        }
    }
    let lists = [
        ("grant_types", &client.grant_types),
        ("redirect_uris", &client.redirect_uris),
        ("allow", &client.allow),
        ("id_token_claims", &client.id_token_claims),
    ];
    for (key, texts) in lists {
        if !texts.is_empty() {
            table.insert(key, value(texts.iter().collect::<Array>()));
        }
    }
    clients.push(table);
    Ok(document.to_string())
}

/// The secret file of a client as it stands in the configuration text.
pub fn secret_file_of(text: &str, id: &str) -> Option<String> {
    let document: DocumentMut = text.parse().ok()?;
    let clients = document.get("clients")?.as_array_of_tables()?;
    let is_it = |table: &&Table| table.get("id").and_then(Item::as_str) == Some(id);
    Some(clients.iter().find(is_it)?.get("secret_file")?.as_str()?.to_owned())
}

/// The text without the key that names the file of the owner's token, and what it named. `None` where it has no such key.
pub fn without_owner_token_file(text: &str) -> Option<(String, Option<String>)> {
    let mut document: DocumentMut = text.parse().ok()?;
    let named = document.get_mut("plex")?.as_table_like_mut()?.remove("owner_token_file");
    let named = named.and_then(|item| item.as_str().map(str::to_owned));
    Some((document.to_string(), named))
}

/// The name of the secret file that `client add` makes for a client.
pub fn secret_file_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    format!("{}.secret", id.chars().map(plain).collect::<String>())
}

/// The content of a new secret file: the hash only, so that nobody who reads the file learns the secret.
pub fn secret_file_text(secret: &Secret) -> String {
    format!("{}\n", hash_line(&secret.hash()))
}

/// The content of a secret file after `secret` became the new one; the one before it still works.
pub fn rotated(old: &str, secret: &Secret) -> String {
    let mut text = secret_file_text(secret);
    if let Some(previous) = lines(old).next() {
        text.push_str("# The secret before it, until the application has the new one:\n");
        text.push_str(previous);
        text.push('\n');
    }
    text
}

/// Whether a secret file holds a second secret, which waits for its end.
pub fn has_second(text: &str) -> bool {
    lines(text).nth(1).is_some()
}

/// The content of a secret file when only its newest secret works any longer.
pub fn rotation_finished(old: &str) -> String {
    lines(old).next().map_or_else(String::new, |line| format!("{line}\n"))
}

/// Creates a file that only its owner can read. A file that exists is left alone and is an error; one that cannot be
/// written to its end goes again.
pub fn create_private(path: &Path, text: &str) -> io::Result<()> {
    create(path, text, |_| Ok(()))
}

/// The same, with the owner of `like`, so that the service can read what root writes for it.
pub fn create_private_like(path: &Path, text: &str, like: &Path) -> io::Result<()> {
    let like = fs::metadata(like)?;
    create(path, text, |file| give(file, &like))
}

/// What else is done to the new file is done to the open one: in somebody else's folder, its name may be a link to any other by then.
fn create(path: &Path, text: &str, finish: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| finish(&file)).and_then(|()| file.sync_all());
    if written.is_err() {
        drop(fs::remove_file(path)); // made a moment ago, by us
    }
    written
}

/// Gives the file the owner of `like`.
fn give(file: &File, like: &Metadata) -> io::Result<()> {
    let is = file.metadata()?;
    if (is.uid(), is.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    fchown(file, Some(like.uid()), Some(like.gid()))
}

/// Makes the file as readable as `like`, for the same owner.
fn make_like(file: &File, like: &Metadata) -> io::Result<()> {
    give(file, like)?;
    file.set_permissions(Permissions::from_mode(like.permissions().mode() & 0o777))
}

/// Puts a secret into a file, whole or not at all. Others cannot read that from before the secret is in it. `random` is for
/// [`replace`].
pub fn put_private(path: &Path, text: &str, random: [u8; 32]) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return create_private(path, text),
        found => found?.permissions().mode(),
    };
    if mode & 0o007 != 0 {
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode(); // of the very file that is changed
        file.set_permissions(Permissions::from_mode(mode & 0o770))?;
    }
    replace(path, text, random)
}

/// Replaces a file as a whole: a reader sees the old text or the new one. Its mode and owner stay. Where no other file can take its
/// place, a short one is written where it is. `random` names the draft, which is in nobody's way if it is ever left behind.
pub fn replace(path: &Path, text: &str, random: [u8; 32]) -> io::Result<()> {
    let ways = Ways { draft: Draft::of, rename: |draft, path| fs::rename(draft, path) };
    replace_by(&ways, path, text, random)
}

/// How a new file comes beside another one, and in its place.
struct Ways {
    draft: fn(&Path, &str, [u8; 32]) -> io::Result<Draft>,
    rename: fn(&Path, &Path) -> io::Result<()>,
}

fn replace_by(ways: &Ways, path: &Path, text: &str, random: [u8; 32]) -> io::Result<()> {
    let path = fs::canonicalize(path)?; // a link stays a link
    let draft = match (ways.draft)(&path, text, random) {
        // The folder takes no other file.
        Err(why) if matches!(why.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {
            return in_place::write(&path, text, &why);
        }
        draft => draft?,
    };
    match (ways.rename)(&draft.0, &path) {
        // A file that is mounted by itself. Never another file system: the draft lies in the same folder.
        Err(why) if why.kind() == ErrorKind::ResourceBusy => in_place::write(&path, text, &why),
        done => done,
    }
}

/// Not by the number of the process alone: in a container that is always the same.
fn beside(path: &Path, random: [u8; 32]) -> PathBuf {
    let digits = random.iter().take(8).fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{digits}.new"));
    path.with_file_name(name)
}

/// A file that goes away unless it has been renamed.
struct Draft(PathBuf);

impl Draft {
    /// The text, on the disk, beside the file for which it is meant, and as readable as that.
    fn of(path: &Path, text: &str, random: [u8; 32]) -> io::Result<Self> {
        let like = fs::metadata(path)?;
        let draft = beside(path, random);
        create(&draft, text, |file| make_like(file, &like))?;
        Ok(Self(draft))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0)); // after the rename there is nothing to remove
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    const RANDOM: [u8; 32] = [7; 32];
    const MOUNTED: Ways = Ways { draft: Draft::of, rename: |_, _| Err(ErrorKind::ResourceBusy.into()) };
    const READ_ONLY: Ways = Ways {
        draft: |_, _, _| Err(ErrorKind::ReadOnlyFilesystem.into()),
        rename: |_, _| panic!("there is nothing to rename"),
    };

    /// A folder with one file, and the number of that on the disk.
    fn file(text: &str) -> (tempfile::TempDir, PathBuf, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("owner.token");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let number = fs::metadata(&path).unwrap().ino();
        (folder, path, number)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_written_where_it_is() {
        for ways in [MOUNTED, READ_ONLY] {
            for (old, new) in
                [("old-token\n", "new-token\n"), ("short", "a-longer-token\n"), ("a-long-token\n", "x\n")]
            {
                let (folder, path, number) = file(old);
                replace_by(&ways, &path, new, RANDOM).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), new);
                let is = fs::metadata(&path).unwrap();
                assert_eq!((is.ino(), is.permissions().mode() & 0o777), (number, 0o640));
                assert_eq!(names(folder.path()), ["owner.token"]);
            }
        }
    }

    #[test]
    fn a_text_longer_than_a_sector_is_not_written_where_it_is_nor_over_one() {
        let (short, long) = ("short\n".to_owned(), "longer\n".repeat(100));
        for ways in [MOUNTED, READ_ONLY] {
            for (old, new) in [(&long, &short), (&short, &long), (&long, &long.replace('l', "L"))] {
                let (folder, path, number) = file(old);
                let refused = replace_by(&ways, &path, new, RANDOM).unwrap_err().to_string();
                assert!(refused.contains("mount the folder and not the file alone"), "{refused}");
                assert_eq!(&fs::read_to_string(&path).unwrap(), old, "as it was");
                assert_eq!((fs::metadata(&path).unwrap().ino(), names(folder.path()).len()), (number, 1));
            }
        }
    }

    #[test]
    fn a_draft_that_was_left_behind_is_in_nobodys_way() {
        let (folder, path, _) = file("old");
        let left = format!("owner.token.{}.new", std::process::id());
        fs::write(folder.path().join(left), "left by a process that was killed").unwrap();
        replace(&path, "new", RANDOM).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        fs::write(beside(&path, RANDOM), "another one").unwrap();
        replace(&path, "newer", [8; 32]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
    }

    #[test]
    fn what_is_done_to_a_new_file_is_done_to_no_other_that_has_its_name_by_then() {
        let (folder, like, _) = file("old");
        let [path, moved, strangers] = ["draft", "moved", "strangers"].map(|name| folder.path().join(name));
        fs::write(&strangers, "not ours").unwrap();
        fs::set_permissions(&strangers, Permissions::from_mode(0o600)).unwrap();
        let stranger = fs::metadata(&strangers).unwrap().uid();
        if stranger == 0 {
            chown(&like, Some(4711), Some(4712)).unwrap(); // only root can give a file away
        }
        let like = fs::metadata(&like).unwrap();
        let swapped = |file: &File| {
            fs::rename(&path, &moved)?;
            symlink(&strangers, &path)?;
            make_like(file, &like)
        };
        create(&path, "secret", swapped).unwrap();
        let is = |path| fs::metadata(path).map(|is| (is.uid(), is.permissions().mode() & 0o777)).unwrap();
        assert_eq!((is(&strangers), is(&moved)), ((stranger, 0o600), (like.uid(), 0o640)));
    }

    #[test]
    fn a_new_file_is_made_for_the_owner_of_another_or_not_at_all() {
        let (folder, like, _) = file("old");
        if fs::metadata(&like).unwrap().uid() == 0 {
            chown(&like, Some(4711), Some(4712)).unwrap();
        }
        let path = folder.path().join("new.secret");
        assert!(create_private_like(&path, "secret", &folder.path().join("gone")).is_err());
        assert!(!path.exists());
        create_private_like(&path, "secret", &like).unwrap();
        let (is, like) = (fs::metadata(&path).unwrap(), fs::metadata(&like).unwrap());
        assert_eq!((is.uid(), is.gid(), is.permissions().mode() & 0o777), (like.uid(), like.gid(), 0o600));
    }

    #[test]
    fn where_it_can_be_replaced_it_is() {
        let (folder, path, number) = file("old");
        replace(&path, "new", RANDOM).unwrap();
        let is = fs::metadata(&path).unwrap();
        assert!(is.ino() != number && is.permissions().mode() & 0o777 == 0o640);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()), ("new", 1));
    }

    #[test]
    fn what_can_be_done_neither_way_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("owner.token");
        fs::create_dir(&path).unwrap(); // nobody writes a folder, not even root
        let refused = replace_by(&MOUNTED, &path, "new", RANDOM).unwrap_err().to_string();
        assert!(refused.contains("neither be replaced") && refused.contains("mount the folder"), "{refused}");
        assert_eq!(names(folder.path()), ["owner.token"]);
    }
}
