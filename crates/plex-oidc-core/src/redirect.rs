//! Redirect URIs: where an authorization response may go, and nowhere else.
//!
//! A request's `redirect_uri` is compared with the registered texts as text (RFC 9700 s. 2.1); the one exception is the
//! port of a loopback address (RFC 8252 s. 7.3). What we send to is always built from the *registered* text.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

/// A registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedirectUri {
    text: String,
    /// For `http://127.0.0.1` and `http://[::1]`: what stands before and after the port.
    any_port: Option<(String, String)>,
}

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RedirectUriError {
    /// Not an absolute URL with a host, or with a private scheme.
    #[error("is not an absolute URL")]
    NotAUrl,
    /// A scheme that browsers run or read from disk, or one without a dot in its name.
    #[error(
        "must be https, http on a loopback address, or a private scheme with a dot such as com.example.app:/callback"
    )]
    Scheme,
    /// Plain http beyond this machine.
    #[error("must be https: plain http is accepted for 127.0.0.1, [::1] and localhost only")]
    NotHttps,
    /// It has a fragment (RFC 6749 s. 3.1.2).
    #[error("must not have a fragment")]
    Fragment,
    /// It has a user name or password.
    #[error("must not have a user name or password")]
    UserInfo,
    /// Wildcards are compared as text and would never match.
    #[error("must not have a wildcard: every address is written out in full")]
    Wildcard,
    /// Control characters, spaces, backslashes or characters outside ASCII.
    #[error(
        "must be plain visible ASCII without spaces or backslashes (write other characters percent-encoded)"
    )]
    Characters,
    /// A host name with characters that no name in the DNS has.
    #[error("must have a host name of letters, digits, dots, hyphens and underscores")]
    HostName,
    /// Longer than 2,048 bytes.
    #[error("must be at most 2048 characters long")]
    TooLong,
}

impl RedirectUri {
    /// Reads a redirect URI as the operator registers it.
    pub fn register(text: &str) -> Result<Self, RedirectUriError> {
        if text.len() > 2048 {
            return Err(RedirectUriError::TooLong);
        }
        if text.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\' || b == b'"' || b == b'<' || b == b'>') {
            return Err(RedirectUriError::Characters);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAUrl)?;
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if text.contains('*') {
            return Err(RedirectUriError::Wildcard);
        }
        let authority = authority(text);
        if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
            return Err(RedirectUriError::UserInfo);
        }
        if matches!(url.scheme(), "https" | "http") && url.host_str().is_none_or(|host| !is_plain_host(host))
        {
            return Err(RedirectUriError::HostName);
        }
        match url.scheme() {
            "https" | "http" if !has_double_slash(text) => Err(RedirectUriError::NotAUrl),
            "http" => Self::loopback(text, &url),
            scheme if scheme == "https" || scheme.contains('.') => {
                Ok(Self { text: text.to_owned(), any_port: None })
            }
            _ => Err(RedirectUriError::Scheme),
        }
    }

    fn loopback(text: &str, url: &Url) -> Result<Self, RedirectUriError> {
        let host = url.host().ok_or(RedirectUriError::NotAUrl)?;
        if !crate::issuer::is_loopback(&host) {
            return Err(RedirectUriError::NotHttps);
        }
        let literal = match host {
            Host::Domain(_) => None, // "localhost" is exact, port included: RFC 8252 s. 8.3
            Host::Ipv4(_) => Some("http://127.0.0.1"),
            Host::Ipv6(_) => Some("http://[::1]"),
        };
        let any_port = literal.and_then(|prefix| {
            let rest = text.strip_prefix(prefix)?;
            Some((prefix.to_owned(), after_port(rest)?.to_owned()))
        });
        Ok(Self { text: text.to_owned(), any_port })
    }

    /// Where a response may go if `asked` is this registered URI; `None` if it is another.
    pub fn matches(&self, asked: &str) -> Option<RedirectTarget> {
        if asked == self.text {
            return Some(RedirectTarget(self.text.clone()));
        }
        let (prefix, suffix) = self.any_port.as_ref()?;
        let middle = asked.strip_prefix(prefix)?.strip_suffix(suffix)?;
        let port: u16 = middle.strip_prefix(':')?.parse().ok()?;
        let target = format!("{prefix}:{port}{suffix}");
        (target == asked).then_some(RedirectTarget(target))
    }

    /// The text as registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, if it has one and that is of the web.
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.text).ok()?;
        url.host_str().filter(|_| matches!(url.scheme(), "https" | "http")).map(str::to_owned)
    }
}

