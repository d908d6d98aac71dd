//! The subject: who a token is about, for ever (OIDC Core 1.0 s. 2 and s. 8).

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, LocalAccountId, PlexAccountId};

/// A stable identifier of a user at our issuer, at most 255 ASCII characters, never reassigned.
///
/// It is the way in and the account's number there, so it survives renames and new e-mail addresses; that of a Plex account
/// survives a rebuilt database too. Clients that are to know people by names of their own get a keyed hash of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(String);

impl Subject {
    const PAIRWISE: &'static str = "pairwise-";
    /// That of an account whose number has all the digits that one can have.
    const LONGEST: usize = "plex-18446744073709551615".len();

    /// The subject of an account.
    pub fn of(account: AccountId) -> Self {
        // Written once for each request of a proxy: with room for all of it from the start.
        let mut text = String::with_capacity(Self::LONGEST);
        let _ = write!(text, "{account}"); // writing to a String cannot fail
        Self(text)
    }

    /// The subject of a Plex account.
    pub fn of_plex(account: PlexAccountId) -> Self {
        Self::of(AccountId::Plex(account))
    }

    /// A subject that only the clients of one sector know (OIDC Core 1.0 s. 8.1), by the keyed hash of sector and person.
    pub fn pairwise(hash: [u8; 32]) -> Self {
        Self(format!("{}{}", Self::PAIRWISE, URL_SAFE_NO_PAD.encode(hash)))
    }

    /// Reads a subject that we wrote.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hash) = text.strip_prefix(Self::PAIRWISE) {
            return URL_SAFE_NO_PAD.decode(hash).ok()?.try_into().ok().map(Self::pairwise);
        }
        account(text).map(|_| Self(text.to_owned()))
    }

    /// The account behind this subject. A pairwise one does not tell.
    pub fn account(&self) -> Option<AccountId> {
        account(&self.0)
    }

    /// The text, for whoever keeps it.
    pub fn into_text(self) -> String {
        self.0
    }

    /// The text that goes into the `sub` claim.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn account(text: &str) -> Option<AccountId> {
    let (upstream, number) = text.split_once('-')?;
    let number: u64 = number.parse().ok()?;
    let account = match upstream {
        "plex" => AccountId::Plex(PlexAccountId(number)),
        "local" => AccountId::Local(LocalAccountId::new(number)?),
        _ => return None,
    };
    (account.to_string() == text).then_some(account)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_068_a_subject_is_the_account_id_in_one_spelling() {
        let subject = Subject::of_plex(PlexAccountId(48_151_623));
        assert_eq!(subject.as_str(), "plex-48151623");
        assert_eq!(Subject::parse("plex-48151623"), Some(subject));
        for odd in ["plex-048", "plex-+4", "plex-", "48151623", "plex-x", "plex-99999999999999999999"] {
            assert_eq!(Subject::parse(odd), None, "{odd}");
        }
        let local = AccountId::Local(LocalAccountId::new(7).unwrap());
        assert_eq!(Subject::parse("local-7"), Some(Subject::of(local)));
        assert_eq!(Subject::of(local).account(), Some(local));
        for odd in ["local-0", "local-07", "local-9007199254740992", "Local-7", "local-robin"] {
            assert_eq!(Subject::parse(odd), None, "{odd}");
        }
        assert!(Subject::of_plex(PlexAccountId(u64::MAX)).as_str().len() <= 255);
    }

    #[test]
    fn a_pairwise_subject_has_one_spelling_and_tells_nothing() {
        let subject = Subject::pairwise([255; 32]);
        assert_eq!(Subject::parse(subject.as_str()), Some(subject.clone()));
        assert_eq!(subject.account(), None);
        let text = subject.as_str();
        for odd in [format!("{text}="), format!("{text}A"), text.replace("__", "//"), "pairwise-".to_owned()]
        {
            assert_eq!(Subject::parse(&odd), None, "{odd}");
        }
    }
}
