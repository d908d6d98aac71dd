//! The `claims` parameter (OIDC Core 1.0 s. 5.5): single claims that a client asks for beside its scopes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::ExtraClaim;
use crate::jose::strict_json;
use crate::scope::ScopeSet;

/// Longest parameter that is read, in bytes.
const MAX_BYTES: usize = 4096;

/// The claims asked for, by where they are to go. Claims that we do not know are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestedClaims {
    /// For the UserInfo endpoint.
    pub userinfo: Vec<ExtraClaim>,
    /// For the ID token.
    pub id_token: Vec<ExtraClaim>,
}

impl RequestedClaims {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Those that `scopes` would release.
    #[must_use]
    pub fn within(&self, scopes: ScopeSet) -> Self {
        let within = |claims: &[ExtraClaim]| {
            claims.iter().copied().filter(|claim| scopes.contains(claim.scope())).collect()
        };
        Self { userinfo: within(&self.userinfo), id_token: within(&self.id_token) }
    }

    /// The scopes that would release them.
    pub fn scopes(&self) -> ScopeSet {
        self.userinfo.iter().chain(&self.id_token).map(|claim| claim.scope()).collect()
    }
}

/// What the parameter says. A claim without which the client cannot do is asked for like any other: where there is no
/// value, its absence is no error (OIDC Core 1.0 s. 5.5.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimsParameter {
    /// The claims asked for.
    pub requested: RequestedClaims,
    /// The `sub` that it must be about.
    pub subject: Option<String>,
    /// The values of `acr` of which one is demanded.
    pub required_acr: Option<Vec<String>>,
}

/// Why the parameter cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimsError {
    /// Longer than we read.
    TooLong,
    /// Not JSON, a name twice, or too deep.
    NotAnObject,
    /// JSON of another shape.
    Shape,
    /// `sub` with two values.
    TwoSubjects,
}

impl ClaimsError {
    /// For the developer of the client.
    pub const fn description(self) -> &'static str {
        match self {
            Self::TooLong => "claims is longer than 4096 bytes",
            Self::NotAnObject => "claims is not a JSON object with unique members",
            Self::Shape => "claims has not the form of OpenID Connect Core 1.0 section 5.5",
            Self::TwoSubjects => "claims names more than one sub",
        }
    }
}

impl ClaimsParameter {
    /// Reads the parameter. Members that the specification does not name are ignored, as it asks.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        if text.len() > MAX_BYTES {
            return Err(ClaimsError::TooLong);
        }
        let whole = strict_json::parse_object(text.as_bytes()).ok_or(ClaimsError::NotAnObject)?;
        let (userinfo, id_token) = (member(&whole, "userinfo")?, member(&whole, "id_token")?);
        let mut subjects: Vec<String> = Vec::new();
        for sub in [&userinfo, &id_token].into_iter().flatten().filter(|wish| wish.name == "sub") {
            subjects.extend(sub.values.iter().flatten().cloned());
        }
        subjects.dedup();
        if subjects.len() > 1 {
            return Err(ClaimsError::TwoSubjects);
        }
        let required_acr = id_token
            .iter()
            .find(|wish| wish.name == "acr" && wish.essential)
            .and_then(|wish| wish.values.clone());
        Ok(Self {
            requested: RequestedClaims { userinfo: known(&userinfo), id_token: known(&id_token) },
            subject: subjects.pop(),
            required_acr,
        })
    }
}

/// One claim as it is asked for.
struct Wish {
    name: String,
    essential: bool,
    /// The values of which one is wanted, where they are strings.
    values: Option<Vec<String>>,
}

fn known(wishes: &[Wish]) -> Vec<ExtraClaim> {
    wishes.iter().filter_map(|wish| ExtraClaim::parse(&wish.name)).collect()
}

fn member(whole: &Map<String, Value>, name: &str) -> Result<Vec<Wish>, ClaimsError> {
    match whole.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(claims)) => claims.iter().map(|(name, value)| wish(name, value)).collect(),
        Some(_) => Err(ClaimsError::Shape),
    }
}

