//! `token add`, `token list` and `token revoke`: app tokens, for programs that use applications behind the gateway in a
//! person's name. They work beside the running service.

use std::io;
use std::path::Path;

use clap::{Args, Subcommand};
use plex_oidc_core::audit::What;
use plex_oidc_core::decide::Standing;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::{Seconds, Timestamp};
use tokio::runtime::Runtime;

use super::audit::{Noted, done_here, note, warn_of};
use super::keys::age;
use super::serve::exit_after;
use super::who::{NotOne, find};
use super::{Exit, World, lifetime, printable};
use crate::config::Config;
use crate::flow::app_tokens::{LONGEST_NAME, is_name, new_id};
use crate::installation::open_beside;
use crate::start::StartError;
use crate::store::StoreError;
use crate::store::records::{AppTokenRecord, NewAppToken, UserRecord};

/// What can be done with app tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token with which a program may use applications in a person's name
    Add(AddArguments),
    /// List the tokens: id, age, last use, end, person, applications, name
    List,
    /// End a token
    Revoke(RevokeArguments),
}

/// The arguments of `token add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// In whose name: `plex-<account id>`, account id, e-mail address or username of somebody who has signed in
    #[arg(long, value_name = "WHO")]
    user: String,
    /// An application that it is good for; may be repeated
    #[arg(long = "app", value_name = "NAME", required = true)]
    apps: Vec<String>,
    /// What the list calls it [default: the applications]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// For how long it is good, such as 90d; in no case longer than `rules.membership_lifetime` after its person last signed in
    /// [default: until it is revoked]
    #[arg(long, value_name = "LENGTH", value_parser = lifetime)]
    expires: Option<Seconds>,
}

/// The arguments of `token revoke`.
#[derive(Debug, Args)]
pub struct RevokeArguments {
    /// Its id in the list
    id: String,
}

/// Why a command did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    /// Key file or database.
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Who(#[from] NotOne),
    #[error("{0} may not come in any more")]
    AccessEnded(Subject),
    #[error("there is no application {0}: name one of [[apps]] in the configuration")]
    UnknownApp(String),
    #[error("a name has 1 to {LONGEST_NAME} characters, and no control characters")]
    Name,
    #[error("the id {0} is taken; run this again for another one")]
    IdTaken(String),
    #[error("there is no token with the id {0}")]
    UnknownToken(String),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs a `token` command.
pub fn run(file: &Path, command: &TokenCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match command {
        TokenCommand::Add(arguments) => add(&config, arguments, &runtime, world),
        TokenCommand::List => list(&config, &runtime, world),
        TokenCommand::Revoke(arguments) => revoke(&config, &arguments.id, &runtime, world),
    }
}

fn failed(error: &NotDone, world: &mut World<'_>) -> io::Result<Exit> {
    world.fail(&format!("Nothing was changed: {error}."))?;
    Ok(match error {
        NotDone::Start(error) => exit_after(error),
        NotDone::Who(_)
        | NotDone::AccessEnded(_)
        | NotDone::UnknownApp(_)
        | NotDone::Name
        | NotDone::IdTaken(_)
        | NotDone::UnknownToken(_) => Exit::Failed,
    })
}

fn add(
    config: &Config,
    arguments: &AddArguments,
    runtime: &Runtime,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    let secret = Secret::from_random(SecretKind::AppToken, (world.random)());
    let (id, now) = (new_id((world.random)()), world.clock.now());
    match runtime.block_on(store_new(config, arguments, Made { id, secret: &secret, now })) {
        Ok((user, apps, noted)) => {
            warn_of(noted, world)?;
            writeln!(
                world.err,
                "Whoever holds this token may use {} as {}. It is shown once.\n",
                apps.join(", "),
                called(&user)
            )?;
            writeln!(world.out, "{}", secret.expose())?;
            Ok(Exit::Done)
        }
        Err(error) => failed(&error, world),
    }
}

/// What was made for a new token.
struct Made<'a> {
    id: String,
    secret: &'a Secret,
    now: Timestamp,
}

async fn store_new(
    config: &Config,
    arguments: &AddArguments,
    made: Made<'_>,
) -> Result<(UserRecord, Vec<String>, Noted), NotDone> {
    let apps = chosen_apps(&known_apps(config), &arguments.apps)?;
    let name = arguments.name.clone().unwrap_or_else(|| apps.join(", "));
    if arguments.name.is_some() && !is_name(&name) {
        return Err(NotDone::Name);
    }
    let store = open_beside(config)?;
    let user = find(&store.users().await?, &arguments.user)?.clone();
    if user.person.standing == Standing::Ended {
        return Err(NotDone::AccessEnded(user.subject()));
    }
    let token = NewAppToken {
        id: made.id.clone(),
        name,
        hash: made.secret.hash(),
        account_id: user.account_id(),
        apps: apps.clone(),
        created: made.now,
        expires: arguments.expires.map(|length| made.now.plus(length)),
        session: None,
    };
    if !store.add_app_token(token).await? {
        return Err(NotDone::IdTaken(made.id));
    }
    let event = done_here(made.now, What::AppTokenMade).about(user.account_id());
    let event = event.named(&user.person.account.display_name).target(&made.id).detail(&apps.join(", "));
    let noted = note(&*store, event).await;
    Ok((user, apps, noted))
}

