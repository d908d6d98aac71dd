//! One installation of the program, with its clocks and its plex.tv.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use plex_oidc::app::State;
use plex_oidc::clock::Clock;
use plex_oidc::config::Config;
use plex_oidc::entropy::SystemEntropy;
use plex_oidc::installation;
use plex_oidc::start::{self, Parts};
use plex_oidc_core::decide::Standing;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::time::{Seconds, Timestamp};
use tempfile::TempDir;
use tokio::sync::watch;

use super::browser::Browser;
use super::clock::StillClock;
use super::data;
use super::door::Door;
use super::plex::Plex;
use super::proxy::{Proxy, Visitor};
use super::relying_party::{RelyingParty, Tokens};
use super::setup::Setup;

/// One installation.
pub(crate) struct House {
    /// The configuration in force.
    pub(crate) config: Config,
    /// plex.tv.
    pub(crate) plex: Arc<Plex>,
    /// The router.
    pub(crate) door: Door,
    /// Turns true to stop it.
    pub(crate) stop: watch::Sender<bool>,
    /// There but for the moment of a restart.
    app: Option<State>,
    setup: Setup,
    clock: Arc<StillClock>,
    folder: TempDir,
    visitors: AtomicU32,
}

/// How often a restart looks whether the old program has let go of the database: a poller wakes within a second or so.
const LOOKS: usize = 1000;

impl House {
    /// The usual one.
    pub(crate) async fn new() -> Self {
        Setup::default().start().await
    }

    pub(super) async fn start(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        data::copy_to(folder.path()).await;
        let plex = Arc::new(Plex::start().await);
        let config = setup.load(folder.path(), &plex.emulator);
        let clock = Arc::new(StillClock::default());
        let (stop, stopping) = watch::channel(false);
        let app = assemble(&config, &clock, stopping).await;
        let door = Door::new(start::service(&config, &app));
        Self { config, plex, door, stop, app: Some(app), setup, clock, folder, visitors: AtomicU32::new(1) }
    }

    /// What the handlers share: for looking into the store, never for a short cut.
    pub(crate) fn app(&self) -> &State {
        self.app.as_ref().expect("there but for the moment of a restart")
    }

    /// Stops, and starts again with the same files. Browsers and relying parties stay good.
    pub(crate) async fn restart(&mut self) {
        self.restart_with(|setup| setup).await;
    }

