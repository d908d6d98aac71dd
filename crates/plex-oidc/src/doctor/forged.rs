//! What looks like a credential and is none: assertions of Cloudflare Access that Access never made, a cookie and an app
//! token that were never given out.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::{Seconds, Timestamp};
use serde_json::{Value, json};

use super::probes::MARK;

/// The name of a key that nobody has.
const UNKNOWN_KEY: &str = "plex-oidc-doctor";

/// How a forged assertion is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed<'k> {
    /// Not at all.
    Not,
    /// By a key of ours, under a name that the team does not know.
    UnderUnknownName,
    /// By a key of ours, under the name of one of the team's.
    UnderName(&'k str),
}

/// What is shown as good, and is not.
pub struct Forged {
    key: RsaKeyPair,
    session: Secret,
    token: Secret,
}

impl Forged {
    /// Made of random bytes, and of a key that is gone with the process. `None`: the library made no key.
    pub fn new(session: [u8; Secret::RANDOM_BYTES], token: [u8; Secret::RANDOM_BYTES]) -> Option<Self> {
        Some(Self {
            key: RsaKeyPair::generate(KeySize::Rsa2048).ok()?,
            session: Secret::from_random(SecretKind::GatewaySession, session),
            token: Secret::from_random(SecretKind::AppToken, token),
        })
    }

    /// The secret of a gateway session that nobody has.
    pub(super) const fn session(&self) -> &Secret {
        &self.session
    }

    /// An app token of the right form.
    pub(super) fn token(&self) -> &str {
        self.token.expose()
    }

    /// An assertion with everything right but its signature.
    pub(super) fn assertion(
        &self,
        signed: Signed<'_>,
        issuer: &str,
        audience: &str,
        now: Timestamp,
    ) -> String {
        let header = match signed {
            Signed::Not => json!({ "alg": "none", "typ": "JWT" }),
            Signed::UnderUnknownName => json!({ "alg": "RS256", "typ": "JWT", "kid": UNKNOWN_KEY }),
            Signed::UnderName(kid) => json!({ "alg": "RS256", "typ": "JWT", "kid": kid }),
        };
        let claims = json!({
            "iss": issuer,
            "aud": [audience],
            "type": "app",
            "sub": "00000000-0000-4000-8000-000000000000",
            "email": format!("{MARK}@example.com"),
            "iat": now.0,
            "nbf": now.0,
            "exp": now.plus(Seconds::minutes(5)).0,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed_part = format!("{}.{}", part(&header), part(&claims));
        let signature = match signed {
            Signed::Not => String::new(),
            Signed::UnderUnknownName | Signed::UnderName(_) => self.signature(&signed_part),
        };
        format!("{signed_part}.{signature}")
    }

    fn signature(&self, text: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        // Nobody shall believe it; if the library fails to sign, zeros are as wrong.
        let _made = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        URL_SAFE_NO_PAD.encode(signature)
    }
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::jose::UnverifiedJwt;

    use super::*;

    #[test]
    fn an_assertion_is_well_formed_but_for_its_signature() {
        let forged = Forged::new([1; 32], [2; 32]).unwrap();
        let made = |signed| forged.assertion(signed, "https://t.example", "tag", Timestamp(1_000));
        assert!(UnverifiedJwt::parse(&made(Signed::Not)).is_err(), "no algorithm is none of ours");
        assert!(made(Signed::Not).ends_with('.'));
        let own = made(Signed::UnderName("theirs"));
        let read = UnverifiedJwt::parse(&own).unwrap();
        assert_eq!(read.kid(), Some("theirs"));
        let payload = own.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["aud"][0], &claims["exp"]),
            (&json!("https://t.example"), &json!("tag"), &json!(1_300))
        );
        assert!(Secret::parse(SecretKind::AppToken, forged.token()).is_some());
    }
}
