//! The device-key scheme: `/api/v2/auth/...` and the JWTs it gives instead of opaque tokens.
//!
//! Owns: keys that devices register (with a PIN or with a token they have), nonces, the check of a JWT a device
//! signed, and the emulator's own signing key. It does not decide whose account a key belongs to: a PIN's approval or
//! the token used at registration does. A key belongs to one client identifier, so that identifier has one account.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::personas::Account;
use crate::randomness::Randomness;
use crate::render::{Failure, Reply};
use crate::state::{DeviceToken, State, account_by_id};

const NONCE_LIFE: SignedDuration = SignedDuration::from_mins(5);
const NONCES_PER_LIFE: usize = 100;
const JWT_LIFE: SignedDuration = SignedDuration::from_hours(24 * 7);
const LONGEST_DEVICE_JWT: i64 = 3600;

/// A key some device holds the private half of.
#[derive(Debug, Clone)]
pub(crate) struct DeviceKey {
    /// The `kid` it was registered under; Plex calls it thumbprint.
    pub(crate) thumbprint: String,
    public: Vec<u8>,
    client_identifier: String,
}

/// Registered keys, and what is needed to work with them.
#[derive(Debug)]
pub(crate) struct DeviceKeys {
    signing: Ed25519KeyPair,
    kid: String,
    registered: Vec<(DeviceKey, u64)>,
    nonces: Vec<Nonce>,
}

#[derive(Debug)]
struct Nonce {
    value: String,
    client_identifier: String,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct JwtHeader {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct DeviceClaims {
    nonce: String,
    #[serde(default)]
    scope: String,
    aud: Value,
    iss: String,
    iat: i64,
    exp: i64,
}

impl DeviceKeys {
    pub(crate) fn new(randomness: &mut Randomness) -> Self {
        let mut seed = [0; 32];
        for (slot, number) in seed.chunks_mut(8).zip(std::iter::repeat_with(|| randomness.number())) {
            slot.copy_from_slice(&number.to_be_bytes());
        }
        Self {
            signing: Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are an Ed25519 seed"),
            kid: format!("emulator-{:016x}", randomness.number()),
            registered: Vec::new(),
            nonces: Vec::new(),
        }
    }

    fn named(&self, thumbprint: &str) -> Option<&(DeviceKey, u64)> {
        self.registered.iter().find(|(key, _)| key.thumbprint == thumbprint)
    }

    /// Removes every key of an account, as removing its devices does.
    pub(crate) fn forget(&mut self, account: u64) {
        self.registered.retain(|(_, of)| *of != account);
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": self.kid, "typ": "JWT" });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signing.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// Checks a JWT that the holder of `key` made; its scopes if it is good.
    fn check(&self, jwt: &str, key: &DeviceKey, now: Timestamp) -> Result<Vec<String>, Failure> {
        let (signed, signature) = jwt.rsplit_once('.').ok_or(Failure::UNPROCESSABLE)?;
        let (header, claims) = signed.split_once('.').ok_or(Failure::UNPROCESSABLE)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Failure::UNPROCESSABLE)?;
        UnparsedPublicKey::new(&ED25519, &key.public)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| Failure::UNPROCESSABLE)?;
        let header: JwtHeader = decoded(header)?;
        let claims: DeviceClaims = decoded(claims)?;
        if claims.exp <= now.as_second() {
            return Err(Failure::Expired);
        }
        let right = header.alg == "EdDSA"
            && header.kid == key.thumbprint
            && claims.iss == key.client_identifier
            && names_plex(&claims.aud)
            && claims.exp.saturating_sub(claims.iat) <= LONGEST_DEVICE_JWT
            && self.nonces.iter().any(|nonce| {
                nonce.value == claims.nonce && nonce.client_identifier == claims.iss && now < nonce.expires_at
            });
        if right {
            Ok(claims.scope.split(',').map(str::to_owned).collect())
        } else {
            Err(Failure::UNPROCESSABLE)
        }
    }
}

impl State {
    /// The key in this call's JSON body, if there is one. One that is malformed or taken is refused.
    pub(crate) fn offered_key(&self, call: &Call) -> Result<Option<DeviceKey>, Failure> {
        let Ok(Value::Object(body)) = serde_json::from_slice(&call.body) else { return Ok(None) };
        let Some(jwk) = body.get("jwk") else { return Ok(None) };
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).ok_or(Failure::UNPROCESSABLE);
        let public = URL_SAFE_NO_PAD.decode(text("x")?).map_err(|_| Failure::UNPROCESSABLE)?;
        let thumbprint = text("kid")?.to_owned();
        let usable = text("kty")? == "OKP" && text("crv")? == "Ed25519" && public.len() == 32;
        if !usable || self.device_keys.named(&thumbprint).is_some() {
            return Err(Failure::UNPROCESSABLE);
        }
        let client_identifier = call.client_identifier()?.to_owned();
        Ok(Some(DeviceKey { thumbprint, public, client_identifier }))
    }

