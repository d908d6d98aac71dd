//! "Sign out everywhere".

use plex_oidc_core::gateway::Family;

use super::silently;
use crate::support::{House, PROXY_NETWORK, Setup};

const WIKI: &str = "https://wiki.example.org/";

async fn house() -> House {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .app("name = \"wiki\"\nhost = \"wiki.example.org\"")
        .start()
        .await
}

#[tokio::test]
async fn req_118_everything_of_this_person_ends_and_nothing_of_another() {
    let house = house().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut laptop, on_laptop) = house.sign_in("friend", &photos).await;
    let (mut tv, on_tv) = house.sign_in("friend", &photos).await;
    let proxy = house.proxy(Family::ForwardAuth);
    let mut visitor = house.visitor();
    visitor.sign_in(&proxy, WIKI, "friend").await;
    assert_eq!(visitor.page(&proxy, WIKI).await.status, 200);
    let (mut owner, of_owner) = house.sign_in("owner", &wiki).await;

    let page = laptop.open("/sign-out").await.expect(200);
    let out = laptop.post(&page, "/sign-out", &[("answer", "everywhere")]).await.expect(200);
    assert_eq!((out.heading().as_str(), laptop.session()), ("You are signed out", None));

    assert_eq!(silently(&mut tv, &photos).await.as_deref(), Some("login_required"));
    photos.refresh(&on_tv.refresh_token()).await.expect(400);
    for tokens in [&on_laptop, &on_tv] {
        photos.userinfo(&tokens.access_token()).await.expect(401);
    }
    // At once, although the gateway looked this session up a moment ago.
    assert_ne!(visitor.page(&proxy, WIKI).await.status, 200);
    assert_eq!(silently(&mut owner, &wiki).await, None);
    wiki.userinfo(&of_owner.access_token()).await.expect(200);
}

#[tokio::test]
async fn req_131_it_takes_our_own_form_and_a_live_session() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let (mut other, _) = house.sign_in("friend", &photos).await;
    let forged = crate::support::post_form("/sign-out", &[("answer", "everywhere"), ("csrf", "x")]);
    browser.send_own(forged).await.expect(403);
    assert_eq!(silently(&mut other, &photos).await, None);
    // A page that lay open until its session was over does not say that everything has ended.
    let page = browser.open("/sign-out").await;
    let mut same = browser.clone();
    same.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    browser.post(&page, "/sign-out", &[("answer", "everywhere")]).await.expect(403);
    assert_eq!(silently(&mut other, &photos).await, None);
}
