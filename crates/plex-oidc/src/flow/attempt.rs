//! A sign-in attempt: an authorization request that was checked, frozen and stored, and the one browser it belongs to.

use plex_oidc_core::authorize::{AuthorizationRequest, Progress, SessionFacts, Step, next_step};
use plex_oidc_core::claims::authentication;
use plex_oidc_core::client::{Client, GrantType};
use plex_oidc_core::decide::{Decision, Denial, decide};
use plex_oidc_core::id::{AccountId, BrowserId, RequestId, Sid};
use plex_oidc_core::jose::verify_id_token_hint;
use plex_oidc_core::own_page;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::subject::Subject;
use serde::{Deserialize, Serialize};

use super::{FlowError, answered};
use crate::app::App;
use crate::session::ATTEMPT_LIFETIME;
use crate::store::records::{BrowserSession, Login, LoginState, NewLogin, SeenFrom};

/// What the store keeps of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Frozen {
    /// The request as it was checked.
    pub request: AuthorizationRequest,
    /// The browser session that a sign-in for this very request made, if it went that far.
    pub signed_in: Option<Sid>,
    /// Where it began: what a session that comes of it will be called by.
    #[serde(default)]
    pub from: SeenFrom,
    /// The tag of the language of its pages: for what is written to the person about it later.
    #[serde(default)]
    pub language: Option<String>,
    /// The host who asked for it, where the approval is to bring a new owner's token, and signs nobody in.
    #[serde(default)]
    pub renews_for: Option<AccountId>,
}

/// Why a stored attempt shows a page instead of going on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// This account may not come in.
    Denied {
        /// Why.
        denial: Denial,
        /// The name of the account.
        account_name: String,
        /// Its e-mail address.
        account_email: Option<String>,
        /// Whether it is a Plex account.
        at_plex: bool,
        /// The account.
        #[serde(default)]
        account: Option<AccountId>,
        /// The browser that it came from.
        #[serde(default)]
        browser: Option<BrowserId>,
    },
    /// Nobody approved in time.
    TookTooLong,
    /// Plex no longer accepts the token that came with the approval.
    TokenRefused,
    /// Somebody else signed in at Plex than the client expected.
    OtherAccount,
    /// Somebody else signed in with a password than the client expected.
    OtherPerson,
    /// Name and password do not go together.
    WrongPassword,
    /// A new owner's token was wanted, and whoever approved owns none of the servers.
    NotOwner,
}

/// A stored attempt, opened by the browser it belongs to.
pub struct Attempt<'a> {
    /// Its name.
    pub id: RequestId,
    /// The request.
    pub frozen: Frozen,
    /// The client that asked.
    pub client: &'a Client,
    /// Where it stands.
    pub state: LoginState,
    /// The secret in the cookie.
    pub cookie: Secret,
}

impl Attempt<'_> {
    /// Why it was refused, if it was.
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.state {
            LoginState::Refused { reason } => serde_json::from_str(reason).ok(),
            _ => None,
        }
    }

    /// What was done for this request already.
    pub fn progress(&self, session: Option<&BrowserSession>) -> Progress {
        let signed_in = session.is_some_and(|session| self.frozen.signed_in == Some(session.sid));
        Progress { signed_in, ..Progress::default() }
    }
}

/// Stores a request for this browser. The cookie's secret is returned, and kept nowhere else.
pub async fn begin(app: &App, frozen: &Frozen) -> Result<(RequestId, Secret), FlowError> {
    let now = app.clock.now();
    let (id, secret) = (app.entropy.request_id(), app.entropy.secret(SecretKind::Login));
    let login = NewLogin {
        id,
        cookie_hash: secret.hash(),
        request_json: serde_json::to_string(frozen)?,
        client_id: frozen.request.client_id.clone(),
        created: now,
        expires: now.plus(ATTEMPT_LIFETIME),
    };
    app.store.begin_login(login).await?;
    Ok((id, secret))
}

/// Opens a stored attempt with its cookie. `None`: there is no such attempt for this browser.
pub async fn open(app: &App, id: RequestId, cookie: Secret) -> Result<Option<Attempt<'_>>, FlowError> {
    let Some(login) = app.store.login(id, app.clock.now()).await? else { return Ok(None) };
    if !login.cookie_hash.matches(&cookie.hash()) {
        return Ok(None);
    }
    let Login { request_json, state, .. } = login;
    let frozen: Frozen = serde_json::from_str(&request_json)?;
    let client = app.client(&frozen.request.client_id).ok_or(FlowError::ClientGone)?;
    if !may_be_answered(app, client, &frozen.request) {
        return Err(FlowError::ClientGone);
    }
    if !answered::is_open(app, &frozen.request).await? {
        return Ok(None); // another attempt with the same request was first
    }
    Ok(Some(Attempt { id, frozen, client, state, cookie }))
}

