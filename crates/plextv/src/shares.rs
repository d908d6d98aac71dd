//! Owns the question "with whom are this owner's servers shared?". Plex has three lists that answer it, and removes one
//! without notice now and then; so the newest is asked first, and the older ones where it has no usable answer.

use plex_oidc_core::id::MachineId;

use crate::identity::under;
use crate::parse::{self, Malformed};
use crate::wire::Call;
use crate::{Error, PlexToken, PlexTv, Share};

impl PlexTv {
    /// Every accepted share of every server of this owner. The owner is in none of the lists.
    ///
    /// An outage, a rate limit or a dead token is reported as it is. Only a list that Plex removed, or answers with
    /// something odd, is passed over for the next.
    pub async fn accepted_shares(&self, owner_token: &PlexToken) -> Result<Vec<Share>, Error> {
        let refusal = match self.shares_by_invitation(owner_token).await {
            Err(refusal @ (Error::Gone | Error::Unexpected { .. })) => refusal,
            answer => return answer,
        };
        tracing::warn!(reason = %refusal, "plex.tv's list of shares is not usable, asking for each server");
        let refusal = match self.shares_of_each(owner_token).await {
            Err(refusal @ (Error::Gone | Error::Unexpected { .. })) => refusal,
            answer => return answer,
        };
        tracing::warn!(reason = %refusal, "plex.tv's lists by server are not usable, asking for all contacts");
        self.shares_by_contact(owner_token).await
    }

    /// The accepted shares of one server, by the list that is about this server alone: a second opinion for a caller
    /// who finds everybody gone from [`PlexTv::accepted_shares`].
    pub async fn shares_of(&self, owner_token: &PlexToken, machine: &MachineId) -> Result<Vec<Share>, Error> {
        let url = under(&self.urls.plex_tv, &["api", "servers", machine.as_str(), "shared_servers"])?;
        let answer = self.wire.send(Call::get(url, owner_token).xml()).await?;
        answer.read(|_| Err(Malformed::Document), |body| parse::parse_shares_xml(body, machine))
    }

    async fn shares_by_invitation(&self, owner_token: &PlexToken) -> Result<Vec<Share>, Error> {
        let url = under(&self.urls.clients, &["api", "v2", "shared_servers", "owned", "accepted"])?;
        let answer = self.wire.send(Call::get(url, owner_token)).await?;
        answer.read(parse::parse_shares_json, |_| Err(Malformed::Document))
    }

    async fn shares_of_each(&self, owner_token: &PlexToken) -> Result<Vec<Share>, Error> {
        let mut shares = Vec::new();
        let servers =
            self.resources(owner_token).await?.whole().map_err(|odd| Error::unexpected(200, odd))?;
        for server in servers.into_iter().filter(|server| server.owned) {
            shares.extend(self.shares_of(owner_token, &server.machine).await?);
        }
        Ok(shares)
    }

    async fn shares_by_contact(&self, owner_token: &PlexToken) -> Result<Vec<Share>, Error> {
        let url = under(&self.urls.plex_tv, &["api", "users"])?;
        let answer = self.wire.send(Call::get(url, owner_token).xml()).await?;
        answer.read(|_| Err(Malformed::Document), parse::parse_users_xml)
    }
}
