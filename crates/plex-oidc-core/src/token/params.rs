//! What a token request asks for.

use super::error::TokenError;
use crate::form::Parameters;
use crate::pkce::CodeVerifier;
use crate::resource::ResourceSet;
use crate::secret::{Secret, SecretHash, SecretKind};

/// The name of the device grant (RFC 8628 s. 3.4).
pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A token request, by its grant type.
pub enum TokenRequest {
    /// `authorization_code` (RFC 6749 s. 4.1.3).
    Code(CodeRequest),
    /// `refresh_token` (RFC 6749 s. 6).
    Refresh(RefreshRequest),
    /// `client_credentials` (RFC 6749 s. 4.4.2).
    ClientCredentials(ClientCredentialsRequest),
    /// [`DEVICE_CODE`] (RFC 8628 s. 3.4).
    Device(DeviceTokenRequest),
}

/// A code to redeem.
pub struct CodeRequest {
    /// The code's hash; `None` if it does not have the form of a code at all.
    pub code: Option<SecretHash>,
    /// The redirect URI, if sent.
    pub redirect_uri: Option<String>,
    /// The PKCE verifier.
    pub verifier: SentVerifier,
    /// The resources asked for.
    pub resources: ResourceSet,
}

/// The `code_verifier` of a request.
pub enum SentVerifier {
    /// There is none.
    Absent,
    /// There is one that has not the form of RFC 7636 s. 4.1; it meets no challenge.
    Malformed,
    /// There is one.
    Sent(CodeVerifier),
}

/// A refresh token to use.
pub struct RefreshRequest {
    /// The token's hash; `None` if it does not have the form of a refresh token at all.
    pub token: Option<SecretHash>,
    /// The narrower scope asked for, if any.
    pub scope: Option<String>,
    /// The resources asked for.
    pub resources: ResourceSet,
}

/// A token that a client asks for itself.
pub struct ClientCredentialsRequest {
    /// The scope asked for, if any.
    pub scope: Option<String>,
    /// The resources asked for.
    pub resources: ResourceSet,
}

/// A device code to ask about, and to redeem once somebody has approved it.
pub struct DeviceTokenRequest {
    /// The code's hash; `None` if it does not have the form of a device code at all.
    pub code: Option<SecretHash>,
    /// The resources asked for.
    pub resources: ResourceSet,
}

impl TokenRequest {
    /// Reads the form.
    pub fn read(parameters: &Parameters) -> Result<Self, TokenError> {
        match parameters.get("grant_type")? {
            None => Err(TokenError::InvalidRequest("grant_type is missing")),
            Some("authorization_code") => code_request(parameters).map(Self::Code),
            Some("refresh_token") => refresh_request(parameters).map(Self::Refresh),
            Some("client_credentials") => Ok(Self::ClientCredentials(ClientCredentialsRequest {
                scope: parameters.get("scope")?.map(str::to_owned),
                resources: ResourceSet::sent(parameters),
            })),
            Some(DEVICE_CODE) => device_request(parameters).map(Self::Device),
            Some(_) => Err(TokenError::UnsupportedGrantType),
        }
    }
}

fn code_request(parameters: &Parameters) -> Result<CodeRequest, TokenError> {
    let code = parameters.get("code")?.ok_or(TokenError::InvalidRequest("code is missing"))?;
    let verifier = match parameters.get("code_verifier")? {
        None => SentVerifier::Absent,
        Some(text) => CodeVerifier::parse(text).map_or(SentVerifier::Malformed, SentVerifier::Sent),
    };
    Ok(CodeRequest {
        code: Secret::parse(SecretKind::AuthorizationCode, code).map(|code| code.hash()),
        redirect_uri: parameters.get("redirect_uri")?.map(str::to_owned),
        verifier,
        resources: ResourceSet::sent(parameters),
    })
}

fn refresh_request(parameters: &Parameters) -> Result<RefreshRequest, TokenError> {
    let token =
        parameters.get("refresh_token")?.ok_or(TokenError::InvalidRequest("refresh_token is missing"))?;
    Ok(RefreshRequest {
        token: Secret::parse(SecretKind::RefreshToken, token).map(|token| token.hash()),
        scope: parameters.get("scope")?.map(str::to_owned),
        resources: ResourceSet::sent(parameters),
    })
}

fn device_request(parameters: &Parameters) -> Result<DeviceTokenRequest, TokenError> {
    let code = parameters.get("device_code")?.ok_or(TokenError::InvalidRequest("device_code is missing"))?;
    Ok(DeviceTokenRequest {
        code: Secret::parse(SecretKind::DeviceCode, code).map(|code| code.hash()),
        resources: ResourceSet::sent(parameters),
    })
}
