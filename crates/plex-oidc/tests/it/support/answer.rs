//! One answer of the program, and how to read our pages.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::Value;
use url::Url;

use super::setup::ISSUER;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// What was asked for: path and query.
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A form on one of our pages.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// Where a browser landed at a relying party.
#[derive(Debug, Clone)]
pub(crate) struct Landing {
    pub(crate) url: Url,
    /// The query, or the form that was posted, each name once.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Whether it came with a form.
    pub(crate) posted: bool,
}

impl Landing {
    fn at(url: Url) -> Self {
        let mut parameters = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            let twice = parameters.insert(name.to_string(), value.to_string());
            assert!(twice.is_none(), "{name} stands twice in {url}");
        }
        Self { url, parameters, posted: false }
    }

    fn with(form: Form) -> Self {
        let mut parameters = BTreeMap::new();
        for (name, value) in form.fields {
            let twice = parameters.insert(name.clone(), value);
            assert!(twice.is_none(), "{name} stands twice in the form");
        }
        Self { url: Url::parse(&form.action).expect("an address"), parameters, posted: true }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The authorization code.
    pub(crate) fn code(&self) -> &str {
        self.get("code").unwrap_or_else(|| panic!("no code in {}", self.url))
    }

    /// The error.
    pub(crate) fn error(&self) -> &str {
        self.get("error").unwrap_or_else(|| panic!("no error in {}", self.url))
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// The `Location` of a 303.
    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// All `Set-Cookie` values.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The same answer, if its status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {:?}: {}", self.url, self.headers, self.body);
        self
    }

    /// Where a 303, or the page that goes on by itself, sends us on our own host.
    pub(super) fn own_redirect(&self) -> Option<String> {
        let location = self.goes_on()?;
        let path = location.strip_prefix(ISSUER).unwrap_or(&location);
        path.starts_with('/').then(|| path.to_owned())
    }

    fn goes_on(&self) -> Option<String> {
        match self.status {
            303 => self.location().map(str::to_owned),
            200 => self.onward(),
            _ => None,
        }
    }

    /// Where this answer sends the browser to another site: by a redirect, or by a page that goes on or posts its form by
    /// itself.
    #[track_caller]
    pub(crate) fn leaves(&self) -> Landing {
        if let Some(form) = self.self_posting() {
            return Landing::with(form);
        }
        let url = self.goes_on().filter(|url| !url.starts_with('/') && !url.starts_with(ISSUER));
        let url = url.unwrap_or_else(|| panic!("{} does not lead elsewhere: {}", self.url, self.summary()));
        Landing::at(Url::parse(&url).expect("an address"))
    }

    /// Whether this answer sends the browser to another site.
    pub(crate) fn stays(&self) -> bool {
        self.location().is_none() && self.onward().is_none() && self.self_posting().is_none()
    }

    fn self_posting(&self) -> Option<Form> {
        self.body.contains("/form-post.js\"></script>").then(|| self.forms().remove(0))
    }

    fn onward(&self) -> Option<String> {
        let (_, rest) = self.body.split_once("<meta http-equiv=\"refresh\" content=\"0; url=")?;
        Some(unescape(rest.split_once('"')?.0))
    }

    /// The first heading.
    pub(crate) fn heading(&self) -> String {
        let inside = between(&self.body, "<h1", "</h1>").unwrap_or("");
        unescape(inside.split_once('>').map_or("", |(_, text)| text)).trim().to_owned()
    }

    /// The text of the page, without tags.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for part in self.body.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
            text.push(' ');
        }
        unescape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn summary(&self) -> String {
        format!("{} {:?} {}", self.status, self.headers, self.text())
    }

    /// The forms of the page, in their order.
    pub(crate) fn forms(&self) -> Vec<Form> {
        self.body.split("<form").skip(1).map(form).collect()
    }

    /// The form whose action ends so, as in `form("/cancel")`.
    #[track_caller]
    pub(crate) fn form(&self, action: &str) -> Form {
        let found = self.forms().into_iter().find(|form| form.action.ends_with(action));
        found.unwrap_or_else(|| panic!("no form {action} on {}: {}", self.url, self.summary()))
    }

    /// A `data-…` attribute of the page's main element, which our script reads.
    #[track_caller]
    pub(crate) fn data(&self, name: &str) -> String {
        let main = between(&self.body, "<main", ">").unwrap_or("");
        attribute(main, &format!("data-{name}"))
            .unwrap_or_else(|| panic!("no data-{name} on {}: {}", self.url, self.summary()))
    }

    /// The name of the sign-in attempt that this page belongs to.
    #[track_caller]
    pub(crate) fn attempt(&self) -> String {
        let path = self.url.strip_prefix(ISSUER).unwrap_or(&self.url);
        let of_page = path.strip_prefix("/sign-in/").and_then(|rest| rest.split(['/', '?']).next());
        of_page.unwrap_or_else(|| panic!("{} is not a page of an attempt", self.url)).to_owned()
    }
}

fn form(text: &str) -> Form {
    let inside = text.split("</form>").next().unwrap_or("");
    let action = attribute(inside, "action").unwrap_or_default();
    let fields = inside
        .split("<input")
        .skip(1)
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())));
    Form { action, fields: fields.collect() }
}

fn attribute(text: &str, name: &str) -> Option<String> {
    between(text, &format!(" {name}=\""), "\"").map(unescape)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

fn unescape(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
