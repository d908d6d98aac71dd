//! Our cookies and form tokens. Input: one `Cookie` header value per line; the last line is also a form token.
#![no_main]

use http::header::{COOKIE, HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use plex_oidc_core::id::RequestId;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;
use plex_oidc_fuzz::session::{Cookies, form_token, form_token_is_right};
use uuid::Uuid;

/// The attempt whose cookie the seeds contain.
const ATTEMPT: RequestId = RequestId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001));

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, value);
        }
    }
    for (secure, prefix) in [(true, "__Host-"), (false, "")] {
        let cookies = Cookies::new(secure);
        let name = format!("{prefix}plex-oidc-session");
        let session = cookies.session(&headers);
        only_the_one_cookie(&headers, &name, "pob_", session.as_ref());
        if let Some(secret) = &session {
            assert!(!cookies.has_malformed_session(&headers));
            let set = cookies.set_session(secret, Seconds::days(1));
            let kept = one_header(&set, secure);
            assert_eq!(cookies.session(&kept).expect("what we set is read back").expose(), secret.expose());
        }
        let name = format!("{prefix}plex-oidc-login-{ATTEMPT}");
        let attempt = cookies.attempt(&headers, ATTEMPT);
        only_the_one_cookie(&headers, &name, "pol_", attempt.as_ref());
        if let Some(secret) = &attempt {
            let kept = one_header(&cookies.set_attempt(ATTEMPT, secret), secure);
            let again = cookies.attempt(&kept, ATTEMPT).expect("what we set is read back");
            assert_eq!(again.expose(), secret.expose());
        }
        pruned(&headers, cookies, &format!("{prefix}plex-oidc-login-"));
    }
    form_tokens(data.rsplit(|byte| *byte == b'\n').next().unwrap_or_default());
});

/// A secret is read only from a cookie of exactly this name that came exactly once.
fn only_the_one_cookie(headers: &HeaderMap, name: &str, kind: &str, found: Option<&Secret>) {
    let Some(secret) = found else { return };
    assert!(secret.expose().starts_with(kind) && secret.expose().len() == 47);
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<_> = values.flat_map(|value| value.split(';')).map(str::trim).collect();
    let ours = format!("{name}={}", secret.expose());
    assert_eq!(pairs.iter().filter(|pair| **pair == ours).count(), 1);
    assert_eq!(pairs.iter().filter(|pair| pair.starts_with(&format!("{name}="))).count(), 1);
}

/// What the browser sends back after such a `Set-Cookie`.
fn one_header(set: &str, secure: bool) -> HeaderMap {
    let mut parts = set.split("; ");
    let pair = parts.next().unwrap_or_default();
    let attributes: Vec<_> = parts.collect();
    assert!(attributes.contains(&"HttpOnly") && attributes.contains(&"Path=/"), "{set}");
    assert_eq!(attributes.contains(&"Secure"), secure);
    assert!(!set.to_ascii_lowercase().contains("domain"));
    let value = HeaderValue::from_str(pair).expect("a cookie can be sent");
    HeaderMap::from_iter([(COOKIE, value)])
}

/// What takes cookies away is a header that can be sent, touches attempts only, and leaves room for one more.
fn pruned(headers: &HeaderMap, cookies: Cookies, prefix: &str) {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<_> = values.flat_map(|value| value.split(';')).collect();
    let attempts = pairs
        .iter()
        .filter(|_| pairs.len() <= 256)
        .filter(|pair| pair.trim().starts_with(prefix) && pair.contains('='))
        .count();
    let gone = cookies.prune_attempts(headers);
    assert_eq!(gone.len(), attempts.saturating_sub(7));
    for set in gone {
        assert!(set.starts_with(prefix), "{set}");
        assert!(set.ends_with("; Max-Age=0") || set.contains("; Max-Age=0;"), "{set}");
        assert_eq!(set.matches(';').count(), one_header_attributes(prefix), "{set}");
        HeaderValue::from_str(&set).expect("a cookie can be sent");
    }
}

/// HttpOnly, SameSite, Path and Max-Age, and Secure where the name demands it: a name from outside adds none.
fn one_header_attributes(prefix: &str) -> usize {
    if prefix.starts_with("__Host-") { 5 } else { 4 }
}

/// Of all texts exactly one is the form token of a cookie.
fn form_tokens(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else { return };
    for byte in [0, 1] {
        let cookie = Secret::from_random(SecretKind::Login, [byte; 32]);
        assert_eq!(form_token_is_right(&cookie, text), text == form_token(&cookie));
    }
}
