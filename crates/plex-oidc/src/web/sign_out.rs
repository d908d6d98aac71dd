//! Signing out of this browser: asked for on a page, done by a form.

use axum::extract::State as Shared;
use http::{HeaderMap, StatusCode};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::secret::Secret;

use super::request::{Sent, Unreadable, comes_from_us};
use super::respond::{Answer, failed, page, page_error, with_cookie};
use crate::app::{App, State};
use crate::flow::attempt;
use crate::pages::{ErrorKind, Page, SignOutConfirm};
use crate::session::{form_token, form_token_is_right};
use crate::store::records::{GrantsPolicy, SessionName};

/// `GET /sign-out`: asks. Nothing ends by a link alone.
pub async fn ask(Shared(app): Shared<State>, headers: HeaderMap) -> Answer {
    let cookie = app.cookies.session(&headers);
    match attempt::session(&app, cookie.as_ref()).await {
        Ok(Some(session)) => {
            let csrf = cookie.as_ref().map(form_token).unwrap_or_default();
            let account_name = &session.user.person.account.display_name;
            let values = SignOutConfirm { csrf: &csrf, account_name };
            page(&app, StatusCode::OK, &Page::SignOutConfirm(values))
        }
        Ok(None) => signed_out(&app),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /sign-out`: ends the browser session, unless the visitor chose to stay. Refresh tokens for offline access live on.
pub async fn sign_out(
    Shared(app): Shared<State>,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let Some(cookie) = app.cookies.session(&headers) else { return signed_out(&app) };
    let form = match sent {
        Ok(Sent(form)) if is_our_own(&app, &cookie, &headers, &form) => form,
        Ok(_) | Err(_) => return page_error(&app, ErrorKind::FormExpired, None),
    };
    if form.get("answer") == Ok(Some("stay")) {
        return page(&app, StatusCode::OK, &Page::SignedIn);
    }
    let name = SessionName::Cookie(cookie.hash());
    match app.store.end_session(name, GrantsPolicy::KeepOffline, app.clock.now()).await {
        Ok(_) => {
            app.gateway.recent.clear(); // the gateway looks again at once
            signed_out(&app)
        }
        Err(error) => failed(&app, &error.into(), None),
    }
}

fn is_our_own(app: &App, cookie: &Secret, headers: &HeaderMap, form: &Parameters) -> bool {
    let token = form.get("csrf").ok().flatten().unwrap_or("");
    comes_from_us(app, headers) && form_token_is_right(cookie, token)
}

fn signed_out(app: &App) -> Answer {
    let answer = page(app, StatusCode::OK, &Page::SignedOut);
    with_cookie(answer, &app.cookies.clear_session())
}
