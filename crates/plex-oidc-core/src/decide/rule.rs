//! Whom a list names: its entries, and lists of those who may and may not.

use std::fmt;

use super::{HouseRules, NewBrowsers, Person};
use crate::groups::Group;
use crate::id::{AccountId, ClientId};
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
        let known = |group: &Group| group.meaning().is_some() || group.is_named_by_host();
        Group::parse(text).filter(known).map(Self::Group)
    }

    /// Whether it lets `person` in. `None`: that is not known.
    pub(super) fn admits(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        self.names(person, Purpose::Admit, at)
    }

    /// Whether it keeps `person` out. `None`: that is not known.
    pub(super) fn bars(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        self.names(person, Purpose::Bar, at)
    }

    fn names(&self, person: &Person, purpose: Purpose, at: (&HouseRules, Timestamp)) -> Option<bool> {
        match self {
            Self::Group(group) => match at.0.groups.iter().find(|own| own.name == *group) {
                Some(own) => own.includes(person, purpose, at),
                None => person.is_in(group, at),
            },
            Self::Account(_) | Self::Email(_) => self.names_by_itself(person, purpose, at),
        }
    }

    /// The same, where no group is made of others: what stands inside such a group.
    fn names_by_itself(
        &self,
        person: &Person,
        purpose: Purpose,
        at: (&HouseRules, Timestamp),
    ) -> Option<bool> {
        match self {
            Self::Group(group) => person.is_in(group, at),
            Self::Account(account) => Some(person.account.id == *account),
            Self::Email(address) => {
                let counts = purpose == Purpose::Bar || person.account.email_confirmed;
                Some(counts && person.account.has_address(address))
            }
        }
    }
}

/// What an entry is looked at for. An address must be confirmed to let somebody in. It need not be to keep somebody out, or
/// whoever does not confirm it would be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Admit,
    Bar,
}

impl Purpose {
    const fn opposite(self) -> Self {
        match self {
            Self::Admit => Self::Bar,
            Self::Bar => Self::Admit,
        }
    }
}

/// A group of the host's own, made of others. Who is in it is worked out whenever it is asked, and stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseGroup {
    /// What it is called.
    pub name: Group,
    /// Whoever is in it is one of these, if there are any.
    pub any: Vec<AllowRule>,
    /// And every one of these. With neither, nobody is in it.
    pub all: Vec<AllowRule>,
    /// And none of these.
    pub none: Vec<AllowRule>,
}

impl HouseGroup {
    /// Whether `person` is in it. `None`: that is not known.
    pub(super) fn has(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        self.includes(person, Purpose::Admit, at)
    }

    fn includes(&self, person: &Person, purpose: Purpose, at: (&HouseRules, Timestamp)) -> Option<bool> {
        let one = |rule: &AllowRule| rule.names_by_itself(person, purpose, at);
        let none = |rule: &AllowRule| rule.names_by_itself(person, purpose.opposite(), at);
        let within =
            if self.any.is_empty() { Some(!self.all.is_empty()) } else { any(self.any.iter().map(one)) };
        let misses = self.all.iter().map(|rule| one(rule).map(|is_one| !is_one));
        unless(within, any(misses.chain(self.none.iter().map(none))))
    }
}

/// The first without the second.
const fn unless(within: Option<bool>, without: Option<bool>) -> Option<bool> {
    match (within, without) {
        (Some(false), _) | (_, Some(true)) => Some(false),
        (Some(true), Some(false)) => Some(true),
        (None, _) | (_, None) => None,
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
    /// Under which name the host opens it to single people. Nobody: what stands in the file is all.
    pub door: Option<ClientId>,
    /// What is done when somebody comes from a new browser.
    pub new_browsers: NewBrowsers,
}

impl Audience {
    /// Whether `person` is among them. `None`: that is not known.
    pub(super) fn includes(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        let is_open = self.door.as_ref().is_some_and(|door| person.marks.open(door));
        let allowed =
            if is_open { Some(true) } else { any(self.allow.iter().map(|rule| rule.admits(person, at))) };
        let denied = any(self.deny.iter().map(|rule| rule.bars(person, at)));
        unless(allowed, denied)
    }
}
