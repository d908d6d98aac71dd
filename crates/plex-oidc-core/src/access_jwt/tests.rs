//! Tests of [`super`]: every malformation of an Access JWT that the reference names (4.7), and what a good one says.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::id::PlexAccountId;
use crate::jose::{PublicMaterial, SigningKey};

mod principals;

const NOW: Timestamp = Timestamp(1_700_000_000);
const TEAM: &str = "https://lab.cloudflareaccess.com";
const KID: &str = "5f0e7d4f";

struct Team(RsaKeyPair);

impl Team {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn material(&self) -> PublicMaterial {
        let parts = PublicKeyComponents::<Vec<u8>>::from(self.0.public_key());
        PublicMaterial::rsa(&parts.n, &parts.e)
    }

    fn sign(&self, header: &Value, payload: &Value) -> String {
        let input = format!("{}.{}", encoded(header.to_string()), encoded(payload.to_string()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", encoded(signature))
    }
}

/// Made once: an RSA key takes its time.
static TEAM_KEY: LazyLock<Team> = LazyLock::new(Team::new);
static FORGER: LazyLock<Team> = LazyLock::new(Team::new);

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn keys() -> Vec<VerifyingKey> {
    vec![VerifyingKey::new(&TEAM_KEY.material(), Some(KID.to_owned())).unwrap()]
}

fn application() -> AccessApplication {
    AccessApplication { issuer: TEAM.to_owned(), audiences: vec!["tag-1".to_owned(), "tag-2".to_owned()] }
}

fn header() -> Value {
    json!({"alg": "RS256", "kid": KID, "typ": "JWT"})
}

fn person() -> Value {
    json!({
        "aud": ["tag-1"], "email": "Pat@Example.com", "exp": NOW.0 + 600, "iat": NOW.0 - 60, "nbf": NOW.0 - 60,
        "iss": TEAM, "type": "app", "identity_nonce": "6ei69kawdKzMIAPF", "country": "AT",
        "sub": "7335d417-61da-459d-899c-0a01c76a2f94", "custom": {"plex_token": "canary", "sub": "plex-42"},
    })
}

fn service() -> Value {
    json!({
        "type": "app", "aud": ["tag-1"], "exp": NOW.0 + 600, "iss": TEAM, "iat": NOW.0,
        "common_name": "e367826f93b8d71185e03fe518aff3b4.access", "sub": "",
    })
}

/// `claims` with these members in place of its own; `null` takes one away.
fn with(mut claims: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("{changes}") };
    let members = claims.as_object_mut().unwrap();
    members.extend(changes);
    members.retain(|_, value| !value.is_null());
    claims
}

fn ask(payload: &Value) -> Result<AccessAssertion, AccessError> {
    verify(&TEAM_KEY.sign(&header(), payload), &keys(), &application(), NOW)
}

fn refusal(token: &str) -> AccessError {
    verify(token, &keys(), &application(), NOW).expect_err(token)
}

fn jwt<T>(error: JwtError) -> Result<T, AccessError> {
    Err(AccessError::Jwt(error))
}

#[test]
fn req_174_a_person_is_an_address_an_id_and_perhaps_our_subject() {
    let assertion = ask(&person()).unwrap();
    let expected = AccessPrincipal::Person {
        email: "pat@example.com".to_owned(),
        sub: "7335d417-61da-459d-899c-0a01c76a2f94".to_owned(),
        plex_subject: Some(Subject::of_plex(PlexAccountId(42))),
    };
    assert_eq!(assertion.principal, expected);
}

#[test]
fn req_151_rs256_only_and_never_by_the_word_of_the_header() {
    let public = TEAM_KEY.material();
    let spki = TEAM_KEY.0.public_key().as_ref();
    for secret in [serde_json::to_vec(&public).unwrap(), spki.to_vec()] {
        let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
        let input = format!(
            "{}.{}",
            encoded(json!({"alg": "HS256", "kid": KID}).to_string()),
            encoded(person().to_string())
        );
        let tag = aws_lc_rs::hmac::sign(&hmac, input.as_bytes());
        let token = format!("{input}.{}", encoded(tag));
        assert_eq!(refusal(&token), AccessError::Jwt(JwtError::AlgorithmRefused));
    }
    for alg in
        [json!("none"), json!("NONE"), json!(""), json!("PS256"), json!("RS512"), json!(["RS256"]), json!(7)]
    {
        let token = TEAM_KEY.sign(&json!({"alg": alg, "kid": KID}), &person());
        assert_eq!(refusal(&token), AccessError::Jwt(JwtError::AlgorithmRefused), "{alg}");
        let bare = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(refusal(&bare), AccessError::Jwt(JwtError::AlgorithmRefused), "{alg}");
    }
    // A key of another algorithm among the team's, should one ever be: still not accepted.
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let (key, _) = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("JWT", &person()).unwrap();
        let refused = verify(&token, &[key.verifying_key()], &application(), NOW).unwrap_err();
        assert_eq!(refused, AccessError::Jwt(JwtError::AlgorithmRefused));
    }
}

