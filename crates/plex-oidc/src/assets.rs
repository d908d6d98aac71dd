//! Static files: what is embedded in the binary, what a host put in its folder, and how each is named and encoded.
//!
//! Every file is addressed by a digest of its bytes (`/assets/<hash>/<name>`), so an answer never changes and may be
//! cached for ever. This module owns names, digests and content coding; it sends nothing and knows no templates.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

/// The `Cache-Control` of every asset: the address names the content, so it never goes stale.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// Bytes of the digest in an address: 96 bits, far beyond an accidental collision among a few files.
const HASH_BYTES: usize = 12;

/// One file compiled into the binary by `build.rs`.
pub(crate) struct EmbeddedFile {
    pub(crate) name: &'static str,
    pub(crate) identity: &'static [u8],
    pub(crate) gzip: &'static [u8],
    pub(crate) brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A content coding that we can answer with (RFC 9110 s. 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// `gzip`.
    Gzip,
    /// `br`.
    Brotli,
}

impl Encoding {
    /// The value of `Content-Encoding`, or `None` where the header must be left out.
    pub fn header_value(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// One static file with all its encodings.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    hash: String,
    identity: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

/// The one encoding of an [`Asset`] chosen for a request. Answers must carry `Vary: Accept-Encoding`.
#[derive(Clone, Debug)]
pub struct Representation {
    /// How `body` is encoded.
    pub encoding: Encoding,
    /// A strong validator, different for each encoding (RFC 9110 s. 8.8.3.3).
    pub etag: String,
    /// The bytes to send.
    pub body: Bytes,
}

impl Asset {
    /// The encoding that the `Accept-Encoding` header asks for, brotli first.
    pub fn negotiate(&self, accept_encoding: Option<&str>) -> Representation {
        let accepted = accept_encoding.map(Accepted::parse).unwrap_or_default();
        let brotli = self.brotli.as_ref().filter(|_| accepted.brotli);
        let gzip = self.gzip.as_ref().filter(|_| accepted.gzip);
        let (encoding, suffix, body) = match (brotli, gzip) {
            (Some(body), _) => (Encoding::Brotli, "-br", body),
            (None, Some(body)) => (Encoding::Gzip, "-gz", body),
            (None, None) => (Encoding::Identity, "", &self.identity),
        };
        Representation { encoding, etag: format!("\"{}{suffix}\"", self.hash), body: body.clone() }
    }

    fn embedded(file: &EmbeddedFile, content_type: &'static str) -> Self {
        let smaller = |encoded: &'static [u8]| {
            (encoded.len() < file.identity.len()).then(|| Bytes::from_static(encoded))
        };
        Self {
            content_type,
            hash: hash_of(file.identity),
            identity: Bytes::from_static(file.identity),
            gzip: smaller(file.gzip),
            brotli: smaller(file.brotli),
        }
    }
}

/// All static files of this process, by name.
#[derive(Debug)]
pub(crate) struct Assets {
    by_name: BTreeMap<String, (String, Asset)>,
}

impl Assets {
    /// The files in the binary.
    pub(crate) fn embedded() -> Self {
        let mut by_name = BTreeMap::new();
        for file in FILES {
            if let Some(content_type) = content_type_of(file.name) {
                let asset = Asset::embedded(file, content_type);
                by_name.insert(file.name.to_owned(), (url_of(&asset.hash, file.name), asset));
            }
        }
        Self { by_name }
    }

    /// Adds a file, or replaces the one of that name. `false` if the name cannot be served.
    ///
    /// Such a file is served as it is: compressing at run time would cost a dependency for a file or two.
    pub(crate) fn insert(&mut self, name: &str, identity: Vec<u8>) -> bool {
        let Some(content_type) = content_type_of(name) else { return false };
        let hash = hash_of(&identity);
        let url = url_of(&hash, name);
        let asset = Asset { content_type, hash, identity: identity.into(), gzip: None, brotli: None };
        self.by_name.insert(name.to_owned(), (url, asset));
        true
    }

    /// Where a page finds the file of this name.
    pub(crate) fn url(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|(url, _)| url.as_str())
    }

    /// The file at `<hash>/<name>`; the digest must be that of the present content.
    pub(crate) fn at(&self, path: &str) -> Option<&Asset> {
        let (hash, name) = path.split_once('/')?;
        self.by_name.get(name).map(|(_, asset)| asset).filter(|asset| asset.hash == hash)
    }

