//! Writes every page with its samples, and the static files, into a folder: `render-pages DIR [LANGUAGE] [OVERRIDES]`.
//!
//! Serve that folder (`python3 -m http.server -d DIR`) and look. Screenshots are taken of these files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use plex_oidc::pages::{Language, Pages, Theme, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: render-pages DIR [LANGUAGE] [OVERRIDES]")?;
    let theme = Theme { title: "Anna’s cinema".to_owned(), ..Theme::default() };
    let mut next = arguments.next();
    let language = next.as_ref().and_then(|tag| Language::of_tag(tag.to_str()?));
    if language.is_some() {
        next = arguments.next();
    }
    let pages = Pages::new(theme, next.as_deref())?;
    fs::create_dir_all(&folder)?;
    for (name, page) in samples() {
        fs::write(
            folder.join(format!("{name}.html")),
            pages.render(page, language.unwrap_or(pages.language())),
        )?;
    }
    for (_, url) in pages.asset_urls() {
        write_asset(&pages, &folder, url)?;
    }
    Ok(())
}

fn write_asset(pages: &Pages, folder: &Path, url: &str) -> Result<(), Box<dyn Error>> {
    let relative = url.trim_start_matches('/');
    let asset = relative.strip_prefix("assets/").and_then(|path| pages.asset(path)).ok_or("no such asset")?;
    let file = folder.join(relative);
    fs::create_dir_all(file.parent().unwrap_or(folder))?;
    fs::write(file, asset.negotiate(None).body)?;
    Ok(())
}
