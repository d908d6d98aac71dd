//! What the introspection endpoint tells, and to whom (RFC 7662 s. 2.2, s. 4).

use serde::Serialize;

use crate::client::Client;
use crate::id::{ClientId, Sid};
use crate::issuer::Issuer;
use crate::resource::ResourceSet;
use crate::scope::{Scope, ScopeSet};
use crate::subject::Subject;
use crate::time::Timestamp;

/// As whom a client is told about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The token was issued to it.
    Holder,
    /// It answers requests that carry such tokens: the host named it so.
    Audience,
}

impl Listener {
    /// As whom `caller` may hear of the access tokens of `issued_to`, if at all (requirement 98).
    pub fn of_access_token(caller: &Client, issued_to: &ClientId) -> Option<Self> {
        let named = caller.introspects.contains(issued_to).then_some(Self::Audience);
        if caller.id == *issued_to { Some(Self::Holder) } else { named }
    }

    /// The same of refresh tokens. They are for us alone: at an audience, one must not look like something that opens doors.
    pub fn of_refresh_token(caller: &Client, issued_to: &ClientId) -> Option<Self> {
        (caller.id == *issued_to).then_some(Self::Holder)
    }
}

/// The answer. One that is not active has no member but `active`, whatever the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    facts: Option<Facts>,
}

/// What is told of an active token. The names are those of RFC 7662 s. 2.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    #[serde(skip_serializing_if = "no_scope")]
    scope: ScopeSet,
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Only access tokens have one: a resource looks at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    exp: i64,
    iat: i64,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Vec<String>>,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn no_scope(scope: &ScopeSet) -> bool {
    scope.is_empty()
}

/// Which token is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// An active token: what it is, and to whom it was issued.
pub struct Token<'a> {
    /// Its kind.
    pub kind: TokenKind,
    /// The client it was issued to.
    pub client_id: &'a ClientId,
    /// What it is good for.
    pub scopes: ScopeSet,
    /// What it is for; nothing where nobody said so.
    pub resources: ResourceSet,
    /// When it was issued.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}

/// Whom a token speaks for.
pub enum Bearer<'a> {
    /// A person, signed in to this browser session.
    Person {
        /// The subject.
        subject: &'a Subject,
        /// The name that is told where the scope `profile` was granted.
        username: Option<&'a str>,
        /// The session.
        sid: Sid,
    },
    /// The client itself.
    Client,
}

impl Introspection {
    /// No such token, or none of the caller's business.
    pub const INACTIVE: Self = Self { active: false, facts: None };

    /// An active token, told by `issuer` to `caller` as `listener`.
    pub fn active(
        issuer: &Issuer,
        (caller, listener): (&Client, Listener),
        token: &Token<'_>,
        bearer: &Bearer<'_>,
    ) -> Self {
        let (sub, username, sid) = match bearer {
            Bearer::Person { subject, username, sid } => {
                let username = username.filter(|_| token.scopes.contains(Scope::Profile)).map(str::to_owned);
                (subject.to_string(), username, Some(sid.to_string()))
            }
            Bearer::Client => (token.client_id.to_string(), None, None),
        };
        let aud = match (token.resources.is_empty(), listener) {
            (false, _) => Some(token.resources.iter().map(str::to_owned).collect()),
            (true, Listener::Holder) => None,
            (true, Listener::Audience) => Some(vec![caller.id.to_string()]),
        };
        let token_type = match token.kind {
            TokenKind::Access => Some("Bearer"),
            TokenKind::Refresh => None,
        };
        let facts = Facts {
            scope: token.scopes,
            client_id: token.client_id.clone(),
            username,
            token_type,
            exp: token.expires.0,
            iat: token.created.0,
            sub,
            aud,
            iss: issuer.as_str().to_owned(),
            sid,
        };
        Self { active: true, facts: Some(facts) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::testing::{client, friend};

    #[test]
    fn req_098_a_token_is_told_to_its_holder_and_to_named_audiences_only() {
        let (photos, stranger) = (client("photos"), client("stranger"));
        let api = Client { introspects: vec![photos.id.clone()], ..client("api") };
        let access = |caller| Listener::of_access_token(caller, &photos.id);
        assert_eq!(access(&photos), Some(Listener::Holder));
        assert_eq!(access(&api), Some(Listener::Audience));
        assert_eq!(access(&stranger), None);
        let refresh = |caller| Listener::of_refresh_token(caller, &photos.id);
        assert_eq!([&photos, &api, &stranger].map(refresh), [Some(Listener::Holder), None, None]);
    }

    #[test]
    fn req_098_an_inactive_answer_has_one_member() {
        assert_eq!(to_value(Introspection::INACTIVE).unwrap(), json!({"active": false}));
    }

    #[test]
    fn a_name_is_told_where_the_scope_says_so_and_machines_have_none() {
        let (photos, person) = (client("photos"), friend());
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let sid = Sid::parse(&"0".repeat(32)).unwrap();
        let subject = person.subject();
        let told = |kind, scopes: &str, listener, bearer: &Bearer<'_>| {
            let scopes = ScopeSet::parse(scopes);
            let (created, expires) = (Timestamp(1), Timestamp(2));
            let resources = ResourceSet::default();
            let token = Token { kind, client_id: &photos.id, scopes, resources, created, expires };
            to_value(Introspection::active(&issuer, (&photos, listener), &token, bearer)).unwrap()
        };
        let pat = Bearer::Person { subject: &subject, username: Some("pat"), sid };
        let expected = json!({
            "active": true, "scope": "openid profile", "client_id": "photos", "username": "pat",
            "token_type": "Bearer", "exp": 2, "iat": 1, "sub": "plex-42", "iss": "https://auth.example.com",
            "sid": "0".repeat(32),
        });
        assert_eq!(told(TokenKind::Access, "openid profile", Listener::Holder, &pat), expected);
        let refresh = told(TokenKind::Refresh, "openid", Listener::Holder, &pat);
        assert_eq!((refresh.get("username"), refresh.get("token_type")), (None, None));
        let machine = told(TokenKind::Access, "", Listener::Audience, &Bearer::Client);
        let expected = json!({
            "active": true, "client_id": "photos", "token_type": "Bearer", "exp": 2, "iat": 1, "sub": "photos",
            "aud": ["photos"], "iss": "https://auth.example.com",
        });
        assert_eq!(machine, expected);
    }
}
