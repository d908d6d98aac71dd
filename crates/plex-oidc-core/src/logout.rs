//! Signing out: what a client asks for at the end-session endpoint (OIDC RP-Initiated Logout 1.0), and what clients are
//! told of the end of a session (OIDC Back-Channel Logout 1.0).
//!
//! A request that leaves any doubt comes to nothing but the doubt: none of it is used (RP-Initiated Logout 1.0 s. 4).

use serde::Serialize;
use thiserror::Error;

use crate::authorize::MAX_STATE_BYTES;
use crate::client::{Client, Clients};
use crate::form::{Parameters, Repeated};
use crate::id::{ClientId, Sid};
use crate::issuer::Issuer;
use crate::jose::HintClaims;
use crate::redirect::RedirectTarget;
use crate::subject::Subject;
use crate::time::{Seconds, Timestamp};

/// Life of a logout token: Back-Channel Logout 1.0 s. 4 asks for two minutes at most.
pub const LOGOUT_TOKEN_LIFETIME: Seconds = Seconds::minutes(2);

/// Why nothing of a request is used. The sentence is for whoever runs the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LogoutDoubt {
    /// A parameter was sent twice.
    #[error("a parameter was sent more than once")]
    Repeated,
    /// The hint is not an ID token of ours, or somebody changed it.
    #[error("id_token_hint is not an ID token that we issued")]
    Hint,
    /// The hint was issued to another client than the one that is named.
    #[error("id_token_hint was issued to another client")]
    HintOfAnotherClient,
    /// Nobody is registered under this name, or not any more.
    #[error("the client is not registered")]
    ClientUnknown,
    /// An address, and nothing that says whose it is.
    #[error("post_logout_redirect_uri needs id_token_hint or client_id beside it")]
    AddressOfNobody,
    /// An address that this client did not register, to the letter.
    #[error("post_logout_redirect_uri is not registered for this client")]
    AddressUnregistered,
    /// It is too long, or could not come back as it was sent.
    #[error("state is longer than 4096 bytes, or has control characters")]
    State,
}

impl From<Repeated> for LogoutDoubt {
    fn from(_: Repeated) -> Self {
        Self::Repeated
    }
}

/// Where the browser goes once it is signed out: a registered address, and the client's `state`.
#[derive(Debug, Clone)]
pub struct WayBack<'a> {
    /// Whose address it is.
    pub client: &'a Client,
    /// The address.
    pub target: RedirectTarget,
    /// To be echoed.
    pub state: Option<String>,
}

impl WayBack<'_> {
    /// The address with the state, if there is one, and nothing else (RP-Initiated Logout 1.0 s. 3).
    pub fn location(&self) -> String {
        match &self.state {
            Some(state) => self.target.with_response(&[("state", state)]),
            None => self.target.as_str().to_owned(),
        }
    }
}

/// A request without doubt.
#[derive(Debug, Clone, Default)]
pub struct LogoutRequest<'a> {
    /// The browser session that a verified ID token names, as its client knows that.
    pub hinted: Option<Sid>,
    /// The client that asks, if the request says.
    pub client: Option<&'a Client>,
    /// Where the browser wants to go afterwards.
    pub way_back: Option<WayBack<'a>>,
}

/// Reads a request. `verify_hint` verifies an `id_token_hint`: signature, issuer and kind.
pub fn read<'a>(
    parameters: &Parameters,
    clients: &'a Clients,
    verify_hint: impl FnOnce(&str) -> Option<HintClaims>,
) -> Result<LogoutRequest<'a>, LogoutDoubt> {
    for ignored in ["logout_hint", "ui_locales"] {
        parameters.get(ignored)?;
    }
    let hint = match parameters.get("id_token_hint")? {
        Some(hint) => Some(verify_hint(hint).ok_or(LogoutDoubt::Hint)?),
        None => None,
    };
    let client = client(parameters, clients, hint.as_ref())?;
    let way_back = way_back(parameters, client)?;
    Ok(LogoutRequest { hinted: hint.and_then(|hint| hint.sid), client, way_back })
}

