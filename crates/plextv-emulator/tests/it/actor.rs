//! A program that talks to the emulator, and what it gets back.

use std::sync::Once;

use plextv_emulator::{Emulator, EmulatorConfig};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

pub(crate) const IDENTIFIER: &str = "3f0c9f5e-installation";

/// An emulator and a client of it.
pub(crate) struct Actor {
    pub(crate) emulator: Emulator,
    pub(crate) http: Client,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"), "{}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn xml(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/xml; charset=utf-8"), "{}", self.body);
        self.body
            .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
            .expect("a declaration")
            .trim_end()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Actor {
    pub(crate) async fn new() -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            rustls::crypto::aws_lc_rs::default_provider().install_default().expect("installed once");
        });
        let emulator = Emulator::start(EmulatorConfig::default()).await.expect("a free port");
        let http = Client::builder().no_proxy().build().expect("a client");
        Self { emulator, http }
    }

    /// A request to `clients.plex.tv` with the identifier, asking for JSON.
    pub(crate) fn v2(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path)
            .header("X-Plex-Client-Identifier", IDENTIFIER)
            .header("Accept", "application/json")
    }

    /// A request to `clients.plex.tv` with nothing added.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.emulator.clients_url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.v2(Method::GET, path)).await
    }

    /// With the token of a persona.
    pub(crate) async fn get_as(&self, persona: &str, path: &str) -> Answer {
        let token = self.emulator.world().token_for(persona);
        send(self.v2(Method::GET, path).header("X-Plex-Token", token)).await
    }

    /// Makes a strong PIN.
    pub(crate) async fn make_pin(&self) -> Value {
        let answer =
            send(self.v2(Method::POST, "/api/v2/pins?strong=true").header("X-Plex-Product", "Example SSO"))
                .await;
        assert_eq!(answer.status, 201);
        answer.json()
    }

    pub(crate) async fn poll(&self, pin: &Value) -> Answer {
        self.get(&format!("/api/v2/pins/{}", pin["id"])).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.emulator.control_url()));
        send(if body.is_null() { request } else { request.json(&body) }).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, body: answer.text().await.expect("a body") }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("text expected: {value}"))
}
