//! The JWT verifier, as an `id_token_hint` reaches it.
//!
//! Input: `t` and a whole token; `s` and a header line and a payload that are validly signed here; `f`, the same signed
//! by a forger; `k` and another provider's key set.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use libfuzzer_sys::fuzz_target;
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{
    HintClaims, JwtError, PublicMaterial, SigningKey, UnverifiedJwt, VerifyingKey, verify_id_token_hint,
};
use plex_oidc_fuzz::{ISSUER, mode, two_lines};
use serde_json::{Map, Value};

const KID: &str = "ours";
/// What the only token in the world says that is ours and that a fuzzer can know: the seeds contain it.
const HEADER: &str = r#"{"alg":"EdDSA","kid":"ours","typ":"JWT"}"#;
const PAYLOAD: &str = r#"{"iss":"https://auth.example.com","sub":"plex-42","aud":"basic","exp":1,"iat":0}"#;

struct Keys {
    ours: Ed25519KeyPair,
    forger: Ed25519KeyPair,
    ring: Vec<VerifyingKey>,
    known: String,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    // Deterministic (RFC 8032), so that a finding can be replayed. The other two are there to be confused with.
    let pair = |seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any 32 bytes are a seed");
    let (ours, forger) = (pair(1), pair(2));
    let mut ring: Vec<_> = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256]
        .map(|algorithm| SigningKey::generate(algorithm).expect("a key").0.verifying_key())
        .into();
    let material = PublicMaterial::ed25519(ours.public_key().as_ref());
    ring.push(VerifyingKey::new(&material, Some(KID.to_owned())).expect("our own key"));
    let known = signed(&ours, HEADER.as_bytes(), PAYLOAD.as_bytes());
    Keys { ours, forger, ring, known }
});

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    let (header, payload) = two_lines(rest);
    match mode {
        b's' => validly_signed(header, payload),
        b'f' => {
            let token = signed(&KEYS.forger, header, payload);
            assert!(verify(&token).is_err(), "a forged token was accepted: {token}");
        }
        b'k' => key_set(rest),
        _ => whole_token(rest),
    }
});

fn signed(pair: &Ed25519KeyPair, header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = pair.sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn verify(token: &str) -> Result<HintClaims, JwtError> {
    verify_id_token_hint(token, &KEYS.ring, &ISSUER)
}

/// Nothing but the one known token, byte for byte, can be accepted: no algorithm "none", no second spelling.
fn whole_token(text: &[u8]) {
    let Ok(token) = str::from_utf8(text) else { return };
    assert_eq!(verify(token).is_ok(), token == KEYS.known, "{token}");
    if let Ok(parsed) = UnverifiedJwt::parse(token) {
        assert_eq!(parsed.verify(&[]).err(), Some(JwtError::UnknownKey), "without keys nothing verifies");
    }
}

/// The signature is right. What is accepted must say what an ID token of ours says, and another library must agree.
fn validly_signed(header: &[u8], payload: &[u8]) {
    let token = signed(&KEYS.ours, header, payload);
    let accepted = verify(&token);
    spoiled(&token);
    let Ok(hint) = accepted else { return };
    let object = |bytes: &[u8]| serde_json::from_slice::<Map<String, Value>>(bytes).expect("a JSON object");
    let (header, payload) = (object(header), object(payload));
    assert_eq!(header.get("alg"), Some(&Value::from("EdDSA")));
    assert!(header.get("kid").is_none_or(|kid| kid == KID));
    let typ =
        header.get("typ").map_or("jwt".into(), |typ| typ.as_str().expect("a string").to_ascii_lowercase());
    assert!(["jwt", "application/jwt"].contains(&typ.as_str()), "{typ}");
    assert!(["crit", "b64", "zip", "enc"].iter().all(|name| !header.contains_key(*name)));
    assert_eq!(payload.get("iss"), Some(&Value::from(ISSUER.as_str())));
    assert_eq!(payload.get("sub"), Some(&Value::from(hint.sub.as_str())));
    let aud = match &payload["aud"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    assert!(!aud.is_empty());
    assert_eq!(hint.aud.iter().map(|client| Value::from(client.as_str())).collect::<Vec<_>>(), aud);
    assert_eq!(hint.sid.is_some(), payload.contains_key("sid"));
    let (input, signature) = token.rsplit_once('.').expect("three segments");
    let key = DecodingKey::from_ed_der(KEYS.ours.public_key().as_ref());
    let agreed = jsonwebtoken::crypto::verify(signature, input.as_bytes(), &key, Algorithm::EdDSA);
    assert!(agreed.expect("a well-formed signature"), "another library does not accept {token}");
}

/// With any segment exchanged or cut the signature no longer counts.
fn spoiled(token: &str) {
    let mut segments = token.split('.');
    let mut next = || segments.next().unwrap_or_default();
    let (header, payload, signature) = (next(), next(), next());
    let other = KEYS.known.rsplit('.').next().unwrap_or_default();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for spoiled in [
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}A"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}A.{signature}"),
        format!("{header}.{payload}.{other}"),
    ] {
        assert!(spoiled == KEYS.known || verify(&spoiled).is_err(), "{spoiled}");
    }
}

/// Another provider's keys: any reading of them accepts nothing of ours.
fn key_set(json: &[u8]) {
    let Ok(keys) = VerifyingKey::parse_set(json) else { return };
    for key in &keys {
        assert!(SigningAlgorithm::ALL.contains(&key.algorithm()));
        assert!(key.kid() != Some("") || json.windows(2).any(|two| two == b"\"\""));
    }
    assert!(verify_id_token_hint(&KEYS.known, &keys, &ISSUER).is_err(), "a foreign key vouches for us");
}
