//! An application that people sign in to: it trusts nothing that it has not checked.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use jsonwebtoken::jwk::JwkSet;
use plex_oidc_core::client::ClientAuthMethod;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::answer::{Answer, Landing};
use super::door::{Door, get, post_form};
use super::setup::{ISSUER, secret_of};

/// How an application proves itself at the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// `client_secret_basic`, form-encoded as RFC 6749 s. 2.3.1 asks.
    Basic(String),
    /// `client_secret_post`.
    Post(String),
    /// A public client: `client_id` alone.
    Public,
    /// Nothing at all.
    Nothing,
}

/// An application.
#[derive(Clone)]
pub(crate) struct RelyingParty {
    pub(crate) id: String,
    pub(crate) redirect_uri: String,
    pub(crate) auth: ClientAuth,
    door: Door,
}

/// An authorization request, and what its client keeps to itself.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    /// As they go into the address.
    pub(crate) parameters: Vec<(String, String)>,
    /// The PKCE verifier.
    pub(crate) verifier: String,
}

/// What the token endpoint gave.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(pub(crate) Value);

impl Tokens {
    #[track_caller]
    fn text(&self, name: &str) -> String {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.0)).to_owned()
    }

    pub(crate) fn access_token(&self) -> String {
        self.text("access_token")
    }

    pub(crate) fn id_token(&self) -> String {
        self.text("id_token")
    }

    pub(crate) fn refresh_token(&self) -> String {
        self.text("refresh_token")
    }
}

/// Makes verifiers, states and nonces differ from one request to the next.
static REQUESTS: AtomicU64 = AtomicU64::new(1);

impl Authorization {
    /// Sets a parameter, in the place of its earlier value.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.and(name, value)
    }

    /// Adds a parameter, even if there is one of that name.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a parameter out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(found, _)| found != name);
        self
    }

    /// Without PKCE.
    pub(crate) fn without_pkce(self) -> Self {
        self.without("code_challenge").without("code_challenge_method")
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The address to open.
    pub(crate) fn url(&self) -> String {
        let url = Url::parse_with_params(&format!("{ISSUER}/authorize"), &self.parameters);
        url.expect("an address").to_string()
    }

    /// The same as a form.
    pub(crate) fn post(&self) -> Request<Body> {
        let pairs: Vec<(&str, &str)> =
            self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        post_form("/authorize", &pairs)
    }

    /// What every relying party checks first: is this the answer to my question, and from whom (RFC 9207)?
    #[track_caller]
    pub(crate) fn check(&self, landing: &Landing) {
        let asked = Url::parse(self.get("redirect_uri").expect("a redirect URI")).expect("an address");
        assert_eq!(landing.url.host_str(), asked.host_str());
        assert_eq!(landing.url.path(), asked.path());
        assert_eq!(landing.get("state"), self.get("state"), "{}", landing.url);
        assert_eq!(landing.get("iss"), Some(ISSUER), "{}", landing.url);
    }

    /// The error in the answer to this request.
    #[track_caller]
    pub(crate) fn error(&self, landing: &Landing) -> String {
        self.check(landing);
        assert_eq!(landing.get("code"), None, "{}", landing.url);
        landing.error().to_owned()
    }
}

impl RelyingParty {
    pub(super) fn new(door: Door, id: &str, method: ClientAuthMethod) -> Self {
        let auth = match method {
            ClientAuthMethod::ClientSecretBasic => ClientAuth::Basic(secret_of(id)),
            ClientAuthMethod::ClientSecretPost => ClientAuth::Post(secret_of(id)),
            ClientAuthMethod::PrivateKeyJwt => ClientAuth::Nothing, // its test signs, and sends what it signed
            ClientAuthMethod::None => ClientAuth::Public,
        };
        Self { id: id.to_owned(), redirect_uri: format!("https://{id}.example.org/callback"), auth, door }
    }

    /// The same application, proving itself in another way.
    pub(crate) fn authenticating(&self, auth: ClientAuth) -> Self {
        Self { auth, ..self.clone() }
    }

