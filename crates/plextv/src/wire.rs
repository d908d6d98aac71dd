//! Owns one exchange with plex.tv: the request that leaves, and the bytes that come back within their limits. Knows
//! nothing of what they mean.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use url::Url;
use zeroize::Zeroizing;

use crate::answer::{Answer, Format};
use crate::error::{Oddity, Outage};
use crate::parse::{MAX_BODY, MAX_LIST};
use crate::{Came, Error, Kind, Observer, PlexToken};

/// The longest that a caller waits, a second attempt included.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest wait that we let plex.tv ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// A request of ours. The token travels in a header only: addresses end up in logs.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) token: Option<&'a PlexToken>,
    pub(crate) format: Format,
    /// The most bytes of an answer that are read.
    pub(crate) most: usize,
}

impl<'a> Call<'a> {
    pub(crate) fn get(url: Url, token: &'a PlexToken) -> Self {
        Self { method: Method::GET, url, token: Some(token), format: Format::Json, most: MAX_BODY }
    }

    pub(crate) fn anonymous(method: Method, url: Url) -> Self {
        Self { method, url, token: None, format: Format::Json, most: MAX_BODY }
    }

    /// Takes an answer as long as an owner's list can be.
    pub(crate) fn long(self) -> Self {
        Self { most: MAX_LIST, ..self }
    }

    /// Asks for XML: what the oldest calls answer with, whatever is asked for.
    pub(crate) fn xml(self) -> Self {
        Self { format: Format::Xml, ..self }
    }
}

/// The way out: the client, and the headers that say who we are.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) http: reqwest::Client,
    pub(crate) identity: HeaderMap,
    /// Hears of each request.
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Wire {
    /// Makes the call and reads its answer. A read that found no connection, or lost it, is tried once more.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, Error> {
        let answer = tokio::time::timeout(LONGEST, self.attempt(&call)).await;
        answer.unwrap_or_else(|_| {
            self.observed(&call, Came::Silence);
            Err(Error::unavailable(Outage::TimedOut))
        })
    }

    fn observed(&self, call: &Call<'_>, came: Came) {
        if let Some(observer) = &self.observer {
            observer.asked(Kind::of_path(call.url.path()), came);
        }
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let first = self.exchange(call).await;
        match first {
            Err(Error::Unavailable {
                outage: Outage::Dns | Outage::Connect | Outage::Interrupted, ..
            }) if call.method == Method::GET => {
                tracing::debug!(path = call.url.path(), "no answer from plex.tv, asking once more");
                self.exchange(call).await
            }
            answer => answer,
        }
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let outcome = self.ask(call).await;
        self.observed(call, Came::of(&outcome));
        outcome
    }

    async fn ask(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let request = self.request(call)?;
        let response = request.send().await.map_err(|error| Error::unavailable(outage(&error)))?;
        let answer = receive(response, call.most).await?;
        tracing::debug!(path = call.url.path(), status = answer.status, "plex.tv answered");
        Ok(answer)
    }

    fn request(&self, call: &Call<'_>) -> Result<RequestBuilder, Error> {
        let request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .headers(self.identity.clone())
            .header(ACCEPT, call.format.mime());
        let Some(token) = call.token else { return Ok(request) };
        let mut value =
            HeaderValue::from_str(token.expose()).map_err(|_| Error::unexpected(0, Oddity::Address))?;
        // The HTTP library then leaves it out of its own log lines.
        value.set_sensitive(true);
        Ok(request.header("x-plex-token", value))
    }
}

async fn receive(response: Response, most: usize) -> Result<Answer, Error> {
    let status = response.status().as_u16();
    let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let format = header(CONTENT_TYPE).map(Format::of_content_type);
    let retry_after = header(RETRY_AFTER).and_then(|value| retry_after(value, header(DATE)));
    // What these say is in the status; their bodies are pages for people.
    let wordless = status == 429 || status >= 500;
    let body = if wordless { Zeroizing::default() } else { body(response, status, most).await? };
    Ok(Answer { status, format, retry_after, body })
}

