//! Accounts that the host keeps: how their passwords are hashed and checked, and in which spelling their names are compared.
//!
//! Argon2id with 19 MiB, two passes and one lane (the OWASP minimum), and no other: a hash with other parameters would take
//! another time to check, and so tell which accounts there are. Hashing is done beside the threads that answer requests, a
//! few at a time; a few more may wait, and whoever comes beyond those is told to come back.

use std::fmt;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use plex_oidc_core::profile::is_email;
use plex_oidc_core::subject::Subject;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// How every hash begins: the algorithm and its parameters (PHC string format).
const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Shortest and longest password, in bytes.
pub const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=512;

/// Longest name, in bytes.
const LONGEST_NAME: usize = 64;

/// For each password that may be hashed at a time, so many may wait.
const WAITING_PER_HASH: usize = 16;

/// A password in the clear, of a length that is worth hashing.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Accepts [`PASSWORD_BYTES`].
    pub fn parse(text: &str) -> Option<Self> {
        PASSWORD_BYTES.contains(&text.len()).then(|| Self(Zeroizing::new(text.to_owned())))
    }
}

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    salt: [u8; 16],
    output: [u8; 32],
}

/// No password has it: checking against it takes as long as against any other.
const NOBODYS: PasswordHash = PasswordHash { salt: *b"of nobody at all", output: [0; 32] };

impl PasswordHash {
    /// Hashes a password. Takes a while and 19 MiB.
    ///
    /// # Panics
    ///
    /// Never: parameters and lengths are constants within the bounds of the algorithm.
    pub fn of(password: &Password, salt: [u8; 16]) -> Self {
        let mut output = [0; 32];
        let params =
            Params::new(MEMORY_KIB, PASSES, LANES, Some(output.len())).expect("parameters within bounds");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.0.as_bytes(), &salt, &mut output)
            .expect("lengths within bounds");
        Self { salt, output }
    }

    /// Reads what [`PasswordHash::to_text`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (salt, output) = text.strip_prefix(PREFIX)?.split_once('$')?;
        let decode = |text: &str| STANDARD_NO_PAD.decode(text).ok();
        Some(Self { salt: decode(salt)?.try_into().ok()?, output: decode(output)?.try_into().ok()? })
    }

    /// The hash as a line of text.
    pub fn to_text(&self) -> String {
        let Self { salt, output } = self;
        format!("{PREFIX}{}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output))
    }

    /// Whether it is that of `password`. Takes as long as hashing, whatever the answer.
    fn matches(&self, password: &Password) -> bool {
        verify_slices_are_equal(&self.output, &Self::of(password, self.salt).output).is_ok()
    }
}

/// Guessing starts from a hash: it is no text for a log.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// More passwords wait to be checked than we are willing to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Checks passwords, a few at a time.
pub struct PasswordChecker {
    /// From anybody.
    others: Turns,
    /// From browsers in which the password was right before: strangers cannot stand in their way.
    known: Turns,
}

struct Turns {
    hashing: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Turns {
    fn new(at_once: usize) -> Self {
        let admitted = at_once.saturating_mul(1 + WAITING_PER_HASH);
        Self { hashing: Arc::new(Semaphore::new(at_once)), admitted: Arc::new(Semaphore::new(admitted)) }
    }
}

impl PasswordChecker {
    /// For `at_once` passwords at a time, each of which takes 19 MiB, and one more of a known browser.
    pub fn new(at_once: usize) -> Self {
        Self { others: Turns::new(at_once.clamp(1, 1024)), known: Turns::new(1) }
    }

