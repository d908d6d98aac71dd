//! What is remembered of who did what: for the host, and for nothing else. Nothing is decided by it, and no secret is in it.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::api::ApiTokenId;
use crate::id::AccountId;
use crate::line;
use crate::subject::Subject;
use crate::time::{Seconds, Timestamp};

/// Longest text in an event, in characters: some of it is chosen by strangers.
const LONGEST: usize = 200;

/// What happened. The words are stable: programs read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Somebody signed in: once for each sign-in, and not for what follows from it.
    SignedIn,
    /// Somebody proved who they are, and may not come in.
    Denied,
    /// Somebody signed out of one browser.
    SignedOut,
    /// Somebody signed out everywhere.
    SignedOutEverywhere,
    /// One session was ended from elsewhere.
    SessionEnded,
    /// Somebody agreed that an application learns about them.
    ConsentGiven,
    /// Somebody took that back.
    ConsentWithdrawn,
    /// Somebody let a device in.
    DeviceAllowed,
    /// An app token was made.
    AppTokenMade,
    /// An app token was ended.
    AppTokenEnded,
    /// Somebody's access has ended: nothing is shared with them any more.
    AccessEnded,
    /// The host ended everything of somebody.
    EverythingEnded,
    /// A local account was added, changed or removed.
    LocalAccountChanged,
    /// The host had Plex asked who is a member.
    RecheckedByHost,
    /// The signing keys were rotated.
    KeysRotated,
    /// Somebody who was turned away asked the host for access.
    AccessAsked,
    /// The host answered that.
    AccessAnswered,
    /// Somebody proved who they are in a browser that was not known to their account.
    NewBrowser,
    /// They said from another browser that it was them.
    BrowserConfirmed,
    /// They said that it was not: what came of it has ended.
    BrowserDisowned,
    /// They had a browser of theirs forgotten.
    BrowserForgotten,
    /// The host said something of somebody: blocked, named beforehand, what is open to them.
    PersonMarked,
    /// A link to the host's page was made.
    AdminLinkMade,
    /// Such a link was used.
    AdminLinkUsed,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The host's page was opened with a passkey.
    PasskeyUsed,
    /// A passkey was right, and opened nothing.
    PasskeyRefused,
    /// A changed configuration was taken over.
    ConfigurationReloaded,
    /// The owner's token was replaced.
    OwnerTokenRenewed,
    /// An API token was made.
    ApiTokenMade,
    /// An API token was ended.
    ApiTokenEnded,
}

impl What {
    /// Everything that can happen.
    pub const ALL: [Self; 32] = [
        Self::SignedIn,
        Self::Denied,
        Self::SignedOut,
        Self::SignedOutEverywhere,
        Self::SessionEnded,
        Self::ConsentGiven,
        Self::ConsentWithdrawn,
        Self::DeviceAllowed,
        Self::AppTokenMade,
        Self::AppTokenEnded,
        Self::AccessEnded,
        Self::EverythingEnded,
        Self::LocalAccountChanged,
        Self::RecheckedByHost,
        Self::KeysRotated,
        Self::AccessAsked,
        Self::AccessAnswered,
        Self::NewBrowser,
        Self::BrowserConfirmed,
        Self::BrowserDisowned,
        Self::BrowserForgotten,
        Self::PersonMarked,
        Self::AdminLinkMade,
        Self::AdminLinkUsed,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::PasskeyUsed,
        Self::PasskeyRefused,
        Self::ConfigurationReloaded,
        Self::OwnerTokenRenewed,
        Self::ApiTokenMade,
        Self::ApiTokenEnded,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Denied => "denied",
            Self::SignedOut => "signed_out",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::SessionEnded => "session_ended",
            Self::ConsentGiven => "consent_given",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::DeviceAllowed => "device_allowed",
            Self::AppTokenMade => "app_token_made",
            Self::AppTokenEnded => "app_token_ended",
            Self::AccessEnded => "access_ended",
            Self::EverythingEnded => "everything_ended",
            Self::LocalAccountChanged => "local_account_changed",
            Self::RecheckedByHost => "rechecked_by_host",
            Self::KeysRotated => "keys_rotated",
            Self::AccessAsked => "access_asked",
            Self::AccessAnswered => "access_answered",
            Self::NewBrowser => "new_browser",
            Self::BrowserConfirmed => "browser_confirmed",
            Self::BrowserDisowned => "browser_disowned",
            Self::BrowserForgotten => "browser_forgotten",
            Self::PersonMarked => "person_marked",
            Self::AdminLinkMade => "admin_link_made",
            Self::AdminLinkUsed => "admin_link_used",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasskeyUsed => "passkey_used",
            Self::PasskeyRefused => "passkey_refused",
            Self::ConfigurationReloaded => "configuration_reloaded",
            Self::OwnerTokenRenewed => "owner_token_renewed",
            Self::ApiTokenMade => "api_token_made",
            Self::ApiTokenEnded => "api_token_ended",
        }
    }

    /// What this word means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.word() == word)
    }
}

/// How the name of an API token as an actor begins.
const BY_TOKEN: &str = "api-token-";

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody, with this account.
    Account(AccountId),
    /// The re-check, because Plex said so.
    Recheck,
    /// Whoever can run commands on the machine.
    CommandLine,
    /// The program by itself.
    Program,
    /// A program of the host's, with this API token.
    ApiToken(ApiTokenId),
}

