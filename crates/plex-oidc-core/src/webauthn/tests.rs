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

fn with_data(key: &Authenticator, data: &[u8]) -> Made {
    Made { attestation_object: attestation_object("none", &map(&[]), data), ..key.create(CHALLENGE) }
}

#[test]
fn authenticator_data_end_where_they_say() {
    let key = p256();
    let malformed = Err(WebAuthnError::Malformed("authenticator data"));
    let head = |flags: u8| key.head(PRESENT_AND_VERIFIED | flags);
    let full = [head(ATTESTED), key.attested()].concat();
    assert!(registered(&key, &with_data(&key, &full)).is_ok());
    for cut in 0..full.len() {
        assert!(registered(&key, &with_data(&key, &full[..cut])).is_err(), "{cut}");
    }
    assert_eq!(registered(&key, &with_data(&key, &[&full[..], &[0]].concat())), malformed);
    assert_eq!(registered(&key, &with_data(&key, &head(0))), malformed, "no credential");
    let extension = map(&[(text("credProtect"), number(2))]);
    let extended = [head(ATTESTED | 0x80), key.attested(), extension.clone()].concat();
    assert!(registered(&key, &with_data(&key, &extended)).is_ok(), "what nobody asked for is not looked at");
    for more in [&b""[..], &extension[1..], &[&extension[..], &[0]].concat(), b"\xbf\xff", &number(1)] {
        let data = [&head(ATTESTED | 0x80)[..], &key.attested(), more].concat();
        assert_eq!(registered(&key, &with_data(&key, &data)), malformed);
    }
    let unsaid = [&full[..], &extension[..]].concat();
    assert_eq!(registered(&key, &with_data(&key, &unsaid)), malformed, "extensions without their flag");

    let used =
        |data: &[u8]| asserted(&key, &key.sign(key.client_data("webauthn.get", CHALLENGE), data.to_vec()));
    assert!(used(&head(0)).is_ok());
    assert!(used(&[head(0x80), extension].concat()).is_ok());
    for bad in [&full[..], &head(0)[..36], &[&head(0)[..], &[0]].concat(), &[], &head(0x80)] {
        assert_eq!(used(bad).map(|_| ()), Err(WebAuthnError::Malformed("authenticator data")));
    }
}

#[test]
fn the_name_of_a_credential_has_1_to_1023_bytes_and_is_the_one_that_the_browser_says() {
    let mut key = p256();
    for (length, fits) in [(0, false), (1, true), (1023, true), (1024, false), (4000, false)] {
        key.id = vec![7; length];
        assert_eq!(registered(&key, &key.create(CHALLENGE)).is_ok(), fits, "{length}");
    }
    key.id = vec![7; 32];
    let made = key.create(CHALLENGE);
    key.id = vec![8; 32];
    assert_eq!(registered(&key, &made), Err(WebAuthnError::Mismatch("credential")));
}

#[test]
fn an_attestation_that_nobody_asked_for_is_refused_but_one_of_the_key_itself() {
    let key = p256();
    let data = [key.head(PRESENT_AND_VERIFIED | ATTESTED), key.attested()].concat();
    let made = key.create(CHALLENGE);
    let signature = key.pair.sign(&[&data[..], &hash(&made.client_data)].concat());
    let with = |format: &str, statement: &[(Vec<u8>, Vec<u8>)]| {
        let attestation_object = attestation_object(format, &map(statement), &data);
        registered(&key, &Made { attestation_object, client_data: made.client_data.clone() }).map(|_| ())
    };
    let (alg, sig) = ((text("alg"), number(-7)), (text("sig"), bytes(&signature)));
    assert_eq!(with("packed", &[alg.clone(), sig.clone()]), Ok(()));
    let (refused, malformed) =
        (Err(WebAuthnError::AttestationRefused), Err(WebAuthnError::Malformed("attestation object")));
    assert_eq!(with("packed", &[(text("alg"), number(-8)), sig.clone()]), refused, "another algorithm");
    let wrong = (text("sig"), bytes(&key.pair.sign(b"something else")));
    assert_eq!(with("packed", &[alg.clone(), wrong]), Err(WebAuthnError::BadSignature));
    let chain = (text("x5c"), [vec![0x81], bytes(b"a certificate")].concat());
    assert_eq!(with("packed", &[alg.clone(), sig.clone(), chain]), refused);
    for format in ["fido-u2f", "tpm", "apple", "android-key", "android-safetynet", "NONE", "Packed", ""] {
        assert_eq!(with(format, &[]), refused, "{format}");
    }
    assert_eq!(with("none", std::slice::from_ref(&alg)), malformed, "none has nothing in it");
    for statement in
        [vec![], vec![alg.clone()], vec![sig.clone()], vec![alg.clone(), sig.clone(), sig.clone()]]
    {
        assert_eq!(with("packed", &statement), malformed);
    }
}

