//! The end of a sign-in that comes to something: user, session and code are stored at once.

use plex_oidc_core::authorize::AuthorizationResponse;
use plex_oidc_core::secret::{Secret, SecretKind};
use tracing::info;

use super::attempt::Attempt;
use super::browsers::{self, Met};
use super::issue::{Holder, new_code};
use super::{FlowError, audit};
use crate::app::App;
use crate::metrics::SignInOutcome;
use crate::store::records::{
    BrowserSession, Finish, FinishLogin, FinishedBy, NewBrowserSession, NewCode, NewPlexToken,
};

/// What is needed to store a finished sign-in.
pub(super) struct Finishing<'a> {
    pub(super) app: &'a App,
    pub(super) attempt: &'a Attempt<'a>,
    pub(super) by: FinishedBy,
    pub(super) session: &'a BrowserSession,
    pub(super) old_session: Option<&'a BrowserSession>,
    pub(super) met: &'a Met,
    pub(super) plex_token: Option<NewPlexToken>,
}

impl Finishing<'_> {
    /// Stores user, session and code at once. `None`: another request of this browser was first.
    pub(super) async fn store(self, code: Option<NewCode>) -> Result<Option<Secret>, FlowError> {
        let secret = self.app.entropy.secret(SecretKind::BrowserSession);
        let session = self.session;
        let finish = FinishLogin {
            id: self.attempt.id,
            by: self.by,
            now: self.app.clock.now(),
            user: session.user.clone(),
            session: Some(NewBrowserSession {
                hash: secret.hash(),
                sid: session.sid,
                account_id: session.user.account_id(),
                auth_time: session.auth_time,
                created: session.created,
                idle_expires: session.idle_expires,
                absolute_expires: session.absolute_expires,
                from: self.attempt.frozen.from.clone(),
                browser: self.met.browser.clone(),
            }),
            replaced_session: self.old_session.map(|old| (old.hash, old.sid)),
            code,
            plex_token: self.plex_token,
        };
        let before = browsers::known_before(self.app, session.user.account_id()).await?;
        let stored = self.app.store.finish_login(finish).await?;
        if stored == Finish::Finished {
            self.app.metrics.sign_ins.add(SignInOutcome::SignedIn);
        }
        info!(account = %session.user.account_id(), client = %self.attempt.client.id, ?stored, "signed in");
        if stored != Finish::Finished {
            return Ok(None);
        }
        audit::signed_in(self.app, self.attempt, &session.user).await;
        let people = (before.as_ref(), &session.user);
        browsers::tell_of(self.app, self.attempt, people, &self.met.browser).await;
        Ok(Some(secret))
    }
}

/// Finishes an attempt with the session that is there, after a choice of account or a consent.
pub async fn finish_with_session(
    app: &App,
    attempt: &Attempt<'_>,
    session: &BrowserSession,
) -> Result<Option<AuthorizationResponse>, FlowError> {
    let request = &attempt.frozen.request;
    let account_id = session.user.account_id();
    let holder = Holder { account_id, sid: session.sid, auth_time: session.auth_time, plex_token: None };
    let (response, stored) = new_code(app, request, &holder)?;
    let finish = FinishLogin {
        id: attempt.id,
        by: FinishedBy::BrowserSession,
        now: app.clock.now(),
        user: session.user.clone(),
        session: None,
        replaced_session: None,
        code: Some(stored),
        plex_token: None,
    };
    let finished = app.store.finish_login(finish).await? == Finish::Finished;
    Ok(finished.then_some(response))
}