#[test]
fn req_152_keys_that_a_token_brings_along_are_not_looked_at() {
    let brought = with(
        header(),
        json!({
            "jwk": FORGER.material(), "jku": "https://evil.example/certs", "x5u": "https://evil.example/x5u",
            "x5c": [encoded(FORGER.0.public_key().as_ref())],
        }),
    );
    let bad_signature = AccessError::Jwt(JwtError::BadSignature);
    assert_eq!(refusal(&FORGER.sign(&brought, &person())), bad_signature);
    assert_eq!(refusal(&FORGER.sign(&header(), &person())), bad_signature);
    let token = TEAM_KEY.sign(&brought, &person());
    assert!(verify(&token, &keys(), &application(), NOW).is_ok(), "ignored, not an error");
}

#[test]
fn a_key_is_found_by_its_name_alone() {
    for kid in [json!(null), json!("")] {
        let token = TEAM_KEY.sign(&with(header(), json!({"kid": kid})), &person());
        assert_eq!(refusal(&token), AccessError::NoKeyName);
        assert!(!refusal(&token).is_unknown_key(), "nothing to fetch newer keys for");
    }
    for kid in ["other", "5F0E7D4F", "../../etc/passwd", &"k".repeat(10_000)] {
        let token = TEAM_KEY.sign(&with(header(), json!({"kid": kid})), &person());
        assert!(refusal(&token).is_unknown_key(), "{kid}");
    }
    let token = TEAM_KEY.sign(&with(header(), json!({"kid": 7})), &person());
    assert_eq!(refusal(&token), AccessError::Jwt(JwtError::HeaderRefused("kid")));
    assert!(
        verify(&TEAM_KEY.sign(&header(), &person()), &[], &application(), NOW).unwrap_err().is_unknown_key()
    );
}

#[test]
fn req_174_the_audience_is_one_of_this_applications_tags() {
    for aud in [json!("tag-1"), json!(["tag-2"]), json!(["tag-9", "tag-1"])] {
        assert!(ask(&with(person(), json!({"aud": aud}))).is_ok(), "{aud}");
    }
    for (aud, error) in [
        (json!("tag-9"), JwtError::Mismatch("aud")),
        (json!(["tag-9"]), JwtError::Mismatch("aud")),
        (json!("tag-1 "), JwtError::Mismatch("aud")),
        (json!("TAG-1"), JwtError::Mismatch("aud")),
        (json!("tag-1,tag-2"), JwtError::Mismatch("aud")),
        (json!(""), JwtError::Mismatch("aud")),
        (json!([]), JwtError::WrongType("aud")),
        (json!([["tag-1"]]), JwtError::WrongType("aud")),
        (json!(["tag-1", 1]), JwtError::WrongType("aud")),
        (json!({"tag-1": 1}), JwtError::WrongType("aud")),
        (json!(null), JwtError::Missing("aud")),
    ] {
        let refused = ask(&with(person(), json!({"aud": aud}))).map(|_| ());
        assert_eq!(refused, jwt(error), "{aud}");
    }
    let any_token = AccessApplication { audiences: Vec::new(), ..application() };
    let token = TEAM_KEY.sign(&header(), &person());
    assert!(verify(&token, &keys(), &any_token, NOW).is_err(), "no tags: no token");
}

