//! The headers that every answer has, whoever gives it: the router, or the connection that refuses a request unread.

use http::HeaderMap;
use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Requirement 126. A handler's own value stays.
pub fn add_security_headers(headers: &mut HeaderMap, https: bool) {
    const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
    let fixed = [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not "no-referrer": browsers then send "Origin: null" with our own forms.
        (REFERRER_POLICY, "same-origin"),
        (PERMISSIONS, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        let value = HeaderValue::from_static("max-age=63072000");
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
}
