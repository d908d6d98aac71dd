//! The client data: what the browser says it asked the authenticator, and for whom (Web Authentication Level 2, s. 5.8.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Expected, WebAuthnError};
use crate::jose::strict_json;
use crate::secret::sha256;

/// Longest client data that are read, in bytes. Browsers may add members (s. 5.8.1), not pages of them.
const MAX_LEN: usize = 4 * 1024;

const MALFORMED: WebAuthnError = WebAuthnError::Malformed("client data");

/// Which of the two ceremonies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceremony {
    /// A passkey is made.
    Create,
    /// A passkey is used.
    Get,
}

impl Ceremony {
    const fn word(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Client data that were read, and of which nothing is believed yet.
#[derive(Debug)]
pub struct ClientData {
    hash: [u8; 32],
    members: Map<String, Value>,
    challenge: Vec<u8>,
}

impl ClientData {
    /// Reads them. A member that is there twice, a mark at the start or anything behind the end makes them unreadable.
    pub fn parse(json: &[u8]) -> Result<Self, WebAuthnError> {
        if json.len() > MAX_LEN {
            return Err(MALFORMED);
        }
        let members = strict_json::parse_object(json).ok_or(MALFORMED)?;
        let challenge = text(&members, "challenge")?;
        let challenge = URL_SAFE_NO_PAD.decode(challenge).map_err(|_| MALFORMED)?;
        Ok(Self { hash: sha256(json), members, challenge })
    }

    /// The challenge that they name, to find out which it was. It may be anybody's.
    pub fn unverified_challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// Whether they are of this ceremony, challenge and origin: s. 7.1 steps 7 to 10 and s. 7.2 steps 11 to 14. Returns their
    /// hash, which is what is signed (s. 7.1 step 11, s. 7.2 step 19).
    pub(super) fn check(self, ceremony: Ceremony, expected: Expected<'_>) -> Result<[u8; 32], WebAuthnError> {
        if text(&self.members, "type")? != ceremony.word() {
            return Err(WebAuthnError::Mismatch("ceremony"));
        }
        if self.challenge != expected.challenge {
            return Err(WebAuthnError::Mismatch("challenge"));
        }
        // As a whole: no suffix, no other port, no other spelling (GHSA-22w3-693w-x895).
        if text(&self.members, "origin")? != expected.relying_party.origin {
            return Err(WebAuthnError::Mismatch("origin"));
        }
        match self.members.get("crossOrigin") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => return Err(WebAuthnError::CrossOrigin),
            Some(_) => return Err(MALFORMED),
        }
        // Level 3: who stood around us. Nobody is to.
        if self.members.contains_key("topOrigin") {
            return Err(WebAuthnError::CrossOrigin);
        }
        // There is no Token Binding on our connections, so that none can have been used.
        match self.members.get("tokenBinding").map(|binding| binding.get("status").and_then(Value::as_str)) {
            None | Some(Some("supported" | "not-supported")) => Ok(self.hash),
            Some(_) => Err(WebAuthnError::Mismatch("token binding")),
        }
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, WebAuthnError> {
    members.get(name).and_then(Value::as_str).ok_or(MALFORMED)
}
