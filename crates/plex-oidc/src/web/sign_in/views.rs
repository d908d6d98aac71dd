//! The two pages of an attempt that more than one endpoint answers with. No endpoint itself: handlers call this, so that
//! none of them calls another.

use http::StatusCode;
use plex_oidc_core::own_page::OwnPage;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::app::App;
use crate::flow::attempt::Attempt;
use crate::pages::{Notice, Page, ScriptConfig, SignIn, Waiting};
use crate::session::form_token;
use crate::store::records::LoginState;
use crate::upstream::plex::Plex;
use crate::web::respond::{Answer, page, page_that_asks, to_attempt};

/// How often a browser without script asks again.
const REFRESH_SECONDS: u32 = 3;

/// The sign-in page.
pub fn sign_in(app: &App, attempt: &Attempt<'_>, notice: Option<Notice>) -> Answer {
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let (api, renews) = (app.plex.as_ref().map(Plex::api), attempt.frozen.renews_for.is_some());
    let pins_url = api.map(|api| {
        let clients = api.urls().clients.as_str();
        format!("{}/api/v2/pins?strong=true", clients.trim_end_matches('/'))
    });
    let values = SignIn {
        client_name: &attempt.client.name,
        request_id: &id,
        csrf: &csrf,
        plex: api.zip(pins_url.as_deref()).map(|(api, pins_url)| ScriptConfig {
            client_identifier: &api.identity().client_identifier,
            product: &api.identity().product,
            pins_url,
        }),
        password: app.local.is_some() && !renews,
        renews,
        for_host: !renews && app.own_page(OwnPage::Admin).is_some_and(|page| page.id == attempt.client.id),
        login_hint: attempt.frozen.request.login_hint.as_deref(),
        plex_token: attempt.client.plex_token,
        notice,
    };
    let origin = api.map(|api| api.urls().clients.origin().ascii_serialization());
    let origins: Vec<&str> = origin.iter().map(String::as_str).collect();
    page_that_asks(app, StatusCode::OK, &Page::SignIn(values), &origins)
}

/// The waiting page.
pub fn waiting(app: &App, attempt: &Attempt<'_>) -> Answer {
    let LoginState::PinAdopted(pin) = &attempt.state else { return to_attempt(attempt.id) };
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let return_url = app.issuer.join(&format!("/sign-in/{id}/return"));
    let Ok(forward) = Url::parse(&return_url) else { return to_attempt(attempt.id) };
    let Some(plex) = &app.plex else { return to_attempt(attempt.id) };
    let auth_url = plex.sign_in_url(pin.code.expose_secret(), &forward);
    let values = Waiting {
        request_id: &id,
        client_name: &attempt.client.name,
        csrf: &csrf,
        auth_url: auth_url.as_str(),
        refresh_seconds: REFRESH_SECONDS,
    };
    page(app, StatusCode::OK, &Page::Waiting(values))
}
