//! Emulator, provider and both applications, started together and stopped together.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plex_oidc::app::State;
use plex_oidc::clock::{Clock, SystemClock};
use plex_oidc::config::{Config, Problems};
use plex_oidc::entropy::{Entropy, SystemEntropy};
use plex_oidc::start::{Parts, StartError, assemble, run};
use plex_oidc::telemetry;
use plextv_emulator::{Emulator, EmulatorConfig};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::arguments::Arguments;
use crate::folder::{Addresses, CLIENT_ID, Folder};
use crate::guarded::Guarded;
use crate::relying_party::RelyingParty;

/// Why the demo does not start or does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    /// A port is taken.
    #[error("port {port} cannot be used: {source}. Choose others with --port")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be used.
    #[error("the folder of the demo{} cannot be used: {source}. Name one that you can write to with --keep", named(keep.as_deref()))]
    Folder {
        /// The folder, if it was named.
        keep: Option<PathBuf>,
        /// What the system said.
        source: io::Error,
    },
    /// A redirect URI of the command line cannot be registered, most likely.
    #[error("the configuration is refused:\n{0}")]
    Configuration(Problems),
    /// The provider.
    #[error(transparent)]
    Provider(#[from] StartError),
    /// The relying party.
    #[error("the relying party ended: {0}")]
    RelyingParty(io::Error),
    /// The application behind the gateway.
    #[error("the application behind the gateway ended: {0}")]
    Guarded(io::Error),
    /// Nobody reads what we print.
    #[error("the addresses cannot be printed: {0}")]
    Output(io::Error),
}

/// Everything that was started.
pub(crate) struct Stage {
    emulator: Emulator,
    config: Config,
    app: State,
    listener: TcpListener,
    relying_party: RelyingParty,
    guarded: Guarded,
    redirect_uris: Vec<String>,
    client_secret: String,
    configuration: String,
    folder: Folder,
    stopping: watch::Receiver<bool>,
}