impl Actor {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let others = [Self::Recheck, Self::CommandLine, Self::Program];
        let other = others.into_iter().find(|other| other.to_string() == text);
        let token = || text.strip_prefix(BY_TOKEN).and_then(ApiTokenId::parse).map(Self::ApiToken);
        other.or_else(token).or_else(|| Subject::parse(text)?.account().map(Self::Account))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => account.fmt(f),
            Self::Recheck => f.write_str("recheck"),
            Self::CommandLine => f.write_str("command-line"),
            Self::Program => f.write_str("program"),
            Self::ApiToken(id) => write!(f, "{BY_TOKEN}{id}"),
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// Who did it.
    pub by: Actor,
    /// The account that it is about.
    pub about: Option<AccountId>,
    /// The name of that account then.
    pub name: Option<String>,
    /// The application, token or session that it is about.
    pub target: Option<String>,
    /// From where.
    pub address: Option<IpAddr>,
    /// In a few words, what else there is to know.
    pub detail: Option<String>,
}

impl Event {
    /// An event of which nothing else is known.
    pub const fn new(at: Timestamp, what: What, by: Actor) -> Self {
        Self { at, what, by, about: None, name: None, target: None, address: None, detail: None }
    }

    /// About this account.
    #[must_use]
    pub fn about(self, account: AccountId) -> Self {
        Self { about: Some(account), ..self }
    }

    /// Whose name this is.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(short(name)), ..self }
    }

    /// About this application, token or session.
    #[must_use]
    pub fn target(self, target: &str) -> Self {
        Self { target: Some(short(target)), ..self }
    }

    /// From this address.
    #[must_use]
    pub fn address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// With this to know besides.
    #[must_use]
    pub fn detail(self, detail: &str) -> Self {
        Self { detail: Some(short(detail)), ..self }
    }

    /// One line of JSON, without its end. The names of the fields are stable, and all of them are always there.
    pub fn json_line(&self, id: u64) -> String {
        let line = Line {
            id,
            at: self.at.rfc3339(),
            what: self.what.word(),
            by: self.by.to_string(),
            account: self.about.map(|account| account.to_string()),
            name: self.name.as_deref(),
            target: self.target.as_deref(),
            address: self.address,
            detail: self.detail.as_deref(),
        };
        serde_json::to_string(&line).unwrap_or_default() // texts, numbers and an address: always JSON
    }
}

#[derive(Serialize)]
struct Line<'a> {
    id: u64,
    at: String,
    what: &'static str,
    by: String,
    account: Option<String>,
    name: Option<&'a str>,
    target: Option<&'a str>,
    address: Option<IpAddr>,
    detail: Option<&'a str>,
}

/// The end of a span of time as people write it: a day is meant to its end, any other moment is the moment itself.
pub fn end_of(text: &str) -> Option<Timestamp> {
    let moment = Timestamp::parse_rfc3339(text)?;
    Some(if text.contains('T') { moment } else { moment.plus(Seconds::days(1)) })
}

/// As much of a text as is kept, on one line.
fn short(text: &str) -> String {
    line::plain(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{LocalAccountId, PlexAccountId};

    #[test]
    fn every_word_means_one_thing() {
        for what in What::ALL {
            assert_eq!(What::of_word(what.word()), Some(what));
        }
        assert_eq!(What::of_word("SIGNED_IN"), None);
    }

    #[test]
    fn a_day_is_meant_to_its_end() {
        assert_eq!(end_of("1970-01-01"), Some(Timestamp(86_400)));
        assert_eq!(end_of("1970-01-01T00:00:00Z"), Some(Timestamp(0)));
        assert_eq!(end_of("1970-01-32"), None);
    }

    #[test]
    fn who_did_it_reads_back() {
        let local = LocalAccountId::new(3).unwrap();
        for by in [
            Actor::Account(AccountId::Plex(PlexAccountId(17))),
            Actor::Account(AccountId::Local(local)),
            Actor::Recheck,
            Actor::CommandLine,
            Actor::Program,
            Actor::ApiToken(ApiTokenId(0x0a1b_2c3d)),
        ] {
            assert_eq!(Actor::parse(&by.to_string()), Some(by));
        }
        assert_eq!(Actor::parse("somebody"), None);
    }

    #[test]
    fn a_line_is_one_line_of_json_whatever_people_call_themselves() {
        let plex = AccountId::Plex(PlexAccountId(17));
        let event = Event::new(Timestamp(0), What::Denied, Actor::Account(plex));
        assert_eq!(
            event.json_line(7),
            r#"{"id":7,"at":"1970-01-01T00:00:00Z","what":"denied","by":"plex-17","account":null,"name":null,"target":null,"address":null,"detail":null}"#
        );
        let event = event
            .about(plex)
            .named(&format!("a\"\n\r\u{1b}[2J{}", "x".repeat(1000)))
            .target("photos")
            .address(Some([192, 0, 2, 7].into()))
            .detail("not_shared");
        let line = event.json_line(8);
        assert!(!line.contains(char::is_control) && line.len() < 500, "{line}");
        assert!(
            line.contains(r#""name":"a\" [2Jxxx"#)
                && line.ends_with(r#"x","target":"photos","address":"192.0.2.7","detail":"not_shared"}"#),
            "{line}"
        );
    }
}
