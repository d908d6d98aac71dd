//! The end of sessions, whoever asks for it: the one place where people are signed out.

use std::net::IpAddr;

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::client::{Client, SubjectType};
use plex_oidc_core::id::{AccountId, Sid};
use plex_oidc_core::time::Timestamp;
use tracing::info;

use super::FlowError;
use super::audit::{Own, note};
use crate::app::App;
use crate::store::records::{GrantsPolicy, SessionName, UserRecord};
use crate::store::{Store, StoreError};

/// Ends a browser session. Refresh tokens for offline access live on. `false`: there was no such session.
pub async fn end(app: &App, session: SessionName, address: IpAddr) -> Result<bool, FlowError> {
    let ended = app.store.end_session(session, GrantsPolicy::KeepOffline, app.clock.now()).await?;
    if let Some(ended) = &ended {
        info!(account = %ended.account_id, "somebody signed out");
        let by = Own { account: ended.account_id, address };
        note(app, by.did(app, What::SignedOut)).await;
    }
    announce(app);
    Ok(ended.is_some())
}

/// Ends the browser session that this client knows by this name, if it is still there.
pub async fn end_by_name(
    app: &App,
    client: Option<&Client>,
    named: Sid,
    address: IpAddr,
) -> Result<(), FlowError> {
    let pairwise = client.filter(|client| client.subject_type != SubjectType::Public);
    let sid = match pairwise {
        None => Some(named),
        Some(client) => {
            let sessions = app.store.sessions_of_client(client.id.clone()).await?;
            sessions.into_iter().find(|sid| app.sid_for(client, *sid) == named)
        }
    };
    if let Some(sid) = sid {
        end(app, SessionName::Sid(sid), address).await?;
    }
    Ok(())
}

/// Ends one browser session of this person, with all that came of it: the browser may be in other hands. `false`: it is not
/// theirs, or gone already.
pub async fn end_session_of(app: &App, account: AccountId, sid: Sid) -> Result<bool, FlowError> {
    let ended = end_one(&*app.store, account, sid, app.clock.now()).await?;
    announce(app);
    Ok(ended)
}

/// The same, where nobody keeps answers.
pub(super) async fn end_one(
    store: &dyn Store,
    account: AccountId,
    sid: Sid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let theirs = store.sessions_of(account, now).await?.into_iter().any(|session| session.sid == sid);
    if !theirs {
        return Ok(false);
    }
    let ended = store.end_session(SessionName::Sid(sid), GrantsPolicy::EndAll, now).await?;
    Ok(ended.is_some())
}

/// Signs somebody out everywhere, who asks for it.
pub async fn sign_out_everywhere(app: &App, by: Own) -> Result<(), FlowError> {
    end_everywhere(app, by.account).await?;
    note(app, by.did(app, What::SignedOutEverywhere)).await;
    Ok(())
}

/// Ends everything that a person is signed in to: browser and gateway sessions, and grants, those for offline access as well.
pub async fn end_everywhere(app: &App, account: AccountId) -> Result<(), FlowError> {
    let ended = app.store.end_all_sessions(account, app.clock.now()).await?;
    info!(%account, sessions = ended.sessions, grants = ended.grants, "somebody is signed out everywhere");
    announce(app);
    Ok(())
}

/// Ends everything that a person has here, app tokens too: Plex says clearly that nothing is shared any more. `by`: who asked
/// Plex.
pub async fn end_access(app: &App, user: &UserRecord, by: Actor) -> Result<(), FlowError> {
    let Some(ended) = app.store.end_access(user.clone()).await? else { return Ok(()) };
    let account = user.account_id();
    info!(%account, sessions = ended.sessions, grants = ended.grants, app_tokens = ended.app_tokens, "access has ended");
    announce(app);
    let event = Event::new(app.clock.now(), What::AccessEnded, by).about(account);
    note(app, event.named(&user.person.account.display_name)).await;
    Ok(())
}

/// The gateway looks again at once, and clients are told.
pub(super) fn announce(app: &App) {
    app.gateway.recent.clear(); // the gateway looks again at once
    app.sessions_ended.notify_one();
}
