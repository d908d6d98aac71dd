//! What a program of the host's may do at the API: the scopes of its token, and how a token is called. What each operation takes
//! stands with the operations.

use std::fmt;

/// One thing that a token of the API may be good for. The set is closed: a token never comes to be good for something that a later
/// version adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ApiScope {
    /// Who has signed in, and what they hold.
    PeopleRead,
    /// Ending what people hold, and saying something of them.
    PeopleWrite,
    /// Who asks for access.
    RequestsRead,
    /// Answering them.
    RequestsWrite,
    /// What the file declares.
    AppsRead,
    /// How well it is known who is a member.
    MembershipRead,
    /// Having Plex asked out of turn.
    MembershipCheck,
    /// Which keys sign.
    KeysRead,
    /// Rotating them out of turn.
    KeysRotate,
    /// Who did what.
    AuditRead,
    /// Which passkeys owners have.
    PasskeysRead,
    /// Removing them.
    PasskeysRemove,
    /// The state of the program.
    HealthRead,
    /// Which tokens of the API there are.
    TokensRead,
    /// Ending them.
    TokensRevoke,
}

impl ApiScope {
    /// Every scope, in the order in which they are written.
    pub const ALL: [Self; 15] = [
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::RequestsRead,
        Self::RequestsWrite,
        Self::AppsRead,
        Self::MembershipRead,
        Self::MembershipCheck,
        Self::KeysRead,
        Self::KeysRotate,
        Self::AuditRead,
        Self::PasskeysRead,
        Self::PasskeysRemove,
        Self::HealthRead,
        Self::TokensRead,
        Self::TokensRevoke,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PeopleRead => "people:read",
            Self::PeopleWrite => "people:write",
            Self::RequestsRead => "requests:read",
            Self::RequestsWrite => "requests:write",
            Self::AppsRead => "apps:read",
            Self::MembershipRead => "membership:read",
            Self::MembershipCheck => "membership:check",
            Self::KeysRead => "keys:read",
            Self::KeysRotate => "keys:rotate",
            Self::AuditRead => "audit:read",
            Self::PasskeysRead => "passkeys:read",
            Self::PasskeysRemove => "passkeys:remove",
            Self::HealthRead => "health:read",
            Self::TokensRead => "api-tokens:read",
            Self::TokensRevoke => "api-tokens:revoke",
        }
    }

    /// What it is good for, for documents and for the command line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::PeopleRead => {
                "see people, their sessions, browsers, tokens and consents, and what they may use and why"
            }
            Self::PeopleWrite => {
                "end what people hold, block them, name them beforehand, open applications to them"
            }
            Self::RequestsRead => "see who asks for access",
            Self::RequestsWrite => "answer them",
            Self::AppsRead => "see clients and applications as the file declares them",
            Self::MembershipRead => "see how well it is known who is a member",
            Self::MembershipCheck => "have Plex asked now",
            Self::KeysRead => "see the signing keys, without their secrets",
            Self::KeysRotate => "rotate them",
            Self::AuditRead => "read the audit log",
            Self::PasskeysRead => "see which passkeys owners have",
            Self::PasskeysRemove => "remove them: an owner's way in while Plex does not answer",
            Self::HealthRead => "see version, start and size",
            Self::TokensRead => "see the tokens of this API",
            Self::TokensRevoke => "end them",
        }
    }

    /// The scope of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    const fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ApiScopes(u16);

impl ApiScopes {
    /// Reads what [`fmt::Display`] writes. Names that this version does not know are good for nothing.
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(ApiScope::parse).collect()
    }

    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: ApiScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is no scope at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in writing order.
    pub fn iter(self) -> impl Iterator<Item = ApiScope> {
        ApiScope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<ApiScope> for ApiScopes {
    fn from_iter<I: IntoIterator<Item = ApiScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl fmt::Display for ApiScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(ApiScope::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for ApiScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiScopes({self})")
    }
}

/// The public name of a token of the API: eight digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiTokenId(pub u32);

impl ApiTokenId {
    /// One of these random bytes.
    pub const fn from_random([a, b, c, d, ..]: [u8; 32]) -> Self {
        Self(u32::from_be_bytes([a, b, c, d]))
    }

    /// Reads what [`fmt::Display`] writes, and no other spelling of it.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(u32::from_str_radix(text, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for ApiTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_a_name_and_a_bit_of_its_own() {
        for scope in ApiScope::ALL {
            assert_eq!(ApiScope::parse(scope.as_str()), Some(scope));
            let alone: ApiScopes = [scope].into_iter().collect();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [scope]);
            assert_eq!(ApiScopes::parse(&alone.to_string()), alone);
        }
        let all: ApiScopes = ApiScope::ALL.into_iter().collect();
        assert_eq!(all.iter().count(), ApiScope::ALL.len());
        assert_eq!(ApiScopes::parse(&all.to_string()), all);
    }

    #[test]
    fn nothing_else_is_a_scope() {
        for text in ["", " ", "people", "people:*", "PEOPLE:READ", "people:read,people:write", "openid", "*"]
        {
            assert!(ApiScopes::parse(text).is_empty(), "{text}");
        }
        assert_eq!(ApiScopes::parse("future:thing people:read").to_string(), "people:read");
    }

    #[test]
    fn a_token_id_has_one_spelling() {
        let id = ApiTokenId(0x0a1b_2c3d);
        assert_eq!((id.to_string().as_str(), ApiTokenId::parse("0a1b2c3d")), ("0a1b2c3d", Some(id)));
        for text in ["", "a1b2c3d", "0A1B2C3D", "+0a1b2c3", "0a1b2c3d0", "0a1b2c3g"] {
            assert_eq!(ApiTokenId::parse(text), None, "{text}");
        }
    }
}
