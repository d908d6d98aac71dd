//! The one decision: may this person use this application, now?
//!
//! Every door asks here: the authorization endpoint, the code exchange, refresh and UserInfo by [`decide`], the gateway and
//! the Access validator by [`decide_for`]. Underneath, what we know of a person has three values, so that "we could not
//! ask" is never confused with "no".

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::client::Client;
use crate::groups::{Group, Groups};
use crate::id::{AccountId, MachineId};
use crate::membership::AcceptedServer;
use crate::subject::Subject;
use crate::time::{Seconds, Timestamp};

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

    /// Whether it is about a library, which is not always known of a person.
    pub fn is_about_a_library(&self) -> bool {
        matches!(self, Self::Group(group) if group.meaning().is_some_and(|of| of.library().is_some()))
    }

    /// Whether it lets `person` in. `None`: that is not known.
    fn admits(&self, person: &Person, (rules, now): (&HouseRules, Timestamp)) -> Option<bool> {
        match self {
            Self::Group(group) if self.is_about_a_library() => person.sees(group, rules, now),
            Self::Group(group) => Some(person.groups.contains(group)),
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
fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
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
    fn includes(&self, person: &Person, at: (&HouseRules, Timestamp)) -> Option<bool> {
        let allowed = any(self.allow.iter().map(|rule| rule.admits(person, at)));
        let denied = any(self.deny.iter().map(|rule| rule.bars(person, at)));
        match (allowed, denied) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            (None, _) | (_, None) => None,
        }
    }
}

/// What we last knew about whether a person belongs here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Plex said yes, at that moment.
    Member {
        /// When Plex said so.
        confirmed_at: Timestamp,
        /// The servers of which Plex said so.
        through: Vec<AcceptedServer>,
    },
    /// The host keeps this person's account, and it is not switched off. That is not an answer which grows old. It is one
    /// for a local account only.
    Kept,
    /// Plex said no, or the host switched the person off.
    Ended,
}

/// What is known of the libraries that somebody may see on one server. Which ones stands in the groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLibraries {
    /// The server.
    pub machine: MachineId,
    /// All of them, also those to come.
    pub all: bool,
    /// When Plex said so.
    pub as_of: Timestamp,
}

/// A person as stored: the account, the groups, and what we last knew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The account: at Plex as of the last sign-in, a local one as it is now.
    pub account: Account,
    /// The groups, likewise.
    pub groups: Groups,
    /// Whether this person belongs here, as last known.
    pub standing: Standing,
    /// The servers whose libraries are known. Of any other it is not known which ones this person sees: that is not the
    /// same as none.
    pub libraries: Vec<KnownLibraries>,
}

impl Person {
    /// The subject of this person's tokens.
    pub fn subject(&self) -> Subject {
        Subject::of(self.account.id)
    }

    /// Whether this person may see the library of a group. `None`: not known, or not known any more.
    fn sees(&self, group: &Group, rules: &HouseRules, now: Timestamp) -> Option<bool> {
        let named = group.meaning()?.server;
        let Standing::Member { through, .. } = &self.standing else { return Some(false) };
        let server = rules.accepted.iter().find(|server| server.name == named)?;
        if !through.contains(server) {
            return Some(false);
        }
        if self.account.id == AccountId::Plex(server.owner) {
            return Some(true); // whose server it is sees all of it, whatever Plex can be asked now
        }
        let known = self.libraries.iter().find(|known| known.machine == server.machine)?;
        let fresh = !known.as_of.plus(rules.membership_lifetime).has_passed(now);
        fresh.then(|| known.all || self.groups.contains(group))
    }

    /// Takes over the servers that `earlier` came in through, with their groups, where Plex did not say now which ones they
    /// are: as long as what it said then still serves, and not for a moment longer.
    pub fn keep_servers_of(&mut self, earlier: &Self, rules: &HouseRules, now: Timestamp) {
        let (Standing::Member { through, .. }, Standing::Member { confirmed_at, through: before }) =
            (&self.standing, &earlier.standing)
        else {
            return;
        };
        let serves =
            rules.accept_all(before) && !confirmed_at.plus(rules.membership_lifetime).has_passed(now);
        if serves && through.iter().all(|server| before.contains(server)) && before.len() > through.len() {
            let of_no_library =
                |group: &&Group| group.meaning().is_none_or(|meaning| meaning.library().is_none());
            self.groups.extend(earlier.groups.iter().filter(of_no_library).cloned());
            self.standing = earlier.standing.clone();
        }
    }

