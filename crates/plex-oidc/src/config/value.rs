//! One value: from TOML or from the text of a variable, checked against the kind of its key.

use std::ops::Range;

use plex_oidc_core::time::Seconds;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::length;
use super::problem::Place;
use super::raw::{Located, Value};
use super::schema::{Kind, UNBOUNDED};
use super::unknown::nearest;

/// Why a value cannot stand.
pub(crate) struct Refused {
    /// The part of the value that is wrong, if not all of it.
    pub(crate) span: Option<Range<usize>>,
    pub(crate) wrong: String,
    pub(crate) remedy: String,
}

fn refused(wrong: impl Into<String>, remedy: impl Into<String>) -> Refused {
    Refused { span: None, wrong: wrong.into(), remedy: remedy.into() }
}

/// What to write for a kind.
fn how_to(kind: Kind) -> String {
    match kind {
        Kind::Text(what) => format!("Write {what} in quotation marks."),
        Kind::Path => "Write a path in quotation marks.".to_owned(),
        Kind::Texts(what) => format!("Write a list of {what}: [\"one\", \"two\"]."),
        Kind::Flag => "Write true or false, without quotation marks.".to_owned(),
        Kind::Number { min, max } if max >= UNBOUNDED => {
            format!("Write a whole number from {min}, without quotation marks.")
        }
        Kind::Number { min, max } => {
            format!("Write a whole number from {min} to {max}, without quotation marks.")
        }
        Kind::Length { min, max } => format!(
            "Write a number and a unit in quotation marks, such as \"90s\", \"15m\", \"12h\" or \"30d\"; from {} to {}.",
            length::write(min),
            length::write(max),
        ),
        Kind::OneOf(words) => format!("Write one of: {}.", quoted(words)),
        Kind::SomeOf(words) => format!("Write a list of some of: {}.", quoted(words)),
        Kind::Secret => "Set it to the secret.".to_owned(),
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// Reads a value of the file.
pub(crate) fn from_toml(
    kind: Kind,
    value: &Spanned<DeValue<'_>>,
    spot: &dyn Fn(&Range<usize>) -> Place,
) -> Result<Value, Vec<Refused>> {
    match (kind, value.get_ref()) {
        (Kind::Text(_) | Kind::Path | Kind::OneOf(_) | Kind::Length { .. }, DeValue::String(text)) => {
            from_text(kind, text, &spot(&value.span()))
        }
        (Kind::Texts(_) | Kind::SomeOf(_), DeValue::String(text)) => {
            let place = spot(&value.span());
            list(kind, vec![(Located { value: text.to_string(), place }, value.span())])
        }
        (Kind::Texts(_) | Kind::SomeOf(_), DeValue::Array(items)) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => {
                    let place = spot(&item.span());
                    Ok((Located { value: text.to_string(), place }, item.span()))
                }
                _ => Err(vec![Refused {
                    span: Some(item.span()),
                    ..mistyped(Kind::Text("a text"), item.get_ref())
                }]),
            });
            list(kind, texts.collect::<Result<_, _>>()?)
        }
        (Kind::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
        (Kind::Number { min, max }, DeValue::Integer(integer)) => {
            number(kind, as_u64(integer), min, max).map_err(one)
        }
        (_, other) => Err(vec![mistyped(kind, other)]),
    }
}

fn as_u64(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn mistyped(kind: Kind, value: &DeValue<'_>) -> Refused {
    let is = match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    };
    let must = match kind {
        Kind::Text(what) => what,
        Kind::Path => "a path",
        Kind::Flag => "true or false",
        Kind::Number { .. } => "a whole number",
        Kind::Length { .. } => "a length of time",
        Kind::OneOf(_) => "a word in quotation marks",
        Kind::Texts(_) | Kind::SomeOf(_) => "a list of texts",
        Kind::Secret => "a secret",
    };
    refused(format!("must be {must}, not {is}"), how_to(kind))
}

fn one(refused: Refused) -> Vec<Refused> {
    vec![refused]
}

/// Reads the text of a variable, or a text of the file.
pub(crate) fn from_text(kind: Kind, text: &str, place: &Place) -> Result<Value, Vec<Refused>> {
    if text.trim().is_empty() {
        return Err(vec![refused("is empty", "Give it a value, or remove it.")]);
    }
    match kind {
        Kind::Text(_) | Kind::Path | Kind::Secret => Ok(Value::Text(text.to_owned())),
        Kind::Texts(_) | Kind::SomeOf(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let located = parts.map(|part| (Located { value: part.to_owned(), place: place.clone() }, 0..0));
            list(kind, located.collect())
                .map_err(|all| all.into_iter().map(|each| Refused { span: None, ..each }).collect())
        }
        Kind::Flag => text
            .parse()
            .map(Value::Flag)
            .map_err(|_| one(refused(format!("`{text}` is neither true nor false"), "Write true or false."))),
        Kind::Number { min, max } => number(kind, text.parse().ok(), min, max).map_err(one),
        Kind::Length { min, max } => span(text, min, max).map_err(one),
        Kind::OneOf(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
        Kind::OneOf(words) => {
            Err(one(refused(format!("`{text}` is not one of the choices"), choice(kind, text, words))))
        }
    }
}

fn number(kind: Kind, number: Option<u64>, min: u64, max: u64) -> Result<Value, Refused> {
    match number {
        Some(number) if (min..=max).contains(&number) => Ok(Value::Number(number)),
        Some(number) if number < min => Err(refused(format!("{number} is too small"), how_to(kind))),
        Some(number) => Err(refused(format!("{number} is too large"), how_to(kind))),
        None => Err(refused("is not a whole number in range", how_to(kind))),
    }
}

fn span(text: &str, min: Seconds, max: Seconds) -> Result<Value, Refused> {
    let (shortest, longest) = (length::write(min), length::write(max));
    let remedy =
        format!("Write a number and a unit, such as 90s, 15m, 12h or 30d; from {shortest} to {longest}.");
    match length::parse(text) {
        Some(span) if (min..=max).contains(&span) => Ok(Value::Length(span)),
        Some(span) if span < min => Err(refused(format!("`{text}` is too short"), remedy)),
        Some(_) => Err(refused(format!("`{text}` is too long"), remedy)),
        None => Err(refused(format!("`{text}` is not a length of time"), remedy)),
    }
}

fn list(kind: Kind, texts: Vec<(Located<String>, Range<usize>)>) -> Result<Value, Vec<Refused>> {
    let wrong = texts.iter().filter_map(|(text, span)| {
        let refused = match kind {
            _ if text.value.trim().is_empty() => {
                refused("an entry is empty", "Give it a value, or remove it.")
            }
            Kind::SomeOf(words) if !words.contains(&text.value.as_str()) => refused(
                format!("`{}` is not one of the choices", text.value),
                choice(kind, &text.value, words),
            ),
            _ => return None,
        };
        Some(Refused { span: Some(span.clone()), ..refused })
    });
    let wrong: Vec<Refused> = wrong.collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut exact = Vec::with_capacity(texts.len()); // not in the place of `texts`, which is larger: there may be thousands of lists
    exact.extend(texts.into_iter().map(|(text, _)| text));
    Ok(Value::Texts(exact))
}

fn choice(kind: Kind, text: &str, words: &[&'static str]) -> String {
    match nearest(text, words.iter().copied()) {
        Some(near) => format!("Did you mean \"{near}\"? {}", how_to(kind)),
        None => how_to(kind),
    }
}
