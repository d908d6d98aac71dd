//! Owns the Plex token: how it is held, and that it cannot be printed. Knows nothing of where it is sent.

use std::fmt;

use zeroize::Zeroizing;

/// Longest token accepted. Opaque tokens have 20 characters; the newer signed ones several hundred.
const MAX_LENGTH: usize = 4096;

/// A token of a Plex account or of a server. It opens everything its owner has, so it never shows itself: no
/// `Display`, no comparison, a `Debug` without content, and its memory is wiped when dropped.
#[derive(Clone)]
pub struct PlexToken(Zeroizing<String>);

impl PlexToken {
    /// Accepts what can travel in a header: visible ASCII, not empty, not absurdly long.
    pub fn parse(text: &str) -> Option<Self> {
        let sendable = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        sendable.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself, for sealing or sending. Never for a log line.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlexToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlexToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_prints_itself() {
        let token = PlexToken::parse("canary-0123456789abc").unwrap();
        assert_eq!(format!("{token:?} {:?}", Some(&token)), "PlexToken(redacted) Some(PlexToken(redacted))");
        assert_eq!(token.expose(), "canary-0123456789abc");
    }

    #[test]
    fn what_cannot_travel_in_a_header_is_no_token() {
        for text in ["", " ", "a b", "a\r\nX-Evil: 1", "tökén", "a\0", &"x".repeat(MAX_LENGTH + 1)] {
            assert!(PlexToken::parse(text).is_none(), "{text:?}");
        }
    }
}