    /// Takes over what `earlier` knew of libraries that nothing is known of now: Plex did not say that it has changed. Only
    /// of servers that had the same name then, because the groups have no other way to say which server they are of.
    pub fn keep_libraries_of(&mut self, earlier: &Self) {
        let (Standing::Member { through, .. }, Standing::Member { through: before, .. }) =
            (&self.standing, &earlier.standing)
        else {
            return;
        };
        for known in &earlier.libraries {
            let server =
                through.iter().find(|server| server.machine == known.machine && before.contains(server));
            let is_new = self.libraries.iter().any(|new| new.machine == known.machine);
            let Some(server) = server.filter(|_| !is_new) else { continue };
            let of_it = |group: &&Group| {
                group.meaning().is_some_and(|of| of.library().is_some() && of.server == server.name)
            };
            self.groups.extend(earlier.groups.iter().filter(of_it).cloned());
            self.libraries.push(known.clone());
        }
    }
}

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
}

impl HouseRules {
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

/// For the host.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotShared => "no accepted Plex server is shared with this person",
            Self::ManagedUser => "this is a managed user, and rules.allow_managed is off",
            Self::Anonymous => "this is an anonymous Plex account",
            Self::UnconfirmedEmail => "this person has not confirmed their e-mail address at Plex",
            Self::NotAllowedHere => "this person is not one of those it is for",
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
        is not in the file any more, or leaves out libraries";
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

/// May `person` use `client`, now?
pub fn decide(person: &Person, client: &Client, rules: &HouseRules, now: Timestamp) -> Decision {
    if !client.enabled {
        return Decision::Deny(Denial::ClientDisabled);
    }
    let at = (rules, now);
    let is_known = || client.needs_known.iter().all(|rule| rule.admits(person, at).is_some());
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
mod tests {
    use super::*;
    use crate::groups::ServerName;
    use crate::id::PlexAccountId;
    use crate::testing::{client, friend, house, kept, server};

    const NOW: Timestamp = Timestamp(1000);

    fn rule(text: &str) -> AllowRule {
        AllowRule::parse(text).unwrap()
    }

    fn but_not(deny: &str) -> Audience {
        Audience { allow: vec![rule("plex-friend")], deny: vec![rule(deny)] }
    }

    fn known(all: bool) -> KnownLibraries {
        KnownLibraries { machine: server().machine, all, as_of: NOW }
    }

    /// A friend who sees these libraries.
    fn who_sees(keys: &[u64]) -> Person {
        let mut person = friend();
        person.groups.extend(keys.iter().map(|key| Group::library(None, *key)));
        person.libraries = vec![known(false)];
        person
    }

    #[test]
    fn a_library_that_nothing_is_known_of_neither_lets_in_nor_passes_a_deny() {
        let says = |person: &Person, deny| decide_for(person, &but_not(deny), &house(), NOW);
        assert_eq!(says(&who_sees(&[1]), "plex-library:7"), Decision::Allow);
        assert_eq!(says(&who_sees(&[7]), "plex-library:7"), Decision::Deny(Denial::NotAllowedHere));
        assert_eq!(says(&friend(), "plex-library:7"), Decision::Unknown);
        let all = Person { libraries: vec![known(true)], ..friend() };
        assert_eq!(says(&all, "plex-library:7"), Decision::Deny(Denial::NotAllowedHere));
        let late = NOW.plus(house().membership_lifetime);
        let person = Person {
            standing: Standing::Member { confirmed_at: late, through: vec![server()] },
            ..who_sees(&[1])
        };
        assert_eq!(decide_for(&person, &but_not("plex-library:7"), &house(), late), Decision::Unknown);
        let only = Client { allow: vec![rule("plex-library:1")], ..client("a") };
        assert_eq!(decide(&friend(), &only, &house(), NOW), Decision::Unknown);
        assert_eq!(decide(&who_sees(&[2]), &only, &house(), NOW), Decision::Deny(Denial::NotAllowedHere));
        assert_eq!(decide(&who_sees(&[1]), &only, &house(), NOW), Decision::Allow);
        let parts = Client { needs_known: vec![rule("plex-library:7")], ..client("a") };
        assert_eq!(decide(&friend(), &parts, &house(), NOW), Decision::Unknown);
        assert_eq!(decide(&who_sees(&[7]), &parts, &house(), NOW), Decision::Allow);
    }

    #[test]
    fn a_local_account_comes_in_where_it_is_named_and_is_never_taken_for_the_plex_account_of_the_same_name() {
        let on = HouseRules { local_accounts: true, ..house() };
        let by = |person: &Person, allow, rules: &HouseRules| {
            decide(person, &Client { allow: vec![rule(allow)], ..client("a") }, rules, NOW)
        };
        let no = Decision::Deny(Denial::NotAllowedHere);
        assert_eq!(by(&kept(), "local-7", &on), Decision::Allow);
        assert_eq!(by(&kept(), "pat@example.com", &on), Decision::Allow, "the host vouches for the address");
        assert_eq!(by(&kept(), "local-7", &house()), no, "local accounts are switched off");
        for other in ["plex-7", "plex-42", "local-8", "plex-friend", "plex-owner", "plex-library:7"] {
            assert_eq!(by(&kept(), other, &on), no, "{other}");
        }
        assert_eq!(by(&friend(), "local-7", &on), no);
        // Age is nothing to a local account, and the rules about Plex accounts are not about it.
        let mut person = kept();
        person.account.email_confirmed = false;
        assert_eq!(by(&person, "local-7", &on), Decision::Allow);
        assert_eq!(by(&person, "pat@example.com", &on), no, "an address that nobody vouches for");
        // Who is no member sees no library, whether or not the server of it is known.
        let audience = Audience { allow: vec![rule("local-7")], deny: vec![rule("plex-library:7")] };
        for accepted in [on.accepted.clone(), Vec::new()] {
            let rules = HouseRules { accepted, ..on.clone() };
            assert_eq!(decide_for(&kept(), &audience, &rules, NOW), Decision::Allow);
        }
        // A standing of the other way in is none.
        let member = Person { standing: friend().standing, ..kept() };
        assert_eq!(by(&member, "local-7", &on), no);
        assert_eq!(by(&Person { standing: Standing::Ended, ..kept() }, "local-7", &on), no);
        let kept_at_plex = Person { standing: Standing::Kept, ..friend() };
        assert_eq!(by(&kept_at_plex, "plex-friend", &on), Decision::Deny(Denial::NotShared));
    }

    #[test]
    fn an_address_is_denied_whether_or_not_it_is_confirmed() {
        let rules = HouseRules { require_confirmed_email: false, ..house() };
        let mut person = friend();
        person.account.email_confirmed = false;
        let denied = Decision::Deny(Denial::NotAllowedHere);
        assert_eq!(decide_for(&person, &but_not("PAT@example.com"), &rules, NOW), denied);
        let only = Client { allow: vec![rule("pat@example.com")], ..client("a") };
        assert_eq!(decide(&person, &only, &rules, NOW), denied);
    }

    #[test]
    fn the_library_of_one_server_is_not_that_of_another() {
        let named = |digit: &str, name| AcceptedServer {
            machine: MachineId::parse(&digit.repeat(40)).unwrap(),
            owner: PlexAccountId(1),
            name: ServerName::of(name),
        };
        let (attic, cellar) = (named("a", "Attic"), named("b", "Cellar"));
        let rules = HouseRules { accepted: vec![attic.clone(), cellar.clone()], ..house() };
        let mut guest = friend();
        guest.standing = Standing::Member { confirmed_at: NOW, through: vec![cellar.clone()] };
        guest.groups.insert(Group::library(cellar.name.as_ref(), 1));
        guest.libraries = vec![KnownLibraries { machine: cellar.machine, all: false, as_of: NOW }];
        let says = |allow| decide(&guest, &Client { allow: vec![rule(allow)], ..client("a") }, &rules, NOW);
        assert_eq!(says("plex-library:cellar:1"), Decision::Allow);
        assert_eq!(says("plex-library:attic:1"), Decision::Deny(Denial::NotAllowedHere));
        assert_eq!(says("plex-friend:attic"), Decision::Deny(Denial::NotAllowedHere));
    }

    #[test]
    fn whoever_came_by_a_server_that_is_gone_is_neither_let_in_nor_refused() {
        let says = |accepted| decide(&friend(), &client("a"), &HouseRules { accepted, ..house() }, NOW);
        let taken_over = AcceptedServer { owner: PlexAccountId(2), ..server() };
        let renamed = AcceptedServer { name: ServerName::of("Attic"), ..server() };
        assert_eq!(says(vec![server()]), Decision::Allow);
        for accepted in [vec![], vec![taken_over], vec![renamed]] {
            assert_eq!(says(accepted), Decision::Unknown);
        }
    }

    #[test]
    fn what_was_known_of_libraries_is_kept_until_plex_says_otherwise() {
        let earlier = who_sees(&[7]);
        let mut person = friend();
        person.keep_libraries_of(&earlier);
        assert_eq!(person, earlier);
        let mut newer = who_sees(&[2]);
        newer.keep_libraries_of(&earlier);
        assert_eq!(newer, who_sees(&[2]));
    }

    #[test]
    fn libraries_of_a_server_that_was_renamed_meanwhile_are_not_known() {
        let attic = AcceptedServer { name: ServerName::of("Attic"), ..server() };
        let mut person = Person {
            standing: Standing::Member { confirmed_at: NOW, through: vec![attic.clone()] },
            ..friend()
        };
        person.keep_libraries_of(&who_sees(&[7]));
        assert_eq!(person.libraries, vec![]);
        let rules = HouseRules { accepted: vec![attic], ..house() };
        let denied = but_not("plex-library:attic:7");
        assert_eq!(decide_for(&person, &denied, &rules, NOW), Decision::Unknown);
    }

    #[test]
    fn whose_server_it_is_needs_no_list_of_its_libraries() {
        let mut owner = friend();
        owner.account.id = AccountId::Plex(server().owner);
        owner.groups.insert(Group::owner());
        let parts = Client { needs_known: vec![rule("plex-library:7")], ..client("a") };
        assert_eq!(decide(&owner, &parts, &house(), NOW), Decision::Allow);
        let only = Client { allow: vec![rule("plex-library:7")], ..client("a") };
        assert_eq!(decide(&owner, &only, &house(), NOW), Decision::Allow);
    }

    #[test]
    fn servers_that_plex_did_not_speak_of_are_kept_as_long_as_its_last_word_serves() {
        let other = AcceptedServer {
            machine: MachineId::parse(&"b".repeat(40)).unwrap(),
            owner: PlexAccountId(2),
            name: ServerName::of("Cellar"),
        };
        let rules = HouseRules { accepted: vec![server(), other.clone()], ..house() };
        let cellars = Group::friend().of(other.name.as_ref().unwrap());
        let through = |through| Standing::Member { confirmed_at: NOW, through };
        let mut earlier = who_sees(&[7]);
        earlier.standing = through(vec![server(), other.clone()]);
        earlier.groups.insert(cellars.clone());
        let kept = |now: Timestamp, rules: &HouseRules| {
            let standing = Standing::Member { confirmed_at: now, through: vec![server()] };
            let mut person = Person { standing, ..friend() };
            person.keep_servers_of(&earlier, rules, now);
            person
        };
        let person = kept(NOW.plus(Seconds(60)), &rules);
        assert_eq!(person.standing, earlier.standing, "no younger than Plex's word");
        assert!(person.groups.contains(&cellars) && !person.groups.contains(&Group::library(None, 7)));
        let too_late = NOW.plus(rules.membership_lifetime);
        assert!(!kept(too_late, &rules).groups.contains(&cellars));
        assert!(!kept(NOW, &house()).groups.contains(&cellars), "a server that is gone stays gone");
    }
}
