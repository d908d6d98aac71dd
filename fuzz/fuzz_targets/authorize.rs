//! The authorization request: query in, frozen request or error out.
//!
//! Input: `q` and a whole query, or any other byte and what is appended to a good query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex_oidc_core::authorize::{
    AuthorizationRequest, AuthorizeError, AuthorizeErrorCode, Progress, Step, next_step, validate,
};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::Timestamp;
use plex_oidc_fuzz::{CLIENTS, ISSUER, REDIRECT_URIS, assert_sendable, mode};
use url::form_urlencoded::{Serializer, parse};

const GOOD: &str =
    "client_id=basic&redirect_uri=https%3A%2F%2Frp.example%2Fcb&response_type=code&scope=openid";

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    let query = match mode {
        b'q' => rest.to_vec(),
        _ => [GOOD.as_bytes(), b"&", rest].concat(),
    };
    let Some(outcome) = outcome(&query) else { return };
    // Parsing what was parsed, written out again, gives the same.
    let again = Serializer::new(String::new()).extend_pairs(parse(&query)).finish();
    assert_eq!(self::outcome(again.as_bytes()).as_ref(), Some(&outcome));
    let state = sent_once(&query, "state");
    match outcome {
        Err(AuthorizeError::Page(_)) => {}
        Err(AuthorizeError::Redirect(error)) => {
            let location = error.response(&ISSUER).location();
            goes_home(&location, state.filter(|_| error.to.state.is_some()).as_deref());
            assert!(location.contains(&format!("error={}", error.code.as_str())));
        }
        Ok(request) => accepted(&query, &request),
    }
});

fn outcome(query: &[u8]) -> Option<Result<AuthorizationRequest, AuthorizeError>> {
    let parameters = Parameters::parse(query).ok()?;
    Some(validate(&parameters, &CLIENTS, |hint, _| Subject::parse(hint)))
}

/// The value of a parameter, if it was sent exactly once and is not empty.
fn sent_once(query: &[u8], name: &str) -> Option<String> {
    let mut values = parse(query).filter(|(n, _)| n == name).map(|(_, value)| value.into_owned());
    let first = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then_some(first)
}

fn accepted(query: &[u8], request: &AuthorizationRequest) {
    let asked = sent_once(query, "redirect_uri").expect("an accepted request has one");
    assert_eq!(request.redirect.as_str(), asked);
    assert_eq!(Some(request.client_id.as_str().to_owned()), sent_once(query, "client_id"));
    assert_ne!(request.client_id.as_str(), "off");
    assert!(request.client_id.as_str() != "public" || request.challenge.is_some());
    assert_eq!(request.state, sent_once(query, "state"));
    assert_eq!(request.nonce, sent_once(query, "nonce"));
    goes_home(&request.code_response("poc_x", &ISSUER).location(), request.state.as_deref());
    let frozen = serde_json::to_string(request).expect("a request can be stored");
    assert_eq!(serde_json::from_str::<AuthorizationRequest>(&frozen).expect("and read back"), *request);
    // Without a session nobody is let through, and only prompt=none is answered without a page.
    match next_step(request, None, Progress::default(), Timestamp(0)) {
        Step::SignIn => assert!(!request.prompt.forbids_pages()),
        Step::Refuse(error) => {
            assert!(request.prompt.forbids_pages());
            assert_eq!(error.code, AuthorizeErrorCode::LoginRequired);
        }
        step @ (Step::ChooseAccount | Step::Consent | Step::Issue | Step::Deny(_)) => panic!("{step:?}"),
    }
}

/// An answer leaves for a registered address only, with the issuer and the state as it came.
fn goes_home(location: &str, state: Option<&str>) {
    assert_sendable(location);
    let base = location.split(['&', '?']).next().unwrap_or_default();
    let home = REDIRECT_URIS.iter().any(|uri| {
        let registered = uri.split('?').next().unwrap_or_default();
        without_loopback_port(base) == without_loopback_port(registered)
    });
    assert!(home, "{location} was never registered");
    let url = url::Url::parse(location).expect("a location is a URL");
    let value = |name: &str| {
        let mut found = url.query_pairs().filter(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        let first = found.next();
        assert!(found.next().is_none(), "{name} twice in {location}");
        first
    };
    assert_eq!(value("iss").as_deref(), Some("https://auth.example.com"));
    assert_eq!(value("state").as_deref(), state);
}

fn without_loopback_port(uri: &str) -> String {
    for host in ["http://127.0.0.1", "http://[::1]"] {
        if let Some(port) = uri.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')) {
            return format!("{host}{}", port.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
    }
    uri.to_owned()
}
