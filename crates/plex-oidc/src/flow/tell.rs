//! Telling clients of sessions that ended (OIDC Back-Channel Logout 1.0). Who is to be told is in the store, in a queue that
//! is filled by the same write that ends a session; nobody who signs out waits for this.

use plex_oidc_core::jose::TYP_LOGOUT_TOKEN;
use plex_oidc_core::logout::{LogoutTokenFacts, logout_token};
use plex_oidc_core::subject::Subject;
use reqwest::StatusCode;
use thiserror::Error;
use tracing::{info, warn};

use super::FlowError;
use crate::app::App;
use crate::metrics::LogoutNotice as Told;
use crate::store::LOGOUT_TRIES;
use crate::store::records::LogoutNotice;
use crate::upstream::outbound::OutboundError;

/// Why a client was not told.
#[derive(Debug, Error)]
enum Untold {
    #[error("it does not ask for it any more")]
    NotAsked,
    #[error(transparent)]
    Token(#[from] FlowError),
    #[error(transparent)]
    Request(#[from] OutboundError),
    #[error("it answered with status {}", .0.as_u16())]
    Refused(StatusCode),
}

/// Takes at most `most` notices that are due, each for one try. None, if the store does not answer.
pub async fn take_due(app: &App, most: usize) -> Vec<LogoutNotice> {
    let taken = app.store.take_due_logouts(app.clock.now(), most).await;
    taken.unwrap_or_else(|error| {
        warn!(%error, "clients cannot be told of sessions that ended");
        Vec::new()
    })
}

/// One try to tell one client.
pub async fn deliver(app: &App, notice: LogoutNotice) {
    let LogoutNotice { client_id: client, sid, tries, .. } = &notice;
    match tell(app, &notice).await {
        Ok(()) => {
            app.metrics.logouts.add(Told::Told);
            info!(%client, %sid, "a client was told that a session has ended");
        }
        Err(why @ Untold::NotAsked) => {
            info!(%client, %sid, %why, "a client is not told that a session has ended");
        }
        Err(why) if *tries < LOGOUT_TRIES => {
            warn!(%client, %sid, tries, %why, "a client could not be told that a session has ended; we try again");
            return;
        }
        Err(why) => {
            app.metrics.logouts.add(Told::GivenUp);
            warn!(%client, %sid, tries, %why, "a client could not be told that a session has ended; we give up");
        }
    }
    if let Err(error) = app.store.settle_logout(notice.clone()).await {
        warn!(%error, %client, "a client may be told a second time that a session has ended");
    }
}

async fn tell(app: &App, notice: &LogoutNotice) -> Result<(), Untold> {
    let client = app.clients.find(notice.client_id.as_str()).ok_or(Untold::NotAsked)?;
    let url = client.backchannel_logout_uri.as_ref().ok_or(Untold::NotAsked)?;
    let subject = app.subject_for(client, Subject::of(notice.account_id));
    let jti = app.entropy.jti();
    // A new token for each try: it lives for two minutes only.
    let claims = logout_token(&LogoutTokenFacts {
        issuer: &app.issuer,
        client: &client.id,
        subject: &subject,
        sid: app.sid_for(client, notice.sid),
        jti: &jti,
        now: app.clock.now(),
    });
    let keys = app.keys.ring();
    let token = keys.signing_key(client.signing_algorithm).sign(TYP_LOGOUT_TOKEN, &claims);
    let token = token.map_err(FlowError::from)?;
    let outbound = app.outbound.as_ref().ok_or(Untold::NotAsked)?;
    match outbound.post_form(url, &[("logout_token", &token)]).await? {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        other => Err(Untold::Refused(other)),
    }
}
