//! Waiting for the outcome: an event stream, a long poll for browsers whose stream is cut, a page that reloads for
//! browsers without script. All three only say that there is an outcome; `return` has it.

use std::convert::Infallible;
use std::future::pending;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Path, State as Shared};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::id::RequestId;

use crate::app::State;
use crate::flow::attempt::Attempt;
use crate::flow::complete::hurried_look;
use crate::flow::watch::{Waiting, watch};
use crate::pages::ErrorKind;
use crate::store::records::LoginState;
use crate::web::request::{ClientAddress, open_attempt, open_for_page};
use crate::web::respond::{Answer, NextStep, json, page_error, see_other, to_attempt};
use crate::web::sign_in::views::waiting;

/// How long a long poll stays open.
const LONG_POLL: Duration = Duration::from_secs(20);

/// nginx holds streams back unless told not to.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What there is to wait for.
enum Wait {
    /// An outcome is there.
    Over,
    /// Somebody is looking.
    For(Waiting),
    /// Too many are waiting for this connection to be one of them.
    Full,
    /// No PIN was started.
    Nothing,
}

fn wait_for(app: &State, attempt: &Attempt<'_>, address: IpAddr) -> Wait {
    match &attempt.state {
        LoginState::PinAdopted(pin) => match watch(app, (attempt.id, address), pin.clone()) {
            Some(waiting) => Wait::For(waiting),
            None => Wait::Full,
        },
        LoginState::Started => Wait::Nothing,
        LoginState::Approved { .. }
        | LoginState::Finished
        | LoginState::Refused { .. }
        | LoginState::Cancelled => Wait::Over,
    }
}

/// `GET /sign-in/{request_id}/events`.
pub async fn events(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Answer {
    let Ok(attempt) = open_attempt(&app, path, &headers).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let waiting = match wait_for(&app, &attempt, address) {
        Wait::For(waiting) => Some(waiting),
        Wait::Over => None,
        Wait::Nothing => return StatusCode::CONFLICT.into_response(),
        Wait::Full => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let (id, stopping) = (attempt.id, app.stopping.clone());
    let event = stream::unfold(Some((waiting, stopping)), move |state| async move {
        let (waiting, mut stopping) = state?;
        if let Some(waiting) = waiting {
            tokio::select! {
                over = waiting.is_over() => if !over { return None },
                _ = stopping.wait_for(|stop| *stop) => return None,
            }
        }
        Some((Ok::<Event, Infallible>(outcome(id)), None))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut answer: Response = Sse::new(event).keep_alive(keep_alive).into_response();
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(NO_BUFFERING, HeaderValue::from_static("no"));
    answer
}

fn outcome(id: RequestId) -> Event {
    Event::default().event("outcome").data(format!("{{\"next\":\"/sign-in/{id}/return\"}}"))
}

/// Looks at Plex without waiting for the poller's turn: our script asks when the pop-up has come back.
async fn seen_now(app: &State, attempt: &Attempt<'_>, address: IpAddr) -> bool {
    let LoginState::PinAdopted(pin) = &attempt.state else { return false };
    hurried_look(app, (attempt.id, address), pin).await.is_ok_and(|over| over)
}

/// Ends only if there is an outcome now.
async fn once_seen_now(app: &State, attempt: &Attempt<'_>, address: IpAddr) {
    if !seen_now(app, attempt, address).await {
        pending::<()>().await;
    }
}

/// `GET /sign-in/{request_id}/status`: answers at once when there is an outcome, else after a while.
pub async fn status(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Answer {
    let Ok(attempt) = open_attempt(&app, path, &headers).await else {
        return json(StatusCode::NOT_FOUND, &NextStep { next: None, state: "unknown" });
    };
    let over = match wait_for(&app, &attempt, address) {
        Wait::Over => true,
        Wait::For(waiting) => {
            let mut stopping = app.stopping.clone();
            tokio::select! {
                over = waiting.is_over() => over,
                () = once_seen_now(&app, &attempt, address) => true,
                () = tokio::time::sleep(LONG_POLL) => false,
                _ = stopping.wait_for(|stop| *stop) => false,
            }
        }
        Wait::Full => seen_now(&app, &attempt, address).await,
        Wait::Nothing => false,
    };
    let next = format!("/sign-in/{}/return", attempt.id);
    if over {
        json(StatusCode::OK, &NextStep { next: Some(&next), state: "done" })
    } else {
        json(StatusCode::OK, &NextStep { next: None, state: "waiting" })
    }
}

/// `GET /sign-in/{request_id}/wait`: the page of a tab that waits. Without script it reloads, and each reload goes
/// through `return`, which looks at the PIN.
pub async fn wait(Shared(app): Shared<State>, path: Path<String>, headers: HeaderMap) -> Answer {
    let attempt = match open_for_page(&app, path, &headers).await {
        Ok(attempt) => attempt,
        Err(answer) => return answer,
    };
    match &attempt.state {
        LoginState::PinAdopted(_) => waiting(&app, &attempt),
        LoginState::Approved { .. } => see_other(&format!("/sign-in/{}/return", attempt.id)),
        LoginState::Started | LoginState::Refused { .. } => to_attempt(attempt.id),
        LoginState::Finished | LoginState::Cancelled => page_error(&app, ErrorKind::UnknownRequest, None),
    }
}
