//! The hand-over: how somebody who signed in at our own host becomes known at an application's host.
//!
//! It is an authorization code like any other, for a public client that only the gateway is: bound to the application, to
//! the callback on the very origin that was asked for, and by PKCE to a secret in a cookie of that origin. Whoever
//! steals the address of a hand-over has neither that cookie nor a second use of it.

use serde::{Deserialize, Serialize};

use super::original::OriginalRequest;
use crate::id::ClientId;
use crate::time::{Seconds, Timestamp};

/// The path on an application's host to which codes are sent. The gateway answers it; no application ever sees it.
pub const CALLBACK_PATH: &str = "/.plex-oidc/callback";
/// The path on an application's host that leads to signing out.
pub const SIGN_OUT_PATH: &str = "/.plex-oidc/sign-out";
/// Life of a hand-over code (security requirement 172).
pub const CODE_LIFETIME: Seconds = Seconds(30);
/// For how long somebody may be on the way to sign in.
pub const START_LIFETIME: Seconds = Seconds::minutes(10);

const CLIENT_PREFIX: &str = "app:";

/// The client that stands for an application behind the gateway.
pub fn client_of(app: &str) -> Option<ClientId> {
    ClientId::parse(&format!("{CLIENT_PREFIX}{app}"))
}

/// Whether this client stands for an application behind the gateway. No relying party can be registered so.
pub fn is_gateway_client(client: &str) -> bool {
    client.starts_with(CLIENT_PREFIX)
}

/// What goes along while somebody signs in. The program authenticates it; it is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The application.
    pub app: String,
    /// Scheme, host and port that were asked for.
    pub origin: String,
    /// Where on that origin to go afterwards.
    pub to: String,
    /// The PKCE challenge of the start cookie.
    pub challenge: String,
    /// When it began.
    pub at: Timestamp,
}

impl Start {
    /// Whether it is too late to come back with it.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.at.plus(START_LIFETIME).has_passed(now) || self.at > now.plus(crate::jose::LEEWAY)
    }

    /// The callback on its origin.
    pub fn callback(&self) -> String {
        format!("{}{CALLBACK_PATH}", self.origin)
    }
}

/// What of ours a request asks for on an application's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPath {
    /// A hand-over comes in.
    Callback,
    /// Somebody wants to sign out.
    SignOut,
}

impl OwnPath {
    /// Reads the path. Only the plain spelling is ours, so nothing that is ours is ever the application's.
    pub fn of(request: &OriginalRequest) -> Option<Self> {
        match request.path.raw() {
            CALLBACK_PATH => Some(Self::Callback),
            SIGN_OUT_PATH => Some(Self::SignOut),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_spelling_of_our_paths_is_ours() {
        let own =
            |target: &str| OwnPath::of(&OriginalRequest::new("GET", "https", "a.example", target).unwrap());
        assert_eq!(own("/.plex-oidc/callback?code=x"), Some(OwnPath::Callback));
        assert_eq!(own("/.plex-oidc/sign-out"), Some(OwnPath::SignOut));
        for other in [
            "/.plex-oidc/callback/",
            "/.plex-oidc/%63allback",
            "/x/.plex-oidc/callback",
            "/.Plex-oidc/callback",
        ] {
            assert_eq!(own(other), None, "{other}");
        }
    }

    #[test]
    fn a_start_ends_after_ten_minutes_and_does_not_come_from_the_future() {
        let start = Start {
            app: "wiki".into(),
            origin: "https://a.example".into(),
            to: "/".into(),
            challenge: String::new(),
            at: Timestamp(1000),
        };
        assert!(!start.is_over(Timestamp(1000)) && !start.is_over(Timestamp(1599)));
        assert!(start.is_over(Timestamp(1601)) && start.is_over(Timestamp(900)));
    }
}
