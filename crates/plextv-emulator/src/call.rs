//! One request, taken apart.
//!
//! Owns: which of the three hosts is meant (by `Host` header or by path prefix), the path in segments, the format
//! asked for, and the `X-Plex-*` parameters from header or query. It does not decide what to answer.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::render::{Failure, Format};

/// One of the hosts the emulator plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VirtualHost {
    /// `plex.tv`: v1 and v2 API.
    #[serde(rename = "plex.tv")]
    PlexTv,
    /// `clients.plex.tv`: the same API.
    #[serde(rename = "clients.plex.tv")]
    Clients,
    /// `app.plex.tv`: the hosted sign-in page.
    #[serde(rename = "app.plex.tv")]
    App,
}

impl VirtualHost {
    /// The real host name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlexTv => "plex.tv",
            Self::Clients => "clients.plex.tv",
            Self::App => "app.plex.tv",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::PlexTv, Self::Clients, Self::App].into_iter().find(|host| host.name() == name)
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// `None` at the root of an address that is no Plex name: API and page are both served there.
    pub(crate) named_host: Option<VirtualHost>,
    /// The path prefix that named the host, `/app.plex.tv`; empty when there was none.
    pub(crate) prefix: String,
    /// The path after that prefix.
    pub(crate) path: String,
    pub(crate) segments: Vec<String>,
    pub(crate) format: Format,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: IpAddr,
}

impl Call {
    pub(crate) fn new(parts: Parts, body: Bytes, peer: IpAddr) -> Self {
        let full_path = parts.uri.path();
        let (named_host, prefix, path) = resolve_host(full_path, &parts.headers);
        let mut segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        let suffix = segments.last_mut().and_then(strip_format_suffix);
        let query =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Self {
            format: suffix.unwrap_or_else(|| accepted_format(&parts.headers)),
            method: parts.method,
            named_host,
            prefix: prefix.to_owned(),
            path: path.to_owned(),
            segments,
            query,
            headers: parts.headers,
            body,
            peer,
        }
    }

    /// The host this call is for; at the unnamed root the path decides.
    pub(crate) fn host(&self) -> VirtualHost {
        self.named_host.unwrap_or_else(|| {
            if self.path.starts_with("/auth") { VirtualHost::App } else { VirtualHost::PlexTv }
        })
    }

    pub(crate) fn serves_app(&self) -> bool {
        matches!(self.named_host, None | Some(VirtualHost::App))
    }

    pub(crate) fn serves_api(&self) -> bool {
        !matches!(self.named_host, Some(VirtualHost::App))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An `X-Plex-*` parameter: a header, or a query parameter of the same name.
    pub(crate) fn plex(&self, name: &str) -> Option<&str> {
        let from_query = || {
            self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        self.header(name).or_else(from_query).filter(|value| !value.is_empty())
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.plex("X-Plex-Token")
    }

    /// Every v2 call needs one.
    pub(crate) fn client_identifier(&self) -> Result<&str, Failure> {
        self.plex("X-Plex-Client-Identifier").ok_or(Failure::IDENTIFIER_MISSING)
    }

    /// A field of a form body, a JSON body or the query.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        if let Some(value) = self.query(name) {
            return Some(value.to_owned());
        }
        if let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(&self.body) {
            return match fields.get(name)? {
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
        }
        form_urlencoded::parse(&self.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

fn resolve_host<'a>(path: &'a str, headers: &HeaderMap) -> (Option<VirtualHost>, &'a str, &'a str) {
    let first = path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default();
    if let Some(host) = VirtualHost::named(first) {
        let (prefix, rest) = path.split_at_checked(first.len() + 1).unwrap_or((path, ""));
        return (Some(host), prefix, if rest.is_empty() { "/" } else { rest });
    }
    let authority = headers.get(http::header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = authority.split(':').next().unwrap_or_default();
    (VirtualHost::named(name), "", path)
}

fn strip_format_suffix(last: &mut String) -> Option<Format> {
    for (suffix, format) in [(".json", Format::Json), (".xml", Format::Xml)] {
        if let Some(stem) = last.strip_suffix(suffix) {
            *last = stem.to_owned();
            return Some(format);
        }
    }
    None
}

fn accepted_format(headers: &HeaderMap) -> Format {
    let wants_json = headers
        .get_all(http::header::ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|accept| accept.contains("application/json")));
    if wants_json { Format::Json } else { Format::Xml }
}
