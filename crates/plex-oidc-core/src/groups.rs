//! Groups: what is shared with somebody, said as names that rules and applications can use.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One group name. Ours begin with `plex-`; the host's own groups are built from them in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(String);

impl Group {
    /// Reads a group name: 1 to 128 visible ASCII characters without space, comma or quotation mark.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b',' | b'"' | b'\'' | b'\\');
        ((1..=128).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The owner of an accepted server.
    pub fn owner() -> Self {
        Self("plex-owner".to_owned())
    }

    /// A member of the owner's Plex Home.
    pub fn home() -> Self {
        Self("plex-home".to_owned())
    }

    /// Somebody with whom the server is shared outside the Home.
    pub fn friend() -> Self {
        Self("plex-friend".to_owned())
    }

    /// A managed user of the Home, an account without e-mail.
    pub fn managed() -> Self {
        Self("plex-managed".to_owned())
    }

    /// Everybody who may see one library, by its key on the server.
    pub fn library(key: u64) -> Self {
        Self(format!("plex-library:{key}"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is one that we give out ourselves.
    pub fn is_known_form(&self) -> bool {
        matches!(self.0.as_str(), "plex-owner" | "plex-home" | "plex-friend" | "plex-managed")
            || self.0.strip_prefix("plex-library:").is_some_and(|key| key.parse::<u64>().is_ok())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The groups of one person, sorted, each once.
pub type Groups = BTreeSet<Group>;
