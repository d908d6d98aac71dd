//! The forms of an attempt: go on with this account, consent, try again, give up.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};
use plex_oidc_core::authorize::{Progress, Step};

use crate::app::{App, State};
use crate::flow::attempt::{self, Attempt};
use crate::flow::complete::cancelled;
use crate::flow::finish::finish_with_session;
use crate::flow::{FlowError, answered, audit};
use crate::pages::ErrorKind;
use crate::store::records::{BrowserSession, Consent, LoginState};
use crate::web::respond::{
    Answer, failed, onward, page_error, see_other, to_attempt, to_client_after_form, with_cookie,
};
use crate::web::sign_in::form::{self, Filled};
use crate::web::sign_in::views::sign_in;

/// `POST /sign-in/{request_id}/cancel`: back to the client, with `access_denied`.
pub async fn cancel(Shared(app): Shared<State>, path: Path<String>, request: Request<Body>) -> Answer {
    let attempt = match form::open(&app, path, request).await {
        Ok(form) => form.attempt,
        Err(answer) => return answer,
    };
    match give_up(&app, &attempt).await {
        Ok(true) => {
            let answer = to_client_after_form(&app, &cancelled(&attempt).response(&app.issuer));
            with_cookie(answer, &app.cookies.clear_attempt(attempt.id))
        }
        Ok(false) => page_error(&app, ErrorKind::UnknownRequest, None),
        Err(error) => failed(&app, &error, Some(&attempt)),
    }
}

/// Ends an attempt without a code. `false`: it had ended before.
async fn give_up(app: &App, attempt: &Attempt<'_>) -> Result<bool, FlowError> {
    let cancelled = app.store.cancel_login(attempt.id, app.clock.now()).await?;
    Ok(cancelled && answered::spend(app, &attempt.frozen.request).await?)
}

/// `POST /sign-in/{request_id}/again`: from the start, with another PIN; or, when Plex had approved and then did not
/// answer, from there.
pub async fn again(Shared(app): Shared<State>, path: Path<String>, request: Request<Body>) -> Answer {
    let attempt = match form::open(&app, path, request).await {
        Ok(form) => form.attempt,
        Err(answer) => return answer,
    };
    if matches!(attempt.state, LoginState::Approved { .. }) {
        // Not a 303: `return` redirects to the client, which our `form-action` forbids after a form.
        let back = app.issuer.join(&format!("/sign-in/{}/return", attempt.id));
        return onward(&app, &back, &attempt.client.name);
    }
    match app.store.restart_login(attempt.id, app.clock.now()).await {
        Ok(_) => sign_in(&app, &attempt, None),
        Err(error) => failed(&app, &error.into(), Some(&attempt)),
    }
}

/// `POST /sign-in/{request_id}/continue`: with the account of this browser session.
pub async fn continue_(Shared(app): Shared<State>, path: Path<String>, request: Request<Body>) -> Answer {
    go_on(&app, path, request, Progress { account_chosen: true, ..Progress::default() }).await
}

/// `POST /sign-in/{request_id}/consent`.
pub async fn consent(Shared(app): Shared<State>, path: Path<String>, request: Request<Body>) -> Answer {
    let done = Progress { account_chosen: true, consented: true, ..Progress::default() };
    go_on(&app, path, request, done).await
}

async fn go_on(app: &Arc<App>, path: Path<String>, request: Request<Body>, done: Progress) -> Answer {
    let form = match form::open(app, path, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let answer = next(app, &form, done).await;
    answer.unwrap_or_else(|error| failed(app, &error, Some(&form.attempt)))
}

async fn next(app: &App, form: &Filled<'_>, done: Progress) -> Result<Answer, FlowError> {
    let attempt = &form.attempt;
    let session = attempt::session(app, app.cookies.session(&form.headers).as_ref()).await?;
    // Another tab may have signed in as somebody else since the page was drawn: then it is asked anew.
    let shown = form.field("account");
    if session.as_ref().is_some_and(|session| shown != Some(session.user.subject().as_str())) {
        return Ok(to_attempt(attempt.id));
    }
    let progress = Progress { signed_in: attempt.progress(session.as_ref()).signed_in, ..done };
    let step = attempt::step(app, &attempt.frozen.request, session.as_ref(), progress).await?;
    match (step, session) {
        (Step::Issue, Some(session)) => finish(app, attempt, &session, done).await,
        (Step::Consent, _) => Ok(see_other(&format!("/sign-in/{}/consent", attempt.id))),
        _ => Ok(to_attempt(attempt.id)),
    }
}

async fn finish(
    app: &App,
    attempt: &Attempt<'_>,
    session: &BrowserSession,
    done: Progress,
) -> Result<Answer, FlowError> {
    // What somebody allowed on a device was allowed on that device alone.
    if done.consented && attempt.frozen.request.device.is_none() {
        let consent = Consent {
            account_id: session.user.account_id(),
            client_id: attempt.client.id.clone(),
            scopes: attempt.frozen.request.all_scopes(),
            granted_at: app.clock.now(),
        };
        app.store.save_consent(consent).await?;
    }
    let Some(response) = finish_with_session(app, attempt, session).await? else {
        return Ok(page_error(app, ErrorKind::UnknownRequest, None));
    };
    if done.consented {
        audit::agreed(app, attempt, &session.user).await;
    }
    let answer = to_client_after_form(app, &response);
    Ok(with_cookie(answer, &app.cookies.clear_attempt(attempt.id)))
}
