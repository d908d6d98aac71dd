//! A new owner's token, by a sign-in that the host begins. It signs nobody in: whoever approves at Plex proves to own one of the
//! servers, and nothing else comes of it. The old token stays until then.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use plex_oidc_core::audit::What;
use plex_oidc_core::id::{AccountId, RequestId};
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::prompt::Prompt;
use plex_oidc_core::secret::Secret;
use plextv::PlexToken;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

use super::attempt::{self, Attempt, Frozen, Refusal};
use super::audit::{By, Own, note};
use super::complete::{Outcome, refuse};
use super::{FlowError, recheck};
use crate::app::App;
use crate::config::{edit, in_place};
use crate::store::records::{RefusedAt, SeenFrom};
use crate::upstream::plex::Proof;

/// How long the host waits to see that Plex takes the new token.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The new token is in the file, and in use.
    Done,
    /// The file cannot be written: nothing has changed.
    Unwritable,
}

/// Begins a sign-in whose approval brings a new owner's token. `None`: the configuration names no file for it.
pub async fn begin(app: &App, by: By) -> Result<Option<(RequestId, Secret)>, FlowError> {
    let again = Prompt::Show { login: true, consent: false, select_account: false };
    let Some(request) = OwnPage::Admin.request(&app.issuer, again, None) else { return Ok(None) };
    if app.owner_token_file.is_none() || app.plex.is_none() || by.account().is_none() {
        return Ok(None);
    }
    info!(by = %by.actor, address = %by.address, "the host wants to replace the owner's token");
    let from = SeenFrom { browser: None, address: Some(by.address) };
    let frozen = Frozen { request, signed_in: None, from, language: None, renews_for: by.account() };
    attempt::begin(app, &frozen).await.map(Some)
}

/// Judges an approval. The one who closes the attempt writes the file, so that it is done once.
pub(super) async fn renew(
    app: &App,
    (attempt, host, address): (&Attempt<'_>, AccountId, IpAddr),
    (pin_id, token): (u64, PlexToken),
) -> Result<Outcome, FlowError> {
    let plex = app.plex.as_ref().ok_or(FlowError::NoSuchWayIn)?;
    let file = app.owner_token_file.as_deref().ok_or(FlowError::NoSuchWayIn)?;
    let (at, by) = (RefusedAt::Approval(pin_id), By::from(Own { account: host, address }));
    let owner = match plex.prove_owner(&token).await {
        Ok(Proof::Owner(owner)) => AccountId::Plex(owner),
        Ok(Proof::Other(account)) => {
            warn!(by = %by.actor, address = %by.address, %account, "not an owner: the owner's token stays as it is");
            refuse(app, attempt.id, at, &Refusal::NotOwner).await?;
            return Ok(Outcome::Page);
        }
        Ok(Proof::Unclear) => return Err(FlowError::NotKnown),
        Err(error) if error.says_token_is_dead() => {
            refuse(app, attempt.id, at, &Refusal::TokenRefused).await?;
            return Ok(Outcome::Page);
        }
        Err(error) => return Err(error.into()),
    };
    if !app.store.cancel_login(attempt.id, app.clock.now()).await? {
        return Ok(Outcome::Page); // another request of this browser was first
    }
    if !write(file, &token, app.entropy.bytes()) {
        return Ok(Outcome::OwnerToken(Renewal::Unwritable));
    }
    plex.use_owner_token(token);
    info!(by = %by.actor, address = %by.address, %owner, "the owner's token was replaced");
    note(app, by.did(app, What::OwnerTokenRenewed).about(owner)).await;
    // The page that follows shows how it went; the round after the next reload does so in any case.
    drop(tokio::time::timeout(PATIENCE, recheck::round(app)).await);
    Ok(Outcome::OwnerToken(Renewal::Done))
}

fn write(file: &Path, token: &PlexToken, random: [u8; 32]) -> bool {
    let text = Zeroizing::new(format!("{}\n", token.expose()));
    let written = edit::put_private(file, &text, random);
    if let Err(wrong) = &written {
        let stays = if in_place::is_in_doubt(wrong) { "in use" } else { "in use and in the file" };
        error!(file = %file.display(), error = %wrong, "the owner's token cannot be written; the old one stays {stays}");
    }
    written.is_ok()
}
