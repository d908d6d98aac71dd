//! Turning a code or a refresh token into tokens. The person and the client are judged anew each time: the same
//! [`decide`] as at the door (security requirements 43 and 63).

use plex_oidc_core::claims::{IdTokenFacts, MAX_ID_TOKEN_CLAIMS_BYTES, id_token};
use plex_oidc_core::client::Client;
use plex_oidc_core::decide::{Decision, decide};
use plex_oidc_core::jose::TYP_ID_TOKEN;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::{Scope, ScopeSet};
use plex_oidc_core::secret::{Secret, SecretHash, SecretKind};
use plex_oidc_core::time::Seconds;
use plex_oidc_core::token::code::{CodeFacts, CodeVerdict, check_code};
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::{CodeRequest, RefreshRequest};
use plex_oidc_core::token::refresh;
use plextv::PlexToken;
use serde::Serialize;
use tracing::{debug, error, info, warn};
use zeroize::Zeroizing;

use super::FlowError;
use super::issue::grant_place;
use crate::app::App;
use crate::keys::{Bound, seal_handle};
use crate::store::StoreError;
use crate::store::records::{
    AccessTokenRecord, CodeRecord, GrantEnd, GrantRecord, NewAccessToken, NewRefreshToken, RedeemCode,
    Redemption, RefreshTokenRecord, Renewal, Rotate, Rotation,
};

/// Life of a handle: as long as the longest session of Cloudflare Access, which asks us once and then carries the handle
/// until it ends. It opens nothing without an assertion about the same person that is valid at that moment.
const HANDLE_LIFE: Seconds = Seconds::days(31);

/// The answer of the token endpoint (RFC 6749 s. 5.1, OIDC Core 1.0 s. 3.1.3.3).
#[derive(Serialize)]
pub struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "no_scope")]
    scope: ScopeSet,
}

