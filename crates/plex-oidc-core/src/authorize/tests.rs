use super::*;
use crate::client::{Client, Clients, ExtraClaim};
use crate::decide::{Decision, Denial};
use crate::form::Parameters;
use crate::id::PlexAccountId;
use crate::issuer::Issuer;
use crate::redirect::RedirectUri;
use crate::scope::{Scope, ScopeSet};
use crate::subject::Subject;
use crate::testing::{REDIRECT_URI, client, public_client};
use crate::time::Timestamp;
use proptest::prelude::*;

mod steps;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn clients() -> Clients {
    let narrow = Client { scopes: ScopeSet::parse("openid email"), ..client("narrow") };
    let off = Client { enabled: false, ..client("off") };
    [client("a"), public_client("public"), narrow, off].into_iter().collect()
}

fn query(changes: &[(&str, Option<&str>)]) -> String {
    let mut pairs = vec![
        ("client_id", Some("a")),
        ("redirect_uri", Some(REDIRECT_URI)),
        ("response_type", Some("code")),
        ("scope", Some("openid")),
        ("state", Some("s")),
    ];
    for (name, value) in changes {
        pairs.retain(|(n, _)| n != name);
        pairs.push((name, *value));
    }
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(pairs.iter().filter_map(|(name, value)| value.map(|value| (*name, value))));
    out.finish()
}

fn try_query(query: &str) -> Result<AuthorizationRequest, AuthorizeError> {
    let hint = |text: &str, _: &Client| Subject::parse(text);
    validate(&Parameters::parse(query.as_bytes()).unwrap(), &clients(), hint)
}

fn ask(changes: &[(&str, Option<&str>)]) -> Result<AuthorizationRequest, AuthorizeError> {
    try_query(&query(changes))
}

fn redirected(changes: &[(&str, Option<&str>)]) -> AuthorizeErrorCode {
    match ask(changes) {
        Err(AuthorizeError::Redirect(error)) => error.code,
        other => panic!("{changes:?}: {other:?}"),
    }
}

