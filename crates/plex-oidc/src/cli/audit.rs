//! `audit`: who did what, beside the running service. And writing down what commands themselves do.

use std::io;
use std::path::Path;

use clap::Args;
use plex_oidc_core::audit::{Actor, Event, What, end_of};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::{Seconds, Timestamp};

use super::beside::{NotDone, beside_or};
use super::who::find;
use super::{Exit, World, printable};
use crate::config::{Config, length};
use crate::installation::open_beside;
use crate::store::records::{EventRecord, EventsWanted};
use crate::store::{Store, StoreError};

/// So many are read at once.
const PART: u32 = 500;
/// So many are shown where nothing else is asked for.
const MOST: u32 = 100;

/// The arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArguments {
    /// Whose events, done by them or about them: `plex-<account id>`, `local-<id>`, or e-mail address or username of somebody who
    /// has signed in
    #[arg(long, value_name = "WHO")]
    account: Option<String>,
    /// What happened, such as `denied`
    #[arg(long, value_name = "WHAT", value_parser = what)]
    what: Option<What>,
    /// From when on: a day such as 2026-11-27, a moment such as 2026-11-27T07:00:00Z, or how long ago, such as 12h
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<When>,
    /// Until when; a day is meant to its end
    #[arg(long, value_name = "WHEN", value_parser = until)]
    until: Option<When>,
    /// How many at most, the newest ones [default: 100; with --json everything]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    most: Option<u32>,
    /// One line of JSON for each, for programs
    #[arg(long)]
    json: bool,
}

/// A moment, or how long ago one was.
#[derive(Debug, Clone, Copy)]
enum When {
    At(Timestamp),
    Ago(Seconds),
}

impl When {
    fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(length) => now.minus(length),
        }
    }
}

fn what(text: &str) -> Result<What, String> {
    let words = || What::ALL.map(What::word).join(", ");
    What::of_word(text).ok_or_else(|| format!("one of {}", words()))
}

fn since(text: &str) -> Result<When, String> {
    when(text, Timestamp::parse_rfc3339(text))
}

fn until(text: &str) -> Result<When, String> {
    when(text, end_of(text))
}

fn when(text: &str, moment: Option<Timestamp>) -> Result<When, String> {
    let ago = || length::parse(text).map(When::Ago);
    moment.map(When::At).or_else(ago).ok_or_else(|| {
        "a day such as 2026-11-27, a moment such as 2026-11-27T07:00:00Z, or how long ago, such as 12h"
            .to_owned()
    })
}

/// Runs `audit`.
pub fn run(file: &Path, arguments: &AuditArguments, world: &mut World<'_>) -> io::Result<Exit> {
    beside_or("The audit log cannot be shown", file, world, |config, runtime, world| {
        runtime.block_on(show(config, arguments, world))
    })
}

async fn show(config: &Config, arguments: &AuditArguments, world: &mut World<'_>) -> Result<(), NotDone> {
    let (store, now) = (open_beside(config)?, world.clock.now());
    let mut wanted = EventsWanted {
        account: account(&*store, arguments.account.as_deref()).await?,
        what: arguments.what,
        since: arguments.since.map(|when| when.from(now)),
        until: arguments.until.map(|when| when.from(now)),
        ..EventsWanted::default()
    };
    let mut left = arguments.most.unwrap_or(if arguments.json { u32::MAX } else { MOST });
    while left > 0 {
        wanted.most = left.min(PART);
        let events = store.events(wanted.clone()).await?;
        let Some(last) = events.last() else { break };
        wanted.before = Some(last.id);
        left -= u32::try_from(events.len()).unwrap_or(u32::MAX).min(left);
        for found in &events {
            let text = if arguments.json { found.event.json_line(found.id) } else { line(found) };
            writeln!(world.out, "{text}")?;
        }
    }
    Ok(())
}

/// An account that is given exactly may be that of somebody who was never let in.
async fn account(store: &dyn Store, who: Option<&str>) -> Result<Option<AccountId>, NotDone> {
    let Some(who) = who else { return Ok(None) };
    if let Some(account) = Subject::parse(who).and_then(|subject| subject.account()) {
        return Ok(Some(account));
    }
    Ok(Some(find(&store.users().await?, who)?.account_id()))
}

/// For people: what is not there is left out.
fn line(found: &EventRecord) -> String {
    let Event { at, what, by, about, name, target, address, detail } = &found.event;
    let about = about.filter(|about| Actor::Account(*about) != *by).map(|about| format!("about {about}"));
    let address = address.map(|address| format!("from {address}"));
    let name = name.as_ref().map(|name| format!("({name})"));
    let rest = [about, name, target.clone(), detail.clone(), address];
    let rest: Vec<_> = rest.into_iter().flatten().collect();
    let text = format!("{}  {:<22}  {:<14}  {}", at.rfc3339(), what.word(), by.to_string(), rest.join("  "));
    printable(text.trim_end())
}

/// Whether something could be written down.
pub(super) type Noted = Result<(), StoreError>;

/// Writes down what a command did. That it was done stands; where it cannot be written down, the host is told.
pub(super) async fn note(store: &dyn Store, event: Event) -> Noted {
    store.record_event(event).await
}

/// Says that something could not be written down.
pub(super) fn warn_of(noted: Noted, world: &mut World<'_>) -> io::Result<()> {
    match noted {
        Ok(()) => Ok(()),
        Err(error) => writeln!(world.err, "This is not in the audit log: {error}."),
    }
}

/// What a command did, now.
pub(super) const fn done_here(now: Timestamp, what: What) -> Event {
    Event::new(now, what, Actor::CommandLine)
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::id::PlexAccountId;

    use super::*;

    #[test]
    fn moments_are_days_instants_or_lengths() {
        let now = Timestamp(1_000_000);
        let at = |when: Result<When, String>| when.unwrap().from(now).0;
        assert_eq!(at(since("12h")), 1_000_000 - 43_200);
        assert_eq!((at(since("1970-01-02")), at(until("1970-01-02"))), (86_400, 172_800));
        assert_eq!(at(until("1970-01-02T00:00:00Z")), 86_400);
        assert!(since("yesterday").is_err() && until("").is_err());
        assert!(what("denied").is_ok() && what("Denied").unwrap_err().contains("signed_in, denied"));
    }

    #[test]
    fn a_line_holds_what_is_known_and_no_control_characters() {
        let plex = |id| AccountId::Plex(PlexAccountId(id));
        let mut event = Event::new(Timestamp(0), What::EverythingEnded, Actor::Account(plex(1)))
            .about(plex(2))
            .address(Some([192, 0, 2, 7].into()));
        event.name = Some("Rob\u{1b}[2Jin".to_owned());
        let line = |event| line(&EventRecord { id: 7, event });
        assert_eq!(
            line(event),
            "1970-01-01T00:00:00Z  everything_ended        plex-1          about plex-2  (Rob[2Jin)  from 192.0.2.7"
        );
        let bare = Event::new(Timestamp(0), What::KeysRotated, Actor::Program);
        assert_eq!(line(bare), "1970-01-01T00:00:00Z  keys_rotated            program");
    }
}
