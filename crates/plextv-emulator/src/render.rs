//! Answers and refusals, and how they become bytes.
//!
//! Owns: the JSON/XML choice, the error envelopes with their codes, and the ways a fault may spoil an answer. It
//! does not know what any document means.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::xml::{Element, from_json};

/// What a v2 endpoint answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Content {
    /// A v2 document: JSON or XML, as asked.
    Document {
        root: &'static str,
        value: Value,
    },
    /// JSON whatever was asked.
    Json(Value),
    /// XML whatever was asked (v1).
    Xml(Element),
    /// Anything else.
    Text {
        media_type: Cow<'static, str>,
        text: String,
    },
    Empty,
}

/// An answer before it is written.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content: Content,
}

impl Reply {
    pub(crate) fn document(root: &'static str, value: Value) -> Self {
        Self::new(StatusCode::OK, Content::Document { root, value })
    }

    pub(crate) fn xml(element: Element) -> Self {
        Self::new(StatusCode::OK, Content::Xml(element))
    }

    pub(crate) fn json(value: Value) -> Self {
        Self::new(StatusCode::OK, Content::Json(value))
    }

    pub(crate) fn text(
        status: StatusCode,
        media_type: impl Into<Cow<'static, str>>,
        text: impl Into<String>,
    ) -> Self {
        Self::new(status, Content::Text { media_type: media_type.into(), text: text.into() })
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, Content::Empty)
    }

    pub(crate) fn new(status: StatusCode, content: Content) -> Self {
        Self { status, headers: Vec::new(), content }
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A 5xx of plex.tv's front: an HTML page whatever was asked, and always the same words.
    pub(crate) fn server_trouble(status: StatusCode) -> Self {
        Self::text(
            status,
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html><head><title>We're sorry, but something went wrong (500)</title></head>\
             <body><h1>We're sorry, but something went wrong (500)</h1></body></html>\n",
        )
    }
}

