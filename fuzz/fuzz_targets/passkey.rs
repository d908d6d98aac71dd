//! What browsers and authenticators send for a passkey.
//!
//! Input: `s`, client data on a line, and authenticator data, which are validly signed here; `u`, the same with a signature that
//! is not; `o` and an attestation object; `k` and a key as COSE writes it.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use plex_oidc_core::webauthn::{
    ALGORITHMS, Asserted, Assertion, Backup, Expected, Known, PublicKey, Registration, RelyingParty,
    WebAuthnError, check_assertion, check_registration,
};
use plex_oidc_fuzz::{ISSUER, mode, two_lines};
use serde_json::{Map, Value};

const CHALLENGE: &[u8] = b"sixteen and more";
const ID: &[u8] = b"the name of the credential";
/// What the seeds contain, so that the fuzzer gets behind it.
const CREATED: &str =
    r#"{"type":"webauthn.create","challenge":"c2l4dGVlbiBhbmQgbW9yZQ","origin":"https://auth.example.com"}"#;

static PAIR: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("any 32 bytes are a seed"));

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let bytes = [&[2], PAIR.public_key().as_ref()].concat();
    PublicKey::of_bytes(&bytes).expect("our own key")
});

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    match mode {
        b's' => {
            let (client_data, data) = two_lines(rest);
            signed(client_data, data);
        }
        b'u' => {
            let (client_data, data) = two_lines(rest);
            assert!(
                asserted(client_data, data, rest.get(..64).unwrap_or(rest)).is_err(),
                "nobody signed that"
            );
        }
        b'k' => key(rest),
        _ => object(rest),
    }
});

fn expected() -> Expected<'static> {
    let relying_party = RelyingParty::of(&ISSUER).expect("a name");
    Expected { relying_party, challenge: CHALLENGE }
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn asserted(client_data: &[u8], data: &[u8], signature: &[u8]) -> Result<Asserted, WebAuthnError> {
    let known = Known { key: &KEY, sign_count: 5, backup: Backup::Never };
    check_assertion(Assertion { client_data, authenticator_data: data, signature }, known, expected())
}

/// The signature is right. What is accepted must be for us, by somebody who was there and made sure of, and go on.
fn signed(client_data: &[u8], data: &[u8]) {
    let signature = PAIR.sign(&[data, &hash(client_data)].concat());
    let Ok(asserted) = asserted(client_data, data, signature.as_ref()) else { return };
    let object: Map<String, Value> = serde_json::from_slice(client_data).expect("a JSON object");
    assert_eq!(object["type"], "webauthn.get");
    assert_eq!(object["challenge"], URL_SAFE_NO_PAD.encode(CHALLENGE));
    assert_eq!(object["origin"], ISSUER.as_str());
    assert!(object.get("crossOrigin").is_none_or(|value| value == false));
    assert_eq!(data[..32], hash(b"auth.example.com"));
    assert_eq!(data[32] & 0b0101_1101, 0b0101, "present, verified, on one device, no credential");
    assert_eq!(data.len() == 37, data[32] & 0x80 == 0, "nothing behind it but extensions");
    assert!(asserted.sign_count > 5 && asserted.sign_count.to_be_bytes() == data[33..37]);
    assert!(self::asserted(client_data, data, &signature.as_ref()[1..]).is_err());
}

fn object(bytes: &[u8]) {
    let answer = Registration { client_data: CREATED.as_bytes(), attestation_object: bytes, id: ID };
    let Ok(new) = check_registration(answer, expected()) else { return };
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(new.id == ID && has(ID) && has(&hash(b"auth.example.com")));
    let kept = new.key.to_bytes();
    // The key that is kept stands in what came: whole, or as its two coordinates.
    assert!(
        kept.get(1..).is_some_and(has) || kept.get(2..34).is_some_and(has) && kept.get(34..).is_some_and(has)
    );
    assert_eq!(PublicKey::of_bytes(&kept), Ok(new.key));
}

fn key(bytes: &[u8]) {
    let Ok(key) = PublicKey::of_cose(bytes) else { return };
    assert!(ALGORITHMS.contains(&key.algorithm()));
    assert_eq!(PublicKey::of_bytes(&key.to_bytes()), Ok(key.clone()));
    assert!(key.verify(b"a message", b"no signature").is_err());
    let longer = [bytes, &[0]].concat();
    assert!(PublicKey::of_cose(&longer).is_err(), "something behind the end");
}
