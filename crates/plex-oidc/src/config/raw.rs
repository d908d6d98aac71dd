//! Reading the file and the environment into one flat document, by the table of keys.
//!
//! Only this module knows what the file looks like. It finds what has the wrong shape (unknown keys, wrong types,
//! values out of range); what values *mean* is for [`super::build`].

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use plex_oidc_core::time::Seconds;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::pieces::{Piece, Pieces, only, toml};
use super::problem::{Place, Problem};
use super::schema::{self, Key, Section, VARIABLE_PREFIX};
use super::unknown::{unknown, unknown_variable};
use super::value;
use super::values::Values;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// What a key was set to; its variant fits the key's kind.
#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Texts(Vec<Located<String>>),
    Flag(bool),
    Number(u64),
    Length(Seconds),
}

/// What the file and the environment say, key by key.
pub(crate) struct Document {
    /// The name of the file, as it was given to us.
    pub(crate) file: Arc<str>,
    /// The values. A variable has replaced the file's value.
    pub(crate) values: Values,
    /// The sections that exist, such as `clients.0`.
    pub(crate) sections: HashMap<String, Place>,
    /// Paths whose value was refused: nobody should call them missing.
    pub(crate) broken: BTreeSet<String>,
    /// Paths whose value is a preset's.
    pub(crate) preset: BTreeSet<String>,
}

impl Document {
    /// The files that the values name.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let file_keys = self.values.iter().filter(|(name, _)| name.ends_with("_file"));
        file_keys.filter_map(|(_, located)| match &located.value {
            Value::Text(name) => Some(name.as_str()),
            Value::Texts(_) | Value::Flag(_) | Value::Number(_) | Value::Length(_) => None,
        })
    }

    /// How many sections a list has.
    pub(crate) fn count(&self, list: &str) -> usize {
        let mut path = String::new();
        let is_there = |index: &usize| {
            path.clear();
            write!(path, "{list}.{index}").is_ok() && self.sections.contains_key(&path)
        };
        (0..self.sections.len()).take_while(is_there).count()
    }

    /// Where something that is missing would have to be written: at its section, else at the file.
    pub(crate) fn place_of(&self, section: &str) -> Place {
        let whole = || Place::File { file: Arc::clone(&self.file) };
        self.sections.get(section).cloned().unwrap_or_else(whole)
    }
}

