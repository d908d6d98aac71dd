//! The one decision: may this person use this application, now?
//!
//! Every door asks here: the authorization endpoint, the code exchange, refresh and UserInfo by [`decide`], the gateway and
//! the Access validator by [`decide_for`]. Underneath, what we know of a person has three values, so that "we could not
//! ask" is never confused with "no".

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

mod asker;
mod marks;
mod person;
mod rule;

pub use asker::{Asker, NewBrowsers, Through};
pub use marks::{Mark, Marks};
pub use person::{KnownShare, Person, Standing};
use rule::any;
pub use rule::{AllowRule, Audience, HouseGroup};

use crate::account::Account;
use crate::client::Client;
use crate::id::AccountId;
use crate::membership::{AcceptedServer, Membership, membership};
use crate::time::{Seconds, Timestamp};

/// House rules that hold for every application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are rules that a host sets independently of each other"
)]
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
    /// Accounts that never come in.
    pub blocked: BTreeSet<AccountId>,
    /// The only accounts that come in, besides the owner's. `None`: it is not up to that.
    pub only: Option<BTreeSet<AccountId>>,
    /// Whether a Plex account must have two-factor sign-in set up.
    pub require_two_factor: bool,
    /// How old a Plex account must be.
    pub minimum_account_age: Seconds,
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

    /// The owner of a server as the rules alone know them, whatever Plex can be asked now: whose a server is stands in the file,
    /// and does not grow old. `None`: this account owns none.
    pub fn owner(&self, account: Account, now: Timestamp) -> Option<Person> {
        match membership(&account, &[], &self.accepted) {
            Membership::Member { groups, through } => {
                let standing = Standing::Member { confirmed_at: now, through };
                Some(Person { account, groups, standing, shares: Vec::new(), marks: Marks::default() })
            }
            Membership::NotShared => None,
        }
    }

    /// Whether this is the account of an owner. By its id alone: the owner is never locked out.
    pub fn is_owner(&self, account: AccountId) -> bool {
        self.accepted.iter().any(|server| AccountId::Plex(server.owner) == account)
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
    /// The account has no two-factor sign-in, and must have it.
    NoTwoFactor,
    /// The account was made too short a time ago.
    TooNew,
    /// The host keeps this account out.
    Blocked,
    /// The host blocked this account, on the host's page or by a command.
    BlockedByHost,
    /// Only accounts that the host named beforehand come in, and this is none of them.
    NotNamedBeforehand,
    /// A member, but not one of those this application is for.
    NotAllowedHere,
    /// The host is asked about new browsers here, and has not said yes to this one.
    NewBrowser,
    /// The application is switched off.
    ClientDisabled,
}

/// For the host.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotShared => "no accepted Plex server is shared with this person",
            Self::ManagedUser => "this is a managed user, and rules.allow_managed is off",
            Self::Anonymous => "this is an anonymous Plex account",
            Self::UnconfirmedEmail => "this person has not confirmed their e-mail address at Plex",
            Self::NoTwoFactor => {
                "this person's Plex account has no two-factor sign-in set up, and rules.require_two_factor is on"
            }
            Self::TooNew => "this person's Plex account is younger than rules.minimum_account_age",
            Self::Blocked => "this account is in rules.blocked",
            Self::BlockedByHost => "the host has blocked this account, on the host's page or by `plex-oidc person block`",
            Self::NotNamedBeforehand => "rules.only is set, and this account is not in it",
            Self::NotAllowedHere => "this person is not one of those it is for",
            Self::NewBrowser => "this browser is new to this account, and new_browsers asks you about those",
            Self::ClientDisabled => "the application is switched off",
        })
    }
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

impl Decision {
    /// What [`Decision::Unknown`] is about, for the host.
    pub const WHY_UNKNOWN: &'static str = "what Plex last said is older than rules.membership_lifetime, is about a server that \
        is not in the file any more, or leaves out what a rule is about";
}

/// The first of these rules that is known to let `person` in: why somebody may, for the host. Nothing is decided by it.
pub fn named_by<'r>(
    person: &Person,
    allow: &'r [AllowRule],
    rules: &HouseRules,
    now: Timestamp,
) -> Option<&'r AllowRule> {
    allow.iter().find(|rule| rule.admits(person, (rules, now)) == Some(true))
}

/// May this person, through what they come through, use `client`, now?
pub fn decide<'p>(
    asker: impl Into<Asker<'p>>,
    client: &Client,
    rules: &HouseRules,
    now: Timestamp,
) -> Decision {
    if !client.enabled {
        return Decision::Deny(Denial::ClientDisabled);
    }
    let (asker, at) = (asker.into(), (rules, now));
    let person = asker.person;
    let is_known = || {
        let mut rules = client.needs_known.iter();
        rules.all(|rule| rule.admits(person, at).is_some() && rule.bars(person, at).is_some())
    };
    let named = || any(client.allow.iter().map(|rule| rule.admits(person, at)));
    let is_for = || if person.marks.open(&client.id) { Some(true) } else { named() };
    let decision = judge(person, || is_for().filter(|named| !named || is_known()), at);
    in_browser(decision, asker, client.new_browsers, rules)
}

