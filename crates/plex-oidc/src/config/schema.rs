//! Every key of the configuration: its name, its kind, its default and what it is for.
//!
//! This table is the only list of keys. The file is read by it, environment variables are matched with it, and the
//! reference page, the JSON schema and the example file are written from it.

mod clients;
mod gateway;
mod local;
mod mail;
mod people;
mod service;

use plex_oidc_core::time::Seconds;

/// One section of the file; the first one, without a name, is what stands before all sections.
#[derive(Debug)]
pub struct Section {
    /// Its dotted name, such as `plex.urls`.
    pub name: &'static str,
    /// Whether it may stand several times, as `[[name]]`.
    pub repeats: bool,
    /// What it is about.
    pub help: &'static str,
    /// Its keys, in the order of the documents.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name inside its section.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The value that holds without it, as text; lists with commas.
    pub default: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
    /// A value to show in documents where the default is not telling.
    pub example: &'static str,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text; the words say which.
    Text(&'static str),
    /// A list of texts (one text stands for a list of one); the words say of which.
    Texts(&'static str),
    /// A path; relative ones start at the folder of the configuration file.
    Path,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A length of time.
    Length {
        /// The shortest.
        min: Seconds,
        /// The longest.
        max: Seconds,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    SomeOf(&'static [&'static str]),
    /// A secret: as a variable only, never in the file.
    Secret,
}

const fn key(name: &'static str, kind: Kind, default: Option<&'static str>, help: &'static str) -> Key {
    Key { name, kind, default, help, example: "" }
}

const fn such_as(example: &'static str, key: Key) -> Key {
    Key { example, ..key }
}

const fn length(min: Seconds, max: Seconds) -> Kind {
    Kind::Length { min, max }
}

/// The longest life that any ID or access token can be given.
pub const LONGEST_TOKEN_LIFE: Seconds = Seconds::hours(24);

const TOKEN_LIFE: Kind = length(Seconds(60), LONGEST_TOKEN_LIFE);

/// The life of sessions, and of refresh tokens, which stand for somebody who is not there.
const SESSION_LIFE: Kind = length(Seconds::minutes(5), Seconds::days(365));

/// As the largest number of a key: none but that of the file format.
pub const UNBOUNDED: u64 = u64::MAX >> 1;

const PLEX_ACCOUNT: Kind = Kind::Number { min: 1, max: UNBOUNDED };

/// Who may: the entries of `allow` and `deny`.
const PEOPLE: Kind = Kind::Texts("groups, account ids or e-mail addresses");
/// Which of two Plex tokens an application is handed.
const PLEX_TOKEN: Kind = Kind::OneOf(&["account", "server"]);
const NEW_BROWSERS: Kind = Kind::OneOf(&["allow", "ask-host"]);

/// Every section, in the order of the documents.
pub const SECTIONS: &[Section] = &[
    service::TOP,
    people::PLEX,
    people::PLEX_SERVERS,
    people::PLEX_URLS,
    people::RULES,
    people::GROUPS,
    people::ADMIN,
    mail::MAIL,
    local::LOCAL,
    local::USERS,
    clients::CLIENTS,
    gateway::GATEWAY,
    gateway::APPS,
    gateway::APP_RULES,
    gateway::ACCESS_TEAMS,
    service::SESSION,
    service::TOKENS,
    service::LIMITS,
    service::OUTBOUND,
    service::KEYS,
    service::THEME,
    service::METRICS,
    service::LOG,
];

/// The prefix of every variable that stands for a key.
pub const VARIABLE_PREFIX: &str = "PLEX_OIDC__";

/// The section of this dotted name.
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// The dotted name of `name` inside `section`.
pub fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { [section, ".", name].concat() }
}

/// The section of the key at `path`, and the key's name.
pub fn split(path: &str) -> (&str, &str) {
    let dot = path.bytes().rposition(|byte| byte == b'.'); // asked some fifty times for each application
    dot.and_then(|dot| Some((path.get(..dot)?, path.get(dot + 1..)?))).unwrap_or(("", path))
}

/// The last part of `name`, if it is directly inside the section `outer`.
pub fn child(outer: &str, name: &'static str) -> Option<&'static str> {
    let rest = if outer.is_empty() { name } else { name.strip_prefix(outer)?.strip_prefix('.')? };
    (!rest.is_empty() && !rest.contains('.')).then_some(rest)
}

/// The key at a path such as `clients.0.id`, and its section.
pub fn find(path: &str) -> Option<(&'static Section, &'static Key)> {
    let (section, name) = match path.rsplit_once('.') {
        Some((at, name)) => (section_at(at)?, name),
        None => (section("")?, path),
    };
    let key = section.keys.iter().find(|key| key.name == name)?;
    Some((section, key))
}

/// The section at a place such as `apps.0.rules.1`: each part is a section inside the one before it, and a number follows
/// where there are several.
pub fn section_at(at: &str) -> Option<&'static Section> {
    let mut name = String::new();
    let mut found = None;
    let mut parts = at.split('.');
    while let Some(part) = parts.next().filter(|part| !part.is_empty()) {
        name = join(&name, part);
        let inner = section(&name)?;
        if inner.repeats {
            parts.next().filter(|index| is_index(index))?;
        }
        found = Some(inner);
    }
    found.filter(|_| !at.ends_with('.') && !at.contains(".."))
}

/// Where the first section of this kind stands: `apps.0.rules.0`, `plex.urls`.
pub fn first_place(section: &Section) -> String {
    let mut place = String::new();
    let mut name = String::new();
    for part in section.name.split('.') {
        name = join(&name, part);
        place = join(&place, part);
        if self::section(&name).is_some_and(|section| section.repeats) {
            place.push_str(".0");
        }
    }
    place
}

/// Whether a section stands inside one that may stand several times.
pub fn is_in_a_list(section: &Section) -> bool {
    let outer = section.name.rsplit_once('.').and_then(|(outer, _)| self::section(outer));
    outer.is_some_and(|outer| outer.repeats)
}

/// Whether a part of a path counts the sections of a list: `0`, `1`, …, without a leading zero.
pub fn is_index(part: &str) -> bool {
    part.parse::<u16>().is_ok_and(|number| number.to_string() == part)
}

/// The variable that stands for the key at `path`.
pub fn variable(path: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Place;
    use crate::config::reader;
    use crate::config::value;

    fn keys() -> impl Iterator<Item = (&'static Section, &'static Key)> {
        SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section, key)))
    }

    #[test]
    fn every_default_and_example_fits_its_kind() {
        let place = Place::File { file: "".into() };
        for (section, key) in keys() {
            for text in [key.default.unwrap_or(""), key.example].into_iter().filter(|text| !text.is_empty()) {
                let read = value::from_text(key.kind, text, &place);
                assert!(read.is_ok(), "{}.{}: {text}", section.name, key.name);
            }
            let shown = key.default.is_some_and(|text| !text.is_empty()) || !key.example.is_empty();
            assert!(
                shown || matches!(key.kind, Kind::Secret),
                "{}.{} has nothing to show",
                section.name,
                key.name
            );
        }
    }

    #[test]
    fn every_path_has_one_variable_and_leads_back_to_its_key() {
        for (section, key) in keys() {
            let path = join(&first_place(section), key.name);
            let (found, same) = find(&path).unwrap();
            assert_eq!((found.name, same.name), (section.name, key.name));
            assert_eq!(reader::default(&path).is_some(), key.default.is_some(), "{path}");
        }
        assert_eq!(variable("clients.0.redirect_uris"), "PLEX_OIDC__CLIENTS__0__REDIRECT_URIS");
        assert_eq!(variable("apps.0.rules.10.bypass"), "PLEX_OIDC__APPS__0__RULES__10__BYPASS");
        for wrong in [
            "clients.id",
            "clients.00.id",
            "clients.0",
            "session.0.idle",
            "plex.0.urls.app",
            "apps.rules.0.bypass",
            "apps.0.rules.bypass",
            "apps.0.0.rules.0.bypass",
            "apps.0.rules.0",
            "",
            ".",
            ".listen",
            "session..idle",
            ".session.idle",
        ] {
            assert!(find(wrong).is_none(), "{wrong}");
        }
    }
}
