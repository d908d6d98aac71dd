//! Secrets: made from 256 random bits, shown once, stored as a hash.
//!
//! A plain secret prints as `[redacted]` and has no equality; it is compared by looking up its hash. The prefix makes
//! a leaked one recognisable by scanners, and keeps one kind from being accepted as another.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What a secret is for. The kind is part of its text and of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// An authorization code (RFC 6749 s. 1.3.1).
    AuthorizationCode,
    /// An opaque access token (RFC 6749 s. 1.4).
    AccessToken,
    /// A refresh token (RFC 6749 s. 1.5).
    RefreshToken,
    /// The cookie of a browser session.
    BrowserSession,
    /// The cookie that ties one authorization request to the browser that began it.
    Login,
    /// A client secret that we generated.
    ClientSecret,
    /// The cookie of a session at an application behind the gateway.
    GatewaySession,
    /// The cookie that ties one visit to an application behind the gateway to the browser that began it.
    GatewayStart,
    /// An access token that a client has for itself (RFC 6749 s. 4.4).
    ClientToken,
    /// What a program shows instead of a person's cookie, at applications behind the gateway.
    AppToken,
    /// What names a pushed authorization request (RFC 9126 s. 2.2).
    PushedRequest,
    /// What a device asks for its tokens with (RFC 8628 s. 3.2).
    DeviceCode,
    /// The cookie that ties the form for a device's code to the browser that shows it.
    DevicePage,
    /// The link by which the owner reaches the host's page without Plex.
    AdminLink,
    /// The cookie of a visit to the host's page that began with such a link, or with a passkey.
    HostSession,
    /// The cookie that ties the use of a passkey to the browser that began it.
    PasskeyPage,
    /// The cookie by which a browser is known to an account. It opens nothing.
    KnownBrowser,
    /// What a program of the host's shows at the API.
    ApiToken,
}

impl SecretKind {
    /// Every kind.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 18] = [
        Self::AuthorizationCode,
        Self::AccessToken,
        Self::RefreshToken,
        Self::BrowserSession,
        Self::Login,
        Self::ClientSecret,
        Self::GatewaySession,
        Self::GatewayStart,
        Self::ClientToken,
        Self::AppToken,
        Self::PushedRequest,
        Self::DeviceCode,
        Self::DevicePage,
        Self::AdminLink,
        Self::HostSession,
        Self::PasskeyPage,
        Self::KnownBrowser,
        Self::ApiToken,
    ];

    /// What every secret of this kind begins with, so that one that leaked tells what it is.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "poc_",
            Self::AccessToken => "poa_",
            Self::RefreshToken => "por_",
            Self::BrowserSession => "pob_",
            Self::Login => "pol_",
            Self::ClientSecret => "pos_",
            Self::GatewaySession => "pog_",
            Self::GatewayStart => "poh_",
            Self::ClientToken => "pom_",
            Self::AppToken => "pot_",
            Self::PushedRequest => "pop_",
            Self::DeviceCode => "pod_",
            Self::DevicePage => "pof_",
            Self::AdminLink => "poi_",
            Self::HostSession => "poj_",
            Self::PasskeyPage => "pow_",
            Self::KnownBrowser => "pok_",
            Self::ApiToken => "poz_",
        }
    }
}

/// A secret in the clear, on its way to or from the one who holds it.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    text: Zeroizing<String>,
}

impl Secret {
    /// Number of random bytes in a secret: 256 bits (security requirement 37 asks for at least 128).
    pub const RANDOM_BYTES: usize = 32;

    /// Writes `random` as a secret of this kind.
    pub fn from_random(kind: SecretKind, random: [u8; Self::RANDOM_BYTES]) -> Self {
        let text = Zeroizing::new(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(random)));
        Self { kind, text }
    }

    /// Reads a presented secret: the exact form [`Secret::from_random`] writes, nothing longer, shorter or re-encoded.
    pub fn parse(kind: SecretKind, text: &str) -> Option<Self> {
        let body = text.strip_prefix(kind.prefix())?;
        // One more than there are, because so many are expected by the length of the text.
        let mut bytes = Zeroizing::new([0; Self::RANDOM_BYTES + 1]);
        let length = URL_SAFE_NO_PAD.decode_slice(body, bytes.as_mut()).ok()?;
        (length == Self::RANDOM_BYTES).then(|| Self { kind, text: Zeroizing::new(text.to_owned()) })
    }

    /// The text itself. Call this only where it leaves for its holder.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The form that is stored and looked up.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.kind, self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}([redacted])", self.kind)
    }
}

/// The SHA-256 of a secret and its kind. Safe to store: the secret has 256 bits of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Hashes a presented text as a secret of `kind`.
    pub fn of(kind: SecretKind, text: &str) -> Self {
        let whole = Zeroizing::new([kind.prefix(), "\0", text].concat());
        Self(sha256(whole.as_bytes()))
    }

    /// Compares without telling by time where the difference is.
    pub fn matches(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// SHA-256 of `bytes`, for the places where a specification names that hash.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        for kind in SecretKind::ALL {
            let secret = Secret::from_random(kind, [7; 32]);
            let printed = format!("{secret:?} {:?}", secret.hash());
            assert!(!printed.contains(secret.expose()));
            assert!(printed.contains("redacted"));
        }
    }

    #[test]
    fn no_kind_of_secret_is_read_as_another() {
        for kind in SecretKind::ALL {
            let secret = Secret::from_random(kind, [9; 32]);
            for other in SecretKind::ALL {
                let read = Secret::parse(other, secret.expose());
                assert_eq!(read.is_some(), kind == other, "{kind:?} as {other:?}");
                let same_hash = SecretHash::of(other, secret.expose()).matches(&secret.hash());
                assert_eq!(same_hash, kind == other, "{kind:?} and {other:?}");
            }
        }
    }

    #[test]
    fn req_066_shortened_lengthened_or_reencoded_secrets_never_match() {
        let secret = Secret::from_random(SecretKind::RefreshToken, [0xf3; 32]);
        let text = secret.expose();
        for cut in 1..text.len() {
            assert!(
                Secret::parse(SecretKind::RefreshToken, text.get(..text.len() - cut).unwrap()).is_none(),
                "cut {cut}"
            );
        }
        for other in [format!("{text}="), format!("{text}A"), text.to_uppercase(), format!(" {text}")] {
            assert!(Secret::parse(SecretKind::RefreshToken, &other).is_none(), "{other}");
        }
        assert!(Secret::parse(SecretKind::AccessToken, text).is_none(), "one kind is not another");
        assert!(Secret::parse(SecretKind::RefreshToken, text).unwrap().hash().matches(&secret.hash()));
    }

    #[test]
    fn the_last_character_has_one_spelling() {
        let secret = Secret::from_random(SecretKind::AccessToken, [0; 32]);
        let mut text = secret.expose().to_owned();
        text.pop();
        text.push('B'); // trailing bits that the encoding does not use
        assert!(Secret::parse(SecretKind::AccessToken, &text).is_none());
    }
}