#[test]
fn req_174_the_issuer_is_this_team_to_the_letter() {
    for iss in [
        "https://lab.cloudflareaccess.com/",
        "https://other.cloudflareaccess.com",
        "https://Lab.cloudflareaccess.com",
        "http://lab.cloudflareaccess.com",
        "https://lab.cloudflareaccess.com.evil.example",
        "lab.cloudflareaccess.com",
        "",
    ] {
        assert_eq!(
            ask(&with(person(), json!({"iss": iss}))).map(|_| ()),
            jwt(JwtError::Mismatch("iss")),
            "{iss}"
        );
    }
    assert_eq!(ask(&with(person(), json!({"iss": [TEAM]}))).map(|_| ()), jwt(JwtError::WrongType("iss")));
    assert_eq!(ask(&with(person(), json!({"iss": null}))).map(|_| ()), jwt(JwtError::Missing("iss")));
}

#[test]
fn only_the_tokens_of_applications_count() {
    for kind in [json!("org"), json!("App"), json!(""), json!(null)] {
        assert_eq!(
            ask(&with(person(), json!({"type": kind}))).map(|_| ()),
            jwt(JwtError::WrongKind),
            "{kind}"
        );
    }
    assert_eq!(ask(&with(person(), json!({"type": ["app"]}))).map(|_| ()), jwt(JwtError::WrongType("type")));
    let untyped = TEAM_KEY.sign(&with(header(), json!({"typ": null})), &person());
    assert!(verify(&untyped, &keys(), &application(), NOW).is_ok(), "Access sometimes leaves `typ` out");
    let other = TEAM_KEY.sign(&with(header(), json!({"typ": "at+jwt"})), &person());
    assert_eq!(refusal(&other), AccessError::Jwt(JwtError::WrongKind));
}

#[test]
fn req_153_154_dates_hold_within_thirty_seconds() {
    let verdict = |name: &str, offset: i64| ask(&with(person(), json!({name: NOW.0 + offset}))).map(|_| ());
    assert_eq!(verdict("exp", -29), Ok(()));
    assert_eq!(verdict("exp", -30), jwt(JwtError::Expired));
    assert_eq!(verdict("exp", -31), jwt(JwtError::Expired));
    for start in ["nbf", "iat"] {
        assert_eq!(verdict(start, 30), Ok(()), "{start}");
        assert_eq!(verdict(start, 31), jwt(JwtError::NotYetValid), "{start}");
    }
    assert_eq!(ask(&with(person(), json!({"exp": null}))).map(|_| ()), jwt(JwtError::Missing("exp")));
    assert!(ask(&with(person(), json!({"nbf": null, "iat": null}))).is_ok());
    for odd in [json!("1800000000"), json!(-1), json!([1]), json!(true), json!(1e300)] {
        for name in ["exp", "nbf", "iat"] {
            let verdict = ask(&with(person(), json!({name: odd}))).map(|_| ());
            assert!(matches!(verdict, Err(AccessError::Jwt(JwtError::WrongType(_)))), "{name} {odd}");
        }
    }
}

