//! The reference page and the JSON schema, both written from the table of keys.

use serde_json::{Map, Value, json};

use super::example::literal;
use super::length;
use super::schema::{self, Key, Kind, Section, UNBOUNDED};

const INTRODUCTION: &str = "\
# Configuration

Generated from the code: do not edit. `plex-oidc example-config` prints a file with every key,
`plex-oidc check` says everything that is wrong with yours, and `plex-oidc print-config` shows what holds in the end.

- One TOML file. Unknown keys are refused.
- Every key is also a variable: `PLEX_OIDC__SESSION__IDLE` is `idle` in `[session]`, `PLEX_OIDC__CLIENTS__0__NAME` is
  `name` of the first `[[clients]]`, `PLEX_OIDC__APPS__0__RULES__1__BYPASS` is `bypass` of the second rule of the first
  application. A variable wins over the file. Lists are written with commas. An empty variable is refused.
- Secrets never stand in the file. Name a file that holds the secret (`secret_file`, `owner_token_file`), or set
  the variable without `_FILE`.
- Relative paths start at the folder of the configuration file.
- A length of time is a whole number and a unit: `90s`, `15m`, `12h`, `30d`.
- A running service notices within seconds that the file, or a file that it names, has changed; SIGHUP makes it look at
  once. A new configuration is used whole or not at all: if something in it is wrong, the log says what, and the one
  before it holds. `listen`, `data_dir`, `[keys]`, `[log]` and the limits of connections wait for a restart, files in
  `theme.override_dir` for SIGHUP.
- The file is `plex-oidc.toml` in the current folder, or what `--config` or the variable `PLEX_OIDC_CONFIG` names.
";

/// The page `docs/reference/config.md`.
pub fn page() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in schema::SECTIONS {
        text.push_str(&format!("\n## {}\n\n{}\n\n", title(section), section.help));
        text.push_str("| key | takes | default | meaning |\n|---|---|---|---|\n");
        for key in section.keys {
            let name = if matches!(key.kind, Kind::Secret) { "(variable only) " } else { "" };
            let default =
                key.default.map_or_else(String::new, |text| format!("`{}`", literal(key.kind, text)));
            text.push_str(&format!(
                "| {name}`{}` | {} | {default} | {} |\n",
                key.name,
                takes(key.kind),
                help(key)
            ));
        }
    }
    text
}

fn title(section: &Section) -> String {
    match (section.name, section.repeats) {
        ("", _) => "Top of the file".to_owned(),
        (name, true) => format!("`[[{name}]]`"),
        (name, false) => format!("`[{name}]`"),
    }
}

fn help(key: &Key) -> String {
    if key.example.is_empty() {
        return key.help.to_owned();
    }
    format!("{} Such as `{}`.", key.help, literal(key.kind, key.example))
}

fn takes(kind: Kind) -> String {
    let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match kind {
        Kind::Text(what) => what.to_owned(),
        Kind::Texts(what) => format!("a list of {what}"),
        Kind::Path => "a path".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Number { min, max } if max >= UNBOUNDED => format!("a number from {min}"),
        Kind::Number { min, max } => format!("a number from {min} to {max}"),
        Kind::Length { min, max } => format!("{} to {}", length::write(min), length::write(max)),
        Kind::OneOf(choices) => format!("one of {}", words(choices)),
        Kind::SomeOf(choices) => format!("a list of {}", words(choices)),
        Kind::Secret => "a secret".to_owned(),
    }
}

/// The schema `docs/reference/config.schema.json` (JSON Schema 2020-12), for editors.
pub fn json_schema() -> Value {
    let mut top = object("");
    if let Value::Object(members) = &mut top {
        members.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        members.insert("title".to_owned(), json!("plex-oidc configuration"));
    }
    top
}

fn object(name: &str) -> Value {
    let Some(section) = schema::section(name) else { return Value::Null };
    let keys = section.keys.iter().filter(|key| !matches!(key.kind, Kind::Secret));
    let mut properties: Map<String, Value> = keys.map(|key| (key.name.to_owned(), property(key))).collect();
    for inner in schema::SECTIONS {
        if let Some(rest) = schema::child(name, inner.name) {
            let object = object(inner.name);
            let member = if inner.repeats { json!({ "type": "array", "items": object }) } else { object };
            properties.insert(rest.to_owned(), member);
        }
    }
    json!({
        "type": "object",
        "description": section.help,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut shape = match key.kind {
        Kind::Text(_) | Kind::Path | Kind::Secret => json!({ "type": "string", "minLength": 1 }),
        Kind::Texts(_) => {
            let one = json!({ "type": "string", "minLength": 1 });
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Length { .. } => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        Kind::OneOf(words) => json!({ "enum": words }),
        Kind::SomeOf(words) => {
            let one = json!({ "enum": words });
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
    };
    if let Value::Object(members) = &mut shape {
        members.insert("description".to_owned(), json!(key.help));
        if let Some(default) = key.default {
            members.insert("default".to_owned(), default_value(key.kind, default));
        }
    }
    shape
}

fn default_value(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Flag => json!(text == "true"),
        Kind::Number { .. } => text.parse::<u64>().map_or(Value::Null, |number| json!(number)),
        Kind::Texts(_) | Kind::SomeOf(_) => {
            json!(text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>())
        }
        Kind::Text(_) | Kind::Path | Kind::Length { .. } | Kind::OneOf(_) | Kind::Secret => json!(text),
    }
}
