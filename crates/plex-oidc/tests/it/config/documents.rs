//! The reference page and the schema say what the code says. `UPDATE_DOCS=1` rewrites them.

use std::path::{Path, PathBuf};

use plex_oidc::config::{example, reference, schema};
use serde_json::Value;

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name)
}

fn holds(name: &str, wanted: &str) {
    let path = document(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} is not what the code says: UPDATE_DOCS=1 rewrites it", path.display());
}

#[test]
fn the_reference_page_is_what_the_code_says() {
    holds("config.md", &reference::page());
}

#[test]
fn the_json_schema_is_what_the_code_says() {
    let schema = reference::json_schema();
    let path = document("config.schema.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{schema:#}\n")).unwrap();
    }
    let found: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(found == schema, "{} is not what the code says: UPDATE_DOCS=1 rewrites it", path.display());
}

#[test]
fn every_key_is_in_the_page_the_schema_and_the_example() {
    let (page, example) = (reference::page(), example::text());
    for section in schema::SECTIONS {
        let mut at = reference::json_schema();
        for part in section.name.split('.').filter(|part| !part.is_empty()) {
            let member = at["properties"][part].take();
            at = if member["items"].is_object() { member["items"].clone() } else { member };
        }
        for key in section.keys {
            let is_secret = matches!(key.kind, schema::Kind::Secret);
            assert!(page.contains(&format!("`{}`", key.name)), "{} in the page", key.name);
            assert_eq!(at["properties"][key.name].is_object(), !is_secret, "{} in the schema", key.name);
            assert_eq!(
                example.contains(&format!("{} = ", key.name)),
                !is_secret,
                "{} in the example",
                key.name
            );
        }
    }
}
