//! Typed access to a document, key by key, with what is the same for keys of every section. What a key means is read in
//! `build` and `clients`.

use std::path::{Path, PathBuf};

use foldhash::HashMap;
use plex_oidc_core::time::Seconds;

use super::people::KnownGroups;
use super::problem::{Place, Problem};
use super::raw::{Document, Located, Value};
use super::schema::Section;
use super::{length, schema, secrets, value};

/// Typed access to a document, and a place to put what is wrong.
pub(super) struct Reader<'r> {
    pub(super) document: &'r Document,
    pub(super) folder: &'r Path,
    pub(super) problems: &'r mut Vec<Problem>,
    pub(super) warnings: &'r mut Vec<Problem>,
    pub(super) defaults: &'r Defaults,
    /// Which groups there can be; nothing while the servers are not known.
    pub(super) groups: Option<KnownGroups>,
}

impl<'r> Reader<'r> {
    pub(super) fn refuse(
        &mut self,
        place: Place,
        key: &str,
        wrong: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.push(Problem {
            place,
            key: key.to_owned(),
            wrong: wrong.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn warn(
        &mut self,
        place: Place,
        key: &str,
        wrong: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.warnings.push(Problem {
            place,
            key: key.to_owned(),
            wrong: wrong.into(),
            remedy: remedy.into(),
        });
    }

    /// Where `path` is set, else where it would be.
    pub(super) fn place(&self, path: &str) -> Place {
        let (section, _) = schema::split(path);
        let set = self.document.values.get(path).map(|located| located.place.clone());
        set.unwrap_or_else(|| self.document.place_of(section))
    }

    pub(super) fn is_set(&self, path: &str) -> bool {
        self.document.values.get(path).is_some()
    }

    /// The value at `path`, or its default.
    fn value(&self, path: &str) -> Option<&'r Value> {
        let written = self.document.values.get(path).map(|located| &located.value);
        written.or_else(|| self.defaults.of(path))
    }

    pub(super) fn text(&self, path: &str) -> Option<Located<String>> {
        let text = self.word(path)?;
        Some(Located { value: text.to_owned(), place: self.place(path) })
    }

    /// As [`Reader::text`], where nobody asks for its place.
    pub(super) fn word(&self, path: &str) -> Option<&'r str> {
        match self.value(path)? {
            Value::Text(text) => Some(text),
            Value::Texts(_) | Value::Flag(_) | Value::Number(_) | Value::Length(_) => None,
        }
    }

    /// As [`Reader::text`]; its absence is a problem.
    pub(super) fn needed_text(&mut self, path: &str, remedy: &str) -> Option<Located<String>> {
        let text = self.text(path);
        if text.is_none() {
            self.missing(path, remedy);
        }
        text
    }

    /// Says that `path` is missing, unless its value was refused already.
    pub(super) fn missing(&mut self, path: &str, remedy: &str) {
        if !self.document.broken.contains(path) {
            self.refuse(self.place(path), path, "is missing", remedy);
        }
    }

    pub(super) fn texts(&self, path: &str) -> &'r [Located<String>] {
        match self.value(path) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        matches!(self.value(path), Some(Value::Flag(true)))
    }

    pub(super) fn length(&self, path: &str) -> Seconds {
        match self.value(path) {
            Some(Value::Length(length)) => *length,
            _ => Seconds(0),
        }
    }

