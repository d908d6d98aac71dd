//! Proof Key for Code Exchange (RFC 7636). S256 only: `plain` protects from nobody who can read the request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::secret::sha256;

/// The S256 challenge sent with the authorization request: exactly 43 base64url characters (RFC 7636 s. 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads a challenge; padding, other alphabets and other lengths are refused.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Whether `verifier` is what this challenge was made from (RFC 7636 s. 4.6).
    pub fn is_met_by(&self, verifier: &CodeVerifier) -> bool {
        let made = Self::of(verifier).0;
        aws_lc_rs::constant_time::verify_slices_are_equal(made.as_bytes(), self.0.as_bytes()).is_ok()
    }

    /// The challenge that `verifier` meets (RFC 7636 s. 4.2).
    pub fn of(verifier: &CodeVerifier) -> Self {
        Self(URL_SAFE_NO_PAD.encode(sha256(verifier.0.as_bytes())))
    }

    /// The challenge as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The verifier sent with the code: 43 to 128 unreserved characters (RFC 7636 s. 4.1). Deliberately not `Debug`.
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// Reads a verifier.
    pub fn parse(text: &str) -> Option<Self> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        ((43..=128).contains(&text.len()) && text.bytes().all(unreserved)).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_holds() {
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(challenge.is_met_by(&verifier));
        assert!(!challenge.is_met_by(&CodeVerifier::parse(&"a".repeat(43)).unwrap()));
    }

    #[test]
    fn req_035_verifier_and_challenge_have_their_exact_shape() {
        for bad in
            ["a".repeat(42), "a".repeat(129), format!("{}=", "a".repeat(43)), format!("{}+", "a".repeat(43))]
        {
            assert!(CodeVerifier::parse(&bad).is_none(), "{bad}");
        }
        for bad in
            ["A".repeat(42), "A".repeat(44), format!("{}=", "A".repeat(43)), format!("{}+", "A".repeat(42))]
        {
            assert!(CodeChallenge::parse(&bad).is_none(), "{bad}");
        }
        assert!(CodeVerifier::parse(&"~".repeat(128)).is_some());
    }
}
