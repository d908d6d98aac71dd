//! Groups: what is shared with somebody, said as names that rules and applications can use. Where several servers are
//! accepted, `plex-friend` and its like are about any of them, and `plex-friend:attic` is about one.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::PlexFacts;
use crate::membership::AcceptedServer;

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

    /// Everybody with a Plex Pass.
    pub fn plex_pass() -> Self {
        Self("plex-pass".to_owned())
    }

    /// Everybody whose Plex account has two-factor sign-in set up.
    pub fn two_factor() -> Self {
        Self("plex-2fa".to_owned())
    }

    /// Everybody whose account the host keeps.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// A group of the host's own naming. None of ours, and nothing that reads as an account or an address.
    pub fn of_host(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let ours = lower == "local" || ["plex-", "local-"].iter().any(|prefix| lower.starts_with(prefix));
        Self::parse(text).filter(|_| !ours && !text.contains(['@', '|']))
    }

    /// Whether the host says who is in it: by giving them an account, or by naming the group.
    pub fn is_named_by_host(&self) -> bool {
        *self == Self::local() || Self::of_host(&self.0).is_some()
    }

    /// Everybody who may see one library, by its key on its server. Keys are local to a server: where there are several,
    /// the group names it.
    pub fn library(server: Option<&ServerName>, key: u64) -> Self {
        match server {
            Some(server) => Self(format!("plex-library:{server}:{key}")),
            None => Self(format!("plex-library:{key}")),
        }
    }

    /// Everybody who may download from a server.
    pub fn downloads(server: Option<&ServerName>) -> Self {
        Self("plex-downloads".to_owned()).of_any(server)
    }

    /// Everybody who may watch live television on a server.
    pub fn live_tv(server: Option<&ServerName>) -> Self {
        Self("plex-livetv".to_owned()).of_any(server)
    }

    fn of_any(self, server: Option<&ServerName>) -> Self {
        server.map_or_else(|| self.clone(), |server| self.of(server))
    }

    /// Whether it says what somebody was given of this part of a share of this server.
    pub fn is_of_share(&self, server: &AcceptedServer, part: SharePart) -> bool {
        self.meaning().is_some_and(|of| of.about.part() == Some(part) && of.server == server.name)
    }

    /// The same, of one server among several.
    #[must_use]
    pub fn of(&self, server: &ServerName) -> Self {
        Self(format!("{self}:{server}"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it says, if it is one that we could give out ourselves.
    pub fn meaning(&self) -> Option<Meaning> {
        let mut parts = self.0.splitn(3, ':');
        let (kind, first, second) = (parts.next()?, parts.next(), parts.next());
        let server =
            |text: Option<&str>| text.map(ServerName::parse).map_or(Some(None), |name| name.map(Some));
        match (kind, first, second) {
            ("plex-library", Some(key), None) => {
                Some(Meaning { server: None, about: About::Library(library_key(key)?) })
            }
            ("plex-library", name @ Some(_), Some(key)) => {
                Some(Meaning { server: server(name)?, about: About::Library(library_key(key)?) })
            }
            ("plex-owner" | "plex-home" | "plex-friend", name, None) => {
                Some(Meaning { server: server(name)?, about: About::Tier })
            }
            ("plex-downloads" | "plex-livetv", name, None) => {
                Some(Meaning { server: server(name)?, about: About::Permission })
            }
            ("plex-pass", None, None) => Some(Meaning { server: None, about: About::Fact(Fact::PlexPass) }),
            ("plex-2fa", None, None) => Some(Meaning { server: None, about: About::Fact(Fact::TwoFactor) }),
            ("plex-managed", None, None) => Some(Meaning { server: None, about: About::Account }),
            _ => None,
        }
    }
}

/// A key in the one spelling that we give out: what we never give would never match.
fn library_key(text: &str) -> Option<u64> {
    text.parse().ok().filter(|key: &u64| key.to_string() == text)
}

/// What a group of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The one server that it is about, where there are several.
    pub server: Option<ServerName>,
    /// What it is about.
    pub about: About,
}

impl Meaning {
    /// The library that it is about, by its key.
    pub fn library(&self) -> Option<u64> {
        match self.about {
            About::Library(key) => Some(key),
            About::Tier | About::Permission | About::Account | About::Fact(_) => None,
        }
    }
}

/// What a group of ours is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// How a server is shared with somebody.
    Tier,
    /// A library on a server, by its key.
    Library(u64),
    /// What somebody may do on a server, besides seeing its libraries.
    Permission,
    /// The account itself, whatever is shared with it.
    Account,
    /// What Plex says of the account at a sign-in.
    Fact(Fact),
}

