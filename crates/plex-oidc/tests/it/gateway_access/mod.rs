//! Behind Cloudflare Access: what proxies are answered, with a stand-in for the address where a team has its keys.

mod addresses;
mod claims;
mod keys;
mod people;
mod programs;
mod refusals;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Request, StatusCode};
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::SigningKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, House, Setup};

const ISSUER: &str = "https://lab.cloudflareaccess.com";
const TAG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER_TAG: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const ASSERTION: &str = "cf-access-jwt-assertion";
const PROXY: ([u8; 4], u16) = ([172, 30, 0, 2], 41_000);

/// The application of these tests.
const WIKI: &str = r#"
name = "wiki"
host = "wiki.example.org"
access_team = "lab"
access_claims = ["X-Plex-Token=plex_token", "X-Shelf=shelf", "X-Country=country"]
access_service_tokens = ["0a1b.access=backup-job"]
"#;
const RULES: &str = r#"
[[apps.rules]]
paths = ["/admin/*"]
allow = ["plex-owner"]
[[apps.rules]]
paths = ["/health"]
bypass = true
"#;
/// An application with its own tag, and one that is not at Cloudflare.
const OTHERS: &str = r#"
[[apps]]
name = "notes"
host = "notes.example.org"
access_team = "lab"
access_audiences = ["fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"]
[[apps]]
name = "plain"
host = "plain.example.org"
"#;

/// Two keys of the team, made once: RSA keys take their time.
static KEYS: LazyLock<[SigningKey; 2]> = LazyLock::new(|| [new_key(), new_key()]);

fn new_key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Rs256).unwrap().0
}

/// Where the team has its keys.
struct Team {
    /// `None`: it is down.
    body: Mutex<Option<String>>,
    fetches: AtomicUsize,
}

impl Team {
    fn publishes(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        *self.body.lock().unwrap() = Some(json!({"keys": keys, "public_certs": []}).to_string());
    }

    fn goes_down(&self) {
        *self.body.lock().unwrap() = None;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn respond(&self) -> Response {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let body = self.body.lock().unwrap().clone();
        body.map_or_else(|| StatusCode::BAD_GATEWAY.into_response(), IntoResponse::into_response)
    }
}

/// A house behind Cloudflare Access.
struct Lab {
    house: House,
    team: Arc<Team>,
}

impl Lab {
    async fn new() -> Self {
        Self::with(|setup| setup, &format!("access_audiences = \"{TAG}\"")).await
    }

    /// With further lines for the application.
    async fn with(change: impl FnOnce(Setup) -> Setup, lines: &str) -> Self {
        let team = Arc::new(Team { body: Mutex::default(), fetches: AtomicUsize::new(0) });
        team.publishes(&[&KEYS[0]]);
        let at_certs = Arc::clone(&team);
        let router = Router::new().route("/certs", get(move || async move { at_certs.respond() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let certs = format!("http://{}/certs", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        let teams = format!("[[access_teams]]\nteam = \"lab\"\ncerts_url = \"{certs}\"");
        let setup = Setup::default()
            .set("", "trusted_proxies = [\"172.30.0.0/16\"]")
            .app(&format!("{WIKI}{lines}\n{RULES}{OTHERS}{teams}"));
        Self { house: change(setup).start().await, team }
    }

    /// A persona has signed in with Plex before.
    async fn knows(&self, persona: &str) {
        self.house.sign_in(persona, &self.house.relying_party("photos")).await;
    }

    /// An assertion; `claims` are laid over the usual ones of the friend, `null` takes one away.
    fn assertion(&self, claims: Value) -> String {
        self.assertion_by(&KEYS[0], claims)
    }

    fn assertion_by(&self, key: &SigningKey, claims: Value) -> String {
        let now = self.house.now().0;
        let mut all = json!({
            "iss": ISSUER, "aud": [TAG], "type": "app", "iat": now, "nbf": now, "exp": now + 86_400,
            "sub": "7335d417-61da-459d-899c-0a01c76a2f94", "email": "mara@example.net", "country": "NL",
            "identity_nonce": "6ei69kawdKzMIAPF",
        });
        lay_over(&mut all, claims);
        key.sign("JWT", &all).unwrap()
    }

    /// An assertion of a service token.
    fn program(&self, common_name: &str) -> String {
        let none = Value::Null;
        self.assertion(json!({
            "sub": "", "common_name": common_name,
            "email": none, "nbf": none, "identity_nonce": none, "country": none,
        }))
    }

    /// A proxy of the `X-Forwarded-*` family asks about a page of the wiki.
    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_at("/authz/cloudflare-access/wiki", &format!("wiki.example.org{path}"), headers).await
    }

    async fn ask_at(&self, address: &str, page: &str, headers: &[(&str, &str)]) -> Answer {
        let (host, path) = page.split_at(page.find('/').unwrap());
        let forwarded = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", host),
            ("x-forwarded-uri", path),
        ];
        self.send(address, &[&forwarded, headers].concat()).await
    }

    async fn send(&self, address: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        self.house.door.send_from(SocketAddr::from(PROXY), request).await
    }
}

fn lay_over(all: &mut Value, claims: Value) {
    let all = all.as_object_mut().unwrap();
    let Value::Object(claims) = claims else { panic!("claims") };
    for (name, value) in claims {
        if value.is_null() {
            all.remove(&name);
        } else {
            all.insert(name, value);
        }
    }
}

/// Every header that the wiki gets, in the order of its configuration.
#[track_caller]
fn told(answer: &Answer) -> [&str; 7] {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((answer.header("cache-control"), answer.body.as_str()), (Some("no-store"), ""));
    ["remote-user", "remote-name", "remote-email", "remote-groups", "x-plex-token", "x-shelf", "x-country"]
        .map(|name| answer.header(name).unwrap_or_else(|| panic!("{name} is missing")))
}

/// An answer that lets nothing pass, sends nobody anywhere and says nothing about anybody.
#[track_caller]
fn refused(answer: &Answer, status: u16, sentence: &str) {
    assert_eq!((answer.status, answer.body.trim_end()), (status, sentence), "{answer:?}");
    assert!(answer.location().is_none() && answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("remote-user").is_none() && answer.header("x-plex-token").is_none());
}

const NO_ASSERTION: &str = "This request has no assertion of Cloudflare Access.";
const NOT_GOOD: &str = "This assertion of Cloudflare Access is not good here.";
const NOT_FOR_YOU: &str = "You are signed in, but this page is not for your account.";
