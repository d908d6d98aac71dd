//! `POST /sign-in/{request_id}/password`: the form of the sign-in page for people with a local account.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};

use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt;
use crate::flow::browsers::Visit;
use crate::flow::password::{PasswordOutcome, Tried, sign_in};
use crate::web::request::ClientAddress;
use crate::web::respond::{Answer, failed, see_other, to_attempt, to_client_after_form, with_cookie};
use crate::web::sign_in::form::{self, Filled};

/// `POST /sign-in/{request_id}/password`.
pub async fn password(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let form = match form::open(&app, path, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let answer = go_on(&app, &form, address).await;
    answer.unwrap_or_else(|error| failed(&app, &error, Some(&form.attempt)))
}

async fn go_on(app: &App, form: &Filled<'_>, address: IpAddr) -> Result<Answer, FlowError> {
    let (attempt, headers) = (&form.attempt, &form.headers);
    let session = attempt::session(app, app.cookies.session(headers).as_ref()).await?;
    let tried = Tried {
        name: form.field("username").unwrap_or_default(),
        password: form.field("password").unwrap_or_default(),
        address,
        known: app.cookies.known_browser(headers),
    };
    let with = |answer, cookies: &[String]| {
        cookies.iter().fold(answer, |answer, cookie| with_cookie(answer, cookie))
    };
    Ok(match sign_in(app, attempt, tried, Visit { headers, session: session.as_ref() }).await? {
        PasswordOutcome::Page => to_attempt(attempt.id),
        PasswordOutcome::Waits { browser } => {
            with(to_attempt(attempt.id), &app.cookies.set_browser(&browser, headers))
        }
        PasswordOutcome::SignedIn { session, browser, id, cookie, known } => {
            let set = app.cookies;
            let cookies = [
                set.set_session(&session, app.lifetimes.session_absolute),
                set.clear_attempt(attempt.id),
                set.set_attempt(id, &cookie),
                set.set_known_browser(known),
            ];
            let there = with(see_other(&format!("/sign-in/{id}/return")), &cookies);
            with(there, &set.set_browser(&browser, headers))
        }
        PasswordOutcome::Refuse(error) => to_client_after_form(app, &error.response(&app.issuer)),
    })
}
