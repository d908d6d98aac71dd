//! OpenID Connect as a relying party speaks it: authorization code with PKCE, state and nonce, the ID token checked
//! against the provider's keys, UserInfo, a refresh, and signing out of both.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreIdToken, CoreTokenResponse,
};
use openidconnect::url::Url;
use openidconnect::{
    AccessToken, AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, LogoutRequest, Nonce, NonceVerifier, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RefreshToken, Scope, SubjectIdentifier, TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::http::Http;
use crate::folder::CLIENT_ID;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Claims beyond the standard ones, such as `groups`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

/// Why somebody was not signed in here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProtocolError {
    /// Not an answer to a request of this browser.
    #[error("this answer belongs to no request of this browser: begin again")]
    UnknownState,
    /// RFC 9207: the answer comes from elsewhere.
    #[error("this answer does not come from the provider that was asked")]
    WrongIssuer,
    /// The provider said no.
    #[error("the provider answered {error}: {}", .description.as_deref().unwrap_or("no description"))]
    Refused {
        /// The error's name.
        error: String,
        /// For developers.
        description: Option<String>,
    },
    /// Something does not hold, or does not answer.
    #[error("{what}: {why}")]
    Failed {
        /// What was tried.
        what: &'static str,
        /// What went wrong.
        why: String,
    },
}

fn failed<E: std::error::Error>(what: &'static str) -> impl Fn(E) -> ProtocolError {
    move |error| {
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        ProtocolError::Failed { what, why }
    }
}

/// A request that was sent off: what its answer must fit.
pub(crate) struct Pending {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Somebody who was signed in, and what we were told.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) id_token_claims: Value,
    pub(crate) userinfo: Value,
    pub(crate) scopes: Vec<String>,
    pub(crate) refresh_token: Option<RefreshToken>,
    id_token: CoreIdToken,
    subject: SubjectIdentifier,
}

impl SignedIn {
    /// A name to greet with.
    pub(crate) fn name(&self) -> String {
        let text = |name: &str| self.userinfo.get(name).and_then(Value::as_str);
        text("name").or(text("preferred_username")).unwrap_or(self.subject.as_str()).to_owned()
    }
}

/// One provider, as this relying party knows it.
pub(crate) struct Protocol {
    issuer: String,
    url: String,
    client_secret: String,
    metadata: OnceCell<ProviderMetadataWithLogout>,
    http: Http,
}

impl Protocol {
    /// The relying party at `url`. It knows nothing of the provider but its issuer, and asks it when the first person signs in.
    pub(crate) fn new(issuer: &str, url: &str, client_secret: String, http: Http) -> Self {
        Self {
            issuer: issuer.to_owned(),
            url: url.to_owned(),
            client_secret,
            metadata: OnceCell::new(),
            http,
        }
    }

    /// The address to send somebody to, with these parameters more, and what to remember meanwhile.
    pub(crate) async fn begin(
        &self,
        wishes: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<(Url, CsrfToken, Pending), ProtocolError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(
                ["profile", "email", "groups", "offline_access"].map(|name| Scope::new(name.to_owned())),
            )
            .set_pkce_challenge(challenge);
        for (name, value) in wishes {
            request = request.add_extra_param(name, value);
        }
        let (url, state, nonce) = request.url();
        Ok((url, state, Pending { nonce, verifier }))
    }

    /// Redeems the code, checks the ID token, and asks UserInfo.
    pub(crate) async fn finish(&self, code: String, pending: Pending) -> Result<SignedIn, ProtocolError> {
        let client = self.client().await?;
        let exchange = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(failed("the provider has no token endpoint"))?
            .set_pkce_verifier(pending.verifier);
        let tokens = exchange.request_async(&self.http).await.map_err(failed("the code was not redeemed"))?;
        self.learn(&client, &tokens, &pending.nonce).await
    }

