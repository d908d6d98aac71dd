//! The checks of an authorization request, in their order.

use serde::{Deserialize, Serialize};

use super::error::{AuthorizeError, AuthorizeErrorCode as Code, PageError, RedirectError};
use crate::client::{Client, Clients};
use crate::form::{Parameters, Repeated};
use crate::id::ClientId;
use crate::issuer::Issuer;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::redirect::RedirectTarget;
use crate::resource::ResourceSet;
use crate::scope::{Scope, ScopeSet};
use crate::subject::Subject;
use crate::time::Seconds;

/// Longest `state` accepted, in bytes.
pub const MAX_STATE_BYTES: usize = 4096;
/// Longest `nonce` accepted, in bytes.
pub const MAX_NONCE_BYTES: usize = 1024;
/// Longest `login_hint` kept, in bytes; a longer one is ignored.
pub const MAX_HINT_BYTES: usize = 320;

/// A request that passed every check, frozen: no later step takes any of this from the browser again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub redirect: RedirectTarget,
    /// The client's opaque value.
    pub state: Option<String>,
    /// The value to bind into the ID token.
    pub nonce: Option<String>,
    /// What was asked for, within what the client may have.
    pub scopes: ScopeSet,
    /// The resources that its tokens are to be for.
    #[serde(default)]
    pub resources: ResourceSet,
    /// The PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// What should be shown.
    pub prompt: Prompt,
    /// How old an authentication may be.
    pub max_age: Option<Seconds>,
    /// The person whom the client expects, from a verified `id_token_hint`.
    pub expected_subject: Option<Subject>,
    /// Whom the client thinks it is; shown at most, never believed.
    pub login_hint: Option<String>,
    /// The languages that the client wishes for, as sent.
    pub ui_locales: Option<String>,
}

impl AuthorizationRequest {
    /// An error for this request's client.
    pub fn refuse(&self, code: Code, description: &'static str) -> RedirectError {
        RedirectError { target: self.redirect.clone(), state: self.state.clone(), code, description }
    }

    /// The address of a successful answer (RFC 6749 s. 4.1.2, RFC 9207 s. 2).
    pub fn code_response(&self, code: &str, issuer: &Issuer) -> String {
        let mut parameters = vec![("code", code)];
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        parameters.push(("iss", issuer.as_str()));
        self.redirect.with_response(&parameters)
    }
}

/// What a later check may use once client and redirect URI are settled.
struct Settled<'a> {
    parameters: &'a Parameters,
    client: &'a Client,
    target: RedirectTarget,
    state: Option<String>,
}

impl Settled<'_> {
    fn error(&self, code: Code, description: &'static str) -> RedirectError {
        RedirectError { target: self.target.clone(), state: self.state.clone(), code, description }
    }

    fn invalid(&self, description: &'static str) -> RedirectError {
        self.error(Code::InvalidRequest, description)
    }

    fn get(&self, name: &'static str) -> Result<Option<&str>, RedirectError> {
        self.parameters.get(name).map_err(|_| self.invalid("a parameter was sent more than once"))
    }
}

/// Checks a request. `verify_hint` verifies an `id_token_hint` for the client and gives its subject.
pub fn validate(
    parameters: &Parameters,
    clients: &Clients,
    verify_hint: impl FnOnce(&str, &Client) -> Option<Subject>,
) -> Result<AuthorizationRequest, AuthorizeError> {
    let client = client(parameters, clients)?;
    let target = redirect_target(parameters, client)?;
    // From here on the client may be told.
    let mut settled = Settled { parameters, client, target, state: None };
    settled.state = state(&settled)?;
    unsupported_parameters(&settled)?;
    response_type(&settled)?;
    response_mode(&settled)?;
    let scopes = scopes(&settled)?;
    let resources = resources(&settled)?;
    let nonce = nonce(&settled)?;
    let challenge = challenge(&settled)?;
    let prompt = prompt(&settled)?;
    let max_age = max_age(&settled)?;
    let expected_subject = expected_subject(&settled, verify_hint)?;
    let login_hint =
        settled.get("login_hint")?.filter(|hint| hint.len() <= MAX_HINT_BYTES).map(str::to_owned);
    let ui_locales =
        settled.get("ui_locales")?.filter(|text| text.len() <= MAX_HINT_BYTES).map(str::to_owned);
    for ignored in ["claims_locales", "acr_values", "display", "claims"] {
        settled.get(ignored)?;
    }
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        redirect: settled.target,
        state: settled.state,
        nonce,
        scopes,
        resources,
        challenge,
        prompt,
        max_age,
        expected_subject,
        login_hint,
        ui_locales,
    })
}

fn client<'a>(parameters: &Parameters, clients: &'a Clients) -> Result<&'a Client, PageError> {
    let asked = parameters.get("client_id").map_err(|Repeated(_)| PageError::ClientIdMissing)?;
    let asked = asked.ok_or(PageError::ClientIdMissing)?;
    clients.find(asked).filter(|client| client.enabled).ok_or(PageError::ClientUnknown)
}

