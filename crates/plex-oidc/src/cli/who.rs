//! Whom the host means by what they typed.

use thiserror::Error;

use plex_oidc_core::subject::Subject;

use crate::store::records::UserRecord;

/// Why it is nobody.
#[derive(Debug, Error)]
pub(super) enum NotOne {
    #[error(
        "nobody who has signed in is {0}: give plex-<account id>, or a confirmed e-mail address or username"
    )]
    Nobody(String),
    #[error("{0} may be any of {1}: give one of these instead")]
    Several(String, String),
}

/// The one user who goes by `who`. People choose their names and addresses, so one of them could take what another goes
/// by: a name that fits several is refused, and an address counts only once it is confirmed. A subject is always exact.
pub(super) fn find<'u>(users: &'u [UserRecord], who: &str) -> Result<&'u UserRecord, NotOne> {
    let account = Subject::parse(who).and_then(|subject| subject.plex_account());
    let fits = |user: &&UserRecord| account.map_or_else(|| goes_by(user, who), |id| user.account_id() == id);
    let found: Vec<&UserRecord> = users.iter().filter(fits).collect();
    match found.as_slice() {
        [] => Err(NotOne::Nobody(who.to_owned())),
        [user] => Ok(user),
        several => {
            let subjects: Vec<_> = several.iter().map(|user| user.subject().to_string()).collect();
            Err(NotOne::Several(who.to_owned(), subjects.join(", ")))
        }
    }
}

fn goes_by(user: &UserRecord, who: &str) -> bool {
    let account = &user.person.account;
    let is_who = |name: &Option<String>| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(who));
    account.id.to_string() == who
        || is_who(&account.username)
        || (account.email_confirmed && is_who(&account.email))
}
