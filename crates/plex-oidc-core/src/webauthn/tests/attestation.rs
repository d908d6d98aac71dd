//! Authenticator data, and attestation objects.

use super::*;

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
