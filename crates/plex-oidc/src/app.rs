//! The composition root: everything that handlers use, in one place, and nothing global.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use plex_oidc_core::authorize::Repeats;
use plex_oidc_core::client::{Client, Clients, SubjectType};
use plex_oidc_core::decide::{HouseRules, Person};
use plex_oidc_core::id::{ClientId, Sid};
use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::net::TrustedProxies;
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::redirect::RedirectTarget;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::{Seconds, Timestamp};
use tokio::sync::{Notify, watch};
use uuid::Builder;

use crate::clock::Clock;
use crate::config::WebhookConfig;
use crate::entropy::Entropy;
use crate::flow::watch::Watchers;
use crate::gateway::{AccessValidator, Gateway};
use crate::guesses::Guesses;
use crate::keys::{Keys, Mac, Seal};
use crate::limits::StartLimiter;
use crate::membership::MembershipState;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::outbox::Outbox;
use crate::pages::Pages;
use crate::session::Cookies;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::upstream::local::PasswordChecker;
use crate::upstream::mail::Mail;
use crate::upstream::outbound::Outbound;
use crate::upstream::plex::Plex;

/// How long things last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A browser session that nobody uses.
    pub session_idle: Seconds,
    /// A browser session in any case.
    pub session_absolute: Seconds,
    /// An authorization code.
    pub code: Seconds,
    /// A refresh token that nobody uses.
    pub refresh_idle: Seconds,
    /// A family of refresh tokens in any case.
    pub refresh_absolute: Seconds,
    /// How long a rotated refresh token may be presented again.
    pub refresh_grace: Seconds,
}

/// What it takes to let people sign in with a password.
pub struct Passwords {
    /// Checks them.
    pub checker: PasswordChecker,
    /// Counts the tries; it stays when the configuration changes.
    pub throttle: Arc<Throttle>,
}

/// What the handlers share.
pub struct App {
    /// Our base URL.
    pub issuer: Issuer,
    /// The registered clients.
    pub clients: Clients,
    /// Those that stand for our own pages.
    pub own_pages: Clients,
    /// The rules of the house.
    pub rules: HouseRules,
    /// How long things last.
    pub lifetimes: Lifetimes,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Everything that survives a restart.
    pub store: Arc<dyn Store>,
    /// How long what happened is remembered.
    pub events_kept: Seconds,
    /// When the program started.
    pub started: Timestamp,
    /// The signing keys, parsed.
    pub keys: Arc<Keys>,
    /// How often they rotate by themselves, if they do.
    pub rotate_keys_every: Option<Seconds>,
    /// Seals what must be read back.
    pub seal: Arc<Seal>,
    /// What visitors see.
    pub pages: Pages,
    /// The way in through Plex, if it is open.
    pub plex: Option<Plex>,
    /// The way in with a password, if it is open.
    pub local: Option<Passwords>,
    /// How well it is known who is a member; it stays when the configuration changes.
    pub membership: Arc<MembershipState>,
    /// What is counted; it stays when the configuration changes.
    pub metrics: Arc<Metrics>,
    /// What the host is to be told of; it stays when the configuration changes.
    pub notices: Arc<Notices>,
    /// The file with the owner's token, if it is in one.
    pub owner_token_file: Option<PathBuf>,
    /// How mail is sent, if it is.
    pub mail: Option<Mail>,
    /// What waits to be sent; it stays when the configuration changes.
    pub outbox: Arc<Outbox>,
    /// Where the host is told of it, besides the host's page and the log.
    pub webhook: Option<WebhookConfig>,
    /// How often Plex is asked who still is one.
    pub recheck_every: Seconds,
    /// The name of the Plex server, for pages.
    pub server_name: Option<String>,
    /// Limits on starting sign-ins.
    pub limiter: StartLimiter,
    /// Wrong codes of devices; they stay counted when the configuration changes.
    pub guesses: Arc<Guesses>,
    /// Which requests repeat what should be new.
    pub repeats: Mutex<Repeats>,
    /// Who waits for which PIN.
    pub watchers: Arc<Watchers>,
    /// What proxies ask about.
    pub gateway: Gateway,
    /// What it takes to believe Cloudflare Access.
    pub access: AccessValidator,
    /// Sends our requests to clients, if any wants to be told of something.
    pub outbound: Option<Outbound>,
    /// Wakes whoever tells clients of sessions that ended.
    pub sessions_ended: Notify,
    /// Marks what passes through browsers, and makes pairwise subjects.
    pub mac: Arc<Mac>,
    /// Our cookies.
    pub cookies: Cookies,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Becomes true when the program is asked to stop: whoever holds a connection open lets go.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// A client by its identifier: a registered one, or one that stands for an application behind the gateway or for a page of
    /// our own. What comes from outside is looked up in `clients` alone.
    pub fn client(&self, id: &ClientId) -> Option<&Client> {
        let ours = || self.gateway.clients.find(id.as_str()).or_else(|| self.own_pages.find(id.as_str()));
        self.clients.find(id.as_str()).or_else(ours)
    }

    /// The client that stands for a page of ours; nothing where that page is switched off.
    pub fn own_page(&self, page: OwnPage) -> Option<&Client> {
        self.own_pages.find(page.client_id()?.as_str())
    }

    /// Whether a code for this client may go to `target` now: a registered redirect URI, the callback on a host that its
    /// application still serves, or the page of our own that it stands for.
    pub fn may_be_sent_to(&self, client: &Client, target: &RedirectTarget) -> bool {
        client.redirect_target(target.as_str()).is_some()
            || self.gateway.receives(client, target)
            || OwnPage::receives(client, target, &self.issuer)
    }

    /// A person as applications are told of them, with the host's own groups.
    pub fn as_told<'p>(&self, person: &'p Person) -> Cow<'p, Person> {
        self.rules.as_told(person, self.clock.now())
    }

    /// How a person is called towards a client (OIDC Core 1.0 s. 8): the same in every token, answer and hint.
    pub fn subject(&self, client: &Client, person: &Person) -> Subject {
        self.subject_for(client, person.subject())
    }

    /// How a browser session is called towards a client: clients that are to know people by names of their own must not
    /// be able to compare these instead.
    pub fn sid_for(&self, client: &Client, sid: Sid) -> Sid {
        match &client.subject_type {
            SubjectType::Public => sid,
            SubjectType::Pairwise(sector) => {
                let digest = self.mac.digest("pairwise session", &[sector.as_str(), &sid.to_string()]);
                let mut half = [0; 16];
                half.iter_mut().zip(digest).for_each(|(to, byte)| *to = byte);
                Sid(Builder::from_random_bytes(half).into_uuid())
            }
        }
    }

    /// [`App::subject`], where only the subject is left of a person.
    pub fn subject_for(&self, client: &Client, subject: Subject) -> Subject {
        match &client.subject_type {
            SubjectType::Public => subject,
            SubjectType::Pairwise(sector) => {
                Subject::pairwise(self.mac.digest("pairwise subject", &[sector.as_str(), subject.as_str()]))
            }
        }
    }
}

/// What handlers receive.
pub type State = Arc<App>;
