//! The cookies on applications' hosts: none of them is worth anything at the provider (security requirements 128, 129).

use cookie::{Cookie, SameSite};
use http::HeaderMap;
use plex_oidc_core::gateway::handover::START_LIFETIME;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;

use super::Scope;
use crate::session::find;

/// The names: over plain HTTP, and over TLS.
type Names = (&'static str, &'static str);
const START: Names = ("plex-oidc-start", "__Host-plex-oidc-start");
const HOST_SESSION: Names = ("plex-oidc-app", "__Host-plex-oidc-app");
const DOMAIN_SESSION: Names = ("plex-oidc-domain", "__Secure-plex-oidc-domain");

/// Names, writes and reads them. A browser keeps `__Host-` to one host; a domain's cookie can only have `__Secure-`, so a
/// neighbour can plant another beside it, and then neither counts.
#[derive(Debug, Clone, Copy)]
pub struct GatewayCookies {
    secure: bool,
}

impl GatewayCookies {
    /// For applications that browsers reach over TLS, or not.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The secret of somebody who is on the way to sign in.
    pub fn start(self, headers: &HeaderMap) -> Option<Secret> {
        find(headers, self.name(START)).and_then(|text| Secret::parse(SecretKind::GatewayStart, text))
    }

    /// The `Set-Cookie` value of such a secret.
    pub fn set_start(self, secret: &Secret) -> String {
        self.write(self.name(START), secret.expose(), START_LIFETIME, None)
    }

    /// The secret of a gateway session that is good in this scope.
    pub fn session(self, headers: &HeaderMap, scope: Scope<'_>) -> Option<Secret> {
        let text = find(headers, self.session_name(scope))?;
        Secret::parse(SecretKind::GatewaySession, text)
    }

    /// The `Set-Cookie` value of a gateway session.
    pub fn set_session(self, secret: &Secret, scope: Scope<'_>, lifetime: Seconds) -> String {
        self.write(self.session_name(scope), secret.expose(), lifetime, Some(scope))
    }

    fn session_name(self, scope: Scope<'_>) -> &'static str {
        self.name(match scope {
            Scope::Host(_) => HOST_SESSION,
            Scope::Domain(_) => DOMAIN_SESSION,
        })
    }

    fn name(self, (plain, secure): Names) -> &'static str {
        if self.secure { secure } else { plain }
    }

    fn write(self, name: &'static str, value: &str, lifetime: Seconds, scope: Option<Scope<'_>>) -> String {
        let cookie = Cookie::build((name, value.to_owned()))
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(cookie::time::Duration::seconds(i64::from(lifetime.0)));
        match scope {
            Some(Scope::Domain(domain)) => cookie.domain(domain.as_str().to_owned()).build().to_string(),
            Some(Scope::Host(_)) | None => cookie.build().to_string(),
        }
    }
}
