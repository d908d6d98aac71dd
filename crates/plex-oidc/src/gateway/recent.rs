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

/// A session that was looked up a moment ago, and what an application is told of its person meanwhile.
pub struct RecentSession {
    /// The session.
    pub session: GatewaySession,
    told: OnceLock<(String, HeaderMap)>,
}

impl RecentSession {
    /// What `app` is told of the person, if it was told that a moment ago.
    pub fn told(&self, app: &str) -> Option<&HeaderMap> {
        self.told.get().filter(|(told, _)| told == app).map(|(_, headers)| headers)
    }

    /// Remembers what `app` is told of the person, for as long as the session is: nothing of it may depend on the request. The first
    /// application counts, because most sessions are of one.
    pub fn remember_told(&self, app: &str, headers: &HeaderMap) {
        self.told.get_or_init(|| (app.to_owned(), headers.clone()));
    }
}

impl From<GatewaySession> for RecentSession {
    fn from(session: GatewaySession) -> Self {
        Self { session, told: OnceLock::new() }
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
