//! Getting a PIN: made by the browser and adopted here, or made by us.

use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};
use http::StatusCode;
use plex_oidc_core::time::{Seconds, Timestamp};
use plextv::{Pin, PinId};
use secrecy::SecretString;
use serde::Deserialize;
use tracing::{info, warn};
use url::Url;

use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt::Attempt;
use crate::pages::ErrorKind;
use crate::store::records::{AdoptedPin, Adoption, LoginState};
use crate::upstream::plex::{PATIENCE, PinRefusal};
use crate::web::request::{ClientAddress, is_our_own, open_attempt, read_body, wants_json};
use crate::web::respond::{Answer, kind_of, next, onward, to_attempt};
use crate::web::sign_in::form::{self, problem, refused};

/// How a PIN's Plex page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// In a window of its own, while ours waits.
    Popup,
    /// In this tab, which comes back.
    #[default]
    SameTab,
}

impl Mode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Popup => "popup",
            Self::SameTab => "same-tab",
        }
    }
}

/// A PIN that the browser made.
#[derive(Deserialize)]
struct Offer {
    id: u64,
    code: String,
    #[serde(default)]
    mode: Mode,
}

/// `POST /sign-in/{request_id}/pin`: adopts a PIN that the browser made. For our script only.
pub async fn adopt(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let headers = request.headers().clone();
    let Ok(attempt) = open_attempt(&app, path, &headers).await else {
        return problem(StatusCode::NOT_FOUND, "unknown_request");
    };
    if !is_our_own(&app, &attempt, &headers, None) {
        return problem(StatusCode::FORBIDDEN, "form_expired");
    }
    if !app.limiter.allows_start(address) {
        warn!(%address, "too many sign-ins were started");
        return problem(StatusCode::TOO_MANY_REQUESTS, "too_many_tries");
    }
    let body = match read_body(request, &app).await {
        Ok(body) => body,
        Err(unreadable) => return problem(unreadable.status(), "invalid_request"),
    };
    // Plex is not asked about a number that no PIN has and our database has no room for.
    let offer = serde_json::from_slice::<Offer>(&body).ok().filter(|offer| i64::try_from(offer.id).is_ok());
    let Some(offer) = offer else {
        return problem(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let Some(plex) = &app.plex else { return problem(StatusCode::NOT_FOUND, "switched_off") };
    let pin = match plex.judge_pin(PinId(offer.id), &offer.code).await {
        Ok(pin) => pin,
        Err(refusal) => return pin_refused(&refusal),
    };
    match keep(&app, &attempt, &pin, offer.mode).await {
        Ok(Some(url)) => next(url.as_str()),
        Ok(None) => problem(StatusCode::CONFLICT, "pin_not_adopted"),
        Err(error) => problem(status_of(&error), "unavailable"),
    }
}

fn pin_refused(refusal: &PinRefusal) -> Answer {
    info!(%refusal, "a PIN was not adopted");
    match refusal {
        PinRefusal::Plex(error) if error.is_transient() => {
            problem(StatusCode::BAD_GATEWAY, "plex_unavailable")
        }
        _ => problem(StatusCode::CONFLICT, "pin_not_adopted"),
    }
}

/// `POST /sign-in/{request_id}/start`: makes the PIN ourselves; for a browser without script, or one that Plex does not
/// answer.
pub async fn start(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let form = match form::open(&app, path, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let (attempt, headers) = (&form.attempt, &form.headers);
    if !app.limiter.allows_start(address) {
        warn!(%address, "too many sign-ins were started");
        return refused(&app, attempt, headers, ErrorKind::RateLimited);
    }
    let mode = if form.field("mode") == Some("popup") { Mode::Popup } else { Mode::SameTab };
    match make(&app, attempt, mode).await {
        Ok(Some(url)) if wants_json(headers) => next(url.as_str()),
        Ok(Some(url)) => onward(&app, url.as_str(), "Plex"),
        // Another click was first, or the attempt is over: its page says which.
        Ok(None) if !wants_json(headers) => to_attempt(attempt.id),
        Ok(None) => refused(&app, attempt, headers, ErrorKind::UnknownRequest),
        Err(error) => refused(&app, attempt, headers, kind_of(&error)),
    }
}

async fn make(app: &App, attempt: &Attempt<'_>, mode: Mode) -> Result<Option<Url>, FlowError> {
    let pin = app.plex.as_ref().ok_or(FlowError::NoSuchWayIn)?.make_pin().await?;
    keep(app, attempt, &pin, mode).await
}

/// Binds a PIN to the attempt, for good. `None`: it is bound elsewhere, or the attempt is over.
async fn keep(app: &App, attempt: &Attempt<'_>, pin: &Pin, mode: Mode) -> Result<Option<Url>, FlowError> {
    let now = app.clock.now();
    let adopted = AdoptedPin {
        id: pin.id.0,
        code: SecretString::from(pin.code.clone()),
        mode: mode.as_str().to_owned(),
        expires: end_of(pin, now),
    };
    let is_another = !matches!(&attempt.state, LoginState::PinAdopted(current) if current.id == pin.id.0);
    if is_another && !matches!(attempt.state, LoginState::Started) {
        app.store.restart_login(attempt.id, now).await?;
    }
    let adoption = app.store.adopt_pin(attempt.id, adopted, now).await?;
    if !matches!(adoption, Adoption::Adopted | Adoption::AlreadyYours) {
        warn!(?adoption, "a PIN was not adopted");
        return Ok(None);
    }
    let forward = match mode {
        Mode::Popup => "/sign-in/done".to_owned(),
        Mode::SameTab => format!("/sign-in/{}/return", attempt.id),
    };
    let forward = Url::parse(&app.issuer.join(&forward)).ok();
    Ok(forward.zip(app.plex.as_ref()).map(|(forward, plex)| plex.sign_in_url(&pin.code, &forward)))
}

/// When we stop waiting for this PIN, by our clock.
fn end_of(pin: &Pin, now: Timestamp) -> Timestamp {
    let life = pin.remaining().min(PATIENCE).as_secs();
    now.plus(Seconds(u32::try_from(life).unwrap_or(u32::MAX)))
}

fn status_of(error: &FlowError) -> StatusCode {
    StatusCode::from_u16(kind_of(error).status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
