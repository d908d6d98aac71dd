//! What is done again and again about members: asking Plex who still is one, and telling the host when that cannot be known.

use std::sync::Arc;
use std::time::Duration;

use plex_oidc_core::time::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Serving;
use crate::app::{App, State};
use crate::flow::{alarm, mail, own_tokens, questions, recheck};
use crate::notices::Notice;

/// How soon Plex is asked again after a round of the re-check that left a question open.
const RECHECK_AGAIN: Duration = Duration::from_mins(1);
/// Shortest and longest time between two rounds with people's own tokens.
const OWN_TOKENS_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long after a first try to tell the host the second comes, and the third after that.
const TELL_AGAIN: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(5)];
/// How often it is looked whether a letter that waits is due.
const MAIL_EVERY: Duration = Duration::from_secs(15);
/// How often it is looked whether a command asks something.
const QUESTIONS_EVERY: Duration = Duration::from_secs(1);

/// Asks Plex again and again who still is a member, from the start on, until `stopping` turns true. A new configuration that
/// may end a trouble, with another token perhaps, is tried at once.
pub async fn recheck_members(mut serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    loop {
        let began = Instant::now();
        let app = latest(&mut serving);
        let is_settled = tokio::select! {
            is_settled = recheck::round(&app) => is_settled,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let every = Duration::from_secs(u64::from(app.recheck_every.0));
        let is_troubled = app.membership.known().trouble.is_some();
        drop(app); // what a reload replaces is not held until the next round
        tokio::select! {
            () = tokio::time::sleep_until(began + if is_settled { every } else { every.min(RECHECK_AGAIN) }) => {}
            changed = serving.changed(), if is_troubled => if changed.is_err() { return },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// The same with people's own tokens, where those are kept.
pub async fn look_with_own_tokens(
    mut serving: watch::Receiver<Serving>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let app = latest(&mut serving);
        let next = tokio::select! {
            next = own_tokens::round(&app) => next,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let pause = pause(&app, next);
        let is_wanted = app.plex.as_ref().is_some_and(|plex| plex.own_tokens_every().is_some());
        drop(app);
        tokio::select! {
            () = tokio::time::sleep(pause), if is_wanted => {}
            changed = serving.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

fn pause(app: &App, next: Option<Timestamp>) -> Duration {
    let (shortest, longest) = OWN_TOKENS_PAUSE;
    let until = next.map(|next| next.since(app.clock.now())).and_then(|until| u64::try_from(until).ok());
    until.map_or(longest, |until| Duration::from_secs(until).clamp(shortest, longest))
}

/// Tells the host what is to be told, one thing at a time and each at most three times, until `stopping` turns true. What was not
/// told by then is not told any more.
pub async fn tell_the_host(mut serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    let notices = Arc::clone(&latest(&mut serving).notices);
    loop {
        while let Some(notice) = notices.take() {
            tokio::select! {
                () = tell(&mut serving, &notice) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
        tokio::select! {
            () = notices.arrived() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Sends mail when there is some, and again where that failed, until `stopping` turns true.
pub async fn send_mail(mut serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    let outbox = Arc::clone(&latest(&mut serving).outbox);
    loop {
        let app = latest(&mut serving);
        tokio::select! {
            () = mail::round(&app) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        drop(app);
        tokio::select! {
            () = outbox.arrived() => {}
            () = tokio::time::sleep(MAIL_EVERY), if outbox.has_something() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Answers what commands on the machine ask, until `stopping` turns true.
pub async fn answer_commands(mut serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(QUESTIONS_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let app = latest(&mut serving);
        tokio::select! {
            () = questions::round(&app) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

async fn tell(serving: &mut watch::Receiver<Serving>, notice: &Notice) {
    mail::tell_host(&latest(serving), notice);
    let mut pauses = TELL_AGAIN.into_iter();
    loop {
        let told = alarm::deliver(&latest(serving), notice).await;
        match (told, pauses.next()) {
            (Ok(()), _) => return info!(event = notice.event, "the host was told"),
            (Err(alarm::Untold::NotAsked), _) => return,
            (Err(why), Some(pause)) => {
                warn!(event = notice.event, %why, "the host could not be told; we try again");
                tokio::time::sleep(pause).await;
            }
            (Err(why), None) => {
                return warn!(event = notice.event, %why, "the host could not be told; we give up");
            }
        }
    }
}

fn latest(serving: &mut watch::Receiver<Serving>) -> State {
    Arc::clone(&serving.borrow_and_update().app)
}
