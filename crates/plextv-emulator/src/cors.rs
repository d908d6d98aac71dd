//! Calls from a browser's script.
//!
//! Owns: the preflight answer and the headers on every other answer: the origin is reflected and `Vary: Origin` sent,
//! as plex.tv does. With the switch off a browser refuses the answer, as some real deployments have seen.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;

use crate::call::Call;
use crate::render::Reply;

/// The answer to `OPTIONS *`.
pub(crate) fn preflight(call: &Call, enabled: bool) -> Reply {
    let reply = Reply::empty(StatusCode::NO_CONTENT);
    if !enabled {
        return reply;
    }
    let reply = reply
        .header(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE"))
        .header(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    match call.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        Some(asked) => reply.header(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone()),
        None => reply,
    }
}

/// Marks an answer as readable by the asking origin.
pub(crate) fn mark(response: &mut Response<Full<Bytes>>, request: &HeaderMap, enabled: bool) {
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = request.get(ORIGIN).filter(|_| enabled) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
}
