//! `init`: the first set-up.
//!
//! Asks everything first and writes last. Owns the order of the questions; `ask` owns how they are asked, `owner` what
//! Plex says, `application` what is protected, `files` what is written, `show` what is printed at the end. Where a
//! configuration is there already, `complete` makes the rest.

mod application;
mod ask;
mod complete;
mod files;
mod owner;
mod show;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::secret::{Secret, SecretKind};

use self::application::Application;
use self::ask::{Asker, Question};
use self::files::{Layout, Plan};
use self::owner::Owner;
pub(super) use self::owner::{OwnedServer, owned, sign_in};
use super::{Exit, World};
use crate::config::{self, Config, Problems, edit, schema};
use crate::start::StartError;

/// The arguments of `init`.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub struct InitArguments {
    /// The address under which browsers reach this program, such as `https://auth.example.com`
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The machine identifier of the Plex server; may be repeated
    #[arg(long, value_name = "ID")]
    pub server: Vec<String>,
    /// The account id of its owner, instead of signing in to Plex
    #[arg(long, value_name = "ID", requires = "server")]
    pub owner_id: Option<u64>,
    /// A file with the owner's Plex token, instead of signing in to Plex
    #[arg(long, value_name = "FILE", conflicts_with = "owner_id")]
    pub owner_token_file: Option<PathBuf>,
    /// Keep the owner's Plex token, for groups of single libraries
    #[arg(long, conflicts_with = "owner_id")]
    pub keep_owner_token: bool,
    /// What to protect
    #[arg(long, value_enum)]
    pub protect: Option<Protect>,
    /// The Cloudflare Access team name: the part before .cloudflareaccess.com
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// The client id of the application [default for Cloudflare Access: cloudflare-access]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// The application's callback address; may be repeated
    #[arg(long, value_name = "URI")]
    pub redirect_uri: Vec<String>,
    /// Ask nothing: fail if an answer is missing
    #[arg(long)]
    pub non_interactive: bool,
}

impl InitArguments {
    /// Whether they say nothing that a configuration would have to say.
    fn answer_nothing(&self) -> bool {
        *self == Self { non_interactive: self.non_interactive, ..Self::default() }
    }
}

/// What a new installation protects first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protect {
    /// Cloudflare Access.
    CloudflareAccess,
    /// Any application that speaks OpenID Connect.
    Application,
    /// Nothing yet.
    Nothing,
}

/// Why nothing was set up. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitError {
    /// There is nobody to ask.
    #[error("{what} is missing. Name it with {flag}")]
    Missing {
        /// What was asked for.
        what: &'static str,
        /// The flag that answers.
        flag: &'static str,
    },
    /// A flag with a value that will not do.
    #[error("{flag}: {wrong}")]
    Refused {
        /// The flag.
        flag: &'static str,
        /// What is wrong with its value.
        wrong: String,
    },
    /// Too many answers that will not do.
    #[error("{what} is still missing. It can also be named with {flag}")]
    GaveUp {
        /// What was asked for.
        what: &'static str,
        /// The flag that answers.
        flag: &'static str,
    },
    /// Something is there already.
    #[error(
        "this is there already, and init overwrites nothing:\n{}\nMove it away, or name another file with --config. For \
         a configuration that is there, `plex-oidc init` without these flags makes the key file and the database",
        listed(.0)
    )]
    Exists(Vec<PathBuf>),
    /// A file or a folder cannot be made.
    #[error("{} cannot be made: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The variables, or the file that init found or would have written, cannot be used.
    #[error("{0}")]
    Configuration(Problems),
    /// The configuration text cannot be made.
    #[error(transparent)]
    Edit(#[from] edit::EditError),
    /// Keys, database, or the way to Plex.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Plex did not answer as it should.
    #[error("{0}. Try again later, or do without: --owner-id with --server")]
    Plex(#[from] plextv::Error),
    /// Nobody approved.
    #[error("the link was not approved in time. Run this again for a new one")]
    LinkExpired,
    /// The account is nobody's host.
    #[error(
        "the Plex account {account} owns no Plex server{}. Only the owner of a server can set this up: sign out at \
         app.plex.tv, or use a private window, and run this again as the owner",
        shared_with(*.shared)
    )]
    OwnsNothing {
        /// Its name.
        account: String,
        /// How many servers of others it can reach.
        shared: usize,
    },
    /// The terminal is gone.
    #[error(transparent)]
    Terminal(#[from] io::Error),
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("  {}", path.display())).collect::<Vec<_>>().join("\n")
}

fn shared_with(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", though one is shared with it".to_owned(),
        many => format!(", though {many} are shared with it"),
    }
}

/// Sets everything up, or says why not and leaves nothing behind.
pub fn run(file: &Path, arguments: &InitArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(set_up(file, arguments, world)) {
        Ok(()) => Ok(Exit::Done),
        Err(InitError::Terminal(error)) => Err(error),
        Err(InitError::Configuration(problems)) => {
            write!(world.err, "Nothing was set up. With this configuration:\n{problems}")?;
            Ok(Exit::BadConfiguration)
        }
        Err(error) => world.fail(&format!("Nothing was set up: {error}.")),
    }
}

