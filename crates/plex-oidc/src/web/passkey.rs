//! Coming in with a passkey, or confirming with one: the owner's way onto the host's page when plex.tv does not answer, from
//! anywhere. The page has a cookie of its own, so that an answer counts in the browser that asked.

use axum::extract::State as Shared;
use http::{HeaderMap, StatusCode};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::secret::{Secret, SecretKind};

use super::host::hosts;
use super::passkey_form::{Sheet, shown};
use super::request::{ClientAddress, Sent, Unreadable, comes_from_us};
use super::respond::{Answer, failed, json, page, page_error, see_other, with_cookie};
use crate::app::{App, State};
use crate::flow::admin_link::VISIT;
use crate::flow::passkeys::{self as flow, Browser, Entered};
use crate::pages::{ErrorKind, Page, PasskeyEnter, PasskeyNotice};
use crate::session::{form_token, form_token_is_right};

/// `GET /admin/passkey`: asks.
pub async fn ask(Shared(app): Shared<State>, headers: HeaderMap) -> Answer {
    let cookie = app.cookies.passkey_page(&headers);
    let cookie = cookie.unwrap_or_else(|| app.entropy.secret(SecretKind::PasskeyPage));
    let answer = drawn(&app, &cookie, None);
    with_cookie(answer, &app.cookies.set_passkey_page(&cookie))
}

/// `POST /admin/passkey/options`: what the script of the page asks the browser for.
pub async fn options(
    Shared(app): Shared<State>,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let Some((cookie, _)) = own(&app, &headers, sent) else {
        return page_error(&app, ErrorKind::FormExpired, None);
    };
    // Whoever is the host here already confirms that it is they, and nobody else's passkey will do.
    let here = match hosts(&app, &headers).await {
        Ok(hosts) => hosts.into_iter().next().map(|host| host.account),
        Err(error) => return failed(&app, &error, None),
    };
    match flow::begin_entering(&app, here, &cookie).await {
        Ok(Some(request)) => json(StatusCode::OK, &request),
        Ok(None) => page_error(&app, ErrorKind::NotFound, None),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/passkey`: comes in.
pub async fn enter(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let Some((cookie, form)) = own(&app, &headers, sent) else {
        return page_error(&app, ErrorKind::FormExpired, None);
    };
    let Some(shown) = Sheet::of(&form).and_then(shown) else {
        return drawn(&app, &cookie, Some(PasskeyNotice::NotGood));
    };
    let visit = app.cookies.host_session(&headers);
    let browser = Browser { cookie: &cookie, visit: visit.as_ref(), address };
    match flow::enter(&app, &shown, browser).await {
        Ok(Entered::In(secret)) => {
            with_cookie(see_other(OwnPage::Admin.path()), &app.cookies.set_host_session(&secret, VISIT))
        }
        Ok(Entered::NotGood) => drawn(&app, &cookie, Some(PasskeyNotice::NotGood)),
        Ok(Entered::NotForYou) => drawn(&app, &cookie, Some(PasskeyNotice::NotHost)),
        Err(error) => failed(&app, &error, None),
    }
}

/// A form of this page, sent by this page (security requirement 131).
fn own(app: &App, headers: &HeaderMap, sent: Result<Sent, Unreadable>) -> Option<(Secret, Parameters)> {
    let (cookie, Sent(form)) = (app.cookies.passkey_page(headers)?, sent.ok()?);
    let token = form.get("csrf").ok().flatten().unwrap_or_default();
    let is_ours = comes_from_us(app, headers) && form_token_is_right(&cookie, token);
    is_ours.then_some((cookie, form))
}

fn drawn(app: &App, cookie: &Secret, notice: Option<PasskeyNotice>) -> Answer {
    let values = PasskeyEnter { csrf: &form_token(cookie), possible: flow::are_possible(app), notice };
    let status = if notice.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    page(app, status, &Page::PasskeyEnter(values))
}
