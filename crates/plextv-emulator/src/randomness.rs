//! Tokens, codes and numbers that look like Plex's.
//!
//! Owns: a small generator (SplitMix64) and the alphabets. Nothing here is secret: the emulator is a test double, so
//! it does not use a cryptographic source.

const CODE: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const SHORT_CODE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const TOKEN: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// A stream of numbers from one seed.
#[derive(Debug, Clone)]
pub(crate) struct Randomness(u64);

impl Randomness {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed no other process is likely to have.
    pub(crate) fn fresh_seed() -> u64 {
        let (high, low) = uuid::Uuid::now_v7().as_u64_pair();
        high.rotate_left(32) ^ low
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The code of a strong PIN: 25 of `[a-z0-9]`.
    pub(crate) fn code(&mut self) -> String {
        self.text(25, CODE)
    }

    /// The code of a short PIN: 4 of `[A-Z0-9]`.
    pub(crate) fn short_code(&mut self) -> String {
        self.text(4, SHORT_CODE)
    }

    /// A token: 20 of `[A-Za-z0-9_-]`.
    pub(crate) fn token(&mut self) -> String {
        self.text(20, TOKEN)
    }

    fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        let size = alphabet.len().max(1) as u64;
        (0..length)
            .filter_map(|_| {
                let index = usize::try_from(self.number() % size).ok()?;
                alphabet.get(index).copied().map(char::from)
            })
            .collect()
    }
}
