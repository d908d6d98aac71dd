//! Things that go wrong on purpose.
//!
//! Owns: the kinds of fault, where and how often each strikes, and the faults that replace or spoil a whole answer.
//! Faults inside one endpoint (an empty list, a PIN that dies while polled) are asked for there with
//! [`Faults::strike`].

use std::time::Duration;

use http::header::{HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::body::Pace;
use crate::call::{Call, VirtualHost};
use crate::render::{Failure, Reply, Spoiling, http_date};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// The answer comes late.
    Delay {
        /// By this many milliseconds.
        millis: u64,
    },
    /// 429, code 1003.
    RateLimited {
        /// Seconds in `Retry-After`; absent when `None`.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// The same, with the moment in `Retry-After` in the place of seconds.
    RateLimitedUntil {
        /// So many seconds from now, by the clock in `Date` where that is right.
        seconds: u32,
    },
    /// 500 with an HTML page.
    ServerError,
    /// 502 with the same HTML page.
    BadGateway,
    /// The connection ends without an answer.
    Reset,
    /// The right status and headers, no body.
    EmptyBody,
    /// The first half of the body.
    TruncatedBody,
    /// XML although JSON was asked for.
    XmlForJson,
    /// Fields nobody has heard of, everywhere.
    UnknownFields,
    /// A PIN without `location`.
    MissingLocation,
    /// Every token of the owner is refused.
    OwnerTokenRevoked,
    /// Lists answer 200 and empty.
    EmptyLists,
    /// Lists answer 200 with only their first half.
    PartialLists,
    /// The times in PINs and the `Date` header are off; what expires when is not.
    ClockSkew {
        /// Seconds ahead; negative for behind.
        seconds: i64,
    },
    /// Any other answer, in the place of the right one.
    Answer {
        /// Its status; 500 for a number that is none.
        status: u16,
        /// Its `Content-Type`.
        media_type: String,
        /// Its body.
        body: String,
    },
    /// The right status and headers, and a body without end.
    Endless,
    /// The right answer, a byte at a time.
    Drip {
        /// Milliseconds between two bytes.
        millis: u64,
    },
    /// The polled PIN expires at that poll.
    PinExpiresMidPoll,
    /// A PIN is recorded as made from another address than the caller's.
    AddressMismatch {
        /// The address on record; an IPv6 documentation address when `None`.
        #[serde(default)]
        address: Option<std::net::IpAddr>,
    },
}

/// A fault, where it strikes, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only on paths that start so, as in `/api/v2/pins`. Without it: every API path, but not the sign-in page.
    #[serde(default)]
    pub path: Option<String>,
    /// Only on this host.
    #[serde(default)]
    pub host: Option<VirtualHost>,
    /// Only with this method, as in `POST`.
    #[serde(default)]
    pub method: Option<String>,
    /// Let this many go by first.
    #[serde(default)]
    pub after: u32,
    /// Strike this often, then be gone; `None` is until cleared.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Fault {
    /// This fault on every API path until cleared.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, path: None, host: None, method: None, after: 0, times: None }
    }

    /// Only on paths that start with `prefix`.
    #[must_use]
    pub fn on_path(mut self, prefix: &str) -> Self {
        self.path = Some(prefix.to_owned());
        self
    }

    /// Only on `host`.
    #[must_use]
    pub fn on_host(mut self, host: VirtualHost) -> Self {
        self.host = Some(host);
        self
    }

    /// Only for requests with `method`.
    #[must_use]
    pub fn on_method(mut self, method: &Method) -> Self {
        self.method = Some(method.to_string());
        self
    }

    /// Strike `times` times, then be gone.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Let `count` matching requests go by first.
    #[must_use]
    pub fn after(mut self, count: u32) -> Self {
        self.after = count;
        self
    }

    fn applies_to(&self, call: &Call) -> bool {
        let on_path = match &self.path {
            Some(prefix) => call.path.starts_with(prefix.as_str()),
            None => call.path.starts_with("/api") || call.path.starts_with("/users"),
        };
        on_path
            && self.host.is_none_or(|host| host == call.host())
            && self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(call.method.as_str()))
    }
}

