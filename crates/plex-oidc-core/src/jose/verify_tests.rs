//! Tests of [`super`]: hostile tokens, the examples of the RFCs, and arbitrary text.

use proptest::prelude::*;
use serde_json::json;

use super::super::{Jwk, PublicMaterial, SigningKey, TYP_ACCESS_TOKEN, TYP_LOGOUT_TOKEN};
use super::*;
use crate::id::PlexAccountId;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap().0
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with exactly this header and payload, validly signed with Ed25519.
fn crafted(key: &Ed25519, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", encoded(header), encoded(payload));
    let signature = key.0.sign(input.as_bytes());
    format!("{input}.{}", encoded(signature))
}

struct Ed25519(aws_lc_rs::signature::Ed25519KeyPair);

impl Ed25519 {
    fn new() -> Self {
        Self(aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap())
    }

    fn verifying(&self, kid: Option<&str>) -> VerifyingKey {
        use aws_lc_rs::signature::KeyPair as _;
        let material = PublicMaterial::ed25519(self.0.public_key().as_ref());
        VerifyingKey::new(&material, kid.map(str::to_owned)).unwrap()
    }
}

fn outcome(token: &str, key: &VerifyingKey) -> Result<VerifiedJwt, JwtError> {
    UnverifiedJwt::parse(token)?.verify(std::slice::from_ref(key))
}

#[test]
fn what_we_sign_verifies_and_one_changed_byte_does_not() {
    for algorithm in SigningAlgorithm::ALL {
        let (ours, other) = (key(algorithm), key(algorithm));
        let token = ours.sign("JWT", &json!({"sub": "plex-1"})).unwrap();
        let keys = [other.verifying_key(), ours.verifying_key()];
        assert!(UnverifiedJwt::parse(&token).unwrap().verify(&keys).is_ok());
        assert_eq!(outcome(&token, &other.verifying_key()).unwrap_err(), JwtError::UnknownKey);
        for position in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(outcome(&changed, &ours.verifying_key()).is_err(), "position {position}");
        }
    }
}

#[test]
fn req_070_tokens_signed_by_others_verify_here() {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    // RFC 7515 appendix A.2 (RS256) and A.3 (ES256): signed by the authors of the RFC.
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2l\
             ZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2\
             CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb\
             54h4FRWyuXpoQ";
    let rsa = VerifyingKey::new(&PublicMaterial::rsa(&decode(n), &[1, 0, 1]), None).unwrap();
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9u\
                     JdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN\
                     9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLI\
                     hWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{payload}.{signature}");
    let verified = outcome(&token, &rsa).unwrap();
    assert_eq!(verified.text("iss"), Ok(Some("joe")));
    assert_eq!(verified.require_valid_at(Timestamp(1_300_819_379)).unwrap().exp, Timestamp(1_300_819_380));

    let ec = PublicMaterial::p256(
        &decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
        &decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
    );
    let ec = VerifyingKey::new(&ec, None).unwrap();
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = format!("eyJhbGciOiJFUzI1NiJ9.{payload}.{signature}");
    assert!(outcome(&token, &ec).is_ok());
    assert_eq!(outcome(&token, &rsa).unwrap_err(), JwtError::UnknownKey);
}

