//! `preset` in `[[clients]]`: what the section does not write, the preset says.
//!
//! It works on the document, before anything is checked: what a preset says is checked as if the host had written it.

use std::collections::BTreeMap;

use plex_oidc_core::redirect::RedirectUri;
use url::Url;

use super::problem::{Place, Problem};
use super::raw::{Document, Located, Value};
use super::reader::without_user;
use super::unknown::nearest;
use super::{schema, value};
use crate::presets::{self, ClientFacts, Kind, PresetError};

/// An application that has a preset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetUse {
    /// Its client id.
    pub client: String,
    /// The name of the preset.
    pub preset: String,
    /// Where browsers reach it, without a slash at the end.
    pub url: Option<String>,
}

/// The presets that were read so far: many applications may have the same one.
type Known = BTreeMap<String, Result<(String, ClientFacts), (String, String)>>;

/// The applications that have a preset.
pub(super) fn uses(document: &Document) -> Vec<PresetUse> {
    let one = |at: String| {
        let said = |key: &str| Some(text(document, &schema::join(&at, key))?.value);
        let url = said("url").map(|url| trimmed(&url).to_owned());
        Some(PresetUse { client: said("id")?, preset: said("preset")?, url })
    };
    (0..document.count("clients")).filter_map(|index| one(format!("clients.{index}"))).collect()
}

/// Fills every `[[clients]]` section that has a preset.
pub(super) fn fill(document: &mut Document, problems: &mut Vec<Problem>) {
    let mut known = Known::new();
    for index in 0..document.count("clients") {
        let at = format!("clients.{index}");
        let unreadable = document.broken.contains(&schema::join(&at, "preset"));
        let problem = if unreadable { None } else { fill_one(document, &at, &mut known).err() };
        if unreadable || problem.is_some() {
            // Nobody knows what they would be, so nobody should call them missing.
            document.broken.insert(schema::join(&at, "redirect_uris"));
        }
        problems.extend(problem.filter(|problem| !document.broken.contains(&problem.key)));
    }
}

/// Fills the section at `at`, if it has a preset.
fn fill_one(document: &mut Document, at: &str, known: &mut Known) -> Result<(), Problem> {
    let (preset_key, url_key) = (schema::join(at, "preset"), schema::join(at, "url"));
    let url = text(document, &url_key);
    let Some(name) = text(document, &preset_key) else {
        let Some(url) = url else { return Ok(()) };
        let remedy =
            "Write the application's preset too (plex-oidc presets lists them), or `redirect_uris` instead.";
        return Err(problem(
            url.place,
            url_key,
            ("means nothing without `preset`".to_owned(), remedy.to_owned()),
        ));
    };
    let facts = known.entry(name.value.clone()).or_insert_with(|| client_facts(&name.value));
    let (title, facts) =
        facts.as_ref().map_err(|said| problem(name.place.clone(), preset_key, said.clone()))?;
    let address = address(url.as_ref(), facts).map_err(|said| {
        let place = url.map_or_else(|| document.place_of(at), |url| url.place);
        problem(place, url_key, said)
    })?;
    values(title.clone(), facts, &address).into_iter().try_for_each(|(key, value)| {
        fill_key(document, at, key, &Located { value, place: name.place.clone() })
    })
}

/// Sets one key, if the host left it to the preset.
fn fill_key(document: &mut Document, at: &str, name: &str, said: &Located<String>) -> Result<(), Problem> {
    let path = schema::join(at, name);
    let left = document.values.get(&path).is_none() && !document.broken.contains(&path);
    let Some((_, key)) = schema::find(&path).filter(|_| left && !said.value.is_empty()) else {
        return Ok(());
    };
    match value::from_text(key.kind, &said.value, &said.place) {
        Ok(value) => {
            document.values.set(at, key, Located { value, place: said.place.clone() });
            document.preset.insert(path);
            Ok(())
        }
        Err(refused) => match refused.into_iter().next() {
            Some(refused) => Err(problem(said.place.clone(), path, (refused.wrong, refused.remedy))),
            None => Ok(()),
        },
    }
}