#[test]
fn an_attestation_object_has_its_three_members_once() {
    let key = p256();
    let data = bytes(&[key.head(PRESENT_AND_VERIFIED | ATTESTED), key.attested()].concat());
    let (format, statement) = ((text("fmt"), text("none")), (text("attStmt"), map(&[])));
    let data = (text("authData"), data);
    let with = |object: Vec<u8>| {
        registered(&key, &Made { attestation_object: object, ..key.create(CHALLENGE) }).map(|_| ())
    };
    let all = [format.clone(), statement.clone(), data.clone()];
    assert_eq!(with(map(&all)), Ok(()));
    assert_eq!(with(map(&[data.clone(), statement.clone(), format.clone()])), Ok(()), "in any order");
    let malformed = Err(WebAuthnError::Malformed("attestation object"));
    for left_out in 0..3 {
        let mut some = all.to_vec();
        some.remove(left_out);
        assert_eq!(with(map(&some)), malformed);
    }
    for one in all.clone().into_iter().chain([(text("more"), number(1)), (number(1), number(1))]) {
        assert_eq!(with(map(&[&all[..], &[one]].concat())), malformed);
    }
    assert_eq!(with([map(&all), vec![0]].concat()), malformed);
    assert_eq!(with(vec![0xa3]), malformed);
    assert_eq!(with(vec![0xbf, 0xff]), malformed, "no definite length");
    assert_eq!(with([&[0xbb][..], &[0xff; 8]].concat()), malformed, "a length beyond all bounds");
    assert_eq!(with([map(&all), vec![0; 9000]].concat()), malformed);
    let deep = (text("attStmt"), [vec![0x81; 7000], vec![0]].concat());
    assert_eq!(with(map(&[format, deep, data])), malformed);
}

#[test]
fn a_key_is_what_its_algorithm_needs_and_nothing_else() {
    let refused = Err(WebAuthnError::KeyRefused);
    let malformed = Err(WebAuthnError::Malformed("key"));
    let of = |members: &[(Vec<u8>, Vec<u8>)]| PublicKey::of_cose(&map(members)).map(|_| ());
    for pair in [Pair::p256(), Pair::ed25519(), Pair::rsa()] {
        let cose = pair.cose();
        assert_eq!(of(&cose), Ok(()));
        for at in 0..cose.len() {
            let mut some = cose.clone();
            some.remove(at);
            assert!(of(&some).is_err(), "without member {at}");
            let twice = [&cose[..], &cose[at..=at]].concat();
            assert_eq!(of(&twice), malformed, "member {at} twice");
        }
        for (label, value) in [(2, bytes(b"kid")), (4, number(2)), (-4, bytes(b"private")), (0, number(0))] {
            assert_eq!(of(&[&cose[..], &[(number(label), value)]].concat()), malformed, "label {label}");
        }
        for algorithm in [-7, -8, -257, -35, -36, -37, -258, -65535, 0, 1] {
            let mut other = cose.clone();
            if other[1].1 != number(algorithm) {
                other[1].1 = number(algorithm);
                assert_eq!(of(&other), refused, "{algorithm}");
            }
        }
        for kind in [0, 4, -1] {
            let mut other = cose.clone();
            other[0].1 = number(kind);
            assert!(of(&other).is_err(), "type {kind}");
        }
        assert_eq!(PublicKey::of_cose(&[map(&cose), vec![0]].concat()).map(|_| ()), malformed);
    }
}

