//! A file in pieces: each section of a list by itself, and the rest.
//!
//! To read a file whole takes some twenty times its size, and a process keeps what it once took. Read piece by piece, a file with a
//! thousand applications takes what one of them does.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::schema::{self, Section};

/// The pieces of a text, in order, one after the other. If each of them is TOML by itself, no value goes on from one to the next, so
/// all of them together say what the text says.
pub(super) struct Pieces(pub(super) Vec<Piece>);

/// A part of a text that begins where a line does.
pub(super) struct Piece {
    /// The list of which it is a section, such as `[[apps]]`, with what belongs to it, such as `[[apps.rules]]`.
    pub(super) list: Option<&'static Section>,
    /// Where it lies.
    pub(super) range: Range<usize>,
}

impl Pieces {
    /// Takes a text apart, whether or not it is TOML.
    pub(super) fn of(text: &str) -> Self {
        let (mut pieces, mut list, mut start) = (Vec::new(), None, 0);
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let begins = at;
            at += line.len();
            let line = line.trim_ascii_start();
            if !line.starts_with('[') || list.is_some_and(|list| belongs_to(list, line)) {
                continue;
            }
            let next = list_of(line);
            if list.is_some() || next.is_some() {
                pieces.push(Piece { list, range: start..begins });
                (list, start) = (next, begins);
            }
        }
        pieces.push(Piece { list, range: start..text.len() });
        Self(pieces)
    }

    /// The text without the sections of lists: blanks stand where they stood, so that everything else keeps its place.
    pub(super) fn rest(&self, text: &str) -> String {
        let mut rest = String::with_capacity(text.len());
        for Piece { list, range } in &self.0 {
            match list {
                None => rest.push_str(text.get(range.clone()).unwrap_or_default()),
                Some(_) => rest.push_str(&" ".repeat(range.len())),
            }
        }
        rest
    }
}

/// A text as TOML, if it is.
pub(super) fn toml(text: &str) -> Option<DeTable<'_>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    errors.is_empty().then(|| table.into_inner())
}

/// The one section of `list`, if there is nothing else.
pub(super) fn only<'t>(list: &Section, table: DeTable<'t>) -> Option<Spanned<DeValue<'t>>> {
    let mut all = table.into_iter();
    let (Some((name, value)), None) = (all.next(), all.next()) else { return None };
    let DeValue::Array(items) = value.into_inner() else { return None };
    let mut items = items.into_iter();
    items.next().filter(|_| name.get_ref() == list.name && items.next().is_none())
}

/// The list of which a section begins with this line, if it is one that stands in no other.
fn list_of(line: &str) -> Option<&'static Section> {
    let (name, _) = line.strip_prefix("[[")?.split_once("]]")?;
    schema::section(name.trim_ascii()).filter(|section| section.repeats && !section.name.contains('.'))
}

/// Whether this line begins a section within one of `list`.
fn belongs_to(list: &Section, line: &str) -> bool {
    let name = line.trim_start_matches('[').trim_ascii_start();
    name.strip_prefix(list.name).is_some_and(|inner| inner.trim_ascii_start().starts_with('.'))
}