/// The applications behind the gateway.
fn known_apps(config: &Config) -> Vec<&str> {
    config.gateway.apps.0.iter().map(|app| app.name.as_str()).collect()
}

/// The named applications, each once.
fn chosen_apps(known: &[&str], named: &[String]) -> Result<Vec<String>, NotDone> {
    let mut chosen: Vec<String> = Vec::new();
    for name in named {
        if !known.contains(&name.as_str()) {
            return Err(NotDone::UnknownApp(name.clone()));
        }
        if !chosen.contains(name) {
            chosen.push(name.clone());
        }
    }
    Ok(chosen)
}

fn list(config: &Config, runtime: &Runtime, world: &mut World<'_>) -> io::Result<Exit> {
    let tokens = runtime.block_on(async {
        let store = open_beside(config)?;
        Ok::<_, NotDone>(store.app_tokens().await?)
    });
    match tokens {
        Ok(tokens) => show(&tokens, world).map(|()| Exit::Done),
        Err(error) => failed(&error, world),
    }
}

fn show(tokens: &[AppTokenRecord], world: &mut World<'_>) -> io::Result<()> {
    let now = world.clock.now();
    let mut line = |[id, made, used, ends, user, apps, name]: [&str; 7]| {
        writeln!(world.out, "{id:<8}  {made:<5}  {used:<5}  {ends:<7}  {user:<14}  {apps:<20}  {name}")
    };
    line(["id", "age", "used", "ends", "person", "applications", "name"])?;
    for token in tokens {
        let used = token.last_used.map_or_else(|| "never".to_owned(), |used| age(used, now));
        line([
            &token.id,
            &age(token.created, now),
            &used,
            &end(token.expires, now),
            token.user.subject().as_str(),
            &token.apps.join(","),
            &printable(&token.name),
        ])?;
    }
    Ok(())
}

/// When a token ends, seen from now.
pub(super) fn end(expires: Option<Timestamp>, now: Timestamp) -> String {
    match expires {
        None => "never".to_owned(),
        Some(expires) if expires.has_passed(now) => "over".to_owned(),
        Some(expires) => format!("in {}", age(now, expires)),
    }
}

fn revoke(config: &Config, id: &str, runtime: &Runtime, world: &mut World<'_>) -> io::Result<Exit> {
    let now = world.clock.now();
    let revoked = runtime.block_on(async {
        let store = open_beside(config)?;
        let whose = store.app_tokens().await?.into_iter().find(|token| token.id == id);
        let whose = whose.map(|token| token.user).ok_or_else(|| NotDone::UnknownToken(id.to_owned()))?;
        if !store.revoke_app_token(id.to_owned()).await? {
            return Err(NotDone::UnknownToken(id.to_owned()));
        }
        let event = done_here(now, What::AppTokenEnded).about(whose.account_id()).target(id);
        Ok(note(&*store, event.named(&whose.person.account.display_name)).await)
    });
    match revoked {
        Ok(noted) => warn_of(noted, world)
            .and_then(|()| writeln!(world.err, "The token {id} is revoked."))
            .map(|()| Exit::Done),
        Err(error) => failed(&error, world),
    }
}

/// A person, for the eyes of the host.
fn called(user: &UserRecord) -> String {
    let account = &user.person.account;
    let email = account.email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
    printable(&format!("{} ({}{email})", account.display_name, user.subject()))
}

#[cfg(test)]
mod tests {
    use super::super::who::tests::user;
    use super::*;

    #[test]
    fn applications_are_the_known_ones_each_once() {
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let chosen = chosen_apps(&["wiki", "photos"], &named(&["photos", "wiki", "photos"])).unwrap();
        assert_eq!(chosen, ["photos", "wiki"]);
        assert!(matches!(chosen_apps(&["wiki"], &named(&["wiki", "files"])), Err(NotDone::UnknownApp(_))));
        assert!(matches!(chosen_apps(&[], &named(&["wiki"])), Err(NotDone::UnknownApp(_))));
    }

    #[test]
    fn a_terminal_is_shown_text_and_nothing_else() {
        assert!(is_name("the reader 📖") && is_name(&"é".repeat(100)));
        for odd in ["", "  ", "a\u{1b}[2J", "a\nb", &"x".repeat(101)] {
            assert!(!is_name(odd), "{odd:?}");
        }
        let mut odd = user(7, "robin", "a\u{9b}@example.com", true);
        odd.person.account.display_name = "Robin\u{1b}[2J\r".to_owned();
        assert_eq!(called(&odd), "Robin[2J (plex-7, a@example.com)");
    }

    #[test]
    fn an_end_is_seen_from_now() {
        let end = |at: Option<i64>| end(at.map(Timestamp), Timestamp(1000));
        assert_eq!([end(None), end(Some(1000)), end(Some(1001))], ["never", "over", "in 1s"]);
        assert_eq!(end(Some(1000 + 86_400 * 90)), "in 90d");
    }
}
