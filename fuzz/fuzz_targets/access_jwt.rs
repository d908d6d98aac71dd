//! The JWT of Cloudflare Access, as a proxy hands it on.
//!
//! Input: `t` and a whole token; `s` and a header line and a payload that the team signs; `f`, the same signed by a
//! forger; `k` and what the team's certs address answers.
#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use plex_oidc_core::access_jwt::{
    AccessApplication, AccessAssertion, AccessError, AccessPrincipal, parse_certs, verify,
};
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{PublicMaterial, UnverifiedJwt, VerifyingKey};
use plex_oidc_core::time::Timestamp;
use plex_oidc_fuzz::{mode, two_lines};
use serde_json::{Map, Value};

const KID: &str = "team";
const TEAM: &str = "https://lab.cloudflareaccess.com";
const TAGS: [&str; 2] = ["tag-1", "tag-2"];
const NOW: i64 = 1_700_000_000;

struct Keys {
    team: RsaKeyPair,
    forger: RsaKeyPair,
    ring: Vec<VerifyingKey>,
    application: AccessApplication,
}

// New in each run: a finding is a header and a payload, which are signed again when it is replayed.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let pair = || RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let (team, forger) = (pair(), pair());
    let parts = PublicKeyComponents::<Vec<u8>>::from(team.public_key());
    let material = PublicMaterial::rsa(&parts.n, &parts.e);
    let ring = vec![VerifyingKey::new(&material, Some(KID.to_owned())).expect("a sound key")];
    let audiences = TAGS.map(str::to_owned).to_vec();
    Keys { team, forger, ring, application: AccessApplication { issuer: TEAM.to_owned(), audiences } }
});

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    let (header, payload) = two_lines(rest);
    match mode {
        b's' => signed_by_the_team(header, payload),
        b'f' => {
            let token = signed(&KEYS.forger, header, payload);
            assert!(ask(&token).is_err(), "a forged assertion was accepted: {token}");
        }
        b'k' => certs(rest),
        _ => {
            let Ok(token) = str::from_utf8(rest) else { return };
            assert!(ask(token).is_err(), "nobody can know a token of this run: {token}");
        }
    }
});

fn ask(token: &str) -> Result<AccessAssertion, AccessError> {
    verify(token, &KEYS.ring, &KEYS.application, Timestamp(NOW))
}

fn signed(pair: &RsaKeyPair, header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
        .expect("a signature");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The signature is right: what is accepted says all that an assertion for this application says.
fn signed_by_the_team(header: &[u8], payload: &[u8]) {
    let token = signed(&KEYS.team, header, payload);
    let Ok(assertion) = ask(&token) else { return };
    let object = |bytes: &[u8]| serde_json::from_slice::<Map<String, Value>>(bytes).expect("a JSON object");
    let (header, payload) = (object(header), object(payload));
    assert_eq!((header["alg"].as_str(), header["kid"].as_str()), (Some("RS256"), Some(KID)));
    assert_eq!((payload["iss"].as_str(), payload["type"].as_str()), (Some(TEAM), Some("app")));
    let tags = match &payload["aud"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    assert!(tags.iter().any(|tag| TAGS.contains(&tag.as_str().expect("a string"))));
    let date = |name: &str| payload.get(name).map(|date| date.as_f64().expect("a number").floor() as i64);
    assert!(date("exp").expect("an end") > NOW - 30);
    assert!(["nbf", "iat"].iter().all(|name| date(name).is_none_or(|start| start <= NOW + 30)));
    let (email, sub) = (text(&payload, "email"), text(&payload, "sub"));
    match &assertion.principal {
        AccessPrincipal::Person { email: known, sub: id, plex_subject } => {
            assert_eq!((email.to_ascii_lowercase(), sub), (known.clone(), id.as_str()));
            assert!(
                !id.is_empty() && known.matches('@').count() == 1 && text(&payload, "common_name").is_empty()
            );
            if let Some(subject) = plex_subject {
                let custom = payload["custom"].as_object().expect("custom claims");
                let said = ["sub", "plex_sub"].map(|name| text(custom, name));
                assert!(said.contains(&subject.as_str()));
            }
        }
        AccessPrincipal::ServiceToken { common_name } => {
            assert_eq!((email, sub, common_name.as_str()), ("", "", text(&payload, "common_name")));
            assert!(!common_name.is_empty());
            assert!(
                payload
                    .keys()
                    .filter(|name| *name != "common_name")
                    .all(|name| assertion.claim_text(name).is_none())
            );
        }
    }
    headers(&assertion, &payload);
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> &'a str {
    claims.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What goes into a header ends no line, is no longer than it may be, and keeps the elements of a list apart.
fn headers(assertion: &AccessAssertion, payload: &Map<String, Value>) {
    let custom = payload.get("custom").and_then(Value::as_object);
    let names: HashSet<&String> = payload.keys().chain(custom.into_iter().flat_map(Map::keys)).collect();
    for name in names {
        let Some(value) = assertion.claim_text(name) else { continue };
        assert!(
            !value.is_empty() && value.len() <= 4096 && !value.chars().any(char::is_control),
            "{value:?}"
        );
        let listed = custom.and_then(|custom| custom.get(name)).and_then(Value::as_array);
        if let Some(items) = listed.filter(|_| name != "email") {
            assert_eq!(value.split(',').count(), items.len(), "{value:?}");
        }
    }
}

/// Whatever the address answers: only named RSA keys, no two of one name, and none that our team did not sign with.
fn certs(json: &[u8]) {
    let Ok(keys) = parse_certs(json) else { return };
    let names: HashSet<_> = keys.iter().map(VerifyingKey::kid).collect();
    assert!(!keys.is_empty() && keys.len() <= 32 && names.len() == keys.len());
    assert!(keys.iter().all(|key| key.algorithm() == SigningAlgorithm::Rs256 && key.kid().is_some()));
    let token = signed(&KEYS.team, br#"{"alg":"RS256"}"#, b"{}");
    assert!(
        UnverifiedJwt::parse(&token).expect("well-formed").verify(&keys).is_err(),
        "a foreign key vouches"
    );
}
