//! From a checked configuration to a running service: opens what is stored, refuses what does not fit together, and puts
//! the [`App`] together.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use plex_oidc_core::id::AccountId;
use plex_oidc_core::net::TrustedProxies;
use plex_oidc_core::time::Timestamp;
use plextv::PlexTv;
use plextv::breaker::{Breaker, Settings};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::app::{App, Passwords, State};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::entropy::{Entropy, SystemEntropy};
use crate::flow::watch::Watchers;
use crate::gateway::{AccessValidator, TeamKeys};
use crate::guesses::Guesses;
use crate::installation::{self, Stored, new_client_identifier, open_stored};
use crate::keys::{KeyFileError, KeyRingError, Keys, Mac, MixtureError, Seal};
use crate::lifecycle::{self, ConnectionLimits, Serving, rounds};
use crate::limits::{StartLimiter, StartLimits};
use crate::membership::MembershipState;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::outbox::Outbox;
use crate::pages::PagesError;
use crate::router::{self, Limits, router};
use crate::session::Cookies;
use crate::store::{Store, StoreError};
use crate::throttle::Throttle;
use crate::upstream::access_keys::AccessKeys;
use crate::upstream::local::PasswordChecker;
use crate::upstream::plex::Plex;

mod local;
mod of_config;
mod plex;
mod rules;

pub use of_config::mailer;
use of_config::{at_least_one, gateway, lifetimes, mail, outbound, pages, read, server_name};
pub use plex::plex_api;
use plex::plex_settings;
pub use rules::house_rules;

/// How long open requests may take to finish after the program was asked to stop (invariant I-20).
const DRAIN: Duration = Duration::from_secs(10);

/// How long a peer may leave an answer lying.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the service does not start. Nothing was created or changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Key file and database do not belong together.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The host's own templates.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// The theme.
    #[error("theme.{key}: {problem}")]
    Theme {
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// The connection to Plex cannot be set up.
    #[error("the connection to plex.tv cannot be set up: {0}")]
    Plex(String),
    /// The connection to Cloudflare Access cannot be set up.
    #[error("the connection to Cloudflare Access cannot be set up: {0}")]
    Access(String),
    /// Applications cannot be called.
    #[error("outbound.ca_file: {0}")]
    Outbound(String),
    /// Mail cannot be sent.
    #[error("mail cannot be sent with these certificate authorities (outbound.ca_file): {0}")]
    Mail(String),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An account that the file declares and one that the store keeps cannot be told apart.
    #[error(
        "the name, the e-mail address or the id of {0} in [[users]] belongs to an account that `plex-oidc user list` shows. \
         Change one of the two"
    )]
    LocalTaken(AccountId),
    /// A server's owner is not known, and Plex could not be asked.
    #[error(
        "the owner of a Plex server is not in the configuration, and plex.tv could not be asked ({0}). Add owner_id"
    )]
    Owner(plextv::Error),
    /// The owner of a server stands in `rules.blocked`.
    #[error(
        "rules.blocked has {0}, which owns the server, and the owner is never locked out. Take it out of the list"
    )]
    OwnerBlocked(AccountId),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}. If another program has that port, or a second plex-oidc, end it or change \
         `listen`"
    )]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The service broke while running.
    #[error("the service ended: {0}")]
    Serve(std::io::Error),
}

/// What is passed in from outside.
#[derive(Clone)]
pub struct Parts {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Turns true when the service is to stop.
    pub stopping: watch::Receiver<bool>,
}

impl Parts {
    /// The machine's clock and randomness.
    pub fn system(stopping: watch::Receiver<bool>) -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy::default()), stopping }
    }
}

/// What one process opens once: it stays when the configuration changes under it.
#[derive(Clone)]
pub struct Held {
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    seal: Arc<Seal>,
    mac: Arc<Mac>,
    watchers: Arc<Watchers>,
    team_keys: Arc<TeamKeys>,
    throttle: Arc<Throttle>,
    membership: Arc<MembershipState>,
    guesses: Arc<Guesses>,
    started: Timestamp,
    metrics: Arc<Metrics>,
    notices: Arc<Notices>,
    outbox: Arc<Outbox>,
    /// Under which this installation is known to Plex.
    client_identifier: String,
    parts: Parts,
}

