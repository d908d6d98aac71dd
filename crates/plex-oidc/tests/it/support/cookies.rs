//! The cookies of one browser, sent in the order in which they were made (RFC 6265 s. 5.4), by which we know the oldest.

/// Names and values. One cookie per name: all of ours have the same path.
#[derive(Debug, Clone, Default)]
pub(crate) struct CookieJar(Vec<(String, String)>);

impl CookieJar {
    pub(crate) fn get(&self, name: &str) -> Option<&String> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// A cookie that is there already keeps its place.
    pub(crate) fn insert(&mut self, name: String, value: String) {
        match self.0.iter_mut().find(|(found, _)| *found == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<String> {
        let position = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(position).1)
    }

    pub(crate) fn pop_first(&mut self) -> Option<(String, String)> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(name, _)| name)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
