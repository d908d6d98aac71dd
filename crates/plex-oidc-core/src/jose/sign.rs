//! Private keys and signing (RFC 7515 s. 5.1). A key is parsed once and then only used.
//!
//! RSA signing is done by AWS-LC, whose private-key operation is blinded and constant in time; the `rsa` crate with its
//! open advisory is not involved (security requirement 94).

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use thiserror::Error;
use zeroize::Zeroizing;

use super::jwk::{Jwk, JwkError, PublicMaterial, VerifyingKey};
use super::{TYP_ACCESS_TOKEN, TYP_ID_TOKEN, TYP_LOGOUT_TOKEN};
use crate::client::SigningAlgorithm;

/// A private key in PKCS#8 form (RFC 5958). Wiped when dropped; it leaves this process sealed or not at all.
pub type Pkcs8 = Zeroizing<Vec<u8>>;

/// Why a private key cannot be made or used.
#[derive(Debug, Error)]
pub enum SigningKeyError {
    /// The library could not make a key.
    #[error("could not make a new {} key", .0.as_str())]
    Generate(SigningAlgorithm),
    /// The bytes are not a private key for the algorithm.
    #[error("the stored bytes are not a PKCS#8 private key for {}", .0.as_str())]
    Rejected(SigningAlgorithm),
    /// The public half is unusable, or too small.
    #[error(transparent)]
    Public(#[from] JwkError),
}

/// Why a token could not be signed.
#[derive(Debug, Error)]
pub enum SignError {
    /// The claims have no JSON form.
    #[error("the claims cannot be written as JSON")]
    Claims(#[source] serde_json::Error),
    /// The library refused to sign.
    #[error("signing with {} failed", .0.as_str())]
    Sign(SigningAlgorithm),
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key, ready to sign.
pub struct SigningKey {
    pair: Pair,
    jwk: Jwk,
    verifying: VerifyingKey,
    /// The first segment of a token, already encoded, for each `typ` that we issue.
    headers: [(&'static str, String); 3],
}

impl SigningKey {
    /// Makes a new key, and the bytes to seal and store. RSA keys have 2048 bits.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<(Self, Pkcs8), SigningKeyError> {
        let rng = SystemRandom::new();
        let pkcs8 = match algorithm {
            SigningAlgorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048)
                .and_then(|pair| pair.as_der())
                .map(|der| der.as_ref().to_vec()),
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng)
                .map(|document| document.as_ref().to_vec()),
            SigningAlgorithm::EdDsa => {
                Ed25519KeyPair::generate_pkcs8(&rng).map(|document| document.as_ref().to_vec())
            }
        };
        let pkcs8 = Zeroizing::new(pkcs8.map_err(|_| SigningKeyError::Generate(algorithm))?);
        Ok((Self::from_pkcs8(algorithm, &pkcs8)?, pkcs8))
    }

    /// Reads a stored private key.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, SigningKeyError> {
        let rejected = |_| SigningKeyError::Rejected(algorithm);
        let pair = match algorithm {
            SigningAlgorithm::Rs256 => Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(rejected)?),
            SigningAlgorithm::Es256 => Pair::Ecdsa(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(rejected)?,
            ),
            SigningAlgorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(rejected)?),
        };
        let material = pair.public_material().ok_or(SigningKeyError::Rejected(algorithm))?;
        let jwk = Jwk::new(material).ok_or(SigningKeyError::Rejected(algorithm))?;
        let verifying = VerifyingKey::new(&jwk.material, Some(jwk.kid.clone()))?;
        let headers = [TYP_ID_TOKEN, TYP_ACCESS_TOKEN, TYP_LOGOUT_TOKEN]
            .map(|typ| (typ, header_segment(jwk.alg, &jwk.kid, typ)));
        Ok(Self { pair, jwk, verifying, headers })
    }

    /// The one algorithm this key signs with.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.jwk.alg
    }

    /// The name of the key: its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.jwk.kid
    }

    /// The public half, as published.
    pub fn public_jwk(&self) -> Jwk {
        self.jwk.clone()
    }

    /// The public half, as a verifier uses it.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// Signs `claims` as a compact JWS with the header `alg`, `kid`, `typ` (RFC 7515 s. 7.1).
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let payload = serde_json::to_vec(claims).map_err(SignError::Claims)?;
        let mut token = match self.headers.iter().find(|(known, _)| *known == typ) {
            Some((_, segment)) => {
                let mut token = String::with_capacity(segment.len() + payload.len() * 4 / 3 + 360);
                token.push_str(segment);
                token
            }
            None => header_segment(self.jwk.alg, &self.jwk.kid, typ),
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.pair.sign(token.as_bytes()).ok_or(SignError::Sign(self.jwk.alg))?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {} [redacted])", self.jwk.alg.as_str(), self.jwk.kid)
    }
}