impl Tokens {
    /// An access token alone.
    pub(super) fn of_access(token: &Secret, client: &Client, scope: ScopeSet) -> Self {
        Self {
            access_token: token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: client.access_token_lifetime.0,
            refresh_token: None,
            id_token: None,
            scope,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn no_scope(scope: &ScopeSet) -> bool {
    scope.is_empty()
}

impl From<FlowError> for TokenError {
    fn from(error: FlowError) -> Self {
        if let FlowError::Store(StoreError::Unavailable { .. } | StoreError::Busy) = error {
            warn!(%error, "no tokens: the store does not answer");
            Self::TemporarilyUnavailable
        } else {
            error!(%error, "no tokens");
            Self::ServerError
        }
    }
}

impl From<StoreError> for FlowToken {
    fn from(error: StoreError) -> Self {
        Self(FlowError::from(error).into())
    }
}

/// A [`TokenError`] to which a [`StoreError`] turns by `?`.
pub struct FlowToken(pub TokenError);

impl From<TokenError> for FlowToken {
    fn from(error: TokenError) -> Self {
        Self(error)
    }
}

impl From<FlowError> for FlowToken {
    fn from(error: FlowError) -> Self {
        Self(error.into())
    }
}

/// Redeems a code (RFC 6749 s. 4.1.3).
pub async fn redeem(app: &App, client: &Client, request: &CodeRequest) -> Result<Tokens, FlowToken> {
    let hash = request.code.ok_or(TokenError::InvalidGrant)?;
    let record = app.store.code(hash).await?.ok_or(TokenError::InvalidGrant)?;
    check(app, client, request, hash, &record).await?;
    may_go_on(app, client, &record.grant)?;
    exchange(app, client, &record, &request.resources).await
}

/// Turns a code that passed every check into tokens, once.
pub(super) async fn exchange(
    app: &App,
    client: &Client,
    record: &CodeRecord,
    asked: &ResourceSet,
) -> Result<Tokens, FlowToken> {
    let access = app.entropy.secret(SecretKind::AccessToken);
    let refresh = offline(client, &record.grant).then(|| app.entropy.secret(SecretKind::RefreshToken));
    let issued = Issued {
        access: &access,
        refresh: refresh.as_ref(),
        scopes: granted(client, record.grant.scopes),
        resources: resources(client, &record.grant, asked)?,
    };
    // Signed before anything is stored: what cannot be signed must not spend the code.
    let tokens = answer(app, client, &record.grant, record.nonce.as_deref(), &issued)?;
    let redeem = RedeemCode {
        hash: record.hash,
        client_id: client.id.clone(),
        now: app.clock.now(),
        access: new_access(app, client, &issued),
        refresh: refresh.as_ref().map(|secret| NewRefreshToken {
            hash: secret.hash(),
            idle_expires: refresh_expiry(app, &record.grant),
            absolute_expires: record.grant.created.plus(app.lifetimes.refresh_absolute),
        }),
        with_challenge: record.code_challenge.is_some(),
        tell_of_logout: client.backchannel_logout_uri.is_some(),
    };
    match app.store.redeem_code(redeem).await? {
        Redemption::Redeemed => Ok(tokens),
        refused => {
            info!(client = %client.id, ?refused, "a code was not redeemed");
            Err(TokenError::InvalidGrant.into())
        }
    }
}

/// Checks a code that is to be redeemed for something else than tokens: the same code, the same rules.
pub async fn check_presented(app: &App, client: &Client, request: &CodeRequest) -> Result<(), FlowToken> {
    let hash = request.code.ok_or(TokenError::InvalidGrant)?;
    let record = app.store.code(hash).await?.ok_or(TokenError::InvalidGrant)?;
    check(app, client, request, hash, &record).await?;
    Ok(may_go_on(app, client, &record.grant)?)
}

/// Compares what was stored with what was sent.
async fn check(
    app: &App,
    client: &Client,
    request: &CodeRequest,
    hash: SecretHash,
    record: &CodeRecord,
) -> Result<(), FlowToken> {
    let now = app.clock.now();
    let facts = CodeFacts {
        client_id: &record.grant.client_id,
        redirect_uri: &record.redirect_uri,
        challenge: record.code_challenge.as_ref(),
        expires: record.expires,
        redeemed: record.redeemed_at,
        failures: record.failures,
    };
    let verdict = check_code(&facts, request, &client.id, now);
    if verdict != CodeVerdict::Redeem {
        info!(client = %client.id, ?verdict, "a code was not redeemed");
    }
    match verdict {
        CodeVerdict::Redeem => return Ok(()),
        CodeVerdict::Refuse => {}
        CodeVerdict::RefuseAndCount => {
            app.store.record_code_failure(hash, client.id.clone()).await?;
        }
        CodeVerdict::Reuse => {
            app.store.end_grant(record.grant.id, GrantEnd::CodeReuse, now).await?;
        }
        CodeVerdict::Downgrade => {
            app.store.record_code_failure(hash, client.id.clone()).await?;
            return Err(
                TokenError::InvalidRequest("code_verifier was sent for a code without challenge").into()
            );
        }
    }
    Err(TokenError::InvalidGrant.into())
}

/// Uses a refresh token (RFC 6749 s. 6).
pub async fn refresh(app: &App, client: &Client, request: &RefreshRequest) -> Result<Tokens, FlowToken> {
    let presented = request.token.ok_or(TokenError::InvalidGrant)?;
    let record = app.store.refresh_token(presented).await?.ok_or(TokenError::InvalidGrant)?;
    if record.grant.client_id != client.id {
        info!(client = %client.id, "a refresh token of another client was presented");
        return Err(TokenError::InvalidGrant.into());
    }
    may_go_on(app, client, &record.grant)?;
    let scopes = refresh::scopes(granted(client, record.grant.scopes), request.scope.as_deref())?;
    let access = app.entropy.secret(SecretKind::AccessToken);
    let successor = client.rotate_refresh_tokens.then(|| app.entropy.secret(SecretKind::RefreshToken));
    let resources = resources(client, &record.grant, &request.resources)?;
    let issued = Issued { access: &access, refresh: successor.as_ref(), scopes, resources };
    let tokens = answer(app, client, &record.grant, None, &issued)?;
    let rotate = Rotate {
        presented,
        client_id: client.id.clone(),
        now: app.clock.now(),
        access: new_access(app, client, &issued),
        renewal: renewal(app, &record, successor.as_ref()),
        grace: app.lifetimes.refresh_grace,
    };
    match app.store.rotate_refresh(rotate).await? {
        Rotation::Rotated | Rotation::GraceReuse => Ok(tokens),
        refused => {
            info!(client = %client.id, ?refused, "a refresh token was not used");
            Err(TokenError::InvalidGrant.into())
        }
    }
}

fn renewal(app: &App, record: &RefreshTokenRecord, successor: Option<&Secret>) -> Renewal {
    let idle_expires = refresh_expiry(app, &record.grant);
    match successor {
        Some(successor) => Renewal::Rotate { successor: successor.hash(), idle_expires },
        None => Renewal::Keep { idle_expires },
    }
}

fn refresh_expiry(app: &App, grant: &GrantRecord) -> plex_oidc_core::time::Timestamp {
    let limits = app.lifetimes;
    refresh::expiry(grant.created, limits.refresh_idle, limits.refresh_absolute, app.clock.now())
}

/// What a live access token is good for at this moment.
pub struct InForce<'a> {
    /// The client it was issued to.
    pub client: &'a Client,
    /// What it may be used for.
    pub scopes: ScopeSet,
    /// The resources it is for; with none, it is for whoever takes it.
    pub resources: ResourceSet,
}

/// Whether the person of a live access token may still use its client, and what is left of the token.
pub fn in_force<'a>(app: &'a App, token: &AccessTokenRecord) -> Option<InForce<'a>> {
    let client = app.clients.find(token.grant.client_id.as_str())?;
    if !client.is_for_people() {
        return None;
    }
    may_go_on(app, client, &token.grant).ok()?;
    let resources = token.resources.left_of(&client.resources)?;
    Some(InForce { client, scopes: granted(client, token.scopes), resources })
}

