//! A team at Cloudflare Access: the address where it has its keys, and the assertions that it makes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc::clock::{Clock as _, SystemClock};
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::SigningKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Outcome;

/// The name of the team.
pub(crate) const TEAM: &str = "bench";
/// The audience tag of its application.
pub(crate) const AUDIENCE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The team.
pub(crate) struct Team {
    key: SigningKey,
    /// Where its keys are.
    pub(crate) certs_url: String,
    fetches: Arc<AtomicU32>,
}

impl Team {
    /// Publishes one key until the runtime ends.
    pub(crate) async fn start() -> Outcome<Self> {
        let (key, _) = SigningKey::generate(SigningAlgorithm::Rs256)?;
        let body = json!({ "keys": [key.public_jwk()], "public_certs": [] }).to_string();
        let fetches = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&fetches);
        let respond = async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            body
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let certs_url = format!("http://{}/certs", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, Router::new().route("/certs", get(respond))).into_future());
        Ok(Self { key, certs_url, fetches })
    }

    /// How often its keys were fetched.
    pub(crate) fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }

    /// An assertion about who has this e-mail address.
    pub(crate) fn assertion(&self, email: &str) -> Outcome<String> {
        let now = SystemClock.now().0;
        let claims: Value = json!({
            "iss": format!("https://{TEAM}.cloudflareaccess.com"), "aud": [AUDIENCE], "type": "app", "iat": now, "nbf": now,
            "exp": now + 86_400, "sub": "7335d417-61da-459d-899c-0a01c76a2f94", "email": email, "country": "NL",
            "identity_nonce": "6ei69kawdKzMIAPF",
        });
        Ok(self.key.sign("JWT", &claims)?)
    }
}

/// A good assertion in a stranger's hand: with the name of a key that nobody has.
pub(crate) fn forgery(good: &str, number: u32) -> String {
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": format!("{number:064x}") }).to_string();
    let rest = good.split_once('.').map_or("", |(_, rest)| rest);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(head))
}