#[test]
fn a_point_is_on_its_curve_and_not_compressed() {
    let cose = Pair::p256().cose();
    let with = |at: usize, value: Vec<u8>| {
        let mut other = cose.clone();
        other[at].1 = value;
        PublicKey::of_cose(&map(&other)).map(|_| ())
    };
    let refused = Err(WebAuthnError::KeyRefused);
    assert_eq!(with(3, bytes(&[0; 32])), refused, "no point");
    assert_eq!(with(3, bytes(&[0xff; 32])), refused, "beyond the field");
    assert_eq!(with(3, bytes(&[1; 31])), refused);
    assert_eq!(with(4, bytes(&[1; 33])), refused);
    for curve in [2, 3, 6, 8] {
        assert_eq!(with(2, number(curve)), refused, "curve {curve}");
    }
    assert_eq!(with(4, vec![0xf5]), Err(WebAuthnError::Malformed("key")), "y as a bit");
}

#[test]
fn an_rsa_key_has_2048_bits_at_least_and_the_exponent_of_everybody() {
    let of = |n: &[u8], e: &[u8]| {
        let cose = [
            (number(1), number(3)),
            (number(3), number(-257)),
            (number(-1), bytes(n)),
            (number(-2), bytes(e)),
        ];
        PublicKey::of_cose(&map(&cose)).map(|_| ())
    };
    let refused = Err(WebAuthnError::KeyRefused);
    let odd = |length: usize| [vec![0xc1; length - 1], vec![0xc3]].concat();
    assert_eq!(of(&odd(256), &[1, 0, 1]), Ok(()));
    assert_eq!(of(&odd(255), &[1, 0, 1]), refused);
    assert_eq!(of(&odd(1025), &[1, 0, 1]), refused);
    assert_eq!(of(&[&[0][..], &odd(256)].concat(), &[1, 0, 1]), refused, "a zero before it");
    assert_eq!(of(&[&[0x7f][..], &odd(255)].concat(), &[1, 0, 1]), refused, "2047 bits");
    assert_eq!(of(&[0xc2; 256], &[1, 0, 1]), refused, "an even one");
    for exponent in [&b""[..], &[1], &[3], &[0, 1, 0, 1], &[1, 0, 2]] {
        assert_eq!(of(&odd(256), exponent), refused);
    }
}

#[test]
fn what_is_kept_of_a_key_is_read_back_or_refused() {
    for pair in [Pair::p256(), Pair::ed25519(), Pair::rsa()] {
        let kept = PublicKey::of_cose(&map(&pair.cose())).unwrap().to_bytes();
        assert!(PublicKey::of_bytes(&kept).is_ok());
        for bad in [&kept[1..], &kept[..kept.len() - 1], &[&[9], &kept[1..]].concat(), &[]] {
            assert_eq!(PublicKey::of_bytes(bad), Err(WebAuthnError::KeyRefused));
        }
        let long = [&kept[..], &[0]].concat();
        assert_eq!(PublicKey::of_bytes(&long), Err(WebAuthnError::KeyRefused));
    }
}