/// The URL standard lets a host hold `'`, `;` and `,`. No real host has them, and in a header each of them ends something.
fn is_plain_host(host: &str) -> bool {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    inside.map_or_else(|| host.bytes().all(plain), |address| address.bytes().all(|b| plain(b) || b == b':'))
}

fn has_double_slash(text: &str) -> bool {
    text.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//") && !rest.starts_with("///"))
}

/// What stands between `//` and the next `/`, `?` or the end, as written.
fn authority(text: &str) -> &str {
    let Some((_, rest)) = text.split_once("//") else { return "" };
    rest.split(['/', '?']).next().unwrap_or("")
}

/// What follows the port (or the bare host), if the host ends here.
fn after_port(rest: &str) -> Option<&str> {
    let Some(with_port) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest);
    };
    let tail = with_port.trim_start_matches(|c: char| c.is_ascii_digit());
    (tail.is_empty() || tail.starts_with(['/', '?'])).then_some(tail)
}

/// A checked place to send an authorization response to. It exists only if the client registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectTarget(String);

impl RedirectTarget {
    /// The callback of an application behind the gateway, on an origin that the gateway has found to be its own.
    pub fn of_gateway(start: &crate::gateway::Start) -> Self {
        Self(start.callback())
    }

    /// The page that ends a request of a device: ours, for the answer goes to the device (RFC 8628 s. 3.3).
    pub fn of_device(issuer: &crate::issuer::Issuer) -> Self {
        Self(issuer.join("/device/done"))
    }

    /// A page of our own that somebody signs in for.
    pub fn of_own_page(issuer: &crate::issuer::Issuer, page: crate::own_page::OwnPage) -> Self {
        Self(issuer.join(page.path()))
    }

    /// The URI without a response.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether another program on the person's device can take this address: a scheme of its own, or loopback
    /// (RFC 8252 s. 8.1).
    pub fn is_claimable(&self) -> bool {
        !self.0.starts_with("https://")
    }

    /// The origin that a form may be posted to, as a content security policy names it. `None` for a scheme of an app's own,
    /// and for an IPv6 address, which no policy can name (Content Security Policy Level 3 s. 2.3.1).
    pub fn form_origin(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        let can_be_named = matches!(url.host()?, Host::Domain(_) | Host::Ipv4(_));
        (matches!(url.scheme(), "https" | "http") && can_be_named).then(|| url.origin().ascii_serialization())
    }

    /// The URI with `parameters` appended to its query, form-encoded (RFC 6749 s. 4.1.2). Its own query stays.
    pub fn with_response(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let query = query.finish();
        let separator = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, existing)) if existing.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{separator}{query}", self.0)
    }
}

