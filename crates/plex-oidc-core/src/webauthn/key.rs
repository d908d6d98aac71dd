//! The public key of a passkey: from COSE (RFC 9052, RFC 9053; Web Authentication Level 2, s. 5.8.5), to the bytes that are kept,
//! and to the check of a signature by the one cryptographic library.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};

use super::WebAuthnError;
use super::cbor::Reader;

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// The algorithms that are asked for, the most wanted first (IANA's registry for COSE). A key of any other is refused.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

/// The public exponent of every RSA key in use, 65537.
const EXPONENT: &[u8] = &[1, 0, 1];
/// The length of an RSA modulus in bytes: 2048 to 8192 bits, as far as the library goes.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// A public key that signatures can be checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Material);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    /// An uncompressed point of P-256 (SEC 1 s. 2.3.3).
    P256([u8; 65]),
    /// An Ed25519 key (RFC 8032 s. 5.1.5).
    Ed25519([u8; 32]),
    /// The modulus of an RSA key.
    Rsa(Vec<u8>),
}

/// The members of a COSE key that we know. Labels below zero mean another thing for each type.
#[derive(Default)]
struct Cose<'a> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    first: Option<First<'a>>,
    second: Option<&'a [u8]>,
    third: Option<&'a [u8]>,
}

/// A curve, or a modulus.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First<'a> {
    Curve(i64),
    Modulus(&'a [u8]),
}

impl PublicKey {
    /// Reads a key as an authenticator writes it: what its algorithm needs, and nothing else (s. 6.5.1.1).
    pub fn of_cose(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let cose = Cose::parse(bytes)?;
        let fixed = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| WebAuthnError::KeyRefused);
        let (Some(kind), Some(algorithm), Some(first)) = (cose.kind, cose.algorithm, cose.first) else {
            return Err(WebAuthnError::KeyRefused);
        };
        let material = match (algorithm, kind, first, cose.second, cose.third) {
            // ECDSA w/ SHA-256, EC2, P-256, both coordinates: a compressed point is refused (s. 5.8.5).
            (ES256, 2, First::Curve(1), Some(x), Some(y)) => {
                let mut point = [4; 65];
                let coordinates = [fixed(x)?, fixed(y)?].concat();
                point.iter_mut().skip(1).zip(coordinates).for_each(|(to, byte)| *to = byte);
                Material::P256(point)
            }
            // EdDSA, OKP, Ed25519.
            (EDDSA, 1, First::Curve(6), Some(x), None) => Material::Ed25519(fixed(x)?),
            // RSASSA-PKCS1-v1_5 w/ SHA-256, RSA.
            (RS256, 3, First::Modulus(n), Some(EXPONENT), None) => Material::Rsa(n.to_vec()),
            _ => return Err(WebAuthnError::KeyRefused),
        };
        Self::checked(material)
    }

    /// The form that is kept: one byte for the kind, and the key.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Material::P256(point) => [&[1], &point[..]].concat(),
            Material::Ed25519(key) => [&[2], &key[..]].concat(),
            Material::Rsa(modulus) => [&[3], &modulus[..]].concat(),
        }
    }

    /// Reads what [`PublicKey::to_bytes`] writes.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let refused = |_| WebAuthnError::KeyRefused;
        let material = match bytes.split_first() {
            Some((1, point)) => Material::P256(point.try_into().map_err(refused)?),
            Some((2, key)) => Material::Ed25519(key.try_into().map_err(refused)?),
            Some((3, modulus)) => Material::Rsa(modulus.to_vec()),
            _ => return Err(WebAuthnError::KeyRefused),
        };
        Self::checked(material)
    }

    /// The number of its algorithm.
    pub const fn algorithm(&self) -> i64 {
        match self.0 {
            Material::P256(_) => ES256,
            Material::Ed25519(_) => EDDSA,
            Material::Rsa(_) => RS256,
        }
    }

    /// Whether `signature` is this key's over `message` (s. 7.2 step 20).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), WebAuthnError> {
        self.parsed()?.verify_sig(message, signature).map_err(|_| WebAuthnError::BadSignature)
    }

    /// A key that the library takes: a point that is on the curve, a modulus that is one.
    fn checked(material: Material) -> Result<Self, WebAuthnError> {
        if let Material::Rsa(modulus) = &material {
            // Its first bit is set, so that its length is what it says.
            let full = modulus.first().is_some_and(|byte| *byte >= 0x80);
            let odd = modulus.last().is_some_and(|byte| byte % 2 == 1);
            if !full || !odd || !MODULUS.contains(&modulus.len()) {
                return Err(WebAuthnError::KeyRefused);
            }
        }
        let key = Self(material);
        key.parsed()?;
        Ok(key)
    }

    fn parsed(&self) -> Result<ParsedPublicKey, WebAuthnError> {
        match &self.0 {
            Material::P256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point),
            Material::Ed25519(key) => ParsedPublicKey::new(&ED25519, key),
            Material::Rsa(modulus) => RsaPublicKeyComponents { n: modulus.as_slice(), e: EXPONENT }
                .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256),
        }
        .map_err(|_| WebAuthnError::KeyRefused)
    }
}

impl<'a> Cose<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, WebAuthnError> {
        let mut reader = Reader::new(bytes, "key");
        let mut cose = Self::default();
        for _ in 0..reader.map()? {
            match reader.number()? {
                1 => {
                    let value = reader.number()?;
                    reader.put(&mut cose.kind, value)?;
                }
                3 => {
                    let value = reader.number()?;
                    reader.put(&mut cose.algorithm, value)?;
                }
                -1 => {
                    // The type comes first in canonical form, and says which of the two it is.
                    let value = match cose.kind {
                        Some(3) => First::Modulus(reader.bytes()?),
                        _ => First::Curve(reader.number()?),
                    };
                    reader.put(&mut cose.first, value)?;
                }
                -2 => {
                    let value = reader.bytes()?;
                    reader.put(&mut cose.second, value)?;
                }
                -3 => {
                    let value = reader.bytes()?;
                    reader.put(&mut cose.third, value)?;
                }
                _ => return Err(reader.malformed()),
            }
        }
        reader.end().map(|()| cose)
    }
}