#[test]
fn the_challenge_is_read_to_be_looked_up_and_believed_only_later() {
    let key = p256();
    let got = key.get(b"what somebody else made");
    let read = ClientData::parse(&got.client_data).unwrap();
    assert_eq!(read.unverified_challenge(), b"what somebody else made");
    assert_eq!(asserted(&key, &got), Err(WebAuthnError::Mismatch("challenge")));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_pass(
        client_data: Vec<u8>, object: Vec<u8>, data: Vec<u8>, signature: Vec<u8>,
    ) {
        let key = p256();
        let made = Made { client_data: client_data.clone(), attestation_object: object.clone() };
        prop_assert!(registered(&key, &made).is_err());
        let made = Made { attestation_object: object.clone(), ..key.create(CHALLENGE) };
        prop_assert!(registered(&key, &made).is_err());
        let got = Got { client_data, authenticator_data: data, signature };
        prop_assert!(asserted(&key, &got).is_err());
        let _ = PublicKey::of_cose(&object);
        let _ = PublicKey::of_bytes(&object);
    }

    #[test]
    fn one_changed_byte_of_an_assertion_spoils_it(at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let key = key(Pair::ed25519());
        let mut got = key.get(CHALLENGE);
        let lengths = [got.client_data.len(), got.authenticator_data.len(), got.signature.len()];
        let mut at = at.index(lengths.iter().sum());
        for part in [&mut got.client_data, &mut got.authenticator_data, &mut got.signature] {
            match part.get_mut(at) {
                Some(byte) => { *byte ^= 1 << bit; break }
                None => at -= part.len(),
            }
        }
        prop_assert!(asserted(&key, &got).is_err());
    }

    #[test]
    fn one_changed_byte_of_a_registration_never_makes_another_key_of_the_same_name(
        at in any::<prop::sample::Index>(), bit in 0..8u32,
    ) {
        let key = p256();
        let mut made = key.create(CHALLENGE);
        let at = at.index(made.attestation_object.len());
        made.attestation_object[at] ^= 1 << bit;
        // None vouches for these bytes, so some may change: flags that are not looked at, the make, the counter. The key may
        // not, since a point beside the curve is none.
        if let Ok(new) = registered(&key, &made) {
            prop_assert_eq!(new.key, public(&key));
            prop_assert_eq!(new.id, key.id);
        }
    }

    #[test]
    fn whatever_the_challenge_is_it_is_found_and_compared(challenge in prop::collection::vec(any::<u8>(), 16..200)) {
        let key = key(Pair::ed25519());
        let got = key.get(&challenge);
        let read = ClientData::parse(&got.client_data).unwrap();
        prop_assert_eq!(read.unverified_challenge(), &challenge[..]);
        prop_assert!(asserted_as(&public(&key), (0, Backup::Never), &got, &challenge).is_ok());
        let other = URL_SAFE_NO_PAD.encode(&challenge);
        prop_assert!(asserted_as(&public(&key), (0, Backup::Never), &got, other.as_bytes()).is_err());
    }
}

/// What others wrote: the vectors of Level 3, s. 16.2, "ES256 Credential with No Attestation". Their authenticator did not make sure
/// of its user, so that as a whole they are refused here.
#[test]
fn the_vectors_of_the_specification_are_read_and_verify() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
            .collect()
    };
    let client_data = hex(
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e63647134313759\
         447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73\
         734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077\
         697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354\
         427258426941774a544c453551227d",
    );
    let object = hex(
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2\
         e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a50102\
         03262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c1\
         2cc68ed73290af2e2664796b9220",
    );
    let id = hex("f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4");
    let challenge = hex("00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130");
    let issuer = Issuer::parse("https://example.org").unwrap();
    let expected = |challenge| Expected { relying_party: RelyingParty::of(&issuer).unwrap(), challenge };
    let answer = Registration { client_data: &client_data, attestation_object: &object, id: &id };
    assert_eq!(check_registration(answer, expected(&challenge)), Err(WebAuthnError::NotVerified));
    assert!(ClientData::parse(&client_data).unwrap().check(Ceremony::Create, expected(&challenge)).is_ok());
    let object = AttestationObject::parse(&object).unwrap();
    let data = AuthenticatorData::parse(object.authenticator_data).unwrap();
    let attested = data.attested.unwrap();
    assert_eq!((attested.id, data.sign_count, data.backup), (&id[..], 0, Backup::Done));
    let key = PublicKey::of_cose(attested.key).unwrap();

    let challenge = hex("39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408");
    let client_data = hex(
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a5558543049393770\
         767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f72\
         6967696e223a66616c73657d",
    );
    let data = hex("bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000");
    let signature = hex(
        "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78c6e486\
         013f937295ea13653e331e87",
    );
    let hash = ClientData::parse(&client_data).unwrap().check(Ceremony::Get, expected(&challenge)).unwrap();
    assert_eq!(key.verify(&[&data[..], &hash].concat(), &signature), Ok(()));
    let answer = Assertion { client_data: &client_data, authenticator_data: &data, signature: &signature };
    let known = Known { key: &key, sign_count: 0, backup: Backup::Done };
    assert_eq!(check_assertion(answer, known, expected(&challenge)), Err(WebAuthnError::NotVerified));
}
