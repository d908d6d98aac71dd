//! Tests of [`super`]: what a hostile page, browser or authenticator could send, against a soft authenticator of our own. What
//! others wrote checks it as well: a real browser, in `e2e/browser`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::testing::{
    ATTESTED, Authenticator, Got, Made, PRESENT_AND_VERIFIED, Pair, attestation_object, bytes, hash, map,
    number, text,
};
use super::*;

mod anything;
mod attestation;
mod keys;

const ORIGIN: &str = "https://auth.example.com";
const CHALLENGE: &[u8] = b"a challenge of ours, and long enough";

fn issuer() -> Issuer {
    Issuer::parse(ORIGIN).unwrap()
}

fn key(pair: Pair) -> Authenticator {
    Authenticator::new(pair, ORIGIN)
}

fn p256() -> Authenticator {
    key(Pair::p256())
}

fn registered_at(
    issuer: &Issuer,
    key: &Authenticator,
    made: &Made,
    challenge: &[u8],
) -> Result<Registered, WebAuthnError> {
    let answer = Registration {
        client_data: &made.client_data,
        attestation_object: &made.attestation_object,
        id: &key.id,
    };
    let relying_party = RelyingParty::of(issuer).unwrap();
    check_registration(answer, Expected { relying_party, challenge })
}

fn registered(key: &Authenticator, made: &Made) -> Result<Registered, WebAuthnError> {
    registered_at(&issuer(), key, made, CHALLENGE)
}

fn public(key: &Authenticator) -> PublicKey {
    PublicKey::of_cose(&map(&key.pair.cose())).unwrap()
}

fn asserted_as(
    key: &PublicKey,
    (sign_count, backup): (u32, Backup),
    got: &Got,
    challenge: &[u8],
) -> Result<Asserted, WebAuthnError> {
    let answer = Assertion {
        client_data: &got.client_data,
        authenticator_data: &got.authenticator_data,
        signature: &got.signature,
    };
    let issuer = issuer();
    let relying_party = RelyingParty::of(&issuer).unwrap();
    check_assertion(answer, Known { key, sign_count, backup }, Expected { relying_party, challenge })
}

fn asserted(key: &Authenticator, got: &Got) -> Result<Asserted, WebAuthnError> {
    asserted_as(&public(key), (0, Backup::Never), got, CHALLENGE)
}

#[test]
fn a_passkey_of_each_algorithm_is_made_and_used() {
    for pair in [Pair::p256(), Pair::ed25519(), Pair::rsa()] {
        let mut key = key(pair);
        let new = registered(&key, &key.create(CHALLENGE)).unwrap();
        assert_eq!((&new.id, new.sign_count, new.backup), (&key.id, 0, Backup::Never));
        assert_eq!(PublicKey::of_bytes(&new.key.to_bytes()).unwrap(), new.key, "what is kept reads back");
        assert!(ALGORITHMS.contains(&new.key.algorithm()));
        key.count = 7;
        let used = asserted_as(&new.key, (6, Backup::Never), &key.get(CHALLENGE), CHALLENGE).unwrap();
        assert_eq!(used, Asserted { sign_count: 7, backup: Backup::Never });
    }
}

#[test]
fn a_passkey_that_lies_elsewhere_too_says_so_and_never_otherwise() {
    let mut key = p256();
    for (bits, backup) in [(0, Backup::Never), (0b1000, Backup::Possible), (0b1_1000, Backup::Done)] {
        key.flags = PRESENT_AND_VERIFIED | bits;
        assert_eq!(registered(&key, &key.create(CHALLENGE)).unwrap().backup, backup);
        for stored in [Backup::Never, Backup::Possible, Backup::Done] {
            let used = asserted_as(&public(&key), (0, stored), &key.get(CHALLENGE), CHALLENGE);
            if stored.is_possible() == backup.is_possible() {
                assert_eq!(used.unwrap().backup, backup);
            } else {
                assert_eq!(used, Err(WebAuthnError::Mismatch("kind of credential")));
            }
        }
    }
    key.flags = PRESENT_AND_VERIFIED | 0b1_0000;
    let malformed = WebAuthnError::Malformed("authenticator data");
    assert_eq!(registered(&key, &key.create(CHALLENGE)), Err(malformed), "elsewhere, though it cannot be");
    assert_eq!(asserted(&key, &key.get(CHALLENGE)), Err(malformed));
    for backup in [Backup::Never, Backup::Possible, Backup::Done] {
        assert_eq!(Backup::of_word(backup.word()), Some(backup));
    }
}