/// The client that asks: the one that is named, else the one that the hint was issued to.
fn client<'a>(
    parameters: &Parameters,
    clients: &'a Clients,
    hint: Option<&HintClaims>,
) -> Result<Option<&'a Client>, LogoutDoubt> {
    let named = parameters.get("client_id")?;
    let id = match (named, hint.map(|hint| hint.aud.as_slice())) {
        (Some(named), _) => named,
        (None, Some([only])) => only.as_str(),
        (None, Some(_)) => return Err(LogoutDoubt::ClientUnknown),
        (None, None) => return Ok(None),
    };
    let client = clients.find(id).filter(|client| client.enabled).ok_or(LogoutDoubt::ClientUnknown)?;
    match hint {
        Some(hint) if !hint.is_for(&client.id) => Err(LogoutDoubt::HintOfAnotherClient),
        Some(_) | None => Ok(Some(client)),
    }
}

fn way_back<'a>(
    parameters: &Parameters,
    client: Option<&'a Client>,
) -> Result<Option<WayBack<'a>>, LogoutDoubt> {
    let asked = parameters.get("post_logout_redirect_uri")?;
    let state = parameters.get("state")?;
    let Some(asked) = asked else { return Ok(None) };
    let client = client.ok_or(LogoutDoubt::AddressOfNobody)?;
    let target = client.post_logout_target(asked).ok_or(LogoutDoubt::AddressUnregistered)?;
    // Forms of a page change line breaks, and what is not UTF-8 was lost on the way here: no state comes back altered.
    let alters = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    if state.is_some_and(|state| state.len() > MAX_STATE_BYTES || state.contains(alters)) {
        return Err(LogoutDoubt::State);
    }
    Ok(Some(WayBack { client, target, state: state.map(str::to_owned) }))
}

/// What a logout token is made from.
#[derive(Debug, Clone, Copy)]
pub struct LogoutTokenFacts<'a> {
    /// Who signs.
    pub issuer: &'a Issuer,
    /// Whom it is for.
    pub client: &'a ClientId,
    /// Who was signed in.
    pub subject: &'a Subject,
    /// The session that ended.
    pub sid: Sid,
    /// The name of this token: new for each.
    pub jti: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// The payload of a logout token (Back-Channel Logout 1.0 s. 2.4). There is no `nonce`, or it could pass for an ID token.
#[derive(Debug, Serialize)]
pub struct LogoutTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: Timestamp,
    exp: Timestamp,
    jti: &'a str,
    events: Events,
    sid: String,
}

#[derive(Debug, Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Nothing,
}

/// `{}`.
#[derive(Debug, Serialize)]
struct Nothing {}

