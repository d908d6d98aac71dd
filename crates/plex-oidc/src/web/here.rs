//! Whoever is signed in here: the live session of this browser, and the forms that only our own pages can send in it.

use std::net::IpAddr;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use http::HeaderMap;
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::id::Sid;
use plex_oidc_core::secret::Secret;

use super::request::{ClientAddress, Sent, comes_from_us};
use super::respond::{Answer, failed, page_error};
use crate::app::{App, State};
use crate::flow::audit::Own;
use crate::flow::{FlowError, attempt};
use crate::pages::ErrorKind;
use crate::session::form_token_is_right;
use crate::store::records::BrowserSession;

/// The live session of this browser, and its cookie.
pub struct Here {
    /// The cookie.
    pub cookie: Secret,
    /// The session.
    pub session: BrowserSession,
}

impl Here {
    /// The session as this client knows it.
    pub fn sid_for(&self, app: &App, client: Option<&Client>) -> Sid {
        client.map_or(self.session.sid, |client| app.sid_for(client, self.session.sid))
    }
}

/// The session of the browser that sends these headers, if it has a live one.
pub async fn here(app: &App, headers: &HeaderMap) -> Result<Option<Here>, FlowError> {
    let Some(cookie) = app.cookies.session(headers) else { return Ok(None) };
    let session = attempt::session(app, Some(&cookie)).await?;
    Ok(session.map(|session| Here { cookie, session }))
}

/// The session and the form of a request that only a page of ours can send in it, as an extractor; else the page that says that
/// it is out of date.
pub struct OwnForm {
    /// Who sends it.
    pub here: Here,
    /// What it says.
    pub form: Parameters,
    /// From where.
    pub address: IpAddr,
}

impl OwnForm {
    /// Who does what it says.
    pub fn by(&self) -> Own {
        Own { account: self.here.session.user.account_id(), address: self.address }
    }
}

impl FromRequest<State> for OwnForm {
    type Rejection = Answer;

    async fn from_request(request: Request, app: &State) -> Result<Self, Answer> {
        let expired = || page_error(app, ErrorKind::FormExpired, None);
        let (mut parts, body) = request.into_parts();
        let ClientAddress(address) = ClientAddress::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        // The form before the session: whoever sends it slowly acts in a session that is still there at its end.
        let request = Request::from_parts(parts, body);
        let Sent(form) = Sent::from_request(request, app).await.map_err(|_| expired())?;
        let found = here(app, &headers).await.map_err(|error| failed(app, &error, None))?;
        let here = found.ok_or_else(expired)?;
        if !is_our_form(app, &here.cookie, &headers, &form) {
            return Err(expired());
        }
        Ok(Self { here, form, address })
    }
}

/// Whether a form was sent by a page of ours, to this very session (security requirement 131).
pub fn is_our_form(app: &App, cookie: &Secret, headers: &HeaderMap, form: &Parameters) -> bool {
    let token = form.get("csrf").ok().flatten().unwrap_or("");
    comes_from_us(app, headers) && form_token_is_right(cookie, token)
}
