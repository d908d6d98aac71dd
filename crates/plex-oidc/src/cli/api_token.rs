//! `api-token add`, `api-token list` and `api-token revoke`: what programs of the host's show at the API. They work beside the
//! running service, and `add` is the only way to make one.

use std::io;
use std::path::Path;

use clap::{Args, Subcommand};
use plex_oidc_core::api::{ApiScope, ApiScopes, ApiTokenId};
use plex_oidc_core::audit::What;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::{Seconds, Timestamp};
use tokio::runtime::Runtime;

use super::audit::{Noted, done_here, note, warn_of};
use super::keys::age;
use super::serve::exit_after;
use super::{Exit, World, lifetime, printable};
use crate::config::Config;
use crate::flow::app_tokens::{LONGEST_NAME, is_name};
use crate::installation::open_beside;
use crate::start::StartError;
use crate::store::StoreError;
use crate::store::records::{ApiTokenRecord, NewApiToken};

/// What can be done with tokens of the API.
#[derive(Debug, Subcommand)]
pub enum ApiTokenCommand {
    /// Make a token with which a program may use the API
    Add(AddArguments),
    /// List the tokens: id, age, last use, end, name, scopes
    List,
    /// End a token
    Revoke(RevokeArguments),
}

/// The arguments of `api-token add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// What the list and the audit log call it
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// What it is good for, such as people:read; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
    scopes: Vec<ApiScope>,
    /// For how long it is good, such as 90d
    #[arg(long, value_name = "LENGTH", default_value = "365d", value_parser = lifetime)]
    expires: Seconds,
}

/// The arguments of `api-token revoke`.
#[derive(Debug, Args)]
pub struct RevokeArguments {
    /// Its id in the list
    id: String,
}

fn scope(text: &str) -> Result<ApiScope, String> {
    let names = || ApiScope::ALL.map(ApiScope::as_str).join(", ");
    ApiScope::parse(text).ok_or_else(|| format!("one of {}", names()))
}

/// Why a command did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("a name has 1 to {LONGEST_NAME} characters, and no control characters")]
    Name,
    #[error("the id {0} is taken; run this again for another one")]
    IdTaken(ApiTokenId),
    #[error("there is no token of the API with the id {0}")]
    UnknownToken(String),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs an `api-token` command.
pub fn run(file: &Path, command: &ApiTokenCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match command {
        ApiTokenCommand::Add(arguments) => add(&config, arguments, &runtime, world),
        ApiTokenCommand::List => list(&config, &runtime, world),
        ApiTokenCommand::Revoke(arguments) => revoke(&config, &arguments.id, &runtime, world),
    }
}

fn failed(error: &NotDone, world: &mut World<'_>) -> io::Result<Exit> {
    world.fail(&format!("Nothing was changed: {error}."))?;
    Ok(if let NotDone::Start(error) = error { exit_after(error) } else { Exit::Failed })
}

fn add(
    config: &Config,
    arguments: &AddArguments,
    runtime: &Runtime,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    let secret = Secret::from_random(SecretKind::ApiToken, (world.random)());
    let now = world.clock.now();
    let scopes: ApiScopes = arguments.scopes.iter().copied().collect();
    let token = NewApiToken {
        id: ApiTokenId::from_random((world.random)()),
        name: arguments.name.clone(),
        hash: secret.hash(),
        scopes,
        created: now,
        expires: now.plus(arguments.expires),
    };
    let until = token.expires.rfc3339();
    match runtime.block_on(store_new(config, token)) {
        Ok(noted) => {
            warn_of(noted, world)?;
            writeln!(
                world.err,
                "Whoever holds this token may do at {}api/v1 what these scopes say, until {until}: {scopes}. It is shown once.\n",
                config.public_url.join("/"),
            )?;
            writeln!(world.out, "{}", secret.expose())?;
            Ok(Exit::Done)
        }
        Err(error) => failed(&error, world),
    }
}

async fn store_new(config: &Config, token: NewApiToken) -> Result<Noted, NotDone> {
    if !is_name(&token.name) {
        return Err(NotDone::Name);
    }
    let store = open_beside(config)?;
    let event = done_here(token.created, What::ApiTokenMade).target(&token.id.to_string());
    let event = event.detail(&format!("{}: {}", token.name, token.scopes));
    let id = token.id;
    if !store.add_api_token(token).await? {
        return Err(NotDone::IdTaken(id));
    }
    Ok(note(&*store, event).await)
}

fn list(config: &Config, runtime: &Runtime, world: &mut World<'_>) -> io::Result<Exit> {
    let tokens = runtime.block_on(async {
        let store = open_beside(config)?;
        Ok::<_, NotDone>(store.api_tokens().await?)
    });
    match tokens {
        Ok(tokens) => show(&tokens, world).map(|()| Exit::Done),
        Err(error) => failed(&error, world),
    }
}

fn show(tokens: &[ApiTokenRecord], world: &mut World<'_>) -> io::Result<()> {
    let now = world.clock.now();
    let mut line = |[id, made, used, ends, name, scopes]: [&str; 6]| {
        writeln!(world.out, "{id:<8}  {made:<5}  {used:<5}  {ends:<7}  {name:<20}  {scopes}")
    };
    line(["id", "age", "used", "ends", "name", "scopes"])?;
    for token in tokens {
        let used = token.last_used.map_or_else(|| "never".to_owned(), |used| age(used, now));
        line([
            &token.id.to_string(),
            &age(token.created, now),
            &used,
            &end(token.expires, now),
            &printable(&token.name),
            &token.scopes.to_string(),
        ])?;
    }
    Ok(())
}

fn end(expires: Timestamp, now: Timestamp) -> String {
    if expires.has_passed(now) { "over".to_owned() } else { format!("in {}", age(now, expires)) }
}

fn revoke(config: &Config, id: &str, runtime: &Runtime, world: &mut World<'_>) -> io::Result<Exit> {
    let now = world.clock.now();
    let unknown = || NotDone::UnknownToken(printable(id));
    let revoked = runtime.block_on(async {
        let token = ApiTokenId::parse(id).ok_or_else(unknown)?;
        let store = open_beside(config)?;
        if !store.revoke_api_token(token).await? {
            return Err(unknown());
        }
        Ok(note(&*store, done_here(now, What::ApiTokenEnded).target(id)).await)
    });
    match revoked {
        Ok(noted) => warn_of(noted, world)
            .and_then(|()| writeln!(world.err, "The token {id} is revoked."))
            .map(|()| Exit::Done),
        Err(error) => failed(&error, world),
    }
}
