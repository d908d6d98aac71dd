//! Sealing what must be read back: signing keys, and Plex tokens on their way through (AES-256-GCM, NIST SP 800-38D).
//!
//! A sealed value is one byte that names the key, the 12-byte nonce, the ciphertext, the 16-byte tag. The place it is
//! stored at is authenticated with it, so a value that is copied to another row or column does not open. Nonces are
//! drawn at random inside the library; one key seals far fewer than the 2^32 values for which that is safe.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::file::KeyFile;

/// Where a sealed value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The primary key of the row, as text.
    pub row: &'a str,
}

impl Place<'_> {
    /// Names of tables and columns have no bar, and the row comes last: no two places read alike.
    fn associated_data(self) -> Aad<String> {
        debug_assert!(!self.table.contains('|') && !self.column.contains('|'), "a name with a bar");
        Aad::from(format!("{}|{}|{}", self.table, self.column, self.row))
    }
}

/// Why a value cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The library did not seal.
    #[error("the value could not be sealed")]
    Failed,
    /// The value names another key.
    #[error(
        "the value was sealed with another key file; put back the key file that belongs to this database"
    )]
    OtherKey,
    /// The value does not open here.
    #[error("the value is damaged, or was moved here from another row; restore the database from a backup")]
    Damaged,
}

/// Seals and opens values with the key of one key file.
pub struct Seal {
    key: RandomizedNonceKey,
    key_id: u8,
}

impl Seal {
    /// Prepares the key once.
    #[expect(clippy::missing_panics_doc, reason = "the length of the key is in its type")]
    pub fn new(file: &KeyFile) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, file.key()).expect("a key file holds 32 bytes");
        Self { key, key_id: file.id() }
    }

    /// Seals `plain` for this place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        // Room for the tag: growing would leave a copy of the plain bytes behind.
        let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
        body.extend_from_slice(plain);
        let nonce = self
            .key
            .seal_in_place_append_tag(place.associated_data(), &mut *body)
            .map_err(|_| SealError::Failed)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
        sealed.push(self.key_id);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what was sealed for this place. The result is wiped when dropped.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (key_id, rest) = sealed.split_first().ok_or(SealError::Damaged)?;
        if *key_id != self.key_id {
            return Err(SealError::OtherKey);
        }
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Damaged)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain_len = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), place.associated_data(), &mut body)
            .map_err(|_| SealError::Damaged)?
            .len();
        body.truncate(plain_len);
        Ok(body)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: Place<'_> = Place { table: "signing_keys", column: "sealed", row: "k1" };

    fn seal(byte: u8) -> Seal {
        Seal::new(&KeyFile::for_tests(byte))
    }

    #[test]
    fn req_090_a_stored_value_does_not_show_what_it_holds_and_never_repeats() {
        let plain = b"a private key, sixteen bytes and more";
        let (first, second) = (seal(1).seal(HERE, plain).unwrap(), seal(1).seal(HERE, plain).unwrap());
        assert_eq!(first.len(), 1 + 12 + plain.len() + 16);
        assert_ne!(first[1..13], second[1..13], "nonces differ");
        assert_ne!(first[13..], second[13..]);
        assert!(!first.windows(8).any(|window| plain.windows(8).any(|part| part == window)));
        assert_eq!(*seal(1).open(HERE, &first).unwrap(), plain);
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let sealed = seal(1).seal(HERE, b"value").unwrap();
        for elsewhere in [
            Place { table: "plex_tokens", ..HERE },
            Place { column: "public", ..HERE },
            Place { row: "k2", ..HERE },
            Place { row: "", ..HERE },
        ] {
            assert_eq!(seal(1).open(elsewhere, &sealed), Err(SealError::Damaged), "{elsewhere:?}");
        }
        assert_eq!(seal(2).open(HERE, &sealed), Err(SealError::OtherKey));
    }

    #[test]
    fn a_key_that_only_shares_its_id_does_not_open() {
        let sealed = seal(1).seal(HERE, b"value").unwrap();
        let mut other = seal(2).seal(HERE, b"value").unwrap();
        other[0] = sealed[0];
        assert_eq!(seal(1).open(HERE, &other), Err(SealError::Damaged));
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let sealed = seal(1).seal(HERE, b"value").unwrap();
        for position in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[position] ^= 1 << bit;
                assert!(seal(1).open(HERE, &changed).is_err(), "byte {position}, bit {bit}");
            }
            assert!(seal(1).open(HERE, &sealed[..position]).is_err(), "cut at {position}");
        }
        assert!(seal(1).open(HERE, &[&sealed[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_seal_never_prints_its_key() {
        assert_eq!(format!("{:?}", seal(1)), "Seal([redacted])");
    }

    proptest! {
        #[test]
        fn anything_survives_sealing(plain: Vec<u8>, row in "[a-z|]{0,12}") {
            let place = Place { row: &row, ..HERE };
            let sealed = seal(1).seal(place, &plain).unwrap();
            prop_assert_eq!(&*seal(1).open(place, &sealed).unwrap(), &plain);
        }

        #[test]
        fn arbitrary_bytes_do_not_open(sealed: Vec<u8>) {
            prop_assert!(seal(1).open(HERE, &sealed).is_err());
        }
    }
}
