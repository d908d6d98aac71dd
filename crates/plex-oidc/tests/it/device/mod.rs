//! Devices without a browser of their own (RFC 8628; requirements 103 to 107).

mod approval;
mod endpoint;
mod guesses;
mod people;
mod polling;

use plex_oidc_core::time::Seconds;
use serde_json::Value;

use crate::support::{Answer, Browser, House, RelyingParty, Setup, Tokens};

/// The name of the grant type.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The usual house, in which two applications are for devices: `tv` in browsers too, and `cli` nowhere else. Both are public.
/// `photos` has a secret.
fn setup() -> Setup {
    let both = "grant_types = [\"authorization_code\", \"device_code\"]";
    Setup::default()
        .client("tv", both)
        .client("photos", both)
        .client("cli", "name = \"Command line\"\nauth_method = \"none\"\ngrant_types = \"device_code\"")
}

async fn house() -> House {
    setup().start().await
}

/// A device that waits for a person.
struct Device {
    client: RelyingParty,
    asked: Value,
}

impl Device {
    /// Asks for codes, for everything that the application may have.
    async fn begin(house: &House, client: &str) -> Self {
        Self::asking(house, client, &[("scope", "openid profile email groups offline_access")]).await
    }

    async fn asking(house: &House, client: &str, fields: &[(&str, &str)]) -> Self {
        let client = house.relying_party(client);
        let asked = ask(house, &client, fields).await.expect(200).json();
        Self { client, asked }
    }

    fn device_code(&self) -> &str {
        self.asked["device_code"].as_str().unwrap()
    }

    fn user_code(&self) -> &str {
        self.asked["user_code"].as_str().unwrap()
    }

    async fn poll(&self) -> Answer {
        self.poll_as(&self.client).await
    }

    async fn poll_as(&self, client: &RelyingParty) -> Answer {
        client.token(&[("grant_type", DEVICE_CODE), ("device_code", self.device_code())]).await
    }

    /// Polls after the interval; must be told this.
    async fn is_told(&self, house: &House, error: &str) {
        house.pass(Seconds(5));
        is_error(&self.poll().await, error);
    }

    /// Polls; must get tokens.
    async fn tokens(&self) -> Tokens {
        Tokens(self.poll().await.expect(200).json())
    }

    /// A person types the code, signs in, and comes to the page that asks.
    async fn signed_in(&self, browser: &mut Browser, persona: &str) -> Answer {
        let page = type_code(browser, self.user_code()).await.expect(200);
        browser.approve_and_finish(&page, persona).await
    }

    /// The same, and says yes.
    async fn allowed(&self, browser: &mut Browser, persona: &str) {
        let page = self.signed_in(browser, persona).await;
        is_approved(&browser.submit(&page, "/consent").await);
    }
}

async fn ask(house: &House, client: &RelyingParty, fields: &[(&str, &str)]) -> Answer {
    house.door.send(client.request("/device/authorize", fields)).await
}

/// Opens the page for codes, types one, and follows.
async fn type_code(browser: &mut Browser, code: &str) -> Answer {
    let page = browser.open("/device").await.expect(200);
    let answer = browser.post(&page, "/device", &[("user_code", code)]).await;
    match answer.location().map(str::to_owned) {
        Some(next) => browser.open(&next).await,
        None => answer,
    }
}

#[track_caller]
fn is_error(answer: &Answer, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (400, &error.into()), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[track_caller]
fn is_asking(page: &Answer, heading: &str) {
    assert_eq!((page.status, page.heading().as_str()), (200, heading), "{}", page.text());
    assert!(page.text().contains("only if you started this on your own device"), "{}", page.text());
}

#[track_caller]
fn is_approved(page: &Answer) {
    assert_eq!((page.status, page.heading().as_str()), (200, "Go back to your device"), "{}", page.text());
    assert!(!page.url.contains("code="), "{}", page.url);
}

#[track_caller]
fn is_denied(page: &Answer) {
    assert_eq!((page.status, page.heading().as_str()), (200, "Nothing was allowed"), "{}", page.text());
}

#[track_caller]
fn is_over(page: &Answer) {
    assert_eq!((page.status, page.heading().as_str()), (400, "Please start again"), "{}", page.text());
}
