//! The device authorization grant (RFC 8628), as far as people and clients see it: what a device asks for, the code that it
//! shows, and the authorization request that this becomes once somebody has typed the code.
//!
//! The rules of polling are in [`crate::token::device`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::authorize::{AuthorizationRequest, scopes_for};
use crate::client::Client;
use crate::form::Parameters;
use crate::id::ClientId;
use crate::issuer::Issuer;
use crate::redirect::RedirectTarget;
use crate::resource::ResourceSet;
use crate::scope::ScopeSet;
use crate::secret::SecretHash;
use crate::time::{Seconds, Timestamp};
use crate::token::error::TokenError;

/// How long a device waits for a person (RFC 8628 s. 3.2).
pub const DEVICE_LIFETIME: Seconds = Seconds::minutes(10);

/// Letters of a user code.
const LETTERS: usize = 8;
/// No vowels, so that no code is a word; no two letters that look alike, and no digits (RFC 8628 s. 6.1).
const ALPHABET: [char; 20] =
    ['B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Z'];
/// Longest text that is read as a user code, in bytes.
const MAX_LEN: usize = 64;

/// The code that a device shows and a person types: eight of twenty letters, `WDJB-MJHT`. It has 34 bits, so whoever takes
/// guesses must count them (RFC 8628 s. 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserCode([char; LETTERS]);

impl UserCode {
    /// The code of a random number.
    pub fn from_random(random: [u8; 32]) -> Self {
        // 128 bits of it: so many that no letter is the likelier for it.
        let mut number = random.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        Self(std::array::from_fn(|_| {
            let place = number % 20;
            number /= 20;
            let letters = ALPHABET.into_iter().zip(0..);
            letters.fold('B', |found, (letter, at)| if at == place { letter } else { found })
        }))
    }

    /// Reads what a person typed: in small letters or large, with dashes and blanks wherever (RFC 8628 s. 6.1).
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LEN {
            return None;
        }
        let mut typed = text.chars().filter(|c| !is_between(*c)).map(|c| c.to_ascii_uppercase());
        let mut letters = ['B'; LETTERS];
        for letter in &mut letters {
            *letter = typed.next().filter(|c| ALPHABET.contains(c))?;
        }
        typed.next().is_none().then_some(Self(letters))
    }
}

/// Whether a character stands between letters only: a blank or any dash, of which keyboards make several.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// As it is shown: `WDJB-MJHT`.
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in self.0.iter().enumerate() {
            if index == LETTERS / 2 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// Whoever has it can answer the device's request, so it is printed nowhere.
impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode([redacted])")
    }
}

impl TryFrom<String> for UserCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a user code")
    }
}

impl From<UserCode> for String {
    fn from(code: UserCode) -> Self {
        code.to_string()
    }
}

/// A user code as it is stored and looked up: a keyed hash, since a plain one of 34 bits is soon found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserCodeHash(pub [u8; 32]);

impl fmt::Debug for UserCodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCodeHash(…)")
    }
}

/// What a device asks for, within what its client may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAsks {
    /// The scopes.
    pub scopes: ScopeSet,
    /// The resources that its tokens are to be for.
    pub resources: ResourceSet,
}

impl DeviceAsks {
    /// Reads a device authorization request of `client`, by the rules of the authorization endpoint (RFC 8628 s. 3.1, RFC 8707
    /// s. 2).
    pub fn read(parameters: &Parameters, client: &Client) -> Result<Self, TokenError> {
        let scopes = scopes_for(client, parameters.get("scope")?).ok_or(TokenError::InvalidScope)?;
        let resources = ResourceSet::asked(parameters, &client.resources)?;
        Ok(Self { scopes, resources })
    }
}

/// The device that waits for the answer to an authorization request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDevice {
    /// The hash of its device code.
    pub device_code: SecretHash,
    /// The code that it shows.
    pub user_code: UserCode,
    /// When it stops waiting.
    pub expires: Timestamp,
}

/// The authorization request that a device's becomes in the browser of the person who typed its code. The browser stays with
/// us: the answer goes to the device.
pub fn request_of(
    client_id: ClientId,
    asks: DeviceAsks,
    device: OnDevice,
    issuer: &Issuer,
) -> AuthorizationRequest {
    let request = AuthorizationRequest::of_ours(client_id, RedirectTarget::of_device(issuer));
    AuthorizationRequest { scopes: asks.scopes, resources: asks.resources, device: Some(device), ..request }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::client;

    #[test]
    fn req_103_a_user_code_has_eight_of_twenty_letters() {
        assert_eq!(ALPHABET.iter().collect::<String>(), "BCDFGHJKLMNPQRSTVWXZ");
        let mut seen = std::collections::BTreeSet::new();
        for byte in 0..=255 {
            let code = UserCode::from_random([byte; 32]).to_string();
            assert_eq!((code.len(), code.find('-')), (9, Some(4)), "{code}");
            assert!(code.chars().filter(|c| *c != '-').all(|c| ALPHABET.contains(&c)), "{code}");
            seen.insert(code);
        }
        assert_eq!(seen.len(), 256, "each number has its own");
        let first = UserCode::from_random([0; 32]);
        assert_eq!((first.to_string().as_str(), format!("{first:?}").contains("BBBB")), ("BBBB-BBBB", false));
        let mut last = [0; 32];
        last[31] = 19 + 20; // the first two letters are the last two digits of the number
        assert_eq!(UserCode::from_random(last).to_string(), "ZCBB-BBBB");
    }

    #[test]
    fn req_103_what_people_type_is_read_kindly_and_nothing_else_is() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        for typed in [
            "wdjbmjht",
            "WDJB MJHT",
            " w d j b – m j h t ",
            "WDJB—MJHT",
            "wd-jb-mj-ht",
            "\u{a0}WDJB\u{2212}MJHT\n",
        ] {
            assert_eq!(UserCode::parse(typed), Some(code), "{typed:?}");
        }
        for typed in
            ["", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB-MJH1", "WDJB_MJHT", "ẞDJB-MJHT", "WDJB/MJHT"]
        {
            assert_eq!(UserCode::parse(typed), None, "{typed:?}");
        }
        assert_eq!(UserCode::parse(&format!("{}WDJBMJHT", " ".repeat(MAX_LEN))), None);
        let json = serde_json::to_string(&code).unwrap();
        assert_eq!((json.as_str(), serde_json::from_str(&json).ok()), ("\"WDJB-MJHT\"", Some(code)));
        assert!(serde_json::from_str::<UserCode>("\"nothing\"").is_err());
    }

    #[test]
    fn req_107_a_device_asks_within_what_its_client_may_have() {
        let api = "https://api.example".to_owned();
        let narrow = Client {
            scopes: ScopeSet::parse("openid email offline_access"),
            resources: ResourceSet::from_iter([api]),
            ..client("tv")
        };
        let read = |text: &str| DeviceAsks::read(&Parameters::parse(text.as_bytes()).unwrap(), &narrow);
        let asks = read("scope=openid+groups+email+unknown&resource=https://api.example").unwrap();
        assert_eq!(
            (asks.scopes.to_string().as_str(), asks.resources.to_string().as_str()),
            ("openid email", "https://api.example")
        );
        for (text, wrong) in [
            ("", TokenError::InvalidScope),
            ("scope=groups", TokenError::InvalidScope),
            ("scope=offline_access", TokenError::InvalidScope),
            ("scope=openid&resource=https://other.example", TokenError::InvalidTarget),
            ("scope=openid&scope=email", TokenError::InvalidRequest("a parameter was sent more than once")),
        ] {
            assert_eq!(read(text), Err(wrong), "{text}");
        }
    }
}
