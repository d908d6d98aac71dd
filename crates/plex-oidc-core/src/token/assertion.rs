//! Client authentication by a JWT that the client signed: `private_key_jwt` (RFC 7523 s. 3, OIDC Core 1.0 s. 9).
//!
//! The algorithm follows from the registered key (requirement 54): a header that names another finds no key.

use crate::client::Client;
use crate::id::ClientId;
use crate::issuer::Issuer;
use crate::jose::{JwtError, LEEWAY, TYP_ID_TOKEN, UnverifiedJwt};
use crate::secret::sha256;
use crate::time::{Seconds, Timestamp};

/// The `client_assertion_type` of a JWT (RFC 7523 s. 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The `typ` that newer clients give their assertions; older ones give none, or `JWT`.
const TYP_CLIENT_AUTHENTICATION: &str = "client-authentication+jwt";
/// How far ahead an assertion may end.
pub const LONGEST_LIFE: Seconds = Seconds::minutes(5);

/// A good assertion, which works once: its client is to be believed when the store has noted it, and had not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedAssertion {
    /// The client that made it: names of assertions are unique for each.
    pub client_id: ClientId,
    /// The hash of its `jti`.
    pub id: [u8; 32],
    /// Until when it would be accepted, and has to be remembered.
    pub keep_until: Timestamp,
}

/// Checks what `client` sent to prove who it is to the provider at `issuer`.
pub fn check(
    assertion: &str,
    client: &Client,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<UsedAssertion, JwtError> {
    let token = UnverifiedJwt::parse(assertion)?.verify(&client.keys)?;
    token.require_typ(TYP_ID_TOKEN).or_else(|_| token.require_typ(TYP_CLIENT_AUTHENTICATION))?;
    token.require_issuer(client.id.as_str())?;
    if token.text("sub")?.ok_or(JwtError::Missing("sub"))? != client.id.as_str() {
        return Err(JwtError::Mismatch("sub"));
    }
    // One audience, and it is us: an assertion for several could be replayed by each of them to the others.
    let for_us = |audience: &str| audience == issuer.as_str() || audience == issuer.join("/token");
    match token.audiences()?.as_slice() {
        [only] if for_us(only) => {}
        _ => return Err(JwtError::Mismatch("aud")),
    }
    let exp = token.require_valid_at(now)?.exp;
    if exp > now.plus(LONGEST_LIFE).plus(LEEWAY) {
        return Err(JwtError::LivesTooLong);
    }
    let id = token.text("jti")?.filter(|id| !id.is_empty()).ok_or(JwtError::Missing("jti"))?;
    Ok(UsedAssertion {
        client_id: client.id.clone(),
        id: sha256(id.as_bytes()),
        keep_until: exp.plus(LEEWAY),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::{ClientAuthMethod, SigningAlgorithm};
    use crate::jose::{SigningKey, TYP_ACCESS_TOKEN, TYP_LOGOUT_TOKEN};
    use crate::testing::client;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn issuer() -> Issuer {
        Issuer::parse("https://auth.example.com").unwrap()
    }

    fn machine(key: &SigningKey) -> Client {
        Client {
            auth_method: ClientAuthMethod::PrivateKeyJwt,
            secrets: Vec::new(),
            keys: vec![key.verifying_key()],
            ..client("backup")
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "backup", "sub": "backup", "aud": issuer().as_str(), "jti": "one", "iat": NOW.0, "exp": NOW.0 + 60
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn key(algorithm: SigningAlgorithm) -> SigningKey {
        SigningKey::generate(algorithm).unwrap().0
    }

    #[test]
    fn req_054_an_assertion_is_for_us_from_the_client_about_itself_and_short_lived() {
        let key = key(SigningAlgorithm::EdDsa);
        let machine = machine(&key);
        let judged = |claims: &Value| check(&key.sign("JWT", claims).unwrap(), &machine, &issuer(), NOW);
        let good = judged(&claims()).unwrap();
        assert_eq!(good.id, sha256(b"one"));
        assert_eq!(good.keep_until, Timestamp(NOW.0 + 60 + 60), "as long as the leeway lets it in");
        let token_endpoint = issuer().join("/token");
        for fine in [
            with("aud", json!(token_endpoint)),
            with("aud", json!([issuer().as_str()])),
            with("exp", json!(NOW.0 + 360)),
            with("exp", json!(NOW.0 - 59)),
            with("nbf", json!(NOW.0 + 60)),
        ] {
            assert!(judged(&fine).is_ok(), "{fine}");
        }
        for (name, value, why) in [
            ("iss", json!("other"), JwtError::Mismatch("iss")),
            ("sub", json!("other"), JwtError::Mismatch("sub")),
            ("sub", json!(7), JwtError::WrongType("sub")),
            ("aud", json!("https://auth.example.com/"), JwtError::Mismatch("aud")),
            ("aud", json!("https://auth.example.com/revoke"), JwtError::Mismatch("aud")),
            ("aud", json!("backup"), JwtError::Mismatch("aud")),
            ("aud", json!([issuer().as_str(), "https://evil.example"]), JwtError::Mismatch("aud")),
            ("aud", json!([issuer().as_str(), issuer().as_str()]), JwtError::Mismatch("aud")),
            ("aud", json!([]), JwtError::WrongType("aud")),
            ("exp", json!(NOW.0 - 60), JwtError::Expired),
            ("exp", json!(NOW.0 + 361), JwtError::LivesTooLong),
            ("exp", json!("soon"), JwtError::WrongType("exp")),
            ("nbf", json!(NOW.0 + 61), JwtError::NotYetValid),
            ("iat", json!(NOW.0 + 61), JwtError::NotYetValid),
            ("jti", json!(""), JwtError::Missing("jti")),
            ("jti", json!(1), JwtError::WrongType("jti")),
        ] {
            assert_eq!(judged(&with(name, value.clone())), Err(why), "{name} = {value}");
        }
        for name in ["iss", "sub", "aud", "exp", "jti"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(judged(&without), Err(JwtError::Missing(name)));
        }
    }

    #[test]
    fn req_054_the_key_chooses_the_algorithm_and_the_kind_of_token_counts() {
        let (rsa, ec) = (key(SigningAlgorithm::Rs256), key(SigningAlgorithm::Es256));
        let machine = machine(&rsa);
        let judged = |assertion: &str| check(assertion, &machine, &issuer(), NOW);
        assert!(judged(&rsa.sign("JWT", &claims()).unwrap()).is_ok());
        assert!(judged(&rsa.sign("client-authentication+jwt", &claims()).unwrap()).is_ok());
        for typ in [TYP_ACCESS_TOKEN, TYP_LOGOUT_TOKEN, "oauth-authz-req+jwt"] {
            assert_eq!(judged(&rsa.sign(typ, &claims()).unwrap()), Err(JwtError::WrongKind), "{typ}");
        }
        assert_eq!(judged(&ec.sign("JWT", &claims()).unwrap()), Err(JwtError::UnknownKey));
        let other = key(SigningAlgorithm::Rs256).sign("JWT", &claims()).unwrap();
        assert!(judged(&other).is_err());
        let nobody = Client { keys: Vec::new(), ..machine.clone() };
        let good = rsa.sign("JWT", &claims()).unwrap();
        assert_eq!(check(&good, &nobody, &issuer(), NOW), Err(JwtError::UnknownKey));
    }
}