    /// Stops, and starts again with another configuration.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.go_down().await;
        self.setup = change(self.setup.clone());
        self.config = self.setup.load(self.folder.path(), &self.plex.emulator);
        let (stop, stopping) = watch::channel(false);
        let app = assemble(&self.config, &self.clock, stopping).await;
        self.door.replace(start::service(&self.config, &app));
        self.stop = stop;
        self.app = Some(app);
    }

    /// Stops, and starts again with another clock.
    pub(crate) async fn restart_on(&mut self, clock: Arc<dyn Clock>) {
        self.go_down().await;
        let (stop, stopping) = watch::channel(false);
        let parts = Parts { clock, entropy: Arc::new(SystemEntropy::default()), stopping };
        let app = start::assemble(&self.config, parts).await.unwrap_or_else(|error| panic!("{error}"));
        self.door.replace(start::service(&self.config, &app));
        self.stop = stop;
        self.app = Some(app);
    }

    /// Stops, and stays down. The files are there for others to use.
    pub(crate) async fn go_down(&mut self) {
        self.stop.send_replace(true);
        self.door.replace(Router::new());
        let old = self.app.take().map(|app| Arc::downgrade(&app));
        for _ in 0..LOOKS {
            if old.as_ref().is_none_or(|old| old.strong_count() == 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Where the files are; `plex-oidc.toml` among them.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the database behind the program's back: a broken disk, or a person as no emulated one is.
    pub(crate) fn sql(&self, statements: &str) {
        let database =
            rusqlite::Connection::open(installation::database_path(&self.config)).expect("a database");
        database.execute_batch(statements).expect("SQL");
    }

    /// Changes what is stored of a persona: `edit_person("friend", "$.account.display_name", "\"<b>\"")`.
    pub(crate) fn edit_person(&self, persona: &str, path: &str, json: &str) {
        let (account, json) = (self.plex.account_id(persona), json.replace('\'', "''"));
        let set = format!("json_set(person, '{path}', json('{json}'))");
        self.sql(&format!("UPDATE users SET person = {set} WHERE account_id = {account}"));
    }

    /// How many Plex tokens are kept, sealed, for applications.
    pub(crate) fn tokens_kept(&self) -> i64 {
        let database = rusqlite::Connection::open(installation::database_path(&self.config)).unwrap();
        let counted = "SELECT count(*) FROM grants WHERE plex_token_sealed IS NOT NULL";
        database.query_row(counted, [], |row| row.get(0)).unwrap()
    }

    /// Ends what a persona has, who is a member again at once: what still fails then fails because it has ended.
    pub(crate) async fn end_access(&self, persona: &str) {
        let (account, store) =
            (AccountId::Plex(PlexAccountId(self.plex.account_id(persona))), &self.app().store);
        let mut member = store.user(account).await.unwrap().unwrap();
        member.updated = self.now();
        let mut ended = member.clone();
        ended.person.standing = Standing::Ended;
        assert!(store.end_access(ended).await.unwrap().is_some());
        assert!(store.put_user(member).await.unwrap());
    }

    /// A new visitor's browser, at an address of its own.
    pub(crate) fn browser(&self) -> Browser {
        let [_, a, b, c] = self.visitors.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Browser::new(self.door.clone(), Arc::clone(&self.plex), SocketAddr::from(([10, a, b, c], 50_000)))
    }

    /// A new visitor of applications behind the gateway.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(self.browser())
    }

    /// A proxy in front of them.
    pub(crate) fn proxy(&self, family: Family) -> Proxy {
        Proxy::new(self.door.clone(), family)
    }

    /// A registered application of the usual house, or one that the setup added.
    pub(crate) fn relying_party(&self, id: &str) -> RelyingParty {
        let known = self.config.clients.iter().find(|client| client.id.as_str() == id);
        let client = known.unwrap_or_else(|| panic!("no application {id}"));
        RelyingParty::new(self.door.clone(), id, client.auth_method)
    }

    /// A persona signs in to an application with a new browser, and the application gets its tokens.
    pub(crate) async fn sign_in(&self, persona: &str, relying_party: &RelyingParty) -> (Browser, Tokens) {
        let mut browser = self.browser();
        let asked = relying_party.authorization();
        let landing = browser.sign_in(&asked.url(), persona).await;
        let tokens = relying_party.tokens(&asked, &landing).await;
        (browser, tokens)
    }

    /// Time passes: here and at Plex.
    pub(crate) fn pass(&self, span: Seconds) {
        self.clock.advance(span);
        self.plex.world().advance_clock(i64::from(span.0));
    }

    /// The clock here, for commands.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The time here.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Listens on a real socket, as `serve` does, until [`House::stop`] turns true or the test ends.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (config, app, stopping) = (self.config.clone(), Arc::clone(self.app()), self.stop.subscribe());
        tokio::spawn(async move { start::run(&config, app, vec![listener], stopping).await });
        address
    }

    /// The bytes of the database and of what SQLite keeps beside it: what a thief of the disk would see.
    pub(crate) fn database_bytes(&self) -> Vec<u8> {
        let path = installation::database_path(&self.config);
        let beside = path.with_extension("db-wal");
        [path, beside].iter().flat_map(|path| std::fs::read(path).unwrap_or_default()).collect()
    }
}

async fn assemble(config: &Config, clock: &Arc<StillClock>, stopping: watch::Receiver<bool>) -> State {
    let clock = Arc::clone(clock);
    let parts = Parts { clock, entropy: Arc::new(SystemEntropy::default()), stopping };
    start::assemble(config, parts).await.unwrap_or_else(|error| panic!("{error}"))
}