/// Reads `text` and `variables`. Whatever is wrong is added to `problems`; `None` if the text is not TOML at all.
pub(crate) fn read<'v>(
    file: &str,
    text: &str,
    variables: impl Iterator<Item = (&'v str, &'v str)>,
    problems: &mut Vec<Problem>,
) -> Option<Document> {
    let read = Reading::in_pieces(file, text).map_or_else(|| Reading::whole(file, text), Ok);
    match read {
        Ok(mut reading) => {
            reading.variables(variables);
            problems.extend(reading.problems);
            Some(reading.document)
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

struct Reading<'r> {
    document: Document,
    text: &'r str,
    /// Where lines end: every value has its place, and the file may be long.
    ends: Vec<usize>,
    /// Where in the text the piece begins that is being read.
    base: usize,
    problems: Vec<Problem>,
}

impl<'r> Reading<'r> {
    fn new(file: &str, text: &'r str) -> Self {
        let document = Document {
            file: file.into(),
            values: Values::default(),
            sections: HashMap::new(),
            broken: BTreeSet::new(),
            preset: BTreeSet::new(),
        };
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(end, _)| end).collect();
        Self { document, text, ends, base: 0, problems: Vec::new() }
    }

    /// Reads the text as a whole, or says what in it is not TOML.
    fn whole(file: &str, text: &'r str) -> Result<Self, Vec<Problem>> {
        let mut reading = Self::new(file, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        reading.syntax(&errors);
        if !errors.is_empty() {
            return Err(reading.problems);
        }
        reading.top(table.into_inner());
        Ok(reading)
    }

    /// Reads a text piece by piece; `None` if that is not to be done, and the whole says why.
    fn in_pieces(file: &str, text: &'r str) -> Option<Self> {
        let pieces = Pieces::of(text);
        let rest = pieces.rest(text);
        let rest = toml(&rest)?;
        let mut reading = Self::new(file, text);
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for Piece { list, range } in pieces.0 {
            let piece = toml(text.get(range.clone())?)?;
            let Some(list) = list else { continue };
            let count = counts.entry(list.name).or_default();
            reading.base = range.start;
            reading.entry(list.name, *count, list, only(list, piece)?);
            *count += 1;
        }
        if counts.keys().any(|list| rest.contains_key(*list)) {
            return None;
        }
        reading.base = 0;
        reading.top(rest);
        Some(reading)
    }

    fn top(&mut self, table: DeTable<'_>) {
        if let Some(top) = schema::section("") {
            self.table(table, "", top); // each part of which is gone once it was read
        }
    }

    fn spot(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..self.base + span.start).unwrap_or(self.text);
        let ended = self.ends.partition_point(|end| *end < before.len());
        let begin = ended.checked_sub(1).map_or(0, |last| self.ends.get(last).map_or(0, |end| end + 1));
        let column = before.get(begin..).unwrap_or("").chars().count() + 1;
        Place::Spot { file: Arc::clone(&self.document.file), line: ended + 1, column }
    }

    /// Says what is not TOML: once per line, and nothing after a list that does not end, which upsets all that follows.
    fn syntax(&mut self, errors: &[toml::de::Error]) {
        let mut last_line = None;
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let place = self.spot(&span);
            let line = if let Place::Spot { line, .. } = &place { Some(*line) } else { None };
            let (wrong, remedy) = self.syntax_words(error.message(), &span);
            if line != last_line {
                self.refuse(place, "", wrong, remedy);
            }
            if error.message().contains("array") {
                break;
            }
            last_line = line;
        }
    }

    fn syntax_words(&self, message: &str, span: &Range<usize>) -> (String, &'static str) {
        let saying = |wrong: &str, remedy| (wrong.to_owned(), remedy);
        if message.contains("duplicate key") {
            let name = self.text.get(span.clone()).unwrap_or("a name");
            return (
                format!("`{name}` is written a second time"),
                "Keep one of the two and remove the other.",
            );
        }
        if message.contains("array") {
            let remedy = "Look from here upwards: a list is `[\"one\", \"two\"]`, with commas between and `]` at the end.";
            return saying("a list does not end, or a comma is missing in it", remedy);
        }
        if message.contains("must be quoted") {
            return saying("there is no value in quotation marks here", "Write `key = \"text\"`.");
        }
        if message.contains("invalid basic string") {
            let remedy =
                "End the text with \" on its own line, and write \\ twice where it is part of the text.";
            return saying("a text does not end, or has a character that cannot stand in it", remedy);
        }
        if message.contains("key with no value") {
            return saying("there is no `=` after the name", "Write `key = \"text\"`.");
        }
        let remedy = "A line is `key = \"text\"`, `key = [\"one\", \"two\"]`, a number, true or false, or a `[section]`.";
        (format!("this is not TOML: {}", message.replace('\n', ", ")), remedy)
    }

    fn refuse(&mut self, place: Place, key: &str, wrong: impl Into<String>, remedy: impl Into<String>) {
        self.document.broken.insert(key.to_owned());
        self.problems.push(Problem {
            place,
            key: key.to_owned(),
            wrong: wrong.into(),
            remedy: remedy.into(),
        });
    }

    fn table(&mut self, table: DeTable<'_>, at: &str, section: &'static Section) {
        for (name, value) in table {
            if let Some(key) = section.keys.iter().find(|key| key.name == name.get_ref().as_ref()) {
                self.key(at, key, &name, &value);
                continue;
            }
            let path = schema::join(at, name.get_ref());
            if let Some(inner) = schema::section(&schema::join(section.name, name.get_ref())) {
                self.section(&path, inner, &name, value);
            } else {
                let place = self.spot(&name.span());
                let (wrong, remedy) = unknown(name.get_ref(), section);
                self.refuse(place, &path, wrong, remedy);
            }
        }
    }

    fn key(
        &mut self,
        at: &str,
        key: &'static Key,
        name: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        if matches!(key.kind, schema::Kind::Secret) {
            let place = self.spot(&name.span());
            let remedy = format!(
                "Put it in a file of its own, name that file with `{}_file`, and change the secret: this file is \
                 copied and shown too easily. Without files, set the variable {}.",
                key.name,
                schema::variable(&schema::join(at, key.name)),
            );
            self.refuse(place, &schema::join(at, key.name), "a secret does not stand in this file", remedy);
            return;
        }
        let place = self.spot(&value.span());
        match value::from_toml(key.kind, value, &|span| self.spot(span)) {
            Ok(value) => self.document.values.set(at, key, Located { value, place }),
            Err(all) => {
                for refused in all {
                    let place = refused.span.map_or_else(|| place.clone(), |span| self.spot(&span));
                    self.refuse(place, &schema::join(at, key.name), refused.wrong, refused.remedy);
                }
            }
        }
    }

    fn section(
        &mut self,
        path: &str,
        section: &'static Section,
        name: &Spanned<impl AsRef<str>>,
        value: Spanned<DeValue<'_>>,
    ) {
        match (value.into_inner(), section.repeats) {
            (DeValue::Table(table), false) => {
                self.document.sections.insert(path.to_owned(), self.spot(&name.span()));
                self.table(table, path, section);
            }
            (DeValue::Array(items), true) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.entry(path, index, section, item);
                }
            }
            (DeValue::Table(_), true) => {
                let place = self.spot(&name.span());
                // `[[apps.rules]]` with no `[[apps]]` above it makes a table too.
                let only_inner =
                    self.text.get(self.base + name.span().end..).is_some_and(|rest| rest.starts_with('.'));
                let remedy = if only_inner {
                    format!("Write `[[{}]]` with its own keys above this line.", section.name)
                } else {
                    format!("Write `[[{0}]]` with two brackets instead of `[{0}]`.", section.name)
                };
                self.refuse(place, path, "is a list: each of them has a section of its own", remedy);
            }
            (DeValue::Array(_), false) => {
                let place = self.spot(&name.span());
                let remedy = format!("Write `[{0}]` with one bracket instead of `[[{0}]]`.", section.name);
                self.refuse(place, path, "stands once only", remedy);
            }
            (_, false) => {
                let place = self.spot(&name.span());
                let remedy = format!("Write `[{}]` on a line of its own and its keys below.", section.name);
                self.refuse(place, path, "is a section, not a value", remedy);
            }
            (_, true) => {
                let place = self.spot(&name.span());
                let remedy = format!("Write `[[{}]]` on a line of its own and its keys below.", section.name);
                self.refuse(place, path, "is a list of sections, not a value", remedy);
            }
        }
    }

    /// One section of the list at `path`.
    fn entry(&mut self, path: &str, index: usize, section: &'static Section, item: Spanned<DeValue<'_>>) {
        let path = format!("{path}.{index}");
        let place = self.spot(&item.span());
        if let DeValue::Table(table) = item.into_inner() {
            self.document.sections.insert(path.clone(), place);
            self.table(table, &path, section);
        } else {
            self.refuse(place, &path, "is not a section", format!("Write it as `[[{}]]`.", section.name));
        }
    }

    fn variables<'v>(&mut self, variables: impl Iterator<Item = (&'v str, &'v str)>) {
        let mut touched = BTreeSet::new();
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let place = Place::Variable { name: name.to_owned() };
            let path = rest.to_ascii_lowercase().replace("__", ".");
            let Some((_, key)) = schema::find(&path).filter(|_| schema::variable(&path) == name) else {
                self.refuse(place, "", "no key has this name", unknown_variable(name));
                continue;
            };
            for at in numbered(&path) {
                self.document.sections.entry(at.to_owned()).or_insert_with(|| place.clone());
                touched.insert(at.to_owned());
            }
            match value::from_text(key.kind, text, &place) {
                Ok(value) => {
                    self.document.broken.remove(&path);
                    self.document.values.set(schema::split(&path).0, key, Located { value, place });
                }
                Err(all) => {
                    for refused in all {
                        self.refuse(place.clone(), &path, refused.wrong, refused.remedy);
                    }
                }
            }
        }
        self.gaps(touched);
    }

    /// Sections made by variables alone must count on from those of the file.
    fn gaps(&mut self, touched: BTreeSet<String>) {
        for at in touched {
            let Some((list, index)) = at.rsplit_once('.') else { continue };
            let count = self.document.count(list);
            if index.parse::<usize>().is_ok_and(|index| index >= count) {
                let name = schema::section_at(&at).map_or(list, |section| section.name);
                let place = self.document.place_of(&at);
                let wrong = format!(
                    "leaves a gap: there are {count} `[[{name}]]` so far, and they are counted from 0"
                );
                let next = schema::variable(&format!("{list}.{count}"));
                self.refuse(place, &at, wrong, format!("The next one is {next}__…"));
            }
        }
    }
}

/// The places in lists that a path goes through: `apps.0` and `apps.0.rules.1`.
fn numbered(path: &str) -> impl Iterator<Item = &str> {
    let prefixes = path.match_indices('.').filter_map(|(end, _)| path.get(..end));
    prefixes.filter(|prefix| prefix.rsplit('.').next().is_some_and(schema::is_index))
}

#[cfg(test)]
#[path = "raw_tests.rs"]
mod tests;
