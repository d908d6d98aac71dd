//! What can be asked of the API: one table from which requests are told apart, scopes are demanded and the document is made. No
//! operation can be called that is not in it, and none is in it that cannot.

use http::Method;
use plex_oidc_core::api::ApiScope;

/// The path below which the API is.
pub const BASE: &str = "/api/v1";

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The document about all of this.
    Document,
    /// The token that asks.
    OwnToken,
    /// Its end.
    EndOwnToken,
    /// The state of the program.
    Health,
    /// How well it is known who is a member.
    Membership,
    /// Having Plex asked now.
    CheckMembership,
    /// Who has signed in.
    People,
    /// One of them.
    Person,
    /// The end of everything that they hold.
    EndEverything,
    /// The end of one session.
    EndSession,
    /// The end of one app token.
    EndAppToken,
    /// Taking back what they allowed an application.
    EndConsent,
    /// Forgetting a browser of theirs.
    ForgetBrowser,
    /// Keeping them out.
    Block,
    /// No more of that.
    Unblock,
    /// Naming them beforehand.
    Name,
    /// No more of that.
    Unname,
    /// Opening an application to them.
    Open,
    /// No more of that.
    Close,
    /// Who asks for access.
    Requests,
    /// Answering.
    AnswerRequest,
    /// What the file declares.
    Apps,
    /// The signing keys.
    Keys,
    /// Rotating them.
    RotateKeys,
    /// Who did what.
    Audit,
    /// All of it, as lines.
    AuditLines,
    /// The passkeys of owners.
    Passkeys,
    /// The end of one.
    RemovePasskey,
    /// The tokens of this API.
    Tokens,
    /// The end of one.
    EndToken,
}

/// Those that take parameters.
const QUERIES: [(Operation, &[&str]); 3] = [
    (Operation::People, &["q", "page", "per_page"]),
    (Operation::Audit, &["account", "name", "what", "since", "until", "before", "limit"]),
    (Operation::AuditLines, &["account", "name", "what", "since", "until", "before"]),
];

/// How an operation is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The method.
    pub method: Method,
    /// The path below [`BASE`], with names in braces for its parts that vary.
    pub path: &'static str,
    /// What the token must be good for; nothing: being good at all.
    pub scope: Option<ApiScope>,
    /// The parameters that the query may have.
    pub query: &'static [&'static str],
    /// Whether there is a body.
    pub has_body: bool,
}

/// What was found for a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// An operation, and what stands for the parts of its path that vary.
    One(Operation, Vec<String>),
    /// Operations of other methods.
    OtherMethods(Vec<Method>),
    /// Nothing.
    Nothing,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 30] = [
        Self::Document,
        Self::OwnToken,
        Self::EndOwnToken,
        Self::Health,
        Self::Membership,
        Self::CheckMembership,
        Self::People,
        Self::Person,
        Self::EndEverything,
        Self::EndSession,
        Self::EndAppToken,
        Self::EndConsent,
        Self::ForgetBrowser,
        Self::Block,
        Self::Unblock,
        Self::Name,
        Self::Unname,
        Self::Open,
        Self::Close,
        Self::Requests,
        Self::AnswerRequest,
        Self::Apps,
        Self::Keys,
        Self::RotateKeys,
        Self::Audit,
        Self::AuditLines,
        Self::Passkeys,
        Self::RemovePasskey,
        Self::Tokens,
        Self::EndToken,
    ];

    /// How it is called.
    pub fn described(self) -> Described {
        use ApiScope as S;
        let (method, path, scope) = match self {
            Self::Document => (Method::GET, "/openapi.json", None),
            Self::OwnToken => (Method::GET, "/token", None),
            Self::EndOwnToken => (Method::DELETE, "/token", None),
            Self::Health => (Method::GET, "/health", Some(S::HealthRead)),
            Self::Membership => (Method::GET, "/membership", Some(S::MembershipRead)),
            Self::CheckMembership => (Method::POST, "/membership/check", Some(S::MembershipCheck)),
            Self::People => (Method::GET, "/people", Some(S::PeopleRead)),
            Self::Person => (Method::GET, "/people/{account}", Some(S::PeopleRead)),
            Self::EndEverything => (Method::POST, "/people/{account}/end", Some(S::PeopleWrite)),
            Self::EndSession => (Method::DELETE, "/people/{account}/sessions/{sid}", Some(S::PeopleWrite)),
            Self::EndAppToken => (Method::DELETE, "/people/{account}/app-tokens/{id}", Some(S::PeopleWrite)),
            Self::EndConsent => (Method::DELETE, "/people/{account}/consents/{client}", Some(S::PeopleWrite)),
            Self::ForgetBrowser => {
                (Method::DELETE, "/people/{account}/browsers/{browser}", Some(S::PeopleWrite))
            }
            Self::Block => (Method::PUT, "/people/{account}/block", Some(S::PeopleWrite)),
            Self::Unblock => (Method::DELETE, "/people/{account}/block", Some(S::PeopleWrite)),
            Self::Name => (Method::PUT, "/people/{account}/named", Some(S::PeopleWrite)),
            Self::Unname => (Method::DELETE, "/people/{account}/named", Some(S::PeopleWrite)),
            Self::Open => (Method::PUT, "/people/{account}/opened/{app}", Some(S::PeopleWrite)),
            Self::Close => (Method::DELETE, "/people/{account}/opened/{app}", Some(S::PeopleWrite)),
            Self::Requests => (Method::GET, "/requests", Some(S::RequestsRead)),
            Self::AnswerRequest => (Method::POST, "/requests/{account}/{app}/answer", Some(S::RequestsWrite)),
            Self::Apps => (Method::GET, "/apps", Some(S::AppsRead)),
            Self::Keys => (Method::GET, "/keys", Some(S::KeysRead)),
            Self::RotateKeys => (Method::POST, "/keys/rotate", Some(S::KeysRotate)),
            Self::Audit => (Method::GET, "/audit", Some(S::AuditRead)),
            Self::AuditLines => (Method::GET, "/audit.jsonl", Some(S::AuditRead)),
            Self::Passkeys => (Method::GET, "/passkeys", Some(S::PasskeysRead)),
            Self::RemovePasskey => (Method::DELETE, "/passkeys/{id}", Some(S::PasskeysRemove)),
            Self::Tokens => (Method::GET, "/api-tokens", Some(S::TokensRead)),
            Self::EndToken => (Method::DELETE, "/api-tokens/{id}", Some(S::TokensRevoke)),
        };
        let query =
            QUERIES.iter().find(|(operation, _)| *operation == self).map_or(&[][..], |(_, query)| query);
        Described { method, path, scope, query, has_body: self == Self::AnswerRequest }
    }

    /// What is at `path`, which begins with [`BASE`], for `method`.
    pub fn at(method: &Method, path: &str) -> Found {
        let Some(below) = path.strip_prefix(BASE) else { return Found::Nothing };
        let mut others = Vec::new();
        for operation in Self::ALL {
            let described = operation.described();
            match fits(described.path, below) {
                Some(parts) if described.method == *method => return Found::One(operation, parts),
                Some(_) => others.push(described.method),
                None => {}
            }
        }
        if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
    }
}

