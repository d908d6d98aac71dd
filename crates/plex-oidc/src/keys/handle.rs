//! Handles: a secret that travels where anybody may read it, sealed, and opened again only by us.
//!
//! A claim that goes through Cloudflare Access lies open in a cookie and in every log on the way. So what is put there is
//! sealed with the key file: bound to the client it was made for, the person it belongs to, and its end. A handle is
//! base64url text of one byte for its form, its end in seconds (8 bytes, big-endian), and a sealed value; the end can be
//! read by anybody and changed by nobody, because it is authenticated with the rest.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::id::ClientId;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::Timestamp;
use thiserror::Error;
use zeroize::Zeroizing;

use super::seal::{Place, Seal, SealError};

/// The form described above.
const FORM: u8 = 1;
/// Longest handle that is looked at; the longest Plex token makes one of less than 6 KiB.
const MAX_LEN: usize = 8 * 1024;

/// The name of a key, a nonce and a tag: what sealing nothing at all would leave.
const SEALED_AT_LEAST: usize = 1 + 12 + 16;

/// What a handle is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// The client in whose ID token it travels.
    pub client: &'a ClientId,
    /// The person whom that token is about.
    pub subject: &'a Subject,
}

/// Why a handle does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HandleError {
    /// Not a handle, or one of a form that we do not know.
    #[error("the value is not a handle")]
    NotAHandle,
    /// Its end has passed.
    #[error("the handle has expired")]
    Expired,
    /// Made for another client or person, with another key file, or altered on the way.
    #[error("the handle is for somebody else, or was altered")]
    Refused,
}

/// Seals `plain` for this client and this person, until `expires`.
pub fn seal_handle(
    seal: &Seal,
    bound: Bound<'_>,
    expires: Timestamp,
    plain: &[u8],
) -> Result<String, SealError> {
    let sealed = seal.seal(place(&row(bound, expires)), plain)?;
    let mut handle = vec![FORM];
    handle.extend_from_slice(&expires.0.to_be_bytes());
    handle.extend_from_slice(&sealed);
    Ok(URL_SAFE_NO_PAD.encode(handle))
}

/// Opens what was sealed for this client and this person. The result is wiped when dropped.
pub fn open_handle(
    seal: &Seal,
    bound: Bound<'_>,
    now: Timestamp,
    text: &str,
) -> Result<Zeroizing<Vec<u8>>, HandleError> {
    if text.len() > MAX_LEN {
        return Err(HandleError::NotAHandle);
    }
    let handle = URL_SAFE_NO_PAD.decode(text).map_err(|_| HandleError::NotAHandle)?;
    let Some((&FORM, rest)) = handle.split_first() else { return Err(HandleError::NotAHandle) };
    let (expires, sealed) = rest.split_first_chunk().ok_or(HandleError::NotAHandle)?;
    // A plain token may happen to begin as a handle does; none is long enough to hold a sealed value.
    if sealed.len() < SEALED_AT_LEAST {
        return Err(HandleError::NotAHandle);
    }
    let expires = Timestamp(i64::from_be_bytes(*expires));
    let plain = seal.open(place(&row(bound, expires)), sealed).map_err(|_| HandleError::Refused)?;
    // Only now is it the end that we wrote.
    if expires.has_passed(now) { Err(HandleError::Expired) } else { Ok(plain) }
}

/// There is no such table: no stored value opens as a handle, and no handle as a stored value.
const fn place(row: &str) -> Place<'_> {
    Place { table: "handles", column: "plex_token", row }
}

