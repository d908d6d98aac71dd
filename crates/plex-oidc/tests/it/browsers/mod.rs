//! Browsers that accounts are known in: what the host is asked about them, what their people see of them and end, and what nobody
//! gets by one.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use crate::support::{Answer, Browser, House, PROXY_NETWORK, RelyingParty, Setup, Tokens};

mod account;
mod approval;
mod attacks;
mod host;
mod sessions;

const ASKING: &str = "https://notes.example.org/";
/// It shares its session with [`INDIFFERENT`].
const ASKING_AT_HOME: &str = "https://recipes.family.example/";
const INDIFFERENT: &str = "https://calendar.family.example/";
const ASK_HOST: &str = "new_browsers = \"ask-host\"";
const COOKIE: &str = "__Host-plex-oidc-browser-";

/// Nothing asks yet.
fn setup() -> Setup {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .set("gateway", "cookie_domains = [\"family.example\"]")
}

/// What asks, and what does not.
fn asking(setup: Setup) -> Setup {
    setup
        .client("wiki", ASK_HOST)
        .app(&format!(
            "name = \"notes\"\nhost = \"notes.example.org\"\n{ASK_HOST}\n\
             [[apps.rules]]\npaths = [\"/open\"]\nbypass = true\n\
             [[apps.rules]]\npaths = [\"/part/*\"]\nallow = [\"plex-friend\"]"
        ))
        .app(&format!("name = \"recipes\"\nhost = \"recipes.family.example\"\n{ASK_HOST}"))
        .app("name = \"calendar\"\nhost = \"calendar.family.example\"")
}

async fn house() -> House {
    asking(setup()).start().await
}

/// Signs in to a client that does not ask.
async fn inside(house: &House, browser: &mut Browser, persona: &str) -> (RelyingParty, Tokens) {
    let photos = house.relying_party("photos");
    let asked = photos.authorization();
    let landing = browser.sign_in(&asked.url(), persona).await;
    let tokens = photos.tokens(&asked, &landing).await;
    (photos, tokens)
}

/// Proves once more who they are, in a browser that has a session.
async fn inside_again(house: &House, browser: &mut Browser) {
    let asked = house.relying_party("photos").authorization().with("prompt", "login");
    browser.sign_in(&asked.url(), "friend").await;
}

/// Comes to the client that asks, signs in, and is told to wait.
async fn waits(house: &House, browser: &mut Browser, persona: &str) -> Answer {
    let page = browser.open(&house.relying_party("wiki").authorization().url()).await.expect(200);
    let page = browser.approve_and_finish(&page, persona).await.expect(403);
    assert_eq!(page.heading(), "This browser is new here");
    page
}

/// Asks, and sees the page again.
async fn ask(browser: &mut Browser, page: &Answer) -> Answer {
    let told = browser.post(page, "/ask", &[("said", "it is me")]).await.expect(303);
    let location = told.location().unwrap().to_owned();
    browser.open(&location).await.expect(403)
}

/// The host's page, signed in to for it.
async fn host_of(house: &House) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open("/admin").await.expect(200);
    let page = browser.approve_and_finish(&page, "owner").await.expect(200);
    (browser, page)
}

/// The host answers the request that stands first.
async fn answer(house: &House, answer: &str) -> String {
    let (mut host, home) = host_of(house).await;
    let told = host.post(&home, "/admin/requests", &[("answer", answer)]).await.expect(303);
    told.location().unwrap().to_owned()
}

/// Comes to the client that asks with what is there, and gets a code without a page.
async fn passes(house: &House, browser: &mut Browser) {
    let asked = house.relying_party("wiki").authorization();
    asked.check(&browser.open(&asked.url()).await.leaves());
}

async fn account_page(browser: &mut Browser) -> Answer {
    browser.open("/account").await.expect(200)
}

/// An app token that somebody makes on their own page.
async fn made_token(browser: &mut Browser, app: &str) -> String {
    let page = account_page(browser).await;
    let made = browser.post(&page, "/account/tokens", &[("name", "x"), ("app", app)]).await.expect(200);
    made.body.split("class=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

/// The cookies by which a browser is known, each with its name.
fn known_by(browser: &Browser) -> Vec<(String, String)> {
    let all = browser.cookies.iter().filter(|(name, _)| name.starts_with(COOKIE));
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}
