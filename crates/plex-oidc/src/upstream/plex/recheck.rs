//! The re-check: everybody at once, with the owner's token. What the lists mean for each person is [`recheck`]'s to say.
//!
//! Nobody loses anything by one list alone: whoever is missing in it is looked for in another. Where Plex has no other any
//! more, the same list must leave somebody out twice in a row.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::id::{AccountId, MachineId, PlexAccountId};
use plex_oidc_core::membership::{AcceptedServer, Share};
use plex_oidc_core::recheck::{Recheck, Told, ended, recheck, resident};
use plex_oidc_core::time::Timestamp;
use plextv::{Error, PlexToken, ShareList, Shares};
use tracing::debug;

use super::Plex;

/// Somebody, and a server that is shared with them.
pub(super) type SharedWith = (AccountId, MachineId);

/// Rounds that are fewer seconds apart are told the same by Plex, whatever is true: the shortest interval between rounds that take
/// turns is ten.
const SAME_MOMENT: i64 = 5;

/// What a re-check came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rechecked {
    /// Members, as they are now.
    pub members: Vec<Person>,
    /// With whom nothing is shared any more.
    pub ended: Vec<Person>,
    /// Who is missing in one list, with no other to confirm it. They stay as they are.
    pub doubted: usize,
}

/// The question that two lists are asked.
struct Question<'a> {
    owner_token: &'a PlexToken,
    teller: PlexAccountId,
    home: Option<BTreeSet<PlexAccountId>>,
    at: Timestamp,
}

impl Question<'_> {
    /// What was told, as far as it is about this person.
    fn told<'t>(&'t self, shares: &'t ByAccount, person: &Person) -> Told<'t> {
        Told { teller: self.teller, shares: shares.with(person), home: self.home.as_ref(), at: self.at }
    }
}

/// Shares in the order of the accounts that they are with: nobody's take longer to find because there are many.
struct ByAccount(Vec<Share>);

impl ByAccount {
    fn of(mut shares: Vec<Share>) -> Self {
        shares.sort_by_key(|share| share.account);
        Self(shares)
    }

    /// All shares with one person.
    fn with(&self, person: &Person) -> &[Share] {
        let AccountId::Plex(account) = person.account.id else { return &[] };
        let from = self.0.partition_point(|share| share.account < account);
        let to = self.0.partition_point(|share| share.account <= account);
        self.0.get(from..to).unwrap_or_default()
    }
}

impl Plex {
    /// Asks Plex about all of `people` at once, who are members as of the last answer. `None`: there is no owner's token to
    /// ask with. An error says nothing about anybody.
    pub async fn recheck(&self, people: &[Person], now: Timestamp) -> Result<Option<Rechecked>, Error> {
        let Some(owners) = self.owners_token() else { return Ok(None) };
        self.rested()?;
        let teller = self.heard(self.teller(&owners).await)?;
        let owner_token = &owners.token;
        let Shares { list, shares } = self.asked_by_itself(self.own.accepted_shares(owner_token)).await?;
        let shares = ByAccount::of(shares);
        let home = self.home(owner_token, teller, people).await;
        let question = Question { owner_token, teller, home, at: now };
        let mut rechecked = Rechecked::default();
        let mut missing = Vec::new();
        for person in people {
            match recheck(person, &question.told(&shares, person)) {
                Recheck::Member(person) => rechecked.members.push(person),
                Recheck::Missing { rest } => missing.push((person, rest)),
                Recheck::NotTold => {}
            }
        }
        self.settle(&question, (list, shares), &missing, &mut rechecked).await;
        Ok(Some(rechecked))
    }

    /// Who lives in the owner's Home, if any of `people` does as far as is known. `None`: not known now, which says nothing
    /// about shares. A list without its owner is not taken for one.
    async fn home(
        &self,
        owner_token: &PlexToken,
        teller: PlexAccountId,
        people: &[Person],
    ) -> Option<BTreeSet<PlexAccountId>> {
        let residents: Vec<_> = people.iter().filter_map(|person| resident(person, teller)).collect();
        if residents.is_empty() {
            return None;
        }
        let first = self.asked_by_itself(self.own.home(owner_token)).await;
        let first = first.inspect_err(|error| debug!(%error, "who lives in the Home is not known")).ok()?;
        let mut home = Some(BTreeSet::from_iter(first)).filter(|home| home.contains(&teller))?;
        if residents.iter().all(|account| home.contains(account)) {
            return Some(home);
        }
        match self.asked_by_itself(self.own.home_by_the_older_list(owner_token)).await {
            Ok(second) => home.extend(second),
            Err(error) if error.is_transient() => return None,
            Err(error) => debug!(%error, "no other list says who lives in the Home"),
        }
        Some(home)
    }

