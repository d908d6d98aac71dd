//! Tests of [`super`]: what opens, what is refused, and a rotation as relying parties see it.

use std::sync::OnceLock;

use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::jose::{
    JwtError, PUBLISHED_BEFORE_USE, PublicMaterial, UnverifiedJwt, verify_id_token_hint,
};
use serde_json::{Value, json};

use super::*;
use crate::keys::KeyFile;

const NOW: Timestamp = Timestamp(1_800_000_000);
const LIFE: Seconds = Seconds::hours(1);

fn seal() -> Seal {
    Seal::new(&KeyFile::for_tests(1))
}

/// The keys of one new installation, made once because RSA keys take their time.
fn stored() -> Vec<StoredKey> {
    static STORED: OnceLock<Vec<StoredKey>> = OnceLock::new();
    STORED.get_or_init(|| new_keys(&seal(), NOW).unwrap()).clone()
}

fn published(ring: &KeyRing) -> Vec<Value> {
    let json: Value = serde_json::from_slice(&ring.jwks_json()).unwrap();
    json["keys"].as_array().unwrap().clone()
}

fn kids(ring: &KeyRing) -> Vec<String> {
    published(ring).iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn req_069_a_new_installation_signs_with_every_algorithm() {
    let ring = KeyRing::open(&stored(), &seal()).unwrap();
    for algorithm in SigningAlgorithm::ALL {
        let key = ring.signing_key(algorithm);
        assert_eq!(key.algorithm(), algorithm);
        let active = stored()
            .into_iter()
            .find(|row| row.algorithm == algorithm && row.state == KeyState::Active)
            .unwrap();
        assert_eq!(key.kid(), active.kid);
        let token = key.sign("JWT", &json!({"sub": "plex-1"})).unwrap();
        assert!(UnverifiedJwt::parse(&token).unwrap().verify(ring.verifying_keys()).is_ok());
    }
}

#[test]
fn req_070_another_library_verifies_with_the_published_set() {
    let ring = KeyRing::open(&stored(), &seal()).unwrap();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(&ring.jwks_json()).unwrap();
    for algorithm in SigningAlgorithm::ALL {
        let token = ring.signing_key(algorithm).sign("JWT", &json!({"exp": 4_000_000_000_u64})).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        let jwk = set.find(&header.kid.unwrap()).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
        let mut validation = jsonwebtoken::Validation::new(algorithm.as_str().parse().unwrap());
        validation.validate_exp = false;
        assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
    }
}

#[test]
fn req_088_the_published_set_is_public_named_and_led_by_the_active_rs256_key() {
    let ring = KeyRing::open(&stored(), &seal()).unwrap();
    let keys = published(&ring);
    let signers: Vec<_> =
        SigningAlgorithm::ALL.iter().map(|algorithm| ring.signing_key(*algorithm).kid().to_owned()).collect();
    assert_eq!(keys.len(), 6);
    assert_eq!(kids(&ring)[..3], signers[..]);
    let unique: std::collections::HashSet<_> = kids(&ring).into_iter().collect();
    assert_eq!(unique.len(), 6);
    for key in &keys {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "x5u", "jku", "x5c"] {
            assert!(!members.contains(&private), "{key}");
        }
        assert!(key["alg"].is_string() && key["use"] == "sig", "{key}");
    }
    let (first, second) = (ring.jwks_json(), ring.jwks_json());
    assert_eq!(first.as_ptr(), second.as_ptr(), "written once");
}

#[test]
fn req_089_a_rotation_seen_from_outside() {
    let issuer = Issuer::parse("https://auth.example.com").unwrap();
    let claims = json!({"iss": issuer.as_str(), "sub": "plex-7", "aud": "grafana", "exp": NOW.0 + 1});
    let before = KeyRing::open(&stored(), &seal()).unwrap();
    let old = before.signing_key(SigningAlgorithm::Rs256).sign("JWT", &claims).unwrap();
    let early = rotated_keys(&stored(), &seal(), NOW.plus(Seconds(PUBLISHED_BEFORE_USE.0 - 1)), LIFE);
    assert!(matches!(early, Err(RotateError::Refused(RotationRefusal::TooSoon { wait: 1, .. }))));
    let at = NOW.plus(PUBLISHED_BEFORE_USE);
    let (keys, after) = rotated_keys(&stored(), &seal(), at, LIFE).unwrap();
    assert_eq!(keys.len(), 9, "three retired, three active, three next");
    for algorithm in SigningAlgorithm::ALL {
        let (was, is) = (before.signing_key(algorithm).kid(), after.signing_key(algorithm).kid());
        assert_ne!(was, is);
        assert!(kids(&before).iter().any(|kid| kid == is), "published before its first signature");
        assert!(kids(&after).iter().any(|kid| kid == was), "stays published after its last");
    }
    assert!(verify_id_token_hint(&old, after.verifying_keys(), &issuer).is_ok());
    assert!(matches!(rotated_keys(&keys, &seal(), at, LIFE), Err(RotateError::Refused(_))), "not twice");

    let over = at.plus(LIFE).plus(plex_oidc_core::jose::LEEWAY).plus(plex_oidc_core::jose::RING_LAG);
    let just_before = plan_rotation(&keys, over.minus(Seconds(1)), LIFE).unwrap();
    assert!(just_before.delete.is_empty(), "a token of the last second is still valid");
    let rest = plan_rotation(&keys, over, LIFE).unwrap().apply(&keys);
    let last = KeyRing::open(&rest, &seal()).unwrap();
    let refused = verify_id_token_hint(&old, last.verifying_keys(), &issuer);
    assert_eq!(refused, Err(JwtError::UnknownKey), "deleted when nothing it signed is valid any more");
}

