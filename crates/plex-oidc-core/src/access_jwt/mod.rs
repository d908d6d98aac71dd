//! Cloudflare Access at the origin: reading the JWT that Access adds to a request (`Cf-Access-Jwt-Assertion`).
//!
//! Owns which tokens count and for whom they speak. Structure, signature and dates are [`jose`](crate::jose)'s, as for
//! every other JWT; what is stricter here: RS256 only, a named key, 30 s of leeway, the type `app`, and one of the
//! audience tags of *this* application. What its claims say of a person is a statement of Access; whether that person
//! may pass is [`decide`](crate::decide)'s to say.

mod claim;
mod keys;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::client::SigningAlgorithm;
use crate::jose::{JwtError, TYP_ID_TOKEN, UnverifiedJwt, VerifiedJwt, VerifyingKey};
use crate::subject::Subject;
use crate::time::{Seconds, Timestamp};

pub use keys::{KeySetError, certs_url, parse_certs};

/// Tolerated difference between Cloudflare's clock and ours.
pub const ACCESS_LEEWAY: Seconds = Seconds(30);

/// Longest e-mail address (RFC 5321 s. 4.5.3.1.3, without the brackets).
const MAX_EMAIL: usize = 254;
/// Longest identifier that is taken for one; those of Access have 36 and 39 characters.
const MAX_ID: usize = 255;

/// What tokens for one application look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessApplication {
    /// The team's address, `https://<team>.cloudflareaccess.com`, without a slash at its end. Compared as text.
    pub issuer: String,
    /// The application's audience tags. Empty: no token is for it.
    pub audiences: Vec<String>,
}

/// For whom an assertion speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessPrincipal {
    /// Somebody signed in.
    Person {
        /// The address that Access vouches for, in lower case.
        email: String,
        /// Access's own id of that address. It is another one after the user was removed and came back.
        sub: String,
        /// Our subject, where our claim `sub` or `plex_sub` came through Access's custom claims. Whoever may sign
        /// people in at this team can say so: Access does not tell which way in a claim came from. It is to be believed
        /// only if `email` is that person's.
        plex_subject: Option<Subject>,
    },
    /// A program with a service token, or a client certificate. Never a person.
    ServiceToken {
        /// The token's client id, `<hex>.access`.
        common_name: String,
    },
}

/// Why an assertion is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccessError {
    /// What would be wrong with any JWT.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// No name of a key in the header. Access always gives one.
    #[error("the token does not name its key")]
    NoKeyName,
    /// Neither a person nor a service token, or both.
    #[error("the token speaks neither for one person nor for one service token")]
    NoPrincipal,
    /// Two custom claims name two people.
    #[error("the token names two people")]
    TwoPeople,
}

impl AccessError {
    /// Whether newer keys might tell otherwise: the token is well-formed, and names a key that is not among ours.
    pub fn is_unknown_key(&self) -> bool {
        *self == Self::Jwt(JwtError::UnknownKey)
    }
}

/// An assertion that Access made for this application, valid now.
#[derive(Debug)]
pub struct AccessAssertion {
    /// For whom it speaks.
    pub principal: AccessPrincipal,
    token: VerifiedJwt,
}

/// Checks an assertion (security requirement 174).
pub fn verify(
    text: &str,
    keys: &[VerifyingKey],
    application: &AccessApplication,
    now: Timestamp,
) -> Result<AccessAssertion, AccessError> {
    let token = UnverifiedJwt::parse(text)?;
    if token.algorithm() != SigningAlgorithm::Rs256 {
        return Err(JwtError::AlgorithmRefused.into());
    }
    // One key is tried and not all of them: a team's keys come from one address, and are told apart by name.
    token.kid().filter(|kid| !kid.is_empty()).ok_or(AccessError::NoKeyName)?;
    let token = token.verify(keys)?;
    token.require_typ(TYP_ID_TOKEN)?;
    token.require_issuer(&application.issuer)?;
    let tags = token.audiences()?;
    if !tags.iter().any(|tag| application.audiences.iter().any(|ours| ours == tag)) {
        return Err(JwtError::Mismatch("aud").into());
    }
    if token.text("type")? != Some("app") {
        return Err(JwtError::WrongKind.into());
    }
    token.require_valid_within(ACCESS_LEEWAY, now)?;
    let principal = principal(&token)?;
    Ok(AccessAssertion { principal, token })
}

impl AccessAssertion {
    /// A claim as the value of a header: one that came through Access's custom claims, or one of the few that Access
    /// itself makes. `None`: there is none, or no header can hold it; then the header is to be empty.
    ///
    /// What Access decided by is never taken from a custom claim: `email` and `common_name` are its own. A service token
    /// has nothing else: it is told about no person.
    pub fn claim_text(&self, name: &str) -> Option<String> {
        let own = || self.token.claim(name);
        let value = match (&self.principal, name) {
            (AccessPrincipal::Person { .. }, "email")
            | (AccessPrincipal::ServiceToken { .. }, "common_name") => own(),
            (AccessPrincipal::Person { .. }, "common_name") | (AccessPrincipal::ServiceToken { .. }, _) => {
                None
            }
            (AccessPrincipal::Person { .. }, _) => {
                match custom(&self.token).and_then(|custom| custom.get(name)) {
                    None if matches!(name, "country" | "sub") => own(),
                    value => value,
                }
            }
        }?;
        claim::text(value)
    }
}

/// The claims that a way in gave to Access. Absent or trimmed ones are nothing to worry about; nor is an odd one.
fn custom(token: &VerifiedJwt) -> Option<&Map<String, Value>> {
    token.claim("custom").and_then(Value::as_object)
}

fn principal(token: &VerifiedJwt) -> Result<AccessPrincipal, AccessError> {
    let text = |name| Ok::<_, JwtError>(token.text(name)?.filter(|text| !text.is_empty()));
    match (text("sub")?, text("email")?, text("common_name")?) {
        (Some(sub), Some(email), None) if is_id(sub) && is_email(email) => Ok(AccessPrincipal::Person {
            email: email.to_ascii_lowercase(),
            sub: sub.to_owned(),
            plex_subject: plex_subject(token)?,
        }),
        // The empty subject has to be said: a token that says nothing of a subject is of no kind that we know.
        (None, None, Some(common_name)) if is_id(common_name) && token.claim("sub").is_some() => {
            Ok(AccessPrincipal::ServiceToken { common_name: common_name.to_owned() })
        }
        _ => Err(AccessError::NoPrincipal),
    }
}

/// Our subject among the custom claims. Another provider's `sub` is of another form and says nothing, and neither does a
/// pairwise one: it names no account.
fn plex_subject(token: &VerifiedJwt) -> Result<Option<Subject>, AccessError> {
    let named = |name| {
        let subject = custom(token)?.get(name)?.as_str().and_then(Subject::parse)?;
        subject.account().is_some().then_some(subject)
    };
    match (named("sub"), named("plex_sub")) {
        (Some(one), Some(other)) if one != other => Err(AccessError::TwoPeople),
        (one, other) => Ok(one.or(other)),
    }
}

fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID && text.bytes().all(|b| b.is_ascii_graphic())
}

/// One address with one reading: no second at sign, no quoted part, no dot at its end (CVE-2026-40574).
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'@' | b',' | b';' | b'<' | b'>' | b'\\');
    let sound = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
    text.len() <= MAX_EMAIL && sound(local) && sound(domain) && local.bytes().chain(domain.bytes()).all(plain)
}

#[cfg(test)]
mod tests;
