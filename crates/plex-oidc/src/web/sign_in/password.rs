//! `POST /sign-in/{request_id}/password`: the form of the sign-in page for people with a local account.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};
use http::HeaderMap;
use plex_oidc_core::form::Parameters;

use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt::{self, Attempt};
use crate::flow::password::{PasswordOutcome, Tried, sign_in};
use crate::pages::ErrorKind;
use crate::web::request::{ClientAddress, is_our_own, open_attempt, read_form};
use crate::web::respond::{
    Answer, attempt_error, failed, see_other, to_attempt, to_client_after_form, with_cookie,
};

/// `POST /sign-in/{request_id}/password`.
pub async fn password(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let headers = request.headers().clone();
    let attempt = match open_attempt(&app, path, &headers).await {
        Ok(attempt) => attempt,
        Err(answer) => return answer,
    };
    let Ok(form) = read_form(request, &app).await else {
        return attempt_error(&app, ErrorKind::InvalidRequest, &attempt);
    };
    if !is_our_own(&app, &attempt, &headers, Some(&form)) {
        return attempt_error(&app, ErrorKind::FormExpired, &attempt);
    }
    let answer = go_on(&app, &attempt, (&headers, address), &form).await;
    answer.unwrap_or_else(|error| failed(&app, &error, Some(&attempt)))
}

async fn go_on(
    app: &App,
    attempt: &Attempt<'_>,
    (headers, address): (&HeaderMap, IpAddr),
    form: &Parameters,
) -> Result<Answer, FlowError> {
    let session = attempt::session(app, app.cookies.session(headers).as_ref()).await?;
    let field = |name| form.get(name).ok().flatten().unwrap_or_default();
    let tried = Tried {
        name: field("username"),
        password: field("password"),
        address,
        known: app.cookies.known_browser(headers),
    };
    Ok(match sign_in(app, attempt, tried, session.as_ref()).await? {
        PasswordOutcome::Page => to_attempt(attempt.id),
        PasswordOutcome::SignedIn { session, id, cookie, known } => {
            let set = app.cookies;
            let cookies = [
                set.set_session(&session, app.lifetimes.session_absolute),
                set.clear_attempt(attempt.id),
                set.set_attempt(id, &cookie),
                set.set_known_browser(known),
            ];
            let there = see_other(&format!("/sign-in/{id}/return"));
            cookies.iter().fold(there, |answer, cookie| with_cookie(answer, cookie))
        }
        PasswordOutcome::Refuse(error) => to_client_after_form(app, &error.response(&app.issuer)),
    })
}
