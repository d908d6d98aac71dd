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
use plextv::{Error, PlexToken, Shares};
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
    fn told<'t>(&'t self, shares: &'t [Share]) -> Told<'t> {
        Told { teller: self.teller, shares, home: self.home.as_ref(), at: self.at }
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
        let first = self.asked_by_itself(self.own.accepted_shares(owner_token)).await?;
        let home = self.home(owner_token, teller, people).await;
        let question = Question { owner_token, teller, home, at: now };
        let mut rechecked = Rechecked::default();
        let mut missing = Vec::new();
        for person in people {
            match recheck(person, &question.told(&first.shares)) {
                Recheck::Member(person) => rechecked.members.push(person),
                Recheck::Missing { rest } => missing.push((person, rest)),
                Recheck::NotTold => {}
            }
        }
        self.settle(&question, first, &missing, &mut rechecked).await;
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
        first: Shares,
        missing: &[(&Person, Option<Person>)],
        rechecked: &mut Rechecked,
    ) {
        if missing.is_empty() {
            self.missed_now(BTreeSet::new());
            return;
        }
        let mut shares = first.shares;
        let machines = machines_of(missing, question.teller);
        let asking = self.own.second_opinion(question.owner_token, first.list, &machines);
        let mut is_confirmed = true;
        match self.asked_to_the_end(asking).await {
            Ok(second) => shares.extend(second.shares),
            Err(error) if error.is_transient() => {
                rechecked.doubted = missing.len();
                return;
            }
            // Plex has no other list, or none for the token that it took for the first. The same one counts, if it says so
            // again the next time.
            Err(_) => is_confirmed = false,
        }
        let gone = missing.iter().flat_map(|(person, rest)| lost(person, rest.as_ref())).collect();
        let missed = self.missed_now(if is_confirmed { BTreeSet::new() } else { gone });
        for (person, _) in missing {
            let is_settled = |rest: &Option<Person>| {
                is_confirmed || lost(person, rest.as_ref()).all(|server| missed.contains(&server))
            };
            match recheck(person, &question.told(&shares)) {
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
