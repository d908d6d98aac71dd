//! Scopes (RFC 6749 s. 3.3, OIDC Core 1.0 s. 5.4, s. 11).
//!
//! Deviation from a strict server, allowed by RFC 6749 s. 3.3: a scope that we do not know is dropped, and the answer
//! names the scopes that were granted. Many applications ask for scopes of another provider and work without them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One permission name that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Makes the request an OpenID request; without it there is no ID token.
    OpenId,
    /// `name`, `preferred_username`, `picture`, and of local accounts whatever else a profile has.
    Profile,
    /// `email`, `email_verified`.
    Email,
    /// `address`; of local accounts only.
    Address,
    /// `phone_number`, `phone_number_verified`; of local accounts only.
    Phone,
    /// `groups`.
    Groups,
    /// A refresh token.
    OfflineAccess,
}

impl Scope {
    /// Every scope, in the order in which they are written.
    pub const ALL: [Self; 7] = [
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::Address,
        Self::Phone,
        Self::Groups,
        Self::OfflineAccess,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Address => "address",
            Self::Phone => "phone",
            Self::Groups => "groups",
            Self::OfflineAccess => "offline_access",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::OpenId => 1,
            Self::Profile => 2,
            Self::Email => 4,
            Self::Groups => 8,
            Self::OfflineAccess => 16,
            Self::Address => 32,
            Self::Phone => 64,
        }
    }
}

/// A set of scopes, written in one order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ScopeSet(u8);

impl ScopeSet {
    /// Reads a space-separated list; names that we do not know are dropped.
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(|name| Scope::ALL.into_iter().find(|s| s.as_str() == name)).collect()
    }

    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether every scope of this set is in `other`.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The scopes in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set and one scope less.
    #[must_use]
    pub const fn without(self, scope: Scope) -> Self {
        Self(self.0 & !scope.bit())
    }

    /// Whether there is no scope at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in writing order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl From<String> for ScopeSet {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<ScopeSet> for String {
    fn from(set: ScopeSet) -> Self {
        set.to_string()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_are_dropped_and_the_order_is_ours() {
        let set = ScopeSet::parse("email  fax openid email");
        assert_eq!(set.to_string(), "openid email");
        assert!(set.is_within(ScopeSet::parse("openid email profile")));
        assert!(!set.is_within(ScopeSet::parse("openid")));
        assert!(ScopeSet::parse("OpenID").is_empty());
    }
}
