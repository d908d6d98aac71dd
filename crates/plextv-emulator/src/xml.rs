//! XML as plex.tv writes it.
//!
//! Owns: a small element tree, its text, and the rule that turns a v2 JSON document into the same document in XML:
//! scalars become attributes (booleans `0`/`1`, null empty), objects become children, lists become a wrapper with
//! one child per item.

use quick_xml::escape::escape;
use serde_json::Value;

/// One element.
#[derive(Debug, Clone, Default)]
pub(crate) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: Option<String>,
}

impl Element {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers pass numbers and text alike, unborrowed")]
    pub(crate) fn attribute(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        self.attribute(name, u8::from(value))
    }

    pub(crate) fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    pub(crate) fn document(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut out);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            out.push_str(&escape(value.as_str()));
            out.push('"');
        }
        if self.children.is_empty() && self.text.is_none() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        if let Some(text) = &self.text {
            out.push_str(&escape(text.as_str()));
        }
        for child in &self.children {
            child.write(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

/// The XML form of a v2 document.
pub(crate) fn from_json(name: &str, value: &Value) -> Element {
    let element = Element::new(name);
    match value {
        Value::Object(fields) => fields.iter().fold(element, |element, (key, field)| match field {
            Value::Object(_) | Value::Array(_) => element.child(from_json(key, field)),
            scalar => element.attribute(key, scalar_text(scalar)),
        }),
        Value::Array(items) => {
            let item_name = singular(name);
            element.children(items.iter().map(|item| match item {
                Value::Object(_) => from_json(&item_name, item),
                scalar => Element::new(&item_name).attribute("id", scalar_text(scalar)),
            }))
        }
        scalar => element.text(scalar_text(scalar)),
    }
}

fn scalar_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.strip_suffix('s').unwrap_or("item").to_owned(),
    }
}
