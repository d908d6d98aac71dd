//! Whom a list names: its entries, and lists of those who may and may not.

use std::fmt;

use super::{HouseRules, Person};
use crate::groups::Group;
use crate::id::AccountId;
use crate::subject::Subject;
use crate::time::Timestamp;

/// Who an application lets in: one rule of its `allow` list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AllowRule {
    /// Everybody in this group.
    Group(Group),
    /// This account, whatever its groups. One at Plex must still be a member.
    Account(AccountId),
    /// The member with this confirmed e-mail address, compared without regard to case.
    Email(String),
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "{group}"),
            Self::Account(account) => write!(f, "{account}"),
            Self::Email(email) => f.write_str(email),
        }
    }
}

impl AllowRule {
    /// Reads one entry: a subject, an e-mail address, or a group name.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(subject) = Subject::parse(text) {
            return subject.account().map(Self::Account);
        }
        if let Some((local, domain)) = text.split_once('@') {
            let whole = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
            let plain = text.bytes().all(|b| b.is_ascii_graphic());
            return (whole && plain).then(|| Self::Email(text.to_ascii_lowercase()));
        }
        let known = |group: &Group| group.meaning().is_some() || group.is_of_local_accounts();
        Group::parse(text).filter(known).map(Self::Group)
    }

    /// Whether it lets `person` in. `None`: that is not known.
    pub(super) fn admits(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        match self {
            Self::Group(group) => person.is_in(group, at),
            Self::Account(account) => Some(person.account.id == *account),
            Self::Email(wanted) => Some(person.account.email_confirmed && person.account.has_address(wanted)),
        }
    }

    /// Whether it keeps `person` out. `None`: that is not known. An address need not be confirmed for that, or whoever
    /// does not confirm it would be let in.
    fn bars(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        match self {
            Self::Email(unwanted) => Some(person.account.has_address(unwanted)),
            Self::Group(_) | Self::Account(_) => self.admits(person, at),
        }
    }
}

/// Whether any of them is true: not known as long as one that is not known could be.
pub(super) fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(false);
    for answer in answers {
        match answer {
            Some(true) => return answer,
            Some(false) => {}
            None => known = None,
        }
    }
    known
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
    /// Whether `person` is among them. `None`: that is not known.
    pub(super) fn includes(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        let allowed = any(self.allow.iter().map(|rule| rule.admits(person, at)));
        let denied = any(self.deny.iter().map(|rule| rule.bars(person, at)));
        match (allowed, denied) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            (None, _) | (_, None) => None,
        }
    }
}
