//! Refreshing: the scope of the answer, and the limits of a family (RFC 6749 s. 6, RFC 9700 s. 4.14).

use super::error::TokenError;
use crate::scope::ScopeSet;
use crate::time::{Seconds, Timestamp};

/// How long a rotated token may be presented again, or its unused successor be replaced: an answer may get lost.
pub const GRACE: Seconds = Seconds(10);

/// The scopes of the new access token: what was granted, or the narrower set asked for.
pub fn scopes(granted: ScopeSet, asked: Option<&str>) -> Result<ScopeSet, TokenError> {
    let Some(asked) = asked else { return Ok(granted) };
    let known = ScopeSet::parse(asked);
    let names = asked.split(' ').filter(|name| !name.is_empty());
    if !known.is_within(granted) || names.clone().any(|name| ScopeSet::parse(name).is_empty()) {
        return Err(TokenError::InvalidScope);
    }
    if known.is_empty() { Ok(granted) } else { Ok(known) }
}

/// When a refresh token issued now ends: its idle limit, but never past the absolute limit of its grant.
pub fn expiry(granted_at: Timestamp, idle: Seconds, absolute: Seconds, now: Timestamp) -> Timestamp {
    now.plus(idle).min(granted_at.plus(absolute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_064_scope_may_only_shrink() {
        let granted = ScopeSet::parse("openid email offline_access");
        assert_eq!(scopes(granted, None), Ok(granted));
        assert_eq!(scopes(granted, Some("openid")), Ok(ScopeSet::parse("openid")));
        assert_eq!(scopes(granted, Some("openid profile")), Err(TokenError::InvalidScope));
        assert_eq!(scopes(granted, Some("openid admin")), Err(TokenError::InvalidScope));
    }

    #[test]
    fn req_065_a_refresh_token_ends_at_the_nearer_of_two_limits() {
        let (idle, absolute) = (Seconds::days(14), Seconds::days(90));
        assert_eq!(expiry(Timestamp(0), idle, absolute, Timestamp(0)), Timestamp(14 * 86_400));
        let late = Timestamp(85 * 86_400);
        assert_eq!(expiry(Timestamp(0), idle, absolute, late), Timestamp(90 * 86_400));
    }
}
