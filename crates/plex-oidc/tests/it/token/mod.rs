//! The token endpoint and how clients prove themselves there (security requirements 44 to 56).

mod client_auth;
mod endpoint;

use crate::support::{Authorization, House, RelyingParty};

/// A code for this application, not yet redeemed.
pub(crate) async fn code(house: &House, relying_party: &RelyingParty) -> (Authorization, String) {
    let asked = relying_party.authorization();
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    asked.check(&landing);
    let code = landing.code().to_owned();
    (asked, code)
}
