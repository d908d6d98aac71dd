//! What keys were set to, by the place of their section and then by name: a file may have thousands of sections, and each has a few
//! of the same names.

use foldhash::HashMap;

use super::raw::{Located, Value};
use super::schema::{self, Key};

/// The values of a document. Paths are those of keys, such as `clients.0.id`.
#[derive(Default)]
pub(crate) struct Values(HashMap<String, Vec<(&'static str, Located<Value>)>>);

impl Values {
    /// What the key at `path` was set to.
    pub(crate) fn get(&self, path: &str) -> Option<&Located<Value>> {
        let (section, name) = schema::split(path);
        let found = self.0.get(section)?.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value)
    }

    /// Sets a key of the section at `section`.
    pub(crate) fn set(&mut self, section: &str, key: &'static Key, value: Located<Value>) {
        if let Some(set) = self.0.get_mut(section) {
            match set.iter_mut().find(|(name, _)| *name == key.name) {
                Some((_, before)) => *before = value,
                None => set.push((key.name, value)),
            }
        } else {
            self.0.insert(section.to_owned(), vec![(key.name, value)]);
        }
    }

    /// Every name of a key with what it was set to.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Located<Value>)> {
        self.0.values().flatten().map(|(name, value)| (*name, value))
    }

    /// The places of all sections in which a key was set.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}
