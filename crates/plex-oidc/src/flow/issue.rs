//! Issuing an authorization code to a person who may have it.

use plex_oidc_core::authorize::{AuthorizationRequest, AuthorizationResponse};
use plex_oidc_core::client::{Client, PlexTokenClaim};
use plex_oidc_core::gateway::handover;
use plex_oidc_core::id::{AccountId, ClientId, GrantId, Sid};
use plex_oidc_core::secret::SecretKind;
use plex_oidc_core::time::{Seconds, Timestamp};
use plextv::PlexToken;

use super::FlowError;
use crate::app::App;
use crate::keys::Place;
use crate::store::records::{Answers, NewCode, NewGrant, SealedBytes};

/// Whose code it is to be.
pub struct Holder<'a> {
    /// The account.
    pub account_id: AccountId,
    /// The browser session.
    pub sid: Sid,
    /// When that person authenticated.
    pub auth_time: Timestamp,
    /// The Plex token for this client, where the operator opted in, and which of the two it is.
    pub plex_token: Option<(PlexTokenClaim, &'a PlexToken)>,
}

/// Makes a code: the response that carries it, and what is to be stored for it. Only the hash is stored. A device has its code
/// already (RFC 8628 s. 3.3), and the response carries none.
pub fn new_code(
    app: &App,
    request: &AuthorizationRequest,
    holder: &Holder<'_>,
) -> Result<(AuthorizationResponse, NewCode), FlowError> {
    let now = app.clock.now();
    let (response, hash, expires) = if let Some(device) = &request.device {
        (request.device_response(&app.issuer), device.device_code, device.expires)
    } else {
        let code = app.entropy.secret(SecretKind::AuthorizationCode);
        let expires = now.plus(code_lifetime(app, &request.client_id));
        (request.code_response(code.expose(), &app.issuer), code.hash(), expires)
    };
    let id = GrantId::of_code(hash);
    let grant = NewGrant {
        client_id: request.client_id.clone(),
        account_id: holder.account_id,
        sid: holder.sid,
        scopes: request.scopes,
        requested_claims: request.requested_claims.clone(),
        resources: request.resources.clone(),
        auth_time: holder.auth_time,
        created: now,
        plex_token_sealed: holder.plex_token.map(|token| seal_plex_token(app, id, token)).transpose()?,
    };
    let stored = NewCode {
        hash,
        grant,
        redirect_uri: request.redirect.as_str().to_owned(),
        code_challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        expires,
        answers: answers(request),
    };
    Ok((response, stored))
}

fn answers(request: &AuthorizationRequest) -> Answers {
    match (&request.device, request.pushed) {
        (Some(_), _) => Answers::Device,
        (None, Some(hash)) => Answers::Pushed(hash),
        (None, None) => Answers::Browser,
    }
}

/// A hand-over is followed at once, by a redirect.
fn code_lifetime(app: &App, client: &ClientId) -> Seconds {
    let usual = app.lifetimes.code;
    if handover::is_gateway_client(client.as_str()) { usual.min(handover::CODE_LIFETIME) } else { usual }
}

/// Which of two tokens a client is given, if any.
pub fn token_for<'a>(
    client: &Client,
    account: &'a PlexToken,
    server: Option<&'a PlexToken>,
) -> Option<(PlexTokenClaim, &'a PlexToken)> {
    let claim = client.plex_token?;
    let token = match claim {
        PlexTokenClaim::Account => Some(account),
        PlexTokenClaim::Server => server,
    };
    token.map(|token| (claim, token))
}

fn seal_plex_token(
    app: &App,
    grant: GrantId,
    (claim, token): (PlexTokenClaim, &PlexToken),
) -> Result<SealedBytes, FlowError> {
    let row = grant.to_string();
    Ok(SealedBytes(app.seal.seal(grant_place(claim, &row), token.expose().as_bytes())?))
}

/// Where a grant's Plex token is stored. One of the account does not open as one of the server: the host may have changed their mind.
pub(super) const fn grant_place(claim: PlexTokenClaim, row: &str) -> Place<'_> {
    let column = match claim {
        PlexTokenClaim::Account => "plex_token of the account",
        PlexTokenClaim::Server => "plex_token of the server",
    };
    Place { table: "grants", column, row }
}
