//! Why a request was not answered, as RFC 9457 says: what is wrong, and where.

use std::fmt::Display;

use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use plex_oidc_core::api::ApiScope;
use serde::Serialize;
use tracing::{error, warn};

use crate::flow::FlowError;
use crate::store::StoreError;
use crate::web::request::Unreadable;
use crate::web::respond::{Answer, json};

/// What can be wrong. The words are stable: programs read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// There is no token.
    NoToken,
    /// There is one, and it is good for nothing.
    BadToken,
    /// The `Authorization` header makes no sense.
    BadHeader,
    /// The token is not good for this.
    InsufficientScope,
    /// There is nothing at this path.
    NoSuchOperation,
    /// There is, for another method.
    WrongMethod,
    /// A parameter that this operation does not take, or one that came twice.
    UnknownParameter,
    /// The value of a parameter, or of a part of the path.
    BadParameter,
    /// A body where there is none.
    UnexpectedBody,
    /// The body is no JSON.
    WrongMediaType,
    /// The body is not what it should be.
    BadBody,
    /// The body is too large.
    BodyTooLarge,
    /// The body did not come in time.
    BodyTooSlow,
    /// There is no such thing; `where` says which.
    NotThere,
    /// Owners are not kept out.
    OwnerStays,
    /// There is no owner's token to ask Plex with.
    NoOwnerToken,
    /// A short time ago somebody did the same.
    TooSoon,
    /// Somebody else did the same at this moment.
    Changed,
    /// The database cannot be used now.
    Busy,
    /// Something broke on our side.
    Internal,
}

impl Code {
    /// Every one.
    pub const ALL: [Self; 20] = [
        Self::NoToken,
        Self::BadToken,
        Self::BadHeader,
        Self::InsufficientScope,
        Self::NoSuchOperation,
        Self::WrongMethod,
        Self::UnknownParameter,
        Self::BadParameter,
        Self::UnexpectedBody,
        Self::WrongMediaType,
        Self::BadBody,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::NotThere,
        Self::OwnerStays,
        Self::NoOwnerToken,
        Self::TooSoon,
        Self::Changed,
        Self::Busy,
        Self::Internal,
    ];

    /// Its word and its status.
    pub const fn word(self) -> (&'static str, StatusCode) {
        match self {
            Self::NoToken => ("no_token", StatusCode::UNAUTHORIZED),
            Self::BadToken => ("bad_token", StatusCode::UNAUTHORIZED),
            Self::BadHeader => ("bad_header", StatusCode::BAD_REQUEST),
            Self::InsufficientScope => ("insufficient_scope", StatusCode::FORBIDDEN),
            Self::NoSuchOperation => ("no_such_operation", StatusCode::NOT_FOUND),
            Self::WrongMethod => ("wrong_method", StatusCode::METHOD_NOT_ALLOWED),
            Self::UnknownParameter => ("unknown_parameter", StatusCode::BAD_REQUEST),
            Self::BadParameter => ("bad_parameter", StatusCode::BAD_REQUEST),
            Self::UnexpectedBody => ("unexpected_body", StatusCode::BAD_REQUEST),
            Self::WrongMediaType => ("wrong_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::BadBody => ("bad_body", StatusCode::BAD_REQUEST),
            Self::BodyTooLarge => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::BodyTooSlow => ("body_too_slow", StatusCode::REQUEST_TIMEOUT),
            Self::NotThere => ("not_there", StatusCode::NOT_FOUND),
            Self::OwnerStays => ("owner_stays", StatusCode::CONFLICT),
            Self::NoOwnerToken => ("no_owner_token", StatusCode::CONFLICT),
            Self::TooSoon => ("too_soon", StatusCode::TOO_MANY_REQUESTS),
            Self::Changed => ("changed", StatusCode::CONFLICT),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// Why a request was not answered.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    place: Option<String>,
    header: Option<(HeaderName, String)>,
}

/// The body that says so. `type` is `about:blank` (RFC 9457 s. 4.2.1): what it is stands in `code`.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    r#where: Option<&'a str>,
}

impl Problem {
    /// Something that is wrong.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), place: None, header: None }
    }

    /// Where it is wrong, such as `query page`.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    fn with(self, name: HeaderName, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    /// There is no token (RFC 6750 s. 3.1: then no more is said).
    pub fn no_token() -> Self {
        let detail = "this takes a token: Authorization: Bearer poz_…";
        Self::new(Code::NoToken, detail)
            .at("header Authorization")
            .with(WWW_AUTHENTICATE, "Bearer realm=\"plex-oidc\"")
    }

    /// A token that is none, or none any more.
    pub fn bad_token() -> Self {
        Self::new(Code::BadToken, "this token is good for nothing here: unknown, revoked or over")
            .at("header Authorization")
            .with(WWW_AUTHENTICATE, "Bearer realm=\"plex-oidc\", error=\"invalid_token\"")
    }

    /// A header from which two could read different tokens.
    pub fn bad_header(detail: &str) -> Self {
        Self::new(Code::BadHeader, detail)
            .at("header Authorization")
            .with(WWW_AUTHENTICATE, "Bearer realm=\"plex-oidc\", error=\"invalid_request\"")
    }

    /// A token that is not good for this.
    pub fn insufficient_scope(scope: ApiScope) -> Self {
        let name = scope.as_str();
        let challenge = format!("Bearer realm=\"plex-oidc\", error=\"insufficient_scope\", scope=\"{name}\"");
        Self::new(Code::InsufficientScope, format!("this takes a token with the scope {name}"))
            .at("header Authorization")
            .with(WWW_AUTHENTICATE, challenge)
    }

    /// A path for other methods.
    pub fn wrong_method(allowed: &[impl Display]) -> Self {
        let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
        let detail = format!("this path takes {}", allowed.join(" or "));
        Self::new(Code::WrongMethod, detail).with(ALLOW, allowed.join(", "))
    }

    /// A value that cannot be.
    pub fn bad_parameter(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::BadParameter, detail).at(place)
    }

    /// Something that is not there.
    pub fn not_there(place: &str, detail: &str) -> Self {
        Self::new(Code::NotThere, detail).at(place)
    }

    /// Too early, by so many seconds at most.
    pub fn too_soon(detail: &str, seconds: u32) -> Self {
        Self::new(Code::TooSoon, detail).with(RETRY_AFTER, seconds.to_string())
    }

    /// The answer that says so.
    pub fn answer(&self) -> Answer {
        let (code, status) = self.code.word();
        let body = Body {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail: &self.detail,
            r#where: self.place.as_deref(),
        };
        let mut answer = json(status, &body);
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = &self.header
            && let Ok(value) = HeaderValue::from_str(value)
        {
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        if let FlowError::Store(StoreError::Unavailable { .. } | StoreError::Busy) = &error {
            warn!(%error, "a request of the API has to wait");
            let detail = "the database cannot be used now; try again";
            return Self::new(Code::Busy, detail).with(RETRY_AFTER, "5");
        }
        error!(%error, "a request of the API could not be answered");
        Self::new(Code::Internal, "something broke on our side; the log says what")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        FlowError::from(error).into()
    }
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        let code = match unreadable {
            Unreadable::TooLarge => Code::BodyTooLarge,
            Unreadable::Interrupted => Code::BodyTooSlow,
            Unreadable::NotAForm | Unreadable::TooMany => Code::BadBody,
        };
        Self::new(code, unreadable.to_string()).at("body")
    }
}
