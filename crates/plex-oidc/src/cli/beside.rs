//! A short command about people, beside the running service: its frame, and why it did not do what was asked. Commands about accounts,
//! requests and the audit log share it.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use plex_oidc_core::profile::ClaimError;
use plex_oidc_core::subject::Subject;
use thiserror::Error;
use tokio::runtime::Runtime;

use super::password::PasswordError;
use super::serve::exit_after;
use super::who::NotOne;
use super::{Exit, World};
use crate::config::Config;
use crate::start::StartError;
use crate::store::StoreError;

/// Why a command did not do what was asked. Nothing was changed, unless the terminal is at fault, which can only be noticed afterwards,
/// or it was for the running service to do.
#[derive(Debug, Error)]
pub(super) enum NotDone {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Who(#[from] NotOne),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0} owns one of the servers, and owners are never kept out")]
    Owner(Subject),
    #[error("{0} is gone since")]
    Gone(Subject),
    #[error("{0} has no {1} {2}: `plex-oidc person show {0}` lists them")]
    NotTheirs(Subject, &'static str, String),
    #[error("there is no client and no application {0} for people: name one of [[clients]] or [[apps]]")]
    UnknownApp(String),
    #[error(
        "{0} is a client and also an application: write app:{0} for the application, and client:{0} for the client"
    )]
    BothNamed(String),
    #[error("{0} waits for no such answer: nothing was asked, or it was answered already")]
    NotWaiting(Subject),
    #[error("{0} asks for several things; add one of these: {1}")]
    Several(Subject, String),
    #[error("{0} asks for a browser, seen at {1}: if that one is theirs, add {2}")]
    WhichBrowser(Subject, IpAddr, String),
    #[error("{0} is not in the file any more, so it cannot be opened: refuse the request")]
    GoneFromFile(String),
    #[error("there is no local account {0}: give local-<id>, a user name or an e-mail address")]
    Nobody(String),
    #[error("{0} is declared in the configuration file: change it there")]
    Declared(Subject),
    #[error(
        "a user name has at most 64 letters, digits, `.`, `_` and `-`, begins with a letter or a digit, and reads as no subject"
    )]
    Username,
    #[error("there is no group `{0}` of yours: list it in local.groups")]
    Group(String),
    #[error("{0}: {1}")]
    Claim(String, ClaimError),
    #[error("`{0}` has no `=`: write a claim, = and its value")]
    NoClaim(String),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("another local account has this user name or this e-mail address")]
    Taken,
    #[error("the account was changed meanwhile; run this again")]
    Changed,
    #[error(
        "no running service has answered within {0} seconds: none is running on this database (`plex-oidc healthcheck` asks it), or it \
         still waits for Plex"
    )]
    Unanswered(u32),
    #[error("the running service gives an answer that this command does not know: are both of one version?")]
    OtherAnswer,
    #[error("Plex has not answered: {0}. What was known before serves")]
    PlexUnanswered(String),
    #[error("Plex was asked less than a minute ago, and not again")]
    TooSoon,
    #[error("there is no owner's token to ask with: `plex-oidc owner-token renew` fetches one")]
    NoOwnerToken,
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// What is said before the reason, where a command was to change something.
const NOTHING_CHANGED: &str = "Nothing was changed";

/// Reads the configuration, does the work, and says why nothing was changed.
pub(super) fn beside(
    file: &Path,
    world: &mut World<'_>,
    work: impl FnOnce(&Config, &Runtime, &mut World<'_>) -> Result<(), NotDone>,
) -> io::Result<Exit> {
    beside_or(NOTHING_CHANGED, file, world, work)
}

/// The same in other words than that nothing was changed.
pub(super) fn beside_or(
    not_done: &str,
    file: &Path,
    world: &mut World<'_>,
    work: impl FnOnce(&Config, &Runtime, &mut World<'_>) -> Result<(), NotDone>,
) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = work(&config, &runtime, world);
    ended(not_done, done, world)
}

/// Ends a command that needs neither the configuration nor the service.
pub(super) fn alone(done: Result<(), NotDone>, world: &mut World<'_>) -> io::Result<Exit> {
    ended(NOTHING_CHANGED, done, world)
}

fn ended(not_done: &str, done: Result<(), NotDone>, world: &mut World<'_>) -> io::Result<Exit> {
    match done {
        Ok(()) => Ok(Exit::Done),
        Err(NotDone::Io(error)) => Err(error), // whatever was done is done
        Err(error) => {
            world.fail(&format!("{not_done}: {error}."))?;
            Ok(if let NotDone::Start(error) = error { exit_after(&error) } else { Exit::Failed })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn where_the_terminal_is_gone_nobody_says_that_nothing_was_changed() {
        let (mut out, mut said) = (Vec::new(), Vec::new());
        let mut world = World {
            environment: &BTreeMap::new(),
            input: &mut io::empty(),
            out: &mut out,
            err: &mut said,
            random: &mut || [0; 32],
            hide_typing: &mut |_| false,
            clock: &SystemClock,
        };
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = alone(Err(gone.into()), &mut world).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(said, b"");
    }
}