    /// A new authorization request for `openid profile email groups offline_access`.
    pub(crate) fn authorization(&self) -> Authorization {
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let verifier = format!("verifier-{number:->40}");
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid profile email groups offline_access"),
            ("state", &format!("state-{number}")),
            ("nonce", &format!("nonce-{number}")),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Authorization { parameters, verifier }
    }

    /// Redeems the code of a landing, after checking the landing; must work, and checks the ID token if there is one.
    pub(crate) async fn tokens(&self, asked: &Authorization, landing: &Landing) -> Tokens {
        asked.check(landing);
        let tokens = Tokens(self.redeem(asked, landing.code()).await.expect(200).json());
        if tokens.0.get("id_token").is_some() {
            let claims = self.id_claims(&tokens.id_token()).await;
            assert_eq!(claims.get("nonce").and_then(Value::as_str), asked.get("nonce"));
        }
        tokens
    }

    /// The claims of the ID token that this code gives.
    pub(crate) async fn claims(&self, asked: &Authorization, landing: &Landing) -> Value {
        let tokens = self.tokens(asked, landing).await;
        self.id_claims(&tokens.id_token()).await
    }

    /// Redeems a code.
    pub(crate) async fn redeem(&self, asked: &Authorization, code: &str) -> Answer {
        let redirect_uri = asked.get("redirect_uri").unwrap_or(&self.redirect_uri);
        let mut fields =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        if asked.get("code_challenge").is_some() {
            fields.push(("code_verifier", &asked.verifier));
        }
        self.token(&fields).await
    }

    /// Uses a refresh token.
    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Any token request, with this application's authentication.
    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.door.send(self.token_request(fields)).await
    }

    /// Pushes an authorization request (RFC 9126).
    pub(crate) async fn push(&self, asked: &Authorization) -> Answer {
        let fields: Vec<(&str, &str)> =
            asked.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.door.send(self.request("/par", &fields)).await
    }

    /// A token request, not yet sent.
    pub(crate) fn token_request(&self, fields: &[(&str, &str)]) -> Request<Body> {
        self.request("/token", fields)
    }

    /// Gives a token back.
    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        self.door.send(self.request("/revoke", &[("token", token)])).await
    }

    /// Asks about a token.
    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        self.door.send(self.request("/introspect", &[("token", token)])).await
    }

    /// A form for one of our endpoints, with this application's authentication.
    pub(crate) fn request(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let mut fields = fields.to_vec();
        match &self.auth {
            ClientAuth::Basic(_) | ClientAuth::Nothing => {}
            ClientAuth::Post(secret) => {
                fields.retain(|(name, _)| *name != "client_id");
                fields.extend([("client_id", &*self.id), ("client_secret", secret)]);
            }
            ClientAuth::Public => {
                fields.retain(|(name, _)| *name != "client_id");
                fields.push(("client_id", &self.id));
            }
        }
        let mut request = post_form(path, &fields);
        if let ClientAuth::Basic(secret) = &self.auth {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&self.id), encode(secret));
            let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).expect("text");
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request
    }

    /// Asks for the claims behind an access token.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        let mut request = get("/userinfo");
        let value = HeaderValue::from_str(&format!("Bearer {access_token}")).expect("text");
        request.headers_mut().insert(AUTHORIZATION, value);
        self.door.send(request).await
    }

    /// The claims of an ID token, checked as OIDC Core 1.0 s. 3.1.3.7 asks: signature by a published key, issuer, audience,
    /// expiry. The library reads the machine's clock, so a token made in a moved future counts as good.
    pub(crate) async fn id_claims(&self, id_token: &str) -> Value {
        let set: JwkSet =
            serde_json::from_str(&self.door.get("/jwks").await.expect(200).body).expect("a key set");
        let header = jsonwebtoken::decode_header(id_token).expect("a header");
        let jwk = set.find(header.kid.as_deref().expect("a kid")).expect("a published key");
        let algorithm = jwk.common.key_algorithm.expect("an algorithm").to_string();
        let mut validation = jsonwebtoken::Validation::new(algorithm.parse().expect("a signature algorithm"));
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[&self.id]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        let key = jsonwebtoken::DecodingKey::from_jwk(jwk).expect("a key");
        jsonwebtoken::decode::<Value>(id_token, &key, &validation).expect("a good ID token").claims
    }
}
