//! Membership: is this person one of those the accepted servers are shared with?
//!
//! Pure: the answers of plex.tv come in as values. A server is accepted by machine identifier *and* owner id, because
//! identifiers are public and names can be chosen.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::groups::{Fact, Group, Groups, ServerName};
use crate::id::{AccountId, MachineId, PlexAccountId};

/// A Plex Media Server whose people may come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedServer {
    /// Its machine identifier.
    pub machine: MachineId,
    /// The account that owns it.
    pub owner: PlexAccountId,
    /// What it is called in groups; nothing where it is the only one.
    pub name: Option<ServerName>,
}

/// One server in the list that plex.tv shows to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleServer {
    /// Its machine identifier.
    pub machine: MachineId,
    /// Whether plex.tv says that this account owns it.
    pub owned: bool,
    /// Whether it is seen through the owner's Plex Home.
    pub home: bool,
    /// The owning account; plex.tv leaves it out for the owner.
    pub owner: Option<PlexAccountId>,
}

/// One accepted share of one of the owner's servers with one account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are plex.tv's own independent settings of a share")]
pub struct Share {
    /// The account it is shared with.
    pub account: PlexAccountId,
    /// The server that is shared.
    pub machine: MachineId,
    /// Every library is shared, also those to come: `library_keys` then says nothing.
    pub all_libraries: bool,
    /// The shared libraries, by the server's own section keys.
    pub library_keys: Vec<u64>,
    /// Whether `library_keys` was told at all. The oldest of the three lists names no libraries: an empty list then
    /// means "not known", not "none".
    pub libraries_known: bool,
    /// May download.
    pub allow_sync: bool,
    /// May watch live television.
    pub allow_tuners: bool,
    /// Whether these two were told at all. The oldest list says them of a person and not of a server.
    pub permissions_known: bool,
}

/// Which libraries of one server a guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLibraries {
    /// All, also those to come; `keys` are those of today, as far as they are known.
    pub all: bool,
    /// By the server's own section keys.
    pub keys: Vec<u64>,
}

/// What a guest may do on one server, besides seeing libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// Download.
    pub downloads: bool,
    /// Watch live television.
    pub live_tv: bool,
}

/// What is said of one server's share with one account. `None` in it: that is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared {
    /// Which libraries.
    pub libraries: Option<SharedLibraries>,
    /// What else.
    pub permissions: Option<Permissions>,
}

impl Shared {
    /// What whoever owns a server has of it.
    pub fn owners() -> Self {
        Self {
            libraries: Some(SharedLibraries { all: true, keys: Vec::new() }),
            permissions: Some(Permissions { downloads: true, live_tv: true }),
        }
    }

    /// What the list of an owner's `shares` says of `server` and a guest. A guest who is not in it sees the server all the
    /// same, so the list has a gap there.
    pub fn with(server: &AcceptedServer, account: PlexAccountId, shares: &[Share]) -> Self {
        let of_both = |share: &&Share| share.account == account && share.machine == server.machine;
        let theirs = || shares.iter().filter(of_both);
        let all = theirs().any(|share| share.all_libraries);
        let are_libraries_told = all || theirs().any(|share| share.libraries_known);
        let keys = || theirs().flat_map(|share| share.library_keys.iter().copied()).collect();
        // A list that does not say is not one that says no.
        let of_those_who_say = || theirs().filter(|share| share.permissions_known);
        Self {
            libraries: are_libraries_told.then(|| SharedLibraries { all, keys: keys() }),
            permissions: of_those_who_say().next().map(|_| Permissions {
                downloads: of_those_who_say().any(|share| share.allow_sync),
                live_tv: of_those_who_say().any(|share| share.allow_tuners),
            }),
        }
    }

    /// Whether every part of it is said.
    pub const fn is_whole(&self) -> bool {
        self.libraries.is_some() && self.permissions.is_some()
    }
}

/// The outcome of looking at one account. Not being sure is not an outcome: that is an error of the one who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Membership {
    /// An accepted server is shared with the account, or it owns one.
    Member {
        /// What follows from how it is shared.
        groups: Groups,
        /// The servers that make the account a member.
        through: Vec<AcceptedServer>,
    },
    /// No accepted server is shared with the account.
    NotShared,
}

/// Decides the membership of `account`, who sees `visible`.
pub fn membership(account: &Account, visible: &[VisibleServer], accepted: &[AcceptedServer]) -> Membership {
    let (mut groups, mut through) = (Groups::new(), Vec::new());
    for server in accepted {
        // By account id alone: the owner is never locked out.
        let group = if account.id == AccountId::Plex(server.owner) {
            Group::owner()
        } else {
            let Some(seen) = visible.iter().find(|seen| is_it(seen, server)) else { continue };
            if seen.home { Group::home() } else { Group::friend() }
        };
        groups.extend(server.name.as_ref().map(|name| group.of(name)));
        groups.insert(group);
        through.push(server.clone());
    }
    if through.is_empty() {
        return Membership::NotShared;
    }
    if account.managed {
        groups.insert(Group::managed());
    }
    let is_true = |fact: &Fact| fact.of(&account.facts) == Some(true);
    groups.extend(Fact::ALL.into_iter().filter(is_true).map(Fact::group));
    Membership::Member { groups, through }
}

