//! The one decision: may this person use this application, now?
//!
//! Every door calls [`decide`]: the authorization endpoint, the code exchange, refresh and UserInfo. Underneath, what
//! we know of a person has three values, so that "we could not ask" is never confused with "no".

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::groups::{Group, Groups};
use crate::id::PlexAccountId;
use crate::membership::PlexAccount;
use crate::subject::Subject;
use crate::time::{Seconds, Timestamp};

/// Who an application lets in: one rule of its `allow` list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AllowRule {
    /// Everybody in this group.
    Group(Group),
    /// This Plex account, whatever its groups; it must still be a member.
    Account(PlexAccountId),
    /// The member with this confirmed e-mail address, compared without regard to case.
    Email(String),
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "{group}"),
            Self::Account(account) => write!(f, "plex-{account}"),
            Self::Email(email) => f.write_str(email),
        }
    }
}

impl AllowRule {
    /// Reads one entry: `plex-<account id>`, an e-mail address, or a group name.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(subject) = Subject::parse(text) {
            return subject.plex_account().map(Self::Account);
        }
        if let Some((local, domain)) = text.split_once('@') {
            let whole = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
            let plain = text.bytes().all(|b| b.is_ascii_graphic());
            return (whole && plain).then(|| Self::Email(text.to_ascii_lowercase()));
        }
        Group::parse(text).filter(Group::is_known_form).map(Self::Group)
    }

    fn names(&self, person: &Person) -> bool {
        match self {
            Self::Group(group) => person.groups.contains(group),
            Self::Account(account) => person.account.id == *account,
            Self::Email(wanted) => {
                person.account.email_confirmed
                    && person.account.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(wanted))
            }
        }
    }
}

/// Whom something is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// Those who may; empty: nobody.
    pub allow: Vec<AllowRule>,
    /// Those who may not, even so.
    pub deny: Vec<AllowRule>,
}

impl Audience {
    /// Whether `person` is among them.
    pub fn includes(&self, person: &Person) -> bool {
        let named = |rules: &[AllowRule]| rules.iter().any(|rule| rule.names(person));
        named(&self.allow) && !named(&self.deny)
    }
}

/// What we last knew about a person's membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Plex said yes, at that moment.
    Member {
        /// When Plex said so.
        confirmed_at: Timestamp,
    },
    /// Plex said no, or the host switched the person off.
    Ended,
}

/// A person as stored: the account, the groups, and what we last knew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The Plex account, as of the last sign-in.
    pub account: PlexAccount,
    /// The groups, as of the last sign-in or re-check.
    pub groups: Groups,
    /// The last answer about membership.
    pub standing: Standing,
}

impl Person {
    /// The subject of this person's tokens.
    pub fn subject(&self) -> Subject {
        Subject::of_plex(self.account.id)
    }
}

/// House rules that hold for every application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HouseRules {
    /// Whether managed Home users may come in at all.
    pub allow_managed_users: bool,
    /// Whether an account must have confirmed its e-mail address.
    pub require_confirmed_email: bool,
    /// How long a positive answer serves without a new one.
    pub membership_lifetime: Seconds,
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
    /// What we know is too old to say yes. Nobody is let in, and nothing is ended: sign in again.
    Unknown,
}

/// May `person` use `client`, now?
pub fn decide(person: &Person, client: &Client, rules: HouseRules, now: Timestamp) -> Decision {
    if !client.enabled {
        return Decision::Deny(Denial::ClientDisabled);
    }
    let is_for = |person: &Person| client.allow.iter().any(|rule| rule.names(person));
    judge(person, is_for, rules, now)
}

/// May `person` use what is for `audience`, now?
pub fn decide_for(person: &Person, audience: &Audience, rules: HouseRules, now: Timestamp) -> Decision {
    judge(person, |person| audience.includes(person), rules, now)
}

fn judge(
    person: &Person,
    is_for: impl FnOnce(&Person) -> bool,
    rules: HouseRules,
    now: Timestamp,
) -> Decision {
    if let Some(denial) = barred(person, rules) {
        return Decision::Deny(denial);
    }
    let Standing::Member { confirmed_at } = person.standing else {
        return Decision::Deny(Denial::NotShared);
    };
    if !is_for(person) {
        return Decision::Deny(Denial::NotAllowedHere);
    }
    if confirmed_at.plus(rules.membership_lifetime).has_passed(now) {
        return Decision::Unknown;
    }
    Decision::Allow
}

fn barred(person: &Person, rules: HouseRules) -> Option<Denial> {
    let account = &person.account;
    let is_owner = person.groups.contains(&Group::owner());
    if account.anonymous {
        return Some(Denial::Anonymous);
    }
    if account.managed {
        return (!rules.allow_managed_users).then_some(Denial::ManagedUser);
    }
    let unconfirmed = rules.require_confirmed_email && !account.email_confirmed;
    (unconfirmed && !is_owner).then_some(Denial::UnconfirmedEmail)
}
