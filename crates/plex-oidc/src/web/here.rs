//! Whoever is signed in here: the live session of this browser, and the forms that only our own pages can send in it.

use http::HeaderMap;
use plex_oidc_core::client::Client;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::id::Sid;
use plex_oidc_core::secret::Secret;

use super::request::{Sent, Unreadable, comes_from_us};
use super::respond::{Answer, failed, page_error};
use crate::app::App;
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

/// The session and the form of a request that only a page of ours can send in it; else the page that says that it is out of
/// date.
pub async fn opened(
    app: &App,
    headers: &HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Result<(Here, Parameters), Answer> {
    let expired = || page_error(app, ErrorKind::FormExpired, None);
    let found = here(app, headers).await.map_err(|error| failed(app, &error, None))?;
    let (Some(here), Ok(Sent(form))) = (found, sent) else { return Err(expired()) };
    if is_our_form(app, &here.cookie, headers, &form) { Ok((here, form)) } else { Err(expired()) }
}

/// Whether a form was sent by a page of ours, to this very session (security requirement 131).
pub fn is_our_form(app: &App, cookie: &Secret, headers: &HeaderMap, form: &Parameters) -> bool {
    let token = form.get("csrf").ok().flatten().unwrap_or("");
    comes_from_us(app, headers) && form_token_is_right(cookie, token)
}
