//! Public keys: their JSON form (RFC 7517, RFC 8037), their thumbprint (RFC 7638), and checking a signature with one.
//!
//! Only public members exist as fields, so a private one can be neither written nor read. Key references that point
//! elsewhere (`x5u`, `x5c`, `jku`) are not fields either.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::client::SigningAlgorithm;
use crate::secret::sha256;

/// The members that are the key itself. Their order is the lexical one that RFC 7638 s. 3.3 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PublicMaterial {
    /// P-256 (RFC 7518 s. 6.2.1).
    Ec {
        /// The curve, `P-256`.
        crv: String,
        /// The key type, `EC`.
        kty: String,
        /// First coordinate, 32 bytes, base64url.
        x: String,
        /// Second coordinate, 32 bytes, base64url.
        y: String,
    },
    /// Ed25519 (RFC 8037 s. 2).
    Okp {
        /// The curve, `Ed25519`.
        crv: String,
        /// The key type, `OKP`.
        kty: String,
        /// The public key, 32 bytes, base64url.
        x: String,
    },
    /// RSA (RFC 7518 s. 6.3.1).
    Rsa {
        /// The public exponent, base64url.
        e: String,
        /// The key type, `RSA`.
        kty: String,
        /// The modulus, base64url.
        n: String,
    },
}

impl PublicMaterial {
    /// An RSA key from its big-endian parts.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let (e, n) = (URL_SAFE_NO_PAD.encode(exponent), URL_SAFE_NO_PAD.encode(modulus));
        Self::Rsa { e, kty: "RSA".to_owned(), n }
    }

    /// A P-256 key from its two coordinates.
    pub fn p256(x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Self::Ec { crv: "P-256".to_owned(), kty: "EC".to_owned(), x, y }
    }

    /// An Ed25519 key from its 32 bytes.
    pub fn ed25519(x: &[u8]) -> Self {
        Self::Okp { crv: "Ed25519".to_owned(), kty: "OKP".to_owned(), x: URL_SAFE_NO_PAD.encode(x) }
    }

    /// The SHA-256 thumbprint, base64url (RFC 7638 s. 3).
    #[expect(clippy::missing_panics_doc, reason = "strings always have a JSON form")]
    pub fn thumbprint(&self) -> String {
        let json = serde_json::to_vec(self).expect("an enum of strings has a JSON form");
        URL_SAFE_NO_PAD.encode(sha256(&json))
    }

    fn algorithm(&self) -> Option<SigningAlgorithm> {
        match self {
            Self::Ec { crv, kty, .. } if kty == "EC" && crv == "P-256" => Some(SigningAlgorithm::Es256),
            Self::Okp { crv, kty, .. } if kty == "OKP" && crv == "Ed25519" => Some(SigningAlgorithm::EdDsa),
            Self::Rsa { kty, .. } if kty == "RSA" => Some(SigningAlgorithm::Rs256),
            Self::Ec { .. } | Self::Okp { .. } | Self::Rsa { .. } => None,
        }
    }
}

/// One of our public keys as we publish it: `alg`, `use` and `kid` are always there (security requirement 88).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// The key itself.
    #[serde(flatten)]
    pub material: PublicMaterial,
    /// The one algorithm it is used with.
    pub alg: SigningAlgorithm,
    /// Always `sig` (RFC 7517 s. 4.2).
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// Its thumbprint, the name in JWS headers.
    pub kid: String,
}

impl Jwk {
    /// Names the key by its thumbprint and its algorithm; `None` for a type that we do not sign with.
    pub fn new(material: PublicMaterial) -> Option<Self> {
        let alg = material.algorithm()?;
        let kid = material.thumbprint();
        Some(Self { material, alg, usage: "sig", kid })
    }
}

/// The document at the `jwks_uri` (RFC 7517 s. 5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// Collects keys. A `kid` stays unique: a key that is already there is not added again.
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        let mut seen = HashSet::new();
        Self { keys: keys.into_iter().filter(|key| seen.insert(key.kid.clone())).collect() }
    }

    /// The keys in publishing order.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }
}