#[test]
fn req_151_the_header_never_chooses_the_algorithm() {
    let rsa = key(SigningAlgorithm::Rs256);
    // The classic confusion: the published key as an HMAC secret.
    let public = serde_json::to_vec(&rsa.public_jwk()).unwrap();
    let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public);
    let input = format!("{}.{}", encoded(r#"{"alg":"HS256"}"#), encoded(r#"{"exp":9999999999}"#));
    let tag = aws_lc_rs::hmac::sign(&hmac_key, input.as_bytes());
    let token = format!("{input}.{}", encoded(tag));
    assert_eq!(outcome(&token, &rsa.verifying_key()).unwrap_err(), JwtError::AlgorithmRefused);
    for alg in [r#""none""#, r#""None""#, r#""""#, r#""HS512""#, r#""PS256""#, "null", "7", r#"["RS256"]"#] {
        for signature in ["", "AAAA"] {
            let header = encoded(format!(r#"{{"alg":{alg}}}"#));
            let token = format!("{header}.{}.{signature}", encoded("{}"));
            assert_eq!(UnverifiedJwt::parse(&token).unwrap_err(), JwtError::AlgorithmRefused, "{alg}");
        }
    }
    let es = key(SigningAlgorithm::Es256);
    let named = VerifyingKey::new(&es.public_jwk().material, Some(rsa.kid().to_owned())).unwrap();
    let token = rsa.sign("JWT", &json!({})).unwrap();
    assert_eq!(outcome(&token, &named).unwrap_err(), JwtError::UnknownKey, "same kid, other algorithm");
}

#[test]
fn req_152_kid_only_selects_and_references_are_ignored() {
    let ours = Ed25519::new();
    let verifying = ours.verifying(Some("a"));
    let long = "k".repeat(10 * 1024);
    for kid in ["../../etc/passwd", "https://evil.example/k", "' OR 1=1 --", "", long.as_str()] {
        let token = crafted(&ours, &json!({"alg": "EdDSA", "kid": kid}).to_string(), "{}");
        assert_eq!(outcome(&token, &verifying).unwrap_err(), JwtError::UnknownKey);
    }
    let attacker = Ed25519::new();
    let jwk =
        Jwk::new(PublicMaterial::ed25519(aws_lc_rs::signature::KeyPair::public_key(&attacker.0).as_ref()));
    let header = json!({"alg": "EdDSA", "kid": "a", "jwk": jwk, "jku": "https://evil.example", "x5u": "x", "x5c": ["x"]});
    let header = header.to_string();
    let forged = crafted(&attacker, &header, "{}");
    assert_eq!(outcome(&forged, &verifying).unwrap_err(), JwtError::BadSignature);
    assert!(outcome(&crafted(&ours, &header, "{}"), &verifying).is_ok(), "ignored, not an error");
    for (extra, name) in
        [(r#""crit":["b64"],"b64":false"#, "crit"), (r#""b64":false"#, "b64"), (r#""crit":[]"#, "crit")]
    {
        let token = crafted(&ours, &format!(r#"{{"alg":"EdDSA",{extra}}}"#), "{}");
        assert_eq!(outcome(&token, &verifying).unwrap_err(), JwtError::HeaderRefused(name));
    }
    let token = crafted(&ours, r#"{"alg":"EdDSA","kid":7}"#, "{}");
    assert_eq!(outcome(&token, &verifying).unwrap_err(), JwtError::HeaderRefused("kid"));
    assert!(
        outcome(&crafted(&ours, r#"{"alg":"EdDSA"}"#, "{}"), &verifying).is_ok(),
        "no kid: every key is tried"
    );
}

#[test]
fn a_token_says_whom_and_which_key_it_claims_before_anybody_believes_it() {
    let ours = Ed25519::new();
    let claimed = |header: &str, payload: &str| {
        let token = crafted(&ours, header, payload);
        let unverified = UnverifiedJwt::parse(&token).unwrap();
        (unverified.kid().map(str::to_owned), unverified.claimed_subject())
    };
    let (named, bare) = (r#"{"alg":"EdDSA","kid":"a"}"#, r#"{"alg":"EdDSA"}"#);
    assert_eq!(claimed(named, r#"{"sub":"backup"}"#), (Some("a".to_owned()), Some("backup".to_owned())));
    for payload in ["{}", r#"{"sub":7}"#, r#"{"sub":"a","sub":"b"}"#, "[]", "backup"] {
        assert_eq!(claimed(bare, payload), (None, None), "{payload}");
    }
}

#[test]
fn req_153_dates_are_numbers_and_issuer_and_audience_exact() {
    let ours = Ed25519::new();
    let verifying = ours.verifying(None);
    let read = |payload: &str| outcome(&crafted(&ours, r#"{"alg":"EdDSA"}"#, payload), &verifying);
    for value in [
        r#""1800000000""#,
        "-1",
        "[1800000000]",
        "{}",
        "true",
        "null",
        "1e300",
        "-1e300",
        "18446744073709551615",
    ] {
        for name in ["exp", "nbf", "iat"] {
            let valid = if name == "exp" { String::new() } else { r#","exp":1800000000"#.to_owned() };
            let token = read(&format!(r#"{{"{name}":{value}{valid}}}"#)).unwrap();
            assert_eq!(token.require_valid_at(NOW).unwrap_err(), JwtError::WrongType(name), "{name}={value}");
        }
    }
    assert_eq!(read(r#"{"exp":1e400}"#).unwrap_err(), JwtError::NotAnObject("payload"));
    assert_eq!(read("{}").unwrap().require_valid_at(NOW), Err(JwtError::Missing("exp")));
    assert!(read(r#"{"exp":1800000000.5}"#).unwrap().require_valid_at(NOW).is_ok());

    for aud in [r#""a""#, r#"["b","a"]"#] {
        assert_eq!(read(&format!(r#"{{"aud":{aud}}}"#)).unwrap().require_audience("a"), Ok(()));
    }
    for (aud, error) in [
        (r#""A""#, JwtError::Mismatch("aud")),
        (r#""aa""#, JwtError::Mismatch("aud")),
        ("[]", JwtError::WrongType("aud")),
        (r#"["a",1]"#, JwtError::WrongType("aud")),
        (r#"{"a":"a"}"#, JwtError::WrongType("aud")),
    ] {
        assert_eq!(read(&format!(r#"{{"aud":{aud}}}"#)).unwrap().require_audience("a"), Err(error), "{aud}");
    }
    let issuer = "https://a.example";
    assert_eq!(read(r#"{"iss":"https://a.example"}"#).unwrap().require_issuer(issuer), Ok(()));
    let slash = read(r#"{"iss":"https://a.example/"}"#).unwrap();
    assert_eq!(slash.require_issuer(issuer), Err(JwtError::Mismatch("iss")));
    let list = read(r#"{"iss":["https://a.example"]}"#).unwrap();
    assert_eq!(list.require_issuer(issuer), Err(JwtError::WrongType("iss")));
    assert_eq!(read("{}").unwrap().require_issuer(issuer), Err(JwtError::Missing("iss")));
    assert_eq!(read("{}").unwrap().require_audience("a"), Err(JwtError::Missing("aud")));
    let any = read(r#"{"custom":{"a":[1]}}"#).unwrap();
    assert_eq!((any.claim("custom"), any.claim("other")), (Some(&json!({"a": [1]})), None));
}

#[test]
fn req_154_sixty_seconds_either_way() {
    let ours = key(SigningAlgorithm::EdDsa);
    let at = |claims: Value| {
        outcome(&ours.sign("JWT", &claims).unwrap(), &ours.verifying_key())
            .unwrap()
            .require_valid_at(NOW)
            .err()
    };
    let later = NOW.0 + 300;
    for (offset, expected) in
        [(-59, None), (-60, Some(JwtError::Expired)), (-61, Some(JwtError::Expired)), (59, None), (61, None)]
    {
        assert_eq!(at(json!({"exp": NOW.0 + offset})), expected, "exp {offset}");
    }
    for (offset, expected) in [(-61, None), (59, None), (60, None), (61, Some(JwtError::NotYetValid))] {
        assert_eq!(at(json!({"exp": later, "nbf": NOW.0 + offset})), expected, "nbf {offset}");
        assert_eq!(at(json!({"exp": later, "iat": NOW.0 + offset})), expected, "iat {offset}");
    }
}

#[test]
fn req_155_size_dots_depth_duplicates_and_encoding() {
    assert_eq!(UnverifiedJwt::parse(&".".repeat(1 << 20)).unwrap_err(), JwtError::TooLong);
    assert_eq!(UnverifiedJwt::parse(&".".repeat(MAX_LEN + 1)).unwrap_err(), JwtError::TooLong);
    assert_eq!(UnverifiedJwt::parse(&".".repeat(MAX_LEN)).unwrap_err(), JwtError::NotCompact);
    for text in ["", "a", "a.b", "a.b.c.d"] {
        assert_eq!(UnverifiedJwt::parse(text).unwrap_err(), JwtError::NotCompact);
    }
    let ours = Ed25519::new();
    let verifying = ours.verifying(None);
    let header = r#"{"alg":"EdDSA"}"#;
    for payload in
        [r#"{"sub":"a","sub":"b"}"#.to_owned(), format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32))]
    {
        let refused = outcome(&crafted(&ours, header, &payload), &verifying).unwrap_err();
        assert_eq!(refused, JwtError::NotAnObject("payload"));
    }
    let twice = crafted(&ours, r#"{"alg":"EdDSA","alg":"EdDSA"}"#, "{}");
    assert_eq!(UnverifiedJwt::parse(&twice).unwrap_err(), JwtError::NotAnObject("header"));
    let good = crafted(&ours, header, "{}");
    assert!(outcome(&good, &verifying).is_ok());
    for (changed, segment) in [
        (format!("{good}="), "signature"),
        (format!("{good}\n"), "signature"),
        (format!(" {good}"), "header"),
        (good.replacen('.', "=.", 1), "header"),
    ] {
        assert_eq!(UnverifiedJwt::parse(&changed).unwrap_err(), JwtError::NotBase64(segment));
    }
}

#[test]
fn req_156_encrypted_and_compressed_tokens_are_refused() {
    let jwe = encoded(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
    assert_eq!(UnverifiedJwt::parse(&format!("{jwe}.a.b.c.d")).unwrap_err(), JwtError::NotCompact);
    assert_eq!(UnverifiedJwt::parse(&format!("{jwe}.e30.AA")).unwrap_err(), JwtError::HeaderRefused("enc"));
    let zipped = encoded(r#"{"alg":"EdDSA","zip":"DEF"}"#);
    assert_eq!(
        UnverifiedJwt::parse(&format!("{zipped}.e30.AA")).unwrap_err(),
        JwtError::HeaderRefused("zip")
    );
}

#[test]
fn a_hint_may_be_expired_but_not_forged_foreign_or_of_another_kind() {
    let ours = key(SigningAlgorithm::Es256);
    let keys = [ours.verifying_key()];
    let issuer = Issuer::parse("https://auth.example.com").unwrap();
    let claims = json!({
        "iss": "https://auth.example.com", "sub": "plex-7", "aud": "grafana", "exp": 1,
        "sid": "0000000000000000000000000000beef",
    });
    let hint = verify_id_token_hint(&ours.sign("JWT", &claims).unwrap(), &keys, &issuer).unwrap();
    assert_eq!(hint.sub, Subject::of_plex(PlexAccountId(7)));
    assert_eq!(hint.aud, [ClientId::parse("grafana").unwrap()]);
    assert!(hint.sid.is_some());
    assert!(hint.is_for(&ClientId::parse("grafana").unwrap()));
    assert!(!hint.is_for(&ClientId::parse("Grafana").unwrap()));
    let nobody = ours.sign("JWT", &json!({"iss": "https://auth.example.com", "sub": "plex-7"})).unwrap();
    assert_eq!(verify_id_token_hint(&nobody, &keys, &issuer), Err(JwtError::Missing("aud")));
    for typ in [TYP_ACCESS_TOKEN, TYP_LOGOUT_TOKEN, "application/at+jwt", "AT+JWT", "secevent+jwt", ""] {
        let token = ours.sign(typ, &claims).unwrap();
        assert_eq!(verify_id_token_hint(&token, &keys, &issuer), Err(JwtError::WrongKind), "{typ}");
    }
    let elsewhere = Issuer::parse("https://other.example.com").unwrap();
    let token = ours.sign("jwt", &claims).unwrap();
    assert_eq!(verify_id_token_hint(&token, &keys, &elsewhere), Err(JwtError::Mismatch("iss")));
    let forger = key(SigningAlgorithm::Es256);
    let token = forger.sign("JWT", &claims).unwrap();
    assert_eq!(verify_id_token_hint(&token, &keys, &issuer), Err(JwtError::UnknownKey));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = UnverifiedJwt::parse(&text);
        let _ = VerifyingKey::parse_set(text.as_bytes());
    }

    #[test]
    fn arbitrary_segments_never_panic(header in "[ -~]{0,40}", payload: Vec<u8>, signature: Vec<u8>) {
        let header = format!(r#"{{"alg":"EdDSA","kid":{header}}}"#);
        for header in [header.as_str(), r#"{"alg":"EdDSA"}"#] {
            let token = format!("{}.{}.{}", encoded(header), encoded(&payload), encoded(&signature));
            if let Ok(token) = UnverifiedJwt::parse(&token) {
                prop_assert!(token.verify(&[Ed25519::new().verifying(None)]).is_err());
            }
        }
    }
}
