//! Provider metadata (OIDC Discovery 1.0 s. 3, RFC 8414 s. 2). What a default would say wrongly is said aloud.

use serde::Serialize;

use crate::client::SigningAlgorithm;
use crate::issuer::Issuer;
use crate::scope::Scope;

/// The document at `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the specification's own members")]
pub struct ProviderMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'static str>,
    acr_values_supported: [&'static str; 1],
    display_values_supported: [&'static str; 1],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    authorization_response_iss_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
}

/// The metadata of the provider at `issuer`.
pub fn provider_metadata(issuer: &Issuer) -> ProviderMetadata {
    ProviderMetadata {
        issuer: issuer.as_str().to_owned(),
        authorization_endpoint: issuer.join("/authorize"),
        token_endpoint: issuer.join("/token"),
        userinfo_endpoint: issuer.join("/userinfo"),
        jwks_uri: issuer.join("/jwks"),
        end_session_endpoint: issuer.join("/end-session"),
        scopes_supported: Scope::ALL.map(Scope::as_str).to_vec(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).to_vec(),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        code_challenge_methods_supported: ["S256"],
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        claim_types_supported: ["normal"],
        claims_supported: vec![
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "amr",
            "acr",
            "sid",
            "preferred_username",
            "name",
            "email",
            "email_verified",
            "picture",
            "groups",
        ],
        acr_values_supported: [crate::claims::ACR_PLEX],
        display_values_supported: ["page"],
        claims_parameter_supported: false,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        require_request_uri_registration: false,
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_087_metadata_says_aloud_what_the_defaults_get_wrong() {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        insta::assert_json_snapshot!(provider_metadata(&issuer));
    }
}
