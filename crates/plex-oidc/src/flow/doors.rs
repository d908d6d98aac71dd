//! What people may use, and why or why not: the same in the running service and for a command beside it.

use std::fmt;

use plex_oidc_core::client::Client;
use plex_oidc_core::decide::{
    AllowRule, Decision, Denial, HouseRules, Mark, Person, Through, decide, decide_for, named_by,
};
use plex_oidc_core::gateway::{Apps, GatewayApp};
use plex_oidc_core::id::ClientId;
use plex_oidc_core::time::Timestamp;

use crate::app::App;

/// By what is decided.
#[derive(Clone, Copy)]
pub struct House<'a> {
    /// The rules of the house.
    pub rules: &'a HouseRules,
    /// The time.
    pub now: Timestamp,
}

impl<'a> House<'a> {
    /// In the running service.
    pub fn of(app: &'a App) -> Self {
        Self { rules: &app.rules, now: app.clock.now() }
    }
}

/// The refusal that opening something answers.
const NOT_HERE: Decision = Decision::Deny(Denial::NotAllowedHere);

/// Something that people may use, as the file declares it.
#[derive(Clone, Copy)]
pub enum Door<'a> {
    /// A client.
    Client(&'a Client),
    /// An application behind the gateway.
    App(&'a GatewayApp),
}

impl<'a> Door<'a> {
    /// Its name for people.
    pub fn name(self) -> &'a str {
        match self {
            Self::Client(client) => &client.name,
            Self::App(app) => &app.name,
        }
    }

    /// Under which name the host opens it to single people.
    pub fn id(self) -> Option<ClientId> {
        match self {
            Self::Client(client) => Some(client.id.clone()),
            Self::App(app) => app.audience.door.clone(),
        }
    }

    /// Whether it would help to open it to this person.
    pub fn can_be_opened(self, house: House<'_>, person: &Person) -> bool {
        let Some(id) = self.id().filter(|_| self.decision(house, person) == NOT_HERE) else { return false };
        let mut opened = person.clone();
        opened.marks.apply(Mark::Door(id, true));
        self.decision(house, &opened) != NOT_HERE
    }

    /// Those who may.
    pub fn allow(self) -> &'a [AllowRule] {
        match self {
            Self::Client(client) => &client.allow,
            Self::App(app) => &app.audience.allow,
        }
    }

    /// Those who may not, even so.
    pub fn deny(self) -> &'a [AllowRule] {
        match self {
            Self::Client(_) => &[],
            Self::App(app) => &app.audience.deny,
        }
    }

    /// Whether people sign in to it.
    pub fn is_for_people(self) -> bool {
        match self {
            Self::Client(client) => client.is_for_people(),
            Self::App(_) => true,
        }
    }

    /// May this person use it, now? By the decision that the doors themselves ask for, of the person alone.
    pub fn decision(self, house: House<'_>, person: &Person) -> Decision {
        let (asker, House { rules, now }) = (person.through(Through::NoBrowser), house);
        match self {
            Self::Client(client) => decide(asker, client, rules, now),
            Self::App(found) => decide_for(asker, &found.audience, rules, now),
        }
    }

    /// Why.
    pub fn why(self, house: House<'_>, person: &Person) -> Why<'a> {
        match self.decision(house, person) {
            Decision::Allow => {
                let rule = named_by(person, self.allow(), house.rules, house.now);
                rule.map_or(Why::Opened, Why::InList)
            }
            Decision::Deny(denial) => Why::Denied(denial),
            Decision::Unknown => Why::Unknown,
        }
    }
}

/// Why somebody may or may not use something.
#[derive(Debug, Clone, Copy)]
pub enum Why<'a> {
    /// This rule lets them in.
    InList(&'a AllowRule),
    /// The host opened it to them.
    Opened,
    /// They may not.
    Denied(Denial),
    /// They have to sign in first.
    Unknown,
}

/// In English, for programs.
impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InList(rule) => write!(f, "{rule} is in its list"),
            Self::Opened => f.write_str("the host opened it to them"),
            Self::Denied(denial) => denial.fmt(f),
            Self::Unknown => write!(f, "has to sign in first: {}", Decision::WHY_UNKNOWN),
        }
    }
}

/// Everything that the file declares, by name.
pub fn doors(app: &App) -> Vec<Door<'_>> {
    declared(app.clients.iter(), &app.gateway.apps)
}

/// Of these, by name.
pub fn declared<'a>(clients: impl Iterator<Item = &'a Client>, apps: &'a Apps) -> Vec<Door<'a>> {
    let mut doors: Vec<_> = clients.map(Door::Client).chain(apps.0.iter().map(Door::App)).collect();
    doors.sort_by_key(|door| door.name().to_lowercase());
    doors
}
