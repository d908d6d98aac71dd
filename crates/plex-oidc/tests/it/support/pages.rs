//! Pages that list the tests of something: what functions are called, and whether a page says it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all functions in the crates.
pub(crate) fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    gather(&workspace().join("crates"), &mut found);
    found
}

fn gather(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(
                text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next()).map(str::to_owned),
            );
        }
    }
}

/// Some names, as a cell of a table has them.
pub(crate) fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A page in `docs` must be what the tests say. `UPDATE_DOCS=1` makes it so.
pub(crate) fn is_written(page: &str, wanted: &str) {
    let file = workspace().join("docs").join(page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == wanted, "docs/{page} is not what the tests say: UPDATE_DOCS=1 rewrites it");
}
