//! Resource indicators (RFC 8707): which API a token is for.
//!
//! They are compared as text with what the host wrote for a client, so what a request sends need not be parsed: it is one of
//! those or it is refused.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::form::Parameters;

/// Longest resource that can be registered, in bytes.
const MAX_LEN: usize = 512;

/// Resources, written in one order with a space between two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ResourceSet(BTreeSet<String>);

/// Somebody asked for a resource that they cannot have (RFC 8707 s. 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the resource is not one that this client may ask for")]
pub struct InvalidTarget;

/// Why a text cannot be registered as a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not an absolute address without a fragment, of at most {MAX_LEN} characters")]
pub struct NotAResource;

/// Reads one resource as the host wrote it: an absolute URI without a fragment (RFC 8707 s. 2).
pub fn register(text: &str) -> Result<String, NotAResource> {
    let plain = text.len() <= MAX_LEN && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if plain && Url::parse(text).is_ok() { Ok(text.to_owned()) } else { Err(NotAResource) }
}

impl ResourceSet {
    /// The set as it is stored.
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter(|resource| !resource.is_empty()).map(str::to_owned).collect()
    }

    /// What a request asks for, each of which must be `allowed`; nothing allowed means that nothing can be asked for.
    /// `resource` is the one parameter that may come several times.
    pub fn asked(parameters: &Parameters, allowed: &Self) -> Result<Self, InvalidTarget> {
        Self::sent(parameters).within(allowed)
    }

    /// What a request names, allowed or not.
    pub fn sent(parameters: &Parameters) -> Self {
        parameters.all("resource").filter(|resource| !resource.is_empty()).map(str::to_owned).collect()
    }

    /// This set, if it is part of `allowed`.
    pub fn within(self, allowed: &Self) -> Result<Self, InvalidTarget> {
        if self.0.is_subset(&allowed.0) { Ok(self) } else { Err(InvalidTarget) }
    }

    /// What is left of this set, once granted, when only `allowed` may be asked for now. `None` where nothing is left of
    /// something: what was for one API must not turn into what is for any.
    pub fn left_of(&self, allowed: &Self) -> Option<Self> {
        let left: Self = self.0.intersection(&allowed.0).cloned().collect();
        (self.is_empty() || !left.is_empty()).then_some(left)
    }

    /// This set narrowed to what is asked for; all of it where nothing is.
    pub fn narrowed(&self, asked: &Self) -> Result<Self, InvalidTarget> {
        if asked.is_empty() { Ok(self.clone()) } else { asked.clone().within(self) }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this resource is in the set.
    pub fn contains(&self, resource: &str) -> bool {
        self.0.contains(resource)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for ResourceSet {
    fn from_iter<I: IntoIterator<Item = String>>(resources: I) -> Self {
        Self(resources.into_iter().collect())
    }
}

impl From<String> for ResourceSet {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<ResourceSet> for String {
    fn from(set: ResourceSet) -> Self {
        set.to_string()
    }
}

impl fmt::Display for ResourceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, resource) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(resource)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ResourceSet {
        ResourceSet::parse(text)
    }

    #[test]
    fn req_108_a_resource_is_an_absolute_uri_without_fragment() {
        for good in [
            "https://api.example.com",
            "https://api.example.com/v1?a=b",
            "urn:example:api",
            "http://127.0.0.1:3000/mcp",
        ] {
            assert_eq!(register(good).as_deref(), Ok(good));
        }
        let long = format!("https://api.example.com/{}", "x".repeat(500));
        for bad in [
            "",
            "api",
            "/api",
            "//api.example.com",
            "https://api.example.com#a",
            "https://api.example.com/#",
            "https://a b.example",
            " https://api.example.com",
            "https://api.example.com\n",
            "https://\u{fc}.example",
            &long,
        ] {
            assert_eq!(register(bad), Err(NotAResource), "{bad:?}");
        }
    }

    #[test]
    fn req_108_only_what_is_allowed_and_only_narrower() {
        let allowed = set("https://a.example https://b.example");
        let asked = |form: &str| ResourceSet::asked(&Parameters::parse(form.as_bytes()).unwrap(), &allowed);
        assert_eq!(asked("x=y"), Ok(ResourceSet::default()));
        assert_eq!(asked("resource="), Ok(ResourceSet::default()));
        assert_eq!(asked("resource=https://b.example&resource=https://a.example"), Ok(allowed.clone()));
        for bad in [
            "https://a.example/",
            "https://A.example",
            "https://a.example https://b.example",
            "https://c.example",
            "*",
        ] {
            assert_eq!(asked(&format!("resource={bad}")), Err(InvalidTarget), "{bad}");
            assert_eq!(
                asked(&format!("resource=https://a.example&resource={bad}")),
                Err(InvalidTarget),
                "{bad}"
            );
        }
        let nothing = ResourceSet::default();
        assert!(
            ResourceSet::asked(&Parameters::parse(b"resource=https://a.example").unwrap(), &nothing).is_err()
        );
        assert_eq!(allowed.narrowed(&nothing), Ok(allowed.clone()));
        assert_eq!(allowed.narrowed(&set("https://a.example")), Ok(set("https://a.example")));
        assert_eq!(set("https://a.example").narrowed(&allowed), Err(InvalidTarget));
        assert_eq!(nothing.narrowed(&set("https://a.example")), Err(InvalidTarget), "a grant never grows");
    }

    #[test]
    fn req_108_what_is_taken_away_never_widens_a_token() {
        let allowed = set("https://a.example");
        assert_eq!(set("").left_of(&allowed), Some(set("")));
        assert_eq!(set("https://a.example https://b.example").left_of(&allowed), Some(allowed.clone()));
        assert_eq!(set("https://b.example").left_of(&allowed), None);
        assert_eq!(set("https://b.example").left_of(&set("")), None);
    }

    #[test]
    fn a_set_reads_back_as_it_was_written() {
        for text in ["", "https://a.example", "https://a.example urn:b"] {
            assert_eq!(set(text).to_string(), text);
        }
        assert_eq!(set("urn:b  urn:a urn:b").to_string(), "urn:a urn:b");
    }
}
