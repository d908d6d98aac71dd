//! What the host sees of everybody, and what the host may end. Whose page it is is decided anew at every request, by the one
//! decision. Nobody is shut out by an end, for whoever may come in signs in again: that is what [`super::people`] is for.

use std::net::IpAddr;
use std::sync::Arc;

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::decide::{Asker, Decision, decide};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId, Sid};
use plex_oidc_core::own_page::OwnPage;
use tracing::{error, info};

use super::audit::{By, note, warn_of};
use super::by_host::{ByHost, Done, Holdings};
use super::key_rotation::{KeepError, KeyKeeper};
use super::{FlowError, recheck, sign_out};
use crate::app::{App, State};
use crate::keys::RotateError;
use crate::store::records::{KeyReplacement, PasskeyId};
use crate::upstream::plex::Plex;

/// Whether the host's page is for this person, now.
pub fn is_host(app: &App, asker: Asker<'_>) -> bool {
    let decision = |client| decide(asker, client, &app.rules, app.clock.now());
    app.own_page(OwnPage::Admin).is_some_and(|client| decision(client) == Decision::Allow)
}

/// What somebody holds. `None`: nobody with this account has ever signed in.
pub async fn holdings(app: &App, account: AccountId) -> Result<Option<Holdings>, FlowError> {
    Ok(Holdings::of(&*app.store, account, app.clock.now()).await?)
}

/// Ends everything that somebody is signed in to, and their app tokens. `false`: there is no such person.
pub async fn end_everything(app: &App, by: By, account: AccountId) -> Result<bool, FlowError> {
    let Some(Done { what: ended, noted }) = ByHost::in_service(app, by).end_everything(account).await? else {
        return Ok(false);
    };
    sign_out::announce(app);
    info!(
        by = %by.actor, address = %by.address, %account, sessions = ended.sessions, grants = ended.grants,
        app_tokens = ended.app_tokens, "the host ended everything of somebody"
    );
    warn_of(noted);
    Ok(true)
}

/// Ends one session of somebody. `false`: it is not theirs, or gone already.
pub async fn end_session(app: &App, by: By, account: AccountId, sid: Sid) -> Result<bool, FlowError> {
    let done = ByHost::in_service(app, by).end_session(account, sid).await?;
    sign_out::announce(app);
    info!(by = %by.actor, address = %by.address, %account, %sid, ended = done.is_some(), "the host ended a session of somebody");
    Ok(is_done(done))
}

/// Ends one app token of somebody. `false`: it is not theirs, or gone already.
pub async fn end_token(app: &App, by: By, account: AccountId, id: &str) -> Result<bool, FlowError> {
    let done = ByHost::in_service(app, by).end_token(account, id).await?;
    info!(
        by = %by.actor, address = %by.address, %account, token = id, ended = done.is_some(),
        "the host ended an app token of somebody"
    );
    Ok(is_done(done))
}

/// Takes back what somebody allowed a client, and ends what the client holds by it. `false`: they allowed it nothing.
pub async fn end_consent(app: &App, by: By, account: AccountId, client: ClientId) -> Result<bool, FlowError> {
    let done = ByHost::in_service(app, by).end_consent(account, client.clone()).await?;
    info!(
        by = %by.actor, address = %by.address, %account, %client, ended = done.is_some(),
        "the host took back a consent of somebody"
    );
    Ok(is_done(done))
}

/// Forgets a browser of somebody, and ends what came of it. `false`: it is not theirs, or gone already.
pub async fn forget_browser(app: &App, by: By, account: AccountId, id: BrowserId) -> Result<bool, FlowError> {
    let Some(Done { what: ended, noted }) = ByHost::in_service(app, by).forget_browser(account, id).await?
    else {
        return Ok(false);
    };
    sign_out::announce(app);
    info!(
        by = %by.actor, address = %by.address, %account, browser = %id, sessions = ended.sessions, grants = ended.grants,
        app_tokens = ended.app_tokens, "the host had a browser of somebody forgotten"
    );
    warn_of(noted);
    Ok(true)
}

/// Removes a passkey of an owner, and ends the visits that began with it. `false`: it is gone already.
pub async fn remove_passkey(app: &App, by: By, id: PasskeyId) -> Result<bool, FlowError> {
    let Some(Done { what: gone, noted }) = ByHost::in_service(app, by).remove_passkey(id).await? else {
        return Ok(false);
    };
    info!(by = %by.actor, address = %by.address, account = %gone.account_id, passkey = %id, "a passkey was removed");
    warn_of(noted);
    Ok(true)
}

/// Whether something was done. What could not be written down about it, the log says.
fn is_done(done: Option<Done<()>>) -> bool {
    done.is_some_and(|done| {
        warn_of(done.noted);
        true
    })
}

/// What came of asking Plex out of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Plex answered.
    Answered,
    /// It did not, or not well enough.
    Unanswered,
    /// There is no owner's token to ask with.
    NoToken,
    /// It was asked less than a minute ago.
    TooSoon,
}

impl Asked {
    const ALL: [Self; 4] = [Self::Answered, Self::Unanswered, Self::NoToken, Self::TooSoon];

    /// The word for it, where a command asked.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unanswered => "unanswered",
            Self::NoToken => "no_token",
            Self::TooSoon => "too_soon",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|asked| asked.as_str() == word)
    }
}

/// One round of the re-check, out of turn, for somebody of the host's at this address or on the machine. It goes on to its end if
/// whoever asked does not wait for it.
pub async fn ask_plex(app: &State, actor: Actor, address: Option<IpAddr>) -> Asked {
    if !app.plex.as_ref().is_some_and(Plex::can_recheck) {
        return Asked::NoToken;
    }
    if !app.membership.may_ask_again(app.clock.now()) {
        return Asked::TooSoon;
    }
    info!(by = %actor, address = address.map(tracing::field::display), "the host has Plex asked who is a member");
    note(app, Event::new(app.clock.now(), What::RecheckedByHost, actor).address(address)).await;
    let asking = Arc::clone(app);
    let round = tokio::spawn(async move { recheck::round(&asking).await }).await;
    match round {
        Ok(_) if app.membership.known().trouble.is_none() => Asked::Answered,
        Ok(_) | Err(_) => Asked::Unanswered,
    }
}

/// What came of rotating the signing keys out of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// The next keys sign now.
    Rotated,
    /// Applications may not have seen the next keys yet.
    TooSoon,
    /// Somebody else rotated them at this moment.
    Changed,
    /// New keys could not be made or stored. The log says why.
    Failed,
}

/// Rotates the signing keys out of turn.
pub async fn rotate_keys(app: &App, by: By) -> Turned {
    match KeyKeeper::of(app).rotate_now(app.clock.now()).await {
        Ok(KeyReplacement::Replaced) => {
            info!(by = %by.actor, address = %by.address, "the host rotated the signing keys");
            note(app, by.did(app, What::KeysRotated)).await;
            Turned::Rotated
        }
        Ok(KeyReplacement::Changed) => Turned::Changed,
        Err(KeepError::Rotate(RotateError::Refused(why))) => {
            info!(%why, "the signing keys stay as they are");
            Turned::TooSoon
        }
        Err(wrong) => {
            error!(error = %wrong, "the signing keys stay as they are");
            Turned::Failed
        }
    }
}
