//! Checking a compact JWT that somebody handed us (RFC 7515 s. 5.2, RFC 7519 s. 7.2, RFC 8725).
//!
//! One step: [`UnverifiedJwt`] gives nothing away, [`VerifiedJwt`] has claims. A header never chooses an algorithm, a
//! key outside the given ones, or a place to fetch one from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use thiserror::Error;

use super::jwk::VerifyingKey;
use super::{LEEWAY, TYP_ID_TOKEN, strict_json};
use crate::client::SigningAlgorithm;
use crate::id::{ClientId, Sid};
use crate::issuer::Issuer;
use crate::subject::Subject;
use crate::time::{Seconds, Timestamp};

/// Longest token that is read, in bytes (security requirement 155).
const MAX_LEN: usize = 16 * 1024;
/// Longest `kid` that is compared; ours have 43 characters.
const MAX_KID_LEN: usize = 256;
/// Largest number of seconds taken for a date: the year 9999.
const MAX_DATE: i64 = 253_402_300_799;

/// Why a JWT is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JwtError {
    /// Longer than any token that we read.
    #[error("the token is longer than {MAX_LEN} bytes")]
    TooLong,
    /// Not three segments: not a compact JWS (RFC 7515 s. 7.1).
    #[error("the token does not have three segments")]
    NotCompact,
    /// A segment is not base64url without padding.
    #[error("the {0} segment is not base64url")]
    NotBase64(&'static str),
    /// A segment is not a JSON object, nests too deeply, or has a member twice.
    #[error("the {0} is not a JSON object with unique members")]
    NotAnObject(&'static str),
    /// `none`, a secret-key algorithm, or one that we do not know (RFC 8725 s. 3.1).
    #[error("the signature algorithm is not accepted")]
    AlgorithmRefused,
    /// A header member that changes how a token is read: `crit`, `b64`, `zip`, `enc` (RFC 7515 s. 4.1.11).
    #[error("the header member \"{0}\" is not accepted")]
    HeaderRefused(&'static str),
    /// No given key has this name and this algorithm.
    #[error("no known key has the name and algorithm in the header")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("the signature does not match")]
    BadSignature,
    /// A claim that must be there is not.
    #[error("the claim \"{0}\" is missing")]
    Missing(&'static str),
    /// A claim has the wrong JSON type or an impossible value.
    #[error("the claim \"{0}\" has the wrong type")]
    WrongType(&'static str),
    /// A claim is not the expected one.
    #[error("the claim \"{0}\" is for somebody else")]
    Mismatch(&'static str),
    /// Past `exp` (RFC 7519 s. 4.1.4).
    #[error("the token has expired")]
    Expired,
    /// `exp` is further ahead than tokens of its kind may live.
    #[error("the token lives too long")]
    LivesTooLong,
    /// Before `nbf`, or `iat` in the future (RFC 7519 s. 4.1.5).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Another kind of token (RFC 8725 s. 3.11).
    #[error("the token is of another kind")]
    WrongKind,
}

/// A JWT whose signature nobody has looked at.
#[derive(Debug)]
pub struct UnverifiedJwt<'a> {
    signing_input: &'a str,
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJwt<'a> {
    /// Takes a compact JWS apart. Length and dots are counted before anything is allocated.
    pub fn parse(text: &'a str) -> Result<Self, JwtError> {
        if text.len() > MAX_LEN {
            return Err(JwtError::TooLong);
        }
        if text.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return Err(JwtError::NotCompact);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwtError::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwtError::NotCompact)?;
        let header =
            strict_json::parse_object(&decode(header, "header")?).ok_or(JwtError::NotAnObject("header"))?;
        Ok(Self {
            signing_input,
            algorithm: accepted_algorithm(&header)?,
            kid: header_text(&header, "kid")?,
            typ: header_text(&header, "typ")?,
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
        })
    }

    /// The name of the key that the token claims to be signed with: a hint for refreshing a key set, nothing more.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whom the token claims to be about: where each holder of a key makes tokens about itself, this says whose keys to try.
    pub fn claimed_subject(&self) -> Option<String> {
        match strict_json::parse_object(&self.payload)?.remove("sub")? {
            Value::String(subject) => Some(subject),
            _ => None,
        }
    }

    /// The algorithm that the token claims to be signed with, for whoever accepts fewer than we know.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Checks the signature with the keys that could have made it. `kid` only selects among `keys`; a token without
    /// one is tried with every key of its algorithm (RFC 7515 s. 4.1.4).
    pub fn verify(self, keys: &[VerifyingKey]) -> Result<VerifiedJwt, JwtError> {
        let mut candidates = keys.iter().filter(|key| self.may_be_from(key)).peekable();
        if candidates.peek().is_none() {
            return Err(JwtError::UnknownKey);
        }
        if !candidates.any(|key| key.verify_signature(self.signing_input.as_bytes(), &self.signature)) {
            return Err(JwtError::BadSignature);
        }
        let claims = strict_json::parse_object(&self.payload).ok_or(JwtError::NotAnObject("payload"))?;
        Ok(VerifiedJwt { typ: self.typ, claims })
    }

    fn may_be_from(&self, key: &VerifyingKey) -> bool {
        let names_agree = match (self.kid.as_deref(), key.kid()) {
            (Some(asked), Some(name)) => asked.len() <= MAX_KID_LEN && asked == name,
            (None, _) | (_, None) => true,
        };
        names_agree && key.algorithm() == self.algorithm
    }
}

fn decode(segment: &str, name: &'static str) -> Result<Vec<u8>, JwtError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| JwtError::NotBase64(name))
}

fn accepted_algorithm(header: &Map<String, Value>) -> Result<SigningAlgorithm, JwtError> {
    for name in ["crit", "b64", "zip", "enc"] {
        if header.contains_key(name) {
            return Err(JwtError::HeaderRefused(name));
        }
    }
    let name = header.get("alg").and_then(Value::as_str).ok_or(JwtError::AlgorithmRefused)?;
    SigningAlgorithm::parse(name).ok_or(JwtError::AlgorithmRefused)
}

fn header_text(header: &Map<String, Value>, name: &'static str) -> Result<Option<String>, JwtError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JwtError::HeaderRefused(name)),
    }
}

/// The dates of a token that is valid now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it ends.
    pub exp: Timestamp,
    /// When it began, if it says so.
    pub nbf: Option<Timestamp>,
    /// When it was issued, if it says so.
    pub iat: Option<Timestamp>,
}

/// A JWT whose signature is that of a key we were given. Its claims are still to be checked.
#[derive(Debug)]
pub struct VerifiedJwt {
    typ: Option<String>,
    claims: Map<String, Value>,
}

impl VerifiedJwt {
    /// Refuses another kind of token: `typ` must be `expected`, in any case and with or without the prefix
    /// `application/` (RFC 7515 s. 4.1.9). Absent counts as `JWT`.
    pub fn require_typ(&self, expected: &str) -> Result<(), JwtError> {
        let typ = self.typ.as_deref().unwrap_or(TYP_ID_TOKEN).to_ascii_lowercase();
        let bare = typ.strip_prefix("application/").unwrap_or(&typ);
        if bare.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(JwtError::WrongKind) }
    }

    /// `iss` must be exactly `expected` (RFC 7519 s. 4.1.1).
    pub fn require_issuer(&self, expected: &str) -> Result<(), JwtError> {
        let issuer = self.text("iss")?.ok_or(JwtError::Missing("iss"))?;
        if issuer == expected { Ok(()) } else { Err(JwtError::Mismatch("iss")) }
    }

    /// `aud` must contain exactly `expected` (RFC 7519 s. 4.1.3).
    pub fn require_audience(&self, expected: &str) -> Result<(), JwtError> {
        if self.audiences()?.contains(&expected) { Ok(()) } else { Err(JwtError::Mismatch("aud")) }
    }

    /// The members of `aud`: one string, or a list of strings that is not empty.
    pub fn audiences(&self) -> Result<Vec<&str>, JwtError> {
        match self.claims.get("aud") {
            None => Err(JwtError::Missing("aud")),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(many)) if !many.is_empty() => {
                many.iter().map(|item| item.as_str().ok_or(JwtError::WrongType("aud"))).collect()
            }
            Some(_) => Err(JwtError::WrongType("aud")),
        }
    }

    /// The token must be valid at `now`, give or take [`LEEWAY`]. `exp` must be there.
    pub fn require_valid_at(&self, now: Timestamp) -> Result<Times, JwtError> {
        self.require_valid_within(LEEWAY, now)
    }

    /// As [`VerifiedJwt::require_valid_at`], with a smaller leeway: never more than [`LEEWAY`] is given.
    pub fn require_valid_within(&self, leeway: Seconds, now: Timestamp) -> Result<Times, JwtError> {
        let leeway = leeway.min(LEEWAY);
        let exp = self.date("exp")?.ok_or(JwtError::Missing("exp"))?;
        let (nbf, iat) = (self.date("nbf")?, self.date("iat")?);
        if exp.plus(leeway).has_passed(now) {
            return Err(JwtError::Expired);
        }
        if [nbf, iat].into_iter().flatten().any(|start| start > now.plus(leeway)) {
            return Err(JwtError::NotYetValid);
        }
        Ok(Times { exp, nbf, iat })
    }

    /// A claim that is a date: a JSON number, not negative, not beyond the year 9999. A wrongly typed one is an error
    /// and never counts as absent (CVE-2026-25537). A fraction is dropped.
    pub fn date(&self, name: &'static str) -> Result<Option<Timestamp>, JwtError> {
        let Some(value) = self.claims.get(name) else { return Ok(None) };
        let whole = value.as_i64().or_else(|| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a fraction is to be dropped; `as` saturates"
            )]
            value.as_f64().map(|seconds| seconds.floor() as i64)
        });
        match whole {
            Some(seconds) if (0..=MAX_DATE).contains(&seconds) => Ok(Some(Timestamp(seconds))),
            Some(_) | None => Err(JwtError::WrongType(name)),
        }
    }

    /// A claim that is a string.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, JwtError> {
        match self.claims.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwtError::WrongType(name)),
        }
    }

    /// Any claim, as it was signed.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }
}