/// The claims of a logout token.
pub fn logout_token<'a>(facts: &LogoutTokenFacts<'a>) -> LogoutTokenClaims<'a> {
    LogoutTokenClaims {
        iss: facts.issuer.as_str(),
        sub: facts.subject.as_str(),
        aud: facts.client.as_str(),
        iat: facts.now,
        exp: facts.now.plus(LOGOUT_TOKEN_LIFETIME),
        jti: facts.jti,
        events: Events { logout: Nothing {} },
        sid: facts.sid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::PlexAccountId;
    use crate::redirect::RedirectUri;
    use crate::testing::client;

    const BYE: &str = "https://rp.example/bye?a=b";
    const SID: Sid = Sid(Uuid::from_u128(7));

    fn clients() -> Clients {
        let with = |id: &str, uris: &[&str]| Client {
            post_logout_redirect_uris: uris.iter().map(|uri| RedirectUri::register(uri).unwrap()).collect(),
            ..client(id)
        };
        let off = Client { enabled: false, ..with("off", &[BYE]) };
        [with("a", &[BYE, "http://127.0.0.1/bye"]), with("b", &["https://b.example/"]), off]
            .into_iter()
            .collect()
    }

    /// The "hint" is the audience, in clear.
    fn verify(hint: &str) -> Option<HintClaims> {
        let aud = hint.strip_prefix("good:")?.split('+').map(|id| ClientId::parse(id).unwrap()).collect();
        Some(HintClaims { sub: Subject::of_plex(PlexAccountId(7)), aud, sid: Some(SID) })
    }

    fn query(pairs: &[(&str, &str)]) -> Parameters {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        Parameters::parse(query.finish().as_bytes()).unwrap()
    }

    /// Where a request leads, and whether a session is hinted at.
    fn ask(pairs: &[(&str, &str)]) -> Result<(Option<String>, bool), LogoutDoubt> {
        let clients = clients();
        let request = read(&query(pairs), &clients, verify)?;
        assert!(request.hinted.is_none_or(|sid| sid == SID));
        Ok((request.way_back.map(|way| way.location()), request.hinted.is_some()))
    }

    #[test]
    fn req_115_only_an_exactly_registered_address_of_a_known_client_is_a_way_back() {
        use LogoutDoubt as Doubt;
        let back = |uri: &str| Ok((Some(uri.to_owned()), true));
        let uri = |uri| ("post_logout_redirect_uri", uri);
        let (hint, id) = (("id_token_hint", "good:a"), ("client_id", "a"));
        assert_eq!(ask(&[hint, uri(BYE)]), back(BYE));
        assert_eq!(ask(&[hint, id, uri(BYE)]), back(BYE));
        assert_eq!(ask(&[id, uri(BYE)]), Ok((Some(BYE.to_owned()), false)));
        for other in [
            "https://rp.example/bye",
            "https://rp.example/bye?a=b&c=d",
            "https://rp.example/bye?a=b#",
            "https://rp.example/bye?a=b ",
            "https://RP.example/bye?a=b",
            "https://rp.example:443/bye?a=b",
            "https://b.example/",
            "https://rp.example/cb?a=b",
            "http://127.0.0.1:4000/bye",
            "javascript:alert(1)",
        ] {
            assert_eq!(ask(&[hint, uri(other)]), Err(Doubt::AddressUnregistered), "{other}");
        }
        assert_eq!(ask(&[uri(BYE)]), Err(Doubt::AddressOfNobody));
        assert_eq!(ask(&[("client_id", "off"), uri(BYE)]), Err(Doubt::ClientUnknown));
        assert_eq!(ask(&[("client_id", "nobody")]), Err(Doubt::ClientUnknown));
        assert_eq!(ask(&[id, uri(BYE), uri(BYE)]), Err(Doubt::Repeated));
    }

    #[test]
    fn req_116_a_hint_that_is_not_ours_or_not_of_this_client_spoils_the_request() {
        use LogoutDoubt as Doubt;
        assert_eq!(ask(&[("id_token_hint", "forged"), ("client_id", "a")]), Err(Doubt::Hint));
        let of_b = [("id_token_hint", "good:b"), ("client_id", "a")];
        assert_eq!(ask(&of_b), Err(Doubt::HintOfAnotherClient));
        assert_eq!(ask(&[("id_token_hint", "good:gone")]), Err(Doubt::ClientUnknown));
        assert_eq!(ask(&[("id_token_hint", "good:a+b")]), Err(Doubt::ClientUnknown), "whose is it?");
        assert_eq!(ask(&[("id_token_hint", "good:a+b"), ("client_id", "b")]), Ok((None, true)));
        assert_eq!(
            ask(&[("id_token_hint", "good:a"), ("logout_hint", "x"), ("ui_locales", "de")]),
            Ok((None, true))
        );
        assert_eq!(ask(&[]), Ok((None, false)));
    }

    #[test]
    fn req_117_the_state_comes_back_and_nothing_else() {
        let with = |state: &str| {
            let pairs = [("client_id", "a"), ("post_logout_redirect_uri", BYE), ("state", state)];
            ask(&pairs).map(|(location, _)| location.unwrap())
        };
        for state in ["x", "a b&c=d#e?%41+\"<'", "ü€🎬", &"s".repeat(128), &"s".repeat(MAX_STATE_BYTES)]
        {
            let url = url::Url::parse(&with(state).unwrap()).unwrap();
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            assert_eq!(pairs, [pair("a", "b"), pair("state", state)]);
        }
        assert_eq!(with(""), Ok(BYE.to_owned()), "empty is absent");
        for odd in ["a\r\nb", "\0", "\u{fffd}", &"s".repeat(MAX_STATE_BYTES + 1)] {
            assert_eq!(with(odd), Err(LogoutDoubt::State), "{odd:?}");
        }
    }

    #[test]
    fn req_119_the_claims_of_a_logout_token() {
        let (issuer, id) =
            (Issuer::parse("https://auth.example.com").unwrap(), ClientId::parse("a").unwrap());
        let subject = Subject::of_plex(PlexAccountId(7));
        let facts = LogoutTokenFacts {
            issuer: &issuer,
            client: &id,
            subject: &subject,
            sid: SID,
            jti: "j",
            now: Timestamp(1000),
        };
        insta::assert_json_snapshot!(logout_token(&facts), @r#"
        {
          "iss": "https://auth.example.com",
          "sub": "plex-7",
          "aud": "a",
          "iat": 1000,
          "exp": 1120,
          "jti": "j",
          "events": {
            "http://schemas.openid.net/event/backchannel-logout": {}
          },
          "sid": "00000000000000000000000000000007"
        }
        "#);
    }
}