#[test]
fn req_155_a_malformed_token_is_refused_without_a_panic() {
    let good = TEAM_KEY.sign(&header(), &person());
    let parts: Vec<_> = good.split('.').collect();
    for (token, error) in [
        (String::new(), JwtError::NotCompact),
        (parts[0].to_owned(), JwtError::NotCompact),
        (format!("{}.{}", parts[0], parts[1]), JwtError::NotCompact),
        (format!("{good}.{}", parts[2]), JwtError::NotCompact),
        (format!("{good}.{}.{}", parts[2], parts[2]), JwtError::NotCompact),
        (format!("{good}="), JwtError::NotBase64("signature")),
        (format!("!.{}.{}", parts[1], parts[2]), JwtError::NotBase64("header")),
        (format!("{}.a+b/.{}", parts[0], parts[2]), JwtError::NotBase64("payload")),
        (format!("..{}", parts[2]), JwtError::NotAnObject("header")),
        (format!("{}.{}.", parts[0], parts[1]), JwtError::BadSignature),
        (format!("{}.{}.{}", parts[0], encoded("{}"), parts[2]), JwtError::BadSignature),
        (format!("{}.{}", parts[0], "A".repeat(1 << 20)), JwtError::TooLong),
        (".".repeat(1 << 20), JwtError::TooLong),
        (format!(" {good}"), JwtError::NotBase64("header")),
    ] {
        let start: String = token.chars().take(80).collect();
        assert_eq!(refusal(&token), AccessError::Jwt(error), "{start}");
    }
    let doubled = r#"{"aud":"tag-9","aud":"tag-1"}"#;
    let input = format!("{}.{}", encoded(header().to_string()), encoded(doubled));
    let mut signature = vec![0; TEAM_KEY.0.public_modulus_len()];
    TEAM_KEY.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
    let token = format!("{input}.{}", encoded(signature));
    assert_eq!(refusal(&token), AccessError::Jwt(JwtError::NotAnObject("payload")));
}

#[test]
fn a_key_set_is_named_rsa_keys_or_nothing() {
    let jwk = |key: &Team, kid: &str| {
        let mut jwk = serde_json::to_value(key.material()).unwrap();
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!("RS256");
        jwk["use"] = json!("sig");
        jwk
    };
    let parse = |set: Value| parse_certs(set.to_string().as_bytes());
    let (current, previous) = (jwk(&TEAM_KEY, "current"), jwk(&FORGER, "previous"));
    let others = json!([
        current,
        previous,
        SigningKey::generate(SigningAlgorithm::Es256).unwrap().0.public_jwk(),
        jwk(&TEAM_KEY, ""),
        TEAM_KEY.material(),
        jwk(&TEAM_KEY, &"k".repeat(257)),
        7,
        null,
    ]);
    let keys =
        parse(json!({"keys": others, "public_cert": {"kid": "x", "cert": "y"}, "public_certs": []})).unwrap();
    assert_eq!(keys.iter().map(VerifyingKey::kid).collect::<Vec<_>>(), [Some("current"), Some("previous")]);
    assert!(matches!(parse(json!({"keys": [current, current]})), Err(KeySetError::SameName)));
    assert!(matches!(parse(json!({"keys": [TEAM_KEY.material()]})), Err(KeySetError::NoKey)));
    assert!(matches!(parse(json!({"keys": []})), Err(KeySetError::NoKey)));
    let many: Vec<_> = (0..33).map(|number| jwk(&TEAM_KEY, &number.to_string())).collect();
    assert!(matches!(parse(json!({"keys": many})), Err(KeySetError::TooMany)));
    for page in ["", "<!doctype html><title>503</title>", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":["#] {
        assert!(matches!(parse_certs(page.as_bytes()), Err(KeySetError::Malformed(_))), "{page}");
    }
    assert_eq!(certs_url(TEAM), "https://lab.cloudflareaccess.com/cdn-cgi/access/certs");
}

proptest! {
    #[test]
    fn arbitrary_text_is_refused_and_never_panics(text in any::<String>(), segments in "[A-Za-z0-9_.-]{0,60}") {
        prop_assert!(verify(&text, &keys(), &application(), NOW).is_err());
        prop_assert!(verify(&segments, &keys(), &application(), NOW).is_err());
        let _ = parse_certs(text.as_bytes());
    }
}