    /// New tokens for somebody who is signed in.
    pub(crate) async fn refresh(&self, signed_in: &SignedIn) -> Result<SignedIn, ProtocolError> {
        let client = self.client().await?;
        let missing =
            || ProtocolError::Failed { what: "no refresh", why: "there is no refresh token".to_owned() };
        let token = signed_in.refresh_token.as_ref().ok_or_else(missing)?;
        let exchange =
            client.exchange_refresh_token(token).map_err(failed("the provider has no token endpoint"))?;
        let tokens =
            exchange.request_async(&self.http).await.map_err(failed("the tokens were not refreshed"))?;
        let mut renewed = self.learn(&client, &tokens, |_: Option<&Nonce>| Ok(())).await?;
        if renewed.subject != signed_in.subject {
            return Err(ProtocolError::Failed {
                what: "the refresh",
                why: "is about somebody else".to_owned(),
            });
        }
        renewed.refresh_token = renewed.refresh_token.or_else(|| signed_in.refresh_token.clone());
        Ok(renewed)
    }

    /// The address to send somebody to who signs out here and at the provider (OIDC RP-Initiated Logout 1.0 s. 2).
    pub(crate) async fn end_session(&self, signed_in: &SignedIn) -> Result<Url, ProtocolError> {
        let metadata = self.metadata().await?;
        let missing = || ProtocolError::Failed {
            what: "no sign-out",
            why: "there is no end-session endpoint".to_owned(),
        };
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone().ok_or_else(missing)?;
        let back = PostLogoutRedirectUrl::new(format!("{}/", self.url));
        let back = back.map_err(failed("the way back is no address"))?;
        let request = LogoutRequest::from(endpoint).set_id_token_hint(&signed_in.id_token);
        let request = request.set_client_id(ClientId::new(CLIENT_ID.to_owned()));
        Ok(request.set_post_logout_redirect_uri(back).http_get_url())
    }

    async fn learn(
        &self,
        client: &Client,
        tokens: &CoreTokenResponse,
        nonce: impl NonceVerifier,
    ) -> Result<SignedIn, ProtocolError> {
        let missing = || ProtocolError::Failed { what: "the answer", why: "has no ID token".to_owned() };
        let id_token = tokens.id_token().ok_or_else(missing)?;
        let verifier = client.id_token_verifier();
        let claims = id_token.claims(&verifier, nonce).map_err(failed("the ID token does not hold"))?;
        let subject = claims.subject().clone();
        Ok(SignedIn {
            id_token_claims: payload(id_token),
            id_token: id_token.clone(),
            userinfo: self.userinfo(client, tokens.access_token(), &subject).await?,
            scopes: tokens.scopes().into_iter().flatten().map(|scope| scope.to_string()).collect(),
            refresh_token: tokens.refresh_token().cloned(),
            subject,
        })
    }

    async fn userinfo(
        &self,
        client: &Client,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Value, ProtocolError> {
        let request = client
            .user_info(token.clone(), Some(subject.clone()))
            .map_err(failed("the provider has no UserInfo endpoint"))?;
        let claims: UserInfoClaims<OtherClaims, CoreGenderClaim> =
            request.request_async(&self.http).await.map_err(failed("UserInfo did not answer"))?;
        serde_json::to_value(claims).map_err(failed("UserInfo cannot be shown"))
    }

    async fn discover(&self) -> Result<ProviderMetadataWithLogout, ProtocolError> {
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(failed("the issuer is no address"))?;
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &self.http).await;
        metadata.map_err(failed("the provider could not be asked about itself"))
    }

    async fn metadata(&self) -> Result<&ProviderMetadataWithLogout, ProtocolError> {
        self.metadata.get_or_try_init(|| self.discover()).await
    }

    async fn client(&self) -> Result<Client, ProtocolError> {
        let metadata = self.metadata().await?;
        let redirect = RedirectUrl::new(format!("{}/callback", self.url))
            .map_err(failed("the redirect URI is no address"))?;
        let (id, secret) =
            (ClientId::new(CLIENT_ID.to_owned()), ClientSecret::new(self.client_secret.clone()));
        Ok(CoreClient::from_provider_metadata(metadata.clone(), id, Some(secret)).set_redirect_uri(redirect))
    }
}

/// All claims of a token that was checked, for showing.
fn payload(id_token: &CoreIdToken) -> Value {
    let text = id_token.to_string();
    let part = text.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}
