//! What it takes to believe Cloudflare Access: the teams' keys, and whom we know of the people that it speaks of.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plex_oidc_core::gateway::{AccessConfig, AccessTeam, AppAccess};
use url::Url;

use crate::store::records::UserRecord;
use crate::upstream::access_keys::AccessKeys;

/// For how long a look-up serves (security requirement 173 allows ten seconds).
const REMEMBERED: Duration = Duration::from_secs(5);
/// For how long it also serves to say that somebody is not known: they may be signing in this moment.
const REMEMBERED_UNKNOWN: Duration = Duration::from_secs(1);

/// Cloudflare Access in one configuration.
pub struct AccessValidator {
    config: AccessConfig,
    keys: BTreeMap<String, Arc<AccessKeys>>,
    /// Those who were known a moment ago.
    pub people: People,
}

/// What one application accepts, and the keys to tell by.
#[derive(Clone, Copy)]
pub struct Accepted<'a> {
    /// The team whose assertions it accepts.
    pub team: &'a AccessTeam,
    /// What it accepts, and takes from them.
    pub accepts: &'a AppAccess,
    /// The team's keys.
    pub keys: &'a Arc<AccessKeys>,
}

impl AccessValidator {
    /// For these teams and applications. `keys_at` gives the keys that are at an address.
    pub fn try_new<E>(
        config: AccessConfig,
        mut keys_at: impl FnMut(&Url) -> Result<Arc<AccessKeys>, E>,
    ) -> Result<Self, E> {
        let keys = config.teams.iter().map(|team| Ok((team.name.clone(), keys_at(&team.certs_url)?)));
        let keys = keys.collect::<Result<_, E>>()?;
        Ok(Self { config, keys, people: People::default() })
    }

    /// What the application called `app` accepts.
    pub fn of(&self, app: &str) -> Option<Accepted<'_>> {
        let (team, accepts) = self.config.of(app)?;
        Some(Accepted { team, accepts, keys: self.keys.get(&team.name)? })
    }

    /// The keys of every team.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<AccessKeys>> {
        self.keys.values()
    }
}

/// The keys of every team since the program started: a new configuration finds those of the one before it.
#[derive(Default)]
pub struct TeamKeys(Mutex<BTreeMap<Url, Arc<AccessKeys>>>);

impl TeamKeys {
    /// The keys at this address; `make` makes them the first time.
    pub fn at<E>(
        &self,
        certs_url: &Url,
        make: impl FnOnce() -> Result<Arc<AccessKeys>, E>,
    ) -> Result<Arc<AccessKeys>, E> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(match all.entry(certs_url.clone()) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => Arc::clone(new.insert(make()?)),
        })
    }
}

/// Everybody who was known a moment ago. Assertions come with every picture of a page.
#[derive(Default)]
pub struct People {
    known: Mutex<Option<Known>>,
    /// Whose turn it is to look up.
    turn: tokio::sync::Mutex<()>,
}

struct Known {
    at: Instant,
    users: Arc<[Arc<UserRecord>]>,
}

impl People {
    /// Everybody, if that was looked up within the last seconds.
    pub fn recent(&self, now: Instant) -> Option<Arc<[Arc<UserRecord>]>> {
        self.within(REMEMBERED, now)
    }

    /// Everybody, looked up so lately that whoever is not among them is not known. One at a time looks: those who wait for
    /// their turn take what the one before them found.
    pub async fn look_up<E>(
        &self,
        now: Instant,
        look: impl Future<Output = Result<Vec<UserRecord>, E>>,
    ) -> Result<Arc<[Arc<UserRecord>]>, E> {
        let _turn = self.turn.lock().await;
        if let Some(users) = self.within(REMEMBERED_UNKNOWN, now) {
            return Ok(users);
        }
        let users: Arc<[_]> = look.await?.into_iter().map(Arc::new).collect();
        let known = Known { at: now, users: Arc::clone(&users) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(users)
    }

    /// Forgets everybody: something was said of somebody.
    pub fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn within(&self, age: Duration, now: Instant) -> Option<Arc<[Arc<UserRecord>]>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| now.saturating_duration_since(known.at) < age)?;
        Some(Arc::clone(&known.users))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;
    use crate::clock::{Clock as _, SystemClock};

    #[tokio::test]
    async fn those_who_come_at_one_moment_share_one_look_up() {
        let (people, looks, now) = (People::default(), AtomicUsize::new(0), SystemClock.instant());
        let look = |answer: Result<(), ()>| {
            let looks = &looks;
            async move {
                looks.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                answer.map(|()| Vec::new())
            }
        };
        let all = join_all((0..20).map(|_| people.look_up(now, look(Ok(()))))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        let later = now + REMEMBERED_UNKNOWN;
        assert!(people.recent(later).is_some());
        assert!(people.look_up(later, look(Err(()))).await.is_err());
        assert!(people.look_up(later, look(Ok(()))).await.is_ok(), "a failure is not remembered");
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }
}
