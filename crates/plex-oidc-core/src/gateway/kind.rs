//! Who is behind a request: a person whose browser goes to a page, or a program that can only be told "sign in".

use super::family::{Header, HeaderSource};
use super::original::OriginalRequest;

/// What the visitor's browser is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// Going to a page: it can be sent to sign in.
    Navigation,
    /// A script, a picture, a program: a redirect would only confuse it.
    Script,
    /// Asking beforehand whether another site may send a request (Fetch standard, CORS protocol).
    Preflight,
    /// Opening a WebSocket (RFC 6455 s. 4.1).
    WebSocket,
}

impl RequestKind {
    /// Tells by method, then by what the browser says of itself (Fetch Metadata), then by `Accept`.
    pub fn of(request: &OriginalRequest, headers: &dyn HeaderSource) -> Self {
        let is = |name, wanted: &str| {
            headers.value(name).text().is_some_and(|text| text.eq_ignore_ascii_case(wanted))
        };
        let sent = |name| headers.value(name).is_present();
        if request.method.as_str() == "OPTIONS" && sent("origin") && sent("access-control-request-method") {
            return Self::Preflight;
        }
        if sent("sec-websocket-key") || is("upgrade", "websocket") || is("sec-fetch-mode", "websocket") {
            return Self::WebSocket;
        }
        if sent("x-requested-with") {
            return Self::Script;
        }
        match headers.value("sec-fetch-mode") {
            Header::One(mode) if mode.eq_ignore_ascii_case("navigate") => {
                // A frame would show our page inside another, which our pages forbid.
                if is("sec-fetch-dest", "iframe") || is("sec-fetch-dest", "frame") {
                    Self::Script
                } else {
                    Self::Navigation
                }
            }
            Header::Absent if wants_html(headers) => Self::Navigation,
            Header::One(_) | Header::Unclear | Header::Absent => Self::Script,
        }
    }
}

fn wants_html(headers: &dyn HeaderSource) -> bool {
    headers.value("accept").text().is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::super::family::tests::Given;
    use super::*;

    fn kind(method: &str, headers: &[(&str, &str)]) -> RequestKind {
        let request = OriginalRequest::new(method, "https", "a.example", "/").unwrap();
        RequestKind::of(&request, &Given(headers))
    }

    #[test]
    fn req_171_navigations_are_told_from_everything_else() {
        use RequestKind::{Navigation, Preflight, Script, WebSocket};
        let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (expected, method, headers) in [
            (Navigation, "GET", &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")][..]),
            (Navigation, "POST", &[("sec-fetch-mode", "navigate")]),
            (Navigation, "GET", &[html]),
            (Script, "GET", &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]),
            (Script, "GET", &[html, ("sec-fetch-mode", "cors")]),
            (Script, "GET", &[html, ("sec-fetch-mode", "no-cors")]),
            (Script, "GET", &[html, ("x-requested-with", "XMLHttpRequest")]),
            (Script, "GET", &[("accept", "application/json")]),
            (Script, "GET", &[("accept", "*/*")]),
            (Script, "GET", &[]),
            (
                Preflight,
                "OPTIONS",
                &[("origin", "https://b.example"), ("access-control-request-method", "PUT")],
            ),
            (Script, "OPTIONS", &[("origin", "https://b.example")]),
            (Script, "GET", &[("origin", "https://b.example"), ("access-control-request-method", "PUT")]),
            (WebSocket, "GET", &[html, ("sec-websocket-key", "x")]),
            (WebSocket, "GET", &[("upgrade", "WebSocket")]),
        ] {
            assert_eq!(kind(method, headers), expected, "{method} {headers:?}");
        }
    }

    #[test]
    fn rt_fa_no_ua_bypass() {
        let plain = kind("GET", &[]);
        for agent in ["kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "curl/8"] {
            assert_eq!(kind("GET", &[("user-agent", agent)]), plain);
        }
    }
}
