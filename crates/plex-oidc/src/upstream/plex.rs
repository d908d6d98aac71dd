//! Sign in with Plex: making and judging PINs, and asking who approved one.
//!
//! Facts from plex.tv become a [`Person`] here; whether that person may use an application is [`decide`]'s to say.
//!
//! [`decide`]: plex_oidc_core::decide::decide

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::groups::Groups;
use plex_oidc_core::id::{MachineId, PlexAccountId};
use plex_oidc_core::membership::{AcceptedServer, Membership, Shared, SharedLibraries, membership};
use plex_oidc_core::time::{Seconds, Timestamp};
use plextv::breaker::{Breaker, Permit};
use plextv::{ClientIdentity, Error, Outage, Pin, PinId, PlexToken, PlexTv, Resources, Server, Unreadable};
use tracing::warn;
use url::Url;

use crate::clock::Clock;
use crate::metrics::{Asking, Ear, Metrics, PlexFigures};

mod own_list;
mod owner_token;
mod recheck;
mod rest;

pub use own_list::OwnLook;
use owner_token::OwnersToken;
pub use owner_token::Proof;
pub use recheck::Rechecked;

/// A PIN that a browser made may be this old, by Plex's own clock.
const MAX_PIN_AGE: Duration = Duration::from_mins(2);

/// How long we wait for an approval, whatever Plex would allow.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// The Plex servers that count, and what we may ask about them.
#[derive(Debug, Clone)]
pub struct PlexSettings {
    /// The servers whose members may come in.
    pub servers: Vec<AcceptedServer>,
    /// The owner's own token, to learn what is shared with whom.
    pub owner_token: Option<PlexToken>,
    /// How often Plex is asked about each person by a token of their own, if those are kept.
    pub own_tokens: Option<Seconds>,
    /// The most requests in an hour that are made without a visitor who waits for the answer.
    pub requests_per_hour: u32,
}

/// The way in through Plex.
pub struct Plex {
    api: PlexTv,
    /// The same for what this program asks by itself.
    own: PlexTv,
    metrics: Arc<Metrics>,
    settings: PlexSettings,
    breaker: Mutex<Breaker>,
    /// For looks at PINs alone: when Plex has had enough of those, people who have approved still come in.
    looks: Mutex<Breaker>,
    clock: Arc<dyn Clock>,
    /// The owner's token of this moment.
    owners_token: Mutex<Option<Arc<OwnersToken>>>,
    /// What was missing in the only list of shares that there was, and when.
    missed: Mutex<(BTreeSet<recheck::SharedWith>, Option<Timestamp>)>,
    /// Until when nothing is asked that no visitor waits for.
    rests_until: Mutex<Option<Instant>>,
}

/// Who approved a PIN.
#[derive(Debug)]
pub struct Identified {
    /// The person, with groups; not a member of anything if `standing` says so.
    pub person: Person,
    /// Whether the answer is clear enough to end what the person has: an empty list is not, nor one with gaps, nor one
    /// without what is shared, if we asked for that.
    pub clear: bool,
    /// Whether Plex said which servers the person sees. It need not, where somebody's own server is accepted.
    pub servers_are_clear: bool,
    /// A token for the shared server alone, if there is one.
    pub server_token: Option<PlexToken>,
}

/// Why a PIN that a browser offers is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinRefusal {
    /// Its code, client identifier or product is not ours.
    #[error("the PIN was made for something else")]
    NotOurs,
    /// It was made too long ago.
    #[error("the PIN is too old")]
    TooOld,
    /// Somebody approved it before we ever saw it.
    #[error("the PIN was approved before")]
    Claimed,
    /// Plex could not be asked, or does not know it.
    #[error(transparent)]
    Plex(#[from] Error),
}

fn judged(pin: Pin, code: &str, identity: &ClientIdentity) -> Result<Pin, PinRefusal> {
    let other_product = pin.product.as_ref().is_some_and(|product| *product != identity.product);
    if !pin.is(code, &identity.client_identifier) || other_product {
        return Err(PinRefusal::NotOurs);
    }
    if pin.auth_token.is_some() {
        return Err(PinRefusal::Claimed);
    }
    let life = Duration::from_secs(u64::try_from(pin.expires_at.since(pin.created_at)).unwrap_or(0));
    // Where Plex does not say how much is left, nobody can say how old it is: our clock is not Plex's.
    if pin.expires_in.is_none_or(|left| life.saturating_sub(left) > MAX_PIN_AGE) {
        return Err(PinRefusal::TooOld);
    }
    Ok(pin)
}

impl Plex {
    /// The servers whose members may come in.
    pub fn accepted(&self) -> &[AcceptedServer] {
        &self.settings.servers
    }