    pub(super) fn number(&self, path: &str) -> Option<u64> {
        match self.value(path) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The number at `path` in the type that the limits of its key fit.
    pub(super) fn sized<T: TryFrom<u64> + Default>(&self, path: &str) -> T {
        self.number(path).and_then(|number| T::try_from(number).ok()).unwrap_or_default()
    }

    /// The path at `path`, from the folder of the file.
    pub(super) fn path(&self, path: &str) -> Option<PathBuf> {
        self.word(path).map(|text| self.folder.join(text))
    }

    /// Parses every text of a list, and says which do not parse.
    pub(super) fn each<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, (String, String)>,
    ) -> Vec<T> {
        let texts = self.texts(path);
        let mut parsed = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(&text.value) {
                Ok(value) => parsed.push(value),
                Err((wrong, remedy)) => self.refuse(text.place.clone(), path, wrong, remedy),
            }
        }
        parsed
    }

    /// The texts of the secret at `path` (a variable) or in the file that `<path>_file` names.
    pub(super) fn secret(&mut self, path: &str) -> Option<Located<zeroize::Zeroizing<String>>> {
        let file_key = [path, "_file"].concat();
        match (self.text(path), self.text(&file_key)) {
            (Some(inline), None) => {
                Some(Located { value: zeroize::Zeroizing::new(inline.value), place: inline.place })
            }
            (Some(inline), Some(_)) => {
                let name = schema::variable(path);
                let wrong = "there is a variable with the secret and a file with the secret";
                self.refuse(inline.place, path, wrong, format!("Remove {name} or `{file_key}`."));
                None
            }
            (None, Some(file)) => self.secret_file(&file_key, file),
            (None, None) => None,
        }
    }

    fn secret_file(
        &mut self,
        key: &str,
        file: Located<String>,
    ) -> Option<Located<zeroize::Zeroizing<String>>> {
        let path = self.folder.join(&file.value);
        if secrets::looks_like_one(&file.value) && !path.exists() {
            let wrong = "this seems to be the secret itself, and must be the name of a file";
            let remedy = "Put the secret in a file, write that file's name here, and change the secret: this file is \
                          copied and shown too easily.";
            self.refuse(file.place, key, wrong, remedy);
            return None;
        }
        match secrets::read(&path) {
            Ok((value, exposed)) => {
                if exposed {
                    let wrong = format!("everybody on this machine can read {}", path.display());
                    self.warn(file.place.clone(), key, wrong, format!("Run: chmod 600 {}", path.display()));
                }
                Some(Located { value, place: file.place })
            }
            Err((wrong, remedy)) => {
                self.refuse(file.place, key, wrong, remedy);
                None
            }
        }
    }

    /// A path that must exist.
    pub(super) fn existing(
        &mut self,
        key: &str,
        exists: impl Fn(&Path) -> bool,
        what: &str,
    ) -> Option<PathBuf> {
        let path = self.path(key)?;
        if !exists(&path) {
            let wrong = format!("there is no {what} {}", path.display());
            let remedy = "Correct the path; a relative path starts at the folder of the configuration.";
            self.refuse(self.place(key), key, wrong, remedy);
        }
        Some(path)
    }

    /// A text of at most `longest` characters, without control characters.
    pub(super) fn short_text(&mut self, key: &str, longest: usize) -> Option<String> {
        let text = self.text(key)?;
        if text.value.chars().count() > longest || text.value.chars().any(char::is_control) {
            let wrong = "is too long or has control characters";
            self.refuse(text.place, key, wrong, format!("Write at most {longest} characters on one line."));
            return Some(String::new());
        }
        Some(text.value)
    }

    pub(super) fn ordered(&mut self, shorter: &str, longer: &str) {
        let (short, long) = (self.length(shorter), self.length(longer));
        if short > long {
            let key = if self.is_set(shorter) { shorter } else { longer };
            let (short, long) = (length::write(short), length::write(long));
            let wrong = format!("`{shorter}` ({short}) is longer than `{longer}` ({long})");
            self.refuse(self.place(key), key, wrong, format!("Shorten `{shorter}`, or lengthen `{longer}`."));
        }
    }

    pub(super) fn shaped(&mut self, key: &str, fits: impl Fn(&str) -> bool, remedy: &str) -> Option<String> {
        let text = self.text(key)?;
        if !fits(&text.value) {
            self.refuse(text.place, key, format!("`{}` cannot be used here", text.value), remedy);
        }
        Some(text.value)
    }
}

/// The value of every key that is not written, by section and then by key. Each is made once: there may be thousands of sections.
pub(super) struct Defaults(HashMap<&'static str, HashMap<&'static str, Value>>);

impl Defaults {
    pub(super) fn new() -> Self {
        let of = |section: &'static Section| {
            let at = schema::first_place(section);
            let all = section.keys.iter();
            all.filter_map(|key| Some((key.name, default(&schema::join(&at, key.name))?))).collect()
        };
        Self(schema::SECTIONS.iter().map(|section| (section.name, of(section))).collect())
    }

    fn of(&self, path: &str) -> Option<&Value> {
        let (at, name) = schema::split(path);
        let section = match at.split_once('.') {
            Some((list, index)) if index.bytes().all(|b| b.is_ascii_digit()) => list,
            None => at,
            Some(_) => schema::section_at(at)?.name,
        };
        self.0.get(section)?.get(name)
    }
}

/// The default of the key at `path`, as a value.
pub(super) fn default(path: &str) -> Option<Value> {
    let (_, key) = schema::find(path)?;
    let text = key.default?;
    if text.is_empty() {
        return Some(Value::Texts(Vec::new()));
    }
    value::from_text(key.kind, text, &Place::File { file: "".into() }).ok()
}

/// An address for a message: what stands before an `@` may be a password.
pub(super) fn without_user(text: &str) -> String {
    match (text.split_once("//"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}//…@{rest}"),
        _ => text.escape_debug().to_string(),
    }
}
