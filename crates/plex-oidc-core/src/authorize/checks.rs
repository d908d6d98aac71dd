//! The checks of an authorization request, in their order.

use super::error::{AuthorizeError, AuthorizeErrorCode as Code, PageError, RedirectError};
use super::request::AuthorizationRequest;
use super::response::{ReplyTo, ResponseMode};
use crate::claims::ACR_VALUES;
use crate::client::{Client, Clients};
use crate::form::{Parameters, Repeated};
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::redirect::RedirectTarget;
use crate::requested_claims::ClaimsParameter;
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

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Through the browser.
    Browser,
    /// From the client itself, which proved who it is (RFC 9126).
    Pushed,
}

/// What a later check may use once client and redirect URI are settled.
struct Settled<'a> {
    parameters: &'a Parameters,
    client: &'a Client,
    way: Way,
    to: ReplyTo,
}

impl Settled<'_> {
    fn error(&self, code: Code, description: &'static str) -> RedirectError {
        RedirectError { to: self.to.clone(), code, description }
    }

    fn invalid(&self, description: &'static str) -> RedirectError {
        self.error(Code::InvalidRequest, description)
    }

    fn get(&self, name: &'static str) -> Result<Option<&str>, RedirectError> {
        self.parameters.get(name).map_err(|_| self.invalid("a parameter was sent more than once"))
    }
}

/// Checks a request that came through the browser. `verify_hint` verifies an `id_token_hint` for the client and gives its
/// subject.
pub fn validate(
    parameters: &Parameters,
    clients: &Clients,
    verify_hint: impl FnOnce(&str, &Client) -> Option<Subject>,
) -> Result<AuthorizationRequest, AuthorizeError> {
    check(parameters, client(parameters, clients)?, Way::Browser, verify_hint)
}

/// The same for a request that `client`, which has proved who it is, pushed (RFC 9126 s. 2.1).
pub fn validate_pushed(
    parameters: &Parameters,
    client: &Client,
    verify_hint: impl FnOnce(&str, &Client) -> Option<Subject>,
) -> Result<AuthorizationRequest, AuthorizeError> {
    check(parameters, client, Way::Pushed, verify_hint)
}