    /// A way in through `api`. Every request is counted in `metrics`.
    pub fn new(
        api: &PlexTv,
        mut settings: PlexSettings,
        breaker: Breaker,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let looks = Mutex::new(breaker.clone());
        let owners_token = settings.owner_token.take().map(OwnersToken::new);
        let heard = |asking| api.observed_by(Arc::new(Ear::new(metrics.clone(), clock.clone(), asking)));
        Self {
            api: heard(Asking::ForAVisitor),
            own: heard(Asking::ByItself),
            metrics,
            settings,
            breaker: Mutex::new(breaker),
            looks,
            clock,
            owners_token: Mutex::new(owners_token),
            missed: Mutex::default(),
            rests_until: Mutex::default(),
        }
    }

    /// How often Plex is asked about each person by a token of their own, if those are kept.
    pub const fn own_tokens_every(&self) -> Option<Seconds> {
        self.settings.own_tokens
    }

    /// Whether this hour has room for a question that no visitor waits for.
    pub fn has_requests_left(&self) -> bool {
        self.metrics.asked_by_itself(self.clock.instant()) < self.settings.requests_per_hour
    }

    /// How it stands with Plex.
    pub fn figures(&self) -> PlexFigures {
        let is_open =
            |breaker: &Mutex<Breaker>| breaker.lock().unwrap_or_else(PoisonError::into_inner).is_open();
        PlexFigures {
            asked: self.metrics.asked_by_itself(self.clock.instant()),
            limit: self.settings.requests_per_hour,
            breaker_open: is_open(&self.breaker),
            pin_breaker_open: is_open(&self.looks),
        }
    }

    /// How this installation introduces itself, and where Plex is.
    pub const fn api(&self) -> &PlexTv {
        &self.api
    }

    /// Makes a PIN, for a browser that cannot.
    pub async fn make_pin(&self) -> Result<Pin, Error> {
        self.guarded(self.api.create_pin()).await
    }

    /// Judges a PIN that the browser made: ours, young, and never approved (DESIGN section 3, step 2).
    pub async fn judge_pin(&self, id: PinId, code: &str) -> Result<Pin, PinRefusal> {
        let pin = self.guarded(self.api.pin(id, code)).await?;
        judged(pin, code, self.api.identity())
    }

    /// Looks at an adopted PIN.
    pub async fn look(&self, id: PinId, code: &str) -> Result<Pin, Error> {
        self.guarded_by(&self.looks, self.api.pin(id, code)).await
    }

    /// The address of Plex's sign-in page for a PIN.
    pub fn sign_in_url(&self, code: &str, forward_url: &Url) -> Url {
        self.api.auth_app_url(code, Some(forward_url))
    }

    /// Asks who this token belongs to and what is shared with that account.
    pub async fn identify(&self, token: &PlexToken, now: Timestamp) -> Result<Identified, Error> {
        // One question in two calls: with a permit for each, the trial after a pause would let one of them through only.
        let both = async {
            let (user, resources) = tokio::join!(self.api.user(token), self.api.resources(token));
            let user = user?;
            match resources {
                Err(error) if self.owns_one(user.id) && !error.says_token_is_dead() => {
                    warn!(%error, "the owner comes in without the list of servers");
                    Ok((user, None))
                }
                resources => Ok((user, Some(resources?))),
            }
        };
        let (user, resources) = self.guarded(both).await?;
        let account = user.account();
        let is_answered = resources.is_some();
        let Resources { servers, unreadable } = resources.unwrap_or_default();
        let doubt = unreadable.iter().find(|row| self.may_be_accepted(row)).map(|row| row.why);
        let visible: Vec<_> = servers.iter().map(Server::visible).collect();
        let servers_are_clear = is_answered && !servers.is_empty() && doubt.is_none();
        let (groups, standing) = match membership(&account, &visible, &self.settings.servers) {
            Membership::Member { groups, through } => {
                (groups, Standing::Member { confirmed_at: now, through })
            }
            Membership::NotShared => match doubt {
                Some(why) => return Err(Error::Unexpected { status: 200, oddity: why.into() }),
                None => (Groups::new(), Standing::Ended),
            },
        };
        let mut person = Person {
            account,
            groups,
            standing,
            shares: Vec::new(),
            marks: plex_oidc_core::decide::Marks::default(),
        };
        let clear = self.add_shared(&mut person, user.id, now).await && servers_are_clear;
        let server_token =
            servers.into_iter().find(|seen| self.accepts(seen, user.id)).and_then(|seen| seen.access_token);
        Ok(Identified { person, clear, servers_are_clear, server_token })
    }

