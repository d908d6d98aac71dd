//! The gateway through the real router: proxies of every family, visitors with browsers, programs with tokens.

mod app_tokens;
mod cookies;
mod crosstalk;
mod endings;
mod failures;
mod families;
mod handover;
mod identity;
mod kinds;
mod paths;
mod plex_token;
mod restrictions;
mod returns;
mod twin;

use crate::support::{Answer, House, PROXY_NETWORK, Setup};

const WIKI: &str = "https://wiki.example.org";
const NOTES: &str = "https://notes.example.org";
/// Two applications that share a session, and one of another domain that has a session of its own.
const CALENDAR: &str = "https://calendar.family.example";
const RECIPES: &str = "https://recipes.family.example";
/// For the owner alone.
const VAULT: &str = "https://vault.example.org";
/// Lets preflights pass.
const API: &str = "https://api.example.org";

const HOST_COOKIE: &str = "__Host-plex-oidc-app";
const DOMAIN_COOKIE: &str = "__Secure-plex-oidc-domain";
const START_COOKIE: &str = "__Host-plex-oidc-start";

/// The headers of the usual set.
const IDENTITY: [&str; 4] = ["remote-user", "remote-name", "remote-email", "remote-groups"];

/// The applications above.
fn setup() -> Setup {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .set("gateway", "cookie_domains = [\"family.example\"]")
        .app(
            "name = \"wiki\"\nhost = \"wiki.example.org\"\n\
             [[apps.rules]]\npaths = [\"/health\", \"/public/*\"]\nmethods = [\"GET\"]\nbypass = true\n\
             [[apps.rules]]\npaths = [\"/admin/*\"]\nallow = [\"plex-owner\"]",
        )
        .app("name = \"notes\"\nhost = \"notes.example.org\"")
        .app("name = \"calendar\"\nhost = \"calendar.family.example\"")
        .app("name = \"recipes\"\nhost = \"recipes.family.example\"")
        .app("name = \"vault\"\nhost = \"vault.example.org\"\nallow = [\"plex-owner\"]")
        .app("name = \"api\"\nhost = \"api.example.org\"\npreflight = true")
}

async fn house() -> House {
    setup().start().await
}

/// The host of an address.
fn host(url: &str) -> &str {
    url.trim_start_matches("https://").split('/').next().unwrap()
}

/// Checks that this answer lets the request pass as `subject`, `""` for nobody: every header is there, once.
#[track_caller]
fn passes_as(answer: &Answer, subject: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    for name in IDENTITY {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name} in {answer:?}");
    }
    assert_eq!(answer.header("remote-user"), Some(subject));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.body.is_empty() && answer.set_cookies().is_empty() && answer.location().is_none());
    // The proxy alone reads it.
    assert!(answer.header("content-security-policy").is_none() && answer.header("x-frame-options").is_none());
}

/// The subject of a persona.
fn subject(house: &House, persona: &str) -> String {
    format!("plex-{}", house.plex.account_id(persona))
}
