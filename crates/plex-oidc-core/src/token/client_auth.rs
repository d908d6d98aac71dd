//! Client authentication at the token endpoint, and wherever else clients call us (RFC 6749 s. 2.3, OIDC Core 1.0 s. 9).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::assertion::{self, ASSERTION_TYPE, UsedAssertion};
use super::error::TokenError;
use crate::client::{Client, ClientAuthMethod, Clients};
use crate::form::Parameters;
use crate::issuer::Issuer;
use crate::jose::{JwtError, UnverifiedJwt};
use crate::secret::{SecretHash, SecretKind};
use crate::time::Timestamp;

/// What a request presented, before anybody was asked whether it is true.
pub enum Presented {
    /// The `Authorization: Basic` header. RFC 6749 s. 2.3.1 wants both parts form-encoded inside the base64; several
    /// clients, Cloudflare Access among them, send them raw, so both readings are kept.
    Basic {
        /// The parts, form-decoded.
        decoded: Pair,
        /// The parts as they stand.
        raw: Pair,
    },
    /// `client_id` and `client_secret` in the form.
    Post(Pair),
    /// A JWT that the client signed.
    Assertion {
        /// The client it claims to come from.
        id: String,
        /// The JWT.
        jwt: Zeroizing<String>,
    },
    /// `client_id` alone.
    Public(String),
}

/// A client identifier and a secret that may be that client's.
pub struct Pair {
    id: String,
    secret: SecretHash,
}

impl Presented {
    /// The registered client that the request claims to come from, for the log: nothing is proven.
    pub fn claimed<'a>(&self, clients: &'a Clients) -> Option<&'a Client> {
        match self {
            Self::Basic { decoded, raw } => clients.find(&decoded.id).or_else(|| clients.find(&raw.id)),
            Self::Post(pair) => clients.find(&pair.id),
            Self::Assertion { id, .. } | Self::Public(id) => clients.find(id),
        }
    }
}

impl Pair {
    fn new(id: &str, secret: &str) -> Self {
        Self { id: id.to_owned(), secret: SecretHash::of(SecretKind::ClientSecret, secret) }
    }

    fn opens<'a>(&self, clients: &'a Clients) -> Option<&'a Client> {
        let client = clients.find(&self.id);
        // An unknown client costs the same comparison as a wrong secret (requirement 49).
        let nobody = [SecretHash([0; 32])];
        let secrets = client.map_or(&nobody[..], |client| &client.secrets);
        let mut matched = false;
        for secret in secrets {
            matched |= secret.matches(&self.secret);
        }
        client.filter(|_| matched)
    }
}

const TWO_WAYS: TokenError = TokenError::InvalidRequest("the client authenticated in two ways at once");

/// Reads the credentials of a request. More than one way at once is an error (RFC 6749 s. 2.3).
pub fn present(authorization: Option<&str>, parameters: &Parameters) -> Result<Presented, TokenError> {
    let id = parameters.get("client_id")?;
    let secret = parameters.get("client_secret")?;
    if parameters.has("client_assertion") || parameters.has("client_assertion_type") {
        if authorization.is_some() || secret.is_some() {
            return Err(TWO_WAYS);
        }
        return presented_assertion(id, parameters);
    }
    let Some(header) = authorization else {
        return match (id, secret) {
            (Some(id), Some(secret)) => Ok(Presented::Post(Pair::new(id, secret))),
            (Some(id), None) => Ok(Presented::Public(id.to_owned())),
            (None, _) => Err(TokenError::InvalidClient { basic: false }),
        };
    };
    if secret.is_some() {
        return Err(TWO_WAYS);
    }
    let presented = basic(header).ok_or(TokenError::InvalidClient { basic: true })?;
    match (&presented, id) {
        (Presented::Basic { decoded, raw }, Some(id)) if id != decoded.id && id != raw.id => {
            Err(TokenError::InvalidRequest("client_id differs from the Authorization header"))
        }
        _ => Ok(presented),
    }
}

