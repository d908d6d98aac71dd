//! Signing out: by our page, by a client's request, everywhere; and what clients are told of it (security requirements 114
//! to 121).

mod backchannel;
mod end_session;
mod everywhere;

use crate::support::{Authorization, Browser, ISSUER, RelyingParty, Setup};

/// Where `photos` wants people back.
pub(crate) const BYE: &str = "https://photos.example.org/bye?from=attic";

/// The usual house, where `photos` and `wiki` have an address for people who signed out.
pub(crate) fn with_ways_back() -> Setup {
    Setup::default()
        .client("photos", &format!("post_logout_redirect_uris = [\"{BYE}\"]"))
        .client("wiki", "post_logout_redirect_uris = [\"https://wiki.example.org/bye\"]")
}

/// The address of a request at the end-session endpoint.
pub(crate) fn end_session(pairs: &[(&str, &str)]) -> String {
    url::Url::parse_with_params(&format!("{ISSUER}/end-session"), pairs).unwrap().to_string()
}

/// What a client learns that asks without showing anything.
pub(crate) async fn silently(browser: &mut Browser, client: &RelyingParty) -> Option<String> {
    let asked: Authorization = client.authorization().with("prompt", "none");
    browser.open(&asked.url()).await.leaves().get("error").map(str::to_owned)
}
