//! A new owner's token from the host's page: the button. The rest is a sign-in attempt like any other, whose end is another one.

use axum::extract::State as Shared;
use http::HeaderMap;
use tracing::warn;

use super::host::{Acting, to_admin};
use super::respond::{Answer, failed, page_error, to_attempt, with_cookie};
use crate::app::State;
use crate::flow::owner_token::begin;
use crate::pages::{AdminNotice, ErrorKind};

/// `POST /admin/owner-token`: a sign-in at Plex that brings a new owner's token.
pub async fn renew(Shared(app): Shared<State>, headers: HeaderMap, acting: Acting) -> Answer {
    if !app.limiter.allows_request(acting.by.address) {
        warn!(address = %acting.by.address, "too many sign-ins were begun");
        return page_error(&app, ErrorKind::RateLimited, None);
    }
    match begin(&app, acting.by).await {
        Ok(Some((id, cookie))) => {
            let answer = with_cookie(to_attempt(id), &app.cookies.set_attempt(id, &cookie));
            let old = app.cookies.prune_attempts(&headers);
            old.iter().fold(answer, |answer, cleared| with_cookie(answer, cleared))
        }
        Ok(None) => to_admin(AdminNotice::NoToken),
        Err(error) => failed(&app, &error, None),
    }
}
