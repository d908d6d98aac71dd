//! `client add`, `client list` and `client rotate-secret`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use plex_oidc_core::client::{Client, ClientAuthMethod, GrantType};
use plex_oidc_core::secret::{Secret, SecretKind};

use super::{Exit, World, presets};
use crate::config::edit::{self, NewClient};
use crate::config::{self, Config, Loaded};

/// What can be done with applications.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Add an application to the configuration and make its secret
    Add(AddArguments),
    /// List the applications
    List,
    /// Make a new secret; the one before it works until --finish
    RotateSecret(RotateArguments),
}

/// The arguments of `client add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The client id, such as immich [default: the name of the preset]
    #[arg(required_unless_present = "preset")]
    id: Option<String>,
    /// The application that it is, as `plex-oidc presets` lists it: whatever is not said here comes from there
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// The address at which browsers reach the application, for its preset
    #[arg(long, requires = "preset")]
    url: Option<String>,
    /// The callback address of the application; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI", required_unless_present_any = ["preset", "device"])]
    redirect_uris: Vec<String>,
    /// It is a television or a command line: people type a code that it shows
    #[arg(long)]
    device: bool,
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// How it proves itself [default: as its preset says, else basic]
    #[arg(long, value_enum)]
    auth_method: Option<Method>,
    /// Who may use it; may be repeated [default: everybody the server is shared with]
    #[arg(long, value_name = "GROUP")]
    allow: Vec<String>,
    /// A claim that the application reads from the ID token; may be repeated
    #[arg(long = "id-token-claim", value_name = "CLAIM")]
    id_token_claims: Vec<String>,
}

impl AddArguments {
    fn id(&self) -> &str {
        self.id.as_deref().or(self.preset.as_deref()).unwrap_or_default()
    }

    /// Those that the default does not have.
    fn grant_types(&self) -> &'static [&'static str] {
        let in_browsers = self.preset.is_some() || !self.redirect_uris.is_empty();
        match (self.device, in_browsers) {
            (false, _) => &[],
            (true, true) => &["authorization_code", "device_code"],
            (true, false) => &["device_code"],
        }
    }

    /// The client without its secret; else why there is none.
    fn client(&self) -> Result<NewClient, String> {
        let facts = match &self.preset {
            Some(name) => {
                Some(config::client_facts(name).map_err(|(wrong, remedy)| format!("{wrong}. {remedy}"))?)
            }
            None => None,
        };
        if self.url.is_none() && facts.as_ref().is_some_and(|(_, facts)| facts.needs_url()) {
            return Err(
                "this preset needs the address of the application: --url https://app.example.com.".to_owned()
            );
        }
        let public = match self.auth_method {
            Some(method) => method == Method::None,
            None => facts.is_some_and(|(_, facts)| facts.is_public()),
        };
        Ok(NewClient {
            id: self.id().to_owned(),
            preset: self.preset.clone(),
            url: self.url.clone(),
            name: self.name.clone(),
            auth_method: self.auth_method.map(Method::auth_method),
            secret_file: (!public).then(|| edit::secret_file_name(self.id())),
            grant_types: self.grant_types().iter().map(|one| (*one).to_owned()).collect(),
            redirect_uris: self.redirect_uris.clone(),
            allow: self.allow.clone(),
            id_token_claims: self.id_token_claims.clone(),
        })
    }
}

/// How an application proves itself, in the words of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// Its secret in a header
    Basic,
    /// Its secret in the form
    Post,
    /// It cannot keep a secret
    None,
}

impl Method {
    const fn auth_method(self) -> ClientAuthMethod {
        match self {
            Self::Basic => ClientAuthMethod::ClientSecretBasic,
            Self::Post => ClientAuthMethod::ClientSecretPost,
            Self::None => ClientAuthMethod::None,
        }
    }
}

/// The arguments of `client rotate-secret`.
#[derive(Debug, Args)]
pub struct RotateArguments {
    /// The client id
    id: String,
    /// Make no new secret: end the one before the newest
    #[arg(long)]
    finish: bool,
}