fn page(query: &str) -> PageError {
    match try_query(query) {
        Err(AuthorizeError::Page(error)) => error,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn req_002_unknown_parameters_are_ignored() {
    assert!(ask(&[("foo", Some("bar"))]).is_ok());
}

#[test]
fn req_003_a_parameter_without_value_was_not_sent() {
    for name in
        ["request", "request_uri", "registration", "prompt", "max_age", "id_token_hint", "response_mode"]
    {
        assert!(ask(&[(name, Some(""))]).is_ok(), "{name}");
    }
}

#[test]
fn req_003_a_parameter_sent_twice_is_an_error() {
    for name in
        ["scope", "state", "nonce", "prompt", "max_age", "response_type", "code_challenge", "ui_locales"]
    {
        let twice = format!("{}&{name}=x&{name}=x", query(&[]));
        match try_query(&twice) {
            Err(AuthorizeError::Redirect(error)) => {
                assert_eq!(error.code, AuthorizeErrorCode::InvalidRequest);
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(page(&format!("{}&client_id=a", query(&[]))), PageError::ClientIdMissing);
    assert_eq!(page(&format!("{}&redirect_uri=x", query(&[]))), PageError::RedirectUriMissing);
    assert!(ask(&[("prompt", Some(""))]).is_ok(), "empty is absent");
}

#[test]
fn req_004_client_and_redirect_uri_come_first_and_never_redirect() {
    let evil = [("response_type", Some("bad")), ("redirect_uri", Some("https://evil.example/"))];
    assert_eq!(page(&query(&evil)), PageError::RedirectUriUnregistered);
    assert_eq!(page(&query(&[("client_id", Some("who"))])), PageError::ClientUnknown);
    assert_eq!(page(&query(&[("client_id", Some("off"))])), PageError::ClientUnknown);
    assert_eq!(page(&query(&[("client_id", None)])), PageError::ClientIdMissing);
    assert_eq!(page(&query(&[("redirect_uri", None)])), PageError::RedirectUriMissing);
}

#[test]
fn req_005_state_comes_back_byte_for_byte() {
    let state = "+% &\"<\u{fc}".repeat(250);
    let request = ask(&[("state", Some(&state))]).unwrap();
    let issuer = Issuer::parse("https://auth.example.com").unwrap();
    let denied = request.refuse(AuthorizeErrorCode::AccessDenied, "no").response(&issuer).location();
    for location in [request.code_response("c", &issuer).location(), denied] {
        let url = url::Url::parse(&location).unwrap();
        let back = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        assert_eq!(back, state);
    }
    assert_eq!(redirected(&[("state", Some(&"x".repeat(4097)))]), AuthorizeErrorCode::InvalidRequest);
    assert!(ask(&[("state", Some(&"x".repeat(4096)))]).is_ok());
}

#[test]
fn req_006_every_answer_names_the_issuer() {
    let issuer = Issuer::parse("https://auth.example.com").unwrap();
    let request = ask(&[]).unwrap();
    let success = request.code_response("c", &issuer).location();
    assert_eq!(success, "https://rp.example/cb?a=b&code=c&state=s&iss=https%3A%2F%2Fauth.example.com");
    let error = request.refuse(AuthorizeErrorCode::AccessDenied, "no").response(&issuer).location();
    assert!(error.ends_with("&iss=https%3A%2F%2Fauth.example.com"), "{error}");
}

#[test]
fn req_009_max_age_is_a_number_of_seconds() {
    for bad in ["-1", "abc", "1.5", "+1", " 1", "111111111111111111111"] {
        assert_eq!(redirected(&[("max_age", Some(bad))]), AuthorizeErrorCode::InvalidRequest, "{bad}");
    }
    assert_eq!(ask(&[("max_age", Some("0"))]).unwrap().max_age.unwrap().0, 0);
    assert_eq!(ask(&[("max_age", Some("99999999999"))]).unwrap().max_age.unwrap().0, u32::MAX);
}

#[test]
fn req_011_hints_never_cause_errors() {
    for (name, value) in [
        ("login_hint", "pat@example.com"),
        ("ui_locales", "de fr"),
        ("claims_locales", "de"),
        ("acr_values", "1 2"),
        ("display", "touch"),
        ("claims", "{}"),
    ] {
        assert!(ask(&[(name, Some(value))]).is_ok(), "{name}");
    }
}

#[test]
fn req_012_a_long_nonce_is_kept() {
    let nonce = "n".repeat(128);
    assert_eq!(ask(&[("nonce", Some(&nonce))]).unwrap().nonce, Some(nonce));
    assert_eq!(redirected(&[("nonce", Some(&"n".repeat(1025)))]), AuthorizeErrorCode::InvalidRequest);
}

#[test]
fn req_020_openid_is_not_granted_by_accident() {
    let request = ask(&[("scope", Some("email"))]).unwrap();
    assert!(!request.scopes.contains(Scope::OpenId));
    for nothing in [None, Some("fax"), Some("offline_access")] {
        assert_eq!(redirected(&[("scope", nothing)]), AuthorizeErrorCode::InvalidScope);
    }
    let narrow = ask(&[("client_id", Some("narrow")), ("scope", Some("openid email groups"))]).unwrap();
    assert_eq!(narrow.scopes.to_string(), "openid email");
}

#[test]
fn req_031_only_s256() {
    for method in [Some("plain"), None, Some("s256")] {
        let changes = [("code_challenge", Some(CHALLENGE)), ("code_challenge_method", method)];
        assert_eq!(redirected(&changes), AuthorizeErrorCode::InvalidRequest, "{method:?}");
    }
    let right = [("code_challenge", Some(CHALLENGE)), ("code_challenge_method", Some("S256"))];
    assert_eq!(ask(&right).unwrap().challenge.unwrap().as_str(), CHALLENGE);
}

#[test]
fn req_028_032_a_public_client_must_send_a_challenge() {
    assert_eq!(redirected(&[("client_id", Some("public"))]), AuthorizeErrorCode::InvalidRequest);
    assert_eq!(redirected(&[("code_challenge_method", Some("S256"))]), AuthorizeErrorCode::InvalidRequest);
}

#[test]
fn errors_of_their_own_for_what_is_not_supported() {
    for (name, value, code) in [
        ("request", Some("x"), AuthorizeErrorCode::RequestNotSupported),
        ("request_uri", Some("x"), AuthorizeErrorCode::RequestUriNotSupported),
        ("registration", Some("x"), AuthorizeErrorCode::RegistrationNotSupported),
        ("response_type", Some("token"), AuthorizeErrorCode::UnsupportedResponseType),
        ("response_type", None, AuthorizeErrorCode::InvalidRequest),
        ("response_mode", Some("fragment"), AuthorizeErrorCode::InvalidRequest),
        ("prompt", Some("none login"), AuthorizeErrorCode::InvalidRequest),
        ("prompt", Some("create"), AuthorizeErrorCode::InvalidRequest),
        ("id_token_hint", Some("forged"), AuthorizeErrorCode::InvalidRequest),
    ] {
        assert_eq!(redirected(&[(name, value)]), code, "{name}");
    }
    assert!(ask(&[("response_mode", Some("query"))]).is_ok());
}

#[test]
fn req_122_form_post_is_a_way_for_errors_too_where_a_form_can_go() {
    let mode = |changes: &[(&str, Option<&str>)]| match ask(changes) {
        Ok(request) => request.response_mode,
        Err(AuthorizeError::Redirect(error)) => error.to.mode,
        Err(AuthorizeError::Page(error)) => panic!("{error}"),
    };
    let form_post = ("response_mode", Some("form_post"));
    assert_eq!(mode(&[form_post]), ResponseMode::FormPost);
    assert_eq!(mode(&[form_post, ("scope", None)]), ResponseMode::FormPost);
    assert_eq!(mode(&[form_post, ("state", Some(&"x".repeat(4097)))]), ResponseMode::FormPost);
    assert_eq!(mode(&[("response_mode", Some("fragment"))]), ResponseMode::Query);
    assert_eq!(redirected(&[form_post, ("state", Some("a\nb"))]), AuthorizeErrorCode::InvalidRequest);
    assert!(ask(&[("state", Some("a\nb"))]).is_ok());
    assert_eq!(mode(&[]), ResponseMode::Query);
    for address in ["com.example.app:/cb", "http://[::1]/cb"] {
        let native = Client { redirect_uris: vec![RedirectUri::register(address).unwrap()], ..client("a") };
        let clients: Clients = [native].into_iter().collect();
        let query = query(&[form_post, ("redirect_uri", Some(address))]);
        let asked = validate(&Parameters::parse(query.as_bytes()).unwrap(), &clients, |_, _| None);
        let Err(AuthorizeError::Redirect(error)) = asked else { panic!("{address}: {asked:?}") };
        assert_eq!((error.code, error.to.mode), (AuthorizeErrorCode::InvalidRequest, ResponseMode::Query));
    }
}

#[test]
fn req_073_claims_are_frozen_as_far_as_the_client_may_have_them() {
    let claims = ("claims", Some(r#"{"userinfo":{"email":null,"groups":null},"id_token":{"name":null}}"#));
    let narrow = ask(&[("client_id", Some("narrow")), claims]).unwrap();
    assert_eq!(narrow.requested_claims.userinfo, [ExtraClaim::Email]);
    assert_eq!(narrow.requested_claims.id_token, []);
    assert_eq!(
        (narrow.scopes.to_string(), narrow.all_scopes().to_string()),
        ("openid".into(), "openid email".into())
    );
    assert!(
        ask(&[("scope", Some("email")), claims]).unwrap().requested_claims.is_empty(),
        "no OpenID request"
    );
    assert_eq!(redirected(&[("claims", Some("{"))]), AuthorizeErrorCode::InvalidRequest);
    let acr = |value| format!("{{\"id_token\":{{\"acr\":{{\"essential\":true,\"value\":\"{value}\"}}}}}}");
    assert!(ask(&[("claims", Some(&acr(crate::claims::ACR_PLEX)))]).is_ok());
    let unmet = AuthorizeErrorCode::UnmetAuthenticationRequirements;
    assert_eq!(redirected(&[("claims", Some(&acr("silver")))]), unmet);
}

#[test]
fn req_010_073_hint_and_sub_must_name_one_person() {
    let sub = |value| format!("{{\"id_token\":{{\"sub\":{{\"value\":\"{value}\"}}}}}}");
    let (seven, nobody) = (sub("plex-7"), sub("somebody"));
    let asked = ask(&[("claims", Some(&seven))]).unwrap();
    assert_eq!(asked.expected_subject, Some(Subject::of_plex(PlexAccountId(7))));
    assert!(ask(&[("claims", Some(&seven)), ("id_token_hint", Some("plex-7"))]).is_ok());
    for (claims, hint) in [(&seven, Some("plex-8")), (&nobody, None)] {
        let changes = [("claims", Some(claims.as_str())), ("id_token_hint", hint)];
        assert_eq!(redirected(&changes), AuthorizeErrorCode::AccessDenied);
        let silent = [changes[0], changes[1], ("prompt", Some("none"))];
        assert_eq!(redirected(&silent), AuthorizeErrorCode::LoginRequired);
    }
}

#[test]
fn req_100_102_pushed_requests_have_rules_of_their_own() {
    let pushing = Client { pushed_requests_required: true, ..client("a") };
    let parameters = |text: &str| Parameters::parse(text.as_bytes()).unwrap();
    let pushed = |text: &str| validate_pushed(&parameters(text), &pushing, |_, _| None);
    let plain = query(&[("client_id", None)]);
    assert!(pushed(&plain).is_ok_and(|request| request.client_id == pushing.id));
    let inside = format!("{plain}&request_uri=urn:ietf:params:oauth:request_uri:x");
    let Err(AuthorizeError::Redirect(error)) = pushed(&inside) else { panic!("a request_uri was pushed") };
    assert_eq!(error.code, AuthorizeErrorCode::InvalidRequest);
    let clients: Clients = [pushing.clone()].into_iter().collect();
    let Err(AuthorizeError::Redirect(error)) = validate(&parameters(&query(&[])), &clients, |_, _| None)
    else {
        panic!("it was not pushed")
    };
    assert_eq!(error.code, AuthorizeErrorCode::InvalidRequest);
}

proptest! {
    #[test]
    fn req_030_no_request_makes_an_unprintable_location(query in "\\PC{0,200}", state in "\\PC{0,40}") {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let text = format!("{}&{query}", self::query(&[("state", Some(&state))]));
        let Ok(parameters) = Parameters::parse(text.as_bytes()) else { return Ok(()) };
        let hint = |_: &str, _: &Client| None;
        let location = match validate(&parameters, &clients(), hint) {
            Ok(request) => request.code_response("c", &issuer).location(),
            Err(AuthorizeError::Redirect(error)) => error.response(&issuer).location(),
            Err(AuthorizeError::Page(_)) => return Ok(()),
        };
        prop_assert!(location.starts_with(REDIRECT_URI));
        prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()));
    }
}
