//! The token request: the `Authorization` header on the first line (none if empty), the form after it.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use plex_oidc_core::client::ClientAuthMethod;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::time::Timestamp;
use plex_oidc_core::token::client_auth::{Authenticated, authenticate, present};
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::{DEVICE_CODE, SentVerifier, TokenRequest};
use plex_oidc_fuzz::{CLIENTS, ISSUER, SECRETS, mode, two_lines};
use url::form_urlencoded::parse;

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    let (line, form) = two_lines(rest);
    // `b`: the line is what stands inside the base64, so that the fuzzer need not learn base64.
    let header = match mode {
        b'b' => Some(format!("Basic {}", STANDARD.encode(line))),
        _ => Some(String::from_utf8_lossy(line).into_owned()).filter(|line| !line.is_empty()),
    };
    let Ok(parameters) = Parameters::parse(form) else { return };
    match present(header.as_deref(), &parameters) {
        Err(error) => refused(error, header.is_some()),
        Ok(presented) => match authenticate(&presented, &CLIENTS, &ISSUER, Timestamp(0)) {
            Err(error) => refused(error.into(), header.is_some()),
            Ok(Authenticated::Once(..)) => panic!("nobody guesses a signature"),
            Ok(Authenticated::Proven(client)) => {
                let (id, method) = (client.id.as_str(), client.auth_method);
                assert!(client.enabled);
                proved(id, method, header.as_deref(), form);
            }
        },
    }
    match TokenRequest::read(&parameters) {
        Err(error) => refused(error, header.is_some()),
        Ok(TokenRequest::Code(code)) => {
            assert_eq!(value(form, "grant_type").as_deref(), Some("authorization_code"));
            let sent = value(form, "code").expect("an accepted request has one");
            assert_eq!(code.code.is_some(), looks_like(&sent, "poc_"));
            assert_eq!(code.redirect_uri, value(form, "redirect_uri"));
            let verifier = value(form, "code_verifier");
            match code.verifier {
                SentVerifier::Absent => assert!(verifier.is_none()),
                SentVerifier::Malformed => assert!(!verifier.is_some_and(|text| is_verifier(&text))),
                SentVerifier::Sent(_) => assert!(verifier.is_some_and(|text| is_verifier(&text))),
            }
        }
        Ok(TokenRequest::Refresh(refresh)) => {
            assert_eq!(value(form, "grant_type").as_deref(), Some("refresh_token"));
            let sent = value(form, "refresh_token").expect("an accepted request has one");
            assert_eq!(refresh.token.is_some(), looks_like(&sent, "por_"));
            assert_eq!(refresh.scope, value(form, "scope"));
        }
        Ok(TokenRequest::ClientCredentials(asked)) => {
            assert_eq!(value(form, "grant_type").as_deref(), Some("client_credentials"));
            assert_eq!(asked.scope, value(form, "scope"));
        }
        Ok(TokenRequest::Device(polled)) => {
            assert_eq!(value(form, "grant_type").as_deref(), Some(DEVICE_CODE));
            let sent = value(form, "device_code").expect("an accepted request has one");
            assert_eq!(polled.code.is_some(), looks_like(&sent, "pod_"));
        }
    }
});

/// RFC 6749 s. 5.2: a code of the closed list, a description in the allowed characters, 401 only for the client.
fn refused(error: TokenError, header: bool) {
    let codes = ["invalid_request", "invalid_client", "unsupported_grant_type"];
    assert!(codes.contains(&error.code()), "{error:?}");
    assert_eq!(error.status() == 401, error.code() == "invalid_client");
    assert!(error.to_string().bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    if let TokenError::InvalidClient { basic } = error {
        assert_eq!(basic, header, "the scheme is named if and only if the header was used");
    }
}

/// The request really holds what that client must show, in the one way registered for it.
fn proved(id: &str, method: ClientAuthMethod, header: Option<&str>, form: &[u8]) {
    let secret = SECRETS.iter().find(|(owner, _)| *owner == id).map(|(_, secret)| *secret);
    let in_form = (value(form, "client_id"), value(form, "client_secret"));
    match method {
        ClientAuthMethod::PrivateKeyJwt => panic!("no client of ours has keys"),
        ClientAuthMethod::None => {
            assert_eq!((header, in_form), (None, (Some(id.to_owned()), None)));
        }
        ClientAuthMethod::ClientSecretPost => {
            assert_eq!((header, in_form), (None, (Some(id.to_owned()), secret.map(str::to_owned))));
        }
        ClientAuthMethod::ClientSecretBasic => {
            let secret = secret.expect("a confidential client has one");
            let (scheme, value) = header.and_then(|header| header.split_once(' ')).expect("the header");
            assert!(scheme.eq_ignore_ascii_case("basic"));
            let value = value.trim().trim_end_matches('=');
            let padded = format!("{value}{}", ["", "", "==", "="][value.len() % 4]);
            let bytes = STANDARD.decode(padded).expect("base64");
            let text = str::from_utf8(&bytes).expect("UTF-8");
            let (sent_id, sent_secret) = text.split_once(':').expect("two parts");
            let raw = (sent_id, sent_secret) == (id, secret);
            let decoded = (unescape(sent_id), unescape(sent_secret));
            assert!(raw || decoded == (id.as_bytes().to_vec(), secret.as_bytes().to_vec()), "{text:?}");
            assert_eq!(in_form.1, None, "two ways at once");
        }
    }
}

/// Form decoding by hand: `+` is a space, `%` and two hexadecimal digits a byte.
fn unescape(text: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        match (bytes[at], digits.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

fn value(form: &[u8], name: &str) -> Option<String> {
    let found = parse(form).find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
    found.filter(|value| !value.is_empty())
}

/// 256 bits in base64url: 43 characters, of which the last carries four bits.
fn looks_like(secret: &str, prefix: &str) -> bool {
    let Some(body) = secret.strip_prefix(prefix) else { return false };
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    body.len() == 43 && body.bytes().all(alphabet) && body.ends_with(|c| "AEIMQUYcgkosw048".contains(c))
}

/// RFC 7636 s. 4.1.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}