impl fmt::Display for RedirectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn registered(text: &str) -> RedirectUri {
        RedirectUri::register(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn an_address_may_have_2048_characters_and_no_more() {
        let long = |length: usize| format!("https://ok.example/{}", "x".repeat(length - 19));
        assert_eq!(RedirectUri::register(&long(2048)).map(|uri| uri.as_str().len()), Ok(2048));
        assert_eq!(RedirectUri::register(&long(2049)), Err(RedirectUriError::TooLong));
        assert_eq!(RedirectUri::register(&long(4000)), Err(RedirectUriError::TooLong));
    }

    #[test]
    fn each_odd_character_is_refused_by_itself() {
        for odd in ["\\", "\"", "<", ">", " ", "\t", "\u{7f}", "é"] {
            let text = format!("https://ok.example/{odd}");
            assert_eq!(RedirectUri::register(&text), Err(RedirectUriError::Characters), "{text:?}");
        }
        for text in [
            "https://user@ok.example/",
            "https://:secret@ok.example/",
            "https://@ok.example/",
            "https:user@ok.example/",
            "https::secret@ok.example/",
        ] {
            assert_eq!(RedirectUri::register(text), Err(RedirectUriError::UserInfo), "{text}");
        }
    }

    #[test]
    fn the_host_is_that_of_the_web() {
        for (text, host) in [
            ("https://ok.example/cb", Some("ok.example")),
            ("http://127.0.0.1:8000/cb", Some("127.0.0.1")),
            ("com.example.app:/cb", None),
            ("com.example.app://host/cb", None),
        ] {
            assert_eq!(registered(text).host().as_deref(), host, "{text}");
        }
    }

    #[test]
    fn a_form_is_posted_to_what_a_policy_can_name() {
        for (text, origin) in [
            ("https://ok.example/cb?a=b", Some("https://ok.example")),
            ("https://ok.example:8443/cb", Some("https://ok.example:8443")),
            ("http://localhost:3000/cb", Some("http://localhost:3000")),
            ("http://127.0.0.1:8000/cb", Some("http://127.0.0.1:8000")),
            ("http://[::1]:8000/cb", None),
            ("https://[2001:db8::1]/cb", None),
            ("com.example.app:/cb", None),
            ("com.example.app://host/cb", None),
        ] {
            let target = registered(text).matches(text).unwrap();
            assert_eq!(target.form_origin().as_deref(), origin, "{text}");
        }
    }

    #[test]
    fn a_query_of_its_own_gets_one_separator() {
        for (text, sent) in [
            ("https://ok.example/cb", "https://ok.example/cb?code=1"),
            ("https://ok.example/cb?", "https://ok.example/cb?code=1"),
            ("https://ok.example/cb?a=b", "https://ok.example/cb?a=b&code=1"),
            ("https://ok.example/cb?a=b&", "https://ok.example/cb?a=b&code=1"),
        ] {
            let target = registered(text).matches(text).unwrap();
            assert_eq!(
                (target.with_response(&[("code", "1")]), target.to_string()),
                (sent.into(), text.into())
            );
        }
    }

    #[test]
    fn what_another_program_can_take_is_known() {
        for (text, claimable) in
            [("https://ok.example/cb", false), ("http://127.0.0.1/cb", true), ("com.example.app:/cb", true)]
        {
            let target = registered(text).matches(text).unwrap();
            assert_eq!(target.is_claimable(), claimable, "{text}");
        }
    }

    /// None of these is `https://ok.example/cb`.
    const OTHERS: &[&str] = &[
        "https://ok.example/CB",
        "https://ok.example/Cb",
        "https://OK.example/cb",
        "HTTPS://ok.example/cb",
        "https://ok.example/cb/",
        "https://ok.example/cb?",
        "https://ok.example/cb?x=1",
        "https://ok.example/cb#",
        "https://ok.example/cb#f",
        "https://ok.example/%63b",
        "https://ok.example/c%62",
        "https://ok.example/cb%20",
        "https://ok.example/cb/..;/",
        "https://ok.example/..;/cb",
        "https://ok.example/x/../cb",
        "https://ok.example/./cb",
        "https://ok.example//cb",
        "https://ok.example\\cb",
        "https://ok.example/\\cb",
        "https:\\\\ok.example\\cb",
        "https:/ok.example/cb",
        "https:ok.example/cb",
        "https:///ok.example/cb",
        "//ok.example/cb",
        "/cb",
        "cb",
        "ok.example/cb",
        "http://ok.example/cb",
        "ftp://ok.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://ok.example/cb",
        "https://ok.example/cb ",
        "\thttps://ok.example/cb",
        "https://ok.example/cb\t",
        "https://ok.example/\tcb",
        "https://ok.example/cb\n",
        "https://ok.example/cb\0",
        "https://ok.example/cb%00",
        "https://ok.example/cb%0d%0aSet-Cookie:x",
        "https://ok.example./cb",
        "https://ok.example:443/cb",
        "https://ok.example:/cb",
        "https://ok.example:80/cb",
        "https://ok.example:8443/cb",
        "https://xn--ok-.example/cb",
        "https://ok.example.evil/cb",
        "https://evil.example/cb",
        "https://evilok.example/cb",
        "https://ok.example@evil/cb",
        "https://ok.example%40evil/cb",
        "https://a@ok.example/cb",
        "https://a@b@ok.example/cb",
        "https://:@ok.example/cb",
        "https://ok.example:p@evil/cb",
        "https://ok.example;evil/cb",
        "https://ok.example,evil/cb",
        "https://ok.example/cb,https://evil/",
        "https://оk.example/cb",
        "https://ok.example/cb\u{200b}",
        "https://ok。example/cb",
        "https://ok.example/cb;x",
        "https://ok.example/cbx",
        "https://ok.example/c",
        "https://ok.example",
        "",
        "*",
        "https://*/cb",
    ];

    #[test]
    fn req_021_only_the_registered_text_matches() {
        let uri = registered("https://ok.example/cb");
        assert!(uri.matches("https://ok.example/cb").is_some());
        assert!(OTHERS.len() >= 60, "the table has at least 60 rows");
        for other in OTHERS {
            assert!(uri.matches(other).is_none(), "{other:?} must not match");
        }
    }

    #[test]
    fn req_022_userinfo_cannot_be_registered_nor_matched() {
        for text in [
            "https://ok.example@evil/",
            "https://a@b@ok/",
            "https://@ok/",
            "https://u:p@ok/",
            "https://:@ok/",
        ] {
            assert_eq!(RedirectUri::register(text), Err(RedirectUriError::UserInfo), "{text}");
        }
    }

    #[test]
    fn req_023_wildcards_cannot_be_registered_and_labels_are_whole() {
        assert_eq!(RedirectUri::register("https://*.example/cb"), Err(RedirectUriError::Wildcard));
        assert!(registered("https://foo.example.com").matches("https://fooaexample.com").is_none());
    }

    #[test]
    fn req_025_only_https_loopback_and_private_schemes_with_a_dot() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "about:blank",
            "ftp://x/y",
            "myapp:/cb",
            "blob:https://x/y",
            "ws://x/y",
        ] {
            assert_eq!(RedirectUri::register(text), Err(RedirectUriError::Scheme), "{text}");
        }
        assert_eq!(RedirectUri::register("http://example.com/cb"), Err(RedirectUriError::NotHttps));
        assert_eq!(RedirectUri::register("https:example.com/cb"), Err(RedirectUriError::NotAUrl));
        registered("com.example.app:/cb");
        assert!(registered("http://localhost:3000/cb").matches("http://localhost:3001/cb").is_none());
    }

    #[test]
    fn req_026_the_port_of_a_loopback_address_is_free() {
        for (text, asked) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:51004/cb"),
            ("http://[::1]/cb?a=b", "http://[::1]:51004/cb?a=b"),
        ] {
            assert_eq!(registered(text).matches(asked).unwrap().as_str(), asked);
        }
        let uri = registered("http://127.0.0.1/cb");
        for other in [
            "http://127.0.0.1.evil:1/cb",
            "http://127.1/cb",
            "http://127.1:5/cb",
            "http://[::ffff:7f00:1]/cb",
            "http://[::1]:5/cb",
            "http://127.0.0.2:5/cb",
            "http://127.0.0.1:x/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:0051/cb",
            "http://127.0.0.1:+51/cb",
            "http://127.0.0.1:51@evil/cb",
            "http://127.0.0.1:51/cb2",
            "https://127.0.0.1:51/cb",
        ] {
            assert!(uri.matches(other).is_none(), "{other}");
        }
    }

    #[test]
    fn req_027_no_fragment_and_the_query_stays() {
        assert_eq!(RedirectUri::register("https://x.example/cb#f"), Err(RedirectUriError::Fragment));
        assert_eq!(RedirectUri::register("https://x.example/cb#"), Err(RedirectUriError::Fragment));
        let target = registered("https://x.example/cb?a=b").matches("https://x.example/cb?a=b").unwrap();
        assert_eq!(target.with_response(&[("code", "c d&e")]), "https://x.example/cb?a=b&code=c+d%26e");
        let bare = registered("https://x.example/cb").matches("https://x.example/cb").unwrap();
        assert_eq!(bare.with_response(&[("code", "c")]), "https://x.example/cb?code=c");
    }

    #[test]
    fn a_host_that_would_change_our_policy_cannot_be_registered() {
        for text in [
            "https://a;b.example/",
            "https://a,b.example/",
            "https://'self'/",
            "https://r'p/",
            "https://a(b/",
        ] {
            assert_eq!(RedirectUri::register(text), Err(RedirectUriError::HostName), "{text}");
        }
        for text in
            ["https://my_app.example-1.com:8443/cb", "https://[2001:db8::1]/cb", "https://10.0.0.1/cb"]
        {
            registered(text);
        }
    }

    #[test]
    fn req_030_nothing_that_breaks_a_header_can_be_registered_or_sent() {
        for text in [
            "https://x.example/\r\nSet-Cookie:a",
            "https://x.example/\0",
            "https://x.example/ü",
            "https://x.example/a b",
        ] {
            assert_eq!(RedirectUri::register(text), Err(RedirectUriError::Characters), "{text:?}");
        }
        let target = registered("https://x.example/cb").matches("https://x.example/cb").unwrap();
        let sent = target.with_response(&[("state", "\r\nSet-Cookie: x=y\0ü\"<")]);
        assert!(sent.bytes().all(|b| b.is_ascii_graphic()), "{sent}");
    }

    proptest! {
        #[test]
        fn req_029_the_target_is_the_registered_text_or_its_loopback_port(asked in "\\PC{0,60}") {
            let exact = registered("https://ok.example/cb");
            prop_assert_eq!(exact.matches(&asked).is_some(), asked == "https://ok.example/cb");
        }

        #[test]
        fn req_029_any_port_is_echoed_as_a_number(port in 0u16..) {
            let uri = registered("http://127.0.0.1/cb");
            let asked = format!("http://127.0.0.1:{port}/cb");
            let target = uri.matches(&asked).map(|target| target.as_str().to_owned());
            prop_assert_eq!(target, Some(asked));
        }

        #[test]
        fn registration_never_panics(text in "\\PC{0,80}") {
            let _ = RedirectUri::register(&text);
        }
    }
}
