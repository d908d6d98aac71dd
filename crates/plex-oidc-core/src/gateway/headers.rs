//! What an application is told about the person, as headers.
//!
//! Every header of the set is on every answer that lets a request pass, empty where there is nothing to say: a proxy then
//! overwrites what a visitor may have planted (security requirement 169).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use icu_normalizer::uts46::Uts46MapperBorrowed;

use crate::decide::Person;
use crate::id::AccountId;
use crate::subject::Subject;

/// Longest value, in bytes. What is longer is not sent: half a name or half a list of groups is a wrong one.
const MAX_VALUE: usize = 4096;

/// One thing that a header can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityField {
    /// Who it is, by the name that applications keep people under: see [`UserNames`].
    User,
    /// The subject.
    Subject,
    /// The name of the Plex account, if the host gave it to nobody else. Its owner can change it. A local account has none:
    /// a Plex account may have the same name.
    Username,
    /// The name for people, if the host gave it to nobody else. Its owner can change it.
    Name,
    /// The e-mail address, if it is confirmed.
    Email,
    /// The groups, between commas.
    Groups,
    /// The groups, between bars.
    GroupsByBar,
    /// Their Plex token, where the host hands it on. A person does not tell it: it is kept with their session.
    PlexToken,
}

impl IdentityField {
    /// Reads the word that the configuration has for it.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "user" => Self::User,
            "subject" => Self::Subject,
            "username" => Self::Username,
            "name" => Self::Name,
            "email" => Self::Email,
            "groups" => Self::Groups,
            "groups-by-bar" => Self::GroupsByBar,
            _ => return None,
        })
    }
}

/// By which name applications know people: what stands in the header that says who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserNames {
    /// What the host calls somebody, by account id.
    pub chosen: BTreeMap<AccountId, String>,
    /// What every other Plex account is called. A local one is called by its subject, or an application could take it for the
    /// Plex account of the same name or address.
    pub otherwise: UserName,
    /// What applications call programs. Nobody is called so.
    pub of_programs: BTreeSet<String>,
}

/// Where a name comes from, if the host chose none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserName {
    /// The subject: nobody can change it.
    #[default]
    Subject,
    /// The confirmed e-mail address.
    Email,
    /// The name of the Plex account. Whoever owns the account can change it to any name that nobody else has at Plex.
    Username,
}

impl UserNames {
    /// What this person is called.
    pub fn of(&self, person: &Person) -> Option<String> {
        if let Some(chosen) = self.chosen.get(&person.account.id) {
            return Some(chosen.clone());
        }
        let name = match (self.otherwise, person.account.id) {
            (UserName::Subject, _) | (_, AccountId::Local(_)) => {
                let subject = person.subject().into_text();
                return Some(subject).filter(|subject| !self.is_given_away(subject, person));
            }
            (UserName::Email, AccountId::Plex(_)) => {
                person.account.confirmed_email().map(str::to_ascii_lowercase)
            }
            (UserName::Username, AccountId::Plex(_)) => person.account.username.clone(),
        };
        name.filter(|name| !self.is_taken(name, person))
    }

    /// Nobody gets by other means the name that the host gave to somebody else or to a program, nor another's subject.
    fn is_taken(&self, name: &str, person: &Person) -> bool {
        let seen = as_seen(name);
        Subject::parse(&seen).is_some_and(|subject| subject.account() != Some(person.account.id))
            || self.is_given_away(&seen, person)
    }

    /// The same of a name as it is seen, which is no subject of anybody else's.
    fn is_given_away(&self, seen: &str, person: &Person) -> bool {
        let others = self.chosen.iter().filter(|(account, _)| **account != person.account.id);
        let mut given = others.map(|(_, given)| given).chain(&self.of_programs);
        given.any(|given| is_seen_as(given, seen))
    }
}

/// Whether an application may take one name for the other: without regard to case, to characters that are not seen, and to
/// the forms of a character, such as its full-width one (what NFKC takes away, and UTS 46 s. 4 with it).
pub fn is_same_name(one: &str, other: &str) -> bool {
    is_seen_as(one, &as_seen(other))
}

/// The subject for which an application may take a name.
pub fn subject_in(name: &str) -> Option<Subject> {
    Subject::parse(&as_seen(name))
}

/// Whether a name is this one as it is seen.
fn is_seen_as(name: &str, seen: &str) -> bool {
    if name.is_ascii() {
        return name.eq_ignore_ascii_case(seen);
    }
    Uts46MapperBorrowed::new().map_normalize(name.chars()).eq(seen.chars())
}

/// A name without what an application may see no difference in. In ASCII that is the case of its letters.
fn as_seen(name: &str) -> Cow<'_, str> {
    if !name.is_ascii() {
        return Uts46MapperBorrowed::new().map_normalize(name.chars()).collect();
    }
    let has_capitals = name.bytes().any(|b| b.is_ascii_uppercase());
    if has_capitals { name.to_ascii_lowercase().into() } else { name.into() }
}