/// GHSA-22w3-693w-x895, and every other way of being somebody else.
#[test]
fn rt_passkey_origin_suffix() {
    for origin in [
        "https://evilauth.example.com",
        "https://auth.example.com.evil.example",
        "https://evil.auth.example.com",
        "https://example.com",
        "https://auth.example.com:443",
        "https://auth.example.com:8443",
        "https://auth.example.com/",
        "https://auth.example.com.",
        "http://auth.example.com",
        "HTTPS://AUTH.EXAMPLE.COM",
        "auth.example.com",
        "null",
        "",
    ] {
        let mut key = p256();
        key.origin = origin.to_owned();
        let wrong = WebAuthnError::Mismatch("origin");
        assert_eq!(registered(&key, &key.create(CHALLENGE)), Err(wrong), "{origin}");
        assert_eq!(asserted(&key, &key.get(CHALLENGE)), Err(wrong), "{origin}");
    }
    // The identifier of the relying party is our host, neither a domain above it nor one below.
    for rp_id in ["example.com", "com", "x.auth.example.com", "evilauth.example.com", ORIGIN, ""] {
        let mut key = p256();
        key.rp_id = rp_id.to_owned();
        let wrong = WebAuthnError::Mismatch("relying party");
        assert_eq!(registered(&key, &key.create(CHALLENGE)), Err(wrong), "{rp_id}");
        assert_eq!(asserted(&key, &key.get(CHALLENGE)), Err(wrong), "{rp_id}");
    }
}

#[test]
fn the_relying_party_is_the_host_of_the_issuer_and_an_address_is_none() {
    for (text, id) in [
        ("https://auth.example.com", Some("auth.example.com")),
        ("https://auth.example.com:8443", Some("auth.example.com")),
        ("http://localhost:8400", Some("localhost")),
        // A public suffix itself, as far as lists say: still the whole host, and nobody's above it.
        ("https://my-house.fly.dev", Some("my-house.fly.dev")),
        ("https://192.0.2.7", None),
        ("http://127.0.0.1:8400", None),
        ("http://[::1]:8400", None),
    ] {
        let issuer = Issuer::parse(text).unwrap();
        assert_eq!(RelyingParty::of(&issuer).map(RelyingParty::id), id, "{text}");
    }
}

#[test]
fn a_port_is_a_part_of_the_origin_and_not_of_the_relying_party() {
    let issuer = Issuer::parse("http://localhost:8400").unwrap();
    let key = Authenticator::new(Pair::ed25519(), "http://localhost:8400");
    assert_eq!(key.rp_id, "localhost");
    assert!(registered_at(&issuer, &key, &key.create(CHALLENGE), CHALLENGE).is_ok());
    let other = Issuer::parse("http://localhost:8401").unwrap();
    let refused = registered_at(&other, &key, &key.create(CHALLENGE), CHALLENGE);
    assert_eq!(refused, Err(WebAuthnError::Mismatch("origin")));
}

#[test]
fn req_145_an_answer_is_to_this_challenge_and_of_this_ceremony() {
    let key = p256();
    for other in [&b""[..], &CHALLENGE[1..], b"another challenge, and long enough too"] {
        let wrong = WebAuthnError::Mismatch("challenge");
        assert_eq!(registered(&key, &key.create(other)), Err(wrong));
        assert_eq!(asserted(&key, &key.get(other)), Err(wrong));
    }
    let wrong = WebAuthnError::Mismatch("ceremony");
    let mut made = key.create(CHALLENGE);
    for kind in ["webauthn.get", "WEBAUTHN.CREATE", "payment.get", ""] {
        made.client_data = key.client_data(kind, CHALLENGE);
        assert_eq!(registered(&key, &made), Err(wrong), "{kind}");
    }
    for kind in ["webauthn.create", "webauthn.getx", "payment.get"] {
        let got = key.sign(key.client_data(kind, CHALLENGE), key.head(PRESENT_AND_VERIFIED));
        assert_eq!(asserted(&key, &got), Err(wrong), "{kind}");
    }
}

#[test]
fn req_145_the_authenticator_must_have_made_sure_of_the_user() {
    for (flags, wrong) in [
        (0b0000, WebAuthnError::NobodyThere),
        (0b0001, WebAuthnError::NotVerified),
        (0b0100, WebAuthnError::NobodyThere),
    ] {
        let mut key = p256();
        key.flags = flags;
        assert_eq!(registered(&key, &key.create(CHALLENGE)), Err(wrong), "{flags:b}");
        assert_eq!(asserted(&key, &key.get(CHALLENGE)), Err(wrong), "{flags:b}");
    }
}