#[test]
fn i_11_twelve_damages_to_stored_keys_are_refused() {
    type Damage = fn(&mut Vec<StoredKey>);
    let cases: [(&str, Damage); 12] = [
        ("cannot be opened", |keys| keys[0].sealed_private.clear()),
        ("cannot be opened", |keys| keys[1].sealed_private.truncate(40)),
        ("is damaged", |keys| *keys[0].sealed_private.last_mut().unwrap() ^= 1),
        ("is damaged", |keys| keys[5].sealed_private[30] ^= 0x80),
        ("is damaged", |keys| keys[0].sealed_private = keys[1].sealed_private.clone()),
        ("is damaged", |keys| keys[2].kid = keys[4].kid.clone()),
        ("another key file", |keys| keys[0].sealed_private[0] ^= 1),
        ("not a PKCS#8 private key for ES256", |keys| keys[0].algorithm = SigningAlgorithm::Es256),
        ("no active RS256", |keys| keys[0].state = KeyState::Retired),
        ("more than one active EdDSA", |keys| keys[5].state = KeyState::Active),
        ("no active RS256", Vec::clear),
        ("no active ES256", |keys| keys.retain(|key| key.algorithm != SigningAlgorithm::Es256)),
    ];
    for (words, damage) in cases {
        let mut keys = stored();
        damage(&mut keys);
        let message = KeyRing::open(&keys, &seal()).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        let lower = message.to_lowercase();
        assert!(lower.contains("restore the database") || lower.contains("put back"), "remedy: {message}");
    }
}

#[test]
fn i_12_another_key_file_is_recognised_and_opens_nothing() {
    let error = KeyRing::open(&stored(), &Seal::new(&KeyFile::for_tests(2))).unwrap_err();
    assert!(matches!(error, KeyRingError::Sealed { source: SealError::OtherKey, .. }), "{error}");
}

#[test]
fn a_row_whose_name_is_not_the_thumbprint_is_refused() {
    let mut keys = stored();
    let (_, pkcs8) = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let row = keys.iter_mut().find(|key| key.algorithm == SigningAlgorithm::Es256).unwrap();
    row.sealed_private = seal().seal(private_place(&row.kid), &pkcs8).unwrap();
    assert!(matches!(KeyRing::open(&keys, &seal()), Err(KeyRingError::Misnamed { .. })));
}

#[test]
fn req_093_an_example_key_is_refused_by_its_thumbprint() {
    // RFC 8037 appendix A.1, wrapped as RFC 8410 s. 7 says.
    let mut pkcs8 =
        vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    pkcs8.extend([
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
        0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ]);
    let key = SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, &pkcs8).unwrap();
    let mut keys = stored();
    let row = keys.iter_mut().find(|key| key.algorithm == SigningAlgorithm::EdDsa).unwrap();
    row.kid = key.kid().to_owned();
    row.sealed_private = seal().seal(private_place(&row.kid), &pkcs8).unwrap();
    assert!(matches!(KeyRing::open(&keys, &seal()), Err(KeyRingError::WellKnown { .. })));

    let ec = PublicMaterial::Ec {
        crv: "P-256".to_owned(),
        kty: "EC".to_owned(),
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".to_owned(),
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".to_owned(),
    };
    assert!(WELL_KNOWN.contains(&ec.thumbprint().as_str()), "{}", ec.thumbprint());
}

#[test]
fn a_stored_key_holds_nothing_in_the_clear_and_a_ring_never_prints_one() {
    for row in stored() {
        let plain = seal().open(private_place(&row.kid), &row.sealed_private).unwrap();
        let secret_part = &plain[plain.len() - 16..];
        assert!(!row.sealed_private.windows(16).any(|window| window == secret_part));
    }
    let printed = format!("{:?}", KeyRing::open(&stored(), &seal()).unwrap());
    assert!(printed.contains("[redacted]") && !printed.contains("PRIVATE"), "{printed}");
}

/// The demo's relying party may use it to verify; the program must not even link it.
#[test]
fn req_094_the_rsa_crate_is_not_among_the_program_s_dependencies() {
    #[derive(serde::Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(serde::Deserialize)]
    struct Package {
        name: String,
        #[serde(default)]
        dependencies: Vec<String>,
    }
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
    let lock: Lock = toml::from_str(&std::fs::read_to_string(lock).unwrap()).unwrap();
    let mut reached = std::collections::BTreeSet::new();
    let mut next = vec!["plex-oidc"];
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            let named = lock.package.iter().filter(|package| package.name == name);
            // An entry is a name, with a version behind it where there are several.
            next.extend(
                named.flat_map(|package| &package.dependencies).filter_map(|entry| entry.split(' ').next()),
            );
        }
    }
    assert!(reached.contains("aws-lc-rs") && reached.contains("jsonwebtoken"), "the walk gets anywhere");
    assert!(!reached.contains("rsa"));
}