async fn body(mut response: Response, status: u16, most: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut body = Zeroizing::new(Vec::with_capacity(announced.min(most)));
    loop {
        let chunk = response.chunk().await.map_err(|error| Error::unavailable(broken(&error)))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if chunk.len() > most.saturating_sub(body.len()) {
            return Err(Error::unexpected(status, Oddity::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
}

/// Reads `Retry-After` (RFC 9110 s. 10.2.3): seconds, or a moment. How far away that is says the `Date` of the same answer, for our
/// clock need not agree with Plex's; without one, the caller's own back-off serves. Deviation: the two obsolete spellings of a
/// moment are not read.
fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let seconds = value.trim().parse().ok().or_else(|| {
        let moment = |text: &str| DateTimeParser::new().parse_timestamp(text.trim()).ok();
        u64::try_from(moment(value)?.as_second() - moment(date?)?.as_second()).ok()
    })?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

fn broken(error: &reqwest::Error) -> Outage {
    if error.is_timeout() { Outage::TimedOut } else { Outage::Interrupted }
}

fn outage(error: &reqwest::Error) -> Outage {
    if error.is_timeout() {
        return Outage::TimedOut;
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(reason) = tls_reason(error) {
            return Outage::Tls(reason.to_string());
        }
        // The resolver's own type is private to the HTTP library; only its words are left.
        if error.to_string().contains("dns error") {
            return Outage::Dns;
        }
        cause = error.source();
    }
    if error.is_connect() { Outage::Connect } else { Outage::Interrupted }
}

/// The TLS library's reason, which I/O errors carry inside, one in the other, rather than as their source.
fn tls_reason<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    while let Some(inside) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        error = inside;
    }
    error.downcast_ref()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;

    struct NoNames;

    impl Resolve for NoNames {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { Err("no such name".into()) })
        }
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_told_apart() {
        let http = crate::http::builder(None, crate::Timeouts::default()).unwrap();
        let http = http.dns_resolver(Arc::new(NoNames)).build().unwrap();
        let error = http.get("https://plex.tv/").send().await.unwrap_err();
        assert_eq!(outage(&error), Outage::Dns);
    }

    #[test]
    fn req_175_a_request_can_be_printed_without_its_token() {
        let http = crate::http::build(None, crate::Timeouts::default()).unwrap();
        let wire = Wire { http, identity: HeaderMap::new(), observer: None };
        let token = PlexToken::parse("canary-plex-token-01").unwrap();
        let call = Call::get(Url::parse("https://plex.tv/api/v2/user").unwrap(), &token);
        let request = wire.request(&call).unwrap().build().unwrap();
        assert_eq!(request.headers()["x-plex-token"], "canary-plex-token-01");
        assert!(!format!("{request:?}").contains("canary"), "{request:?}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_moment_within_reason() {
        assert_eq!(retry_after(" 7 ", None), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("99999999", None), Some(MAX_RETRY_AFTER));
        for odd in ["-1", "", "7.5", "7s", "99999999999999999999999", "soon"] {
            assert_eq!(retry_after(odd, Some("Wed, 21 Oct 2026 07:28:00 GMT")), None, "{odd}");
        }
        let date = Some("Wed, 21 Oct 2026 07:27:00 GMT");
        let after = |value| retry_after(value, date);
        assert_eq!(after("Wed, 21 Oct 2026 07:28:00 GMT"), Some(Duration::from_mins(1)));
        assert_eq!(after("Wed, 21 Oct 2026 07:27:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("Fri, 01 Jan 2100 00:00:00 GMT"), Some(MAX_RETRY_AFTER));
        assert_eq!(after("Wed, 21 Oct 2026 07:26:59 GMT"), None, "over already");
        assert_eq!(after("Thu, 21 Oct 2026 07:28:00 GMT"), None, "there is no such day");
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT", None), None, "seen from nowhere");
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT", Some("today")), None);
    }
}