    /// Looks for those who are missing in the first list in another one.
    async fn settle(
        &self,
        question: &Question<'_>,
        (first, shares): (ShareList, ByAccount),
        missing: &[(&Person, Option<Person>)],
        rechecked: &mut Rechecked,
    ) {
        if missing.is_empty() {
            self.missed_now(BTreeSet::new());
            return;
        }
        let machines = machines_of(missing, question.teller);
        let asking = self.own.second_opinion(question.owner_token, first, &machines);
        let (shares, is_confirmed) = match self.asked_to_the_end(asking).await {
            Ok(second) => (ByAccount::of(shares.0.into_iter().chain(second.shares).collect()), true),
            Err(error) if error.is_transient() => {
                rechecked.doubted = missing.len();
                return;
            }
            // Plex has no other list, or none for the token that it took for the first. The same one counts, if it says so
            // again the next time.
            Err(_) => (shares, false),
        };
        let gone = missing.iter().flat_map(|(person, rest)| lost(person, rest.as_ref())).collect();
        let missed = self.missed_now(if is_confirmed { BTreeSet::new() } else { gone });
        for (person, _) in missing {
            let is_settled = |rest: &Option<Person>| {
                is_confirmed || lost(person, rest.as_ref()).all(|server| missed.contains(&server))
            };
            match recheck(person, &question.told(&shares, person)) {
                Recheck::Member(person) => rechecked.members.push(person),
                Recheck::Missing { rest } if is_settled(&rest) => {
                    rechecked.ended.extend(rest.is_none().then(|| ended(person)));
                    rechecked.members.extend(rest);
                }
                Recheck::Missing { .. } | Recheck::NotTold => rechecked.doubted += 1,
            }
        }
    }

    /// Notes what is missing in the only list that there is. Returns what was missing in it the last time. Two rounds at the
    /// same moment, one of them out of turn, count for one.
    fn missed_now(&self, missing: BTreeSet<SharedWith>) -> BTreeSet<SharedWith> {
        let now = self.clock.now();
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, at) = std::mem::replace(&mut *missed, (missing, Some(now)));
        if at.is_some_and(|at| (0..SAME_MOMENT).contains(&now.since(at))) { BTreeSet::new() } else { before }
    }
}

/// The servers that made somebody a member.
fn through(person: &Person) -> &[AcceptedServer] {
    match &person.standing {
        Standing::Member { through, .. } => through,
        Standing::Kept | Standing::Ended => &[],
    }
}

/// Which servers are missing of somebody of whom this is left.
fn lost<'p>(person: &'p Person, rest: Option<&'p Person>) -> impl Iterator<Item = SharedWith> + 'p {
    let left = rest.map_or(&[][..], through);
    let missing = through(person).iter().filter(|server| !left.contains(server));
    missing.map(|server| (person.account.id, server.machine.clone()))
}

/// The servers of this owner that made these people members.
fn machines_of(people: &[(&Person, Option<Person>)], teller: PlexAccountId) -> Vec<MachineId> {
    let told = people.iter().flat_map(|(person, _)| through(person)).filter(|server| server.owner == teller);
    told.map(|server| server.machine.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::account::Account;
    use plex_oidc_core::decide::Marks;
    use plex_oidc_core::groups::Groups;
    use plex_oidc_core::id::LocalAccountId;

    use super::*;

    fn person(id: AccountId) -> Person {
        Person {
            account: Account::named(id, "Mara"),
            groups: Groups::new(),
            standing: Standing::Ended,
            shares: Vec::new(),
            marks: Marks::default(),
        }
    }

    fn share(account: u64, key: u64) -> Share {
        Share {
            account: PlexAccountId(account),
            machine: MachineId::parse(&"a".repeat(40)).unwrap(),
            all_libraries: false,
            library_keys: vec![key],
            libraries_known: true,
            allow_sync: false,
            allow_tuners: false,
            permissions_known: false,
        }
    }

    #[test]
    fn everybody_has_all_of_their_shares_wherever_the_list_has_them() {
        let listed = [7, 3, 9, 3, 1, 9, 3, 5].iter().zip(0..).map(|(account, key)| share(*account, key));
        let shares = ByAccount::of(listed.collect());
        for (account, keys) in [
            (0, &[][..]),
            (1, &[4]),
            (2, &[]),
            (3, &[1, 3, 6]),
            (5, &[7]),
            (7, &[0]),
            (9, &[2, 5]),
            (u64::MAX, &[]),
        ] {
            let of = person(AccountId::Plex(PlexAccountId(account)));
            let theirs: Vec<_> =
                shares.with(&of).iter().flat_map(|share| share.library_keys.clone()).collect();
            assert_eq!(theirs, keys, "{account}");
            assert!(shares.with(&of).iter().all(|share| share.account.0 == account));
        }
        let local = person(AccountId::Local(LocalAccountId::new(3).unwrap()));
        assert_eq!(shares.with(&local), [], "who has no account at Plex");
        assert_eq!(ByAccount::of(Vec::new()).with(&local), []);
    }
}
