//! Who they are, to applications and to the gateway, and who they are not.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::groups::{Group, Groups};
use plex_oidc_core::id::{AccountId, LocalAccountId};
use serde_json::json;

use super::{PASSWORD, house, setup};
use crate::support::{PROXY_NETWORK, Setup};

#[tokio::test]
async fn req_163_the_same_name_and_address_make_nobody_a_plex_person() {
    // The friend at Plex is called mara.k and has mara@example.net, confirmed.
    let house = Setup::default()
        .set("local", "groups = [\"family\"]")
        .client("photos", "allow = [\"plex-friend\", \"plex-48151001\"]")
        .client("wiki", "allow = [\"local\", \"plex-friend\"]")
        .user(
            48_151_001,
            "mara.k",
            PASSWORD,
            "claims = [\"email=mara@example.net\", \"email_verified=true\"]",
        )
        .start()
        .await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut friend, tokens) = house.sign_in("friend", &wiki).await;
    let mut browser = house.browser();
    let asked = wiki.authorization();
    let landing = browser.sign_in_with_password(&asked.url(), "mara@example.net", PASSWORD).await;
    let twin = wiki.tokens(&asked, &landing).await;
    assert_eq!(wiki.id_claims(&twin.id_token()).await["sub"], "local-48151001");
    assert_eq!(wiki.userinfo(&twin.access_token()).await.json()["groups"], json!(["local"]));
    assert_eq!(wiki.id_claims(&tokens.id_token()).await["sub"], "plex-48151001");
    assert_eq!(wiki.userinfo(&tokens.access_token()).await.json()["sub"], "plex-48151001");
    // What is open to the one is not to the other.
    let page = browser.open(&photos.authorization().url()).await.expect(403);
    assert!(page.text().contains("not open to this account"), "{}", page.text());
    assert!(friend.open(&photos.authorization().url()).await.leaves().get("code").is_some());
    // Nor does a sign-in count where the other is expected.
    let hinted = wiki.authorization().with("id_token_hint", &tokens.id_token());
    let page = browser.open(&hinted.url()).await.expect(200);
    let page = browser.type_password(&page, "mara.k", PASSWORD).await.expect(200);
    assert!(page.text().contains("expects somebody else"), "{}", page.text());
}

#[tokio::test]
async fn nobody_comes_in_where_no_local_group_account_or_address_is_named() {
    let house = setup()
        .client("tv", "allow = [\"local-8\"]")
        .client("legacy", "allow = [\"robin@example.com\", \"mara@example.com\"]")
        .start()
        .await;
    for (client, name, expected) in [
        ("wiki", "robin", 403),   // the default list
        ("photos", "robin", 303), // by group
        ("photos", "mara", 403),
        ("tv", "mara", 303), // by account
        ("tv", "robin", 403),
        ("legacy", "robin", 303), // by address
        ("legacy", "mara", 403),  // nobody vouches for hers
    ] {
        let mut browser = house.browser();
        let page = browser.open(&house.relying_party(client).authorization().url()).await.expect(200);
        let landed = browser.type_password(&page, name, PASSWORD).await;
        match expected {
            403 => assert_eq!(landed.status, 403, "{client} {name}: {}", landed.text()),
            _ => assert!(landed.leaves().get("code").is_some(), "{client} {name}"),
        }
    }
}

#[tokio::test]
async fn what_the_host_wrote_down_is_released_by_scope() {
    let house = setup()
        .client("photos", "scopes = [\"openid\", \"profile\", \"email\", \"address\", \"phone\", \"groups\"]")
        .start()
        .await;
    let photos = house.relying_party("photos");
    let asked = photos.authorization().with("scope", "openid profile email address phone groups");
    let landing = house.browser().sign_in_with_password(&asked.url(), "robin", PASSWORD).await;
    let tokens = photos.tokens(&asked, &landing).await;
    assert_eq!(
        photos.userinfo(&tokens.access_token()).await.json(),
        json!({"sub": "local-7", "preferred_username": "robin", "name": "Robin Example", "birthdate": "1980-12-31",
            "updated_at": house.now().0, "email": "robin@example.com", "email_verified": true,
            "address": {"country": "NL"}, "phone_number": "+31201234567", "phone_number_verified": false,
            "groups": ["family", "local"]})
    );
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("address")));
}

#[tokio::test]
async fn the_gateway_lets_them_pass_with_their_own_name() {
    let house = setup()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .set("gateway", "user = \"username\"")
        .app("name = \"files\"\nhost = \"files.example.org\"\nallow = [\"plex-friend\", \"family\"]\ndeny = [\"local-8\"]")
        .app("host = \"player.example.org\"\nallow = [\"family\"]\nplex_token = \"account\"")
        .start()
        .await;
    let proxy = house.proxy(Family::ForwardAuth);
    let mut visitor = house.visitor();
    let url = "https://files.example.org/";
    let page = visitor.sent_to_us(&proxy, url).await;
    let landing = visitor.browser.type_password(&page, "robin", PASSWORD).await.leaves();
    visitor.come_in(&proxy, &landing).await;
    let passed = visitor.page(&proxy, url).await.expect(200);
    assert_eq!(passed.header("remote-user"), Some("local-7"), "never what a Plex account could be called");
    assert_eq!(passed.header("remote-groups"), Some("family,local"));
    assert_eq!(passed.header("remote-email"), Some("robin@example.com"));
    // Who has no Plex token to hand on is not sent to sign in for one.
    let passed = visitor.pass_through(&proxy, "https://player.example.org/").await.expect(200);
    assert_eq!((passed.header("remote-user"), passed.header("x-plex-token")), (Some("local-7"), Some("")));
}

#[tokio::test]
async fn a_group_that_is_no_group_any_more_is_nobodys() {
    let mut house = house().await;
    house.sql("UPDATE local_accounts SET declared = 0 WHERE username = 'robin'");
    let setup = |_| Setup::default().set("local", "groups = [\"others\"]").user(8, "mara", PASSWORD, "");
    house.restart_with(setup).await;
    let robin = AccountId::Local(LocalAccountId::new(7).unwrap());
    let stored = house.app().store.user(robin).await.unwrap().unwrap();
    assert_eq!(stored.person.groups, Groups::from([Group::local()]));
}
