//! The re-check: does what made somebody a member still hold, by the lists that plex.tv shows to the owner of the servers, or by
//! the one that it shows to the person?
//!
//! Pure: the lists come in as values. A re-check makes nobody a member, and nobody's place a better one: whoever was given a
//! server since signs in again to have it. What a share says, libraries and permissions, it renews both ways.

use std::collections::BTreeSet;

use crate::decide::{Person, Standing};
use crate::groups::{About, Group, Groups, SharePart};
use crate::id::{AccountId, PlexAccountId};
use crate::membership::{AcceptedServer, Share, Shared, VisibleServer, is_it};
use crate::time::Timestamp;

/// What plex.tv told one owner.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Whose lists these are: they tell of this account's servers alone.
    pub teller: PlexAccountId,
    /// The accepted shares of those servers.
    pub shares: &'a [Share],
    /// Who lives in that account's Plex Home. `None`: not known.
    pub home: Option<&'a BTreeSet<PlexAccountId>>,
    /// When plex.tv said so.
    pub at: Timestamp,
}

/// What the lists say of one person who was a member when last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recheck {
    /// Nothing: no server that made the person a member belongs to the teller, nor to the person.
    NotTold,
    /// Still a member, as of now where every server could be told of.
    Member(Person),
    /// A server that made the person a member is not shared any more. One list does not settle that.
    Missing {
        /// What is left, if the lists are right. `None`: nothing.
        rest: Option<Person>,
    },
}

/// Whether one server still makes somebody a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    NotTold,
}

/// What `told` says of `person`.
pub fn recheck(person: &Person, told: &Told<'_>) -> Recheck {
    let (AccountId::Plex(account), Standing::Member { confirmed_at, through }) =
        (person.account.id, &person.standing)
    else {
        return Recheck::NotTold;
    };
    let each: Vec<_> = through.iter().map(|server| (server, holds(account, server, told))).collect();
    if each.iter().all(|(_, holds)| *holds == Holds::NotTold) {
        return Recheck::NotTold;
    }
    let kept: Vec<_> = each.iter().filter(|(_, holds)| *holds != Holds::No).copied().collect();
    if kept.is_empty() {
        return Recheck::Missing { rest: None };
    }
    let left_the_home = |server: &AcceptedServer| {
        server.owner == told.teller && told.home.is_some_and(|home| !home.contains(&account))
    };
    // One moment stands for all servers, so as long as one is not told of, it is the moment of that one.
    let all_told = kept.iter().all(|(_, holds)| *holds == Holds::Yes);
    let confirmed_at = if all_told { told.at } else { *confirmed_at };
    let mut now = left_with(person, kept.iter().map(|(server, _)| *server), confirmed_at);
    for (server, _) in &kept {
        add_tier(&mut now, person, (account, server), !left_the_home(server));
        add_shared(&mut now, person, (account, server), told);
    }
    if kept.len() == each.len() { Recheck::Member(now) } else { Recheck::Missing { rest: Some(now) } }
}

/// What the list of servers says of `person` that plex.tv shows to that very person. `visible` must be all of it.
pub fn recheck_by_own_list(person: &Person, visible: &[VisibleServer], at: Timestamp) -> Recheck {
    let (AccountId::Plex(account), Standing::Member { through, .. }) = (person.account.id, &person.standing)
    else {
        return Recheck::NotTold;
    };
    let seen = |server: &AcceptedServer| visible.iter().find(|seen| is_it(seen, server));
    let holds = |server: &&AcceptedServer| server.owner == account || seen(server).is_some();
    let kept: Vec<_> = through.iter().filter(holds).collect();
    if kept.is_empty() {
        return Recheck::Missing { rest: None };
    }
    let mut now = left_with(person, kept.iter().copied(), at);
    for server in &kept {
        let in_the_home = seen(server).is_some_and(|seen| seen.home);
        add_tier(&mut now, person, (account, server), in_the_home);
        now.keep_share_of(person, server); // this list says nothing of libraries
    }
    if kept.len() == through.len() { Recheck::Member(now) } else { Recheck::Missing { rest: Some(now) } }
}

/// Somebody who is a member through these servers alone, before anything is said of how.
fn left_with<'s>(
    person: &Person,
    through: impl Iterator<Item = &'s AcceptedServer>,
    confirmed_at: Timestamp,
) -> Person {
    Person {
        account: person.account.clone(),
        groups: of_no_server(&person.groups),
        standing: Standing::Member { confirmed_at, through: through.cloned().collect() },
        shares: Vec::new(),
        marks: person.marks.clone(),
    }
}

/// Somebody with whom nothing is shared any more.
#[must_use]
pub fn ended(person: &Person) -> Person {
    Person {
        account: person.account.clone(),
        groups: Groups::new(),
        standing: Standing::Ended,
        shares: Vec::new(),
        marks: person.marks.clone(),
    }
}

/// The account of somebody who lives in the Home of this owner, as far as is known.
pub fn resident(person: &Person, owner: PlexAccountId) -> Option<PlexAccountId> {
    let (AccountId::Plex(account), Standing::Member { through, .. }) = (person.account.id, &person.standing)
    else {
        return None;
    };
    let lives_there = |server: &AcceptedServer| server.owner == owner && was_home(person, server);
    through.iter().any(lives_there).then_some(account)
}

fn holds(account: PlexAccountId, server: &AcceptedServer, told: &Told<'_>) -> Holds {
    if server.owner == account {
        return Holds::Yes; // by account id alone: the owner is never locked out
    }
    if server.owner != told.teller {
        return Holds::NotTold;
    }
    let is_shared = |share: &Share| share.account == account && share.machine == server.machine;
    if told.shares.iter().any(is_shared) { Holds::Yes } else { Holds::No }
}

fn named(group: &Group, server: &AcceptedServer) -> Group {
    server.name.as_ref().map_or_else(|| group.clone(), |name| group.of(name))
}

fn was_home(person: &Person, server: &AcceptedServer) -> bool {
    person.groups.contains(&named(&Group::home(), server))
}

fn of_no_server(groups: &Groups) -> Groups {
    let is_of_one = |group: &Group| {
        group.meaning().is_some_and(|of| !matches!(of.about, About::Account | About::Fact(_)))
    };
    groups.iter().filter(|group| !is_of_one(group)).cloned().collect()
}

fn add_tier(
    now: &mut Person,
    before: &Person,
    (account, server): (PlexAccountId, &AcceptedServer),
    still_in_the_home: bool,
) {
    let tier = if server.owner == account {
        Group::owner()
    } else if was_home(before, server) && still_in_the_home {
        Group::home()
    } else {
        Group::friend()
    };
    now.groups.insert(named(&tier, server));
    now.groups.insert(tier);
}

/// What the lists say of a share, and what was known before where they do not.
fn add_shared(
    now: &mut Person,
    before: &Person,
    (account, server): (PlexAccountId, &AcceptedServer),
    told: &Told<'_>,
) {
    let shared = if server.owner != told.teller {
        Shared::default()
    } else if server.owner == account {
        Shared { libraries: None, ..Shared::owners() } // the list of shares names no library of the owner's
    } else {
        Shared::with(server, account, told.shares)
    };
    let names_all = shared.libraries.as_ref().is_none_or(|libraries| !libraries.all);
    now.learn_shared(server, shared, told.at);
    if !names_all {
        let of_libraries = |group: &&Group| group.is_of_share(server, SharePart::Libraries);
        now.groups.extend(before.groups.iter().filter(of_libraries).cloned()); // the list names only some of them
    }
    now.keep_share_of(before, server);
}

#[cfg(test)]
mod tests;
