//! `icon_file` of applications: small pictures beside the configuration, read once and looked at. Browsers get them from us alone, so
//! that no other site learns who looks at the page.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use plex_oidc_core::gateway::handover;
use plex_oidc_core::id::ClientId;

use super::reader::Reader;

/// Largest picture, in bytes: a page may show forty.
const LARGEST: u64 = 64 * 1024;

/// The picture of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Icon {
    /// What is in the file.
    pub bytes: Vec<u8>,
    /// How its name ends: what it is, as its bytes say.
    pub extension: &'static str,
}

/// The pictures of clients, and of applications behind the gateway by the clients that stand for them.
pub type Icons = BTreeMap<ClientId, Icon>;

pub(super) fn build(reader: &mut Reader<'_>) -> Icons {
    let mut icons = Icons::new();
    for (list, named) in [("clients", "id"), ("apps", "name")] {
        for index in 0..reader.document.count(list) {
            let at = format!("{list}.{index}");
            let Some(icon) = one(reader, &format!("{at}.icon_file")) else { continue };
            let first_host = || {
                reader
                    .text(&format!("{at}.host"))
                    .or_else(|| reader.texts(&format!("{at}.hosts")).first().cloned())
            };
            let name =
                reader.text(&format!("{at}.{named}")).or_else(|| first_host().filter(|_| list == "apps"));
            let id = name.and_then(|name| match list {
                "apps" => handover::client_of(name.value.trim_start_matches("*.")),
                _ => ClientId::parse(&name.value),
            });
            icons.extend(id.map(|id| (id, icon))); // what is wrong with a name is said elsewhere
        }
    }
    icons
}

fn one(reader: &mut Reader<'_>, key: &str) -> Option<Icon> {
    let text = reader.text(key)?;
    let remedy = "Name a PNG, WebP or SVG file of at most 64 KiB; a relative path starts at the folder of the configuration.";
    if text.value.contains("://") {
        let wrong = "is an address, and pages show pictures of this program alone";
        reader.refuse(
            text.place,
            key,
            wrong,
            "Save the picture in a file beside the configuration, and name that.",
        );
        return None;
    }
    let path = reader.folder.join(&text.value);
    let wrong = match read(&path) {
        Ok(bytes) if bytes.len() as u64 > LARGEST => format!("{} is larger than 64 KiB", path.display()),
        Ok(bytes) => match extension_of(&bytes) {
            Some(extension) => return Some(Icon { bytes, extension }),
            None => format!("{} is no picture that browsers show everywhere", path.display()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("there is no file {}", path.display())
        }
        Err(error) => format!("{} cannot be read: {error}", path.display()),
    };
    reader.refuse(text.place, key, wrong, remedy);
    None
}

/// The file, or a little more than is allowed of it.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a picture is, by its first bytes: its name proves nothing.
fn extension_of(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("png");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("webp");
    }
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
    let is_svg = (text.starts_with("<svg") || text.starts_with("<?xml") || text.starts_with("<!--"))
        && text.contains("<svg");
    is_svg.then_some("svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        assert_eq!(extension_of(b"\x89PNG\r\n\x1a\n\0\0"), Some("png"));
        assert_eq!(extension_of(b"RIFF\x10\0\0\0WEBPVP8 "), Some("webp"));
        for svg in [
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "\u{feff}<?xml version='1.0'?>\n<svg/>",
            "<!-- x --><svg/>",
        ] {
            assert_eq!(extension_of(svg.as_bytes()), Some("svg"), "{svg}");
        }
        for other in [
            &b""[..],
            b"GIF89a",
            b"RIFF\0\0\0\0WAVE",
            b"<html><svg/></html>",
            b"<?xml?><html/>",
            b"\xff\xfe<svg/>",
            b"MZ",
        ] {
            assert_eq!(extension_of(other), None, "{other:?}");
        }
    }
}
