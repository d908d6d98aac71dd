//! The owner's token: which one is used now, and whose it is. A new one takes its place while the program runs.

use std::sync::{Arc, PoisonError};

use plex_oidc_core::id::PlexAccountId;
use plextv::{Error, PlexToken};
use tokio::sync::OnceCell;

use super::Plex;

/// The owner's token.
pub(super) struct OwnersToken {
    /// The token.
    pub(super) token: PlexToken,
    /// Whose it is, once Plex has said so.
    account: OnceCell<PlexAccountId>,
}

impl OwnersToken {
    /// A token of which only the configuration says that it is the owner's.
    pub(super) fn new(token: PlexToken) -> Arc<Self> {
        Arc::new(Self { token, account: OnceCell::new() })
    }
}

/// What Plex says of somebody who should be the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// They own one of the accepted servers, as the account that the configuration names.
    Owner(PlexAccountId),
    /// They own none of them.
    Other(PlexAccountId),
    /// Plex did not say clearly what they own.
    Unclear,
}

impl Plex {
    /// Whether there is an owner's token to look after members with.
    pub fn can_recheck(&self) -> bool {
        self.owners_token().is_some()
    }

    /// The owner's token of this moment.
    pub(super) fn owners_token(&self) -> Option<Arc<OwnersToken>> {
        self.owners_token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses this token from now on, which [`Plex::prove_owner`] found to be an owner's.
    pub fn use_owner_token(&self, token: PlexToken) {
        let mut current = self.owners_token.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(OwnersToken::new(token));
    }

    /// Asks whose token this is, and whether one of the accepted servers is that account's own.
    pub async fn prove_owner(&self, token: &PlexToken) -> Result<Proof, Error> {
        let both = async { tokio::try_join!(self.api.user(token), self.api.resources(token)) };
        let (user, resources) = self.guarded(both).await?;
        if resources.servers.iter().any(|server| server.owned && self.accepts(server, user.id)) {
            return Ok(Proof::Owner(user.id));
        }
        let is_whole = !resources.servers.is_empty()
            && !resources.unreadable.iter().any(|row| self.may_be_accepted(row));
        // Whom the configuration calls an owner is not told that they are none by half an answer.
        Ok(if is_whole || !self.owns_one(user.id) { Proof::Other(user.id) } else { Proof::Unclear })
    }

    /// The account of this owner's token. Asked once.
    pub(super) async fn teller(&self, owners: &OwnersToken) -> Result<PlexAccountId, Error> {
        let asking = async { Ok(self.own.user(&owners.token).await?.id) };
        owners.account.get_or_try_init(|| self.guarded(asking)).await.copied()
    }
}