/// RFC 7521 s. 4.2: `client_id` may be left out, for the assertion names the client.
fn presented_assertion(id: Option<&str>, parameters: &Parameters) -> Result<Presented, TokenError> {
    let of_jwt = parameters.get("client_assertion_type")? == Some(ASSERTION_TYPE);
    let jwt = parameters.get("client_assertion")?.filter(|_| of_jwt);
    let jwt = jwt.ok_or(TokenError::InvalidClient { basic: false })?;
    let id = match id {
        Some(id) => Some(id.to_owned()),
        None => UnverifiedJwt::parse(jwt).ok().and_then(|unverified| unverified.claimed_subject()),
    };
    let id = id.ok_or(TokenError::InvalidClient { basic: false })?;
    Ok(Presented::Assertion { id, jwt: Zeroizing::new(jwt.to_owned()) })
}

fn basic(header: &str) -> Option<Presented> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let value = value.trim();
    let bytes = STANDARD.decode(value).or_else(|_| STANDARD_NO_PAD.decode(value)).ok()?;
    let text = Zeroizing::new(String::from_utf8(bytes).ok()?);
    let (id, secret) = text.split_once(':')?;
    Some(Presented::Basic {
        decoded: Pair::new(&form_decode(id), &form_decode(secret)),
        raw: Pair::new(id, secret),
    })
}

/// One value of `application/x-www-form-urlencoded`, decoded. `&` and `=` stand for themselves here.
fn form_decode(text: &str) -> Zeroizing<String> {
    let guarded = Zeroizing::new(text.replace('&', "%26").replace('=', "%3D"));
    let first = url::form_urlencoded::parse(guarded.as_bytes()).next();
    Zeroizing::new(first.map(|(name, _)| name.into_owned()).unwrap_or_default())
}

/// A client that has proven who it is, or would have.
#[derive(Debug)]
pub enum Authenticated<'a> {
    /// It has.
    Proven(&'a Client),
    /// It has if its assertion is new: that is for the store to say.
    Once(&'a Client, UsedAssertion),
}

/// Why a client was not believed. On the wire every cause reads the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBelieved {
    /// Whether the `Authorization` header was used.
    pub basic: bool,
    /// What is wrong with its assertion, for the log.
    pub assertion: Option<JwtError>,
}

impl From<NotBelieved> for TokenError {
    fn from(refusal: NotBelieved) -> Self {
        Self::InvalidClient { basic: refusal.basic }
    }
}