impl About {
    /// The part of a share that it is about. What a share says is known with the owner's token alone, so it is not always
    /// known of a person.
    pub const fn part(self) -> Option<SharePart> {
        match self {
            Self::Library(_) => Some(SharePart::Libraries),
            Self::Permission => Some(SharePart::Permissions),
            Self::Tier | Self::Account | Self::Fact(_) => None,
        }
    }
}

/// What Plex says of an account, and a group stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// It has a Plex Pass.
    PlexPass,
    /// It has two-factor sign-in set up.
    TwoFactor,
}

impl Fact {
    /// Both.
    pub const ALL: [Self; 2] = [Self::PlexPass, Self::TwoFactor];

    /// Whether it is true of an account. `None`: not known.
    pub const fn of(self, facts: &PlexFacts) -> Option<bool> {
        match self {
            Self::PlexPass => facts.plex_pass,
            Self::TwoFactor => facts.two_factor,
        }
    }

    /// The group of those of whom it is true.
    pub fn group(self) -> Group {
        match self {
            Self::PlexPass => Group::plex_pass(),
            Self::TwoFactor => Group::two_factor(),
        }
    }
}

/// A part of what an owner shares with somebody. Plex may tell of one and not of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharePart {
    /// Which libraries.
    #[default]
    Libraries,
    /// What may be done besides: downloads, live television.
    Permissions,
}

/// What a server is called in the names of groups: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerName(String);

impl ServerName {
    /// From a name for people: letters and digits of ASCII in lower case, a hyphen for what stands between them. `None`
    /// if it has neither.
    pub fn of(name: &str) -> Option<Self> {
        let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
        (1..=64).contains(&slug.len()).then_some(Self(slug))
    }

    fn parse(text: &str) -> Option<Self> {
        Self::of(text).filter(|name| name.0 == text)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The groups of one person, sorted, each once.
pub type Groups = BTreeSet<Group>;

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Option<(Option<String>, Option<u64>)> {
        let meaning = Group::parse(text)?.meaning()?;
        Some((meaning.server.as_ref().map(ToString::to_string), meaning.library()))
    }

    #[test]
    fn a_group_says_of_which_server_and_which_library_it_is() {
        let attic = ServerName::of("The Attic, 2").unwrap();
        assert_eq!(attic.to_string(), "the-attic-2");
        for (group, server, library) in [
            (Group::library(None, 7), None, Some(7)),
            (Group::library(Some(&attic), 7), Some("the-attic-2"), Some(7)),
            (Group::friend(), None, None),
            (Group::owner().of(&attic), Some("the-attic-2"), None),
            (Group::managed(), None, None),
            (Group::downloads(None), None, None),
            (Group::plex_pass(), None, None),
            (Group::two_factor(), None, None),
            (Group::live_tv(Some(&attic)), Some("the-attic-2"), None),
        ] {
            assert_eq!(meaning(group.as_str()), Some((server.map(str::to_owned), library)), "{group}");
        }
    }

    #[test]
    fn a_group_of_the_host_is_never_one_that_plex_could_give() {
        for good in ["family", "Family-2", "suite:a"] {
            assert!(Group::of_host(good).unwrap().is_named_by_host(), "{good}");
        }
        for ours in
            ["plex-owner", "PLEX-owner", "Plex-x", "local", "LOCAL", "local-7", "a@b", "a|b", "a b", ""]
        {
            assert_eq!(Group::of_host(ours), None, "{ours}");
        }
        assert!(Group::local().is_named_by_host() && !Group::owner().is_named_by_host());
    }

    #[test]
    fn what_is_never_given_out_is_no_group_of_ours() {
        for odd in [
            "plex-library",
            "plex-library:",
            "plex-library:+7",
            "plex-library:07",
            "plex-library:films",
            "plex-library:Attic:7",
            "plex-library::7",
            "plex-library:attic:07",
            "plex-library:attic:7:8",
            "plex-friend:",
            "plex-friend:-attic",
            "plex-friend:attic:7",
            "plex-managed:attic",
            "plex-pass:attic",
            "plex-2fa:attic",
            "plex-2FA",
            "plex-downloads:",
            "plex-downloads:Attic",
            "plex-livetv:attic:7",
            "plex-live-tv",
            "friends",
        ] {
            assert_eq!(meaning(odd), None, "{odd}");
        }
        assert_eq!((ServerName::of("書斎"), ServerName::of("")), (None, None));
    }
}