impl Pair {
    fn public_material(&self) -> Option<PublicMaterial> {
        match self {
            Self::Rsa(pair) => {
                let public = pair.public_key();
                Some(PublicMaterial::rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                ))
            }
            Self::Ecdsa(pair) => {
                let point = pair.public_key().as_ref().strip_prefix(&[4])?;
                let (x, y) = point.split_at_checked(32)?;
                Some(PublicMaterial::p256(x, y))
            }
            Self::Ed25519(pair) => Some(PublicMaterial::ed25519(pair.public_key().as_ref())),
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let rng = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ecdsa(pair) => Some(pair.sign(&rng, message).ok()?.as_ref().to_vec()),
            Self::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
        }
    }
}

fn header_segment(algorithm: SigningAlgorithm, kid: &str, typ: &str) -> String {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'static str,
        kid: &'a str,
        typ: &'a str,
    }
    let header = Header { alg: algorithm.as_str(), kid, typ };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).expect("three strings have a JSON form"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use super::super::JwkSet;
    use super::*;

    fn every_key() -> Vec<SigningKey> {
        SigningAlgorithm::ALL.map(|algorithm| SigningKey::generate(algorithm).unwrap().0).into()
    }

    #[test]
    fn req_069_every_algorithm_signs_and_none_is_not_one() {
        for key in every_key() {
            let token = key.sign(TYP_ID_TOKEN, &json!({"sub": "plex-1"})).unwrap();
            let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
            let header: Value = serde_json::from_slice(&header).unwrap();
            assert_eq!(
                header,
                json!({"alg": key.algorithm().as_str(), "kid": key.kid(), "typ": "JWT"}),
                "nothing else is in the header"
            );
        }
        assert_eq!(SigningAlgorithm::parse("none"), None);
        assert_eq!(SigningAlgorithm::parse("HS256"), None);
        assert!(SigningAlgorithm::ALL.contains(&SigningAlgorithm::Rs256));
    }

    #[test]
    fn req_070_another_library_verifies_with_the_published_key() {
        for key in every_key() {
            for typ in [TYP_ID_TOKEN, TYP_LOGOUT_TOKEN, "something-else"] {
                let token = key.sign(typ, &json!({"sub": "plex-1"})).unwrap();
                let published = serde_json::to_string(&key.public_jwk()).unwrap();
                let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&published).unwrap();
                let decoding = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
                let algorithm = key.algorithm().as_str().parse().unwrap();
                let mut validation = jsonwebtoken::Validation::new(algorithm);
                validation.validate_exp = false;
                validation.required_spec_claims = HashSet::new();
                let read = jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
                assert_eq!(read.claims, json!({"sub": "plex-1"}));
                assert_eq!(read.header.kid.as_deref(), Some(key.kid()));
                assert_eq!(read.header.typ.as_deref(), Some(typ));
            }
        }
    }

    #[test]
    fn rfc_8037_appendix_a_4_is_reproduced() {
        let decode = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
        let d = decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        let x = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let pair = Ed25519KeyPair::from_seed_and_public_key(&d, &x).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = Pair::Ed25519(pair).sign(message).unwrap();
        let expected =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(URL_SAFE_NO_PAD.encode(signature), expected);
    }

    #[test]
    fn req_088_the_key_set_has_public_members_only_and_unique_kids() {
        let keys = every_key();
        let twice = keys.iter().chain(&keys).map(SigningKey::public_jwk);
        let set = JwkSet::new(twice);
        assert_eq!(set.keys().len(), 3);
        let json: Value = serde_json::to_value(&set).unwrap();
        let allowed = ["kty", "n", "e", "crv", "x", "y", "alg", "use", "kid"];
        for jwk in json["keys"].as_array().unwrap() {
            let members = jwk.as_object().unwrap();
            assert!(members.keys().all(|name| allowed.contains(&name.as_str())), "{members:?}");
            assert_eq!(jwk["use"], "sig");
            assert!(jwk["alg"].is_string() && jwk["kid"].is_string());
        }
    }

    #[test]
    fn req_094_a_new_rsa_key_has_2048_bits_and_the_usual_exponent() {
        let (key, _) = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
        let PublicMaterial::Rsa { e, n, .. } = key.public_jwk().material else { panic!("not RSA") };
        assert_eq!(e, "AQAB");
        assert_eq!(URL_SAFE_NO_PAD.decode(n).unwrap().len(), 256);
    }

    #[test]
    fn a_key_survives_storing_is_for_one_algorithm_and_never_prints() {
        for algorithm in SigningAlgorithm::ALL {
            let (key, pkcs8) = SigningKey::generate(algorithm).unwrap();
            let again = SigningKey::from_pkcs8(algorithm, &pkcs8).unwrap();
            assert_eq!(key.public_jwk(), again.public_jwk());
            for other in SigningAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(SigningKey::from_pkcs8(other, &pkcs8).is_err());
            }
            assert!(SigningKey::from_pkcs8(algorithm, &pkcs8[..pkcs8.len() - 1]).is_err());
            assert!(SigningKey::from_pkcs8(algorithm, &[]).is_err());
            let printed = format!("{key:?}");
            assert_eq!(printed, format!("SigningKey({} {} [redacted])", algorithm.as_str(), key.kid()));
        }
    }
}
