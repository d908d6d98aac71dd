//! Writing to people: to the host, of what the webhook is told of too and of who asks for access; and to somebody who signs in here,
//! of what concerns them. Nobody waits for it, and nothing is decided by it. It is plain text; its only addresses lead to pages of
//! ours that do nothing by being opened.

use lettre::Address;
use plex_oidc_core::account::Account;
use plex_oidc_core::line;
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::time::Seconds;
use tracing::{info, warn};

use crate::app::App;
use crate::metrics::MailOutcome;
use crate::notices::{Notice, Turn};
use crate::outbox::For;
use crate::pages::Language;
use crate::store::records::{AccessRequest, WaitingRequests};
use crate::upstream::mail::{Letter, Mail};

/// So many requests are named in one letter.
const NAMED: u32 = 10;
/// So many characters of a name.
const LONGEST_NAME: usize = 40;
/// So many of what is put into a sentence.
const LONGEST_VALUE: usize = 200;

/// A sentence of the message files, and what is put into it.
pub type Words<'w> = (&'w str, &'w [(&'w str, &'w str)]);

/// Writes to the hosts of what the host should know, in the language of this installation. Of requests for access there is a letter of its
/// own, once in an interval.
pub fn tell_host(app: &App, notice: &Notice) {
    let Some(mail) = app.mail.as_ref().filter(|_| notice.event != "access_asked") else { return };
    let (turn, when) = match notice.state {
        Turn::Raised => ("raised", "mail.host.began"),
        Turn::Resolved => ("resolved", "mail.host.began"),
        Turn::Happened => ("happened", "mail.host.was"),
    };
    let (event, named) = (notice.event, notice.named.as_deref().unwrap_or_default());
    let about = say(app, &format!("mail.host.about.{event}"), &[]).unwrap_or_else(|| event.to_owned());
    // What has no sentence of its own is said all the same.
    let what = say(app, &format!("mail.host.{turn}.{event}"), &[("named", named)]);
    let what = what.unwrap_or_else(|| notice.message.clone());
    let when = say(app, when, &[("time", &notice.since.rfc3339())]).unwrap_or_default();
    let subject = say(app, &format!("mail.host.subject.{turn}"), &[("about", &about)]);
    post_to_hosts(app, mail, &subject.unwrap_or(about), &format!("{what}\n\n{when}"));
}

/// A sentence in the language of this installation, for the hosts: which one each of them speaks is not known.
fn say(app: &App, key: &str, values: &[(&str, &str)]) -> Option<String> {
    said(app.pages.language(), &(key, values))
}

/// Notes that somebody asks for access: the hosts are told of it when it is time.
pub fn note_request(app: &App) {
    if app.mail.as_ref().is_some_and(|mail| mail.requests_every.is_some()) {
        app.outbox.note_request();
    }
}

