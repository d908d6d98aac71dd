//! Pushed authorization requests (RFC 9126): stored for their client, found again by the browser, used up by the answer.

use plex_oidc_core::authorize::AuthorizationRequest;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;

use super::FlowError;
use crate::app::App;
use crate::store::records::PushedRequest;

/// How long a browser may take to come with a pushed request.
pub const LIFETIME: Seconds = Seconds(90);

/// How every `request_uri` of ours begins (RFC 9126 s. 2.2).
const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// Stores a request that passed every check. Its `request_uri`.
pub async fn push(app: &App, request: &AuthorizationRequest) -> Result<String, FlowError> {
    let name = app.entropy.secret(SecretKind::PushedRequest);
    let pushed = PushedRequest {
        hash: name.hash(),
        client_id: request.client_id.clone(),
        request_json: serde_json::to_string(request)?,
        expires: app.clock.now().plus(LIFETIME),
    };
    app.store.push_request(pushed).await?;
    Ok(format!("{URN}{}", name.expose()))
}

/// What follows our URN in the `request_uri` of a request, if that is what it has.
pub fn named(parameters: &Parameters) -> Option<&str> {
    parameters.get("request_uri").ok().flatten()?.strip_prefix(URN)
}

/// The pushed request of this name, for the client that the browser names. Whatever else the browser says does not count
/// (RFC 9126 s. 4). `None`: it is unknown, answered, too old or another client's, or its client may not ask so any more.
pub async fn find(
    app: &App,
    name: &str,
    parameters: &Parameters,
) -> Result<Option<AuthorizationRequest>, FlowError> {
    let Some(name) = Secret::parse(SecretKind::PushedRequest, name) else { return Ok(None) };
    let Some(pushed) = app.store.pushed_request(name.hash()).await? else { return Ok(None) };
    let is_its_clients = parameters.get("client_id") == Ok(Some(pushed.client_id.as_str()));
    // RFC 9101 s. 5: never both.
    if pushed.expires.has_passed(app.clock.now()) || !is_its_clients || parameters.get("request") != Ok(None)
    {
        return Ok(None);
    }
    let request: AuthorizationRequest = serde_json::from_str(&pushed.request_json)?;
    let client = app.clients.find(pushed.client_id.as_str()).filter(|client| client.enabled);
    let may_be_sent = client.is_some_and(|client| app.may_be_sent_to(client, &request.redirect));
    Ok(may_be_sent.then_some(AuthorizationRequest { pushed: Some(pushed.hash), ..request }))
}
