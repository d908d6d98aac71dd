//! Passkeys: reading and checking what a browser and an authenticator send (Web Authentication Level 2).
//!
//! Owns the two ceremonies of s. 7 from bytes to a yes: the client data, the authenticator data, the attestation object, the
//! key, and the signature. Does not own who may have a passkey, how a challenge is made and used up, or where keys are kept.
//!
//! Nothing is asked about the make of an authenticator: conveyance is `none` (s. 5.4.7), and no certificate is looked at. The
//! origin is compared as a whole, and the relying party is our host itself, never a domain above it.

mod attestation;
mod authenticator;
mod cbor;
mod client_data;
mod key;

use thiserror::Error;

pub use authenticator::Backup;
pub use client_data::{Ceremony, ClientData};
pub use key::{ALGORITHMS, PublicKey};

use crate::issuer::Issuer;
use attestation::AttestationObject;
use authenticator::AuthenticatorData;

/// Longest name of a credential, in bytes (s. 7.1 of Level 3).
pub const LONGEST_ID: usize = 1023;

/// Why what came from the browser is refused. Never told to the browser: to whoever tries, no is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebAuthnError {
    /// Not what the specification says: cut short, too long, a member twice, something behind the end.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
    /// Something of it says what it must not: another challenge, origin, relying party or ceremony.
    #[error("the {0} is another")]
    Mismatch(&'static str),
    /// The page that asked was inside a page of another origin.
    #[error("the page that asked stood inside another one")]
    CrossOrigin,
    /// Nobody touched the authenticator.
    #[error("nobody was there")]
    NobodyThere,
    /// The authenticator did not make sure who touched it.
    #[error("the authenticator did not check whose finger, face or code it was")]
    NotVerified,
    /// An algorithm that was not asked for, or a key that does not go with it.
    #[error("the key is of a kind that was not asked for")]
    KeyRefused,
    /// An attestation of a kind that was not asked for.
    #[error("there is an attestation, though none was asked for")]
    AttestationRefused,
    /// The signature is not of this key over these data.
    #[error("the signature is wrong")]
    BadSignature,
    /// The counter of the authenticator did not go on from where it stood: there may be a second one with the same key.
    #[error(
        "the counter stands at {got}, and stood at {stored} before: there may be a copy of the authenticator"
    )]
    CounterBehind {
        /// Where it stood.
        stored: u32,
        /// Where it stands.
        got: u32,
    },
}

/// Who we are to an authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelyingParty<'a> {
    origin: &'a str,
    id: &'a str,
}

impl<'a> RelyingParty<'a> {
    /// This issuer. The identifier is its host itself: whoever else has a name under the same domain, or under the same public
    /// suffix, is another relying party. An address has no passkeys (s. 5.1.3: the effective domain must be a domain).
    pub fn of(issuer: &'a Issuer) -> Option<Self> {
        Some(Self { origin: issuer.as_str(), id: issuer.domain()? })
    }

    /// The relying party identifier.
    pub const fn id(self) -> &'a str {
        self.id
    }
}

/// What an answer must fit.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who asked.
    pub relying_party: RelyingParty<'a>,
    /// With which challenge. That it was ours, and for this, whoever calls has made sure of.
    pub challenge: &'a [u8],
}

/// What a browser sends after `navigator.credentials.create`.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// `response.clientDataJSON`.
    pub client_data: &'a [u8],
    /// `response.attestationObject`.
    pub attestation_object: &'a [u8],
    /// `rawId`.
    pub id: &'a [u8],
}

/// A new passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The name of the credential.
    pub id: Vec<u8>,
    /// Its public key.
    pub key: PublicKey,
    /// Where its counter stands.
    pub sign_count: u32,
    /// Whether it lies elsewhere too.
    pub backup: Backup,
}

/// What a browser sends after `navigator.credentials.get`, for a credential that we know.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `response.clientDataJSON`.
    pub client_data: &'a [u8],
    /// `response.authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `response.signature`.
    pub signature: &'a [u8],
}

/// What is known of the credential that an assertion is to be of.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its public key.
    pub key: &'a PublicKey,
    /// Where its counter stood last.
    pub sign_count: u32,
    /// Whether it could lie elsewhere, when it was made.
    pub backup: Backup,
}

/// What an assertion says besides yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asserted {
    /// Where the counter stands now.
    pub sign_count: u32,
    /// Whether it lies elsewhere now.
    pub backup: Backup,
}

/// Checks a registration (s. 7.1). The steps about the session, and whether the credential is taken, are the caller's.
pub fn check_registration(
    answer: Registration<'_>,
    expected: Expected<'_>,
) -> Result<Registered, WebAuthnError> {
    // Steps 5 to 11.
    let hash = ClientData::parse(answer.client_data)?.check(Ceremony::Create, expected)?;
    // Step 12.
    let object = AttestationObject::parse(answer.attestation_object)?;
    let data = AuthenticatorData::parse(object.authenticator_data)?;
    // Steps 13 to 15.
    data.check(expected.relying_party)?;
    let attested = data.attested.ok_or(WebAuthnError::Malformed("authenticator data"))?;
    // Step 16: one of the algorithms that were asked for; there is no other `PublicKey`.
    let key = PublicKey::of_cose(attested.key)?;
    // Steps 18 to 21.
    object.statement.check(&key, object.authenticator_data, &hash)?;
    // What the browser calls the credential is what the authenticator calls it.
    if attested.id != answer.id {
        return Err(WebAuthnError::Mismatch("credential"));
    }
    Ok(Registered { id: attested.id.to_vec(), key, sign_count: data.sign_count, backup: data.backup })
}

/// Checks an assertion (s. 7.2). Steps 1 to 7, of whom the credential is, are the caller's.
pub fn check_assertion(
    answer: Assertion<'_>,
    known: Known<'_>,
    expected: Expected<'_>,
) -> Result<Asserted, WebAuthnError> {
    // Steps 8 to 14, and 19.
    let hash = ClientData::parse(answer.client_data)?.check(Ceremony::Get, expected)?;
    let data = AuthenticatorData::parse(answer.authenticator_data)?;
    // Steps 15 to 17. Of extensions none was asked for, and what comes unasked is not looked at (step 18).
    data.check(expected.relying_party)?;
    // An assertion has no attested credential (s. 6.1).
    if data.attested.is_some() {
        return Err(WebAuthnError::Malformed("authenticator data"));
    }
    // Step 20.
    known.key.verify(&[answer.authenticator_data, &hash].concat(), answer.signature)?;
    // Level 3, s. 7.2: whether a credential can lie elsewhere never changes.
    if data.backup.is_possible() != known.backup.is_possible() {
        return Err(WebAuthnError::Mismatch("kind of credential"));
    }
    // Step 21 leaves to us what to do about a counter that did not go on: it is refused (docs/decisions/0025).
    if !has_gone_on(known.sign_count, data.sign_count) {
        return Err(WebAuthnError::CounterBehind { stored: known.sign_count, got: data.sign_count });
    }
    Ok(Asserted { sign_count: data.sign_count, backup: data.backup })
}

/// Whether a counter may stand here after it stood there: further on, or nowhere at all, as with passkeys that several devices
/// share.
pub const fn has_gone_on(stored: u32, got: u32) -> bool {
    got > stored || (got == 0 && stored == 0)
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