/// What stands for the names in braces, if the path is of this form.
fn fits(form: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut there, mut parts) = (form.split('/'), path.split('/'), Vec::new());
    loop {
        match (wanted.next(), there.next()) {
            (None, None) => return Some(parts),
            (Some(name), Some(part)) if name.starts_with('{') => {
                parts.push(decoded(part).filter(|part| !part.is_empty())?);
            }
            (Some(fixed), Some(part)) if fixed == part => {}
            _ => return None,
        }
    }
}

/// A part of a path as it is meant (RFC 3986 s. 2.1). `None`: it is no text.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_found_at_its_own_place_and_no_other() {
        let mut places = BTreeSet::new();
        for operation in Operation::ALL {
            let Described { method, path, .. } = operation.described();
            assert!(places.insert((method.to_string(), path)), "{path} twice");
            let filled = path.replace(['{', '}'], "");
            let Found::One(found, _) = Operation::at(&method, &format!("{BASE}{filled}")) else {
                panic!("{path}")
            };
            assert_eq!(found, operation);
            for odd in [format!("{BASE}{filled}/"), filled.clone(), format!("{BASE}/{filled}")] {
                assert!(!matches!(Operation::at(&method, &odd), Found::One(..)), "{odd}");
            }
        }
    }

    #[test]
    fn parts_of_a_path_are_decoded_once_and_one_by_one() {
        let at = |path: &str| Operation::at(&Method::PUT, &format!("{BASE}/people/{path}"));
        let parts = |found| if let Found::One(_, parts) = found { parts } else { panic!("{found:?}") };
        assert_eq!(parts(at("plex-1/opened/app%3Anotes")), ["plex-1", "app:notes"]);
        assert_eq!(parts(at("plex-1/opened/a%2Fb%252F+c")), ["plex-1", "a/b%2F+c"]);
        for odd in ["plex-1/opened/%", "plex-1/opened/%+1", "plex-1/opened/%ff", "plex-1/opened/", "/block"] {
            assert_eq!(at(odd), Found::Nothing, "{odd}");
        }
        let Found::OtherMethods(others) = Operation::at(&Method::PATCH, "/api/v1/token") else { panic!() };
        assert_eq!(others, [Method::GET, Method::DELETE]);
    }

    /// Whatever changes something takes a scope that says so.
    #[test]
    fn no_scope_for_reading_changes_anything() {
        for operation in Operation::ALL {
            let Described { method, scope, .. } = operation.described();
            let Some(scope) = scope else { continue };
            assert_eq!(scope.as_str().ends_with(":read"), method == Method::GET, "{operation:?}");
        }
    }
}
