//! Owns what an answer means: the value it carries, or what may be concluded from a refusal. Pure.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::Error;
use crate::error::{Oddity, Outage};
use crate::parse::{Malformed, Refusal, parse_refusal};

/// Plex's code for "no client identifier, token or session that we know".
const NOT_AUTHENTICATED: u64 = 1001;
/// Plex's codes for a PIN that is not, or no longer, there.
const PIN_NOT_FOUND: u64 = 1020;
const PIN_EXPIRED: u64 = 1069;

/// The two formats of plex.tv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
    /// A page for people, from Plex or from somebody in between.
    Other,
}

impl Format {
    pub(crate) const fn mime(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Other => "*/*",
        }
    }

    pub(crate) fn of_content_type(value: &str) -> Self {
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.rsplit(['/', '+']).next() {
            Some("json") => Self::Json,
            Some("xml") if !essence.contains("html") => Self::Xml,
            Some(_) | None => Self::Other,
        }
    }

    /// For an answer that does not say: JSON and XML do not start alike.
    fn of_content(body: &[u8]) -> Self {
        match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => Self::Json,
            Some(b'<') => Self::Xml,
            Some(_) | None => Self::Other,
        }
    }
}

/// What came back, unread.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What the answer says it is, if it says.
    pub(crate) format: Option<Format>,
    pub(crate) retry_after: Option<Duration>,
    /// Wiped when dropped: most answers carry a token.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// The value of a success, or what a refusal means.
    pub(crate) fn read<T>(
        &self,
        json: impl FnOnce(&[u8]) -> Result<T, Malformed>,
        xml: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Error> {
        self.done()?;
        let read = match self.format.unwrap_or_else(|| Format::of_content(&self.body)) {
            Format::Json => json(&self.body),
            Format::Xml => xml(&self.body),
            Format::Other => return Err(Error::unexpected(self.status, Oddity::ContentType)),
        };
        read.map_err(|malformed| Error::unexpected(self.status, malformed))
    }

    /// Nothing but the success itself.
    pub(crate) fn done(&self) -> Result<(), Error> {
        if (200..300).contains(&self.status) { Ok(()) } else { Err(self.refused()) }
    }

    fn refused(&self) -> Error {
        let retry_after = self.retry_after;
        match self.status {
            410 => return Error::Gone,
            429 => return Error::RateLimited { retry_after },
            500.. => return Error::Unavailable { outage: Outage::Status(self.status), retry_after },
            _ => {}
        }
        let Some(refusal) = parse_refusal(&self.body) else {
            return Error::unexpected(self.status, Oddity::Status);
        };
        if names_the_token(self.status, &refusal) {
            return Error::Unauthorized;
        }
        match (self.status, refusal.code) {
            (404, Some(PIN_NOT_FOUND)) | (404 | 422, Some(PIN_EXPIRED)) => Error::PinGone,
            (_, Some(code)) => Error::unexpected(self.status, Oddity::Code(code)),
            (_, None) => Error::unexpected(self.status, Oddity::Status),
        }
    }
}

