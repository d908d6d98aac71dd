//! The one decision: may this person use this application, now?
//!
//! Every door asks here: the authorization endpoint, the code exchange, refresh and UserInfo by [`decide`], the gateway and
//! the Access validator by [`decide_for`]. Underneath, what we know of a person has three values, so that "we could not
//! ask" is never confused with "no".

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

mod person;
mod rule;

pub use person::{KnownShare, Person, Standing};
use rule::any;
pub use rule::{AllowRule, Audience, HouseGroup};

use crate::client::Client;
use crate::groups::Group;
use crate::id::AccountId;
use crate::membership::AcceptedServer;
use crate::time::{Seconds, Timestamp};

/// House rules that hold for every application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseRules {
    /// Whether managed Home users may come in at all.
    pub allow_managed_users: bool,
    /// Whether an account must have confirmed its e-mail address.
    pub require_confirmed_email: bool,
    /// How long a positive answer serves without a new one.
    pub membership_lifetime: Seconds,
    /// Whether people whose accounts the host keeps may come in at all.
    pub local_accounts: bool,
    /// The servers whose people may come in.
    pub accepted: Vec<AcceptedServer>,
    /// The host's own groups. None is made of another.
    pub groups: Vec<HouseGroup>,
}

impl HouseRules {
    /// A person as applications are told of them: in the host's own groups as well, where it is known that they are.
    pub fn as_told<'p>(&self, person: &'p Person, now: Timestamp) -> Cow<'p, Person> {
        if self.groups.is_empty() {
            return Cow::Borrowed(person);
        }
        let mut told = person.clone();
        for group in &self.groups {
            told.groups.remove(&group.name); // whoever was in another one of that name
            if group.has(person, (self, now)) == Some(true) {
                told.groups.insert(group.name.clone());
            }
        }
        Cow::Owned(told)
    }

    /// Whether every server that made somebody a member is still accepted, under the same name. Groups are not kept by
    /// server, so those of one that is gone cannot be told from the others.
    fn accept_all(&self, through: &[AcceptedServer]) -> bool {
        !through.is_empty() && through.iter().all(|server| self.accepted.contains(server))
    }
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// No accepted server is shared with the account.
    NotShared,
    /// A managed user, and managed users are not let in.
    ManagedUser,
    /// An anonymous Plex account.
    Anonymous,
    /// The account has not confirmed its e-mail address.
    UnconfirmedEmail,
    /// A member, but not one of those this application is for.
    NotAllowedHere,
    /// The application is switched off.
    ClientDisabled,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No, and why.
    Deny(Denial),
    /// What we know is too old, or not enough, to say yes or no. Nobody is let in, and nothing is ended: sign in again.
    Unknown,
}

/// May `person` use `client`, now?
pub fn decide(person: &Person, client: &Client, rules: &HouseRules, now: Timestamp) -> Decision {
    if !client.enabled {
        return Decision::Deny(Denial::ClientDisabled);
    }
    let at = (rules, now);
    let is_known = || {
        let mut rules = client.needs_known.iter();
        rules.all(|rule| rule.admits(person, at).is_some() && rule.bars(person, at).is_some())
    };
    let is_for = || any(client.allow.iter().map(|rule| rule.admits(person, at)));
    judge(person, || is_for().filter(|named| !named || is_known()), at)
}

/// May `person` use what is for `audience`, now?
pub fn decide_for(person: &Person, audience: &Audience, rules: &HouseRules, now: Timestamp) -> Decision {
    judge(person, || audience.includes(person, (rules, now)), (rules, now))
}

fn judge(
    person: &Person,
    is_for: impl FnOnce() -> Option<bool>,
    (rules, now): (&HouseRules, Timestamp),
) -> Decision {
    let confirmed_at = match (person.account.id, &person.standing) {
        (AccountId::Local(_), Standing::Kept) if rules.local_accounts => None,
        (AccountId::Local(_), _) => return Decision::Deny(Denial::NotAllowedHere),
        (AccountId::Plex(_), standing) => {
            if let Some(denial) = barred(person, rules) {
                return Decision::Deny(denial);
            }
            let Standing::Member { confirmed_at, through } = standing else {
                return Decision::Deny(Denial::NotShared);
            };
            if !rules.accept_all(through) {
                return Decision::Unknown;
            }
            Some(confirmed_at)
        }
    };
    let is_old = |confirmed_at: &Timestamp| confirmed_at.plus(rules.membership_lifetime).has_passed(now);
    match is_for() {
        Some(false) => Decision::Deny(Denial::NotAllowedHere),
        None => Decision::Unknown,
        Some(true) if confirmed_at.is_some_and(is_old) => Decision::Unknown,
        Some(true) => Decision::Allow,
    }
}

/// Why a Plex account may not come in, whoever shares with it.
fn barred(person: &Person, rules: &HouseRules) -> Option<Denial> {
    let account = &person.account;
    if account.anonymous {
        return Some(Denial::Anonymous);
    }
    if account.managed {
        return (!rules.allow_managed_users).then_some(Denial::ManagedUser);
    }
    let unconfirmed = rules.require_confirmed_email && !account.email_confirmed;
    let is_owner = || person.groups.contains(&Group::owner());
    (unconfirmed && !is_owner()).then_some(Denial::UnconfirmedEmail)
}

#[cfg(test)]
mod tests;
