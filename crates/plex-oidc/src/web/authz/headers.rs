//! HTTP headers as the core reads them.

use http::{HeaderMap, HeaderName};
use plex_oidc_core::gateway::HeaderSource;
use plex_oidc_core::gateway::family::Header;

/// The headers of a subrequest.
pub(super) struct HeadersOf<'h>(pub(super) &'h HeaderMap);

impl HeaderSource for HeadersOf<'_> {
    fn value(&self, name: &'static str) -> Header<'_> {
        // Written in lower case in the core, so nothing has to be brought into it.
        let mut values = self.0.get_all(HeaderName::from_static(name)).iter();
        match (values.next(), values.next()) {
            (None, _) => Header::Absent,
            // `to_str` takes visible ASCII and tabs; a tab is in no value that we look at.
            (Some(value), None) => match value.to_str() {
                Ok(text) if !text.contains('\t') => Header::One(text),
                Ok(_) | Err(_) => Header::Unclear,
            },
            (Some(_), Some(_)) => Header::Unclear,
        }
    }
}
