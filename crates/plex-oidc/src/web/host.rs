//! Whoever is the host, now: by a browser session, or by a visit that began with a link or a passkey. What every page of the host asks first.

use std::cmp::Reverse;
use std::net::IpAddr;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use http::HeaderMap;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::id::{AccountId, Sid};
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::prompt::Prompt;
use plex_oidc_core::secret::Secret;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::Timestamp;

use super::entrance::enter;
use super::here::{here, is_our_form};
use super::request::{ClientAddress, Sent};
use super::respond::{Answer, failed, page_error, see_other};
use crate::app::{App, State};
use crate::flow::audit::{By, Own};
use crate::flow::{FlowError, account, admin, admin_link};
use crate::pages::{AdminNotice, ErrorKind};

const PATH: &str = OwnPage::Admin.path();

/// The host, in this browser.
pub struct Host {
    /// The cookie that says so. Its forms are bound to it.
    pub cookie: Secret,
    /// The account.
    pub account: AccountId,
    /// The browser session; nothing where it is a visit.
    pub sid: Option<Sid>,
    /// By what they proved who they are.
    pub proof: Proof,
    /// When the host last proved who they are.
    auth_time: Timestamp,
}

/// By what the host proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A sign-in.
    SignIn,
    /// A link that was made on the machine.
    Link,
    /// A passkey.
    Passkey,
}

impl Host {
    /// Whether that is recent enough to change something.
    pub fn is_fresh(&self, app: &App) -> bool {
        account::is_fresh(app, self.auth_time)
    }

    /// Whether it is, and by something else than a passkey: what is about passkeys takes that (requirement 147).
    pub fn is_freshly_proven(&self, app: &App) -> bool {
        self.proof != Proof::Passkey && self.is_fresh(app)
    }
}

/// By what this browser is the host's, the freshest first. Usually one thing, or none.
pub async fn hosts(app: &App, headers: &HeaderMap) -> Result<Vec<Host>, FlowError> {
    let mut hosts = Vec::new();
    if let Some(here) = here(app, headers).await?
        && admin::is_host(app, here.session.asker())
    {
        hosts.push(Host {
            account: here.session.user.account_id(),
            sid: Some(here.session.sid),
            proof: Proof::SignIn,
            auth_time: here.session.auth_time,
            cookie: here.cookie,
        });
    }
    if let Some(cookie) = app.cookies.host_session(headers)
        && let Some(visit) = admin_link::visit(app, &cookie).await?
    {
        let proof = if visit.passkey.is_some() { Proof::Passkey } else { Proof::Link };
        hosts.push(Host { cookie, account: visit.account_id, sid: None, proof, auth_time: visit.began });
    }
    hosts.sort_by_key(|host| Reverse(host.auth_time));
    Ok(hosts)
}

/// The host; or the way to sign in, or the page that says no.
pub async fn host(
    app: &App,
    headers: &HeaderMap,
    address: IpAddr,
    about: Option<AccountId>,
) -> Result<Host, Answer> {
    let found = hosts(app, headers).await.map_err(|error| failed(app, &error, None))?;
    match found.into_iter().next() {
        Some(host) => Ok(host),
        None => Err(sign_in(app, Prompt::Unspecified, about, (headers, address)).await),
    }
}

/// Whether this account is the host, in this browser.
pub async fn is_host_here(app: &App, headers: &HeaderMap, account: AccountId) -> Result<bool, FlowError> {
    Ok(hosts(app, headers).await?.iter().any(|host| host.account == account))
}

/// Back to the host's page, which says so.
pub fn to_admin(notice: AdminNotice) -> Answer {
    see_other(&format!("{PATH}?done={}", notice.word()))
}

/// Signing in for the page.
pub async fn sign_in(
    app: &App,
    prompt: Prompt,
    about: Option<AccountId>,
    (headers, address): (&HeaderMap, IpAddr),
) -> Answer {
    match OwnPage::Admin.request(&app.issuer, prompt, about) {
        Some(request) => enter(app, &request, headers, address).await,
        None => page_error(app, ErrorKind::Internal, None),
    }
}

/// A form that a page of the host's sent in what makes its browser the host's, and from where.
pub async fn host_form(request: Request, app: &State) -> Result<(Host, Parameters, IpAddr), Answer> {
    let expired = || page_error(app, ErrorKind::FormExpired, None);
    let (mut parts, body) = request.into_parts();
    let ClientAddress(address) = ClientAddress::from_request_parts(&mut parts, app).await?;
    let headers = parts.headers.clone();
    // The form before the session: whoever sends it slowly has to be the host still at its end.
    let sent = Sent::from_request(Request::from_parts(parts, body), app).await;
    let Sent(form) = sent.map_err(|_| expired())?;
    let hosts = hosts(app, &headers).await.map_err(|error| failed(app, &error, None))?;
    let mut hosts = hosts.into_iter();
    let host = hosts.find(|host| is_our_form(app, &host.cookie, &headers, &form)).ok_or_else(expired)?;
    Ok((host, form, address))
}

/// A form of the host's page, sent by the host.
pub struct Acting {
    /// Who sends it.
    pub by: By,
    /// What it says.
    pub form: Parameters,
    /// The person that it is about.
    pub about: Option<AccountId>,
}

/// Somebody must be the host now, and have signed in a moment ago.
impl FromRequest<State> for Acting {
    type Rejection = Answer;

    async fn from_request(request: Request, app: &State) -> Result<Self, Answer> {
        let (host, form, address) = host_form(request, app).await?;
        let about = account_in(&form, "account");
        if !host.is_fresh(app) {
            return Err(see_other(&path_of(about)));
        }
        Ok(Self { by: Own { account: host.account, address }.into(), form, about })
    }
}

/// The account that a parameter names.
pub fn account_in(parameters: &Parameters, name: &'static str) -> Option<AccountId> {
    Subject::parse(parameters.get(name).ok().flatten()?)?.account()
}

/// The page about this person, or the one about everybody.
pub fn path_of(about: Option<AccountId>) -> String {
    about.map_or_else(|| PATH.to_owned(), |account| format!("{PATH}/people/{account}"))
}