impl Held {
    /// What is stored.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Opens what `config` names. Creates nothing: that is what `init` is for.
    pub async fn open(config: &Config, parts: Parts) -> Result<Self, StartError> {
        let Stored { store, keys, seal, mac } = open_stored(config).await?;
        let client_identifier = store.installation(&new_client_identifier(parts.entropy.bytes())).await?;
        let watchers = Arc::new(Watchers::new(config.limits.connections));
        let (keys, seal, mac) = (Arc::new(keys), Arc::new(seal), Arc::new(mac));
        let (team_keys, throttle, guesses, membership) =
            (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        Ok(Self {
            store,
            keys,
            seal,
            mac,
            watchers,
            team_keys,
            throttle,
            membership,
            guesses,
            started: parts.clock.now(),
            metrics: Arc::default(),
            notices: Arc::default(),
            outbox: Arc::default(),
            client_identifier,
            parts,
        })
    }

    /// The [`App`] of a configuration.
    pub async fn app(&self, config: &Config) -> Result<State, StartError> {
        let parts = self.parts.clone();
        let plex = self.plex(config).await?;
        let accepted = plex.as_ref().map(|plex| plex.accepted().to_vec()).unwrap_or_default();
        rules::check_owners(config, &accepted)?;
        let app = Arc::new(App {
            issuer: config.public_url.clone(),
            clients: config.clients.iter().cloned().collect(),
            own_pages: rules::own_pages(config, &accepted),
            rules: house_rules(config, accepted),
            lifetimes: lifetimes(config),
            trusted_proxies: TrustedProxies(config.trusted_proxies.clone()),
            store: Arc::clone(&self.store),
            events_kept: config.events_kept,
            started: self.started,
            keys: Arc::clone(&self.keys),
            rotate_keys_every: config.rotate_keys_every,
            seal: Arc::clone(&self.seal),
            pages: pages(config)?,
            plex,
            local: config.local.enabled.then(|| Passwords {
                checker: PasswordChecker::new(config.limits.passwords_at_once),
                throttle: Arc::clone(&self.throttle),
            }),
            membership: Arc::clone(&self.membership),
            metrics: Arc::clone(&self.metrics),
            notices: Arc::clone(&self.notices),
            owner_token_file: config.plex.as_ref().and_then(|plex| plex.owner_token_file.clone()),
            mail: mail(config)?,
            outbox: Arc::clone(&self.outbox),
            webhook: config.webhook.clone(),
            recheck_every: config.recheck_every,
            server_name: server_name(config),
            limiter: StartLimiter::new(StartLimits {
                per_address: at_least_one(config.limits.sign_in_starts_per_address),
                global: at_least_one(config.limits.sign_in_starts_in_all),
                codes_per_session: at_least_one(config.limits.codes_per_session),
            }),
            guesses: Arc::clone(&self.guesses),
            repeats: Mutex::default(),
            watchers: Arc::clone(&self.watchers),
            gateway: gateway(config),
            access: self.access(config)?,
            outbound: outbound(config)?,
            sessions_ended: Notify::new(),
            mac: Arc::clone(&self.mac),
            cookies: Cookies::new(config.public_url.is_https()),
            clock: parts.clock,
            entropy: parts.entropy,
            stopping: parts.stopping,
        });
        // Last: what cannot be used changes nothing.
        local::declare(&*self.store, config, self.parts.clock.now()).await?;
        plex::drop_unwanted_tokens(&*self.store, config).await?;
        Ok(app)
    }

    async fn plex(&self, config: &Config) -> Result<Option<Plex>, StartError> {
        let Some(plex) = &config.plex else { return Ok(None) };
        let api = plex_api(plex, self.client_identifier.clone())?;
        let settings = plex_settings(plex, &api).await?;
        let [jitter, ..] = self.parts.entropy.bytes();
        let breaker = Breaker::new(Settings::default().jittered(jitter));
        let (clock, metrics) = (Arc::clone(&self.parts.clock), Arc::clone(&self.metrics));
        Ok(Some(Plex::new(&api, settings, breaker, clock, metrics)))
    }

    /// A team's keys that are here already stay, or a reload during an outage would lose them.
    fn access(&self, config: &Config) -> Result<AccessValidator, StartError> {
        AccessValidator::try_new(config.access.clone(), |certs_url| {
            self.team_keys.at(certs_url, || {
                let http =
                    PlexTv::http_client(None).map_err(|error| StartError::Access(error.to_string()))?;
                Ok(AccessKeys::new(http, certs_url.clone(), Arc::clone(&self.parts.clock)))
            })
        })
    }
}

/// Says why the service would not start with `config`, as far as that shows without Plex. Works beside a running service,
/// and changes nothing.
pub fn examine(config: &Config) -> Result<(), StartError> {
    installation::examine(config)?;
    if let Some(plex) = &config.plex {
        plex_api(plex, new_client_identifier([0; 32]))?;
    }
    outbound(config)?;
    mail(config)?;
    pages(config).map(drop)
}

/// Opens everything that `config` names, for good.
pub async fn assemble(config: &Config, parts: Parts) -> Result<State, StartError> {
    Held::open(config, parts).await?.app(config).await
}

/// Every route of this service, with the limits of its configuration.
pub fn service(config: &Config, app: &State) -> Router {
    router(app, limits(config))
}

/// The limits of requests in this configuration.
fn limits(config: &Config) -> Limits {
    Limits {
        body: Duration::from_secs(10),
        answer: Duration::from_secs(u64::from(config.limits.request_timeout.0)),
        body_bytes: config.limits.body_bytes,
    }
}

/// The limits of connections in this configuration.
pub fn connection_limits(config: &Config) -> ConnectionLimits {
    ConnectionLimits {
        connections: config.limits.connections,
        header_bytes: config.limits.header_bytes,
        header_timeout: Duration::from_secs(u64::from(config.limits.header_timeout.0)),
        write_timeout: WRITE_TIMEOUT,
        drain: DRAIN,
    }
}

/// An [`App`] with its routes.
pub fn serving(config: &Config, app: State) -> Serving {
    let figures = config.metrics.as_ref().map(|_| router::figures(&app, limits(config)));
    Serving::new(app, limits(config)).with_figures(figures.unwrap_or_default())
}

/// Serves on `listeners` until `stopping` turns true.
pub async fn run(
    config: &Config,
    app: State,
    listeners: Vec<TcpListener>,
    stopping: watch::Receiver<bool>,
) -> Result<(), StartError> {
    let (_keep, one) = watch::channel(serving(config, app));
    run_latest(connection_limits(config), one, listeners, stopping).await
}

/// Serves on `listeners` until `stopping` turns true, always by the latest in `serving`.
pub async fn run_latest(
    limits: ConnectionLimits,
    serving: watch::Receiver<Serving>,
    listeners: Vec<TcpListener>,
    stopping: watch::Receiver<bool>,
) -> Result<(), StartError> {
    let sweeping = tokio::spawn(lifecycle::sweep(serving.clone(), stopping.clone()));
    let keeping = tokio::spawn(lifecycle::keep_signing_keys(serving.clone(), stopping.clone()));
    let fetching = tokio::spawn(lifecycle::keep_team_keys(serving.clone(), stopping.clone()));
    let rechecking = tokio::spawn(rounds::recheck_members(serving.clone(), stopping.clone()));
    let looking = tokio::spawn(rounds::look_with_own_tokens(serving.clone(), stopping.clone()));
    let alarming = tokio::spawn(rounds::tell_the_host(serving.clone(), stopping.clone()));
    let writing = tokio::spawn(rounds::send_mail(serving.clone(), stopping.clone()));
    let telling = tokio::spawn(lifecycle::tell_clients(serving.clone(), stopping.clone()));
    let answering = tokio::spawn(rounds::answer_commands(serving.clone(), stopping.clone()));
    let served = lifecycle::serve(listeners, serving, limits, stopping).await;
    sweeping.abort();
    keeping.abort();
    fetching.abort();
    telling.abort();
    rechecking.abort();
    looking.abort();
    alarming.abort();
    writing.abort();
    answering.abort();
    served.map_err(StartError::Serve)
}
