//! What is stored of a person, and what follows from it: which groups somebody is in, as far as that is known.

use serde::{Deserialize, Serialize};

use super::{HouseRules, Marks};
use crate::account::Account;
use crate::groups::{About, Group, Groups, Meaning, SharePart};
use crate::id::{AccountId, MachineId};
use crate::membership::{AcceptedServer, Permissions, Shared, SharedLibraries};
use crate::subject::Subject;
use crate::time::Timestamp;

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

/// What is known of one part of what a server's owner shares with somebody. What it is stands in the groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownShare {
    /// The server.
    pub machine: MachineId,
    /// Which part of it. Versions before this one knew of libraries alone.
    #[serde(default)]
    pub part: SharePart,
    /// All of it, also what is to come.
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
    /// What is known of what is shared. Of any other part or server it is not known what this person has: that is not the
    /// same as nothing.
    #[serde(alias = "libraries")]
    pub shares: Vec<KnownShare>,
    /// What the host says of the account. It is kept beside all this and not in it, so that no sign-in and no answer of Plex
    /// can change it.
    #[serde(skip)]
    pub marks: Marks,
}

impl Person {
    /// The subject of this person's tokens.
    pub fn subject(&self) -> Subject {
        Subject::of(self.account.id)
    }

    /// Whether this person is in a group. `None`: not known.
    pub(super) fn is_in(&self, group: &Group, at: (&HouseRules, Timestamp)) -> Option<bool> {
        let Some(meaning) = group.meaning() else { return Some(self.groups.contains(group)) };
        match (meaning.about, self.account.id) {
            (About::Library(_) | About::Permission, _) => self.is_given(group, &meaning, at),
            (About::Fact(fact), AccountId::Plex(_)) => fact.of(&self.account.facts),
            (About::Fact(_), AccountId::Local(_)) => Some(false), // no Plex account at all
            (About::Tier | About::Account, _) => Some(self.groups.contains(group)),
        }
    }

    /// Whether this person was given what a group says of a share. `None`: not known, or not known any more.
    fn is_given(
        &self,
        group: &Group,
        meaning: &Meaning,
        (rules, now): (&HouseRules, Timestamp),
    ) -> Option<bool> {
        let part = meaning.about.part()?;
        let Standing::Member { through, .. } = &self.standing else { return Some(false) };
        let server = rules.accepted.iter().find(|server| server.name == meaning.server)?;
        if !through.contains(server) {
            return Some(false);
        }
        if self.account.id == AccountId::Plex(server.owner) {
            return Some(true); // whose server it is has all of it, whatever Plex can be asked now
        }
        let mut known = self.shares.iter();
        let known = known.find(|known| known.machine == server.machine && known.part == part)?;
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
            let is_tier =
                |group: &&Group| group.meaning().is_some_and(|meaning| meaning.about == About::Tier);
            self.groups.extend(earlier.groups.iter().filter(is_tier).cloned());
            self.standing = earlier.standing.clone();
        }
    }

    /// Notes what was said of a server's share.
    pub fn learn_shared(&mut self, server: &AcceptedServer, shared: Shared, as_of: Timestamp) {
        let name = server.name.as_ref();
        let known = |part, all| KnownShare { machine: server.machine.clone(), part, all, as_of };
        if let Some(SharedLibraries { all, keys }) = shared.libraries {
            self.groups.extend(keys.into_iter().map(|key| Group::library(name, key)));
            self.shares.push(known(SharePart::Libraries, all));
        }
        if let Some(Permissions { downloads, live_tv }) = shared.permissions {
            self.groups.extend(downloads.then(|| Group::downloads(name)));
            self.groups.extend(live_tv.then(|| Group::live_tv(name)));
            self.shares.push(known(SharePart::Permissions, false));
        }
    }

    /// Takes over what `earlier` knew of shares that nothing is known of now: Plex did not say that it has changed. Only
    /// of servers that had the same name then, because the groups have no other way to say which server they are of.
    pub fn keep_shares_of(&mut self, earlier: &Self) {
        let (Standing::Member { through, .. }, Standing::Member { through: before, .. }) =
            (&self.standing, &earlier.standing)
        else {
            return;
        };
        for server in through.clone().iter().filter(|server| before.contains(server)) {
            self.keep_share_of(earlier, server);
        }
    }

    /// The same, of one server that made somebody a member then and does so now.
    pub(crate) fn keep_share_of(&mut self, earlier: &Self, server: &AcceptedServer) {
        for known in earlier.shares.iter().filter(|known| known.machine == server.machine) {
            let mut new = self.shares.iter();
            if new.any(|new| new.machine == known.machine && new.part == known.part) {
                continue;
            }
            let of_it = |group: &&Group| group.is_of_share(server, known.part);
            self.groups.extend(earlier.groups.iter().filter(of_it).cloned());
            self.shares.push(known.clone());
        }
    }
}
