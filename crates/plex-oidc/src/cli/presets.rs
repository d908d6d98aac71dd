//! `presets`, and what `snippet` and `client add` print for an application that has one.

use std::io;

use clap::Args;
use serde_json::json;

use super::snippet::{NoSnippet, safe};
use super::{Exit, World};
use crate::config::{self, Config, Loaded, PresetUse};
use crate::presets::{
    self, GatewayFacts, HOST_PLACE, Kind, Preset, PresetError, SECRET_PLACE, Values, Verified,
};

/// The arguments of `presets`.
#[derive(Debug, Args)]
pub struct PresetsArguments {
    /// For programs: one line of JSON
    #[arg(long)]
    json: bool,
}

/// Lists the presets.
pub fn list(arguments: &PresetsArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let mut all = Vec::new();
    for name in presets::names() {
        match presets::find(name) {
            Ok(preset) => all.push((name, preset)),
            Err(error) => return world.fail(&format!("There is no list: {error}.")),
        }
    }
    if arguments.json {
        let one = |(name, preset): &(&str, Preset)| {
            let (kind, verified) = (preset.kind.as_str(), preset.verified.as_str());
            json!({ "name": name, "title": preset.title, "kind": kind, "verified": verified, "source": preset.source })
        };
        let lines: Vec<_> = all.iter().map(one).collect();
        return writeln!(world.out, "{}", json!(lines)).map(|()| Exit::Done);
    }
    for (name, preset) in all {
        let (kind, verified) = (preset.kind.as_str(), preset.verified.as_str());
        writeln!(world.out, "{name:<16} {:<30} {kind:<18} {verified}", preset.title)?;
    }
    Ok(Exit::Done)
}

/// Prints what belongs into the application that `what` names: a client with a preset, by its id or by the name of the
/// preset, or an application that goes behind the gateway.
pub(super) fn snippet(loaded: &Loaded, what: &str, world: &mut World<'_>) -> io::Result<Exit> {
    let all = loaded.presets();
    let by_id = all.iter().find(|used| used.client == what);
    let by_preset: Vec<&PresetUse> = all.iter().filter(|used| used.preset == what).collect();
    match (by_id, by_preset.as_slice()) {
        (Some(used), _) | (None, &[used]) => for_client(&loaded.config, used, None, world),
        (None, []) => for_nobody(&loaded.config, what, world),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|used| used.client.as_str()).collect();
            world.fail(&format!(
                "Several clients have the preset {what}. Name one by its id: {}.",
                ids.join(", ")
            ))
        }
    }
}

/// The snippet of a client, with its secret if that was made just now.
pub(super) fn for_client(
    config: &Config,
    used: &PresetUse,
    secret: Option<&str>,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    let public = config.clients.iter().any(|client| client.id.as_str() == used.client && client.is_public());
    let client_secret = if public { "" } else { secret.unwrap_or(SECRET_PLACE) };
    let filled = presets::find(&used.preset).map_err(NoSnippet::from).and_then(|preset| {
        let values = Values {
            issuer: safe("issuer", config.public_url.as_str())?,
            client_id: safe("client_id", &used.client)?,
            client_secret,
            url: used.url.as_deref().map(|url| safe("url", url)).transpose()?,
            host: None,
        };
        Ok((presets::filled(&preset.snippet, &values)?, preset))
    });
    let (text, preset) = match filled {
        Ok(filled) => filled,
        Err(error) => return world.fail(&format!("There is no snippet: {error}.")),
    };
    write!(world.out, "{text}")?;
    if !public && secret.is_none() {
        writeln!(
            world.err,
            "\nPut the secret where {SECRET_PLACE} stands. It was shown when it was made; here is only its hash. A new one: \
             plex-oidc client rotate-secret {}",
            used.client
        )?;
    }
    advise(&preset, world).map(|()| Exit::Done)
}

/// No client has this preset: it goes behind the gateway, or has to be added first, or is none.
fn for_nobody(config: &Config, what: &str, world: &mut World<'_>) -> io::Result<Exit> {
    let preset = match presets::find(what) {
        Ok(preset) => preset,
        Err(error) => {
            let remedy = config::instead_of_preset(what, &error);
            writeln!(
                world.err,
                "There is no snippet: {error}, nor a proxy or a client of this name. {remedy}"
            )?;
            return Ok(if matches!(error, PresetError::Unknown(_)) { Exit::Usage } else { Exit::Failed });
        }
    };
    match &preset.kind {
        Kind::Client(facts) => {
            let url =
                if facts.needs_url() { format!(" --url https://{what}.example.com") } else { String::new() };
            world.fail(&format!(
                "No client has the preset {what} yet. Add one: plex-oidc client add --preset {what}{url}"
            ))
        }
        Kind::Gateway(facts) => for_gateway(config, facts, &preset, world),
    }
}

/// The section for our configuration, and what belongs into the application.
fn for_gateway(
    config: &Config,
    facts: &GatewayFacts,
    preset: &Preset,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    let issuer = config.public_url.as_str();
    let values = Values { issuer, client_id: "", client_secret: "", url: None, host: Some(HOST_PLACE) };
    let both = presets::filled(&facts.section, &values).and_then(|ours| {
        let theirs = presets::filled(&preset.snippet, &values)?;
        Ok(format!("# Into the configuration of plex-oidc:\n{ours}\n{theirs}"))
    });
    match both {
        Ok(text) => {
            write!(world.out, "{text}")?;
            let next = "It also needs a proxy that asks here about every request: plex-oidc snippet --help names them.";
            writeln!(world.err, "\n{next}")?;
            advise(preset, world).map(|()| Exit::Done)
        }
        Err(error) => world.fail(&format!("There is no snippet: {error}.")),
    }
}

/// What to beware of, and what the facts stand on.
fn advise(preset: &Preset, world: &mut World<'_>) -> io::Result<()> {
    if let Kind::Client(facts) = &preset.kind
        && let Some(warning) = facts.known_by.warning()
    {
        writeln!(world.err, "\n{warning}")?;
    }
    let source = preset.source.join(" and ");
    let looked_up = &preset.looked_up;
    match preset.verified {
        Verified::Documentation => {
            writeln!(world.err, "\nAs its documentation says ({looked_up}): {source}")
        }
        Verified::Source => writeln!(world.err, "\nAs its source code does ({looked_up}): {source}"),
        Verified::Guide => {
            writeln!(world.err, "\nAs a guide says that is not its own ({looked_up}): {source}")
        }
        Verified::No => {
            writeln!(
                world.err,
                "\nNobody has verified this. If it is wrong, please tell us. See ({looked_up}): {source}"
            )
        }
    }
}
