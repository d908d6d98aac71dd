//! The authenticator data (Web Authentication Level 2, s. 6.1): what the authenticator itself says and signs.

use super::cbor::Reader;
use super::{LONGEST_ID, RelyingParty, WebAuthnError};
use crate::secret::sha256;

/// Longest authenticator data that are read, in bytes: a name of 1023, an RSA key of 8192 bits, and room for extensions.
const MAX_LEN: usize = 4 * 1024;

const MALFORMED: WebAuthnError = WebAuthnError::Malformed("authenticator data");

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// Whether a credential lies on more than the one authenticator that made it (Level 3, s. 6.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    /// It cannot.
    Never,
    /// It can, and does not yet.
    Possible,
    /// It does.
    Done,
}

impl Backup {
    /// Whether it can.
    pub const fn is_possible(self) -> bool {
        !matches!(self, Self::Never)
    }

    /// The word that is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Possible => "possible",
            Self::Done => "done",
        }
    }

    /// Reads what [`Backup::word`] writes.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Never, Self::Possible, Self::Done].into_iter().find(|backup| backup.word() == word)
    }
}

/// The credential that authenticator data are about, where they are (s. 6.5.1).
pub(super) struct Attested<'a> {
    /// Its name.
    pub(super) id: &'a [u8],
    /// Its public key, as COSE writes it.
    pub(super) key: &'a [u8],
}

/// Authenticator data that were read.
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: [u8; 32],
    flags: u8,
    /// Where the counter stands.
    pub(super) sign_count: u32,
    /// Whether the credential lies elsewhere too.
    pub(super) backup: Backup,
    /// The credential, at a registration.
    pub(super) attested: Option<Attested<'a>>,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads them to their last byte. Two flags are reserved, and mean nothing to us whatever they say.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, WebAuthnError> {
        if bytes.len() > MAX_LEN {
            return Err(MALFORMED);
        }
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(MALFORMED)?;
        let (&[flags, a, b, c, d], mut rest) = rest.split_first_chunk::<5>().ok_or(MALFORMED)?;
        let backup = match (flags & BACKUP_ELIGIBLE != 0, flags & BACKED_UP != 0) {
            (false, false) => Backup::Never,
            (true, false) => Backup::Possible,
            (true, true) => Backup::Done,
            // Level 3, s. 6.1.3: not allowed.
            (false, true) => return Err(MALFORMED),
        };
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (credential, behind) = credential(rest)?;
            (attested, rest) = (Some(credential), behind);
        }
        if flags & EXTENSIONS != 0 {
            // Whatever they say: none was asked for. But they end where they say.
            let mut extensions = Reader::new(rest, "authenticator data");
            for _ in 0..extensions.map()? {
                extensions.text()?;
                extensions.item()?;
            }
            rest = extensions.rest();
        }
        if !rest.is_empty() {
            return Err(MALFORMED);
        }
        let sign_count = u32::from_be_bytes([a, b, c, d]);
        Ok(Self { rp_id_hash: *rp_id_hash, flags, sign_count, backup, attested })
    }

    /// Whether they are for us, by somebody who was there, and of whom the authenticator made sure: s. 7.1 steps 13 to 15, s. 7.2
    /// steps 15 to 17.
    pub(super) fn check(&self, relying_party: RelyingParty<'_>) -> Result<(), WebAuthnError> {
        if self.rp_id_hash != sha256(relying_party.id().as_bytes()) {
            return Err(WebAuthnError::Mismatch("relying party"));
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(WebAuthnError::NobodyThere);
        }
        if self.flags & USER_VERIFIED == 0 {
            return Err(WebAuthnError::NotVerified);
        }
        Ok(())
    }
}

fn credential(bytes: &[u8]) -> Result<(Attested<'_>, &[u8]), WebAuthnError> {
    let (_aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(MALFORMED)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(MALFORMED)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if !(1..=LONGEST_ID).contains(&length) {
        return Err(MALFORMED);
    }
    let (id, rest) = rest.split_at_checked(length).ok_or(MALFORMED)?;
    let mut reader = Reader::new(rest, "authenticator data");
    let key = reader.item()?;
    Ok((Attested { id, key }, reader.rest()))
}