/// Runs a `client` command.
pub fn run(file: &Path, command: &ClientCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let loaded = match world.load(file)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    match command {
        ClientCommand::Add(arguments)
            if loaded.config.clients.iter().any(|c| c.id.as_str() == arguments.id()) =>
        {
            world.fail(&format!("There is already an application {}. Nothing was changed.", arguments.id()))
        }
        ClientCommand::Add(arguments) => add(file, arguments, world),
        ClientCommand::List => list(&loaded.config, world),
        ClientCommand::RotateSecret(arguments) => rotate(file, &loaded.config, arguments, world),
    }
}

fn list(config: &Config, world: &mut World<'_>) -> io::Result<Exit> {
    for client in &config.clients {
        let state = if client.enabled { "" } else { " (switched off)" };
        writeln!(world.out, "{}  {}{state}", client.id, client.name)?;
        writeln!(world.out, "    {}", credentials(client))?;
        for uri in &client.redirect_uris {
            writeln!(world.out, "    {}", uri.as_str())?;
        }
        if client.may_use(GrantType::DeviceCode) {
            writeln!(world.out, "    shows codes, typed at {}", config.public_url.join("/device"))?;
        }
    }
    Ok(Exit::Done)
}

fn credentials(client: &Client) -> String {
    let method = match client.auth_method {
        ClientAuthMethod::ClientSecretBasic => "client_secret_basic",
        ClientAuthMethod::ClientSecretPost => "client_secret_post",
        ClientAuthMethod::PrivateKeyJwt => {
            return format!("private_key_jwt: public keys: {}", client.keys.len());
        }
        ClientAuthMethod::None => return "none: no secret".to_owned(),
    };
    match client.secrets.len() {
        1 => format!("{method}: 1 secret"),
        many => format!("{method}: {many} secrets, one replaces the other"),
    }
}

fn add(file: &Path, arguments: &AddArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let client = match arguments.client() {
        Ok(client) => client,
        Err(why) => return world.fail(&format!("Nothing was changed: {why}")),
    };
    let secret =
        client.secret_file.as_ref().map(|_| Secret::from_random(SecretKind::ClientSecret, (world.random)()));
    let text = match edit::add_client(&fs::read_to_string(file).unwrap_or_default(), &client) {
        Ok(text) => text,
        Err(error) => return world.fail(&format!("{}: {error}", file.display())),
    };
    let secret_path = client.secret_file.as_ref().map(|name| folder.join(name));
    let written = match (&secret, &secret_path) {
        (Some(secret), Some(path)) => match write_secret(path, file, secret) {
            Ok(()) => Some(Written(path.clone())),
            Err(error) => return world.fail(&unmade(path, &error)),
        },
        _ => None,
    };
    // Checked as a whole before the file is touched; if it will not do, the secret file goes again.
    let loaded = match config::parse(&file.display().to_string(), &text, folder, world.environment) {
        Ok(loaded) => loaded,
        Err(problems) => {
            write!(world.err, "Nothing was changed. With this application:\n{problems}")?;
            return Ok(Exit::BadConfiguration);
        }
    };
    if let Err(error) = edit::replace(file, &text, (world.random)()) {
        return world.fail(&unwritten(file, &error));
    }
    if let Some(written) = written {
        written.keep();
    }
    writeln!(world.err, "Added to {}. A running service takes it over within seconds.", file.display())?;
    added(&loaded, &client, secret.as_ref(), world)
}

/// Shows what the application needs: its snippet if it has a preset, else id and secret.
fn added(
    loaded: &Loaded,
    client: &NewClient,
    secret: Option<&Secret>,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    if let Some(used) = loaded.presets().iter().find(|used| used.client == client.id) {
        let exit = presets::for_client(&loaded.config, used, secret.map(Secret::expose), world)?;
        if exit == Exit::Done {
            return secret.map_or(Ok(()), |_| writeln!(world.err, "\n{SHOWN_ONCE}")).map(|()| exit);
        }
    }
    writeln!(world.out, "issuer:        {}", loaded.config.public_url)?;
    writeln!(world.out, "client id:     {}", client.id)?;
    secret.map_or(Ok(()), |secret| show(secret, world)).map(|()| Exit::Done)
}

