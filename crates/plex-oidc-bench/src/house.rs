//! An installation to measure: configuration, key file, database, two clients, and applications behind the gateway.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plex_oidc::clock::{Clock, SystemClock};
use plex_oidc::config::{self, Config, edit};
use plex_oidc::entropy::{Entropy, SystemEntropy};
use plex_oidc::installation;
use plex_oidc_core::secret::SecretKind;
use plextv_emulator::{Emulator, MAIN_SERVER, OWNER_ID};
use tempfile::TempDir;

use crate::Outcome;
use crate::process::Process;
use crate::team::{AUDIENCE, TEAM, Team};

/// The configuration, in the folder.
const FILE: &str = "plex-oidc.toml";

/// Where both clients want their answers.
pub(crate) const REDIRECT_URI: &str = "https://application.example.com/callback";

/// Where the application behind the gateway is.
pub(crate) const APP_HOST: &str = "photos.example.com";

/// Where more applications are, each with a host of its own.
pub(crate) fn more_hosts() -> impl Iterator<Item = String> {
    (1..50).map(|number| format!("photos-{number}.example.com"))
}

/// A client of the provider.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    /// Its ID tokens are signed with RS256, the default.
    Rs256,
    /// With ES256, and it has refresh tokens that rotate.
    Es256,
}

impl Client {
    /// Its client id.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Rs256 => "rs256",
            Self::Es256 => "es256",
        }
    }

    /// What it asks for.
    pub(crate) const fn scopes(self) -> &'static str {
        match self {
            Self::Rs256 => "openid profile email groups",
            Self::Es256 => "openid profile email groups offline_access",
        }
    }
}

/// An installation.
pub(crate) struct House {
    folder: TempDir,
    binary: PathBuf,
    address: SocketAddr,
    /// The secret of both clients.
    pub(crate) secret: String,
}

impl House {
    /// Makes one beside the binary: on a disk, where committing costs something, and not in memory. `furnish` puts more files
    /// into its folder, and says what the configuration is with them.
    pub(crate) async fn build(
        binary: &Path,
        emulator: &Emulator,
        team: &Team,
        furnish: impl FnOnce(&Path, String) -> Outcome<String>,
    ) -> Outcome<Self> {
        let beside = binary.parent().ok_or("the binary lies nowhere")?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        let address = free_address()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let secret = entropy.secret(SecretKind::ClientSecret).expose().to_owned();
        edit::create_private(&folder.path().join("client.secret"), &format!("{secret}\n"))?;
        let text = furnish(folder.path(), configuration(address, emulator, team))?;
        std::fs::write(folder.path().join(FILE), text)?;
        let house = Self { folder, binary: binary.to_owned(), address, secret };
        installation::create(&house.config()?, &clock, &entropy).await?;
        Ok(house)
    }

    /// Its configuration.
    pub(crate) fn config(&self) -> Outcome<Config> {
        let loaded = config::load(&self.folder.path().join(FILE), &BTreeMap::new());
        Ok(loaded.map_err(|problems| problems.to_string())?.config)
    }

    /// Starts the program on these cores, and waits until it is ready.
    pub(crate) fn serve(&self, cores: &str) -> Outcome<Process> {
        let file = self.folder.path().join(FILE);
        let file = file.to_str().ok_or("the folder's name is not text")?;
        Process::start(&self.binary, &["--config", file, "serve"], cores, (self.address, "/readyz"))
    }
}

/// A port of the loopback interface that nobody uses: below those that outgoing connections are given, which could take it
/// while its server is not running.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000)?;
    let free = (first..32_000).find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    Ok(free.ok_or("no port is free")?.local_addr()?)
}

/// As a host writes it, except that one address may sign in thousands of times, and one browser be sent on as often.
fn configuration(address: SocketAddr, emulator: &Emulator, team: &Team) -> String {
    let mut text = format!(
        "public_url = \"http://localhost:{port}\"\n\
         listen = [\"{address}\"]\n\
         data_dir = \"data\"\n\
         trusted_proxies = [\"127.0.0.1\"]\n\
         [keys]\nfile = \"plex-oidc.key\"\n\
         [plex]\nserver = \"{MAIN_SERVER}\"\nowner_id = {OWNER_ID}\n\
         [plex.urls]\nplex_tv = \"{}\"\nclients = \"{}\"\napp = \"{}\"\n\
         [limits]\nsign_in_starts_per_address = 100000\nsign_in_starts_in_all = 1000000\n\
         codes_per_session = 1000000\n",
        emulator.plex_tv_url(),
        emulator.clients_url(),
        emulator.app_url(),
        port = address.port(),
    );
    for (client, algorithm) in [(Client::Rs256, "RS256"), (Client::Es256, "ES256")] {
        let scopes: Vec<String> = client.scopes().split(' ').map(|scope| format!("\"{scope}\"")).collect();
        text.push_str(&format!(
            "[[clients]]\nid = \"{}\"\nsecret_file = \"client.secret\"\nredirect_uris = [\"{REDIRECT_URI}\"]\n\
             signing_algorithm = \"{algorithm}\"\nscopes = [{}]\nrotate_refresh_tokens = true\n",
            client.id(),
            scopes.join(", "),
        ));
    }
    text.push_str(&format!(
        "[[apps]]\nname = \"photos\"\nhost = \"{APP_HOST}\"\naccess_team = \"{TEAM}\"\naccess_audiences = [\"{AUDIENCE}\"]\n\
         [[access_teams]]\nteam = \"{TEAM}\"\ncerts_url = \"{}\"\n",
        team.certs_url,
    ));
    for (number, host) in (1..).zip(more_hosts()) {
        text.push_str(&format!("[[apps]]\nname = \"photos-{number}\"\nhost = \"{host}\"\n"));
    }
    text
}
