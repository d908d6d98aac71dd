//! Looking after one person by a token of their own: the list of servers that Plex shows to that person.
//!
//! A list that leaves everything out, or that cannot be read whole, ends nothing by itself; nor does one refusal of the token.

use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::membership::AcceptedServer;
use plex_oidc_core::recheck::{Recheck, recheck_by_own_list};
use plex_oidc_core::time::Timestamp;
use plextv::{Error, Oddity, PlexToken, Resources, Server};

use super::Plex;

/// What Plex says of somebody, asked with their own token.
#[derive(Debug, PartialEq, Eq)]
pub enum OwnLook {
    /// Which servers they still see.
    Told {
        /// What that means.
        recheck: Box<Recheck>,
        /// Whether the list is clear enough to end what the person has: an empty one is not.
        is_clear: bool,
    },
    /// Plex does not accept the token any more, and said so twice.
    TokenDead,
}

impl Plex {
    /// Whether the token of this person's sign-in is kept. Never that of an owner, who is a member whatever Plex says now, and
    /// whose token is worth most.
    pub fn keeps_token_of(&self, person: &Person) -> bool {
        let AccountId::Plex(account) = person.account.id else { return false };
        self.settings.own_tokens.is_some()
            && !self.owns_one(account)
            && matches!(person.standing, Standing::Member { .. })
    }

    /// Asks Plex about `person`, with their own token. An error says nothing about them.
    pub async fn look_with_own_token(
        &self,
        person: &Person,
        token: &PlexToken,
        now: Timestamp,
    ) -> Result<OwnLook, Error> {
        let asking = async {
            match self.own.resources(token).await {
                // Asked for something else, Plex has to say it again.
                Err(error) if error.says_token_is_dead() => match self.own.user(token).await {
                    Ok(_) => Err(Error::Unexpected { status: 401, oddity: Oddity::Status }),
                    Err(error) if error.says_token_is_dead() => Ok(None),
                    Err(error) => Err(error),
                },
                answer => answer.map(Some),
            }
        };
        let Some(Resources { servers, unreadable }) = self.asked_by_itself(asking).await? else {
            return Ok(OwnLook::TokenDead);
        };
        if let Some(row) = unreadable.iter().find(|row| self.may_be_accepted(row)) {
            return Err(Error::Unexpected { status: 200, oddity: row.why.into() });
        }
        if servers.iter().any(|seen| self.is_ours_without_owner(seen)) {
            return Err(Error::Unexpected { status: 200, oddity: Oddity::Status });
        }
        let visible: Vec<_> = servers.iter().map(Server::visible).collect();
        let recheck = recheck_by_own_list(person, &visible, now);
        Ok(OwnLook::Told { recheck: Box::new(recheck), is_clear: !servers.is_empty() })
    }

    /// Whether this may be an accepted server, though Plex does not say whose it is.
    fn is_ours_without_owner(&self, seen: &Server) -> bool {
        let is_it = |accepted: &AcceptedServer| accepted.machine == seen.machine;
        !seen.owned && seen.owner.is_none() && self.settings.servers.iter().any(is_it)
    }
}