/// May this person, through what they come through, use what is for `audience`, now?
pub fn decide_for<'p>(
    asker: impl Into<Asker<'p>>,
    audience: &Audience,
    rules: &HouseRules,
    now: Timestamp,
) -> Decision {
    let asker = asker.into();
    let decision = judge(asker.person, || audience.includes(asker.person, (rules, now)), (rules, now));
    in_browser(decision, asker, audience.new_browsers, rules)
}

/// What was decided of a person, in the browser that they come from. Only who would be let in waits for the host: there is
/// nothing to ask about anybody else. An owner would wait for themselves.
fn in_browser(decision: Decision, asker: Asker<'_>, policy: NewBrowsers, rules: &HouseRules) -> Decision {
    match decision {
        Decision::Allow if policy.keep_out(asker.through) && !rules.is_owner(asker.person.account.id) => {
            Decision::Deny(Denial::NewBrowser)
        }
        decided => decided,
    }
}

fn judge(
    person: &Person,
    is_for: impl FnOnce() -> Option<bool>,
    (rules, now): (&HouseRules, Timestamp),
) -> Decision {
    if let Some(denial) = barred(person, (rules, now)) {
        return Decision::Deny(denial);
    }
    let confirmed_at = match (person.account.id, &person.standing) {
        (AccountId::Local(_), Standing::Kept) if rules.local_accounts => None,
        (AccountId::Local(_), _) => return Decision::Deny(Denial::NotAllowedHere),
        (AccountId::Plex(_), Standing::Member { confirmed_at, through }) => {
            if !rules.accept_all(through) {
                return Decision::Unknown;
            }
            Some(confirmed_at)
        }
        (AccountId::Plex(_), Standing::Kept | Standing::Ended) => return Decision::Deny(Denial::NotShared),
    };
    let is_old = |confirmed_at: &Timestamp| confirmed_at.plus(rules.membership_lifetime).has_passed(now);
    match is_for() {
        Some(false) => Decision::Deny(Denial::NotAllowedHere),
        None => Decision::Unknown,
        Some(true) if confirmed_at.is_some_and(is_old) || !is_account_known(person, rules) => {
            Decision::Unknown
        }
        Some(true) => Decision::Allow,
    }
}

/// Why an account may not come in, whoever shares with it.
fn barred(person: &Person, at: (&HouseRules, Timestamp)) -> Option<Denial> {
    let (rules, id) = (at.0, person.account.id);
    if rules.blocked.contains(&id) {
        return Some(Denial::Blocked);
    }
    if person.marks.blocked && !rules.is_owner(id) {
        return Some(Denial::BlockedByHost);
    }
    let is_named = |only: &BTreeSet<AccountId>| only.contains(&id) || person.marks.named;
    if rules.only.as_ref().is_some_and(|only| !is_named(only)) && !rules.is_owner(id) {
        return Some(Denial::NotNamedBeforehand);
    }
    match id {
        AccountId::Plex(_) => barred_at_plex(&person.account, at),
        AccountId::Local(_) => None, // the host vouches for it
    }
}

fn barred_at_plex(account: &Account, (rules, now): (&HouseRules, Timestamp)) -> Option<Denial> {
    if account.anonymous {
        return Some(Denial::Anonymous);
    }
    if account.managed && !rules.allow_managed_users {
        return Some(Denial::ManagedUser);
    }
    if rules.is_owner(account.id) {
        return None;
    }
    // A managed user has no address. A second factor it cannot have either, and then that is the host's wish.
    if rules.require_confirmed_email && !account.email_confirmed && !account.managed {
        return Some(Denial::UnconfirmedEmail);
    }
    if rules.require_two_factor && account.facts.two_factor == Some(false) {
        return Some(Denial::NoTwoFactor);
    }
    let is_too_new = |joined_at: Timestamp| !joined_at.plus(rules.minimum_account_age).has_passed(now);
    let asks_age = rules.minimum_account_age > Seconds(0);
    (asks_age && account.facts.joined_at.is_some_and(is_too_new)).then_some(Denial::TooNew)
}

/// Whether all is known of an account that the rules of the house ask about it.
fn is_account_known(person: &Person, rules: &HouseRules) -> bool {
    let (id, facts) = (person.account.id, &person.account.facts);
    if matches!(id, AccountId::Local(_)) || rules.is_owner(id) {
        return true;
    }
    let is_factor_known = !rules.require_two_factor || facts.two_factor.is_some();
    let is_age_known = rules.minimum_account_age == Seconds(0) || facts.joined_at.is_some();
    is_factor_known && is_age_known
}

#[cfg(test)]
mod tests;