fn check(
    parameters: &Parameters,
    client: &Client,
    way: Way,
    verify_hint: impl FnOnce(&str, &Client) -> Option<Subject>,
) -> Result<AuthorizationRequest, AuthorizeError> {
    let target = redirect_target(parameters, client)?;
    // From here on the client may be told.
    let mode = asked_mode(parameters, &target);
    let to = ReplyTo { client_id: client.id.clone(), target, mode, state: None };
    let mut settled = Settled { parameters, client, way, to };
    settled.to.state = state(&settled)?;
    unsupported_parameters(&settled)?;
    pushed_if_required(&settled)?;
    response_type(&settled)?;
    response_mode(&settled)?;
    let scopes = scopes(&settled)?;
    let resources = resources(&settled)?;
    let nonce = nonce(&settled)?;
    let challenge = challenge(&settled)?;
    let prompt = prompt(&settled)?;
    let max_age = max_age(&settled)?;
    let claims = claims(&settled, scopes)?;
    let hinted = expected_subject(&settled, verify_hint)?;
    let expected_subject = one_person(&settled, hinted, claims.subject.as_deref(), prompt)?;
    let login_hint =
        settled.get("login_hint")?.filter(|hint| hint.len() <= MAX_HINT_BYTES).map(str::to_owned);
    let ui_locales =
        settled.get("ui_locales")?.filter(|text| text.len() <= MAX_HINT_BYTES).map(str::to_owned);
    // Every ID token says its `acr`, so that there is nothing to do about `acr_values`.
    for ignored in ["claims_locales", "acr_values", "display"] {
        settled.get(ignored)?;
    }
    Ok(AuthorizationRequest {
        client_id: settled.to.client_id,
        redirect: settled.to.target,
        response_mode: settled.to.mode,
        state: settled.to.state,
        nonce,
        scopes,
        requested_claims: claims.requested,
        resources,
        challenge,
        prompt,
        max_age,
        expected_subject,
        required_acr: claims.required_acr,
        login_hint,
        ui_locales,
        pushed: None,
        device: None,
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
        // RFC 6749 appendix A.5 has none; browsers change them on the way through a form.
        Some(state) if settled.to.mode == ResponseMode::FormPost && state.contains(char::is_control) => {
            Err(settled.invalid("state has control characters, which no form can carry"))
        }
        state => Ok(state.map(str::to_owned)),
    }
}

/// OIDC Core 1.0 s. 3.1.2.6: each has an error of its own, and none is ignored in silence.
fn unsupported_parameters(settled: &Settled<'_>) -> Result<(), RedirectError> {
    let request_uri = match settled.way {
        Way::Browser => (Code::RequestUriNotSupported, "request_uri is not supported"),
        // RFC 9126 s. 2.1.
        Way::Pushed => (Code::InvalidRequest, "a pushed request cannot hold a request_uri"),
    };
    for (name, (code, description)) in [
        ("request", (Code::RequestNotSupported, "request objects are not supported")),
        ("request_uri", request_uri),
        ("registration", (Code::RegistrationNotSupported, "registration is not supported")),
    ] {
        if settled.get(name)?.is_some() {
            return Err(settled.error(code, description));
        }
    }
    Ok(())
}

/// RFC 9126 s. 5 and s. 6.
fn pushed_if_required(settled: &Settled<'_>) -> Result<(), RedirectError> {
    if settled.way == Way::Browser && settled.client.pushed_requests_required {
        return Err(settled.invalid("this client must push its authorization requests"));
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

/// By which way to answer, errors included: the way asked for, if it is one and leads there.
fn asked_mode(parameters: &Parameters, target: &RedirectTarget) -> ResponseMode {
    let asked = parameters.get("response_mode").ok().flatten().and_then(ResponseMode::parse);
    match asked {
        Some(ResponseMode::FormPost) if target.form_origin().is_some() => ResponseMode::FormPost,
        Some(ResponseMode::FormPost | ResponseMode::Query) | None => ResponseMode::Query,
    }
}

fn response_mode(settled: &Settled<'_>) -> Result<(), RedirectError> {
    match settled.get("response_mode")?.map(ResponseMode::parse) {
        Some(None) => Err(settled.invalid("response_mode must be query or form_post")),
        Some(Some(asked)) if asked != settled.to.mode => {
            Err(settled
                .invalid("form_post needs an http or https redirect URI with a name or an IPv4 address"))
        }
        Some(Some(_)) | None => Ok(()),
    }
}

/// Scopes that we do not know, or that the client may not have, are dropped; the token answer names what was granted. `None`:
/// nothing is left (RFC 6749 s. 3.3).
pub fn scopes_for(client: &Client, asked: Option<&str>) -> Option<ScopeSet> {
    let granted = ScopeSet::parse(asked.unwrap_or("")).intersection(client.scopes);
    (!granted.without(Scope::OfflineAccess).is_empty()).then_some(granted)
}

fn scopes(settled: &Settled<'_>) -> Result<ScopeSet, RedirectError> {
    let wrong = "no scope that this client can have was asked for";
    let granted = scopes_for(settled.client, settled.get("scope")?);
    granted.ok_or_else(|| settled.error(Code::InvalidScope, wrong))
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
    challenge.map(Some).ok_or_else(|| settled.invalid("code_challenge is not a SHA-256 in base64url"))
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

/// The `claims` parameter (OIDC Core 1.0 s. 5.5), as far as the client may have it. It belongs to OpenID requests.
fn claims(settled: &Settled<'_>, scopes: ScopeSet) -> Result<ClaimsParameter, RedirectError> {
    let Some(text) = settled.get("claims")? else { return Ok(ClaimsParameter::default()) };
    let claims = ClaimsParameter::parse(text).map_err(|error| settled.invalid(error.description()))?;
    if !scopes.contains(Scope::OpenId) {
        return Ok(ClaimsParameter::default());
    }
    if claims
        .required_acr
        .as_ref()
        .is_some_and(|values| !values.iter().any(|acr| ACR_VALUES.contains(&&**acr)))
    {
        let description = "no sign-in here has the acr that the claims parameter demands";
        return Err(settled.error(Code::UnmetAuthenticationRequirements, description));
    }
    Ok(ClaimsParameter { requested: claims.requested.within(settled.client.scopes), ..claims })
}

/// The one person whom the request is about, by a hint or by a value of `sub` (OIDC Core 1.0 s. 3.1.2.2, s. 5.5.1).
fn one_person(
    settled: &Settled<'_>,
    hinted: Option<Subject>,
    named: Option<&str>,
    prompt: Prompt,
) -> Result<Option<Subject>, RedirectError> {
    let Some(named) = named else { return Ok(hinted) };
    let subject = Subject::parse(named);
    if subject.is_some() && hinted.as_ref().is_none_or(|hinted| Some(hinted) == subject.as_ref()) {
        return Ok(subject);
    }
    let code = if prompt.forbids_pages() { Code::LoginRequired } else { Code::AccessDenied };
    Err(settled.error(code, "nobody has the sub that the claims parameter names"))
}
