//! The commands that set up and look after an installation, against a local plex.tv.

mod beside_service;
mod check;
mod doctor;
mod explain;
mod init;
mod init_refusals;
mod keys;
mod owner_token;
mod person;
mod presets;
mod snippet;
mod token;
mod user;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plex_oidc::cli::{self, Exit, World};
use plex_oidc::clock::ShiftedClock;
use plex_oidc_core::secret::sha256;
use plextv_emulator::{Emulator, EmulatorConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What a command did.
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A folder for an installation, a plex.tv, and a clock.
pub(crate) struct House {
    pub(crate) runtime: Runtime,
    pub(crate) emulator: Emulator,
    pub(crate) folder: TempDir,
    pub(crate) clock: ShiftedClock,
    /// How often randomness was asked for.
    random: Cell<u8>,
}

/// An installation with a configuration written by hand: further keys of its top, and sections.
fn written(top: &str, sections: &str) -> House {
    let house = House::new();
    let text = format!(
        "public_url = \"https://auth.example.com\"\ntrusted_proxies = \"127.0.0.1\"\n{top}\n[plex]\n\
         server = \"0123456789abcdef0123456789abcdef01234567\"\nowner_id = 17\n{sections}"
    );
    put(&house.path("plex-oidc.toml"), &text);
    house
}

/// Runs a command without the variables of a house, which would be warned of.
fn run(house: &House, arguments: &[&str]) -> Ran {
    house.run_with(&BTreeMap::new(), arguments, "", |_| {})
}

#[track_caller]
fn done(ran: Ran) -> Ran {
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    ran
}

impl House {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let emulator = runtime.block_on(Emulator::start(EmulatorConfig::default())).unwrap();
        Self {
            runtime,
            emulator,
            folder: tempfile::tempdir().unwrap(),
            clock: ShiftedClock::default(),
            random: Cell::new(0),
        }
    }

    /// The variables that send everything to the local plex.tv.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let urls = [
            ("PLEX_OIDC__PLEX__URLS__PLEX_TV", self.emulator.plex_tv_url()),
            ("PLEX_OIDC__PLEX__URLS__CLIENTS", self.emulator.clients_url()),
            ("PLEX_OIDC__PLEX__URLS__APP", self.emulator.app_url()),
        ];
        urls.into_iter().map(|(name, url)| (name.to_owned(), url.to_owned())).collect()
    }

    /// Runs a command that asks nothing.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(&self.variables(), arguments, "", |_| {})
    }

    /// Runs a command whose questions are answered with `input`; `watch` sees what is on the terminal so far, each time
    /// that something is added.
    pub(crate) fn run_with(
        &self,
        environment: &BTreeMap<String, String>,
        arguments: &[&str],
        input: &str,
        watch: impl FnMut(&str),
    ) -> Ran {
        let (mut out, mut err) = (Vec::new(), Terminal { shown: Vec::new(), watch });
        let mut random = || {
            self.random.set(self.random.get() + 1);
            sha256(&[self.random.get()])
        };
        let mut world = World {
            environment,
            input: &mut input.as_bytes(),
            out: &mut out,
            err: &mut err,
            random: &mut random,
            hide_typing: &mut |_| false,
            clock: &self.clock,
        };
        let file = self.folder.path().join("plex-oidc.toml");
        let start = ["plex-oidc", "--config", file.to_str().unwrap()];
        let exit = cli::run(start.iter().chain(arguments).map(OsString::from), &mut world);
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(&self.folder.path().display().to_string(), "/etc/plex-oidc")
        };
        Ran { exit, out: text(out), err: text(err.shown) }
    }

    /// Every file and folder in the house, with its mode.
    pub(crate) fn contents(&self) -> BTreeMap<String, u32> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = std::fs::symlink_metadata(&path).unwrap();
                let name = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
                found.insert(name, metadata.permissions().mode() & 0o777);
                if metadata.is_dir() {
                    folders.push(path);
                }
            }
        }
        found
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Standard error, and somebody who reads it.
struct Terminal<W> {
    shown: Vec<u8>,
    watch: W,
}

impl<W: FnMut(&str)> Write for Terminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shown.extend_from_slice(bytes);
        (self.watch)(&String::from_utf8_lossy(&self.shown));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The flags of an installation that asks Plex nothing.
pub(crate) fn told<'f>(more: &[&'f str]) -> Vec<&'f str> {
    let server = plextv_emulator::MAIN_SERVER;
    let mut flags = vec!["init", "--non-interactive", "--owner-id", "1002003", "--server", server];
    flags.extend(more);
    flags
}

/// And one for Cloudflare Access.
pub(crate) fn told_for_cloudflare() -> Vec<&'static str> {
    let protect = ["--protect", "cloudflare-access", "--team", "example"];
    told(&[&["--public-url", "https://auth.example.com"][..], &protect].concat())
}

/// Writes a file of the host's own.
pub(crate) fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
