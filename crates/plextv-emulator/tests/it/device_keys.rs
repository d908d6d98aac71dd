use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::actor::{Actor, Answer, IDENTIFIER, send, text};

/// A device that holds a key.
struct Device {
    pair: Ed25519KeyPair,
    kid: &'static str,
}

impl Device {
    fn new(seed: u8, kid: &'static str) -> Self {
        Self { pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed"), kid }
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "use": "sig", "alg": "EdDSA" })
    }

    async fn jwt(&self, actor: &Actor) -> String {
        let nonce = actor.get("/api/v2/auth/nonce").await.json()["nonce"].clone();
        let now = actor.emulator.world().now().as_second();
        self.signed(&json!({
            "nonce": nonce, "scope": "username,email", "aud": "plex.tv", "iss": IDENTIFIER, "iat": now, "exp": now + 300,
        }))
    }

    fn signed(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": self.kid, "typ": "JWT" });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

async fn register(actor: &Actor, device: &Device, persona: &str) -> Answer {
    let token = actor.emulator.world().token_for(persona);
    let body = json!({ "jwk": device.jwk() });
    send(actor.v2(Method::POST, "/api/v2/auth/jwk").header("X-Plex-Token", token).json(&body)).await
}

async fn exchange(actor: &Actor, jwt: &str) -> Answer {
    send(actor.v2(Method::POST, "/api/v2/auth/token").json(&json!({ "jwt": jwt }))).await
}

async fn user(actor: &Actor, token: &str) -> Answer {
    send(actor.v2(Method::GET, "/api/v2/user").header("X-Plex-Token", token)).await
}

#[tokio::test]
async fn a_registered_key_is_exchanged_for_a_jwt_of_seven_days() {
    let actor = Actor::new().await;
    let device = Device::new(1, "kid-1");
    assert_eq!(register(&actor, &device, "owner").await.status, 201);
    assert_eq!(register(&actor, &device, "owner").await.status, 422, "taken");
    let jwt = device.jwt(&actor).await;
    let answer = exchange(&actor, &jwt).await;
    assert_eq!(answer.status, 200);
    let token = text(&answer.json()["auth_token"]).to_owned();
    let claims = token.split('.').nth(1).expect("three parts");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("claims");
    assert_eq!((&claims["iss"], &claims["thumbprint"]), (&"plex.tv".into(), &"kid-1".into()));
    assert_eq!(
        (&claims["user"]["username"], &claims["user"]["joinedAt"]),
        (&"attic-owner".into(), &Value::Null)
    );
    assert_eq!(user(&actor, &token).await.json()["username"], "attic-owner");
    assert_eq!(exchange(&actor, &jwt).await.status, 422, "a nonce serves once");
    actor.emulator.world().advance_clock(7 * 86_400);
    assert_eq!(user(&actor, &token).await.status, 498);
}

#[tokio::test]
async fn a_pin_made_with_a_key_gives_a_jwt_only_to_the_keys_holder() {
    let actor = Actor::new().await;
    let device = Device::new(2, "kid-2");
    let body = json!({ "jwk": device.jwk(), "strong": true });
    let pin = send(actor.v2(Method::POST, "/api/v2/pins").json(&body)).await.json();
    let claim = async |jwt: &str| actor.get(&format!("/api/v2/pins/{}?deviceJWT={jwt}", pin["id"])).await;
    let jwt = device.jwt(&actor).await;
    assert_eq!(claim(&jwt).await.json()["authToken"], Value::Null, "not approved");
    actor.emulator.world().approve_pin(text(&pin["code"]), "friend").expect("approved");
    assert_eq!(actor.poll(&pin).await.json()["authToken"], Value::Null, "no proof");
    let thief = Device::new(3, "kid-2");
    assert_eq!(claim(&thief.jwt(&actor).await).await.status, 422);
    let token = text(&claim(&jwt).await.json()["authToken"]).to_owned();
    assert_eq!(user(&actor, &token).await.json()["username"], "mara.k");
}

#[tokio::test]
async fn a_bad_or_unknown_device_jwt_is_refused() {
    let actor = Actor::new().await;
    let device = Device::new(4, "kid-4");
    let unknown = exchange(&actor, &device.jwt(&actor).await).await;
    assert_eq!((unknown.status, unknown.json()["errors"][0]["code"].as_u64()), (422, Some(1097)));
    register(&actor, &device, "friend").await;
    let now = actor.emulator.world().now().as_second();
    let nonce = actor.get("/api/v2/auth/nonce").await.json()["nonce"].clone();
    let good = json!({ "nonce": nonce, "aud": "plex.tv", "iss": IDENTIFIER, "iat": now, "exp": now + 300 });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        device.signed(&claims)
    };
    for (name, value) in
        [("aud", "x".into()), ("iss", "x".into()), ("nonce", "x".into()), ("exp", (now + 9000).into())]
    {
        assert_eq!(exchange(&actor, &with(name, value)).await.status, 422, "{name}");
    }
    assert_eq!(exchange(&actor, &with("exp", (now - 1).into())).await.status, 498);
    assert_eq!(exchange(&actor, "not.a.jwt").await.status, 422);
    assert_eq!(exchange(&actor, &device.signed(&good)).await.status, 200, "the rest was right");
    actor.emulator.world().revoke_tokens("friend").expect("known");
    let removed = exchange(&actor, &device.jwt(&actor).await).await;
    assert_eq!(removed.json()["errors"][0]["code"], 1097);
}

#[tokio::test]
async fn the_first_jwt_ends_the_devices_opaque_token() {
    let actor = Actor::new().await;
    let pin = actor.make_pin().await;
    actor.emulator.world().approve_pin(text(&pin["code"]), "friend").expect("approved");
    let opaque = text(&actor.poll(&pin).await.json()["authToken"]).to_owned();
    let device = Device::new(5, "kid-5");
    register(&actor, &device, "friend").await;
    assert_eq!(user(&actor, &opaque).await.status, 200);
    assert_eq!(exchange(&actor, &device.jwt(&actor).await).await.status, 200);
    assert_eq!(user(&actor, &opaque).await.status, 401);
}

#[tokio::test]
async fn nonces_are_rate_limited_and_keys_are_public() {
    let actor = Actor::new().await;
    for _ in 0..100 {
        assert_eq!(actor.get("/api/v2/auth/nonce").await.status, 200);
    }
    assert_eq!(actor.get("/api/v2/auth/nonce").await.status, 429);
    actor.emulator.world().advance_clock(300);
    assert_eq!(actor.get("/api/v2/auth/nonce").await.status, 200);
    let keys = actor.get("/api/v2/auth/keys").await.json();
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert_eq!(keys["keys"][0].get("d"), None);
}
