//! Loading: the example, the smallest file, variables, paths.

use plex_oidc::config::{self, example};

use super::{environment, folder};

#[test]
fn the_example_file_loads_without_problem_or_warning() {
    let folder = folder();
    let loaded = config::parse("example.toml", &example::text(), folder.path(), &environment(&[]));
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.clients.len(), 1);
}

#[test]
fn every_commented_line_of_the_example_is_right_too() {
    let folder = folder();
    std::fs::write(folder.path().join("extra-ca.pem"), "").unwrap();
    std::fs::create_dir(folder.path().join("theme")).unwrap();
    super::write(folder.path(), "plex-owner.token", "abcdefghijklmnopqrst");
    let active = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.split(' ').nth(1) == Some("=") => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<String> = example::text().lines().skip_while(|line| !line.is_empty()).map(active).collect();
    let text = text.join("\n").replace("[[plex.servers]]", "[[servers_go_elsewhere]]");
    let problems = config::parse("example.toml", &text, folder.path(), &environment(&[])).unwrap_err();
    let unexpected: Vec<_> =
        problems.0.iter().filter(|p| !p.key.starts_with("servers_go_elsewhere")).collect();
    assert!(unexpected.is_empty(), "{problems}");
}