/// Each key with what the preset says of it, as the text of a variable would.
fn values(title: String, facts: &ClientFacts, url: &str) -> [(&'static str, String); 7] {
    let below = facts.redirect_paths.iter().map(|path| format!("{url}{path}"));
    let redirect_uris: Vec<String> = below.chain(facts.redirect_uris.iter().cloned()).collect();
    [
        ("name", title),
        ("redirect_uris", redirect_uris.join(",")),
        ("auth_method", facts.auth_method.clone()),
        ("pkce_required", facts.pkce_required.to_string()),
        ("signing_algorithm", facts.signing_algorithm.clone()),
        ("scopes", facts.scopes.join(",")),
        ("id_token_claims", facts.id_token_claims.join(",")),
    ]
}

/// The title and the facts of the preset of a client; else what is wrong with its name and what to do.
pub fn client_facts(name: &str) -> Result<(String, ClientFacts), (String, String)> {
    let preset = presets::find(name).map_err(|error| (error.to_string(), instead(name, &error)))?;
    match preset.kind {
        Kind::Client(facts) => Ok((preset.title, facts)),
        Kind::Gateway(_) => {
            let remedy =
                format!("It goes behind the gateway: plex-oidc snippet {name} prints what it needs.");
            Err((format!("{} signs nobody in by OpenID Connect", preset.title), remedy))
        }
    }
}

/// What to do where a preset cannot be had.
pub fn instead(name: &str, error: &PresetError) -> String {
    let begins = |known: &&str| !name.is_empty() && (name.starts_with(known) || known.starts_with(name));
    let near = nearest(name, presets::names()).or_else(|| presets::names().find(begins));
    match near.filter(|_| matches!(error, PresetError::Unknown(_))) {
        Some(near) => format!("Did you mean \"{near}\"? All of them: plex-oidc presets."),
        None => "All of them: plex-oidc presets.".to_owned(),
    }
}

/// The address of the application without a slash at its end; empty where its preset asks for none.
fn address(url: Option<&Located<String>>, facts: &ClientFacts) -> Result<String, (String, String)> {
    let remedy =
        "Write the address at which browsers reach the application: url = \"https://app.example.com\".";
    let Some(url) = url else {
        let missing = || ("is missing, and the preset needs it".to_owned(), remedy.to_owned());
        return if facts.needs_url() { Err(missing()) } else { Ok(String::new()) };
    };
    let text = trimmed(&url.value);
    let refuse = |why: &str| Err((format!("`{}` {why}", without_user(text)), remedy.to_owned()));
    // What is made of it is a redirect URI, compared as text, and stands in texts for other programs.
    if let Err(error) = RedirectUri::register(text) {
        return refuse(&error.to_string());
    }
    match Url::parse(text).map(|url| url.origin().ascii_serialization()) {
        Ok(origin) if !origin.starts_with("http") => refuse("must be https"),
        Ok(origin) if !text.starts_with(&origin) => {
            refuse(&format!("must begin as browsers show it: {origin}"))
        }
        _ if !presets::is_safe(text) => {
            refuse("has a query, or a character that no address of an application needs")
        }
        _ => Ok(text.to_owned()),
    }
}

fn trimmed(url: &str) -> &str {
    url.trim_end_matches('/')
}

fn text(document: &Document, path: &str) -> Option<Located<String>> {
    let located = document.values.get(path)?;
    match &located.value {
        Value::Text(value) => Some(Located { value: value.clone(), place: located.place.clone() }),
        Value::Texts(_) | Value::Flag(_) | Value::Number(_) | Value::Length(_) => None,
    }
}

fn problem(place: Place, key: String, (wrong, remedy): (String, String)) -> Problem {
    Problem { place, key, wrong, remedy }
}
