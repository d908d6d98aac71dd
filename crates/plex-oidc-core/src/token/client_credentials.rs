//! Tokens for a client itself (RFC 6749 s. 4.4).

use super::error::TokenError;
use super::refresh;
use crate::client::Client;
use crate::scope::{Scope, ScopeSet};

/// The scopes of a token that `client` asks for itself. Nothing is dropped here and nothing is added (requirement 53): a program
/// that asks for too much is told so. There is no person, so there is no ID token, and nothing to refresh.
pub fn scopes(client: &Client, asked: Option<&str>) -> Result<ScopeSet, TokenError> {
    let allowed = client.scopes.without(Scope::OpenId).without(Scope::OfflineAccess);
    asked.map_or(Ok(ScopeSet::default()), |asked| refresh::scopes(allowed, Some(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::client;

    #[test]
    fn req_053_a_client_gets_for_itself_what_it_asks_within_its_own_scopes() {
        let narrow = Client { scopes: ScopeSet::parse("openid groups offline_access"), ..client("backup") };
        let asked = |text| scopes(&narrow, Some(text)).map(|scopes| scopes.to_string());
        assert_eq!(scopes(&narrow, None), Ok(ScopeSet::default()));
        assert_eq!(asked("groups").as_deref(), Ok("groups"));
        for wrong in ["openid", "offline_access", "email", "groups email", "groups unknown", "unknown"] {
            assert_eq!(asked(wrong), Err(TokenError::InvalidScope), "{wrong}");
        }
    }
}
