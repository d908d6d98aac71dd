//! The request log.
//!
//! Owns: what is remembered of each request, so that a test can assert that a token never travelled in a URL, that
//! the client identifier was always sent and never changed, and how often a PIN was polled. Calls of the control API
//! are not logged.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

use crate::call::{Call, VirtualHost};

const CAPACITY: usize = 50_000;

/// One request as the emulator saw it.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The host that was meant.
    pub host: VirtualHost,
    /// The path on that host, without a prefix such as `/clients.plex.tv` and without the query.
    pub path: String,
    /// Names of the query parameters. `X-Plex-Token` among them is a leak.
    pub query_keys: Vec<String>,
    /// The `X-Plex-*` headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The client identifier, from the header or the query.
    pub client_identifier: Option<String>,
    /// The `Origin` header: set when a browser's script made the call.
    pub origin: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The status answered; 0 when the connection was reset instead.
    pub status: u16,
    /// When, by the emulator's clock.
    pub at: Timestamp,
    /// Milliseconds since the emulator started, unmoved by its clock: use this for rates.
    pub elapsed_ms: u64,
}

impl LoggedRequest {
    /// Whether a token travelled in the URL, where proxies and logs keep it.
    pub fn has_token_in_url(&self) -> bool {
        self.query_keys.iter().any(|key| key.eq_ignore_ascii_case("X-Plex-Token"))
    }

    pub(crate) fn of(call: &Call, at: Timestamp, elapsed_ms: u64) -> Self {
        let headers = call
            .headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("x-plex-"))
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        Self {
            method: call.method.to_string(),
            host: call.host(),
            path: call.path.clone(),
            query_keys: call.query.iter().map(|(key, _)| key.clone()).collect(),
            headers,
            client_identifier: call.plex("X-Plex-Client-Identifier").map(str::to_owned),
            origin: call.header("origin").map(str::to_owned),
            user_agent: call.header("user-agent").map(str::to_owned),
            status: 0,
            at,
            elapsed_ms,
        }
    }
}

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(VecDeque<LoggedRequest>);

impl RequestLog {
    pub(crate) fn push(&mut self, request: LoggedRequest) {
        if self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(request);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn to_vec(&self) -> Vec<LoggedRequest> {
        self.0.iter().cloned().collect()
    }
}
