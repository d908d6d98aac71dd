//! Identifiers: newtypes, so that one can never be passed where another is meant.
//!
//! None of these is a secret. What must stay secret is in [`crate::secret`].

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::secret::SecretHash;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the hyphenless form that [`fmt::Display`] writes; anything else is `None`.
            pub fn parse(text: &str) -> Option<Self> {
                if text.len() != 32 || text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return None;
                }
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.simple())
            }
        }
    };
}

uuid_id!(
    /// One stored authorization request; appears in the address of its sign-in page, and opens nothing by itself.
    RequestId
);
uuid_id!(
    /// A stored grant: this user, this client, these scopes, since then.
    GrantId
);
impl GrantId {
    /// The grant that a code with this hash stands for: one grant, one code, one name.
    pub const fn of_code(hash: SecretHash) -> Self {
        let (half, _) = hash.0.split_at(16);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(half);
        Self(Uuid::from_bytes(bytes))
    }
}

uuid_id!(
    /// The public name of a browser session, the `sid` claim (OIDC Back-Channel Logout 1.0 s. 2.1).
    Sid
);

uuid_id!(
    /// The public name of a browser that an account is known in. It opens nothing.
    BrowserId
);

/// The name under which a relying party is registered (RFC 6749 s. 2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Longest identifier accepted, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Accepts 1 to 255 visible ASCII characters (RFC 6749 appendix A.1).
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        (fits && text.bytes().all(|b| (0x20..=0x7e).contains(&b))).then(|| Self(text.to_owned()))
    }

    /// The identifier as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The numeric Plex account id: the one thing about a Plex account that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlexAccountId(pub u64);

impl fmt::Display for PlexAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number of an account that the host keeps. It is neither the name nor the e-mail address, both of which may change, and
/// no two people ever have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct LocalAccountId(u64);

impl LocalAccountId {
    /// The largest: as exact in JavaScript as here.
    pub const MAX: u64 = (1 << 53) - 1;

    /// Accepts 1 to [`LocalAccountId::MAX`].
    pub fn new(number: u64) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for LocalAccountId {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("not the number of a local account")
    }
}

impl From<LocalAccountId> for u64 {
    fn from(id: LocalAccountId) -> Self {
        id.0
    }
}

/// An account at one of the ways in: the one thing about a person that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountId {
    /// At Plex.
    Plex(PlexAccountId),
    /// Kept by the host.
    Local(LocalAccountId),
}

/// As in the subject: `plex-1002003`, `local-7`.
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plex(id) => write!(f, "plex-{id}"),
            Self::Local(id) => write!(f, "local-{}", id.0),
        }
    }
}

/// The machine identifier of a Plex Media Server: 40 hexadecimal digits, public.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineId(String);

impl MachineId {
    /// Accepts exactly 40 hexadecimal digits, and keeps them in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_ascii_lowercase()))
    }

    /// The identifier in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_only_the_form_they_write() {
        let id = RequestId(Uuid::from_u128(0x1234));
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
        assert_eq!(RequestId::parse(&id.0.hyphenated().to_string()), None);
        assert_eq!(RequestId::parse(&"A".repeat(32)), None);
        assert_eq!(RequestId::parse(""), None);
    }

    #[test]
    fn client_ids_are_visible_ascii() {
        assert!(ClientId::parse("cloudflare-access").is_some());
        assert!(ClientId::parse("").is_none());
        assert!(ClientId::parse("a\nb").is_none());
        assert!(ClientId::parse("ü").is_none());
        assert!(ClientId::parse(&"x".repeat(256)).is_none());
    }

    #[test]
    fn machine_ids_are_forty_hex_digits() {
        assert_eq!(MachineId::parse(&"AB".repeat(20)).unwrap().as_str(), "ab".repeat(20));
        assert!(MachineId::parse(&"g".repeat(40)).is_none());
        assert!(MachineId::parse("abc").is_none());
    }
}