/// Writes to one person, at the address that Plex or the host has confirmed, in this language. `false`: there is no way to, or it was
/// too much.
pub fn tell_person(
    app: &App,
    to: &Account,
    language: &'static Language,
    subject: Words<'_>,
    lines: &[Words<'_>],
) -> bool {
    let confirmed = to.email.as_deref().filter(|email| to.email_confirmed && email.is_ascii());
    let address = confirmed.and_then(|email| email.parse::<Address>().ok());
    let (Some(_), Some(address)) = (&app.mail, address) else { return false };
    let issuer = [("site", app.issuer.as_str())];
    let why: [Words<'_>; 1] = [("mail.why", &issuer)];
    let said: Option<Vec<String>> = lines.iter().chain(&why).map(|words| said(language, words)).collect();
    let (Some(subject), Some(said)) = (said_in_short(language, &subject), said) else { return false };
    let letter = letter(app, address.clone(), subject, said.join("\n\n") + "\n");
    let is_posted = app.outbox.post_to_person(&address, letter);
    if !is_posted {
        app.metrics.mails.add(MailOutcome::Dropped);
        warn!(account = %to.id, "too much mail, so somebody was not told");
    }
    is_posted
}

fn said(language: &'static Language, (key, values): &Words<'_>) -> Option<String> {
    let plain: Vec<_> = values.iter().map(|(name, text)| (*name, line::plain(text, LONGEST_VALUE))).collect();
    language.plain(key, &plain)
}

fn said_in_short(language: &'static Language, words: &Words<'_>) -> Option<String> {
    said(language, words).map(|said| line::plain(&said, LONGEST_VALUE))
}

/// Sends what is due, each once. What fails comes again later.
pub async fn round(app: &App) {
    let now = app.clock.now();
    let Some(mail) = &app.mail else {
        while app.outbox.take_due(now).is_some() {} // the configuration has no server any more
        return;
    };
    if let Some(every) = mail.requests_every {
        tell_of_requests(app, mail, every).await;
    }
    while let Some(waits) = app.outbox.take_due(now) {
        let letter = waits.letter.id.clone();
        match mail.mailer.send(&waits.letter).await {
            Ok(()) => {
                app.metrics.mails.add(MailOutcome::Sent);
                info!(%letter, "a mail was sent");
            }
            Err(why) if !why.is_final() && app.outbox.again(waits, now) => {
                warn!(%letter, %why, "a mail could not be sent; we try again");
            }
            Err(why) => {
                app.metrics.mails.add(MailOutcome::GivenUp);
                warn!(%letter, %why, "a mail could not be sent; we give up");
            }
        }
    }
}

async fn tell_of_requests(app: &App, mail: &Mail, every: Seconds) {
    if !app.outbox.tells_of_requests(app.clock.now(), every) {
        return;
    }
    match app.store.waiting_requests(NAMED).await {
        Ok(waiting) if waiting.total > 0 => {
            let subject = match waiting.total {
                1 => say(app, "mail.host.one_request", &[]),
                several => say(app, "mail.host.requests", &[("count", &several.to_string())]),
            };
            post_to_hosts(app, mail, &subject.unwrap_or_default(), &listed(app, &waiting));
        }
        Ok(_) => {} // all are answered
        Err(error) => {
            warn!(%error, "the hosts are not told of requests for access yet");
            app.outbox.note_request();
        }
    }
}

/// Who asks, and for what. What they write is on the host's page alone.
fn listed(app: &App, waiting: &WaitingRequests) -> String {
    let of = |key| say(app, key, &[]).unwrap_or_default();
    let mut text = of("mail.host.who_asks") + "\n\n";
    for AccessRequest { asked, .. } in &waiting.some {
        let door = app.client(&asked.door).map_or(asked.door.as_str(), |client| &client.name);
        text.push_str(&format!("- {} ({}): {door}\n", harmless(&asked.account_name), asked.account_id));
    }
    let named = u64::try_from(waiting.some.len()).unwrap_or(u64::MAX);
    if waiting.total > named {
        let more = (waiting.total - named).to_string();
        let more = say(app, "admin.and_more", &[("count", &more)]).unwrap_or(more);
        text.push_str(&format!("- {more}\n"));
    }
    text + "\n" + &of("mail.host.names")
}

/// A name that strangers chose, without anything that a mail program would make a link of.
fn harmless(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '_') { c } else { '·' };
    line::plain(name, LONGEST_NAME).chars().map(plain).collect()
}

fn post_to_hosts(app: &App, mail: &Mail, subject: &str, text: &str) {
    let page = app.issuer.join(OwnPage::Admin.path());
    let page = say(app, "mail.host.page", &[("page", &page)]).unwrap_or(page);
    let why = say(app, "mail.host.why", &[("site", app.issuer.as_str())]).unwrap_or_default();
    let text = format!("{text}\n\n{page}\n\n-- \n{why}\n");
    // One for each: an address that is refused must not keep the letter from the others.
    for host in &mail.hosts {
        if !app.outbox.post(letter(app, host.clone(), subject.to_owned(), text.clone()), For::Host) {
            app.metrics.mails.add(MailOutcome::Dropped);
            warn!("too much mail waits, so one was dropped");
        }
    }
}

fn letter(app: &App, to: Address, subject: String, text: String) -> Letter {
    Letter { to, subject, text, at: app.clock.now(), id: app.entropy.jti() }
}