/// The resources of a new access token: those of the grant, or fewer (RFC 8707 s. 2.2).
fn resources(client: &Client, grant: &GrantRecord, asked: &ResourceSet) -> Result<ResourceSet, TokenError> {
    let granted = grant.resources.left_of(&client.resources).ok_or(TokenError::InvalidTarget)?;
    Ok(granted.narrowed(asked)?)
}

/// Whether the person may still use this client. "We do not know any more" is a no here, and ends nothing.
pub(super) fn may_go_on(app: &App, client: &Client, grant: &GrantRecord) -> Result<(), TokenError> {
    if grant.ended_at.is_some() {
        return Err(TokenError::InvalidGrant);
    }
    match decide(grant.asker(), client, &app.rules, app.clock.now()) {
        Decision::Allow => Ok(()),
        decision => {
            info!(client = %client.id, account = %grant.user.account_id(), ?decision, "access has ended");
            Err(TokenError::InvalidGrant)
        }
    }
}

/// What is left of `scopes`, once granted: a scope that the client may not have any more is not given to it any more.
pub fn granted(client: &Client, scopes: ScopeSet) -> ScopeSet {
    scopes.intersection(client.scopes)
}

fn offline(client: &Client, grant: &GrantRecord) -> bool {
    granted(client, grant.scopes).contains(Scope::OfflineAccess)
}

/// Tokens that were made and are not stored yet.
struct Issued<'a> {
    access: &'a Secret,
    refresh: Option<&'a Secret>,
    scopes: ScopeSet,
    resources: ResourceSet,
}

fn new_access(app: &App, client: &Client, issued: &Issued<'_>) -> NewAccessToken {
    NewAccessToken {
        hash: issued.access.hash(),
        scopes: issued.scopes,
        resources: issued.resources.clone(),
        expires: app.clock.now().plus(client.access_token_lifetime),
    }
}

fn answer(
    app: &App,
    client: &Client,
    grant: &GrantRecord,
    nonce: Option<&str>,
    issued: &Issued<'_>,
) -> Result<Tokens, FlowError> {
    let id_token = if issued.scopes.contains(Scope::OpenId) {
        Some(signed_id_token(app, client, grant, nonce, issued.access)?)
    } else {
        None
    };
    let refresh_token = issued.refresh.map(|secret| secret.expose().to_owned());
    Ok(Tokens { refresh_token, id_token, ..Tokens::of_access(issued.access, client, issued.scopes) })
}

fn signed_id_token(
    app: &App,
    client: &Client,
    grant: &GrantRecord,
    nonce: Option<&str>,
    access: &Secret,
) -> Result<String, FlowError> {
    let plex_token = plex_token_claim(app, client, grant)?;
    let requested = grant.requested_claims.within(client.scopes);
    let subject = app.subject(client, &grant.user.person);
    let person = app.as_told(&grant.user.person);
    let claims = id_token(&IdTokenFacts {
        issuer: &app.issuer,
        client,
        person: &person,
        subject: &subject,
        auth_time: grant.auth_time,
        sid: app.sid_for(client, grant.sid),
        nonce,
        requested: &requested.id_token,
        access_token: access.expose(),
        plex_token: plex_token.as_deref().map(String::as_str),
        now: app.clock.now(),
    });
    let size = serde_json::to_vec(&claims)?.len();
    if size > MAX_ID_TOKEN_CLAIMS_BYTES {
        return Err(FlowError::TooLarge { client: client.id.to_string(), size });
    }
    Ok(app.keys.ring().signing_key(client.signing_algorithm).sign(TYP_ID_TOKEN, &claims)?)
}

/// The claim `plex_token` for this client: the token, or a handle for it if what carries the claim is not to be trusted.
pub fn plex_token_claim(
    app: &App,
    client: &Client,
    grant: &GrantRecord,
) -> Result<Option<Zeroizing<String>>, FlowError> {
    let Some(token) = plex_token(app, client, grant) else { return Ok(None) };
    if !client.plex_token_sealed {
        return Ok(Some(Zeroizing::new(token.expose().to_owned())));
    }
    let bound = Bound { client: &client.id, subject: &grant.user.person.subject() };
    let expires = app.clock.now().plus(HANDLE_LIFE);
    Ok(Some(Zeroizing::new(seal_handle(&app.seal, bound, expires, token.expose().as_bytes())?)))
}

/// The Plex token for this client, if its grant has the one that the operator now opts in to.
pub(super) fn plex_token(app: &App, client: &Client, grant: &GrantRecord) -> Option<PlexToken> {
    let (claim, sealed) = (client.plex_token?, grant.plex_token_sealed.as_ref()?);
    let plain = app.seal.open(grant_place(claim, &grant.id.to_string()), &sealed.0);
    let plain = plain.map_err(|error| {
        debug!(%error, client = %client.id, "what was kept is no Plex token that is handed on now, and is left out");
    });
    plain.ok().and_then(|plain| PlexToken::parse(std::str::from_utf8(&plain).ok()?))
}
