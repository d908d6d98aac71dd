//! A browser and an authenticator in one, for tests of this crate, of the program, and for the fuzz target: what they say can be
//! changed before it is signed. It stands alone, so that others can take it by its path. It knows nothing of the code under test.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// User present, user verified.
pub(crate) const PRESENT_AND_VERIFIED: u8 = 0b0101;
/// There is an attested credential.
pub(crate) const ATTESTED: u8 = 0b0100_0000;

/// The private key.
pub(crate) enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// One passkey, and the browser that it is used in.
pub(crate) struct Authenticator {
    pub(crate) pair: Pair,
    pub(crate) id: Vec<u8>,
    pub(crate) count: u32,
    pub(crate) flags: u8,
    pub(crate) origin: String,
    pub(crate) rp_id: String,
    /// More members of the client data, with a comma before them.
    pub(crate) more: String,
}

/// What `navigator.credentials.create` gives.
pub(crate) struct Made {
    pub(crate) client_data: Vec<u8>,
    pub(crate) attestation_object: Vec<u8>,
}

/// What `navigator.credentials.get` gives.
pub(crate) struct Got {
    pub(crate) client_data: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Pair {
    pub(crate) fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// The members of the COSE key, each already written.
    pub(crate) fn cose(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                vec![
                    (number(1), number(2)),
                    (number(3), number(-7)),
                    (number(-1), number(1)),
                    (number(-2), bytes(&point[1..33])),
                    (number(-3), bytes(&point[33..])),
                ]
            }
            Self::Ed25519(pair) => vec![
                (number(1), number(1)),
                (number(3), number(-8)),
                (number(-1), number(6)),
                (number(-2), bytes(pair.public_key().as_ref())),
            ],
            Self::Rsa(pair) => {
                let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
                vec![
                    (number(1), number(3)),
                    (number(3), number(-257)),
                    (number(-1), bytes(&modulus)),
                    (number(-2), bytes(&[1, 0, 1])),
                ]
            }
        }
    }
}

impl Authenticator {
    pub(crate) fn new(pair: Pair, origin: &str) -> Self {
        let host = origin.split("://").nth(1).unwrap();
        let rp_id = host.split(':').next().unwrap().to_owned();
        let id = hash(format!("{:p} {:?}", &pair, std::time::Instant::now()).as_bytes());
        Self {
            pair,
            id,
            count: 0,
            flags: PRESENT_AND_VERIFIED,
            origin: origin.to_owned(),
            rp_id,
            more: String::new(),
        }
    }

    pub(crate) fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let (origin, more) = (&self.origin, &self.more);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
    }

    /// The first 37 bytes.
    pub(crate) fn head(&self, flags: u8) -> Vec<u8> {
        [&hash(self.rp_id.as_bytes())[..], &[flags], &self.count.to_be_bytes()].concat()
    }

    pub(crate) fn attested(&self) -> Vec<u8> {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        [&[0; 16][..], &length, &self.id, &map(&self.pair.cose())].concat()
    }

    pub(crate) fn create(&self, challenge: &[u8]) -> Made {
        let data = [self.head(self.flags | ATTESTED), self.attested()].concat();
        Made {
            client_data: self.client_data("webauthn.create", challenge),
            attestation_object: attestation_object("none", &map(&[]), &data),
        }
    }

    pub(crate) fn get(&self, challenge: &[u8]) -> Got {
        self.sign(self.client_data("webauthn.get", challenge), self.head(self.flags))
    }

    pub(crate) fn sign(&self, client_data: Vec<u8>, authenticator_data: Vec<u8>) -> Got {
        let signature = self.pair.sign(&[&authenticator_data[..], &hash(&client_data)].concat());
        Got { client_data, authenticator_data, signature }
    }
}

pub(crate) fn attestation_object(format: &str, statement: &[u8], data: &[u8]) -> Vec<u8> {
    map(&[
        (text("fmt"), text(format)),
        (text("attStmt"), statement.to_vec()),
        (text("authData"), bytes(data)),
    ])
}

pub(crate) fn hash(message: &[u8]) -> Vec<u8> {
    digest(&SHA256, message).as_ref().to_vec()
}

// CBOR, written by hand.

pub(crate) fn number(value: i64) -> Vec<u8> {
    if value < 0 {
        head(1, u64::try_from(-1 - value).unwrap())
    } else {
        head(0, u64::try_from(value).unwrap())
    }
}

pub(crate) fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len() as u64), value.to_vec()].concat()
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
}

pub(crate) fn map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let inside = members.iter().flat_map(|(key, value)| [key.clone(), value.clone()]);
    [vec![head(5, members.len() as u64)], inside.collect()].concat().concat()
}

fn head(major: u8, value: u64) -> Vec<u8> {
    let first = |low: u8| major << 5 | low;
    match value {
        0..24 => vec![first(u8::try_from(value).unwrap())],
        24..256 => vec![first(24), u8::try_from(value).unwrap()],
        256..65_536 => [vec![first(25)], u16::try_from(value).unwrap().to_be_bytes().to_vec()].concat(),
        _ => [vec![first(26)], u32::try_from(value).unwrap().to_be_bytes().to_vec()].concat(),
    }
}
