//! The layout of the source, as rules that a test reads: who may import whom, how long a file or a handler may be.
//!
//! What stands in tests of a crate is not looked at: they may reach for anything.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file before its tests.
const FILE_LIMIT: usize = 400;
/// Most lines of a handler's body.
const HANDLER_LIMIT: usize = 30;

/// Our crates, and which of ours each depends on: to run, and to be tested.
const CRATES: [(&str, &[&str], &[&str]); 7] = [
    ("plex-oidc-core", &[], &[]),
    ("plextv", &["plex-oidc-core"], &[]),
    ("plextv-emulator", &[], &[]),
    ("plex-oidc-connections", &[], &[]),
    ("plex-oidc", &["plex-oidc-connections", "plex-oidc-core", "plextv"], &["plextv-emulator"]),
    ("plex-oidc-bench", &["plex-oidc", "plex-oidc-core", "plextv-emulator"], &[]),
    ("plex-oidc-demo", &["plex-oidc", "plex-oidc-core", "plextv", "plextv-emulator"], &[]),
];

/// Inside the program: what nobody under the first path may name, but those under the last.
const FORBIDDEN: [(&str, &str, &[&str]); 15] = [
    ("", "store::sqlite", &["installation", "store"]),
    ("", "config::raw", &["config"]),
    ("", "router", &["lifecycle", "start"]),
    ("", "cli", &["cli"]),
    ("", "web", &["router", "web"]),
    ("store", "flow", &[]),
    ("store", "app", &[]),
    ("upstream", "app", &[]),
    ("upstream", "flow", &[]),
    ("upstream", "store", &[]),
    ("pages", "app", &[]),
    ("doctor", "app", &[]),
    ("doctor", "flow", &[]),
    ("doctor", "store", &[]),
    ("session", "", &[]),
];

