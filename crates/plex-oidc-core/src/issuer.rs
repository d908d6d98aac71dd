//! Our base URL exactly as published, compared as text (OIDC Discovery 1.0 s. 4.3, RFC 8414 s. 2).

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// The issuer identifier. Everything that must be absolute is built from it, never from a request header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

/// Why a text cannot be our issuer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IssuerError {
    /// It is not an absolute URL.
    #[error("is not an absolute URL such as https://auth.example.com")]
    NotAUrl,
    /// Plain http, and the host is not this machine.
    #[error("must start with https:// (plain http is accepted for 127.0.0.1, [::1] and localhost only)")]
    NotHttps,
    /// It has a query, a fragment, or a user name.
    #[error("must not have a query, a fragment or a user name")]
    Decorated,
    /// It has a path. Cookies with the `__Host-` prefix need the whole host.
    #[error("must not have a path: give the sign-in service a host of its own")]
    HasPath,
    /// Upper case, a default port, a trailing dot and the like: the text is not the one a client would compare.
    #[error("must be written in its normal form: {0}")]
    NotNormal(String),
}

impl Issuer {
    /// Reads the issuer as the operator wrote it. A trailing slash is dropped; nothing else is repaired.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let url = Url::parse(text).map_err(|_| IssuerError::NotAUrl)?;
        let host = url.host().ok_or(IssuerError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return Err(IssuerError::NotHttps),
            _ => return Err(IssuerError::NotAUrl),
        }
        let undecorated = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !undecorated || url.password().is_some() {
            return Err(IssuerError::Decorated);
        }
        if url.path() != "/" {
            return Err(IssuerError::HasPath);
        }
        let normal = url.origin().ascii_serialization();
        if normal != text {
            return Err(IssuerError::NotNormal(normal));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The identifier as clients compare it; also our origin.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the browser reaches us over TLS. False for a loopback issuer only.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Our host, if it is a name; nothing where it is an address.
    pub fn domain(&self) -> Option<&str> {
        self.url.domain()
    }

    /// The absolute URL of one of our paths. `path` starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `host` is this machine and can be nothing else.
pub fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_https_origin() {
        assert_eq!(Issuer::parse("https://auth.example.com/").unwrap().as_str(), "https://auth.example.com");
        assert_eq!(
            Issuer::parse("https://auth.example.com:8443").unwrap().as_str(),
            "https://auth.example.com:8443"
        );
        assert!(Issuer::parse("http://127.0.0.1:8400").is_ok());
        assert!(Issuer::parse("http://localhost:8400").is_ok());
    }

    #[test]
    fn req_086_an_issuer_has_no_query_no_fragment_and_one_spelling() {
        for (text, error) in [
            ("auth.example.com", IssuerError::NotAUrl),
            ("ftp://auth.example.com", IssuerError::NotAUrl),
            ("http://auth.example.com", IssuerError::NotHttps),
            ("http://127.0.0.1.evil.example", IssuerError::NotHttps),
            ("https://auth.example.com?x=1", IssuerError::Decorated),
            ("https://auth.example.com#x", IssuerError::Decorated),
            ("https://me@auth.example.com", IssuerError::Decorated),
            ("https://auth.example.com/sso", IssuerError::HasPath),
            ("https://Auth.example.com", IssuerError::NotNormal("https://auth.example.com".into())),
            ("https://auth.example.com:443", IssuerError::NotNormal("https://auth.example.com".into())),
        ] {
            assert_eq!(Issuer::parse(text), Err(error), "{text}");
        }
    }
}
