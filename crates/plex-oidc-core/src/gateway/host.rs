//! Host names in one spelling: lower case, no trailing dot, international names in their ASCII form (RFC 3986 s. 6.2.2.1,
//! RFC 5891). A host that needs anything else to be understood is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest host name (RFC 1035 s. 2.3.4).
const MAX_LEN: usize = 253;

/// A host name or address, in its normal form and without a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Host(String);

impl Host {
    /// Reads a host as it stands in a URL or a `Host` header, without a port.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_suffix('.').unwrap_or(text);
        if bare.is_empty() || bare.len() > MAX_LEN || !labels_are_whole(bare) {
            return None;
        }
        if is_normal(bare) {
            return Some(Self(bare.to_owned()));
        }
        // An authority has more in it than a host: user names, ports, percent signs, white space are refused, not
        // repaired.
        let strange =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/' | '\\' | '?' | '#' | '%');
        if bare.contains(strange) {
            return None;
        }
        // URLs allow more in a host than names have: a list with commas would be one host, and a star a label.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        match url::Host::parse(bare).ok()? {
            // Characters of other scripts that are dots, or nothing, are so only after parsing.
            url::Host::Domain(name) => {
                (name.bytes().all(plain) && labels_are_whole(&name)).then_some(Self(name))
            }
            // In a spelling of its own (octal, hexadecimal, short) it is another text after parsing.
            url::Host::Ipv4(address) => Some(address.to_string()).filter(|text| text == bare).map(Self),
            address @ url::Host::Ipv6(_) => Some(Self(address.to_string())),
        }
    }

    /// Reads `host` or `host:port`.
    pub fn parse_with_port(text: &str) -> Option<(Self, Option<u16>)> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
        };
        Some((Self::parse(host)?, port))
    }

    /// The text in its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an address instead of a name.
    pub fn is_address(&self) -> bool {
        self.0.starts_with('[') || self.0.parse::<std::net::Ipv4Addr>().is_ok()
    }

    /// Whether this host is `domain` or lies below it. A dot is part of the comparison: `evilexample.org` is not below
    /// `example.org`.
    pub fn is_within(&self, domain: &Self) -> bool {
        self == domain || self.0.strip_suffix(&domain.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hosts of an application: one, or every one a label below another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This host.
    Exact(Host),
    /// `*.example.com`: one label more, as in certificates (RFC 6125 s. 6.4.3).
    Below(Host),
}

impl HostPattern {
    /// Reads a host, or a host behind `*.`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("*.") {
            Some(rest) if !rest.contains('*') => Host::parse(rest).map(Self::Below),
            None if !text.contains('*') => Host::parse(text).map(Self::Exact),
            _ => None,
        }
    }

    /// Whether any of its hosts is `domain` or lies below it.
    pub fn reaches_into(&self, domain: &Host) -> bool {
        match self {
            Self::Exact(host) => host.is_within(domain),
            Self::Below(above) => above.is_within(domain) || domain.is_within(above),
        }
    }

    /// Whether it names `host` itself.
    pub fn is_exactly(&self, host: &Host) -> bool {
        matches!(self, Self::Exact(exact) if exact == host)
    }

    /// Whether `host` is one of these.
    pub fn matches(&self, host: &Host) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::Below(domain) => {
                let label = host.0.strip_suffix(&domain.0).and_then(|rest| rest.strip_suffix('.'));
                label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
            }
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => write!(f, "{host}"),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

