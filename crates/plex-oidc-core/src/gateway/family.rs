//! The families of proxies, each with headers of its own. A reader looks at its family's headers and at no other: a header
//! that a proxy does not set is one that its visitors can (CVE-2026-25748 and its kin).

use thiserror::Error;

use super::original::OriginalRequest;

/// The headers of a subrequest.
pub trait HeaderSource {
    /// The value of a header, by its name in lower case.
    fn value(&self, name: &'static str) -> Header<'_>;
}

/// What there is of one header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header<'h> {
    /// Nothing.
    Absent,
    /// One value of visible ASCII and spaces.
    One(&'h str),
    /// Several values, or one with other bytes in it.
    Unclear,
}

impl<'h> Header<'h> {
    /// The value, if there is exactly one and something in it.
    pub fn text(self) -> Option<&'h str> {
        match self {
            Self::One(text) if !text.is_empty() => Some(text),
            Self::One(_) | Self::Absent | Self::Unclear => None,
        }
    }

    /// Whether anything was sent under this name.
    pub fn is_present(self) -> bool {
        self != Self::Absent
    }
}

/// A family of proxies, by the contract that it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Traefik `forwardAuth`, Caddy `forward_auth`, HAProxy: `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri`.
    ForwardAuth,
    /// nginx `auth_request`: `X-Original-URL` and `X-Original-Method`. Understands 200, 401 and 403 only.
    AuthRequest,
    /// Envoy `ext_authz` over HTTP, and Gateway API: the subrequest's own method, host and path, `X-Forwarded-Proto`.
    ExtAuthz,
}

/// Why a subrequest does not say what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// A header of the family is not there.
    #[error("the header {0} is missing: the proxy must set it")]
    Missing(&'static str),
    /// A header of the family is there more than once, or is not text.
    #[error("the header {0} is not one plain value")]
    Unclear(&'static str),
    /// The parts do not make a request.
    #[error("what the proxy is asking about is not a request that can be understood")]
    NoRequest,
}

/// What the subrequest itself is, for the family that speaks through it.
#[derive(Debug, Clone, Copy)]
pub struct Subrequest<'s> {
    /// Its method.
    pub method: &'s str,
    /// Its target after our own prefix, with a slash at its start, query included.
    pub target: &'s str,
}

impl Family {
    /// Reads what the proxy is asking about.
    pub fn read(
        self,
        headers: &dyn HeaderSource,
        subrequest: Subrequest<'_>,
    ) -> Result<OriginalRequest, Unreadable> {
        let one = |name: &'static str| match headers.value(name) {
            Header::Absent | Header::One("") => Err(Unreadable::Missing(name)),
            Header::Unclear => Err(Unreadable::Unclear(name)),
            Header::One(text) => Ok(text),
        };
        let request = match self {
            Self::ForwardAuth => OriginalRequest::new(
                one("x-forwarded-method")?,
                one("x-forwarded-proto")?,
                one("x-forwarded-host")?,
                one("x-forwarded-uri")?,
            ),
            Self::AuthRequest => OriginalRequest::from_url(one("x-original-method")?, one("x-original-url")?),
            Self::ExtAuthz => OriginalRequest::new(
                subrequest.method,
                one("x-forwarded-proto")?,
                one("host")?,
                subrequest.target,
            ),
        };
        request.ok_or(Unreadable::NoRequest)
    }

    /// Whether the proxy passes a redirect on to the visitor. nginx turns one into a 500.
    pub const fn relays_redirects(self) -> bool {
        !matches!(self, Self::AuthRequest)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Headers of a test, by lower-case name.
    pub(crate) struct Given<'g>(pub(crate) &'g [(&'g str, &'g str)]);

    impl HeaderSource for Given<'_> {
        fn value(&self, name: &'static str) -> Header<'_> {
            let mut found = self.0.iter().filter(|(given, _)| *given == name);
            match (found.next(), found.next()) {
                (None, _) => Header::Absent,
                (Some((_, value)), None) if value.bytes().all(|b| (0x20..0x7f).contains(&b)) => {
                    Header::One(value)
                }
                _ => Header::Unclear,
            }
        }
    }

    const FORWARD: [(&str, &str); 4] = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "a.example"),
        ("x-forwarded-uri", "/x?y"),
    ];
    const ORIGINAL: [(&str, &str); 2] =
        [("x-original-url", "https://b.example/z"), ("x-original-method", "POST")];
    const BARE: Subrequest<'static> = Subrequest { method: "GET", target: "/own" };

    #[test]
    fn req_164_each_family_reads_its_own_headers_only() {
        let both: Vec<_> = FORWARD.into_iter().chain(ORIGINAL).chain([("host", "c.example")]).collect();
        let host = |family: Family| family.read(&Given(&both), BARE).unwrap().host.to_string();
        assert_eq!(host(Family::ForwardAuth), "a.example");
        assert_eq!(host(Family::AuthRequest), "b.example");
        assert_eq!(host(Family::ExtAuthz), "c.example");
        let missing = Family::AuthRequest.read(&Given(&FORWARD), BARE);
        assert_eq!(missing, Err(Unreadable::Missing("x-original-method")));
        let missing = Family::ForwardAuth.read(&Given(&ORIGINAL), BARE);
        assert_eq!(missing, Err(Unreadable::Missing("x-forwarded-method")));
        let envoy =
            Family::ExtAuthz.read(&Given(&both), Subrequest { method: "PUT", target: "/p?q" }).unwrap();
        assert_eq!((envoy.method.as_str(), envoy.path.raw(), envoy.return_target()), ("PUT", "/p", "/p?q"));
    }

    #[test]
    fn rt_fa_foreign_header() {
        let planted = [
            ("x-original-uri", "/planted"),
            ("x-envoy-original-path", "/planted"),
            ("x-rewrite-url", "/planted"),
            ("forwarded", "host=planted"),
            ("x-forwarded-prefix", "/planted"),
            ("x-forwarded-port", "1"),
        ];
        let given: Vec<_> = FORWARD.into_iter().chain(planted).collect();
        let plain = Family::ForwardAuth.read(&Given(&FORWARD), BARE);
        assert_eq!(Family::ForwardAuth.read(&Given(&given), BARE), plain);
    }

    #[test]
    fn a_doubled_missing_or_odd_header_is_refused() {
        for index in 0..FORWARD.len() {
            let mut fewer = FORWARD.to_vec();
            let (name, value) = fewer.remove(index);
            assert_eq!(Family::ForwardAuth.read(&Given(&fewer), BARE), Err(Unreadable::Missing(name)));
            let doubled: Vec<_> = FORWARD.into_iter().chain([(name, value)]).collect();
            assert_eq!(Family::ForwardAuth.read(&Given(&doubled), BARE), Err(Unreadable::Unclear(name)));
            let odd: Vec<_> = fewer.into_iter().chain([(name, "\u{1}")]).collect();
            assert_eq!(Family::ForwardAuth.read(&Given(&odd), BARE), Err(Unreadable::Unclear(name)));
        }
    }
}