/// Why a key or a key set cannot be used.
#[derive(Debug, Error)]
pub enum JwkError {
    /// Not a JSON object with a `keys` array.
    #[error("the key set is not a JSON object with a \"keys\" array")]
    NotAKeySet(#[source] serde_json::Error),
    /// A member is not base64url, or has the wrong length, or the key is on no curve.
    #[error("the {0} key is malformed")]
    Malformed(&'static str),
    /// An RSA key below 2048 bits (RFC 7518 s. 3.3).
    #[error("the RSA key has {bits} bits; at least 2048 are required")]
    TooSmall {
        /// Size of the modulus.
        bits: usize,
    },
    /// A key type or curve that none of our algorithms uses.
    #[error("the key type or curve is not supported")]
    Unsupported,
}

/// A public key with the one algorithm it may be used with (RFC 8725 s. 3.1).
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    key: Arc<ParsedPublicKey>,
}

impl VerifyingKey {
    /// Prepares a public key. The algorithm follows from the key, not from anything a token says.
    pub fn new(material: &PublicMaterial, kid: Option<String>) -> Result<Self, JwkError> {
        let algorithm = material.algorithm().ok_or(JwkError::Unsupported)?;
        let key = match material {
            PublicMaterial::Ec { x, y, .. } => {
                let mut point = vec![4]; // SEC 1 s. 2.3.3: an uncompressed point
                point.extend(decode_exactly(x, 32, "EC")?);
                point.extend(decode_exactly(y, 32, "EC")?);
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .map_err(|_| JwkError::Malformed("EC"))?
            }
            PublicMaterial::Okp { x, .. } => {
                let bytes = decode_exactly(x, 32, "OKP")?;
                ParsedPublicKey::new(&ED25519, bytes).map_err(|_| JwkError::Malformed("OKP"))?
            }
            PublicMaterial::Rsa { e, n, .. } => {
                let n = decode(n, "RSA")?;
                let bits = significant_bits(&n);
                if bits < 2048 {
                    return Err(JwkError::TooSmall { bits });
                }
                RsaPublicKeyComponents { n, e: decode(e, "RSA")? }
                    .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                    .map_err(|_| JwkError::Malformed("RSA"))?
            }
        };
        Ok(Self { algorithm, kid, key: Arc::new(key) })
    }

    /// Reads another provider's key set. Keys for encryption, or of a type or algorithm that we do not know, are left
    /// out (RFC 7517 s. 5); so are malformed ones, because one bad key must not take the good ones away.
    pub fn parse_set(json: &[u8]) -> Result<Vec<Self>, JwkError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).map_err(JwkError::NotAKeySet)?;
        Ok(set.keys.into_iter().filter_map(Self::from_foreign).collect())
    }

    fn from_foreign(json: Value) -> Option<Self> {
        #[derive(Deserialize)]
        struct Foreign {
            #[serde(flatten)]
            material: PublicMaterial,
            alg: Option<String>,
            #[serde(rename = "use")]
            usage: Option<String>,
            kid: Option<String>,
        }
        let foreign: Foreign = serde_json::from_value(json).ok()?;
        if foreign.usage.is_some_and(|usage| usage != "sig") {
            return None;
        }
        let key = Self::new(&foreign.material, foreign.kid).ok()?;
        foreign.alg.is_none_or(|alg| alg == key.algorithm.as_str()).then_some(key)
    }

    /// The algorithm this key is used with.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The name of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verify_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {:?})", self.algorithm.as_str(), self.kid)
    }
}

fn decode(text: &str, kind: &'static str) -> Result<Vec<u8>, JwkError> {
    // 1 KiB is an RSA modulus of 8192 bits, the most that is verified.
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkError::Malformed(kind))?;
    if bytes.len() > 1024 { Err(JwkError::Malformed(kind)) } else { Ok(bytes) }
}

fn decode_exactly(text: &str, len: usize, kind: &'static str) -> Result<Vec<u8>, JwkError> {
    let bytes = decode(text, kind)?;
    if bytes.len() == len { Ok(bytes) } else { Err(JwkError::Malformed(kind)) }
}