/// The headers of one application: names and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderSet(pub Vec<(String, IdentityField)>);

impl HeaderSet {
    /// A set that other programs have made usual.
    pub fn preset(word: &str) -> Option<Self> {
        use IdentityField::{Email, Groups, GroupsByBar, Name, Subject, User};
        let set: &[(&str, IdentityField)] = match word {
            "remote" => &[
                ("Remote-User", User),
                ("Remote-Name", Name),
                ("Remote-Email", Email),
                ("Remote-Groups", Groups),
            ],
            "x-forwarded-user" => &[
                ("X-Forwarded-User", User),
                ("X-Forwarded-Preferred-Username", User),
                ("X-Forwarded-Email", Email),
                ("X-Forwarded-Groups", Groups),
            ],
            "x-auth-request" => &[
                ("X-Auth-Request-User", User),
                ("X-Auth-Request-Preferred-Username", User),
                ("X-Auth-Request-Email", Email),
                ("X-Auth-Request-Groups", Groups),
            ],
            "x-authentik" => &[
                ("X-authentik-username", User),
                ("X-authentik-name", Name),
                ("X-authentik-email", Email),
                ("X-authentik-groups", GroupsByBar),
                ("X-authentik-uid", Subject),
            ],
            _ => return None,
        };
        Some(Self(set.iter().map(|(name, field)| ((*name).to_owned(), *field)).collect()))
    }

    /// Every header with its value; nobody, or a value that no header can hold, is an empty one.
    pub fn values(&self, person: Option<&Person>, names: &UserNames) -> Vec<(&str, String)> {
        let value = |field| person.and_then(|person| value(field, person, names)).unwrap_or_default();
        self.0.iter().map(|(name, field)| (name.as_str(), value(*field))).collect()
    }

    /// The header for a Plex token, if there is one.
    pub fn of_plex_token(&self) -> Option<&str> {
        self.0.iter().find(|(_, field)| *field == IdentityField::PlexToken).map(|(name, _)| name.as_str())
    }

    /// Whether it says who this is. One that should and cannot would take a person for nobody.
    pub fn can_name(&self, person: &Person, names: &UserNames) -> bool {
        let should = self.0.iter().any(|(_, field)| *field == IdentityField::User);
        !should || value(IdentityField::User, person, names).is_some()
    }

    /// Every header for a program that the host calls `name`. It is nobody, so that is all there is to say.
    pub fn values_of_program(&self, name: &str) -> Vec<(&str, String)> {
        let value = |field| match field {
            IdentityField::User if fits(name) => name.to_owned(),
            IdentityField::User
            | IdentityField::Subject
            | IdentityField::Username
            | IdentityField::Name
            | IdentityField::Email
            | IdentityField::Groups
            | IdentityField::GroupsByBar
            | IdentityField::PlexToken => String::new(),
        };
        self.0.iter().map(|(name, field)| (name.as_str(), value(*field))).collect()
    }
}

fn value(field: IdentityField, person: &Person, names: &UserNames) -> Option<String> {
    let free = |name: String| Some(name).filter(|name| !names.is_taken(name, person));
    let text = match field {
        IdentityField::User => names.of(person)?,
        IdentityField::Subject => person.subject().into_text(),
        IdentityField::Username => match person.account.id {
            AccountId::Plex(_) => free(person.account.username.clone()?)?,
            AccountId::Local(_) => return None,
        },
        IdentityField::Name => free(person.account.display_name.clone())?,
        IdentityField::Email => person.account.confirmed_email()?.to_owned(),
        IdentityField::Groups => joined(person, ','),
        IdentityField::GroupsByBar => joined(person, '|'),
        IdentityField::PlexToken => return None,
    };
    fits(&text).then_some(text)
}

/// The groups of a person. A name with the separator in it would be two groups to the reader, so it is left out.
fn joined(person: &Person, separator: char) -> String {
    let names = person.groups.iter().map(crate::groups::Group::as_str);
    let names = names.filter(|name| !name.contains(separator));
    let length = names.clone().map(|name| name.len() + 1).sum::<usize>().saturating_sub(1);
    let mut list = String::with_capacity(length);
    for name in names {
        if !list.is_empty() {
            list.push(separator);
        }
        list.push_str(name);
    }
    list
}

/// Whether a header can hold this text without anybody reading something else (RFC 9110 s. 5.5).
pub(crate) fn fits(text: &str) -> bool {
    let is_plain = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    let reads_the_same = if is_plain {
        !text.starts_with(' ') && !text.ends_with(' ')
    } else {
        text.trim() == text && !text.chars().any(char::is_control)
    };
    text.len() <= MAX_VALUE && reads_the_same
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
