//! The owner's way in when plex.tv does not answer: a link made on the machine. Opening it shows a page with a button, because
//! mail programs and chats open links to show what is behind them; only the button uses it.

use axum::extract::State as Shared;
use http::header::{HeaderValue, REFERRER_POLICY};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::secret::{Secret, SecretKind};

use super::here::is_our_form;
use super::request::{ClientAddress, Sent, Unreadable, comes_from_us};
use super::respond::{Answer, failed, page, page_error, see_other, with_cookie};
use crate::app::{App, State};
use crate::flow::admin_link::{self as flow, Entered, VISIT};
use crate::pages::{AdminEnter, ErrorKind, Page};

/// `GET /admin/enter`: asks. Nothing is used by opening it.
pub async fn ask(Shared(app): Shared<State>, sent: Result<Sent, Unreadable>) -> Answer {
    let Some(link) = link_in(sent) else { return shown(&app, AdminEnter::NotGood) };
    match flow::is_good(&app, &link).await {
        Ok(true) => shown(&app, AdminEnter::Good { link: link.expose() }),
        Ok(false) => shown(&app, AdminEnter::NotGood),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/enter`: uses the link, once.
pub async fn enter(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    if !comes_from_us(&app, &headers) {
        return page_error(&app, ErrorKind::FormExpired, None);
    }
    let Some(link) = link_in(sent) else { return shown(&app, AdminEnter::NotGood) };
    match flow::enter(&app, &link, address).await {
        Ok(Entered::In(secret)) => {
            with_cookie(see_other(OwnPage::Admin.path()), &app.cookies.set_host_session(&secret, VISIT))
        }
        Ok(Entered::NotGood) => shown(&app, AdminEnter::NotGood),
        Ok(Entered::NotForOwner) => shown(&app, AdminEnter::NotForOwner),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/leave`: ends the visit.
pub async fn leave(Shared(app): Shared<State>, headers: HeaderMap, sent: Result<Sent, Unreadable>) -> Answer {
    let (Some(cookie), Ok(Sent(form))) = (app.cookies.host_session(&headers), sent) else {
        return page_error(&app, ErrorKind::FormExpired, None);
    };
    if !is_our_form(&app, &cookie, &headers, &form) {
        return page_error(&app, ErrorKind::FormExpired, None);
    }
    match flow::leave(&app, &cookie).await {
        Ok(()) => {
            with_cookie(page(&app, StatusCode::OK, &Page::SignedOut), &app.cookies.clear_host_session())
        }
        Err(error) => failed(&app, &error, None),
    }
}

fn link_in(sent: Result<Sent, Unreadable>) -> Option<Secret> {
    let Sent(parameters) = sent.ok()?;
    Secret::parse(SecretKind::AdminLink, parameters.get("link").ok().flatten()?)
}

/// The secret is in the address of this page: what it loads is not to tell even us where it was loaded from. Our forms still have
/// an origin, which they would not under `no-referrer`.
fn shown(app: &App, values: AdminEnter<'_>) -> Answer {
    let status = match values {
        AdminEnter::Good { .. } => StatusCode::OK,
        AdminEnter::NotGood | AdminEnter::NotForOwner => StatusCode::FORBIDDEN,
    };
    let mut answer = page(app, status, &Page::AdminEnter(values));
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    answer
}
