//! What the host says of single people, and what follows from it at once. The decision reads it wherever a person is read.

use plex_oidc_core::audit::What;
use plex_oidc_core::decide::Mark;
use plex_oidc_core::id::AccountId;
use tracing::info;

use super::audit::{self, By};
use super::{FlowError, sign_out};
use crate::app::App;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It is so now.
    Done,
    /// Nobody with this account has ever signed in, or nothing has this name.
    NothingThere,
    /// Whoever owns a server, or does this, is not blocked.
    Stays,
}

/// Changes what the host says of somebody who has signed in before. With a block, everything of theirs ends at once, and the
/// clients are told.
pub async fn mark(app: &App, by: By, account: AccountId, mark: Mark) -> Result<Marked, FlowError> {
    if mark == Mark::Blocked(true) && (app.rules.is_owner(account) || by.account() == Some(account)) {
        return Ok(Marked::Stays);
    }
    // A door that is gone from the file can be closed, and no longer opened.
    let is_nothing = matches!(&mark, Mark::Door(door, true) if !is_door(app, door));
    if is_nothing || app.store.user(account).await?.is_none() {
        return Ok(Marked::NothingThere);
    }
    let ended = app.store.mark(account, mark.clone(), app.clock.now()).await?;
    info!(
        by = %by.actor, address = %by.address, %account, ?mark, sessions = ended.sessions, grants = ended.grants,
        app_tokens = ended.app_tokens, "the host said something of somebody"
    );
    felt(app);
    audit::note(app, audit::of_mark(by.did(app, What::PersonMarked), account, &mark)).await;
    Ok(Marked::Done)
}

/// Whether this stands for something that people may use. Our own pages are none.
fn is_door(app: &App, door: &plex_oidc_core::id::ClientId) -> bool {
    let id = door.as_str();
    app.clients.find(id).is_some_and(plex_oidc_core::client::Client::is_for_people)
        || app.gateway.clients.find(id).is_some()
}

/// The program looks again at everybody.
pub(super) fn felt(app: &App) {
    app.access.people.forget();
    sign_out::announce(app);
}
