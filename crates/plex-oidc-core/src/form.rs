//! Parameters of a query or of a form body (`application/x-www-form-urlencoded`), with the rules of RFC 6749 s. 3.1
//! and s. 3.2: an empty value counts as absent, a parameter sent twice is an error, an unknown one is ignored.

use thiserror::Error;
use zeroize::Zeroize;

/// Most pairs in one request; more are refused unread.
pub const MAX_PAIRS: usize = 64;

/// The decoded pairs, in the order in which they came.
#[derive(Default)]
pub struct Parameters(Vec<(String, String)>);

/// More than [`MAX_PAIRS`] pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more than {MAX_PAIRS} parameters")]
pub struct TooManyPairs;

/// A parameter was sent more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the parameter {0} was sent more than once")]
pub struct Repeated(pub &'static str);

impl Parameters {
    /// Decodes a query or body. The caller has bounded its length.
    pub fn parse(text: &[u8]) -> Result<Self, TooManyPairs> {
        let mut pairs = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if pairs.len() == MAX_PAIRS {
                return Err(TooManyPairs);
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`; `None` if it is absent or empty.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(n, _)| n == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()))
    }

    /// Every value of a parameter that may come several times.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` was sent at all, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }
}

/// A form may hold client secrets, codes and tokens: they do not outlive it in memory.
impl Drop for Parameters {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_002_003_empty_is_absent_and_twice_is_an_error() {
        let parameters = Parameters::parse(b"a=1&b=&c=x+y%26&d=1&d=2&e=&e=5&foo=bar").unwrap();
        assert_eq!(parameters.get("a"), Ok(Some("1")));
        assert_eq!(parameters.get("b"), Ok(None));
        assert_eq!(parameters.get("c"), Ok(Some("x y&")));
        assert_eq!(parameters.get("d"), Err(Repeated("d")));
        assert_eq!(parameters.get("e"), Err(Repeated("e")));
        assert_eq!(parameters.get("missing"), Ok(None));
        assert!(parameters.has("b") && !parameters.has("missing"));
    }

    #[test]
    fn req_016_055_pairs_are_bounded() {
        let pairs = |count: usize| vec!["a=b"; count].join("&");
        assert!(Parameters::parse(pairs(MAX_PAIRS).as_bytes()).is_ok());
        assert!(Parameters::parse(pairs(MAX_PAIRS + 1).as_bytes()).is_err());
    }
}