impl Stage {
    /// Starts everything. Nothing answers before [`Stage::play`], but every address is held already.
    pub(crate) async fn set(
        arguments: &Arguments,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, StageError> {
        let port = |offset: u16| arguments.port.map_or(0, |first| first + offset);
        let (listener, relying_listener) = (bind(port(0)).await?, bind(port(1)).await?);
        let guarded_listener = bind(port(3)).await?;
        let emulator = Emulator::start(EmulatorConfig::listening_on(address(port(2)))).await;
        let emulator = emulator.map_err(|source| StageError::Port { port: port(2), source })?;
        let (issuer, relying_url) = (local_url(&listener)?, local_url(&relying_listener)?);
        let addresses = Addresses {
            redirect_uris: with(format!("{relying_url}/callback"), &arguments.redirect_uris),
            post_logout_redirect_uris: with(format!("{relying_url}/"), &arguments.post_logout_redirect_uris),
        };

        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let unusable = |source| StageError::Folder { keep: arguments.keep.clone(), source };
        let folder = Folder::open(arguments.keep.as_deref()).map_err(unusable)?;
        let client_secret = folder.client_secret(&entropy).map_err(unusable)?;
        let configuration = folder.write_configuration(&issuer, &addresses, &emulator);
        let configuration = configuration.map_err(unusable)?;
        let config = folder.load(&clock, &entropy).await?.config;
        telemetry::init(config.log.level, config.log.format, io::stderr());
        let app = assemble(&config, Parts { clock, entropy, stopping: stopping.clone() }).await?;
        let guarded = Guarded::new(guarded_listener, &issuer).map_err(StageError::Guarded)?;
        let relying_party = RelyingParty::new(relying_listener, relying_url, issuer, client_secret.clone())
            .map_err(|error| StageError::RelyingParty(io::Error::other(error)))?;
        Ok(Self {
            emulator,
            config,
            app,
            listener,
            relying_party,
            guarded,
            redirect_uris: addresses.redirect_uris,
            client_secret,
            configuration,
            folder,
            stopping,
        })
    }

    /// One line for scripts.
    pub(crate) fn json(&self) -> String {
        let line = json!({
            "issuer": self.config.public_url.as_str(),
            "relying_party": self.relying_party.url(),
            "guarded": self.guarded.url(),
            "plextv": format!("http://{}", self.emulator.address()),
            "control": self.emulator.control_url(),
            "client_id": CLIENT_ID,
            "client_secret": self.client_secret,
            "redirect_uris": self.redirect_uris,
            "pid": std::process::id(),
        });
        format!("{line}\n")
    }

    /// What a person reads.
    pub(crate) fn playbill(&self) -> String {
        let mut text = format!(
            "The configuration, in {}:\n\n{}\n",
            self.folder.configuration().display(),
            indented(&self.configuration)
        );
        text.push_str("The cast. Choose one of them on the page that stands for Plex's own:\n\n");
        for persona in self.emulator.world().personas() {
            writeln!(text, "  {:<17} {:<15} {}", persona.title, persona.key, persona.summary).ok();
        }
        text.push_str(&self.script());
        text
    }

    /// What to try, with everything to type.
    fn script(&self) -> String {
        let (issuer, control) = (self.config.public_url.as_str(), self.emulator.control_url());
        let (relying_party, guarded) = (self.relying_party.url(), self.guarded.url());
        let json = "--header 'Content-Type: application/json' --data";
        format!(
            "\nThe provider                        {issuer}\n\
             The relying party                   {relying_party}\n\
             The application behind the gateway  {guarded}\n\
             The emulated plex.tv                {control}/personas\n\n\
             Open {relying_party} in a browser, press the button, choose somebody, approve.\n\
             Then open {guarded}: you are known there too. And try the stranger, Uwe.\n\n\
             To see access end with a share, sign in as Mara and take the server back from her with\n\
             \n    curl -X DELETE {control}/shares/friend\n\n\
             Wait for ten seconds, which is how often Plex is asked here (five minutes in earnest), press \"Refresh\" at the\n\
             relying party and reload the other application: both refuse. She may come in again after\n\
             \n    curl {json} '{{\"persona\":\"friend\"}}' {control}/shares\n\n\
             and a new sign-in. To see an outage, let nothing of plex.tv answer with\n\
             \n    curl {json} '{{\"kind\":\"reset\"}}' {control}/faults\n\n\
             Whoever is inside notices nothing at either application, however long it lasts (for a day). Somebody new, in a private\n\
             window, is told that Plex does not answer. It is over after\n\
             \n    curl -X DELETE {control}/faults\n\n\
             and half a minute in which Plex is left alone. Ctrl-C ends the demo.\n\n"
        )
    }

    /// Serves until asked to stop.
    pub(crate) async fn play(self) -> Result<(), StageError> {
        let relying_party = self.relying_party.serve(self.stopping.clone());
        let guarded = self.guarded.serve(self.stopping.clone());
        let provider = run(&self.config, self.app, vec![self.listener], self.stopping);
        let (provider, relying_party, guarded) = tokio::join!(provider, relying_party, guarded);
        self.emulator.stop().await;
        drop(self.folder);
        provider?;
        relying_party.map_err(StageError::RelyingParty)?;
        guarded.map_err(StageError::Guarded)
    }
}

/// Our own, and those of the command line.
fn with(own: String, more: &[String]) -> Vec<String> {
    [own].into_iter().chain(more.iter().cloned()).collect()
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

async fn bind(port: u16) -> Result<TcpListener, StageError> {
    TcpListener::bind(address(port)).await.map_err(|source| StageError::Port { port, source })
}

fn named(folder: Option<&Path>) -> String {
    folder.map_or_else(String::new, |folder| format!(", {},", folder.display()))
}

fn local_url(listener: &TcpListener) -> Result<String, StageError> {
    let address = listener.local_addr().map_err(|source| StageError::Port { port: 0, source })?;
    Ok(format!("http://localhost:{}", address.port()))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
