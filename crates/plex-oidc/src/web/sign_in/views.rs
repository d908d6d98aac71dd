//! The two pages of an attempt that more than one endpoint answers with. No endpoint itself: handlers call this, so that
//! none of them calls another.

use http::StatusCode;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::app::App;
use crate::flow::attempt::Attempt;
use crate::pages::{Notice, Page, ScriptConfig, SignIn, Waiting};
use crate::session::form_token;
use crate::store::records::LoginState;
use crate::web::respond::{Answer, page, page_that_asks, to_attempt};

/// How often a browser without script asks again.
const REFRESH_SECONDS: u32 = 3;

/// The sign-in page.
pub fn sign_in(app: &App, attempt: &Attempt<'_>, notice: Option<Notice>) -> Answer {
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let api = app.plex.api();
    let clients = &api.urls().clients;
    let pins_url = format!("{}/api/v2/pins?strong=true", clients.as_str().trim_end_matches('/'));
    let identity = api.identity();
    let values = SignIn {
        client_name: &attempt.client.name,
        request_id: &id,
        csrf: &csrf,
        script: ScriptConfig {
            client_identifier: &identity.client_identifier,
            product: &identity.product,
            pins_url: &pins_url,
        },
        login_hint: attempt.frozen.request.login_hint.as_deref(),
        notice,
    };
    let origin = clients.origin().ascii_serialization();
    page_that_asks(app, StatusCode::OK, &Page::SignIn(values), &[&origin])
}

/// The waiting page.
pub fn waiting(app: &App, attempt: &Attempt<'_>) -> Answer {
    let LoginState::PinAdopted(pin) = &attempt.state else { return to_attempt(attempt.id) };
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let return_url = app.issuer.join(&format!("/sign-in/{id}/return"));
    let Ok(forward) = Url::parse(&return_url) else { return to_attempt(attempt.id) };
    let auth_url = app.plex.sign_in_url(pin.code.expose_secret(), &forward);
    let values = Waiting {
        request_id: &id,
        client_name: &attempt.client.name,
        csrf: &csrf,
        auth_url: auth_url.as_str(),
        refresh_seconds: REFRESH_SECONDS,
    };
    page(app, StatusCode::OK, &Page::Waiting(values))
}