    /// The JWT for a device whose PIN with this key was approved: registers the key.
    pub(crate) fn claim_with_key(
        &mut self,
        account: &'static Account,
        key: &DeviceKey,
        device_jwt: &str,
    ) -> Result<String, Failure> {
        let scopes = self.device_keys.check(device_jwt, key, self.now())?;
        if self.device_keys.named(&key.thumbprint).is_none() {
            self.device_keys.registered.push((key.clone(), account.id));
        }
        Ok(self.issue_jwt(account, key, &scopes))
    }

    fn issue_jwt(&mut self, account: &'static Account, key: &DeviceKey, scopes: &[String]) -> String {
        let now = self.now();
        let expires_at = now.saturating_add(JWT_LIFE).unwrap_or(Timestamp::MAX);
        let claims = json!({
            "iss": "plex.tv",
            "aud": ["plex.tv", key.client_identifier],
            "iat": now.as_second(),
            "exp": expires_at.as_second(),
            "thumbprint": key.thumbprint,
            "nonce": self.randomness.token(),
            "user": user_claims(account, scopes),
        });
        let value = self.device_keys.sign(&claims);
        // The opaque token of this device ends with its first JWT.
        self.tokens.retain(|token| {
            let same = token.account == account.id && token.client_identifier == key.client_identifier;
            !same || token.expires_at.is_some()
        });
        self.tokens.push(DeviceToken {
            value: value.clone(),
            account: account.id,
            client_identifier: key.client_identifier.clone(),
            expires_at: Some(expires_at),
        });
        value
    }
}

/// `POST /api/v2/auth/jwk`: registers a key for a device that has a token.
pub(crate) fn register(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v2_caller(call)?;
    let key = state.offered_key(call)?.ok_or(Failure::MALFORMED)?;
    state.device_keys.registered.push((key, account.id));
    Ok(Reply::json(json!({})).with_status(StatusCode::CREATED))
}

/// `GET /api/v2/auth/nonce`
pub(crate) fn nonce(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let client_identifier = call.client_identifier()?;
    let now = state.now();
    let nonces = &mut state.device_keys.nonces;
    nonces.retain(|nonce| now < nonce.expires_at);
    if nonces.iter().filter(|nonce| nonce.client_identifier == client_identifier).count() >= NONCES_PER_LIFE {
        return Err(Failure::RATE_LIMIT);
    }
    let value = uuid::Uuid::from_u64_pair(state.randomness.number(), state.randomness.number()).to_string();
    nonces.push(Nonce {
        value: value.clone(),
        client_identifier: client_identifier.to_owned(),
        expires_at: now.saturating_add(NONCE_LIFE).unwrap_or(Timestamp::MAX),
    });
    Ok(Reply::json(json!({ "nonce": value })))
}

/// `POST /api/v2/auth/token`: a device's JWT for one of plex.tv's. Each nonce serves once.
pub(crate) fn exchange(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let client_identifier = call.client_identifier()?;
    let jwt = call.field("jwt").ok_or(Failure::MALFORMED)?;
    let header = jwt.split('.').next().unwrap_or_default();
    let kid = decoded::<JwtHeader>(header)?.kid;
    let (key, account) = state.device_keys.named(&kid).cloned().ok_or(Failure::JWK_MISSING)?;
    if key.client_identifier != client_identifier {
        return Err(Failure::JWK_MISSING);
    }
    let scopes = state.device_keys.check(&jwt, &key, state.now())?;
    if let Some(claims) = jwt.split('.').nth(1) {
        let used = decoded::<DeviceClaims>(claims)?.nonce;
        state.device_keys.nonces.retain(|nonce| nonce.value != used);
    }
    let account = account_by_id(account).ok_or(Failure::JWK_MISSING)?;
    let token = state.issue_jwt(account, &key, &scopes);
    Ok(Reply::json(json!({ "auth_token": token })))
}

/// `GET /api/v2/auth/keys`: what plex.tv's JWTs are checked with.
pub(crate) fn keys(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    call.client_identifier()?;
    let keys = &state.device_keys;
    let public = URL_SAFE_NO_PAD.encode(keys.signing.public_key().as_ref());
    Ok(Reply::json(json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": keys.kid, "x": public,
    }] })))
}

fn decoded<T: for<'a> Deserialize<'a>>(part: &str) -> Result<T, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Failure::UNPROCESSABLE)?;
    serde_json::from_slice(&bytes).map_err(|_| Failure::UNPROCESSABLE)
}

fn names_plex(audience: &Value) -> bool {
    match audience {
        Value::Array(several) => several.iter().any(names_plex),
        one => one == "plex.tv",
    }
}

fn user_claims(account: &Account, scopes: &[String]) -> Value {
    let all = [
        ("username", json!(account.username)),
        ("email", json!(account.email)),
        ("friendly_name", json!(account.title)),
        ("restricted", json!(account.restricted())),
        ("anonymous", json!(false)),
        ("joinedAt", json!(crate::user::JOINED_AT)),
    ];
    let mut claims = serde_json::Map::from_iter([
        ("id".to_owned(), json!(account.id)),
        ("uuid".to_owned(), json!(account.uuid)),
    ]);
    claims.extend(
        all.into_iter()
            .filter(|(name, _)| scopes.iter().any(|scope| scope == name))
            .map(|(name, value)| (name.to_owned(), value)),
    );
    Value::Object(claims)
}
