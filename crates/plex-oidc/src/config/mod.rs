//! The configuration: one TOML file, every key also as a variable, all problems at once.
//!
//! [`load`] gives a [`Config`] in which everything is checked, or [`Problems`] in words for the host. [`schema`] lists
//! the keys; only `raw` knows what the file looks like.

mod access;
mod apps;
mod build;
mod client_addresses;
mod client_grants;
mod client_keys;
mod clients;
pub mod edit;
pub mod example;
mod gateway;
mod groups;
mod icons;
pub(crate) mod in_place;
pub mod length;
mod local;
mod mail;
mod notices;
mod outbound;
mod people;
mod pieces;
mod plex;
mod presets;
mod print;
mod problem;
mod raw;
mod reader;
pub mod reference;
mod rules;
pub mod schema;
mod secrets;
mod suffix;
mod unknown;
mod value;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use plex_oidc_core::client::Client;
use plex_oidc_core::decide::{AllowRule, HouseGroup};
use plex_oidc_core::gateway::{AccessConfig, Apps, Host, UserNames};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::outbound::Reach;
use plex_oidc_core::time::Seconds;

pub use icons::{Icon, Icons};
pub use local::{DeclaredAccount, LocalConfig, person as local_person};
pub use mail::{MailConfig, MailSecurity};
pub use notices::{MetricsConfig, WebhookConfig};
pub use plex::{OwnTokens, PlexConfig, PlexServer, PlexUrls};
pub use presets::{PresetUse, client_facts, instead as instead_of_preset};
pub use problem::{Place, Problem, Problems};

/// The variable that names the configuration file.
pub const FILE_VARIABLE: &str = "PLEX_OIDC_CONFIG";

/// The configuration file, if nothing else is named.
pub const DEFAULT_FILE: &str = "plex-oidc.toml";

/// A configuration in which everything is checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our base URL.
    pub public_url: Issuer,
    /// Where to listen; never empty.
    pub listen: Vec<SocketAddr>,
    /// The folder for the database.
    pub data_dir: PathBuf,
    /// The networks of the proxies that are believed about the client address.
    pub trusted_proxies: Vec<IpNet>,
    /// Plex; nothing where people have local accounts only.
    pub plex: Option<PlexConfig>,
    /// Local accounts.
    pub local: LocalConfig,
    /// House rules.
    pub rules: Rules,
    /// The host's own groups, in the order of the file; names are unique.
    pub groups: Vec<HouseGroup>,
    /// Whom the host's page is for; empty: it is switched off.
    pub hosts: Vec<AllowRule>,
    /// How long what happened is remembered.
    pub events_kept: Seconds,
    /// Who else is told of what the host should know, if anybody is.
    pub webhook: Option<WebhookConfig>,
    /// How mail is sent, if it is.
    pub mail: Option<MailConfig>,
    /// Where figures are shown, if anywhere.
    pub metrics: Option<MetricsConfig>,
    /// The applications, in the order of the file; ids are unique.
    pub clients: Vec<Client>,
    /// The gateway.
    pub gateway: GatewayConfig,
    /// What applications behind the gateway accept from Cloudflare Access.
    pub access: AccessConfig,
    /// Requests to clients.
    pub outbound: OutboundConfig,
    /// Browser sessions.
    pub session: SessionLimits,
    /// Lives of tokens.
    pub tokens: TokenLives,
    /// Limits.
    pub limits: Limits,
    /// The file with the key that seals what the database must give back.
    pub key_file: PathBuf,
    /// How often Plex is asked who still is a member.
    pub recheck_every: Seconds,
    /// How often signing keys rotate, if by themselves.
    pub rotate_keys_every: Option<Seconds>,
    /// How the pages look.
    pub theme: ThemeConfig,
    /// The pictures of applications.
    pub icons: Icons,
    /// The log.
    pub log: LogConfig,
}

/// What concerns requests of ours to clients.
#[derive(Debug, Clone)]
pub struct OutboundConfig {
    /// Further certificate authorities (PEM).
    pub ca_file: Option<PathBuf>,
    /// Which private addresses may be called.
    pub reach: Reach,
}

/// House rules, for every application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether managed Home users may sign in.
    pub allow_managed: bool,
    /// Whether an account must have confirmed its e-mail address.
    pub require_confirmed_email: bool,
    /// How long a positive answer about membership serves without a new one.
    pub membership_lifetime: Seconds,
    /// Whether a Plex account must have two-factor sign-in set up. The owner's need not.
    pub require_two_factor: bool,
    /// How old a Plex account must be. The owner's may have any age.
    pub minimum_account_age: Seconds,
    /// Accounts that never come in; none of an owner.
    pub blocked: BTreeSet<AccountId>,
    /// The only accounts that come in, besides the owner's.
    pub only: Option<BTreeSet<AccountId>>,
}

/// The gateway.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The applications behind it, in the order of the file; their names are unique.
    pub apps: Apps,
    /// Domains within which applications share a session. None lies within another, and none is a public suffix.
    pub cookie_domains: Vec<Host>,
    /// Sessions at applications.
    pub session: SessionLimits,
    /// What applications call people.
    pub names: UserNames,
}

/// How long a session lives, with us or at an application behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// From its start.
    pub absolute: Seconds,
    /// From its last use; at most `absolute`.
    pub idle: Seconds,
}

