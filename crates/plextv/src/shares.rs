//! Owns the question "with whom are this owner's servers shared?". Plex has three lists that answer it, and removes one
//! without notice now and then; so the newest is asked first, and the older ones where it has no usable answer.

use std::sync::{Arc, Mutex, PoisonError};

use plex_oidc_core::id::{MachineId, PlexAccountId};
use plex_oidc_core::membership::Share;

use crate::identity::under;
use crate::parse::{self, Malformed};
use crate::wire::Call;
use crate::{Error, PlexToken, PlexTv};

/// Plex's lists of shares, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareList {
    /// Of every server at once: `shared_servers/owned/accepted`.
    Invitations,
    /// Of one server: `servers/{machine}/shared_servers`.
    Servers,
    /// Of everybody the owner is connected with: `/api/users`. It names no libraries.
    Contacts,
}

/// Which lists are known not to be usable, and why, so that the log says it once and not with every question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unusable(Arc<Mutex<Vec<(ShareList, String)>>>);

impl Unusable {
    /// Notes how a list is now: not usable for this reason, or usable. Whether that reason is new.
    fn is_news(&self, list: ShareList, reason: Option<&str>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.iter().any(|(of, why)| *of == list && Some(why.as_str()) == reason);
        if !is_known {
            known.retain(|(of, _)| *of != list);
            known.extend(reason.map(|why| (list, why.to_owned())));
        }
        !is_known && reason.is_some()
    }
}

impl ShareList {
    const ALL: [Self; 3] = [Self::Invitations, Self::Servers, Self::Contacts];
}

/// Accepted shares, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    /// The list that had a usable answer.
    pub list: ShareList,
    /// Every accepted share in it. The owner is in none.
    pub shares: Vec<Share>,
}

impl PlexTv {
    /// Every accepted share of every server of this owner.
    ///
    /// An outage, a rate limit or a dead token is reported as it is. Only a list that Plex removed, or answers with
    /// something odd, is passed over for the next.
    pub async fn accepted_shares(&self, owner_token: &PlexToken) -> Result<Shares, Error> {
        self.first_usable(owner_token, &ShareList::ALL, None).await
    }

    /// What another list than `first` says of these servers: for a caller who misses somebody in it. The error of the last
    /// list where no other has a usable answer.
    pub async fn second_opinion(
        &self,
        owner_token: &PlexToken,
        first: ShareList,
        machines: &[MachineId],
    ) -> Result<Shares, Error> {
        let others = match first {
            ShareList::Invitations => [ShareList::Servers, ShareList::Contacts],
            ShareList::Servers => [ShareList::Contacts, ShareList::Invitations],
            ShareList::Contacts => [ShareList::Servers, ShareList::Invitations],
        };
        self.first_usable(owner_token, &others, Some(machines)).await
    }

    async fn first_usable(
        &self,
        owner_token: &PlexToken,
        lists: &[ShareList],
        machines: Option<&[MachineId]>,
    ) -> Result<Shares, Error> {
        let mut refusal = Error::Gone;
        for list in lists.iter().copied() {
            let asked = match list {
                ShareList::Invitations => self.shares_by_invitation(owner_token).await,
                ShareList::Servers => self.shares_of_each(owner_token, machines).await,
                ShareList::Contacts => self.shares_by_contact(owner_token).await,
            };
            match asked {
                Ok(shares) => {
                    self.unusable.is_news(list, None);
                    return Ok(Shares { list, shares });
                }
                Err(odd @ (Error::Gone | Error::Unexpected { .. })) => {
                    if self.unusable.is_news(list, Some(&odd.to_string())) {
                        tracing::warn!(?list, reason = %odd, "a list of shares at plex.tv is not usable, the next is asked");
                    }
                    refusal = odd;
                }
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
    }

    async fn shares_by_invitation(&self, owner_token: &PlexToken) -> Result<Vec<Share>, Error> {
        let url = under(&self.urls.clients, &["api", "v2", "shared_servers", "owned", "accepted"])?;
        let answer = self.wire.send(Call::get(url, owner_token).long()).await?;
        answer.read(parse::parse_shares_json, |_| Err(Malformed::Document))
    }

    async fn shares_of_each(
        &self,
        owner_token: &PlexToken,
        machines: Option<&[MachineId]>,
    ) -> Result<Vec<Share>, Error> {
        let owned = if let Some(machines) = machines {
            machines.to_vec()
        } else {
            let servers = self.resources(owner_token).await?.whole();
            let servers = servers.map_err(|odd| Error::unexpected(200, odd))?;
            servers.into_iter().filter(|server| server.owned).map(|server| server.machine).collect()
        };
        let mut shares = Vec::new();
        for machine in &owned {
            shares.extend(self.shares_of(owner_token, machine).await?);
        }
        Ok(shares)
    }

    /// The accepted shares of one server, by the list that is about this server alone.
    async fn shares_of(&self, owner_token: &PlexToken, machine: &MachineId) -> Result<Vec<Share>, Error> {
        let url = under(&self.urls.plex_tv, &["api", "servers", machine.as_str(), "shared_servers"])?;
        let answer = self.wire.send(Call::get(url, owner_token).xml().long()).await?;
        answer.read(|_| Err(Malformed::Document), |body| parse::parse_shares_xml(body, machine))
    }

    async fn shares_by_contact(&self, owner_token: &PlexToken) -> Result<Vec<Share>, Error> {
        let url = under(&self.urls.plex_tv, &["api", "users"])?;
        let answer = self.wire.send(Call::get(url, owner_token).xml().long()).await?;
        answer.read(|_| Err(Malformed::Document), parse::parse_users_xml)
    }

    /// Everybody who lives in the Plex Home of the account of this token, that account and guests of the Home included. An
    /// account without a Home is refused with a code of Plex's, [`Error::Unexpected`].
    pub async fn home(&self, token: &PlexToken) -> Result<Vec<PlexAccountId>, Error> {
        let url = under(&self.urls.plex_tv, &["api", "v2", "home", "users"])?;
        let answer = self.wire.send(Call::get(url, token)).await?;
        answer.read(parse::parse_home, parse::parse_home_xml)
    }

    /// The same by the older list: for a caller who misses somebody in the other.
    pub async fn home_by_the_older_list(&self, token: &PlexToken) -> Result<Vec<PlexAccountId>, Error> {
        let url = under(&self.urls.plex_tv, &["api", "home", "users"])?;
        let answer = self.wire.send(Call::get(url, token).xml()).await?;
        answer.read(|_| Err(Malformed::Document), parse::parse_home_xml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_usable_is_news_once_and_again_for_another_reason() {
        let (unusable, gone) = (Unusable::default(), Some("gone"));
        assert!(unusable.is_news(ShareList::Servers, gone));
        assert!(!unusable.is_news(ShareList::Servers, gone));
        assert!(unusable.is_news(ShareList::Contacts, gone));
        assert!(unusable.is_news(ShareList::Servers, Some("odd")));
        assert!(!unusable.is_news(ShareList::Servers, None));
        assert!(unusable.is_news(ShareList::Servers, gone), "it was usable in between");
        assert!(!unusable.is_news(ShareList::Contacts, gone));
    }
}
