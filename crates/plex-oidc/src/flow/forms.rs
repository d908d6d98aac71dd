//! What programs are told of people, at the API and by commands with `--json`: the same words in both.

use plex_oidc_core::decide::{Decision, Person, Standing};
use plex_oidc_core::groups::Group;
use plex_oidc_core::scope::Scope;
use plex_oidc_core::time::Timestamp;
use serde::Serialize;

use super::by_host::Holdings;
use super::doors::{Door, House};
use crate::store::records::{
    AccessRequest, AppTokenRecord, Consent, ListedBrowser, ListedPerson, ListedSession,
};

/// Somebody in the list of people.
#[derive(Serialize)]
pub struct InList {
    #[serde(flatten)]
    who: Who,
    last_seen: Option<String>,
    sessions: u64,
}

impl InList {
    /// As they stand in the list.
    pub fn of(listed: &ListedPerson, house: House<'_>) -> Self {
        let last_seen = moment(listed.last_seen);
        Self { who: Who::of(&listed.user.person, house), last_seen, sessions: listed.sessions }
    }
}

#[derive(Serialize)]
struct Who {
    account: String,
    name: String,
    username: Option<String>,
    email: Option<String>,
    email_confirmed: bool,
    groups: Vec<String>,
    access_ended: bool,
    blocked: bool,
}

impl Who {
    fn of(person: &Person, house: House<'_>) -> Self {
        let (account, told) = (&person.account, house.rules.as_told(person, house.now));
        Self {
            account: account.id.to_string(),
            name: account.display_name.clone(),
            username: account.username.clone(),
            email: account.email.clone(),
            email_confirmed: account.email_confirmed,
            groups: told.groups.iter().map(Group::as_str).map(str::to_owned).collect(),
            access_ended: person.standing == Standing::Ended,
            blocked: person.marks.blocked,
        }
    }
}

/// One person, with what they hold, and what they may use.
#[derive(Serialize)]
pub struct Whole {
    #[serde(flatten)]
    who: Who,
    owner: bool,
    named: bool,
    opened: Vec<String>,
    sessions: Vec<Session>,
    app_tokens: Vec<AppToken>,
    consents: Vec<Consented>,
    browsers: Vec<KnownIn>,
    apps: Vec<AtApp>,
}

impl Whole {
    /// All of it; `doors` is what the file declares.
    pub fn of(holdings: &Holdings, doors: &[Door<'_>], house: House<'_>) -> Self {
        let person = &holdings.user.person;
        let doors = doors.iter().filter(|door| door.is_for_people());
        Self {
            who: Who::of(person, house),
            owner: house.rules.is_owner(person.account.id),
            named: person.marks.named,
            opened: person.marks.doors.iter().map(ToString::to_string).collect(),
            sessions: holdings.sessions.iter().map(session).collect(),
            app_tokens: holdings.tokens.iter().map(app_token).collect(),
            consents: holdings.consents.iter().map(consented).collect(),
            browsers: holdings.browsers.iter().map(browser).collect(),
            apps: doors.map(|door| may(person, *door, house)).collect(),
        }
    }
}

#[derive(Serialize)]
struct Session {
    sid: String,
    browser: Option<String>,
    address: Option<String>,
    signed_in: String,
    last_used: String,
}

fn session(session: &ListedSession) -> Session {
    Session {
        sid: session.sid.to_string(),
        browser: session.from.browser.clone(),
        address: session.from.address.map(|address| address.to_string()),
        signed_in: session.auth_time.rfc3339(),
        last_used: session.last_seen.rfc3339(),
    }
}

#[derive(Serialize)]
struct AppToken {
    id: String,
    name: String,
    apps: Vec<String>,
    created: String,
    expires: Option<String>,
    last_used: Option<String>,
}

fn app_token(token: &AppTokenRecord) -> AppToken {
    AppToken {
        id: token.id.clone(),
        name: token.name.clone(),
        apps: token.apps.clone(),
        created: token.created.rfc3339(),
        expires: moment(token.expires),
        last_used: moment(token.last_used),
    }
}

#[derive(Serialize)]
struct Consented {
    client: String,
    scopes: Vec<&'static str>,
    given: String,
}

fn consented(consent: &Consent) -> Consented {
    Consented {
        client: consent.client_id.to_string(),
        scopes: consent.scopes.iter().map(Scope::as_str).collect(),
        given: consent.granted_at.rfc3339(),
    }
}

#[derive(Serialize)]
struct KnownIn {
    id: String,
    browser: Option<String>,
    address: Option<String>,
    first_used: String,
    last_used: String,
    approved: bool,
    confirmed: bool,
    signed_in: bool,
}

fn browser(browser: &ListedBrowser) -> KnownIn {
    KnownIn {
        id: browser.id.to_string(),
        browser: browser.from.browser.clone(),
        address: browser.from.address.map(|address| address.to_string()),
        first_used: browser.first_used.rfc3339(),
        last_used: browser.last_used.rfc3339(),
        approved: browser.approved,
        confirmed: browser.confirmed,
        signed_in: browser.signed_in,
    }
}

/// What people may use.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppKind {
    /// A client.
    Client,
    /// An application behind the gateway.
    Gateway,
}

impl AppKind {
    /// What this is.
    pub const fn of(door: Door<'_>) -> Self {
        match door {
            Door::Client(_) => Self::Client,
            Door::App(_) => Self::Gateway,
        }
    }
}

#[derive(Serialize)]
struct AtApp {
    id: Option<String>,
    name: String,
    kind: AppKind,
    may: bool,
    why: String,
    has_rules: bool,
}

fn may(person: &Person, door: Door<'_>, house: House<'_>) -> AtApp {
    AtApp {
        id: door.id().map(|id| id.to_string()),
        name: door.name().to_owned(),
        kind: AppKind::of(door),
        may: door.decision(house, person) == Decision::Allow,
        why: door.why(house, person).to_string(),
        has_rules: matches!(door, Door::App(app) if !app.rules.is_empty()),
    }
}

/// Somebody who waits for an answer.
#[derive(Serialize)]
pub struct Waiting {
    account: String,
    name: String,
    email: Option<String>,
    app: String,
    app_name: Option<String>,
    /// The browser that they ask for, if it is about that.
    browser: Option<String>,
    wish: &'static str,
    said: Option<String>,
    address: String,
    asked: String,
}

impl Waiting {
    /// As they wait; `app_name` is what the file calls what they ask for, if it is there still.
    pub fn of(AccessRequest { asked, .. }: &AccessRequest, app_name: Option<&str>) -> Self {
        Self {
            account: asked.account_id.to_string(),
            name: asked.account_name.clone(),
            email: asked.account_email.clone(),
            app: asked.door.to_string(),
            app_name: app_name.map(str::to_owned),
            browser: asked.browser.map(|browser| browser.to_string()),
            wish: asked.wish.as_str(),
            said: asked.said.clone(),
            address: asked.address.to_string(),
            asked: asked.asked_at.rfc3339(),
        }
    }
}

/// A moment as it is written everywhere.
pub fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::rfc3339)
}