/// A reload may have taken the address out since: nothing is sent to one that is not registered now. Nor to a device, if its
/// client may not have any.
fn may_be_answered(app: &App, client: &Client, request: &AuthorizationRequest) -> bool {
    match request.device {
        Some(_) => client.may_use(GrantType::DeviceCode),
        None => app.may_be_sent_to(client, &request.redirect),
    }
}

/// Whom an `id_token_hint` is about, if it is an ID token that we issued to this client.
pub fn hinted_subject(app: &App, hint: &str, client: &Client) -> Option<Subject> {
    let claims = verify_id_token_hint(hint, app.keys.ring().verifying_keys(), &app.issuer).ok()?;
    claims.is_for(&client.id).then_some(claims.sub)
}

/// What the authorization endpoint must do next for this request.
pub async fn step(
    app: &App,
    request: &AuthorizationRequest,
    session: Option<&BrowserSession>,
    progress: Progress,
) -> Result<Step, FlowError> {
    let client = app.client(&request.client_id).ok_or(FlowError::ClientGone)?;
    let facts = match session {
        Some(session) => Some(facts(app, client, request, session, progress).await?),
        None => None,
    };
    Ok(next_step(request, facts.as_ref(), progress, app.clock.now()))
}

async fn facts(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    session: &BrowserSession,
    progress: Progress,
) -> Result<SessionFacts, FlowError> {
    let person = &session.user.person;
    let mut decision = decide(session.asker(), client, &app.rules, app.clock.now());
    // The Plex token is not kept in the session: a client that is given one needs a sign-in of its own, of those who have one.
    let has_token = matches!(person.account.id, AccountId::Plex(_));
    if client.plex_token.is_some() && has_token && !progress.signed_in && decision == Decision::Allow {
        decision = Decision::Unknown;
    }
    let consented = !client.consent_required || has_consented(app, request, session).await?;
    Ok(SessionFacts {
        acr: authentication(session.user.person.account.id).1,
        subject: app.subject(client, person),
        auth_time: session.auth_time,
        decision,
        consented,
        impersonable: is_impersonable(client, request),
    })
}

/// Whether another program could ask in the client's name. In that of our own clients only we do, over plain http on loopback too:
/// the gateway marks its requests and redeems their codes itself, and our pages redeem none. The browser
/// that answers a device stays with us, and the person is asked anyway.
fn is_impersonable(client: &Client, request: &AuthorizationRequest) -> bool {
    let is_ours = own_page::is_ours(client.id.as_str()) || request.device.is_some();
    client.is_public() && request.redirect.is_claimable() && !is_ours
}

async fn has_consented(
    app: &App,
    request: &AuthorizationRequest,
    session: &BrowserSession,
) -> Result<bool, FlowError> {
    let consent = app.store.consent(session.user.account_id(), request.client_id.clone()).await?;
    Ok(consent.is_some_and(|consent| request.all_scopes().is_within(consent.scopes)))
}

/// The live browser session behind a cookie, marked as used.
pub async fn session(app: &App, cookie: Option<&Secret>) -> Result<Option<BrowserSession>, FlowError> {
    let Some(cookie) = cookie else { return Ok(None) };
    let now = app.clock.now();
    let Some(session) = app.store.browser_session(cookie.hash(), now).await? else { return Ok(None) };
    let idle_expires = now.plus(app.lifetimes.session_idle).min(session.absolute_expires);
    if now.since(session.last_seen) >= i64::from(crate::store::TOUCH_INTERVAL.0) {
        app.store.touch_session(cookie.hash(), now, idle_expires).await?;
    }
    Ok(Some(session))
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::gateway::{Apps, GatewayApp, HeaderSet, HostPattern, Start};
    use plex_oidc_core::id::ClientId;
    use plex_oidc_core::pkce::{CodeChallenge, CodeVerifier};
    use plex_oidc_core::time::Timestamp;

    use super::*;
    use crate::flow::handover::request_of;
    use crate::gateway::clients;

    #[test]
    fn req_028_nobody_is_asked_again_at_a_second_application_on_loopback() {
        let app = GatewayApp {
            name: "wiki".into(),
            hosts: vec![HostPattern::parse("wiki.localhost").unwrap()],
            rules: Vec::new(),
            audience: plex_oidc_core::decide::Audience::default(),
            preflight: false,
            headers: HeaderSet::preset("remote").unwrap(),
            plex_token: None,
        };
        let verifier = CodeVerifier::parse(&"v".repeat(43)).unwrap();
        let start = Start {
            app: "wiki".into(),
            origin: "http://wiki.localhost:8000".into(),
            to: "/".into(),
            challenge: CodeChallenge::of(&verifier).as_str().to_owned(),
            at: Timestamp(0),
        };
        let (all, request) = (clients(&Apps(vec![app])), request_of(&start, "marked").unwrap());
        let client = all.find("app:wiki").unwrap();
        assert!(!is_impersonable(client, &request));
        let other = Client { id: ClientId::parse("native").unwrap(), ..client.clone() };
        assert!(is_impersonable(&other, &request), "any other client without a secret");
    }
}