/// Whether these labels are a name in its normal form already, as nearly every host that a proxy asks about. Not those in which two
/// hyphens follow each other, which may be of another script, nor those that end as a number (URL standard s. 3.5).
fn is_normal(labels: &str) -> bool {
    let in_a_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let last = labels.rsplit('.').next();
    labels.bytes().all(in_a_name)
        && !labels.contains("--")
        && last.is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Whether something stands before, between and behind its dots.
fn labels_are_whole(name: &str) -> bool {
    !name.starts_with('.') && !name.ends_with('.') && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn req_166_a_host_has_one_spelling() {
        for (written, normal) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(host(written).as_str(), normal);
            assert_eq!(host(normal).as_str(), normal, "normal form of a normal form");
        }
        for odd in [
            "",
            ".",
            "..",
            "example.com..",
            "a@b.example",
            "a b.example",
            "a\tb",
            "a/b",
            "a\\b",
            "a%2eb",
            "a:80",
            "a?b",
            "a#b",
            "0x7f.1",
            "127.1",
            "0177.0.0.1",
            "2130706433",
            "[::1",
            "exa mple.com",
            "a\0b",
            "a..b\r\n",
            "a..b",
            ".example.com",
            "*.example.com",
            "a.example,b.example.com",
            "a;b.example",
            "a\"b.example",
            "a$(b).example",
        ] {
            assert_eq!(Host::parse(odd), None, "{odd:?}");
        }
        // An ideographic full stop is a dot, and a soft hyphen is nothing.
        for odd in
            ["\u{3002}a.example", "\u{ad}.a.example", "a\u{3002}\u{3002}example", "a.example\u{3002}\u{3002}"]
        {
            assert_eq!(Host::parse(odd), None, "{odd:?}");
        }
        assert_eq!(Host::parse(&"a".repeat(254)), None);
    }

    proptest! {
        #[test]
        fn a_name_in_its_normal_form_is_what_the_url_standard_makes_of_it(
            name in "[a-z0-9x-]{1,5}(\\.[a-z0-9x-]{1,5}){0,3}",
        ) {
            if is_normal(&name) {
                prop_assert_eq!(url::Host::parse(&name), Ok(url::Host::Domain(name)));
            }
        }
    }

    #[test]
    fn what_may_be_read_otherwise_is_not_in_its_normal_form() {
        for text in [
            "xn--bcher-kva.example",
            "a.xn--p1ai",
            "127.0.0.1",
            "a.0x7f",
            "a.1",
            "A.example",
            "a_b.example",
            "[::1]",
        ] {
            assert!(!is_normal(text), "{text}");
        }
        assert!(is_normal("photos-2.example.com"));
    }

    #[test]
    fn a_port_is_read_apart() {
        assert_eq!(Host::parse_with_port("a.example:8443"), Some((host("a.example"), Some(8443))));
        assert_eq!(Host::parse_with_port("[::1]:80"), Some((host("[::1]"), Some(80))));
        assert_eq!(Host::parse_with_port("[::1]"), Some((host("[::1]"), None)));
        for odd in ["a.example:", "a.example:x", "a.example:65536", "a.example:+1", "a.example:1:2"] {
            assert_eq!(Host::parse_with_port(odd), None, "{odd}");
        }
    }

    #[test]
    fn rt_suffix_without_a_dot_is_another_domain() {
        let domain = host("example.org");
        for inside in ["example.org", "a.example.org", "a.b.example.org"] {
            assert!(host(inside).is_within(&domain), "{inside}");
        }
        for outside in ["evilexample.org", "example.org.evil.test", "org", "xample.org"] {
            assert!(!host(outside).is_within(&domain), "{outside}");
        }
    }

    #[test]
    fn a_wildcard_is_one_label() {
        let pattern = HostPattern::parse("*.Example.org").unwrap();
        assert!(pattern.matches(&host("a.example.org")));
        for other in ["example.org", "a.b.example.org", "evilexample.org", "a.example.org.evil.test"] {
            assert!(!pattern.matches(&host(other)), "{other}");
        }
        let reaches =
            |pattern: &str, domain| HostPattern::parse(pattern).unwrap().reaches_into(&host(domain));
        for (pattern, domain) in [
            ("example.org", "example.org"),
            ("a.b.example.org", "example.org"),
            ("*.example.org", "example.org"),
            ("*.a.example.org", "example.org"),
            ("*.example.org", "a.example.org"),
        ] {
            assert!(reaches(pattern, domain), "{pattern} {domain}");
        }
        for (pattern, domain) in [
            ("example.org", "a.example.org"),
            ("*.example.org", "example.net"),
            ("evilexample.org", "example.org"),
        ] {
            assert!(!reaches(pattern, domain), "{pattern} {domain}");
        }
        assert!(HostPattern::parse("A.example.org").unwrap().matches(&host("a.example.org")));
        for odd in ["*", "*.", "a.*.org", "*.*.org", "*a.org", "**.org"] {
            assert_eq!(HostPattern::parse(odd), None, "{odd}");
        }
    }
}
