//! What well-known applications need: one small file for each in the folder `presets`, embedded as text.
//!
//! Owns the form of these files and the catalogue. A file is parsed when somebody asks for it and not before, so that the
//! catalogue costs a running service nothing. What a preset means for a section of the configuration is said in `config`.

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::assets::PRESETS;

/// Instructions that one text may cost; ours need a few dozen.
const FUEL: u64 = 20_000;

/// What stands where the secret belongs, when nobody here knows it: only its hash is kept.
pub const SECRET_PLACE: &str = "CLIENT-SECRET";

/// What stands where a host belongs that nobody here knows.
pub const HOST_PLACE: &str = "HOST-OF-YOUR-APP";

/// One application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name for people.
    pub title: String,
    /// Its own site.
    pub homepage: String,
    /// Where the facts come from: pages or files of the application's own authors wherever there are some.
    pub source: Vec<String>,
    /// The day on which they were looked up, and in which version.
    pub looked_up: String,
    /// How sure they are.
    pub verified: Verified,
    /// What the host puts where, as a template.
    pub snippet: String,
    /// In which way people sign in to it.
    pub kind: Kind,
}

/// What the facts of a preset stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verified {
    /// The application's own documentation says so.
    Documentation,
    /// The application's source code does so.
    Source,
    /// A guide of others says so: that of another OpenID provider, mostly.
    Guide,
    /// Nobody could look it up.
    No,
}

impl Verified {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documentation => "documentation",
            Self::Source => "source",
            Self::Guide => "a guide of others",
            Self::No => "not verified",
        }
    }
}

/// In which way people sign in to an application.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It speaks OpenID Connect.
    Client(ClientFacts),
    /// It does not, and goes behind the gateway.
    Gateway(GatewayFacts),
}

impl Kind {
    /// For people.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Client(_) => "OpenID Connect",
            Self::Gateway(_) => "behind the gateway",
        }
    }
}

/// What a `[[clients]]` section needs. The words are those of the configuration, which checks them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientFacts {
    /// Redirect URIs below the address of the application: what follows that address.
    #[serde(default)]
    pub redirect_paths: Vec<String>,
    /// Redirect URIs that are the same everywhere, such as those of mobile applications.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// How it proves itself.
    pub auth_method: String,
    /// Whether it uses PKCE.
    pub pkce_required: bool,
    /// How its ID tokens must be signed.
    pub signing_algorithm: String,
    /// What it can be granted.
    pub scopes: Vec<String>,
    /// What it reads from the ID token alone.
    #[serde(default)]
    pub id_token_claims: Vec<String>,
    /// By what it knows somebody again, set up as the snippet says.
    pub known_by: KnownBy,
}

/// By what an application knows somebody again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownBy {
    /// The subject, which never changes and is never given to anybody else.
    Subject,
    /// The e-mail address, if only once, to find an account that is there already.
    Email,
    /// The name at Plex, which its owner can change.
    Username,
    /// Nobody has found out.
    Unknown,
}

impl KnownBy {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Email => "e-mail address",
            Self::Username => "username",
            Self::Unknown => "not known",
        }
    }

    /// What the host should know about it.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Subject => None,
            Self::Email => Some(
                "It knows people by their e-mail address: leave require_confirmed_email in [rules] switched on, or somebody \
                 could claim the address of another.",
            ),
            Self::Username => Some(
                "It knows people by their name at Plex, which they can change: whoever takes the name of another gets \
                 their account there. Let only people in whom you trust with all of it (`allow`).",
            ),
            Self::Unknown => Some(
                "Nobody has found out by what it knows people again. Names at Plex can be changed; see that an account of \
                 your own there is not found by its name.",
            ),
        }
    }
}

impl ClientFacts {
    /// Whether its redirect URIs depend on where it is.
    pub fn needs_url(&self) -> bool {
        !self.redirect_paths.is_empty()
    }

    /// Whether it keeps no secret.
    pub fn is_public(&self) -> bool {
        self.auth_method == "none"
    }
}

/// What an application behind the gateway needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayFacts {
    /// Its `[[apps]]` section, as a template.
    pub section: String,
}

/// Why there is no preset, or no text from it.
#[derive(Debug, Error)]
pub enum PresetError {
    /// No file has this name.
    #[error("there is no preset `{0}`")]
    Unknown(String),
    /// The file cannot be read. Unreachable while the tests pass.
    #[error("the preset `{0}` cannot be read")]
    Unreadable(&'static str, #[source] toml::de::Error),
    /// The template cannot be filled. Unreachable while the tests pass.
    #[error("the text of the preset cannot be filled in")]
    Unfillable(#[from] minijinja::Error),
}

/// What a template may use.
#[derive(Debug, Clone, Serialize)]
pub struct Values<'v> {
    /// Our issuer, without a slash at its end.
    pub issuer: &'v str,
    /// The client id.
    pub client_id: &'v str,
    /// The secret, or [`SECRET_PLACE`]; empty for a public client.
    pub client_secret: &'v str,
    /// Where browsers reach the application, without a slash at the end. Not there if its preset asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'v str>,
    /// The host of an application behind the gateway, or [`HOST_PLACE`]. Not there for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<&'v str>,
}

/// The names of all presets, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// Reads the preset of this name.
pub fn find(name: &str) -> Result<Preset, PresetError> {
    let file = PRESETS.iter().find(|(known, _)| *known == name);
    let (name, text) = file.ok_or_else(|| PresetError::Unknown(name.escape_debug().to_string()))?;
    toml::from_str(text).map_err(|error| PresetError::Unreadable(name, error))
}

/// Fills a template of a preset. `values` have been checked with [`is_safe`].
pub fn filled(template: &str, values: &Values<'_>) -> Result<String, PresetError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // The last line break of a template is not part of what it makes.
    Ok(environment.render_str(template, Value::from(Serde(values)))? + "\n")
}

/// Whether a text may stand in the configuration of another program: letters, digits and what addresses are made of,
/// nothing that a quotation, a block, a list or a line could end with.
pub fn is_safe(value: &str) -> bool {
    let fits = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'[' | b']')
    };
    !value.is_empty() && value.bytes().all(fits)
}
