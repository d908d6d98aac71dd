//! The names of the headers that applications are told things in, ready to be sent.

use foldhash::HashMap;
use http::HeaderName;

/// Names as the configuration spells them, read once: each request of a proxy is answered with several. Those of claims of
/// Cloudflare Access are not among them.
#[derive(Debug, Default)]
pub struct HeaderNames(HashMap<String, HeaderName>);

impl HeaderNames {
    /// What to send for a name; `None` if it is not one of a header.
    pub fn ready(&self, name: &str) -> Option<HeaderName> {
        self.0.get(name).cloned().or_else(|| HeaderName::try_from(name).ok())
    }
}

impl<'n> FromIterator<&'n str> for HeaderNames {
    fn from_iter<I: IntoIterator<Item = &'n str>>(names: I) -> Self {
        let read = |name: &str| Some((name.to_owned(), HeaderName::try_from(name).ok()?));
        Self(names.into_iter().filter_map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_sent_in_lower_case_whether_or_not_it_was_read_before() {
        let names: HeaderNames = ["Remote-User", "not a name"].into_iter().collect();
        assert_eq!(names.0.len(), 1);
        for (name, sent) in
            [("Remote-User", Some("remote-user")), ("X-Other", Some("x-other")), ("not a name", None)]
        {
            assert_eq!(names.ready(name).as_ref().map(HeaderName::as_str), sent, "{name}");
        }
    }
}
