//! Authorization responses: what goes back to the client, and by which way (RFC 6749 s. 4.1.2, RFC 9207 s. 2).

use serde::{Deserialize, Serialize};

use crate::id::ClientId;
use crate::issuer::Issuer;
use crate::redirect::RedirectTarget;

/// By which way a response reaches the client (OAuth 2.0 Multiple Response Types s. 2.1, Form Post Response Mode s. 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// As a form that the browser posts to the redirect URI.
    FormPost,
}

impl ResponseMode {
    /// Every way, as metadata lists them.
    pub const ALL: [Self; 2] = [Self::Query, Self::FormPost];

    /// The value of `response_mode`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }

    /// Reads the parameter.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// Where a response goes, and what every response holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// Whom it is for.
    pub client_id: ClientId,
    /// Where it goes.
    pub target: RedirectTarget,
    /// By which way.
    pub mode: ResponseMode,
    /// The client's `state`, returned as it came.
    pub state: Option<String>,
}

impl ReplyTo {
    /// The response with these parameters.
    pub fn response(self, parameters: &[(&'static str, &str)], issuer: &Issuer) -> AuthorizationResponse {
        let mut all: Vec<_> = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        all.extend(self.state.map(|state| ("state", state)));
        all.push(("iss", issuer.as_str().to_owned()));
        AuthorizationResponse {
            client_id: self.client_id,
            target: self.target,
            mode: self.mode,
            parameters: all,
        }
    }
}

/// A response that is ready to be sent. It may hold a code, so it does not print.
pub struct AuthorizationResponse {
    /// Whom it is for.
    pub client_id: ClientId,
    /// Where it goes.
    pub target: RedirectTarget,
    /// By which way.
    pub mode: ResponseMode,
    /// What it says.
    pub parameters: Vec<(&'static str, String)>,
}

impl AuthorizationResponse {
    /// The whole address, where the response goes by [`ResponseMode::Query`].
    pub fn location(&self) -> String {
        let pairs: Vec<(&str, &str)> =
            self.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.target.with_response(&pairs)
    }
}
