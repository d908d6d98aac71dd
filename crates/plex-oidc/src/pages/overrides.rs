//! The folder in which a host replaces templates and static files. Owns reading it, and naming file and line when a
//! template in it is broken; knows nothing of pages.
//!
//! The folder is flat: `sign-in.html` replaces our template of that name, `_footer.html` is a part that templates of
//! the host include, and any file with the ending of an image, a font, a stylesheet or a script becomes a static file.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use minijinja::Error;

use super::theme::Image;
use crate::assets::{TEMPLATES, content_type_of};

/// Why the pages cannot be drawn. Always about a file of the host.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// The folder or a file in it cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file with the ending `.html` that replaces none of our templates.
    #[error("{}: we have no template of this name; did you mean {nearest:?}? A part of your own starts with \"_\"", path.display())]
    UnknownTemplate {
        /// The file.
        path: PathBuf,
        /// The name of ours that is nearest.
        nearest: &'static str,
    },
    /// The theme names a picture that the folder does not hold.
    #[error("the theme uses {0:?}, which is not in the folder of your own files")]
    NoSuchImage(Image),
    /// A template that cannot be parsed, or not be drawn with one of the samples.
    #[error("{}:{line}: {reason}", file.display())]
    BrokenTemplate {
        /// The file, or the bare name of a template of ours that the files of the host broke.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// The files of the host.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) templates: Templates,
    pub(super) assets: Vec<(String, Vec<u8>)>,
}

impl Overrides {
    /// Reads the folder. Sub-folders and files that are neither template nor servable are left alone.
    pub(super) fn read(folder: &Path) -> Result<Self, PagesError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| PagesError::Unreadable { path, source }
        };
        let mut overrides = Self::default();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
                continue;
            };
            if !path.is_file() || name.starts_with('.') {
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "html") {
                known_template(&name, &path)?;
                let source = fs::read_to_string(&path).map_err(unreadable(&path))?;
                overrides.templates.0.insert(name, (path, source));
            } else if content_type_of(&name).is_some() {
                let bytes = fs::read(&path).map_err(unreadable(&path))?;
                overrides.assets.push((name, bytes));
            }
        }
        Ok(overrides)
    }
}

fn known_template(name: &str, path: &Path) -> Result<(), PagesError> {
    let ours = || TEMPLATES.iter().map(|(ours, _)| *ours);
    if name.starts_with('_') || ours().any(|ours| ours == name) {
        return Ok(());
    }
    let distance = |ours: &&'static str| strsim::levenshtein(ours, name);
    let nearest = ours().filter(|ours| !ours.starts_with('_')).min_by_key(distance).unwrap_or("sign-in.html");
    Err(PagesError::UnknownTemplate { path: path.to_owned(), nearest })
}

/// The templates of the host: name, then file and source.
#[derive(Debug, Default)]
pub(super) struct Templates(BTreeMap<String, (PathBuf, String)>);

impl Templates {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and source of each.
    pub(super) fn sources(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, (_, source))| (name.clone(), source.clone()))
    }

    /// Finds the place of a template error: the innermost one, since an error in an included part is wrapped.
    pub(super) fn explain(&self, error: &Error) -> PagesError {
        let mut innermost = error;
        while let Some(inner) = innermost.source().and_then(|source| source.downcast_ref::<Error>()) {
            innermost = inner;
        }
        let name = innermost.name().or_else(|| error.name()).unwrap_or_default();
        let file = self.0.get(name).map_or_else(|| PathBuf::from(name), |(path, _)| path.clone());
        let kind = innermost.kind().to_string();
        let reason = innermost.detail().map_or_else(|| kind.clone(), |detail| format!("{kind}: {detail}"));
        PagesError::BrokenTemplate {
            file,
            line: innermost.line().or_else(|| error.line()).unwrap_or(1),
            reason,
        }
    }
}