    fn owns_one(&self, account: PlexAccountId) -> bool {
        self.settings.servers.iter().any(|server| server.owner == account)
    }

    /// Whether a row that could not be read may be about an accepted server.
    fn may_be_accepted(&self, row: &Unreadable) -> bool {
        let mut accepted = self.settings.servers.iter();
        row.machine.as_ref().is_none_or(|machine| accepted.any(|server| server.machine == *machine))
    }

    /// Whether this is an accepted server, as [`membership`] has it: plex.tv names no owner to the owner alone.
    fn accepts(&self, seen: &Server, account: PlexAccountId) -> bool {
        let owner = if seen.owned { Some(account) } else { seen.owner };
        let mut accepted = self.settings.servers.iter();
        accepted.any(|server| server.machine == seen.machine && owner == Some(server.owner))
    }

    /// Notes what is shared with somebody, libraries and permissions; nothing is known of it without the owner's token.
    /// `false`: Plex should have said, and did not.
    async fn add_shared(&self, person: &mut Person, account: PlexAccountId, now: Timestamp) -> bool {
        let (Some(owner_token), Standing::Member { through, .. }) =
            (self.owners_token(), person.standing.clone())
        else {
            return true;
        };
        match self.shared(&owner_token, account, &through).await {
            Ok(each) => {
                let is_clear = each.iter().all(|(_, shared)| shared.is_whole());
                for (server, shared) in each {
                    person.learn_shared(server, shared, now);
                }
                is_clear
            }
            Err(error) => {
                warn!(%error, "what is shared could not be asked for");
                false
            }
        }
    }

    /// What an account has of those of the servers that the owner's token can tell about.
    async fn shared<'s>(
        &self,
        owners: &OwnersToken,
        account: PlexAccountId,
        through: &'s [AcceptedServer],
    ) -> Result<Vec<(&'s AcceptedServer, Shared)>, Error> {
        let (teller, owner_token) = (self.teller(owners).await?, &owners.token);
        let (told, untold): (Vec<_>, Vec<_>) = through.iter().partition(|server| server.owner == teller);
        for server in untold {
            let machine = server.machine.as_str();
            warn!(
                machine,
                "the owner's token is of another account, so it is not known what is shared of this server"
            );
        }
        let is_guest = told.iter().any(|server| server.owner != account);
        let listed = if is_guest {
            self.guarded(self.api.accepted_shares(owner_token)).await?.shares
        } else {
            Vec::new()
        };
        let mut told_of = Vec::new();
        for server in told {
            let is_owner = server.owner == account;
            let mut shared = if is_owner { Shared::owners() } else { Shared::with(server, account, &listed) };
            if let Some(SharedLibraries { all: true, keys }) = &mut shared.libraries {
                *keys = self.all_keys(owner_token, &server.machine).await?;
            }
            told_of.push((server, shared));
        }
        Ok(told_of)
    }

    async fn all_keys(&self, owner_token: &PlexToken, machine: &MachineId) -> Result<Vec<u64>, Error> {
        let libraries = self.guarded(self.api.server_libraries(owner_token, machine)).await?;
        Ok(libraries.into_iter().map(|library| library.key).collect())
    }

    /// Asks one question unless plex.tv is being left alone, and takes note of how it went.
    async fn guarded<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.guarded_by(&self.breaker, call).await
    }

    async fn guarded_by<T>(
        &self,
        breaker: &Mutex<Breaker>,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let locked = || breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let permit = locked().permit(self.clock.instant());
        if let Permit::Wait(wait) = permit {
            let outage = Outage::TimedOut;
            return Err(Error::Unavailable { outage, retry_after: Some(wait) });
        }
        let outcome = call.await;
        locked().record(self.clock.instant(), &outcome);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_of_unknown_age_is_not_young() {
        let identity = ClientIdentity {
            client_identifier: "ours".into(),
            product: "plex-oidc".into(),
            version: "1".into(),
            platform: "Web".into(),
            device_name: "plex-oidc".into(),
        };
        let with_left = |expires_in| {
            let pin = Pin {
                id: PinId(1),
                code: "code".into(),
                client_identifier: "ours".into(),
                product: None,
                created_at: Timestamp(0),
                expires_at: Timestamp(1800),
                expires_in,
                auth_token: None,
            };
            judged(pin, "code", &identity).map(|_| ())
        };
        assert_eq!(with_left(Some(Duration::from_mins(28))), Ok(()));
        assert_eq!(with_left(Some(Duration::from_secs(1679))), Err(PinRefusal::TooOld));
        assert_eq!(with_left(None), Err(PinRefusal::TooOld));
    }
}