/// What handlers share. Everything else under `web` is a handler, and no handler names another.
const SHARED_BY_HANDLERS: &[&str] = &[
    "web::respond",
    "web::request",
    "web::client_call",
    "web::entrance",
    "web::event_lines",
    "web::api::call",
    "web::api::operations",
    "web::api::problem",
    "web::api::state",
    "web::here",
    "web::host",
    "web::host_views",
    "web::language",
    "web::passkey_form",
    "web::rows",
    "web::sign_in::form",
    "web::sign_in::views",
    "web::authz::address",
    "web::authz::answers",
    "web::authz::asked",
    "web::authz::callback",
    "web::authz::headers",
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

struct Source {
    /// Its path below `crates/`.
    file: String,
    /// The module in its crate, as `web::sign_in::page`; empty for the root.
    module: String,
    /// Its lines before its tests.
    lines: Vec<String>,
}

impl Source {
    /// Every path of this crate that the code names, from the root of the crate.
    fn named(&self) -> Vec<String> {
        let code: String = self.lines.iter().filter(|line| !line.trim_start().starts_with("//")).fold(
            String::new(),
            |mut code, line| {
                code.push_str(line);
                code.push('\n');
                code
            },
        );
        let mut named = Vec::new();
        for (start, root) in [("crate::", ""), ("super::", self.parent()), ("self::", &self.module)] {
            for (at, _) in code.match_indices(start) {
                let before = code[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                expand(root, &code[at + start.len()..], &mut named);
            }
        }
        named
    }

    fn parent(&self) -> &str {
        // The module of `mod.rs` is the folder's: its `super` is one above, as for any other file.
        self.module.rsplit_once("::").map_or("", |(parent, _)| parent)
    }
}

/// Reads a path, with its braces if it has some, and adds every path that it stands for.
fn expand(root: &str, text: &str, named: &mut Vec<String>) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = text[..end].trim_end_matches(':');
    let (path, root) = match path.strip_prefix("super::") {
        Some(rest) => (rest, root.rsplit_once("::").map_or("", |(parent, _)| parent)),
        None => (path, root),
    };
    let whole = [root, path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::");
    match text[end..].strip_prefix('{').filter(|_| text[..end].ends_with("::") || end == 0) {
        None => named.push(whole),
        Some(inside) => branches(inside).into_iter().for_each(|branch| expand(&whole, branch, named)),
    }
}

/// The parts of `a, b::{c, d}, e}`, up to the brace that ends them.
fn branches(inside: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                parts.push(inside[start..at].trim());
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_under(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The sources of one crate, without what is compiled for tests only.
fn sources(name: &str) -> Vec<Source> {
    let root = crates().join(name).join("src");
    let mut files = Vec::new();
    files_under(&root, &mut files);
    let mut sources = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&root).unwrap().with_extension("");
        let mut module: Vec<_> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let for_tests = |part: &&str| {
            part.ends_with("tests") || matches!(*part, "testing" | "properties" | "conformance")
        };
        if module.iter().any(for_tests) {
            continue;
        }
        module.retain(|part| !matches!(*part, "mod" | "lib" | "main"));
        let text = fs::read_to_string(&path).unwrap();
        sources.push(Source {
            file: path.strip_prefix(crates()).unwrap().display().to_string(),
            module: module.join("::"),
            lines: before_tests(&text),
        });
    }
    assert!(!sources.is_empty(), "{name} has no sources");
    sources
}

/// The lines up to the `#[cfg(test)]` of an inline test module.
fn before_tests(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|two| two[0] == "#[cfg(test)]" && (two[1].starts_with("#[") || two[1].ends_with('{')));
    lines[..tests.unwrap_or(lines.len())].iter().map(|line| (*line).to_owned()).collect()
}

/// Whether `path` is `module` or stands below it; everything stands below the root.
fn below(path: &str, module: &str) -> bool {
    module.is_empty()
        || path == module
        || path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

fn ours(manifest: &toml::Table, section: &str) -> Vec<String> {
    let Some(table) = manifest.get(section).and_then(toml::Value::as_table) else { return Vec::new() };
    let mut names: Vec<_> = table.keys().filter(|name| name.starts_with("plex")).cloned().collect();
    names.sort();
    names
}

#[test]
fn crates_depend_on_each_other_as_the_table_says() {
    let mut folders: Vec<_> = fs::read_dir(crates())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut known: Vec<_> = CRATES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    known.sort();
    assert_eq!(folders, known, "a crate is missing in the table");
    for (name, to_run, to_test) in CRATES {
        let text = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        for (section, allowed) in
            [("dependencies", to_run), ("build-dependencies", &[]), ("dev-dependencies", to_test)]
        {
            for dependency in ours(&manifest, section) {
                assert!(
                    allowed.contains(&dependency.as_str()),
                    "{name} must not depend on {dependency} ({section})"
                );
            }
        }
        assert!(!text.contains("[target."), "{name}: this test does not read dependencies of one platform");
    }
}

#[test]
fn modules_of_the_program_import_as_the_table_says() {
    let mut wrong = Vec::new();
    for source in sources("plex-oidc") {
        for named in source.named() {
            for (who, what, but) in FORBIDDEN {
                let allowed = but.iter().any(|module| below(&source.module, module));
                if below(&source.module, who) && below(&named, what) && !allowed {
                    wrong.push(format!("{} names {named}", source.file));
                }
            }
        }
    }
    // The command line is the root of the program; main calls it.
    wrong.retain(|line| !line.starts_with("plex-oidc/src/main.rs names cli"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_handler_names_another() {
    let sources = sources("plex-oidc");
    let is_shared = |path: &str| SHARED_BY_HANDLERS.iter().any(|shared| below(path, shared));
    let is_folder = |module: &str| matches!(module, "web" | "web::sign_in");
    let handlers: Vec<_> = sources
        .iter()
        .filter(|source| below(&source.module, "web"))
        .filter(|source| !is_folder(&source.module) && !is_shared(&source.module))
        .collect();
    assert!(handlers.len() >= 10, "where have the handlers gone?");
    for handler in &handlers {
        for named in handler.named() {
            let of_web = below(&named, "web") && !is_shared(&named) && !below(&named, &handler.module);
            assert!(!of_web, "{} names {named}", handler.file);
        }
    }
    for shared in sources.iter().filter(|source| is_shared(&source.module)) {
        for named in shared.named() {
            let handler =
                handlers.iter().find(|handler| below(&named, &handler.module) && !is_shared(&named));
            assert!(handler.is_none(), "{} is shared by handlers and names the handler {named}", shared.file);
        }
    }
}

/// The core has no runtime, no HTTP, no SQL, no clock, no environment: none of the words for them either.
#[test]
fn the_core_touches_nothing_outside() {
    let words = [
        "std::env",
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "tokio",
        "async fn",
        "rusqlite",
        "reqwest",
        "axum",
    ];
    for source in sources("plex-oidc-core") {
        for line in source.lines.iter().filter(|line| !line.trim_start().starts_with("//")) {
            for word in words {
                assert!(!line.contains(word), "{}: {line}", source.file);
            }
        }
    }
}

/// A Plex token is kept for a grant, and is gone with it, however that ends.
#[test]
fn req_076_whatever_ends_a_grant_takes_its_plex_token_away() {
    let root = crates().join("plex-oidc/src/store/sqlite");
    let mut files = Vec::new();
    files_under(&root, &mut files);
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let ends: Vec<&str> = text.split("UPDATE grants SET ended_at = ").skip(1).collect();
    assert!(ends.len() >= 8, "{}", ends.len());
    for end in ends {
        let set = end.split("WHERE").next().unwrap();
        assert!(set.contains("plex_token_sealed = NULL"), "{set}");
    }
}

#[test]
fn no_file_is_longer_than_the_limit() {
    let mut long = Vec::new();
    for (name, ..) in CRATES {
        for source in sources(name) {
            let lines = source.lines.len();
            if lines > FILE_LIMIT {
                long.push(format!("{}: {lines} lines before its tests", source.file));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_handler_is_longer_than_the_limit() {
    let mut seen = 0;
    for source in sources("plex-oidc").iter().filter(|source| below(&source.module, "web")) {
        let starts = source.lines.iter().enumerate().filter(|(_, line)| line.starts_with("pub async fn "));
        for (start, line) in starts {
            let find = |what: &str| source.lines[start..].iter().position(|line| line.ends_with(what));
            let body =
                source.lines[start..].iter().position(|line| line == "}").unwrap() - find(" {").unwrap() - 1;
            assert!(body <= HANDLER_LIMIT, "{}: {line} has {body} lines", source.file);
            seen += 1;
        }
    }
    assert!(seen >= 15, "where have the handlers gone?");
}

/// The length of functions and the number of parameters are the linter's to count; this holds what it counts to.
#[test]
fn the_linter_holds_the_limits_of_the_house_rules() {
    let root = crates().parent().unwrap().to_owned();
    let clippy: toml::Table = fs::read_to_string(root.join("clippy.toml")).unwrap().parse().unwrap();
    assert_eq!(clippy["too-many-lines-threshold"].as_integer(), Some(60));
    assert_eq!(clippy["too-many-arguments-threshold"].as_integer(), Some(5));
    let workspace: toml::Table = fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let lints = &workspace["workspace"]["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for lint in ["unwrap_used", "indexing_slicing", "string_slice", "panic", "allow_attributes"] {
        assert_eq!(lints["clippy"][lint].as_str(), Some("deny"), "{lint}");
    }
    for (name, ..) in CRATES {
        let text = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{name} does not inherit the lints");
        for source in sources(name) {
            let allows =
                source.lines.iter().any(|line| line.contains("#[allow") || line.contains("#![allow"));
            assert!(!allows, "{} has an allow attribute", source.file);
        }
    }
}

mod reading {
    use super::*;

    fn named(module: &str, code: &str) -> Vec<String> {
        let lines = before_tests(code);
        Source { file: String::new(), module: module.to_owned(), lines }.named()
    }

    #[test]
    fn braces_supers_and_paths_in_code_are_followed() {
        let code = "use crate::store::{self, records::{A, B}, sqlite::S};\nuse super::{wait, page as p};\n";
        let expected = [
            "store::self",
            "store::records::A",
            "store::records::B",
            "store::sqlite::S",
            "web::sign_in::wait",
            "web::sign_in::page",
        ];
        assert_eq!(named("web::sign_in::choice", code), expected);
        assert_eq!(named("a::b::c", "let x = super::super::d::e(1);"), ["a::d::e"].map(str::to_owned));
        assert_eq!(named("a", "x(crate::web::token::y());"), ["web::token::y"]);
        assert_eq!(named("a", "// crate::web\nuse other_crate::b;"), [""; 0]);
    }

    #[test]
    fn tests_are_cut_off() {
        assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests {\nb").len(), 1);
        assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests;\nb").len(), 4);
    }
}
