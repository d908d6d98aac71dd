//! Whom the host means by what they typed.

use thiserror::Error;

use plex_oidc_core::id::AccountId;
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
    let account = Subject::parse(who).and_then(|subject| subject.account());
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

/// The account that is meant. One at Plex need not have signed in; a local one has to be there.
pub(super) fn account(users: &[UserRecord], who: &str) -> Result<AccountId, NotOne> {
    match (find(users, who), Subject::parse(who).and_then(|subject| subject.account())) {
        (Ok(user), _) => Ok(user.account_id()),
        (Err(_), Some(account @ AccountId::Plex(_))) => Ok(account),
        (Err(error), _) => Err(error),
    }
}

fn goes_by(user: &UserRecord, who: &str) -> bool {
    let account = &user.person.account;
    let is_who = |name: &Option<String>| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(who));
    matches!(account.id, AccountId::Plex(id) if id.to_string() == who)
        || is_who(&account.username)
        || (account.email_confirmed && account.has_address(who))
}

#[cfg(test)]
pub(super) mod tests {
    use plex_oidc_core::account::Account;
    use plex_oidc_core::decide::{Person, Standing};
    use plex_oidc_core::groups::{Group, Groups};
    use plex_oidc_core::id::PlexAccountId;
    use plex_oidc_core::time::Timestamp;

    use super::*;

    pub(in crate::cli) fn user(id: u64, username: &str, email: &str, email_confirmed: bool) -> UserRecord {
        let account = Account {
            username: Some(username.to_owned()),
            email: Some(email.to_owned()),
            email_confirmed,
            ..Account::named(AccountId::Plex(PlexAccountId(id)), username.to_owned())
        };
        let standing = Standing::Member { confirmed_at: Timestamp(0), through: Vec::new() };
        let person = Person {
            account,
            groups: Groups::from([Group::friend()]),
            standing,
            shares: Vec::new(),
            marks: plex_oidc_core::decide::Marks::default(),
        };
        UserRecord { person, updated: Timestamp(0) }
    }

    #[test]
    fn a_user_is_found_by_what_nobody_else_goes_by() {
        let users = [
            user(7, "robin", "robin@example.com", true),
            user(8, "sam", "sam@example.com", false),
            user(9, "plex-7", "seven@example.com", true), // calls itself what somebody else is
            user(10, "ROBIN@example.com", "ten@example.com", true),
            user(11, "8", "eleven@example.com", true),
        ];
        let found = |who: &str| find(&users, who).map(UserRecord::account_id);
        for (who, id) in
            [("plex-7", 7), ("7", 7), ("Robin", 7), ("sam", 8), ("plex-8", 8), ("seven@Example.com", 9)]
        {
            assert_eq!(found(who).unwrap(), AccountId::Plex(PlexAccountId(id)), "{who}");
        }
        for stranger in ["sam@example.com", "plex-12", "plex-07", "", "rob", "robin@example.co"] {
            assert!(matches!(found(stranger), Err(NotOne::Nobody(_))), "{stranger}");
        }
        let Err(NotOne::Several(_, several)) = found("robin@example.com") else { panic!("guessed") };
        assert_eq!(several, "plex-7, plex-10");
        assert!(matches!(found("8"), Err(NotOne::Several(..))));
    }
}