/// All faults now set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn to_vec(&self) -> Vec<Fault> {
        self.0.clone()
    }

    /// The first fault of the wanted kind for this call. Counts as one strike.
    pub(crate) fn strike(&mut self, call: &Call, wanted: impl Fn(&FaultKind) -> bool) -> Option<FaultKind> {
        let position = self.0.iter().position(|fault| fault.applies_to(call) && wanted(&fault.kind))?;
        let fault = self.0.get_mut(position)?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let kind = fault.kind.clone();
        if let Some(left) = &mut fault.times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.0.remove(position);
            }
        }
        Some(kind)
    }

    fn struck(&mut self, call: &Call, kind: &FaultKind) -> bool {
        self.strike(call, |candidate| candidate == kind).is_some()
    }

    /// How long this call is held back.
    pub(crate) fn delay(&mut self, call: &Call) -> Option<Duration> {
        match self.strike(call, |kind| matches!(kind, FaultKind::Delay { .. }))? {
            FaultKind::Delay { millis } => Some(Duration::from_millis(millis)),
            _ => None,
        }
    }

    /// Seconds by which times shown to this call are off.
    pub(crate) fn clock_skew(&mut self, call: &Call) -> i64 {
        match self.strike(call, |kind| matches!(kind, FaultKind::ClockSkew { .. })) {
            Some(FaultKind::ClockSkew { seconds }) => seconds,
            _ => 0,
        }
    }

    pub(crate) fn reset(&mut self, call: &Call) -> bool {
        self.struck(call, &FaultKind::Reset)
    }

    /// An answer that replaces the endpoint's.
    pub(crate) fn replacement(&mut self, call: &Call, now: Timestamp) -> Option<Reply> {
        let replaces = |kind: &FaultKind| {
            matches!(
                kind,
                FaultKind::RateLimited { .. }
                    | FaultKind::RateLimitedUntil { .. }
                    | FaultKind::ServerError
                    | FaultKind::BadGateway
                    | FaultKind::Answer { .. }
            )
        };
        match self.strike(call, replaces)? {
            FaultKind::RateLimited { retry_after } => {
                let reply = Failure::RATE_LIMIT.reply(call.format);
                Some(match retry_after {
                    Some(seconds) => reply.header(RETRY_AFTER, HeaderValue::from(seconds)),
                    None => reply,
                })
            }
            FaultKind::RateLimitedUntil { seconds } => {
                let until = now.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(now);
                Some(Failure::RATE_LIMIT.reply(call.format).header(RETRY_AFTER, http_date(until)?))
            }
            FaultKind::ServerError => Some(Reply::server_trouble(StatusCode::INTERNAL_SERVER_ERROR)),
            FaultKind::BadGateway => Some(Reply::server_trouble(StatusCode::BAD_GATEWAY)),
            FaultKind::Answer { status, media_type, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(Reply::text(status, media_type, body))
            }
            _ => None,
        }
    }

    /// What happens to the answer on its way out.
    pub(crate) fn spoiling(&mut self, call: &Call) -> Spoiling {
        Spoiling {
            empty: self.struck(call, &FaultKind::EmptyBody),
            truncated: self.struck(call, &FaultKind::TruncatedBody),
            xml: self.struck(call, &FaultKind::XmlForJson),
            unknown_fields: self.struck(call, &FaultKind::UnknownFields),
            without_location: call.path.starts_with("/api/v2/pins")
                && self.struck(call, &FaultKind::MissingLocation),
        }
    }

    /// How the body goes out.
    pub(crate) fn pace(&mut self, call: &Call) -> Pace {
        match self.strike(call, |kind| matches!(kind, FaultKind::Endless | FaultKind::Drip { .. })) {
            Some(FaultKind::Endless) => Pace::Endless,
            Some(FaultKind::Drip { millis }) => Pace::Drip(Duration::from_millis(millis)),
            _ => Pace::Whole,
        }
    }

    /// What a list endpoint shows of its rows.
    pub(crate) fn shown<T>(&mut self, call: &Call, mut rows: Vec<T>) -> Vec<T> {
        if self.struck(call, &FaultKind::EmptyLists) {
            rows.clear();
        } else if self.struck(call, &FaultKind::PartialLists) {
            rows.truncate(rows.len() / 2);
        }
        rows
    }
}