/// What an `id_token_hint` tells (OIDC Core 1.0 s. 3.1.2.1, RP-Initiated Logout 1.0 s. 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintClaims {
    /// Whom it was issued about.
    pub sub: Subject,
    /// The clients it was issued to; never empty.
    pub aud: Vec<ClientId>,
    /// The browser session it came from.
    pub sid: Option<Sid>,
}

impl HintClaims {
    /// Whether it was issued to this client. A hint that another client was given says nothing about this one's user.
    pub fn is_for(&self, client: &ClientId) -> bool {
        self.aud.contains(client)
    }
}

/// Reads an ID token of ours that comes back as a hint. `exp` does not matter: RP-Initiated Logout 1.0 s. 4 asks to
/// accept expired ones. Signature and issuer do, and a token of another kind is refused. Whether the client that sent it
/// is the one it was issued to is [`HintClaims::is_for`]: at the end-session endpoint the client may be learnt from it.
pub fn verify_id_token_hint(
    text: &str,
    keys: &[VerifyingKey],
    issuer: &Issuer,
) -> Result<HintClaims, JwtError> {
    let token = UnverifiedJwt::parse(text)?.verify(keys)?;
    token.require_typ(TYP_ID_TOKEN)?;
    token.require_issuer(issuer.as_str())?;
    let sub = token.text("sub")?.ok_or(JwtError::Missing("sub"))?;
    let sub = Subject::parse(sub).ok_or(JwtError::WrongType("sub"))?;
    let aud = token
        .audiences()?
        .into_iter()
        .map(|client| ClientId::parse(client).ok_or(JwtError::WrongType("aud")))
        .collect::<Result<_, _>>()?;
    let sid = match token.text("sid")? {
        Some(sid) => Some(Sid::parse(sid).ok_or(JwtError::WrongType("sid"))?),
        None => None,
    };
    // A signed UserInfo answer is no ID token, and has no end.
    token.date("exp")?.ok_or(JwtError::Missing("exp"))?;
    Ok(HintClaims { sub, aud, sid })
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
