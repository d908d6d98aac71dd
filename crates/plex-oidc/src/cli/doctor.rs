//! `doctor`: what somebody gets who shows nothing, or shows what is forged or planted, at each application's address.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use plex_oidc_core::gateway::Host;
use plex_oidc_core::secret::{Secret, SecretKind};

use super::{Exit, World};
use crate::config::Config;
use crate::doctor::dial::{Endpoint, Network};
use crate::doctor::forged::Forged;
use crate::doctor::{Look, Outcome, Wish, examine, report};

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// The application to look at [default: every one that names a host]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// A host of it: needed where it names `*.example.com` only, or has a port of its own
    #[arg(long, value_name = "HOST[:PORT]", value_parser = host)]
    host: Option<(Host, Option<u16>)>,
    /// A path that needs a sign-in, whose answer tells most [default: found by the rules]
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Ask this address in place of the application's own, as a proxy or the end of a tunnel; may be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = Endpoint::parse)]
    via: Vec<Endpoint>,
    /// The applications print the request that they get, as traefik/whoami does: look what arrived
    #[arg(long)]
    echo: bool,
    /// An app token that is good there, to look with --echo at what arrives beside it
    #[arg(long, value_name = "FILE", requires = "echo")]
    token_file: Option<PathBuf>,
    /// Further certificate authorities to believe (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

fn host(text: &str) -> Result<(Host, Option<u16>), &'static str> {
    Host::parse_with_port(text).ok_or("a host such as wiki.example.com")
}

/// Runs `doctor`.
pub fn run(file: &Path, arguments: &DoctorArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let made = network(&config, arguments).and_then(|network| Ok((network, token(arguments)?)));
    let (network, token) = match made {
        Ok(made) => made,
        Err(why) => return world.fail(&format!("Nothing was looked at: {why}.")),
    };
    let Some(forged) = Forged::new((world.random)(), (world.random)()) else {
        return world.fail("Nothing was looked at: no key could be made to forge with.");
    };
    let wish =
        Wish { app: arguments.app.clone(), host: arguments.host.clone(), path: arguments.path.clone() };
    let look = Look {
        config: &config,
        wish: &wish,
        via: &arguments.via,
        echo: arguments.echo,
        token: token.as_ref().map(Secret::expose),
        forged: &forged,
        now: world.clock.now(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings = match runtime.block_on(examine(&look, &network)) {
        Ok(findings) => findings,
        Err(why) => return world.fail(&format!("Nothing was looked at: {why}.")),
    };
    let print = if arguments.json { report::json } else { report::text };
    print(&findings, world.out)?;
    let sick = findings.iter().any(|finding| finding.outcome == Outcome::Problem);
    Ok(if sick { Exit::Failed } else { Exit::Done })
}

/// The network, with the public certificate authorities, those for Plex and those named here.
fn network(config: &Config, arguments: &DoctorArguments) -> Result<Network, String> {
    let mut pem = Vec::new();
    for file in config.plex.iter().flat_map(|plex| &plex.extra_ca_file).chain(&arguments.ca_file) {
        pem.extend(read(file)?);
        pem.push(b'\n');
    }
    let tls = plextv::tls_config(Some(pem.as_slice()).filter(|pem| !pem.is_empty()));
    Ok(Network::new(tls.map_err(|error| error.to_string())?.into()))
}

fn token(arguments: &DoctorArguments) -> Result<Option<Secret>, String> {
    let Some(file) = &arguments.token_file else { return Ok(None) };
    let text = String::from_utf8(read(file)?).unwrap_or_default();
    let token = Secret::parse(SecretKind::AppToken, text.trim());
    token.map(Some).ok_or_else(|| format!("{} holds no app token", file.display()))
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let said = |error: &dyn Display| format!("{} cannot be read: {error}", file.display());
    fs::read(file).map_err(|error| said(&error))
}
