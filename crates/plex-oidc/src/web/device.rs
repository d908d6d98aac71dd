//! The page on which people type the code that a device shows (RFC 8628 s. 3.3). A right code begins a sign-in attempt like any
//! other; its approval page is the one that answers, and never a link.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::State as Shared;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::authorize::AuthorizationRequest;
use plex_oidc_core::device::UserCode;
use plex_oidc_core::net::AddressBlock;
use plex_oidc_core::secret::{Secret, SecretKind};
use tracing::info;

use super::entrance::enter;
use super::request::{ClientAddress, Sent, Unreadable, comes_from_us};
use super::respond::{Answer, failed, page, page_error, with_cookie};
use crate::app::{App, State};
use crate::flow::{FlowError, attempt, device};
use crate::guesses::Guesser;
use crate::pages::{DeviceCode, DeviceNotice, ErrorKind, Page};
use crate::session::{form_token, form_token_is_right};

/// `GET /device`: the form, with the code in it if the address has one. It answers nothing by itself (requirement 106).
pub async fn ask(Shared(app): Shared<State>, headers: HeaderMap, sent: Result<Sent, Unreadable>) -> Answer {
    let code = sent.ok().and_then(|Sent(form)| UserCode::parse(form.get("user_code").ok().flatten()?));
    let known = app.cookies.device_page(&headers);
    let cookie = known.unwrap_or_else(|| app.entropy.secret(SecretKind::DevicePage));
    let answer = form(&app, &cookie, code.map(|code| code.to_string()).as_deref(), None);
    with_cookie(answer, &app.cookies.set_device_page(&cookie))
}

/// `POST /device`: on to signing in, and to the page that asks, if the code is right.
pub async fn check(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let (Some(cookie), Ok(Sent(parameters))) = (app.cookies.device_page(&headers), sent) else {
        return page_error(&app, ErrorKind::FormExpired, None);
    };
    let field = |name| parameters.get(name).ok().flatten().unwrap_or("");
    if !comes_from_us(&app, &headers) || !form_token_is_right(&cookie, field("csrf")) {
        return page_error(&app, ErrorKind::FormExpired, None);
    }
    let Some(code) = UserCode::parse(field("user_code")) else {
        return wrong(&app, &cookie, DeviceNotice::NoCode);
    };
    match looked_for(&app, code, (&cookie, address), &headers).await {
        Ok(Found::Request(request)) => enter(&app, &request, &headers, address).await,
        Ok(Found::Nothing) => wrong(&app, &cookie, DeviceNotice::UnknownCode),
        Ok(Found::TooOften(wait)) => too_often(&app, &cookie, wait),
        Err(error) => failed(&app, &error, None),
    }
}

/// `GET /device/done`: the end, for everybody alike. It grants nothing, and says nothing about anybody.
pub async fn done(Shared(app): Shared<State>, sent: Result<Sent, Unreadable>) -> Answer {
    let refused = sent.is_ok_and(|Sent(form)| form.get("error") != Ok(None));
    page(&app, StatusCode::OK, if refused { &Page::DeviceDenied } else { &Page::DeviceApproved })
}

/// What became of a code that somebody typed.
enum Found {
    Request(Box<AuthorizationRequest>),
    Nothing,
    /// Too many were wrong: the next may come after so long.
    TooOften(Duration),
}

/// Looks for the device that shows this code, unless too many codes were wrong here of late.
async fn looked_for(
    app: &App,
    code: UserCode,
    (cookie, address): (&Secret, IpAddr),
    headers: &HeaderMap,
) -> Result<Found, FlowError> {
    let session = attempt::session(app, app.cookies.session(headers).as_ref()).await?;
    let browser = session.map_or(Guesser::Browser(cookie.hash()), |session| Guesser::Session(session.sid));
    let (guessers, now) = ([Guesser::Block(AddressBlock::of(address)), browser], app.clock.instant());
    if let Err(wait) = app.guesses.admit(guessers, now) {
        info!(%address, "too many codes of devices were wrong");
        return Ok(Found::TooOften(wait));
    }
    let Some(request) = device::find(app, code).await? else {
        info!(%address, "no device waits with the code that was typed");
        return Ok(Found::Nothing);
    };
    app.guesses.take_back(guessers, now);
    Ok(Found::Request(Box::new(request)))
}

fn form(app: &App, cookie: &Secret, user_code: Option<&str>, notice: Option<DeviceNotice>) -> Answer {
    let values = DeviceCode { csrf: &form_token(cookie), user_code, notice };
    let status = notice.and_then(|notice| StatusCode::from_u16(notice.status()).ok());
    page(app, status.unwrap_or(StatusCode::OK), &Page::DeviceCode(values))
}

fn wrong(app: &App, cookie: &Secret, notice: DeviceNotice) -> Answer {
    form(app, cookie, None, Some(notice))
}

fn too_often(app: &App, cookie: &Secret, wait: Duration) -> Answer {
    let mut answer = wrong(app, cookie, DeviceNotice::TooOften);
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    answer.headers_mut().insert(RETRY_AFTER, seconds);
    answer
}