    /// Every name and address.
    pub(crate) fn urls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.iter().map(|(name, (url, _))| (name.as_str(), url.as_str()))
    }
}

/// The codings of an `Accept-Encoding` header that matter to us (RFC 9110 s. 12.5.3).
#[derive(Default)]
struct Accepted {
    gzip: bool,
    brotli: bool,
}

impl Accepted {
    fn parse(header: &str) -> Self {
        let (mut gzip, mut brotli, mut any) = (None, None, false);
        for item in header.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let coding = parts.next().unwrap_or_default();
            let wanted = !parts.any(is_zero_weight);
            if coding.eq_ignore_ascii_case("br") {
                brotli = Some(wanted);
            } else if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
                gzip = Some(wanted);
            } else if coding == "*" {
                any = wanted;
            }
        }
        Self { gzip: gzip.unwrap_or(any), brotli: brotli.unwrap_or(any) }
    }
}

fn is_zero_weight(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, weight)| {
        name.trim().eq_ignore_ascii_case("q")
            && weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

/// The content type of a servable name; `None` for anything else, so that a stray file is never sent.
pub(crate) fn content_type_of(name: &str) -> Option<&'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.starts_with('.') || !name.bytes().all(plain) {
        return None;
    }
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

fn url_of(hash: &str, name: &str) -> String {
    format!("/assets/{hash}/{name}")
}

fn hash_of(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().take(HASH_BYTES).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style() -> Asset {
        let assets = Assets::embedded();
        let path = assets.url("style.css").unwrap().strip_prefix("/assets/").unwrap().to_owned();
        assets.at(&path).unwrap().clone()
    }

    #[test]
    fn the_smallest_accepted_encoding_is_chosen() {
        use Encoding::{Brotli, Gzip, Identity};
        let rows = [
            (None, Identity),
            (Some(""), Identity),
            (Some("identity"), Identity),
            (Some("gzip, deflate, br, zstd"), Brotli),
            (Some("gzip, br;q=0"), Gzip),
            (Some("br ; Q=0.000, gzip;q=0"), Identity),
            (Some("GZIP"), Gzip),
            (Some("*"), Brotli),
            (Some("*;q=0"), Identity),
            (Some("br;q=0, *"), Gzip),
            (Some(";;;,,=,q"), Identity),
        ];
        for (header, expected) in rows {
            assert_eq!(style().negotiate(header).encoding, expected, "{header:?}");
        }
    }

    #[test]
    fn each_encoding_has_its_own_strong_etag() {
        let etags = ["br", "gzip", "identity"].map(|coding| style().negotiate(Some(coding)).etag);
        assert!(etags.iter().all(|etag| etag.starts_with('"') && etag.ends_with('"')), "{etags:?}");
        assert!(etags[0] != etags[1] && etags[1] != etags[2], "{etags:?}");
        assert_eq!(etags[2], style().negotiate(None).etag);
    }

    #[test]
    fn the_address_follows_the_content() {
        let mut assets = Assets::embedded();
        let before = assets.url("style.css").unwrap().to_owned();
        assert_eq!(before, Assets::embedded().url("style.css").unwrap(), "stable over restarts");
        assert!(assets.insert("style.css", b"body { color: red }".to_vec()));
        let after = assets.url("style.css").unwrap().to_owned();
        assert_ne!(before, after);
        assert!(assets.at(before.strip_prefix("/assets/").unwrap()).is_none());
        assert!(assets.at(after.strip_prefix("/assets/").unwrap()).is_some());
    }

    #[test]
    fn unknown_assets_are_none() {
        let assets = Assets::embedded();
        for path in ["", "/", "style.css", "x/style.css", "/style.css", "../Cargo.toml", "x/../../Cargo.toml"]
        {
            assert!(assets.at(path).is_none(), "{path}");
        }
        assert!(assets.url("absent.css").is_none());
    }

    #[test]
    fn names_that_cannot_be_served_are_refused() {
        let mut assets = Assets::embedded();
        for name in ["page.html", ".hidden.css", "a/b.css", "a b.css", "noextension", "x.exe", "\u{e9}.css"] {
            assert!(!assets.insert(name, Vec::new()), "{name}");
        }
    }

    #[test]
    fn every_embedded_file_is_servable() {
        assert_eq!(Assets::embedded().urls().count(), FILES.len());
    }
}
