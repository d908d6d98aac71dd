//! The hand-over: sending somebody off to sign in, and letting them in when they come back with a code.

use http::HeaderMap;
use plex_oidc_core::authorize::AuthorizationRequest;
use plex_oidc_core::gateway::handover::client_of;
use plex_oidc_core::gateway::{GatewayApp, OriginalRequest, Start};
use plex_oidc_core::pkce::{CodeChallenge, CodeVerifier};
use plex_oidc_core::redirect::RedirectTarget;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::{CodeRequest, SentVerifier};
use tracing::info;

use super::FlowError;
use super::tokens::{self, FlowToken};
use crate::app::App;
use crate::store::records::{NewGatewaySession, RedeemHandover, Redemption};

/// What the marks of [`Start`] are for.
const PURPOSE: &str = "gateway start";

/// Somebody on the way to sign in.
pub struct SentOff {
    /// Where to send the browser.
    pub location: String,
    /// The `Set-Cookie` value that goes along.
    pub cookie: String,
}

/// Sends somebody off who asked for `request`, to come back to `to`.
pub fn send_off(
    app: &App,
    asked: &GatewayApp,
    request: &OriginalRequest,
    to: &str,
    headers: &HeaderMap,
) -> Result<SentOff, FlowError> {
    // One secret for all tabs of this browser: each gets a code of its own, and every code needs the secret. The cookie is
    // set each time, so that it lives as long as the newest way.
    let known = app.gateway.cookies.start(headers);
    let secret = known.unwrap_or_else(|| app.entropy.secret(SecretKind::GatewayStart));
    let start = Start {
        app: asked.name.clone(),
        origin: request.origin(),
        to: to.to_owned(),
        challenge: verifier(&secret)
            .map(|verifier| CodeChallenge::of(&verifier).as_str().to_owned())
            .unwrap_or_default(),
        at: app.clock.now(),
    };
    let marked = app.mac.mark(PURPOSE, &serde_json::to_vec(&start)?);
    Ok(SentOff {
        location: app.issuer.join(&format!("/gateway/sign-in?request={marked}")),
        cookie: app.gateway.cookies.set_start(&secret),
    })
}

/// The text of a start secret has the form of a verifier (RFC 7636 s. 4.1).
fn verifier(secret: &Secret) -> Option<CodeVerifier> {
    CodeVerifier::parse(secret.expose())
}

/// Reads back what [`send_off`] made, if it is ours and not too old.
pub fn read_start(app: &App, marked: &str) -> Option<Start> {
    let start: Start = serde_json::from_slice(&app.mac.read(PURPOSE, marked)?).ok()?;
    (!start.is_over(app.clock.now())).then_some(start)
}

/// The authorization request of the client that stands for the application. It takes the way of all others.
pub fn request_of(start: &Start, marked: &str) -> Option<AuthorizationRequest> {
    let request = AuthorizationRequest::of_ours(client_of(&start.app)?, RedirectTarget::of_gateway(start));
    let challenge = Some(CodeChallenge::parse(&start.challenge)?);
    Some(AuthorizationRequest { state: Some(marked.to_owned()), challenge, ..request })
}

/// Somebody who came back.
pub struct LetIn {
    /// Where to go now, on the same origin.
    pub to: String,
    /// The `Set-Cookie` value of the gateway session.
    pub cookie: String,
}

/// Lets somebody in who came back to `request` with a code. `None`: not with this code, not here, or not this browser.
pub async fn let_in(
    app: &App,
    asked: &GatewayApp,
    request: &OriginalRequest,
    (code, state): (&str, &str),
    headers: &HeaderMap,
) -> Result<Option<LetIn>, FlowToken> {
    let start =
        read_start(app, state).filter(|start| start.app == asked.name && start.origin == request.origin());
    let secret = app.gateway.cookies.start(headers);
    let (Some(start), Some(secret)) = (start, secret) else {
        info!(app = asked.name, "a hand-over came to another place or another browser");
        return Ok(None);
    };
    let client = app.gateway.client_for(asked);
    let (Some(client), Some(verifier)) = (client, verifier(&secret)) else { return Ok(None) };
    let presented = CodeRequest {
        code: Secret::parse(SecretKind::AuthorizationCode, code).map(|code| code.hash()),
        redirect_uri: Some(start.callback()),
        verifier: SentVerifier::Sent(verifier),
        resources: ResourceSet::default(),
    };
    let Some(hash) = presented.code else { return Ok(None) };
    match tokens::check_presented(app, client, &presented).await {
        Ok(()) => {}
        Err(FlowToken(ours @ (TokenError::TemporarilyUnavailable | TokenError::ServerError))) => {
            return Err(FlowToken(ours));
        }
        Err(_) => return Ok(None),
    }
    let now = app.clock.now();
    let (scope, gateway) = (app.gateway.scope_of(&request.host), &app.gateway);
    let session = app.entropy.secret(SecretKind::GatewaySession);
    let redeem = RedeemHandover {
        hash,
        client_id: client.id.clone(),
        now,
        session: NewGatewaySession {
            hash: session.hash(),
            scope: scope.to_text(),
            idle_expires: now.plus(gateway.session_idle),
            absolute_expires: now.plus(gateway.session_absolute),
        },
    };
    let redemption = app.store.redeem_handover(redeem).await?;
    if !matches!(redemption, Redemption::Redeemed) {
        info!(app = asked.name, ?redemption, "a hand-over was not accepted");
        return Ok(None);
    }
    let cookie = gateway.cookies.set_session(&session, scope, gateway.session_absolute);
    Ok(Some(LetIn { to: start.origin + &start.to, cookie }))
}
