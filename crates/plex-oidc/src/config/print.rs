//! The effective configuration as TOML: what the file and the variables say, and every default. No secret is in it.

use super::example::{literal, quoted};
use super::length;
use super::problem::Place;
use super::raw::{Document, Located, Value};
use super::schema::{self, Kind, Section};

/// Writes every section and key that has a value, and says where values that are not from the file come from.
pub(super) fn text(document: &Document) -> String {
    let mut text = String::new();
    for section in schema::SECTIONS.iter().filter(|section| !schema::is_in_a_list(section)) {
        if section.repeats {
            list_text(&mut text, document, section, section.name);
        } else {
            section_text(&mut text, document, section, section.name);
        }
    }
    text
}

/// Writes each section of a list, and what is inside it before the next one: TOML reads it so.
fn list_text(text: &mut String, document: &Document, section: &Section, list: &str) {
    for index in 0..document.count(list) {
        let at = format!("{list}.{index}");
        section_text(text, document, section, &at);
        for inner in schema::SECTIONS {
            if let Some(name) = schema::child(section.name, inner.name) {
                list_text(text, document, inner, &schema::join(&at, name));
            }
        }
    }
}

fn section_text(text: &mut String, document: &Document, section: &Section, at: &str) {
    if !section.name.is_empty() {
        let (open, close) = if section.repeats { ("[[", "]]") } else { ("[", "]") };
        text.push_str(&format!("\n{open}{}{close}\n", section.name));
    }
    for key in section.keys {
        let path = schema::join(at, key.name);
        let line = match (document.values.get(&path), key.kind, key.default) {
            (Some(located), Kind::Secret, _) => format!("# {} is set by {}", key.name, located.place),
            (Some(located), _, _) if document.preset.contains(&path) => {
                format!("{} = {} # from the preset", key.name, value(&located.value))
            }
            (Some(located), _, _) => format!("{} = {}{}", key.name, value(&located.value), origin(located)),
            (None, _, Some(default)) => format!("{} = {} # default", key.name, literal(key.kind, default)),
            (None, _, None) => continue,
        };
        text.push_str(&line);
        text.push('\n');
    }
}

fn origin(located: &Located<Value>) -> String {
    match &located.place {
        Place::Variable { name } => format!(" # from variable {name}"),
        Place::File { .. } | Place::Spot { .. } => String::new(),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Texts(texts) => {
            format!("[{}]", texts.iter().map(|text| quoted(&text.value)).collect::<Vec<_>>().join(", "))
        }
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Length(span) => quoted(&length::write(*span)),
    }
}