#[test]
fn a_page_inside_another_is_refused_and_so_is_a_token_binding() {
    let mut key = p256();
    for (more, outcome) in [
        ("", Ok(())),
        (r#","crossOrigin":false"#, Ok(())),
        (r#","crossOrigin":false,"other_keys_can_be_added_here":"do not compare""#, Ok(())),
        (r#","tokenBinding":{"status":"supported"}"#, Ok(())),
        (r#","crossOrigin":true"#, Err(WebAuthnError::CrossOrigin)),
        (r#","crossOrigin":"false""#, Err(WebAuthnError::Malformed("client data"))),
        (r#","crossOrigin":null"#, Err(WebAuthnError::Malformed("client data"))),
        (r#","topOrigin":"https://auth.example.com""#, Err(WebAuthnError::CrossOrigin)),
        (r#","tokenBinding":{"status":"present","id":"AA"}"#, Err(WebAuthnError::Mismatch("token binding"))),
        (r#","tokenBinding":"supported""#, Err(WebAuthnError::Mismatch("token binding"))),
        // The second would be read by one reader, and the first by another.
        (r#","origin":"https://auth.example.com""#, Err(WebAuthnError::Malformed("client data"))),
        (r#","type":"webauthn.get""#, Err(WebAuthnError::Malformed("client data"))),
    ] {
        key.more = more.to_owned();
        assert_eq!(asserted(&key, &key.get(CHALLENGE)).map(|_| ()), outcome, "{more}");
        assert_eq!(registered(&key, &key.create(CHALLENGE)).map(|_| ()), outcome, "{more}");
    }
}

#[test]
fn what_is_no_client_data_is_refused() {
    let key = p256();
    let good = String::from_utf8(key.client_data("webauthn.get", CHALLENGE)).unwrap();
    let long = good.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(4096)), 1);
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        &format!("\u{feff}{good}"),
        &format!("{good}{good}"),
        &format!("{good} x"),
        &good.replace("\"challenge\":\"", "\"challenge\":7,\"x\":\""),
        &good.replace("\"challenge\":\"", "\"challenge\":\"="),
        &long,
    ] {
        let got = key.sign(bad.as_bytes().to_vec(), key.head(PRESENT_AND_VERIFIED));
        assert_eq!(asserted(&key, &got), Err(WebAuthnError::Malformed("client data")), "{bad:.80}");
    }
}

#[test]
fn a_signature_is_of_this_key_over_these_bytes() {
    let key = p256();
    let good = key.get(CHALLENGE);
    assert!(asserted(&key, &good).is_ok());
    let other = p256();
    assert_eq!(asserted(&other, &good), Err(WebAuthnError::BadSignature));
    for at in 0..good.signature.len() {
        let mut got = key.get(CHALLENGE);
        let at = at % got.signature.len(); // DER: one is a byte longer than another
        got.signature[at] ^= 1;
        assert_eq!(asserted(&key, &got), Err(WebAuthnError::BadSignature), "{at}");
    }
    for signature in [vec![], vec![0; 64], good.signature[1..].to_vec(), [&good.signature[..], &[0]].concat()]
    {
        assert_eq!(
            asserted(&key, &Got { signature, ..key.get(CHALLENGE) }),
            Err(WebAuthnError::BadSignature)
        );
    }
    // The same client data with a space are other client data.
    let mut got = key.get(CHALLENGE);
    got.client_data.push(b' ');
    assert_eq!(asserted(&key, &got), Err(WebAuthnError::BadSignature));
    let mut got = key.get(CHALLENGE);
    got.authenticator_data[36] = 9; // the counter
    assert_eq!(asserted(&key, &got), Err(WebAuthnError::BadSignature));
}

#[test]
fn req_145_a_counter_that_does_not_go_on_is_refused() {
    let mut key = p256();
    for (stored, got, goes_on) in [
        (0, 0, true),
        (0, 1, true),
        (5, 6, true),
        (5, u32::MAX, true),
        (5, 5, false),
        (5, 4, false),
        (5, 0, false),
        (u32::MAX, 0, false),
    ] {
        key.count = got;
        let used = asserted_as(&public(&key), (stored, Backup::Never), &key.get(CHALLENGE), CHALLENGE);
        if goes_on {
            assert_eq!(used.unwrap().sign_count, got);
        } else {
            assert_eq!(used, Err(WebAuthnError::CounterBehind { stored, got }));
        }
        // Nobody learns where it stands without the key.
        let forged = Got { signature: vec![1], ..key.get(CHALLENGE) };
        let used = asserted_as(&public(&key), (stored, Backup::Never), &forged, CHALLENGE);
        assert_eq!(used, Err(WebAuthnError::BadSignature));
    }
}
