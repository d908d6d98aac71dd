//! Who is switched off, removed or given another password is out at once.

use plex_oidc::store::records::NewAppToken;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::id::{AccountId, LocalAccountId};
use plex_oidc_core::secret::{Secret, SecretKind};

use super::{PASSWORD, setup};
use crate::support::{House, PROXY_NETWORK, Setup, Visitor};

fn robin() -> AccountId {
    AccountId::Local(LocalAccountId::new(7).unwrap())
}

fn with_app() -> Setup {
    setup()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .app("name = \"files\"\nhost = \"files.example.org\"\nallow = [\"family\"]")
}

const FILES: &str = "https://files.example.org/";

async fn visiting(house: &House) -> Visitor {
    let proxy = house.proxy(Family::ForwardAuth);
    let mut visitor = house.visitor();
    let page = visitor.sent_to_us(&proxy, FILES).await;
    let landing = visitor.browser.type_password(&page, "robin", PASSWORD).await.leaves();
    visitor.come_in(&proxy, &landing).await;
    visitor.page(&proxy, FILES).await.expect(200);
    visitor
}

async fn app_token(house: &House) -> Secret {
    let secret = Secret::from_random(SecretKind::AppToken, [9; 32]);
    let token = NewAppToken {
        id: "0123abcd".to_owned(),
        name: "sync".to_owned(),
        hash: secret.hash(),
        account_id: robin(),
        apps: vec!["files".to_owned()],
        created: house.now(),
        expires: None,
        session: None,
    };
    assert!(house.app().store.add_app_token(token).await.unwrap());
    secret
}

#[tokio::test]
async fn everything_ends_for_whoever_is_switched_off_or_taken_out_of_the_file() {
    for out in ["enabled = false\ngroups = [\"family\"]", ""] {
        let mut house = with_app().start().await;
        let photos = house.relying_party("photos");
        let mut browser = house.browser();
        let asked = photos.authorization();
        let landing = browser.sign_in_with_password(&asked.url(), "robin", PASSWORD).await;
        let tokens = photos.tokens(&asked, &landing).await;
        let (mut visitor, secret) = (visiting(&house).await, app_token(&house).await);
        house
            .restart_with(|_| {
                let others = if out.is_empty() {
                    Setup::default().set("local", "enabled = true\ngroups = [\"family\"]")
                } else {
                    Setup::default().set("local", "groups = [\"family\"]").user(7, "robin", PASSWORD, out)
                };
                others
                    .client("photos", "allow = [\"plex-friend\", \"family\"]")
                    .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
                    .app("name = \"files\"\nhost = \"files.example.org\"\nallow = [\"family\"]")
            })
            .await;
        assert_eq!(photos.userinfo(&tokens.access_token()).await.status, 401, "{out}");
        assert_eq!(photos.refresh(&tokens.refresh_token()).await.json()["error"], "invalid_grant", "{out}");
        let none = photos.authorization().with("prompt", "none");
        assert_eq!(none.error(&browser.open(&none.url()).await.leaves()), "login_required", "{out}");
        let proxy = house.proxy(Family::ForwardAuth);
        assert_ne!(visitor.page(&proxy, FILES).await.status, 200, "{out}");
        assert!(house.app().store.app_token(secret.hash(), house.now()).await.unwrap().is_none(), "{out}");
        let page = browser.open(&photos.authorization().url()).await.expect(200);
        let page = browser.type_password(&page, "robin", PASSWORD).await.expect(200);
        assert!(page.text().contains("do not go together"), "{out}");
    }
}

#[tokio::test]
async fn another_password_signs_out_and_anything_else_in_the_file_does_not() {
    let mut house = with_app().start().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    browser.sign_in_with_password(&photos.authorization().url(), "robin", PASSWORD).await;
    let secret = app_token(&house).await;
    let changed = |password: &'static str| {
        move |_| {
            Setup::default()
                .set("local", "groups = [\"family\"]")
                .client("photos", "allow = [\"plex-friend\", \"family\"]")
                .user(7, "rob", password, "groups = [\"family\"]")
                .app("name = \"files\"\nhost = \"files.example.org\"\nallow = [\"family\"]")
        }
    };
    house.restart_with(changed(PASSWORD)).await;
    let none = photos.authorization().with("prompt", "none");
    assert!(browser.open(&none.url()).await.leaves().get("code").is_some(), "another name");
    house.restart_with(changed("another secret")).await;
    let none = photos.authorization().with("prompt", "none");
    assert_eq!(none.error(&browser.open(&none.url()).await.leaves()), "login_required");
    assert!(
        house.app().store.app_token(secret.hash(), house.now()).await.unwrap().is_some(),
        "the host made it"
    );
    browser.sign_in_with_password(&photos.authorization().url(), "rob", "another secret").await;
}
