//! The example file, written from the table of keys: what must be set is set, everything else stands as a comment.

use super::schema::{self, Key, Kind, Section};

const INTRODUCTION: &str = "\
# plex-oidc: every key, with its default. What has no # in front must be set.
#
# Every key can also be set as a variable: PLEX_OIDC__SESSION__IDLE=12h is `idle` in [session], and
# PLEX_OIDC__CLIENTS__0__NAME is `name` of the first [[clients]]. Lengths of time are \"90s\", \"15m\", \"12h\", \"30d\".
# Relative paths start at the folder of this file. Check the file with: plex-oidc check
";

/// Keys that the example sets.
const SET: [&str; 6] = [
    "public_url",
    "plex.server",
    "plex.owner_id",
    "clients.id",
    "clients.secret_file",
    "clients.redirect_uris",
];

/// The text of an example file. It loads without a problem where its secret file exists.
pub fn text() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in schema::SECTIONS {
        text.push('\n');
        comment(&mut text, section.help);
        header(&mut text, section);
        for key in section.keys.iter().filter(|key| !matches!(key.kind, Kind::Secret)) {
            text.push('\n');
            comment(&mut text, key.help);
            let set = SET.contains(&schema::join(section.name, key.name).as_str());
            let inactive = if set { "" } else { "# " };
            text.push_str(&format!("{inactive}{} = {}\n", key.name, shown(key)));
        }
    }
    text
}

fn header(text: &mut String, section: &Section) {
    match (section.name, section.repeats) {
        ("", _) => {}
        ("clients", true) => text.push_str("[[clients]]\n"),
        (name, true) => text.push_str(&format!("# [[{name}]]\n")),
        (name, false) => text.push_str(&format!("[{name}]\n")),
    }
}

/// The default of a key, or its example where it has none, as TOML.
fn shown(key: &Key) -> String {
    let text = key.default.filter(|text| !text.is_empty()).unwrap_or(key.example);
    literal(key.kind, text)
}

/// A text of the table of keys as a TOML value.
pub(super) fn literal(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Flag | Kind::Number { .. } => text.to_owned(),
        Kind::Texts(_) | Kind::SomeOf(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            format!("[{}]", parts.map(quoted).collect::<Vec<_>>().join(", "))
        }
        Kind::Text(_) | Kind::Path | Kind::Length { .. } | Kind::OneOf(_) | Kind::Secret => quoted(text),
    }
}

/// A text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// Appends `words` as comment lines of at most 100 characters.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