/// A refusal of plex.tv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A v2 error with its code. `1020` alone is written without a `status`.
    V2 { status: StatusCode, code: u16, message: &'static str },
    /// A v1 error: XML, no code.
    V1 { status: StatusCode, message: &'static str },
    /// A JWT whose time is over: 498. The code that goes with it is not documented.
    Expired,
    /// An endpoint Plex took away.
    Gone,
    /// No such route.
    NoRoute,
}

impl Failure {
    pub(crate) const IDENTIFIER_MISSING: Self = Self::V2 {
        status: StatusCode::BAD_REQUEST,
        code: 1000,
        message: "X-Plex-Client-Identifier is missing",
    };
    pub(crate) const NOT_AUTHENTICATED: Self =
        Self::V2 { status: StatusCode::UNAUTHORIZED, code: 1001, message: "User could not be authenticated" };
    pub(crate) const RESOURCE_NOT_FOUND: Self =
        Self::V2 { status: StatusCode::NOT_FOUND, code: 1002, message: "Resource not found" };
    pub(crate) const RATE_LIMIT: Self =
        Self::V2 { status: StatusCode::TOO_MANY_REQUESTS, code: 1003, message: "API rate limit exceeded" };
    pub(crate) const MALFORMED: Self =
        Self::V2 { status: StatusCode::BAD_REQUEST, code: 1004, message: "Malformed request" };
    pub(crate) const UNPROCESSABLE: Self =
        Self::V2 { status: StatusCode::UNPROCESSABLE_ENTITY, code: 1008, message: "Unprocessable entity" };
    pub(crate) const JWK_MISSING: Self =
        Self::V2 { status: StatusCode::UNPROCESSABLE_ENTITY, code: 1097, message: "JWK not found" };
    pub(crate) const PIN_NOT_FOUND: Self =
        Self::V2 { status: StatusCode::NOT_FOUND, code: 1020, message: "Code not found or expired" };
    pub(crate) const HOME_PIN_REQUIRED: Self =
        Self::V2 { status: StatusCode::FORBIDDEN, code: 1041, message: "Invalid PIN" };
    pub(crate) const DEVICE_NOT_ALLOWED: Self =
        Self::V2 { status: StatusCode::FORBIDDEN, code: 1068, message: "Not available for this device" };
    pub(crate) const SIGN_IN: Self =
        Self::V1 { status: StatusCode::UNAUTHORIZED, message: "Please sign in." };
    pub(crate) const INVALID_TOKEN: Self =
        Self::V1 { status: StatusCode::UNPROCESSABLE_ENTITY, message: "Invalid token" };
    pub(crate) const V1_NOT_FOUND: Self = Self::V1 { status: StatusCode::NOT_FOUND, message: "Not Found" };

    pub(crate) fn reply(&self, format: Format) -> Reply {
        match self {
            Self::Expired => {
                let status = StatusCode::from_u16(498).expect("498 is a status code");
                Self::V2 { status, code: 1001, message: "Token has expired" }.reply(format)
            }
            Self::V2 { status, code, message } => {
                let content = match format {
                    Format::Json => Content::Json(json!({ "errors": [v2_error(*status, *code, message)] })),
                    Format::Xml => {
                        Content::Xml(from_json("errors", &json!([v2_error(*status, *code, message)])))
                    }
                };
                Reply::new(*status, content)
            }
            Self::V1 { status, message } => {
                let error = Element::new("error").text(*message);
                Reply::new(*status, Content::Xml(Element::new("errors").child(error)))
            }
            Self::Gone => {
                let sentence = "This endpoint was deprecated and removed";
                let content = match format {
                    Format::Json => Content::Json(json!({ "Response": { "code": 410, "status": sentence } })),
                    Format::Xml => Content::Xml(
                        Element::new("Response").attribute("code", 410).attribute("status", sentence),
                    ),
                };
                Reply::new(StatusCode::GONE, content)
            }
            Self::NoRoute => Reply::new(
                StatusCode::NOT_FOUND,
                Content::Json(json!({ "status": 404, "error": "Not Found" })),
            ),
        }
    }
}

fn v2_error(status: StatusCode, code: u16, message: &str) -> Value {
    if code == 1020 {
        json!({ "code": code, "message": message })
    } else {
        json!({ "code": code, "message": message, "status": status.as_u16() })
    }
}

/// How a fault spoils an answer on its way out.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "five independent ways to spoil one answer")]
pub(crate) struct Spoiling {
    pub(crate) empty: bool,
    pub(crate) truncated: bool,
    pub(crate) xml: bool,
    pub(crate) unknown_fields: bool,
    pub(crate) without_location: bool,
}

/// A moment as headers have it.
pub(crate) fn http_date(at: jiff::Timestamp) -> Option<HeaderValue> {
    HeaderValue::try_from(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// Writes an answer.
pub(crate) fn write(reply: Reply, format: Format, spoiling: Spoiling) -> Response<Full<Bytes>> {
    let format = if spoiling.xml { Format::Xml } else { format };
    let Some((media_type, text)) = body_text(reply.content, format, spoiling) else {
        return respond(reply.status, reply.headers, None, String::new());
    };
    let text = match (spoiling.empty, spoiling.truncated) {
        (true, _) => String::new(),
        (false, true) => text.chars().take(text.chars().count() / 2).collect(),
        (false, false) => text,
    };
    respond(reply.status, reply.headers, Some(media_type), text)
}

fn body_text(content: Content, format: Format, spoiling: Spoiling) -> Option<(Cow<'static, str>, String)> {
    const JSON: Cow<'static, str> = Cow::Borrowed("application/json; charset=utf-8");
    const XML: Cow<'static, str> = Cow::Borrowed("application/xml; charset=utf-8");
    match content {
        Content::Document { root, value } => {
            let value = spoil_document(value, spoiling);
            Some(match format {
                Format::Json => (JSON, value.to_string()),
                Format::Xml => (XML, from_json(root, &value).document()),
            })
        }
        Content::Json(value) => Some((JSON, spoil_document(value, spoiling).to_string())),
        Content::Xml(element) if spoiling.unknown_fields => Some((
            XML,
            element.attribute("emulatorUnknown", "1").child(Element::new("EmulatorUnknown")).document(),
        )),
        Content::Xml(element) => Some((XML, element.document())),
        Content::Text { media_type, text } => Some((media_type, text)),
        Content::Empty => None,
    }
}

fn spoil_document(mut value: Value, spoiling: Spoiling) -> Value {
    if spoiling.without_location
        && let Value::Object(fields) = &mut value
    {
        fields.remove("location");
    }
    if spoiling.unknown_fields {
        add_unknown_fields(&mut value);
    }
    value
}

fn add_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(add_unknown_fields);
            fields.insert("emulatorUnknown".to_owned(), json!({ "nested": [1, null, "text"] }));
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown_fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn respond(
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    media_type: Option<Cow<'static, str>>,
    text: String,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    if let Some(Ok(media_type)) = media_type.map(|text| HeaderValue::from_str(&text)) {
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
}