/// Where a secret was shown.
const SHOWN_ONCE: &str = "The secret is shown this once: the file keeps only its hash.";

fn write_secret(path: &Path, config: &Path, secret: &Secret) -> io::Result<()> {
    edit::create_private_like(path, &edit::secret_file_text(secret), config)
}

/// A secret file that goes again unless it is kept.
struct Written(PathBuf);

impl Written {
    fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            drop(fs::remove_file(&self.0)); // we made it a moment ago; if it is gone, all the better
        }
    }
}

fn show(secret: &Secret, world: &mut World<'_>) -> io::Result<()> {
    writeln!(world.out, "client secret: {}", secret.expose())?;
    writeln!(world.err, "{SHOWN_ONCE}")
}

/// Why a file is not there that was to be made.
fn unmade(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{} exists already and is never overwritten. Move it away first.", path.display())
        }
        _ => unwritten(path, error),
    }
}

/// Why a file is as it was. Whatever it is, the file is not to be moved away.
fn unwritten(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("{shown} may not be written. Run this as the user that owns it.")
        }
        _ => format!("{shown} cannot be written: {error}"),
    }
}

/// With a third secret one of the two would end, and nobody here knows which of them the application uses.
fn unfinished(id: &str, path: &Path) -> String {
    format!(
        "Nothing was changed: {id} has two secrets already. If the application has the newest, end the other: \
         plex-oidc client rotate-secret {id} --finish. If the newest was lost, remove the first line of {} that is not \
         a comment, and run this again.",
        path.display()
    )
}

fn rotate(
    file: &Path,
    config: &Config,
    arguments: &RotateArguments,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    let Some(client) = config.clients.iter().find(|client| client.id.as_str() == arguments.id) else {
        let known: Vec<&str> = config.clients.iter().map(|client| client.id.as_str()).collect();
        return world.fail(&format!(
            "There is no application {}. Known: {}.",
            arguments.id,
            known.join(", ")
        ));
    };
    if client.secrets.is_empty() {
        return world.fail(&format!("{} has no secret: its auth_method uses none.", client.id));
    }
    let text = fs::read_to_string(file)?;
    let Some(name) = edit::secret_file_of(&text, client.id.as_str()) else {
        let why = format!("The secret of {} is not in a file: change the variable that holds it.", client.id);
        return world.fail(&why);
    };
    let path = file.parent().unwrap_or(Path::new("")).join(name);
    let old = fs::read_to_string(&path)?;
    if !arguments.finish && edit::has_second(&old) {
        return world.fail(&unfinished(client.id.as_str(), &path));
    }
    let secret = (!arguments.finish).then(|| Secret::from_random(SecretKind::ClientSecret, (world.random)()));
    let new =
        secret.as_ref().map_or_else(|| edit::rotation_finished(&old), |secret| edit::rotated(&old, secret));
    if let Err(error) = edit::replace(&path, &new, (world.random)()) {
        return world.fail(&unwritten(&path, &error));
    }
    let Some(secret) = secret else {
        writeln!(
            world.err,
            "{} now has one secret. A running service takes that over within seconds.",
            client.id
        )?;
        return Ok(Exit::Done);
    };
    writeln!(world.out, "client id:     {}", client.id)?;
    show(&secret, world)?;
    writeln!(
        world.err,
        "A running service takes both within seconds. Give the application the new one, then end the old one: \
         plex-oidc client rotate-secret {} --finish",
        client.id
    )?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_is_to_be_made_can_be_in_its_own_way() {
        let (path, error) = (Path::new("/etc/plex-oidc.toml"), io::ErrorKind::AlreadyExists.into());
        assert!(unmade(path, &error).contains("Move it away"));
        let said = unwritten(path, &error);
        assert!(said.contains("cannot be written") && !said.contains("Move it away"), "{said}");
    }
}
