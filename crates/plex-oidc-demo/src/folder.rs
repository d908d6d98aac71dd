//! The folder of the demo: a real configuration file, a client secret, and what the provider keeps.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plex_oidc::clock::Clock;
use plex_oidc::config::{self, Loaded, edit};
use plex_oidc::entropy::Entropy;
use plex_oidc::installation;
use plex_oidc::installation::database_path;
use plex_oidc_core::secret::SecretKind;
use plextv_emulator::{Emulator, MAIN_SERVER, OWNER_ID};
use tempfile::TempDir;

use crate::guarded::HOST_NAME;
use crate::stage::StageError;

/// The demo's client id at the provider.
pub(crate) const CLIENT_ID: &str = "demo";

const CONFIGURATION: &str = "demo.toml";
const SECRET: &str = "demo.secret";
const OWNER_TOKEN: &str = "owner.token";

/// Where people may be sent back to.
pub(crate) struct Addresses {
    /// After signing in.
    pub(crate) redirect_uris: Vec<String>,
    /// After signing out.
    pub(crate) post_logout_redirect_uris: Vec<String>,
}

/// Where the demo keeps its files. A temporary folder goes away with this value.
pub(crate) struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    /// The folder to keep, made if it does not exist; or a temporary one.
    pub(crate) fn open(keep: Option<&Path>) -> io::Result<Self> {
        if let Some(path) = keep {
            fs::create_dir_all(path)?;
            return Ok(Self { path: fs::canonicalize(path)?, _temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("plex-oidc-demo-").tempdir()?;
        Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) })
    }

    /// The configuration file.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.path.join(CONFIGURATION)
    }

    /// The client secret: the one that is there, or a new one.
    pub(crate) fn client_secret(&self, entropy: &Arc<dyn Entropy>) -> io::Result<String> {
        let path = self.path.join(SECRET);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = entropy.secret(SecretKind::ClientSecret).expose().to_owned();
                edit::create_private(&path, &format!("{secret}\n"))?;
                Ok(secret)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the configuration anew: ports and the emulator's tokens differ from run to run. Keys and database stay.
    pub(crate) fn write_configuration(
        &self,
        public_url: &str,
        addresses: &Addresses,
        emulator: &Emulator,
    ) -> io::Result<String> {
        let listen = public_url.replacen("http://localhost", "127.0.0.1", 1);
        let text = format!(
            "# The configuration of this demo, as plex-oidc reads it. It is written anew at each start.\n\
             public_url = {public_url:?}\n\
             listen = [{listen:?}]\n\
             data_dir = \"data\"\n\
             trusted_proxies = [\"127.0.0.1\"] # the proxy of the application below; on this machine anybody can be it\n\
             \n\
             [keys]\n\
             file = \"demo.key\"\n\
             \n\
             [plex]\n\
             server = {MAIN_SERVER:?}\n\
             owner_id = {OWNER_ID}\n\
             owner_token_file = {OWNER_TOKEN:?} # with it, access ends when a share does\n\
             recheck_every = \"10s\" # so that you see it; five minutes in earnest\n\
             product = \"plex-oidc demo\"\n\
             \n\
             [plex.urls] # the stand-in for plex.tv\n\
             plex_tv = {plex_tv:?}\n\
             clients = {clients:?}\n\
             app = {app:?}\n\
             \n\
             [limits]\n\
             sign_in_starts_per_address = 300 # everybody here has the same address\n\
             \n\
             [theme]\n\
             title = \"The demo house\"\n\
             \n\
             [[clients]]\n\
             id = {CLIENT_ID:?}\n\
             name = \"Demo relying party\"\n\
             secret_file = {SECRET:?}\n\
             scopes = [\"openid\", \"profile\", \"email\", \"groups\", \"offline_access\"]\n\
             redirect_uris = [{redirect_uris}]\n\
             post_logout_redirect_uris = [{post_logout_redirect_uris}]\n\
             \n\
             [[apps]] # knows no sign-in: a proxy asks for it\n\
             name = \"lounge\"\n\
             host = {HOST_NAME:?}\n",
            plex_tv = emulator.plex_tv_url(),
            clients = emulator.clients_url(),
            app = emulator.app_url(),
            redirect_uris = quoted(&addresses.redirect_uris),
            post_logout_redirect_uris = quoted(&addresses.post_logout_redirect_uris),
        );
        fs::write(self.configuration(), &text)?;
        self.write_owner_token(&emulator.world().token_for("owner"))?;
        Ok(text)
    }

    fn write_owner_token(&self, token: &str) -> io::Result<()> {
        let path = self.path.join(OWNER_TOKEN);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        edit::create_private(&path, &format!("{token}\n"))
    }

    /// Loads the configuration, and makes keys and database if this folder has none.
    pub(crate) async fn load(
        &self,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Loaded, StageError> {
        let loaded =
            config::load(&self.configuration(), &BTreeMap::new()).map_err(StageError::Configuration)?;
        let config = &loaded.config;
        if !config.key_file.exists() && !database_path(config).exists() {
            installation::create(config, clock, entropy).await?;
        }
        Ok(loaded)
    }
}

fn quoted(addresses: &[String]) -> String {
    let quoted: Vec<String> = addresses.iter().map(|uri| format!("{uri:?}")).collect();
    quoted.join(", ")
}