fn redirect_target(parameters: &Parameters, client: &Client) -> Result<RedirectTarget, PageError> {
    let asked = parameters.get("redirect_uri").map_err(|Repeated(_)| PageError::RedirectUriMissing)?;
    let asked = asked.ok_or(PageError::RedirectUriMissing)?;
    client.redirect_target(asked).ok_or(PageError::RedirectUriUnregistered)
}

fn state(settled: &Settled<'_>) -> Result<Option<String>, RedirectError> {
    match settled.get("state")? {
        Some(state) if state.len() > MAX_STATE_BYTES => {
            Err(settled.invalid("state is longer than 4096 bytes"))
        }
        state => Ok(state.map(str::to_owned)),
    }
}

/// OIDC Core 1.0 s. 3.1.2.6: each has an error of its own, and none is ignored in silence.
fn unsupported_parameters(settled: &Settled<'_>) -> Result<(), RedirectError> {
    for (name, code, description) in [
        ("request", Code::RequestNotSupported, "request objects are not supported"),
        ("request_uri", Code::RequestUriNotSupported, "request_uri is not supported"),
        ("registration", Code::RegistrationNotSupported, "registration is not supported"),
    ] {
        if settled.get(name)?.is_some() {
            return Err(settled.error(code, description));
        }
    }
    Ok(())
}

fn response_type(settled: &Settled<'_>) -> Result<(), RedirectError> {
    match settled.get("response_type")? {
        Some("code") => Ok(()),
        None => Err(settled.invalid("response_type is missing")),
        Some(_) => Err(settled.error(Code::UnsupportedResponseType, "only response_type=code is supported")),
    }
}

fn response_mode(settled: &Settled<'_>) -> Result<(), RedirectError> {
    match settled.get("response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(settled.invalid("only response_mode=query is supported")),
    }
}

/// Scopes that we do not know, or that the client may not have, are dropped; the token answer names what was granted.
fn scopes(settled: &Settled<'_>) -> Result<ScopeSet, RedirectError> {
    let asked = settled.get("scope")?.unwrap_or("");
    let granted = ScopeSet::parse(asked).intersection(settled.client.scopes);
    if granted.without(Scope::OfflineAccess).is_empty() {
        return Err(settled.error(Code::InvalidScope, "no scope that this client can have was asked for"));
    }
    Ok(granted)
}

fn resources(settled: &Settled<'_>) -> Result<ResourceSet, RedirectError> {
    ResourceSet::asked(settled.parameters, &settled.client.resources)
        .map_err(|_| settled.error(Code::InvalidTarget, "resource is not one that this client may ask for"))
}

fn nonce(settled: &Settled<'_>) -> Result<Option<String>, RedirectError> {
    match settled.get("nonce")? {
        Some(nonce) if nonce.len() > MAX_NONCE_BYTES => {
            Err(settled.invalid("nonce is longer than 1024 bytes"))
        }
        nonce => Ok(nonce.map(str::to_owned)),
    }
}

fn challenge(settled: &Settled<'_>) -> Result<Option<CodeChallenge>, RedirectError> {
    let challenge = settled.get("code_challenge")?;
    let method = settled.get("code_challenge_method")?;
    let Some(challenge) = challenge else {
        if method.is_some() {
            return Err(settled.invalid("code_challenge_method without code_challenge"));
        }
        if settled.client.pkce_required {
            return Err(settled.invalid("code_challenge is missing: this client must use PKCE with S256"));
        }
        return Ok(None);
    };
    if method != Some("S256") {
        return Err(settled.invalid("code_challenge_method must be S256"));
    }
    let challenge = CodeChallenge::parse(challenge);
    challenge.map(Some).ok_or_else(|| settled.invalid("code_challenge must be 43 base64url characters"))
}

fn prompt(settled: &Settled<'_>) -> Result<Prompt, RedirectError> {
    let text = settled.get("prompt")?.unwrap_or("");
    Prompt::parse(text)
        .ok_or_else(|| settled.invalid("prompt must be none alone, or any of login, consent, select_account"))
}

fn max_age(settled: &Settled<'_>) -> Result<Option<Seconds>, RedirectError> {
    let Some(text) = settled.get("max_age")? else { return Ok(None) };
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 20;
    if !digits {
        return Err(settled.invalid("max_age must be a number of seconds"));
    }
    Ok(Some(Seconds(text.parse().unwrap_or(u32::MAX))))
}

fn expected_subject(
    settled: &Settled<'_>,
    verify_hint: impl FnOnce(&str, &Client) -> Option<Subject>,
) -> Result<Option<Subject>, RedirectError> {
    let Some(hint) = settled.get("id_token_hint")? else { return Ok(None) };
    let subject = verify_hint(hint, settled.client);
    subject
        .map(Some)
        .ok_or_else(|| settled.invalid("id_token_hint is not an ID token that we issued to this client"))
}