/// Whether Plex itself says that the token is not valid. The status alone is not enough: a proxy in between, or a
/// refusal for another reason (too many attempts from this address, say), has the same one.
fn names_the_token(status: u16, refusal: &Refusal) -> bool {
    match (status, refusal.code) {
        (401, Some(code)) => code == NOT_AUTHENTICATED,
        // The oldest calls give words and no code.
        (401, None) => refusal.says("Please sign in.") || refusal.says("Invalid token"),
        (422, None) => refusal.says("Invalid token"),
        // Plex's own status for a signed token past its end.
        (498, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: Option<&str>, body: &str) -> Answer {
        Answer {
            status,
            format: content_type.map(Format::of_content_type),
            retry_after: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    fn refused(status: u16, body: &str) -> Error {
        answer(status, None, body).done().unwrap_err()
    }

    #[test]
    fn only_plexs_own_words_say_that_a_token_is_dead() {
        for (status, body) in [
            (401, r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#),
            (
                401,
                r#"<errors><error code="1001" message="User could not be authenticated" status="401"/></errors>"#,
            ),
            (401, "<?xml version=\"1.0\"?>\n<errors><error>Please sign in.</error></errors>"),
            (401, "<errors><error>Invalid token</error></errors>"),
            (422, "<errors><error>Invalid token</error></errors>"),
            (498, r#"{"errors":[{"code":1001,"message":"token expired","status":498}]}"#),
        ] {
            assert_eq!(refused(status, body), Error::Unauthorized, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_that_does_not_name_the_token_says_nothing_about_the_person() {
        for (status, body) in [
            (401, ""),
            (
                401,
                "<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>",
            ),
            (401, r#"{"errors":[]}"#),
            (401, r#"{"error":"Unauthorized","status":401}"#),
            (401, r#"{"errors":[{"code":1031,"message":"too many failed sign-ins","status":401}]}"#),
            (401, r#"{"errors":[{"message":"odd"}]}"#),
            (403, r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":403}]}"#),
            (422, r#"{"errors":[{"code":1008,"message":"Invalid token","status":422}]}"#),
            (
                400,
                r#"{"errors":[{"code":1000,"message":"X-Plex-Client-Identifier is missing","status":400}]}"#,
            ),
            (498, "<html>certificate required</html>"),
            (500, r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#),
            (429, r#"{"errors":[{"code":1001,"message":"x","status":401}]}"#),
            (302, ""),
            (404, ""),
            (410, r#"<Response code="410" status="This endpoint was deprecated and removed"/>"#),
        ] {
            let error = refused(status, body);
            assert!(!error.says_token_is_dead(), "{status} {body}: {error}");
            assert_ne!(error, Error::PinGone, "{status} {body}");
        }
    }

    #[test]
    fn a_pin_is_gone_only_when_plex_says_so() {
        let gone = r#"{"errors":[{"code":1020,"message":"Code not found or expired"}]}"#;
        assert_eq!(refused(404, gone), Error::PinGone);
        let gone = r#"<errors><error code="1020" message="Code not found or expired"/></errors>"#;
        assert_eq!(refused(404, gone), Error::PinGone);
        assert_eq!(refused(422, r#"{"errors":[{"code":1069,"message":"Code expired"}]}"#), Error::PinGone);
        let routing = r#"{"status":404,"error":"Not Found"}"#;
        assert_eq!(refused(404, routing), Error::unexpected(404, Oddity::Status));
    }

    #[test]
    fn trouble_at_plex_is_transient() {
        assert_eq!(refused(502, "<html>"), Error::unavailable(Outage::Status(502)));
        let limited = Answer { retry_after: Some(Duration::from_secs(9)), ..answer(429, None, "") };
        let error = limited.done().unwrap_err();
        assert!(error.is_transient());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
        assert!(!refused(410, "").is_transient());
        assert!(!refused(401, "").is_transient());
    }

    #[test]
    fn the_format_is_what_the_answer_says_and_else_what_it_looks_like() {
        let read = |content_type, body| answer(200, content_type, body).read(|_| Ok('j'), |_| Ok('x'));
        assert_eq!(read(Some("application/json; charset=utf-8"), "<"), Ok('j'));
        assert_eq!(read(Some("application/problem+json"), "<"), Ok('j'));
        assert_eq!(read(Some("Text/XML"), "{"), Ok('x'));
        assert_eq!(read(None, "  [1]"), Ok('j'));
        assert_eq!(read(None, "\n<pin/>"), Ok('x'));
        let odd = Err(Error::unexpected(200, Oddity::ContentType));
        assert_eq!(read(Some("text/html"), "{}"), odd);
        assert_eq!(read(Some("application/xhtml+xml"), "<html/>"), odd);
        assert_eq!(read(None, ""), odd);
    }
}