/// A number and a subject have no bar in them, and the client comes last: no two bindings read alike.
fn row(bound: Bound<'_>, expires: Timestamp) -> String {
    format!("{}|{}|{}", expires.0, bound.subject, bound.client)
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::id::PlexAccountId;
    use proptest::prelude::*;

    use super::super::file::KeyFile;
    use super::*;

    const END: Timestamp = Timestamp(1_700_000_000);
    const BEFORE: Timestamp = Timestamp(1_699_999_999);
    const PLAIN: &[u8] = b"canary-0123456789abc";

    fn seal(byte: u8) -> Seal {
        Seal::new(&KeyFile::for_tests(byte))
    }

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).unwrap()
    }

    fn subject(id: u64) -> Subject {
        Subject::of_plex(PlexAccountId(id))
    }

    fn made() -> String {
        let bound = Bound { client: &client("access"), subject: &subject(42) };
        seal_handle(&seal(1), bound, END, PLAIN).unwrap()
    }

    fn opened(text: &str, now: Timestamp) -> Result<Zeroizing<Vec<u8>>, HandleError> {
        open_handle(&seal(1), Bound { client: &client("access"), subject: &subject(42) }, now, text)
    }

    #[test]
    fn a_handle_opens_for_whom_it_was_made_until_its_end() {
        let handle = made();
        assert_eq!(*opened(&handle, BEFORE).unwrap(), PLAIN);
        assert_eq!(opened(&handle, END), Err(HandleError::Expired));
        assert_eq!(opened(&handle, Timestamp(i64::MAX)), Err(HandleError::Expired));
        assert!(
            handle.len() < 90 && handle.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_ne!(handle, made(), "nobody sees that two hold the same");
        let inside = URL_SAFE_NO_PAD.decode(&handle).unwrap();
        assert!(!inside.windows(4).any(|window| PLAIN.windows(4).any(|part| part == window)));
    }

    #[test]
    fn a_handle_of_another_client_person_or_installation_is_refused() {
        let handle = made();
        for (id, person, key) in [("other", 42, 1), ("Access", 42, 1), ("access", 43, 1), ("access", 42, 2)] {
            let bound = Bound { client: &client(id), subject: &subject(person) };
            assert_eq!(
                open_handle(&seal(key), bound, BEFORE, &handle),
                Err(HandleError::Refused),
                "{id} {person}"
            );
        }
        // A bar in a client's id moves no border.
        let one = Bound { client: &client("a|plex-2|b"), subject: &subject(1) };
        let handle = seal_handle(&seal(1), one, END, PLAIN).unwrap();
        let other = Bound { client: &client("b"), subject: &subject(2) };
        assert_eq!(open_handle(&seal(1), other, BEFORE, &handle), Err(HandleError::Refused));
    }

    #[test]
    fn a_stored_value_is_no_handle_and_a_handle_no_stored_value() {
        let sealed = seal(1).seal(Place { table: "grants", column: "plex_token", row: "1" }, PLAIN).unwrap();
        let dressed = [&[FORM][..], &END.0.to_be_bytes(), &sealed].concat();
        assert_eq!(opened(&URL_SAFE_NO_PAD.encode(dressed), BEFORE), Err(HandleError::Refused));
    }

    #[test]
    fn an_altered_or_cut_handle_is_refused() {
        let bytes = URL_SAFE_NO_PAD.decode(made()).unwrap();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << bit;
                let error = if position == 0 { HandleError::NotAHandle } else { HandleError::Refused };
                assert_eq!(opened(&URL_SAFE_NO_PAD.encode(&changed), BEFORE), Err(error), "{position} {bit}");
            }
            assert!(
                opened(&URL_SAFE_NO_PAD.encode(&bytes[..position]), BEFORE).is_err(),
                "cut at {position}"
            );
        }
        let longer = URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat());
        assert_eq!(opened(&longer, BEFORE), Err(HandleError::Refused));
        let later =
            [&[FORM][..], &END.plus(plex_oidc_core::time::Seconds(1)).0.to_be_bytes(), &bytes[9..]].concat();
        assert_eq!(
            opened(&URL_SAFE_NO_PAD.encode(later), END),
            Err(HandleError::Refused),
            "its end is put off"
        );
        let plain_token = "AQcanary-0123456789a"; // by chance the beginning of a handle
        for text in
            ["", "=", "canary-0123456789abc", plain_token, "AQ", &format!("{}=", made()), &"A".repeat(9000)]
        {
            assert_eq!(opened(text, BEFORE), Err(HandleError::NotAHandle), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_opens_nothing(text in any::<String>(), bytes: Vec<u8>) {
            prop_assert!(opened(&text, BEFORE).is_err());
            prop_assert!(opened(&URL_SAFE_NO_PAD.encode(bytes), BEFORE).is_err());
        }
    }
}
