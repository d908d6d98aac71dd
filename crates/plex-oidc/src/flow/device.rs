//! Devices without a browser of their own (RFC 8628): what they ask for is stored under two codes. A person who types the one in
//! some browser answers, by the way of every other sign-in; the device asks with the other until there is an answer.

use plex_oidc_core::authorize::AuthorizationRequest;
use plex_oidc_core::client::{Client, GrantType};
use plex_oidc_core::device::{DEVICE_LIFETIME, DeviceAsks, OnDevice, UserCode, UserCodeHash, request_of};
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Timestamp;
use plex_oidc_core::token::device::{DeviceFacts, DeviceState, POLL_INTERVAL, PollVerdict, check_poll};
use plex_oidc_core::token::error::TokenError;
use plex_oidc_core::token::params::DeviceTokenRequest;
use tracing::info;

use super::FlowError;
use super::tokens::{FlowToken, Tokens, exchange, may_go_on};
use crate::app::App;
use crate::store::StoreError;
use crate::store::records::{CodeRecord, DeviceAnswer, DeviceRequest, GrantEnd, NewDeviceRequest};

/// What the keyed hash of a user code is for.
const PURPOSE: &str = "device user code";

/// How often a code is made anew that another device shows already. Twice in a row is past belief.
const TRIES: u32 = 4;

/// The two codes of a device whose request is stored.
pub struct Begun {
    /// What it asks for its tokens with.
    pub device_code: Secret,
    /// What it shows.
    pub user_code: UserCode,
}

/// Stores what a device asks for. Only the hashes of its codes are stored.
pub async fn begin(app: &App, client: &Client, asks: &DeviceAsks) -> Result<Begun, FlowError> {
    let device_code = app.entropy.secret(SecretKind::DeviceCode);
    for _ in 0..TRIES {
        let user_code = UserCode::from_random(app.entropy.bytes());
        let request = NewDeviceRequest {
            hash: device_code.hash(),
            user_code: hash_of(app, user_code),
            client_id: client.id.clone(),
            scopes: asks.scopes,
            resources: asks.resources.clone(),
            expires: app.clock.now().plus(DEVICE_LIFETIME),
            interval: POLL_INTERVAL,
        };
        if app.store.begin_device_request(request).await? {
            return Ok(Begun { device_code, user_code });
        }
    }
    Err(StoreError::Busy.into())
}

fn hash_of(app: &App, code: UserCode) -> UserCodeHash {
    UserCodeHash(app.mac.digest(PURPOSE, &[&code.to_string()]))
}

/// The authorization request of the device that shows this code. `None`: none does, it was answered before or is over, or its
/// client may not ask so any more.
pub async fn find(app: &App, user_code: UserCode) -> Result<Option<AuthorizationRequest>, FlowError> {
    let now = app.clock.now();
    let Some(found) = app.store.pending_device_request(hash_of(app, user_code), now).await? else {
        return Ok(None);
    };
    let client = app.clients.find(found.client_id.as_str());
    if !client.is_some_and(|client| client.enabled && client.may_use(GrantType::DeviceCode)) {
        return Ok(None);
    }
    let device = OnDevice { device_code: found.hash, user_code, expires: found.expires };
    let asks = DeviceAsks { scopes: found.scopes, resources: found.resources };
    Ok(Some(request_of(found.client_id, asks, device, &app.issuer)))
}

/// Whether a device still waits for its answer.
pub async fn is_open(app: &App, device: &OnDevice) -> Result<bool, FlowError> {
    let found = app.store.device_request(device.device_code).await?;
    let waits = |found: DeviceRequest| {
        found.answer == DeviceAnswer::Pending && !found.expires.has_passed(app.clock.now())
    };
    Ok(found.is_some_and(waits))
}

/// Answers no to a device. `false`: it was answered before, or is over.
pub async fn deny(app: &App, device: &OnDevice) -> Result<bool, FlowError> {
    Ok(app.store.deny_device_request(device.device_code, app.clock.now()).await?)
}

/// Answers a device that asks for its tokens (RFC 8628 s. 3.5). The person is judged anew (requirement 107).
pub async fn redeem(app: &App, client: &Client, asked: &DeviceTokenRequest) -> Result<Tokens, FlowToken> {
    let hash = asked.code.ok_or(TokenError::InvalidGrant)?;
    let request = app.store.device_request(hash).await?.ok_or(TokenError::InvalidGrant)?;
    let (state, code) = state(app, &request).await?;
    // A code that is void is over, however long the device might have waited.
    let expires = code.as_ref().map_or(request.expires, |code| code.expires.min(request.expires));
    let facts = DeviceFacts { client_id: &request.client_id, expires, state };
    let now = app.clock.now();
    let verdict = check_poll(&facts, &client.id, now);
    if verdict == PollVerdict::Wait {
        return Err(wait(app, &request, now).await?.into());
    }
    info!(client = %client.id, ?verdict, "a device was answered");
    match (verdict, code) {
        (PollVerdict::Redeem, Some(code)) => {
            // The device is told what the person would be: an end, for good or until they sign in again.
            may_go_on(app, client, &code.grant).map_err(|_| TokenError::AccessDenied)?;
            exchange(app, client, &code, &asked.resources).await
        }
        (PollVerdict::Reuse, Some(code)) => {
            app.store.end_grant(code.grant.id, GrantEnd::CodeReuse, now).await?;
            Err(TokenError::InvalidGrant.into())
        }
        (PollVerdict::Denied, _) => Err(TokenError::AccessDenied.into()),
        (PollVerdict::Expired, _) => Err(TokenError::ExpiredToken.into()),
        (PollVerdict::Redeem | PollVerdict::Reuse, None) | (PollVerdict::Refuse | PollVerdict::Wait, _) => {
            Err(TokenError::InvalidGrant.into())
        }
    }
}

/// What has become of a request, and its code if somebody approved it.
async fn state(app: &App, request: &DeviceRequest) -> Result<(DeviceState, Option<CodeRecord>), FlowError> {
    Ok(match request.answer {
        DeviceAnswer::Pending => (DeviceState::Pending, None),
        DeviceAnswer::Denied => (DeviceState::Denied, None),
        DeviceAnswer::Approved => {
            let code = app.store.code(request.hash).await?;
            let redeemed = code.as_ref().and_then(|code| code.redeemed_at);
            (DeviceState::Approved { redeemed }, code)
        }
    })
}

/// Nobody has answered yet. Where somebody answers at this moment, the next poll brings it.
async fn wait(app: &App, request: &DeviceRequest, now: Timestamp) -> Result<TokenError, FlowError> {
    let pace = app.store.note_device_poll(request.hash, now).await?;
    let early = pace.is_some_and(|pace| pace.early);
    Ok(if early { TokenError::SlowDown } else { TokenError::AuthorizationPending })
}