/// Somebody else's server with our machine identifier is not ours.
pub(crate) fn is_it(seen: &VisibleServer, server: &AcceptedServer) -> bool {
    seen.machine == server.machine && !seen.owned && seen.owner == Some(server.owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::PlexFacts;

    const OWNER: PlexAccountId = PlexAccountId(1);

    fn machine(digit: char) -> MachineId {
        MachineId::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn accepted() -> Vec<AcceptedServer> {
        vec![AcceptedServer { machine: machine('a'), owner: OWNER, name: None }]
    }

    fn account(id: u64) -> Account {
        Account {
            username: Some("mara".into()),
            ..Account::named(AccountId::Plex(PlexAccountId(id)), "Mara")
        }
    }

    fn seen(digit: char, owned: bool, home: bool, of: Option<u64>) -> VisibleServer {
        VisibleServer { machine: machine(digit), owned, home, owner: of.map(PlexAccountId) }
    }

    fn groups_of(account: &Account, visible: &[VisibleServer]) -> Vec<String> {
        match membership(account, visible, &accepted()) {
            Membership::Member { groups, .. } => groups.iter().map(ToString::to_string).collect(),
            Membership::NotShared => vec!["-".into()],
        }
    }

    #[test]
    fn the_owner_is_a_member_even_if_plex_lists_nothing() {
        assert_eq!(groups_of(&account(1), &[]), ["plex-owner"]);
        assert_eq!(groups_of(&account(1), &[seen('a', true, false, None)]), ["plex-owner"]);
    }

    #[test]
    fn friends_home_members_and_managed_users_are_told_apart() {
        assert_eq!(groups_of(&account(2), &[seen('a', false, false, Some(1))]), ["plex-friend"]);
        assert_eq!(groups_of(&account(2), &[seen('a', false, true, Some(1))]), ["plex-home"]);
        let managed = Account { managed: true, ..account(2) };
        assert_eq!(groups_of(&managed, &[seen('a', false, true, Some(1))]), ["plex-home", "plex-managed"]);
    }

    #[test]
    fn what_plex_says_of_an_account_is_a_group_where_it_is_true() {
        let visible = [seen('a', false, false, Some(1))];
        for (plex_pass, two_factor, groups) in [
            (Some(true), Some(true), &["plex-2fa", "plex-friend", "plex-pass"][..]),
            (Some(true), Some(false), &["plex-friend", "plex-pass"]),
            (Some(false), Some(true), &["plex-2fa", "plex-friend"]),
            (None, None, &["plex-friend"]),
        ] {
            let facts = PlexFacts { plex_pass, two_factor, joined_at: None };
            assert_eq!(groups_of(&Account { facts, ..account(2) }, &visible), groups);
            assert_eq!(groups_of(&Account { facts, ..account(2) }, &[]), ["-"], "it makes nobody a member");
        }
    }

    #[test]
    fn of_several_servers_each_has_groups_of_its_own() {
        let named = |digit, owner, name| AcceptedServer {
            machine: machine(digit),
            owner: PlexAccountId(owner),
            name: ServerName::of(name),
        };
        let accepted = [named('a', 1, "Attic"), named('b', 2, "Cellar")];
        let of = |id, visible: &[VisibleServer]| match membership(&account(id), visible, &accepted) {
            Membership::Member { groups, through } => {
                let machines = through.iter().map(|server| server.machine.clone()).collect::<Vec<_>>();
                (groups.iter().map(ToString::to_string).collect::<Vec<_>>(), machines)
            }
            Membership::NotShared => panic!("a member"),
        };
        let friend_of_b = of(3, &[seen('b', false, false, Some(2))]);
        assert_eq!(
            friend_of_b,
            (vec!["plex-friend".into(), "plex-friend:cellar".into()], vec![machine('b')])
        );
        let (groups, through) = of(2, &[seen('a', false, true, Some(1))]);
        assert_eq!(groups, ["plex-home", "plex-home:attic", "plex-owner", "plex-owner:cellar"]);
        assert_eq!(through, [machine('a'), machine('b')]);
    }

    #[test]
    fn a_server_needs_both_its_machine_identifier_and_its_owner() {
        assert_eq!(groups_of(&account(2), &[]), ["-"]);
        assert_eq!(groups_of(&account(2), &[seen('b', false, false, Some(1))]), ["-"]);
        assert_eq!(groups_of(&account(2), &[seen('a', false, false, Some(2))]), ["-"]);
        assert_eq!(groups_of(&account(2), &[seen('a', false, false, None)]), ["-"]);
        assert_eq!(
            groups_of(&account(2), &[seen('a', true, false, None)]),
            ["-"],
            "a forged copy is not ours"
        );
        assert_eq!(groups_of(&account(2), &[seen('a', true, false, Some(1))]), ["-"]);
    }
}
