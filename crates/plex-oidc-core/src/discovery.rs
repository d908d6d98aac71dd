//! Provider metadata (OIDC Discovery 1.0 s. 3, RFC 8414 s. 2, RFC 8628 s. 4). What a default would say wrongly is said aloud.

use serde::Serialize;

use crate::authorize::ResponseMode;
use crate::claims::{ACR_PASSWORD, ACR_PLEX};
use crate::client::SigningAlgorithm;
use crate::issuer::Issuer;
use crate::scope::Scope;
use crate::token::params::DEVICE_CODE;

/// The document at `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the specification's own members")]
pub struct ProviderMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    pushed_authorization_request_endpoint: String,
    device_authorization_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 4],
    subject_types_supported: [&'static str; 2],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 4],
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: [&'static str; 4],
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'static str>,
    acr_values_supported: Vec<&'static str>,
    display_values_supported: [&'static str; 1],
    ui_locales_supported: &'static [&'static str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    require_pushed_authorization_requests: bool,
    authorization_response_iss_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
}

/// How clients prove who they are, the public ones last: those are told nothing about tokens.
const CLIENT_AUTH_METHODS: [&str; 4] =
    ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];

/// The claims of every account, and those of the protocol.
const CLAIMS: [&str; 17] = [
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
];

/// What only local accounts have (OIDC Core 1.0 s. 5.1).
const CLAIMS_OF_LOCAL_ACCOUNTS: [&str; 14] = [
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "address",
    "phone_number",
    "phone_number_verified",
];

/// The metadata of the provider at `issuer`, which has local accounts or not, and pages in these languages.
pub fn provider_metadata(
    issuer: &Issuer,
    local_accounts: bool,
    languages: &'static [&'static str],
) -> ProviderMetadata {
    let claims_supported =
        CLAIMS.into_iter().chain(CLAIMS_OF_LOCAL_ACCOUNTS.into_iter().filter(|_| local_accounts));
    let is_offered = |scope: &Scope| local_accounts || !matches!(scope, Scope::Address | Scope::Phone);
    let acr = [ACR_PLEX].into_iter().chain([ACR_PASSWORD].into_iter().filter(|_| local_accounts));
    let algorithms = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).to_vec();
    let [basic, post, jwt, _] = CLIENT_AUTH_METHODS;
    ProviderMetadata {
        issuer: issuer.as_str().to_owned(),
        authorization_endpoint: issuer.join("/authorize"),
        token_endpoint: issuer.join("/token"),
        userinfo_endpoint: issuer.join("/userinfo"),
        pushed_authorization_request_endpoint: issuer.join("/par"),
        device_authorization_endpoint: issuer.join("/device/authorize"),
        revocation_endpoint: issuer.join("/revoke"),
        introspection_endpoint: issuer.join("/introspect"),
        jwks_uri: issuer.join("/jwks"),
        end_session_endpoint: issuer.join("/end-session"),
        scopes_supported: Scope::ALL.into_iter().filter(is_offered).map(Scope::as_str).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ResponseMode::ALL.map(ResponseMode::as_str),
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
        subject_types_supported: ["public", "pairwise"],
        id_token_signing_alg_values_supported: algorithms.clone(),
        userinfo_signing_alg_values_supported: algorithms.clone(),
        token_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
        token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        revocation_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
        revocation_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        introspection_endpoint_auth_methods_supported: [basic, post, jwt],
        introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        code_challenge_methods_supported: ["S256"],
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        claim_types_supported: ["normal"],
        claims_supported: claims_supported.collect(),
        acr_values_supported: acr.collect(),
        display_values_supported: ["page"],
        ui_locales_supported: languages,
        claims_parameter_supported: true,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        require_request_uri_registration: false,
        require_pushed_authorization_requests: false,
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
        insta::assert_json_snapshot!(provider_metadata(&issuer, false, &["de", "en"]));
        let with = serde_json::to_value(provider_metadata(&issuer, true, &["en"])).unwrap();
        let lists = |name: &str, value: &str| with[name].as_array().unwrap().iter().any(|one| one == value);
        assert!(lists("scopes_supported", "address") && lists("scopes_supported", "phone"));
        assert!(lists("claims_supported", "birthdate") && lists("acr_values_supported", ACR_PASSWORD));
    }
}
