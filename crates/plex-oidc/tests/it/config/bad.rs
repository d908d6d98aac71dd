//! Invariant I-15: what is wrong is refused before the start, all of it at once, with a place and a remedy.
//!
//! Every `bad/*.toml` must be refused in the words of the `.txt` beside it; `UPDATE_GOLDEN=1` rewrites those. A first
//! line `# variable: NAME=value` sets a variable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plex_oidc::config::{self, Place};

use super::{SECRET, environment, folder, write};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/config/bad")
}

fn files(extension: &str) -> BTreeSet<PathBuf> {
    let all = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn prepare(folder: &Path) {
    write(folder, "good.secret", SECRET);
    write(folder, "empty.secret", "\n# nothing\n");
    write(folder, "weak.secret", "canary-hunter2");
    write(folder, "repeated.secret", &"canary".repeat(8));
    write(folder, "three.secret", &format!("{SECRET}-a\n{SECRET}-b\n{SECRET}-c\n"));
    write(folder, "damaged.secret", "sha256:eV7kLFHs58rrP3mFw");
    write(folder, "page.svg", "<html><svg/></html>");
    write(folder, "large.png", &"x".repeat(64 * 1024 + 1));
    std::fs::create_dir(folder.join("folder")).unwrap();
}

fn refusal(path: &Path, folder: &Path) -> config::Problems {
    let text = std::fs::read_to_string(path).unwrap();
    let variables: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# variable: ")?.split_once('=')).collect();
    match config::parse("plex-oidc.toml", &text, folder, &environment(&variables)) {
        Ok(_) => panic!("{} was accepted", path.display()),
        Err(problems) => problems,
    }
}

#[test]
fn i_15_every_bad_file_is_refused_in_the_words_beside_it() {
    let folder = folder();
    prepare(folder.path());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    let files = files("toml");
    assert!(files.len() >= 80, "{} bad files", files.len());
    for path in &files {
        let message = refusal(path, folder.path()).to_string();
        let message = message.replace(&folder.path().display().to_string(), "/etc/plex-oidc");
        let golden = path.with_extension("txt");
        if update {
            std::fs::write(&golden, &message).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != message {
            different.push(format!("{}:\n{message}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}\nUPDATE_GOLDEN=1 rewrites them", different.join("\n"));
}

#[test]
fn i_15_every_golden_message_belongs_to_a_file() {
    let with_text: BTreeSet<PathBuf> = files("txt").iter().map(|path| path.with_extension("toml")).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        let files = files("toml");
        let lonely: Vec<_> = files.symmetric_difference(&with_text).collect();
        assert!(lonely.is_empty(), "{lonely:?}");
    }
}

#[test]
fn i_15_every_problem_has_a_place_and_a_remedy_that_is_a_sentence() {
    let folder = folder();
    prepare(folder.path());
    for path in files("toml") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for problem in refusal(&path, folder.path()).0 {
            let whole_file = matches!(problem.place, Place::File { .. });
            let may_miss = ["missing", "empty", "only-comments", "other-name"];
            assert!(!whole_file || may_miss.iter().any(|part| name.contains(part)), "{name}: {problem}");
            assert!(
                problem.remedy.ends_with(['.', '?', '…']) || problem.remedy.ends_with("openssl rand -hex 32"),
                "{name}: {problem}"
            );
            assert!(!problem.wrong.ends_with('.'), "{name}: {problem}");
        }
    }
}

#[test]
fn req_177_no_message_repeats_a_secret() {
    let folder = folder();
    prepare(folder.path());
    for path in files("toml") {
        let message = refusal(&path, folder.path()).to_string();
        for secret in [SECRET, "canary"] {
            assert!(!message.contains(secret), "{}:\n{message}", path.display());
        }
    }
}