/// Says which client this is, to the provider at `issuer`. Only the method that was registered works.
pub fn authenticate<'a>(
    presented: &Presented,
    clients: &'a Clients,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Authenticated<'a>, NotBelieved> {
    let (client, method, basic) = match presented {
        Presented::Basic { decoded, raw } => {
            let (decoded, raw) = (decoded.opens(clients), raw.opens(clients));
            (decoded.or(raw), ClientAuthMethod::ClientSecretBasic, true)
        }
        Presented::Post(pair) => (pair.opens(clients), ClientAuthMethod::ClientSecretPost, false),
        Presented::Assertion { id, .. } => (clients.find(id), ClientAuthMethod::PrivateKeyJwt, false),
        Presented::Public(id) => (clients.find(id), ClientAuthMethod::None, false),
    };
    let client = client
        .filter(|client| client.enabled && client.auth_method == method)
        .ok_or(NotBelieved { basic, assertion: None })?;
    let Presented::Assertion { jwt, .. } = presented else { return Ok(Authenticated::Proven(client)) };
    match assertion::check(jwt, client, issuer, now) {
        Ok(used) => Ok(Authenticated::Once(client, used)),
        Err(wrong) => Err(NotBelieved { basic, assertion: Some(wrong) }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::SigningAlgorithm;
    use crate::jose::SigningKey;
    use crate::testing::{client, public_client};

    fn clients() -> Clients {
        let current = SecretHash::of(SecretKind::ClientSecret, "p:%+/ \u{fc}");
        let previous = SecretHash::of(SecretKind::ClientSecret, "old");
        let mut odd = client("o:%+/ dd");
        odd.secrets = vec![current, previous];
        let post = Client { auth_method: ClientAuthMethod::ClientSecretPost, ..client("post") };
        let off = Client { enabled: false, ..client("off") };
        [client("basic"), odd, post, off, public_client("public")].into_iter().collect()
    }

    fn header(id: &str, secret: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    fn try_with(header: Option<&str>, form: &str) -> Result<String, TokenError> {
        let clients = clients();
        let presented = present(header, &Parameters::parse(form.as_bytes()).unwrap())?;
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        match authenticate(&presented, &clients, &issuer, Timestamp(0))? {
            Authenticated::Proven(client) | Authenticated::Once(client, _) => Ok(client.id.to_string()),
        }
    }

    fn encode(text: &str) -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    #[test]
    fn req_046_basic_credentials_are_form_decoded_and_raw_ones_work_too() {
        let (id, secret) = ("o:%+/ dd", "p:%+/ \u{fc}");
        assert_eq!(try_with(Some(&header(&encode(id), &encode(secret))), ""), Ok(id.to_owned()));
        // Raw: an identifier with a colon cannot be told apart, so the plain one is tried.
        assert_eq!(try_with(Some(&header("basic", "secret of basic")), ""), Ok("basic".to_owned()));
        let lower = header("basic", "secret of basic").replace("Basic", "bAsIc");
        assert_eq!(try_with(Some(&lower), ""), Ok("basic".to_owned()));
        let same_id = try_with(Some(&header("basic", "secret of basic")), "client_id=basic");
        assert_eq!(same_id, Ok("basic".to_owned()), "a client_id beside the header may repeat it");
    }

    #[test]
    fn req_047_two_ways_at_once_are_refused() {
        let both = try_with(Some(&header("basic", "secret of basic")), "client_id=basic&client_secret=x");
        assert!(matches!(both, Err(TokenError::InvalidRequest(_))));
        let other = try_with(Some(&header("basic", "secret of basic")), "client_id=post");
        assert!(matches!(other, Err(TokenError::InvalidRequest(_))));
        for (header, form) in [
            (Some(header("basic", "secret of basic")), "client_assertion=x"),
            (None, "client_id=post&client_secret=secret+of+post&client_assertion=x"),
        ] {
            let assertion_too = try_with(header.as_deref(), form);
            assert!(matches!(assertion_too, Err(TokenError::InvalidRequest(_))), "{form}");
        }
    }

    #[test]
    fn req_048_only_the_registered_method_works() {
        let refused = |header: Option<&str>, form: &str| {
            assert!(matches!(try_with(header, form), Err(TokenError::InvalidClient { .. })), "{form}");
        };
        assert_eq!(try_with(None, "client_id=post&client_secret=secret+of+post"), Ok("post".to_owned()));
        assert_eq!(try_with(None, "client_id=public"), Ok("public".to_owned()));
        refused(None, "client_id=basic&client_secret=secret+of+basic");
        refused(Some(&header("post", "secret of post")), "");
        refused(None, "client_id=basic");
        refused(None, "client_id=public&client_secret=x");
        refused(Some(&header("public", "")), "");
        refused(Some(&header("off", "secret of off")), "");
        refused(None, "client_assertion=x&client_assertion_type=y&client_id=basic");
        let jwt = format!("client_assertion=x&client_assertion_type={}", encode(ASSERTION_TYPE));
        refused(None, &jwt);
        refused(None, &format!("{jwt}&client_id=basic"));
        refused(None, &format!("{jwt}&client_id=nobody"));
        refused(None, &format!("client_assertion_type={}&client_id=public", encode(ASSERTION_TYPE)));
        refused(None, "");
    }

    #[test]
    fn a_client_id_beside_the_header_may_be_either_reading_of_it() {
        let with = |form: &str| {
            let form = Parameters::parse(form.as_bytes()).unwrap();
            present(Some(&header("a%2Bb", "x")), &form).map(|_| ())
        };
        assert_eq!(with("client_id=a%2Bb"), Ok(()), "as decoded");
        assert_eq!(with("client_id=a%252Bb"), Ok(()), "as it stands");
        for neither in ["client_id=a+b", "client_id=a"] {
            assert!(matches!(with(neither), Err(TokenError::InvalidRequest(_))), "{neither}");
        }
    }

    #[test]
    fn an_assertion_names_its_client_where_the_form_does_not() {
        let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap().0;
        let machine = Client {
            auth_method: ClientAuthMethod::PrivateKeyJwt,
            secrets: Vec::new(),
            keys: vec![key.verifying_key()],
            ..client("machine")
        };
        let clients: Clients = [machine, client("basic")].into_iter().collect();
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let about = |sub: Value| {
            let claims =
                json!({"iss": "machine", "sub": sub, "aud": issuer.as_str(), "jti": "one", "exp": 60});
            key.sign("JWT", &claims).unwrap()
        };
        let believed = |jwt: &str, kind: &str, rest: &str| {
            let form = format!("client_assertion={jwt}&client_assertion_type={}{rest}", encode(kind));
            let presented = present(None, &Parameters::parse(form.as_bytes()).unwrap())?;
            match authenticate(&presented, &clients, &issuer, Timestamp(0))? {
                Authenticated::Once(client, _) => Ok(client.id.to_string()),
                Authenticated::Proven(_) => panic!("an assertion works once"),
            }
        };
        let good = about(json!("machine"));
        for rest in ["", "&client_id=machine"] {
            assert_eq!(believed(&good, ASSERTION_TYPE, rest), Ok("machine".to_owned()), "{rest}");
        }
        let refused = Err(TokenError::InvalidClient { basic: false });
        assert_eq!(believed(&good, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", ""), refused);
        assert_eq!(believed(&good, ASSERTION_TYPE, "&client_id=basic"), refused);
        for sub in [json!("basic"), json!("nobody"), json!(7)] {
            assert_eq!(believed(&about(sub.clone()), ASSERTION_TYPE, ""), refused, "{sub}");
        }
    }

    #[test]
    fn the_log_can_name_a_registered_client_and_nobody_else() {
        let clients = clients();
        let claimed = |header: Option<&str>, form: &str| {
            let presented = present(header, &Parameters::parse(form.as_bytes()).unwrap()).unwrap();
            presented.claimed(&clients).map(|client| client.id.to_string())
        };
        assert_eq!(claimed(Some(&header("basic", "wrong")), "").as_deref(), Some("basic"));
        assert_eq!(claimed(None, "client_id=post&client_secret=wrong").as_deref(), Some("post"));
        assert_eq!(claimed(None, "client_id=off").as_deref(), Some("off"));
        assert_eq!(claimed(Some(&header("nobody%0aelse", "x")), ""), None);
    }

    #[test]
    fn req_049_unknown_client_and_wrong_secret_read_the_same() {
        let unknown = try_with(Some(&header("nobody", "x")), "");
        assert_eq!(unknown, try_with(Some(&header("basic", "x")), ""));
        assert_eq!(unknown, Err(TokenError::InvalidClient { basic: true }));
        assert_eq!(try_with(Some("Bearer x"), ""), Err(TokenError::InvalidClient { basic: true }));
        assert_eq!(try_with(Some("Basic !!"), ""), Err(TokenError::InvalidClient { basic: true }));
    }

    #[test]
    fn req_050_two_secrets_work_while_one_replaces_the_other() {
        assert!(try_with(Some(&header(&encode("o:%+/ dd"), "old")), "").is_ok());
        assert!(try_with(Some(&header(&encode("o:%+/ dd"), "older")), "").is_err());
    }
}