fn wish(name: &str, value: &Value) -> Result<Wish, ClaimsError> {
    let plain = Wish { name: name.to_owned(), essential: false, values: None };
    let members = match value {
        Value::Null => return Ok(plain),
        Value::Object(members) => members,
        _ => return Err(ClaimsError::Shape),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(Value::Bool(essential)) => *essential,
        Some(_) => return Err(ClaimsError::Shape),
    };
    let values = match (members.get("value"), members.get("values")) {
        (None, None) => None,
        (Some(one), None) => Some(std::slice::from_ref(one)),
        (None, Some(Value::Array(many))) if !many.is_empty() => Some(many.as_slice()),
        _ => return Err(ClaimsError::Shape),
    };
    let texts: Option<Vec<_>> = values.map(|values| values.iter().filter_map(Value::as_str).collect());
    let is_demand = matches!(name, "sub" | "acr");
    if is_demand && texts.as_ref().map(Vec::len) != values.map(<[Value]>::len) {
        return Err(ClaimsError::Shape);
    }
    let values = texts.map(|texts| texts.into_iter().map(str::to_owned).collect());
    Ok(Wish { essential, values, ..plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ClaimsParameter {
        ClaimsParameter::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn req_073_known_claims_are_taken_and_the_rest_is_left() {
        let claims = parse(
            r#"{"userinfo":{"name":null,"email":{"essential":true},"given_name":null,"http://x/y":{"value":1}},
                "id_token":{"groups":{"values":["a","b"],"odd":1},"plex_token":{"essential":true}},"more":[1]}"#,
        );
        let expected = RequestedClaims {
            userinfo: vec![ExtraClaim::Email, ExtraClaim::Name],
            id_token: vec![ExtraClaim::Groups],
        };
        assert_eq!(claims.requested, expected);
        assert_eq!((claims.subject, claims.required_acr), (None, None));
        assert_eq!(parse("{}"), ClaimsParameter::default());
        assert_eq!(parse(r#"{"userinfo":null,"id_token":{}}"#), ClaimsParameter::default());
    }

    #[test]
    fn req_073_what_the_client_may_not_have_is_dropped() {
        let claims = parse(r#"{"userinfo":{"name":null,"email":null},"id_token":{"groups":null}}"#).requested;
        assert_eq!(claims.scopes().to_string(), "profile email groups");
        let narrow = claims.within(ScopeSet::parse("openid email"));
        assert_eq!(narrow, RequestedClaims { userinfo: vec![ExtraClaim::Email], id_token: Vec::new() });
        assert!(claims.within(ScopeSet::parse("openid")).is_empty());
    }

    #[test]
    fn req_073_sub_and_acr_are_demands() {
        let claims = parse(
            r#"{"id_token":{"sub":{"value":"plex-1"},"acr":{"essential":true,"values":["x","y"]}},
                "userinfo":{"sub":{"value":"plex-1"}}}"#,
        );
        assert_eq!(claims.subject.as_deref(), Some("plex-1"));
        assert_eq!(claims.required_acr, Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(parse(r#"{"id_token":{"acr":{"values":["x"]}}}"#).required_acr, None, "a wish");
        assert_eq!(parse(r#"{"id_token":{"acr":{"essential":true}}}"#).required_acr, None, "any will do");
        for two in [
            r#"{"id_token":{"sub":{"value":"plex-1"}},"userinfo":{"sub":{"value":"plex-2"}}}"#,
            r#"{"id_token":{"sub":{"values":["plex-1","plex-2"]}}}"#,
        ] {
            assert_eq!(ClaimsParameter::parse(two), Err(ClaimsError::TwoSubjects), "{two}");
        }
    }

    #[test]
    fn req_073_other_shapes_are_errors() {
        for bad in ["", "x", "[]", "null", "{", r#"{"a":1,"a":2}"#, r#"{"userinfo":{"a":null,"a":null}}"#] {
            assert_eq!(ClaimsParameter::parse(bad), Err(ClaimsError::NotAnObject), "{bad}");
        }
        for bad in [
            r#"{"userinfo":[]}"#,
            r#"{"id_token":"name"}"#,
            r#"{"userinfo":{"name":true}}"#,
            r#"{"userinfo":{"name":{"essential":"yes"}}}"#,
            r#"{"userinfo":{"name":{"values":"x"}}}"#,
            r#"{"userinfo":{"name":{"values":[]}}}"#,
            r#"{"userinfo":{"name":{"value":"x","values":["x"]}}}"#,
            r#"{"userinfo":{"sub":{"value":5}}}"#,
            r#"{"id_token":{"acr":{"values":["x",null]}}}"#,
        ] {
            assert_eq!(ClaimsParameter::parse(bad), Err(ClaimsError::Shape), "{bad}");
        }
        let deep = format!("{{\"userinfo\":{}{}}}", "{\"a\":".repeat(600), "}".repeat(600));
        assert_eq!(ClaimsParameter::parse(&deep), Err(ClaimsError::NotAnObject));
        assert_eq!(ClaimsParameter::parse(&"x".repeat(4097)), Err(ClaimsError::TooLong));
    }
}
