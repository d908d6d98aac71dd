//! Gateway sessions that were looked up a moment ago.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use foldhash::HashMap;
use http::HeaderMap;
use plex_oidc_core::secret::SecretHash;

use crate::store::records::GatewaySession;

/// For how long a look-up serves (security requirement 173 allows ten seconds).
const REMEMBERED: Duration = Duration::from_secs(5);
/// Most sessions remembered at a time.
const MOST: usize = 2_000;

/// Most bytes of headers that are remembered with a session. Who is in hundreds of groups is told of them each time.
const MOST_TOLD: usize = 1_024;

/// A session that was looked up a moment ago.
pub struct RecentSession {
    /// The session.
    pub session: GatewaySession,
    /// What an application is told of its person.
    pub told: Told,
}

impl From<GatewaySession> for RecentSession {
    fn from(session: GatewaySession) -> Self {
        Self { session, told: Told::default() }
    }
}

/// What an application was told of a person a moment ago: headers. It lives as long as the session is remembered.
#[derive(Default)]
pub struct Told(OnceLock<(String, HeaderMap)>);

impl Told {
    /// The headers for `app`, if they are remembered.
    pub fn to(&self, app: &str) -> Option<&HeaderMap> {
        self.0.get().filter(|(told, _)| told == app).map(|(_, headers)| headers)
    }

    /// Remembers the headers for `app`. Nothing of them may depend on the request; what depends on the time is as old as the session
    /// is. The first application counts, because most sessions are of one.
    pub fn remember(&self, app: &str, headers: &HeaderMap) {
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes <= MOST_TOLD {
            self.0.get_or_init(|| (app.to_owned(), headers.clone()));
        }
    }
}

/// Sessions looked up a moment ago, so that a page with a hundred pictures costs one look-up. Only hashes of cookies that we made
/// are kept, so nobody chooses where they fall in the table.
#[derive(Default)]
pub struct Recent(Mutex<HashMap<SecretHash, (Instant, Arc<RecentSession>)>>);

impl Recent {
    /// The session, if it was looked up within the last seconds.
    pub fn get(&self, hash: &SecretHash, now: Instant) -> Option<Arc<RecentSession>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, session) = all.get(hash)?;
        (now.saturating_duration_since(*at) < REMEMBERED).then(|| Arc::clone(session))
    }

    /// Remembers a session that was just looked up.
    pub fn put(&self, hash: SecretHash, now: Instant, session: Arc<RecentSession>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, (at, _)| now.saturating_duration_since(*at) < REMEMBERED);
        }
        if all.len() < MOST {
            all.insert(hash, (now, session));
        }
    }

    /// Forgets everything: somebody signed out.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets what is too old to serve.
    pub fn forget_old(&self, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (at, _)| now.saturating_duration_since(*at) < REMEMBERED);
        all.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::FROM;

    use super::*;

    fn headers(bytes: usize) -> HeaderMap {
        let value = HeaderValue::try_from("x".repeat(bytes - FROM.as_str().len())).unwrap();
        HeaderMap::from_iter([(FROM, value)])
    }

    #[test]
    fn what_was_told_to_the_first_application_is_remembered_for_it_alone() {
        let told = Told::default();
        assert_eq!(told.to("photos"), None);
        told.remember("photos", &headers(10));
        told.remember("wiki", &headers(20));
        assert_eq!(told.to("photos"), Some(&headers(10)));
        assert_eq!((told.to("wiki"), told.to("photo"), told.to("")), (None, None, None));
    }

    #[test]
    fn who_is_in_hundreds_of_groups_takes_no_more_memory() {
        let told = Told::default();
        told.remember("photos", &headers(MOST_TOLD + 1));
        assert_eq!(told.to("photos"), None);
        told.remember("photos", &headers(MOST_TOLD));
        assert!(told.to("photos").is_some());
    }
}