fn significant_bits(big_endian: &[u8]) -> usize {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let top = big_endian.get(zeros).map_or(8, |byte| byte.leading_zeros() as usize);
    ((big_endian.len() - zeros) * 8).saturating_sub(if zeros == big_endian.len() { 0 } else { top })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_rfc_7638_s_3_1() {
        let material = PublicMaterial::Rsa {
            e: "AQAB".to_owned(),
            kty: "RSA".to_owned(),
            n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXj\
                BZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqz\
                s8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ\
                -G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
                .to_owned(),
        };
        assert_eq!(material.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_of_rfc_8037_appendix_a_3() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let material = PublicMaterial::ed25519(&URL_SAFE_NO_PAD.decode(x).unwrap());
        assert_eq!(material.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn req_093_a_small_rsa_key_is_refused() {
        let small = PublicMaterial::rsa(&[0xc1; 128], &[1, 0, 1]);
        assert!(matches!(VerifyingKey::new(&small, None), Err(JwkError::TooSmall { bits: 1024 })));
        let padded = PublicMaterial::rsa(&[&[0; 200][..], &[0x41; 128]].concat(), &[1, 0, 1]);
        assert!(matches!(VerifyingKey::new(&padded, None), Err(JwkError::TooSmall { bits: 1023 })));
        assert_eq!((significant_bits(&[]), significant_bits(&[0, 0])), (0, 0));
    }

    #[test]
    fn a_kind_and_a_curve_that_do_not_go_together_are_no_key() {
        let ec = |crv: &str, kty: &str| PublicMaterial::Ec {
            crv: crv.to_owned(),
            kty: kty.to_owned(),
            x: String::new(),
            y: String::new(),
        };
        for (material, algorithm) in [
            (ec("P-256", "EC"), Some(SigningAlgorithm::Es256)),
            (ec("P-384", "EC"), None),
            (ec("P-256", "OKP"), None),
            (
                PublicMaterial::Rsa { e: String::new(), kty: "RSA".into(), n: String::new() },
                Some(SigningAlgorithm::Rs256),
            ),
            (PublicMaterial::Rsa { e: String::new(), kty: "EC".into(), n: String::new() }, None),
        ] {
            assert_eq!(material.algorithm(), algorithm, "{material:?}");
        }
    }

    #[test]
    fn a_number_of_8192_bits_is_read_and_no_longer_one() {
        let of = |length| decode(&URL_SAFE_NO_PAD.encode(vec![1; length]), "n").map(|bytes| bytes.len());
        assert_eq!(of(1024).ok(), Some(1024));
        assert!(matches!(of(1025), Err(JwkError::Malformed("n"))));
        assert!(matches!(of(1026), Err(JwkError::Malformed("n"))));
    }

    #[test]
    fn a_key_is_printed_by_its_name() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let material = PublicMaterial::ed25519(&URL_SAFE_NO_PAD.decode(x).unwrap());
        let key = VerifyingKey::new(&material, Some("a".to_owned())).unwrap();
        assert_eq!(format!("{key:?}"), "VerifyingKey(EdDSA Some(\"a\"))");
    }

    #[test]
    fn a_foreign_set_keeps_what_can_be_used_and_drops_the_rest() {
        let good = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a","x5u":"https://evil.example"}"#;
        let set = format!(
            r#"{{"keys":[{good},{},{},{},{{"kty":"oct","k":"AAAA"}},{{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}},7]}}"#,
            good.replace("\"kid\"", "\"use\":\"enc\",\"kid\""),
            good.replace("\"kid\"", "\"alg\":\"HS256\",\"kid\""),
            good.replace("Ed25519", "X25519"),
        );
        let keys = VerifyingKey::parse_set(set.as_bytes()).unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].algorithm(), keys[0].kid()), (SigningAlgorithm::EdDsa, Some("a")));
        assert!(VerifyingKey::parse_set(b"[]").is_err());
    }
}
