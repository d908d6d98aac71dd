//! The languages of the pages, and `t`, by which templates say a sentence in one of them.
//!
//! The sentences stand in `languages/*.toml`, one file for each language; `build.rs` turns them into tables. A sentence
//! that a language lacks is English. What is put into a sentence comes from strangers, and is escaped like everything
//! else on a page; so is the sentence itself.

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind, HtmlEscape, State};
use plex_oidc_core::language::{of_accept_language, of_ui_locales};

/// One language, as its file says.
#[derive(Debug)]
pub struct Language {
    tag: &'static str,
    name: &'static str,
    is_rtl: bool,
    /// The numbers that take `one`.
    one: &'static [u64],
    /// Key, message, key, message, and so on, sorted by key.
    text: &'static str,
    /// Where in the text a key and its message begin.
    index: &'static [(u32, u32)],
}

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

impl Language {
    /// What every other language falls back to.
    pub fn english() -> &'static Self {
        &ENGLISH
    }

    /// Every language's name as in `lang="..."` (RFC 5646), in the order of the alphabet.
    pub const fn tags() -> &'static [&'static str] {
        TAGS
    }

    /// The language of this name.
    pub fn of_tag(tag: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.tag == tag).copied()
    }

    /// The language that a client asks for.
    pub fn of_ui_locales(ui_locales: &str) -> Option<&'static Self> {
        of_ui_locales(ui_locales, Self::tags()).and_then(Self::of_tag)
    }

    /// The language that a browser asks for.
    pub fn of_accept_language(header: &str) -> Option<&'static Self> {
        of_accept_language(header, Self::tags()).and_then(Self::of_tag)
    }

    /// Its name as in `lang="..."`.
    pub const fn tag(&self) -> &'static str {
        self.tag
    }

    /// What it calls itself.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The direction of its script, as in `dir="..."`.
    pub const fn direction(&self) -> &'static str {
        if self.is_rtl { "rtl" } else { "ltr" }
    }

    /// A sentence as plain text, for where there is no page. `None`: there is none of this name, or a value is missing.
    pub fn plain(&'static self, key: &str, values: &[(&str, String)]) -> Option<String> {
        let mut rest = self.message(key).or_else(|| ENGLISH.message(key))?;
        let mut said = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            said.push_str(before);
            said.push_str(value);
            rest = after;
        }
        said.push_str(rest);
        Some(said)
    }

    fn message(&self, key: &str) -> Option<&'static str> {
        let key_at = |&(start, end): &(u32, u32)| self.part(start, Some(end));
        let at = self.index.binary_search_by_key(&Some(key), key_at).ok()?;
        let end = self.index.get(at.saturating_add(1)).map(|(next, _)| *next);
        self.index.get(at).and_then(|(_, start)| self.part(*start, end))
    }

    /// A part of the text, to its end if none is given.
    fn part(&self, start: u32, end: Option<u32>) -> Option<&'static str> {
        let end = end.map_or(Some(self.text.len()), |end| usize::try_from(end).ok())?;
        self.text.get(usize::try_from(start).ok()?..end)
    }

    /// The sentence, with the right form for this number.
    fn sentence(&self, key: &str, count: Option<u64>) -> Option<&'static str> {
        let counted = count.and_then(|count| {
            let form = if self.one.contains(&count) { "one" } else { "other" };
            self.message(&format!("{key}.{form}"))
        });
        counted.or_else(|| self.message(key))
    }
}

/// `t`, for one page: `{{ t("sign_in.heading", app=page.client_name) }}`.
#[derive(Debug)]
pub(super) struct Translator(pub(super) &'static Language);

impl Object for Translator {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        let (what, values): (Value, Kwargs) = from_args(arguments)?;
        // A page may hold the name of a sentence, or a name together with a number.
        let named = what.as_str().map(str::to_owned);
        let key = match &named {
            Some(key) => key.clone(),
            None => what.get_attr("key")?.as_str().map(str::to_owned).unwrap_or_default(),
        };
        let value_of = |name: &str| match values.peek::<Value>(name) {
            Ok(value) => Some(value),
            Err(_) if named.is_none() => what.get_attr(name).ok(),
            Err(_) => None,
        };
        self.say(&key, value_of).map(Value::from_safe_string)
    }
}

impl Translator {
    fn say(&self, key: &str, value_of: impl Fn(&str) -> Option<Value>) -> Result<String, Error> {
        let count = value_of("count").and_then(|count| u64::try_from(count).ok());
        let in_english = || ENGLISH.sentence(key, count);
        let mut rest = self
            .0
            .sentence(key, count)
            .or_else(in_english)
            .ok_or_else(|| wrong(format!("there is no sentence named {key:?}")))?;
        let mut said = String::with_capacity(rest.len() + 32);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| wrong(format!("{key:?} has no end of \"{{\"")))?;
            let value = value_of(name).filter(|value| !value.is_undefined() && !value.is_none());
            let value = value.ok_or_else(|| wrong(format!("{key:?} needs a value for {name:?}")))?;
            let _ = write!(said, "{}", HtmlEscape(before)); // a String takes everything
            self.put(&mut said, &value);
            rest = after;
        }
        let _ = write!(said, "{}", HtmlEscape(rest));
        Ok(said)
    }

    /// Puts a value into a sentence: as text, unless it is what `strong`, `code`, `link` or `t` made. A name may be in
    /// another script than the sentence; marks keep the two from being mixed up (Unicode Standard Annex 9 s. 2.4).
    fn put(&self, said: &mut String, value: &Value) {
        let isolate = self.0.is_rtl.then_some(('\u{2068}', '\u{2069}'));
        said.extend(isolate.map(|(start, _)| start));
        said.push_str(&escaped(value));
        said.extend(isolate.map(|(_, end)| end));
    }
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// The value as HTML.
fn escaped(value: &Value) -> String {
    if value.is_safe() { value.to_string() } else { HtmlEscape(&value.to_string()).to_string() }
}

/// `strong("text", "class")`: an important piece of a sentence.
pub(super) fn strong(text: &Value, class: Option<&str>) -> Value {
    let class = class.map(|class| format!(" class=\"{}\"", HtmlEscape(class))).unwrap_or_default();
    Value::from_safe_string(format!("<strong{class}>{}</strong>", escaped(text)))
}

/// `code("text")`: a piece that a computer reads.
pub(super) fn code(text: &Value) -> Value {
    Value::from_safe_string(format!("<code>{}</code>", escaped(text)))
}

/// `link("https://...", "text")`: a way to another site, in a window of its own.
pub(super) fn link(address: &str, text: &Value) -> Result<Value, Error> {
    if text.kind() == ValueKind::Undefined || !address.starts_with("https://") {
        return Err(wrong(format!("{address:?} is no https address")));
    }
    let (address, text) = (HtmlEscape(address), escaped(text));
    let link = format!("<a href=\"{address}\" target=\"_blank\" rel=\"noreferrer\">{text}</a>");
    Ok(Value::from_safe_string(link))
}

#[cfg(test)]
mod tests;
