//! The request that a proxy is asking about, in one form whatever family of proxy it came through.

use std::fmt;

use super::host::Host;
use super::path::OriginalPath;

/// A method token in upper case (RFC 9110 s. 9.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Method(String);

impl Method {
    /// Reads letters and hyphens, 1 to 32 of them; methods are compared in upper case.
    pub fn parse(text: &str) -> Option<Self> {
        let sound =
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        sound.then(|| Self(text.to_ascii_uppercase()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a browser may repeat it by following a link (RFC 9110 s. 9.2.1, without `OPTIONS` and `TRACE`).
    pub fn is_get_like(&self) -> bool {
        matches!(self.0.as_str(), "GET" | "HEAD")
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a proxy is asking about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalRequest {
    /// The method.
    pub method: Method,
    /// Whether the visitor's browser speaks TLS to the proxy.
    pub https: bool,
    /// The host that was asked for.
    pub host: Host,
    /// The port, if it is not the scheme's own.
    pub port: Option<u16>,
    /// The path.
    pub path: OriginalPath,
    /// Path and query as the proxy sent them.
    target: String,
}

/// Longest path and query that a visitor is brought back to, in bytes; beyond it, to the front page.
const MAX_RETURN: usize = 2048;

impl OriginalRequest {
    /// What is wrong with the scheme, where the gateway's own address has this one: cookies are made for one of them.
    pub const fn wrong_scheme(&self, https: bool) -> Option<&'static str> {
        match (self.https, https) {
            (true, false) => Some(
                "this address is for http only: public_url begins with http, and the visitor came by https",
            ),
            (false, true) => {
                Some("this address is for https only: public_url begins with https, and the proxy says http")
            }
            (true, true) | (false, false) => None,
        }
    }

    /// Puts the parts together. A default port is dropped. `None`: one of them is not what it should be.
    pub fn new(method: &str, scheme: &str, host: &str, target: &str) -> Option<Self> {
        let is = |names: [&str; 2]| names.iter().any(|name| scheme.eq_ignore_ascii_case(name));
        let https = is(["https", "wss"]);
        if !https && !is(["http", "ws"]) {
            return None;
        }
        let (host, port) = Host::parse_with_port(host)?;
        let own = if https { 443 } else { 80 };
        Some(Self {
            method: Method::parse(method)?,
            https,
            host,
            port: port.filter(|port| *port != own),
            path: OriginalPath::parse(target)?,
            target: target.to_owned(),
        })
    }

    /// Reads an absolute URL as nginx builds it from `$scheme://$host$request_uri`.
    pub fn from_url(method: &str, url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, target) = rest.split_at_checked(at)?;
        Self::new(method, scheme, host, if target.is_empty() { "/" } else { target })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }

    /// The query, without its question mark; empty if there is none.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Where to bring the visitor back to: path and query on the same origin. A target that no browser sends so is the
    /// front page.
    pub fn return_target(&self) -> &str {
        let plain = self.target.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let other_host = self.target.starts_with("//");
        if plain && !other_host && self.target.len() <= MAX_RETURN { &self.target } else { "/" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_166_method_scheme_and_port_have_one_spelling() {
        let request = OriginalRequest::new("get", "WSS", "A.example:443", "/x?y=1").unwrap();
        assert_eq!((request.method.as_str(), request.https, request.port), ("GET", true, None));
        assert_eq!(request.origin(), "https://a.example");
        assert_eq!(request.return_target(), "/x?y=1");
        let odd_port = OriginalRequest::new("GET", "https", "a.example:8443", "/").unwrap();
        assert_eq!(odd_port.origin(), "https://a.example:8443");
        for (method, scheme, host, target) in [
            ("G ET", "https", "a.example", "/"),
            ("", "https", "a.example", "/"),
            ("GET", "ftp", "a.example", "/"),
            ("GET", "", "a.example", "/"),
            ("GET", "https", "", "/"),
            ("GET", "https", "a@b", "/"),
            ("GET", "https", "a.example", "x"),
            ("GET", "https", "a.example", ""),
            ("GET", "https, http", "a.example", "/"),
        ] {
            assert_eq!(
                OriginalRequest::new(method, scheme, host, target),
                None,
                "{method} {scheme} {host} {target}"
            );
        }
    }

    #[test]
    fn rt_fa_unparsable_url() {
        let ok = OriginalRequest::from_url("POST", "https://a.example/x?u=https://b/").unwrap();
        assert_eq!((ok.host.as_str(), ok.path.raw()), ("a.example", "/x"));
        assert_eq!(OriginalRequest::from_url("GET", "https://a.example").unwrap().path.raw(), "/");
        for url in [
            "",
            "/x",
            "a.example/x",
            "https:/a.example/",
            "https://",
            "https:///x",
            "https://a.example@evil/",
            "://a/",
            "https://a.example\\@evil/",
            "https://a b/",
            "https://[::1/",
            "javascript://a/%0a",
            "https://a.example?x",
        ] {
            assert_eq!(OriginalRequest::from_url("GET", url), None, "{url}");
        }
    }

    #[test]
    fn rt_return_to_table() {
        for target in ["//evil.test", "/\\evil.test", "/a b", "/\u{e9}", "//evil.test/%2f.."] {
            let request = OriginalRequest::new("GET", "https", "a.example", target).unwrap();
            assert_eq!(request.return_target(), "/", "{target}");
        }
        let long = format!("/{}", "x".repeat(3000));
        let request = OriginalRequest::new("GET", "https", "a.example", &long).unwrap();
        assert_eq!(request.return_target(), "/");
    }
}