/// How long tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLives {
    /// Access tokens, where a client has no other.
    pub access: Seconds,
    /// ID tokens, where a client has no other.
    pub id: Seconds,
    /// Authorization codes.
    pub code: Seconds,
    /// Refresh tokens, from their last use.
    pub refresh_idle: Seconds,
    /// Refresh tokens, from the sign-in.
    pub refresh_absolute: Seconds,
    /// How long a replaced refresh token still works.
    pub refresh_grace: Seconds,
}

/// Limits against overload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins begun from one address, per minute; at least 1.
    pub sign_in_starts_per_address: u32,
    /// Sign-ins begun by everybody, per minute; at least 1.
    pub sign_in_starts_in_all: u32,
    /// Passwords checked at one time; at least 1.
    pub passwords_at_once: usize,
    /// Codes for one browser session, per minute; at least 1.
    pub codes_per_session: u32,
    /// Connections at one time.
    pub connections: usize,
    /// Bytes of a request head.
    pub header_bytes: usize,
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Until a request head must have arrived.
    pub header_timeout: Seconds,
    /// Until a request must be answered.
    pub request_timeout: Seconds,
}

/// How the pages look, as the host wrote it; the texts have been checked for their form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeConfig {
    /// What the host calls the place.
    pub title: String,
    /// An https address or an absolute path.
    pub logo: Option<String>,
    /// `#rgb` or `#rrggbb`.
    pub accent: String,
    /// A colour or an image, in the forms above.
    pub background: Option<String>,
    /// The language of the pages where the visitor's is not there: one of ours.
    pub language: String,
    /// An existing folder with the host's own templates and assets.
    pub override_dir: Option<PathBuf>,
}

/// The log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// The least important messages that are written.
    pub level: tracing::Level,
    /// Their form.
    pub format: LogFormat,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// A configuration that can be used.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What the host should know about it.
    pub warnings: Vec<Problem>,
    /// The file itself and every file that it names: when one of them changes, so may the configuration.
    pub files: Arc<[PathBuf]>,
    document: raw::Document,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("config", &self.config)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl Loaded {
    /// The effective configuration as TOML, without secrets. It loads to the same configuration where the secrets of
    /// variables are still set.
    pub fn print(&self) -> String {
        print::text(&self.document)
    }

    /// The configuration alone. What it was read from is as large as the file, and larger.
    pub fn into_config(self) -> Config {
        self.config
    }

    /// The applications that have a preset, in the order of the file.
    pub fn presets(&self) -> Vec<PresetUse> {
        presets::uses(&self.document)
    }
}

/// Reads the file at `path` and the variables of `environment`, and the secret files that they name.
///
/// Without a file the variables alone may do. Relative paths start at the file's folder.
pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Loaded, Problems> {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && stands_alone(environment) => {
            String::new()
        }
        Err(error) => return Err(unreadable(file, &error)),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&file, &text, folder, environment)
}

/// As [`load`], for a `text` that has been read. `file` is its name in messages, `folder` where relative paths start.
pub fn parse(
    file: &str,
    text: &str,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Loaded, Problems> {
    let mut problems = Vec::new();
    let variables = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let document = raw::read(file, text, variables, &mut problems);
    let mut warnings = strange_variables(environment);
    let loaded = document.and_then(|mut document| {
        presets::fill(&mut document, &mut problems);
        let config = build::build(&document, folder, &mut problems, &mut warnings)?;
        Some((config, document))
    });
    problems.sort();
    warnings.sort();
    match loaded {
        Some((config, document)) if problems.is_empty() => {
            let named: BTreeSet<&str> = document.files().collect(); // many may name the same one
            let named = named.into_iter().map(|name| folder.join(name));
            let files = std::iter::once(PathBuf::from(file)).chain(named).collect();
            Ok(Loaded { config, warnings, files, document })
        }
        _ => Err(Problems(problems)),
    }
}

/// Variables that look as if they were meant for us, and are not: one underscore too few.
fn strange_variables(environment: &BTreeMap<String, String>) -> Vec<Problem> {
    let near_miss = |name: &&String| {
        name.starts_with("PLEX_OIDC_") && !name.starts_with(schema::VARIABLE_PREFIX) && *name != FILE_VARIABLE
    };
    let warn = |name: &String| Problem {
        place: Place::Variable { name: name.clone() },
        key: String::new(),
        wrong: "this variable means nothing here".to_owned(),
        remedy:
            "Variables are named as keys, with two underscores between the parts: PLEX_OIDC__SECTION__KEY."
                .to_owned(),
    };
    environment.keys().filter(near_miss).map(warn).collect()
}

fn stands_alone(environment: &BTreeMap<String, String>) -> bool {
    environment.contains_key(&schema::variable("public_url"))
}

fn unreadable(file: String, error: &std::io::Error) -> Problems {
    let (wrong, remedy) = match error.kind() {
        std::io::ErrorKind::NotFound => (
            "there is no such file".to_owned(),
            "Run `plex-oidc init` to make one, or name yours with --config or the variable PLEX_OIDC_CONFIG.",
        ),
        std::io::ErrorKind::PermissionDenied => (
            "the file may not be read".to_owned(),
            "Let the user that this program runs as read it (chown or chmod).",
        ),
        std::io::ErrorKind::InvalidData => ("the file is not text".to_owned(), "Save it as UTF-8."),
        _ => (format!("the file cannot be read: {error}"), "Look at the path."),
    };
    let place = Place::File { file: file.into() };
    Problems(vec![Problem { place, key: String::new(), wrong, remedy: remedy.to_owned() }])
}