    /// Whether `password` is that of `hash`. Without a hash it is not, which takes as long to find out. `known`: the browser is
    /// one in which it was right before.
    pub async fn check(
        &self,
        hash: Option<PasswordHash>,
        password: Password,
        known: bool,
    ) -> Result<bool, Busy> {
        let turns = if known { &self.known } else { &self.others };
        let admitted = Arc::clone(&turns.admitted).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&turns.hashing).acquire_owned().await.map_err(|_| Busy)?;
        // What was begun is finished, whoever has gone away: until then it keeps its places.
        let checking = tokio::task::spawn_blocking(move || {
            let _places = (admitted, turn);
            let (known, hash) = (hash.is_some(), hash.unwrap_or(NOBODYS));
            hash.matches(&password) && known
        });
        checking.await.map_err(|_| Busy)
    }
}

/// A name for signing in, in the one spelling that is compared. `None`: it cannot be one. It has no `@`, so that no name is
/// ever another's address, and does not read as somebody's subject.
pub fn username(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let starts = lower.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let fits = starts && lower.len() <= LONGEST_NAME && lower.bytes().all(plain);
    (fits && Subject::parse(&lower).is_none()).then_some(lower)
}

/// An e-mail address for signing in, in the one spelling that is compared.
pub fn email(text: &str) -> Option<String> {
    is_email(text).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn req_138_a_password_is_hashed_by_argon2id_with_at_least_what_is_demanded() {
        let hash = PasswordHash::of(&password("correct horse"), [7; 16]);
        let text = hash.to_text();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        assert_eq!(PasswordHash::parse(&text), Some(hash.clone()));
        assert!(hash.matches(&password("correct horse")) && !hash.matches(&password("correct horsf")));
        assert!(!format!("{hash:?}").contains("argon2"));
        for other in ["m=4096,t=3,p=1", "m=19456,t=1,p=1", "m=65536,t=2,p=1"] {
            assert_eq!(PasswordHash::parse(&text.replace("m=19456,t=2,p=1", other)), None, "{other}");
        }
        for odd in
            ["", "$2b$12$abc", &text.replace('$', "$$"), &text.replace("argon2id", "argon2i"), "plain text"]
        {
            assert_eq!(PasswordHash::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn req_138_lengths_are_counted_in_bytes_before_anything_is_hashed() {
        for (text, fits) in [
            ("1234567", false),
            ("12345678", true),
            ("äöüß", true),
            (&"x".repeat(512), true),
            (&"ö".repeat(257), false),
        ] {
            assert_eq!(Password::parse(text).is_some(), fits, "{} bytes", text.len());
        }
    }

    #[tokio::test]
    async fn req_138_excess_is_refused_and_a_place_is_free_again_afterwards() {
        let checker = Arc::new(PasswordChecker::new(1));
        let hash = PasswordHash::of(&password("correct horse"), [7; 16]);
        let held = Arc::clone(&checker.others.hashing).acquire_owned().await.unwrap();
        let waiting: Vec<_> = (0..=WAITING_PER_HASH)
            .map(|_| {
                let (checker, hash) = (Arc::clone(&checker), hash.clone());
                tokio::spawn(async move { checker.check(Some(hash), password("correct horse"), false).await })
            })
            .collect();
        while checker.others.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(checker.check(Some(hash.clone()), password("correct horse"), false).await, Err(Busy));
        assert_eq!(
            checker.check(Some(hash.clone()), password("correct horse"), true).await,
            Ok(true),
            "known"
        );
        drop(held);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(true));
        }
        assert_eq!(checker.check(None, password("correct horse"), false).await, Ok(false));
        assert_eq!(checker.others.admitted.available_permits(), 1 + WAITING_PER_HASH);
    }

    #[test]
    fn a_name_has_one_spelling_and_is_never_an_address_or_a_subject() {
        assert_eq!(username("Robin.B-2_x").as_deref(), Some("robin.b-2_x"));
        for odd in
            ["", "-robin", "robin@example.com", "plex-7", "Local-7", "r\u{f6}bin", "a b", &"x".repeat(65)]
        {
            assert_eq!(username(odd), None, "{odd}");
        }
        assert_eq!(email("Robin@Example.com").as_deref(), Some("robin@example.com"));
        assert_eq!(email("robin"), None);
    }
}