async fn set_up(file: &Path, arguments: &InitArguments, world: &mut World<'_>) -> Result<(), InitError> {
    if arguments.answer_nothing() && !files::is_absent(file) {
        return complete::run(file, world).await;
    }
    let draft = draft(file, world.environment)?;
    let layout = Layout::new(file, &draft);
    layout.require_empty_ground()?;
    let mut asker = Asker { world, interactive: !arguments.non_interactive };
    let issuer = issuer(arguments, &draft, &mut asker)?;
    let application = application::ask(arguments, &mut asker)?;
    layout.require_free(application.as_ref().map(Application::secret_file))?;
    let plex = draft.plex.as_ref().expect("a draft speaks of Plex");
    let owner = owner::find(arguments, plex, &mut asker).await?;
    let done = found(&issuer, application.as_ref(), &owner, &layout, (arguments, &mut asker)).await;
    owner.leave(done.as_ref().is_ok_and(|kept| *kept), asker.world).await?;
    done.map(drop)
}

/// Chooses the servers, writes everything, and prints what to paste. True if the owner's token was kept.
async fn found(
    issuer: &Issuer,
    application: Option<&Application>,
    owner: &Owner,
    layout: &Layout,
    (arguments, asker): (&InitArguments, &mut Asker<'_, '_>),
) -> Result<bool, InitError> {
    let servers = owner.choose(&arguments.server, asker)?;
    let token = if keeps_token(arguments, owner, asker)? { owner.token.as_ref() } else { None };
    layout.require_free(token.map(|_| files::OWNER_TOKEN.to_owned()))?;
    let secret = application.map(|_| Secret::from_random(SecretKind::ClientSecret, (asker.world.random)()));
    let plan = Plan { issuer, servers: &servers, application, secret: secret.as_ref(), token };
    let loaded = layout.write(&plan, &owner.client_identifier, asker.world).await?;
    asker.world.warn(&loaded.warnings)?;
    show::written(layout, Some(&plan), asker.world)?;
    show::to_paste(&loaded.config.public_url, application, secret.as_ref(), asker.world)?;
    Ok(token.is_some())
}

/// The configuration as far as it is known before the first question: what the variables say, and the defaults.
fn draft(file: &Path, environment: &BTreeMap<String, String>) -> Result<Config, InitError> {
    // These may name what init is about to make.
    let later = ["PLEX_OIDC__CLIENTS__", "PLEX_OIDC__PLEX__SERVER", "PLEX_OIDC__PLEX__OWNER_"];
    let environment = environment
        .iter()
        .filter(|(name, _)| !later.iter().any(|prefix| name.starts_with(prefix)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let servers = [("0".repeat(40), 1, String::new())];
    let text = edit::first_file("https://auth.example.com", &servers, None);
    let folder = file.parent().unwrap_or(Path::new(""));
    let loaded = config::parse(&file.display().to_string(), &text, folder, &environment);
    loaded.map(|loaded| loaded.config).map_err(InitError::Configuration)
}

fn issuer(arguments: &InitArguments, draft: &Config, asker: &mut Asker<'_, '_>) -> Result<Issuer, InitError> {
    const FLAG: &str = "--public-url";
    let read = |text: &str| Issuer::parse(text).map_err(|error| format!("`{text}` {error}"));
    let variable = schema::variable("public_url");
    let from_variable = asker.world.environment.contains_key(&variable).then_some(&draft.public_url);
    if let Some(text) = &arguments.public_url {
        let issuer = read(text).map_err(|wrong| InitError::Refused { flag: FLAG, wrong })?;
        return match from_variable {
            Some(other) if *other != issuer => {
                let wrong =
                    format!("the variable {variable} says {other}, and a variable wins over the file");
                Err(InitError::Refused { flag: FLAG, wrong })
            }
            _ => Ok(issuer),
        };
    }
    if let Some(issuer) = from_variable {
        return Ok(issuer.clone());
    }
    let text = "Under which address will browsers reach plex-oidc? It needs a host name of its own, such as \
                https://auth.example.com";
    asker.ask(&Question { text, what: "the public address", flag: FLAG }, read)
}

fn keeps_token(
    arguments: &InitArguments,
    owner: &Owner,
    asker: &mut Asker<'_, '_>,
) -> Result<bool, InitError> {
    if arguments.keep_owner_token || owner.token.is_none() || !asker.interactive {
        return Ok(arguments.keep_owner_token);
    }
    let text = "Keep your Plex token in a file? With it there are groups for single libraries (plex-library:<key>). \
                Whoever reads the file can act as you at Plex. [y/N]";
    asker.confirm(&Question { text, what: "yes or no", flag: "--keep-owner-token" }, false)
}
