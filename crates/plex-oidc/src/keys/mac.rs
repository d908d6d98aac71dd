//! Keyed hashes (HMAC-SHA-256, RFC 2104): authenticating what passes through a browser and comes back, and naming people in a
//! way that only this installation can compute.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::file::KeyFile;

/// Longest text that is read back, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// Marks texts as ours, with the key of one key file.
pub struct Mac(hmac::Key);

impl Mac {
    /// Derives the key once. It is another key than the one that seals.
    pub fn new(file: &KeyFile) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, file.key());
        let derived = hmac::sign(&root, b"plex-oidc: what passes through browsers");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// `<text>.<tag>` in base64url, for this purpose.
    pub fn mark(&self, purpose: &'static str, text: &[u8]) -> String {
        let body = URL_SAFE_NO_PAD.encode(text);
        let tag = hmac::sign(&self.0, input(purpose, &body).as_bytes());
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// The text, if we marked it for this purpose.
    pub fn read(&self, purpose: &'static str, marked: &str) -> Option<Vec<u8>> {
        if marked.len() > MAX_LEN {
            return None;
        }
        let (body, tag) = marked.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, input(purpose, body).as_bytes(), &tag).ok()?;
        URL_SAFE_NO_PAD.decode(body).ok()
    }

    /// The keyed hash of these texts, none of which holds a line feed, for this purpose. It is the same for ever, as long as
    /// the key file is.
    pub fn digest(&self, purpose: &'static str, texts: &[&str]) -> [u8; 32] {
        debug_assert!(texts.iter().all(|text| !text.contains('\n')), "a text with a line feed");
        let tag = hmac::sign(&self.0, input(purpose, &texts.join("\n")).as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(tag.as_ref());
        digest
    }
}

/// The tag of a text by a secret that somebody else has too, in hexadecimal digits.
pub fn hmac_sha256(secret: &[u8], text: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text);
    tag.as_ref().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// Purposes have no bar, so no two inputs read alike.
fn input(purpose: &'static str, body: &str) -> String {
    debug_assert!(!purpose.contains('|'), "a purpose with a bar");
    format!("{purpose}|{body}")
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn mac(byte: u8) -> Mac {
        let folder = tempfile::tempdir().unwrap();
        let mut key = [byte; 32];
        key[0] = 1;
        Mac::new(&KeyFile::create(&folder.path().join("key"), Zeroizing::new(key)).unwrap())
    }

    #[test]
    fn a_digest_is_of_this_installation_this_purpose_and_these_texts() {
        let ours = mac(7);
        let digest = ours.digest("a", &["b", "c"]);
        assert_eq!(digest, mac(7).digest("a", &["b", "c"]));
        for other in [
            mac(8).digest("a", &["b", "c"]),
            ours.digest("b", &["b", "c"]),
            ours.digest("a", &["bc"]),
            ours.digest("a", &["c", "b"]),
        ] {
            assert_ne!(digest, other);
        }
    }

    #[test]
    fn only_what_we_marked_for_this_purpose_is_read() {
        let ours = mac(7);
        let marked = ours.mark("start", b"hello");
        assert_eq!(ours.read("start", &marked).as_deref(), Some(&b"hello"[..]));
        assert_eq!(ours.read("other", &marked), None);
        assert_eq!(mac(8).read("start", &marked), None);
        let (body, tag) = marked.split_once('.').unwrap();
        for forged in [
            format!("{body}x.{tag}"),
            format!("{body}."),
            format!(".{tag}"),
            body.to_owned(),
            format!("{body}.{tag}A"),
            format!("{body}.{}", tag.get(1..).unwrap()),
            String::new(),
            "a.".repeat(5000),
        ] {
            assert_eq!(ours.read("start", &forged), None, "{forged:.60}");
        }
    }
}
