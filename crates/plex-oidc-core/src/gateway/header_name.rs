//! Names of headers that the host may choose for what applications are told.
//!
//! These headers go from our answer through the proxy into the request that the application sees. A name that means
//! something to either of them would change the request instead of describing the person.

use thiserror::Error;

use super::headers::HeaderSet;

/// Longest name, in bytes.
const MAX_LEN: usize = 64;

/// Why a header cannot have this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderNameError {
    /// It is not a token (RFC 9110 s. 5.6.2), or too long.
    #[error("is not the name of a header")]
    NotAName,
    /// Proxies, browsers or this program give it a meaning of their own.
    #[error("is a header with a meaning of its own")]
    Taken,
}

/// Names with a meaning of their own, in lower case.
const TAKEN: [&str; 33] = [
    "accept",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "cdn-loop",
    "connection",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "location",
    "origin",
    "range",
    "referer",
    "refresh",
    "server",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-http-method-override",
    "x-real-ip",
];

/// Beginnings of such names.
const TAKEN_FAMILIES: [&str; 18] = [
    "accept-",
    "access-control-",
    "alt-",
    "cf-",
    "content-",
    "cross-origin-",
    "if-",
    "http2-",
    "proxy-",
    "sec-",
    "set-cookie",
    "x-client-",
    "x-envoy-",
    "x-forwarded-",
    "x-http-method",
    "x-method-override",
    "x-original-",
    "x-rewrite-",
];

/// Whether a header that describes a person may have this name.
pub fn check(name: &str) -> Result<(), HeaderNameError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > MAX_LEN || !name.bytes().all(fits) {
        return Err(HeaderNameError::NotAName);
    }
    let folded = folded(name);
    let usual = HeaderSet::preset("x-forwarded-user").unwrap_or(HeaderSet(Vec::new()));
    let is_usual = usual.0.iter().any(|(known, _)| self::folded(known) == folded);
    let taken = TAKEN.contains(&folded.as_str())
        || TAKEN_FAMILIES.iter().any(|beginning| folded.starts_with(beginning));
    if taken && !is_usual { Err(HeaderNameError::Taken) } else { Ok(()) }
}

/// The spelling by which names are compared: applications behind CGI and its successors cannot tell `Remote_User` from
/// `Remote-User`.
pub fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_169_a_header_that_means_something_to_a_proxy_cannot_describe_a_person() {
        for taken in [
            "Host",
            "COOKIE",
            "authorization",
            "Connection",
            "Content-Length",
            "content_length",
            "Transfer-Encoding",
            "Set-Cookie",
            "Set-Cookie2",
            "Location",
            "Forwarded",
            "X-Forwarded-For",
            "x_forwarded_host",
            "X-Original-URL",
            "Cf-Access-Jwt-Assertion",
            "CF-Connecting-IP",
            "Proxy-Connection",
            "TE",
            "Upgrade",
            "Sec-Fetch-Mode",
            "Access-Control-Allow-Origin",
            "X-Real-Ip",
        ] {
            assert_eq!(check(taken), Err(HeaderNameError::Taken), "{taken}");
        }
        for odd in ["", "X User", "X:User", "X-User\r\nHost", "X-\u{fc}", "(x)", &"x".repeat(65)] {
            assert_eq!(check(odd), Err(HeaderNameError::NotAName), "{odd:?}");
        }
    }

    #[test]
    fn every_name_of_the_usual_sets_may_be_chosen() {
        for set in ["remote", "x-forwarded-user", "x-auth-request", "x-authentik"] {
            for (name, _) in HeaderSet::preset(set).unwrap().0 {
                assert_eq!(check(&name), Ok(()), "{name}");
            }
        }
        for name in ["X-User", "X-Plex-Token", "X-WEBAUTH-USER", "remote_user"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        assert_eq!(folded("REMOTE_User"), folded("Remote-User"));
    }
}
