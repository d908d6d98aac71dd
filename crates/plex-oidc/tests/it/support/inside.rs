//! Somebody who is signed in everywhere, and what a re-check makes of them.

use plex_oidc::flow::recheck;
use plex_oidc_core::gateway::Family;

use super::{Answer, Browser, House, PROXY_NETWORK, Proxy, RelyingParty, Setup, Tokens, Visit, Visitor};

/// An application behind the gateway that is for every member.
pub(crate) const LOUNGE: &str = "https://lounge.example.org/";

/// A house with that application.
pub(crate) fn with_lounge() -> Setup {
    let app = "name = \"lounge\"\nhost = \"lounge.example.org\"";
    Setup::default().set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]")).app(app)
}

/// The same, where people are looked after by their own tokens.
pub(crate) fn by_own_tokens() -> Setup {
    with_lounge().set("plex", "recheck_with = \"own-tokens\"")
}

/// Somebody who is signed in at an application and behind the gateway.
pub(crate) struct Inside {
    pub(crate) photos: RelyingParty,
    pub(crate) browser: Browser,
    pub(crate) tokens: Tokens,
    pub(crate) visitor: Visitor,
    pub(crate) proxy: Proxy,
}

impl Inside {
    pub(crate) async fn of(house: &House, persona: &str) -> Self {
        let photos = house.relying_party("photos");
        let (browser, tokens) = house.sign_in(persona, &photos).await;
        let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
        visitor.sign_in(&proxy, LOUNGE, persona).await;
        Self { photos, browser, tokens, visitor, proxy }
    }

    pub(crate) async fn lounge(&mut self) -> Answer {
        self.visitor.ask(&self.proxy, &Visit::script(LOUNGE)).await
    }

    /// Nothing has changed for them: not at the relying party, not behind the gateway, not at our own pages.
    pub(crate) async fn is_in(&mut self, why: &str) {
        let refreshed = self.photos.refresh(&self.tokens.refresh_token()).await;
        assert_eq!(refreshed.status, 200, "{why}: {}", refreshed.body);
        let access_token = refreshed.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(self.photos.userinfo(&access_token).await.status, 200, "{why}");
        assert_eq!(self.lounge().await.status, 200, "{why}");
        let silent = self.photos.authorization().with("prompt", "none");
        let landing = self.browser.get(&silent.url()).await.leaves();
        assert!(landing.get("code").is_some(), "{why}: {}", landing.url);
    }

    /// Every door is shut.
    pub(crate) async fn is_out(&mut self, why: &str) {
        let token = self.tokens.access_token();
        assert_eq!(self.photos.userinfo(&token).await.status, 401, "{why}");
        assert_eq!(self.photos.introspect(&token).await.expect(200).json()["active"], false, "{why}");
        let refused = self.photos.refresh(&self.tokens.refresh_token()).await.expect(400);
        assert_eq!(refused.json()["error"], "invalid_grant", "{why}");
        assert_eq!(self.lounge().await.status, 401, "{why}");
        let silent = self.photos.authorization().with("prompt", "none");
        assert_eq!(self.browser.get(&silent.url()).await.leaves().error(), "login_required", "{why}");
    }
}

/// One round of the re-check, when the next is due.
pub(crate) async fn round(house: &House) -> bool {
    house.pass(house.config.recheck_every);
    recheck::round(house.app()).await
}
