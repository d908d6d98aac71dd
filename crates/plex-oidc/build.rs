//! Embeds the templates, the static files (compressed once here instead of on every request), the presets and the
//! message files of the languages.
//!
//! Writes to the build directory: `embedded.rs`, three tables that `src/assets.rs` includes, and `languages.rs`, which
//! `src/pages/languages.rs` includes. It decides nothing about how the files are named, served or chosen.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);

    let mut tables = String::from("pub(crate) static FILES: &[EmbeddedFile] = &[\n");
    for path in files_of(&manifest_dir.join("static"))? {
        write_asset(&mut tables, &path, &out_dir)?;
    }
    tables.push_str("];\n\npub(crate) static TEMPLATES: &[(&str, &str)] = &[\n");
    for path in files_of(&manifest_dir.join("templates"))? {
        writeln!(tables, "    ({:?}, include_str!({})),", file_name(&path)?, literal(&path)?)?;
    }
    tables.push_str("];\n\npub(crate) static PRESETS: &[(&str, &str)] = &[\n");
    for path in files_of(&manifest_dir.join("presets"))? {
        // A guide for contributors stands beside them.
        if let Some(name) = file_name(&path)?.strip_suffix(".toml") {
            writeln!(tables, "    ({name:?}, include_str!({})),", literal(&path)?)?;
        }
    }
    tables.push_str("];\n");
    fs::write(out_dir.join("embedded.rs"), tables)?;
    fs::write(out_dir.join("languages.rs"), languages(&manifest_dir.join("languages"))?)?;

    // Half a megabyte less. Every musl that Rust ships reads such relocations; an older glibc would not.
    if env::var("CARGO_CFG_TARGET_ENV")? == "musl" {
        writeln!(io::stdout(), "cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs")?;
    }
    if env::var("CARGO_CFG_TARGET_ENV")? == "musl" && env::var("PROFILE")? == "release" {
        let script = out_dir.join("text-order.ld");
        fs::write(&script, text_order(&fs::read_to_string(manifest_dir.join("text-order.txt"))?))?;
        writeln!(io::stdout(), "cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display())?;
    }
    for watched in ["build.rs", "languages", "presets", "static", "templates", "text-order.txt"] {
        writeln!(io::stdout(), "cargo::rerun-if-changed={watched}")?;
    }
    Ok(())
}

/// A script for the linker: what runs at the start and on an ordinary day lies together, so that the rest of the program is never
/// read into memory (docs/decisions/0022). A name that is none any more is no harm.
fn text_order(names: &str) -> String {
    let listed = names.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let sections: String = listed
        .map(|line| match line.strip_prefix("object ") {
            Some(object) => format!("    {object}(.text .text.*)\n"),
            None => format!("    *(.text.{line} .text.unlikely.{line})\n"),
        })
        .collect();
    format!("SECTIONS\n{{\n  .text.first :\n  {{\n{sections}  }}\n}}\nINSERT BEFORE .text;\n")
}

/// The message files as they need no reading and no memory when the program starts: one text for each language, and where
/// in it each key and each message begins, sorted by key. No pointers, which would have to be moved to where the program lies.
fn languages(folder: &Path) -> Result<String, Box<dyn Error>> {
    let (mut english, mut others, mut tags) = (String::new(), String::new(), Vec::new());
    for path in files_of(folder)? {
        // A guide for translators stands beside them.
        let Some(tag) = file_name(&path)?.strip_suffix(".toml") else { continue };
        let table = language(tag, &path).map_err(|error| format!("{}: {error}", path.display()))?;
        tags.push(tag.to_owned());
        if tag == "en" {
            writeln!(english, "static ENGLISH: Language = {table};")?;
            others.push_str("    &ENGLISH,\n");
        } else {
            writeln!(others, "    &{table},")?;
        }
    }
    Ok(format!(
        "{english}\nstatic LANGUAGES: &[&Language] = &[\n{others}];\n\nconst TAGS: &[&str] = &{tags:?};\n"
    ))
}

fn language(tag: &str, path: &Path) -> Result<String, Box<dyn Error>> {
    let mut file: toml::Table = fs::read_to_string(path)?.parse()?;
    let about = file.remove("about").ok_or("there is no table [about]")?;
    let about: About = about.try_into()?;
    let is_rtl = match about.direction.as_str() {
        "ltr" => false,
        "rtl" => true,
        _ => return Err("about.direction is neither \"ltr\" nor \"rtl\"".into()),
    };
    let mut messages = BTreeMap::new();
    flatten("", file, &mut messages)?;
    let (mut text, mut index) = (String::new(), Vec::new());
    for (key, message) in messages {
        let start = text.len();
        text.push_str(&key);
        index.push((start, text.len()));
        text.push_str(&message);
    }
    Ok(format!(
        "Language {{ tag: {tag:?}, name: {:?}, is_rtl: {is_rtl}, one: &{:?}, text: {text:?}, index: &{index:?} }}",
        about.name, about.one
    ))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    /// What the language calls itself.
    name: String,
    /// `ltr` or `rtl`.
    direction: String,
    /// The numbers that take the message named `one`; all others take `other`.
    one: Vec<u64>,
}

fn flatten(
    prefix: &str,
    table: toml::Table,
    messages: &mut BTreeMap<String, String>,
) -> Result<(), Box<dyn Error>> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::String(message) => drop(messages.insert(key, message)),
            toml::Value::Table(table) => flatten(&key, table, messages)?,
            _ => return Err(format!("{key} is no text").into()),
        }
    }
    Ok(())
}

fn write_asset(tables: &mut String, path: &Path, out_dir: &Path) -> Result<(), Box<dyn Error>> {
    let name = file_name(path)?;
    let identity = fs::read(path)?;
    let gzip = out_dir.join(format!("{name}.gz"));
    let brotli = out_dir.join(format!("{name}.br"));
    fs::write(&gzip, gzipped(&identity)?)?;
    fs::write(&brotli, brotli_compressed(&identity)?)?;
    writeln!(tables, "    EmbeddedFile {{")?;
    writeln!(tables, "        name: {name:?},")?;
    writeln!(tables, "        identity: include_bytes!({}),", literal(path)?)?;
    writeln!(tables, "        gzip: include_bytes!({}),", literal(&gzip)?)?;
    writeln!(tables, "        brotli: include_bytes!({}),", literal(&brotli)?)?;
    writeln!(tables, "    }},")?;
    Ok(())
}

/// The files of a folder in name order, so that two builds of one tree write the same table.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> Result<&str, Box<dyn Error>> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| format!("{} has no plain file name", path.display()).into())
}

/// The path as a string literal of Rust.
fn literal(path: &Path) -> Result<String, Box<dyn Error>> {
    path.to_str()
        .map(|text| format!("{text:?}"))
        .ok_or_else(|| format!("{} is not UTF-8", path.display()).into())
}

fn gzipped(identity: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(identity)?;
    encoder.finish()
}

fn brotli_compressed(identity: &[u8]) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut io::Cursor::new(identity), &mut compressed, &params)?;
    Ok(compressed)
}
