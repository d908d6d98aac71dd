//! An authorization request that was found good.

use serde::{Deserialize, Serialize};

use super::error::{AuthorizeErrorCode as Code, RedirectError};
use super::response::{AuthorizationResponse, ReplyTo, ResponseMode};
use crate::device::OnDevice;
use crate::id::ClientId;
use crate::issuer::Issuer;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::redirect::RedirectTarget;
use crate::requested_claims::RequestedClaims;
use crate::resource::ResourceSet;
use crate::scope::{Scope, ScopeSet};
use crate::secret::SecretHash;
use crate::subject::Subject;
use crate::time::Seconds;

/// A request that passed every check, frozen: no later step takes any of this from the browser again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub redirect: RedirectTarget,
    /// By which way it goes.
    pub response_mode: ResponseMode,
    /// The client's opaque value.
    pub state: Option<String>,
    /// The value to bind into the ID token.
    pub nonce: Option<String>,
    /// What was asked for, within what the client may have.
    pub scopes: ScopeSet,
    /// Single claims that were asked for, within what the client may have.
    pub requested_claims: RequestedClaims,
    /// The resources that its tokens are to be for.
    pub resources: ResourceSet,
    /// The PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// What should be shown.
    pub prompt: Prompt,
    /// How old an authentication may be.
    pub max_age: Option<Seconds>,
    /// The person whom the client expects, from a verified `id_token_hint` or the `claims` parameter.
    pub expected_subject: Option<Subject>,
    /// The authentication context classes of which one is demanded (OIDC Core 1.0 s. 5.5.1.1).
    pub required_acr: Option<Vec<String>>,
    /// Whom the client thinks it is; shown at most, never believed.
    pub login_hint: Option<String>,
    /// The languages that the client wishes for, as sent.
    pub ui_locales: Option<String>,
    /// The name under which it was pushed (RFC 9126 s. 2.2). The answer uses that up.
    pub pushed: Option<SecretHash>,
    /// The device that waits for the answer (RFC 8628). The client itself is sent nothing through the browser.
    pub device: Option<OnDevice>,
}

impl AuthorizationRequest {
    /// A request that we make ourselves, in the name of `client_id`, for an answer to `redirect`: it asks who somebody is, and for
    /// nothing else.
    pub fn of_ours(client_id: ClientId, redirect: RedirectTarget) -> Self {
        Self {
            client_id,
            redirect,
            response_mode: ResponseMode::Query,
            state: None,
            nonce: None,
            scopes: ScopeSet::from_iter([Scope::OpenId]),
            requested_claims: RequestedClaims::default(),
            resources: ResourceSet::default(),
            challenge: None,
            prompt: Prompt::Unspecified,
            max_age: None,
            expected_subject: None,
            required_acr: None,
            login_hint: None,
            ui_locales: None,
            pushed: None,
            device: None,
        }
    }

    /// An error for this request's client.
    pub fn refuse(&self, code: Code, description: &'static str) -> RedirectError {
        RedirectError { to: self.reply_to(), code, description }
    }

    /// A successful answer (RFC 6749 s. 4.1.2).
    pub fn code_response(&self, code: &str, issuer: &Issuer) -> AuthorizationResponse {
        self.reply_to().response(&[("code", code)], issuer)
    }

    /// The end of a request that a device made: nothing is sent along, for the device itself fetches its tokens (RFC 8628 s. 3.3).
    pub fn device_response(&self, issuer: &Issuer) -> AuthorizationResponse {
        self.reply_to().response(&[], issuer)
    }

    /// Everything that the client would learn or may do, single claims as the scopes that hold them: what is consented to.
    pub fn all_scopes(&self) -> ScopeSet {
        self.scopes.union(self.requested_claims.scopes())
    }

    fn reply_to(&self) -> ReplyTo {
        ReplyTo {
            client_id: self.client_id.clone(),
            target: self.redirect.clone(),
            mode: self.response_mode,
            state: self.state.clone(),
        }
    }
}
