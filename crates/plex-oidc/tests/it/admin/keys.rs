//! Signing keys and the state of the program, on the host's page.

use super::*;
use crate::support::post_form;

async fn published(house: &House) -> Vec<String> {
    let set = house.browser().get("/jwks").await.expect(200).json();
    let mut kids: Vec<_> =
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

#[tokio::test]
async fn the_host_sees_the_keys_and_rotates_them_once_they_were_seen() {
    let house = setup().start().await;
    house.pass(Seconds::hours(2));
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let before = published(&house).await;
    let (mut browser, page) = host_of(&house).await;
    for kid in &before {
        assert!(page.body.contains(kid.as_str()), "{kid}");
    }
    let text = page.text();
    assert!(text.contains("RS256 next made") && text.contains("EdDSA active made"), "{text}");
    assert!(text.contains(&format!("Version {}", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.contains("Started 2 hours ago") && text.contains(" kB"), "{text}");

    let told = browser.post(&page, "/admin/keys", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=keys"));
    let page = browser.open("/admin?done=keys").await.expect(200);
    assert!(
        page.text().contains("The next signing keys sign from now on.")
            && page.text().contains("RS256 retired")
    );
    let after = published(&house).await;
    assert!(before.iter().all(|kid| after.contains(kid)), "what is signed stays good");
    assert_eq!(after.len(), before.len() + 3);
    photos.id_claims(&tokens.id_token()).await;
    // This very process signs with the new ones.
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let signer = jsonwebtoken::decode_header(tokens.id_token()).unwrap().kid.unwrap();
    assert!(page.text().contains(&signer));
    assert!(browser.open("/admin/audit").await.text().contains("keys rotated"));

    // And not again, before applications can have seen the next ones.
    let told = browser.post(&page, "/admin/keys", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=keys-soon"));
    assert_eq!(published(&house).await, after);
    assert!(
        browser.open("/admin?done=keys-soon").await.text().contains("The keys were rotated a moment ago.")
    );
}

#[tokio::test]
async fn keys_are_not_rotated_without_a_fresh_sign_in() {
    let house = setup().start().await;
    house.pass(Seconds::hours(2));
    let (mut browser, page) = host_of(&house).await;
    let csrf = page.form("/admin/keys").fields[0].1.clone();
    let before = published(&house).await;
    house.pass(Seconds::minutes(10));
    let page = browser.open("/admin").await.expect(200);
    assert!(!page.body.contains("action=\"/admin/keys\""));
    let sent = browser.send_own(post_form("/admin/keys", &[("csrf", &csrf)])).await.expect(303);
    assert_eq!(sent.location(), Some("/admin"));
    assert_eq!(published(&house).await, before);
}

#[tokio::test]
async fn of_many_rotations_at_once_one_happens() {
    let house = setup().start().await;
    house.pass(Seconds::hours(2));
    let before = published(&house).await.len();
    let (browser, page) = host_of(&house).await;
    let csrf = page.form("/admin/keys").fields[0].1.clone();
    let sent = (0..8).map(|_| {
        let (mut browser, csrf) = (browser.clone(), csrf.clone());
        tokio::spawn(async move { browser.send_own(post_form("/admin/keys", &[("csrf", &csrf)])).await })
    });
    let answers = futures_util::future::join_all(sent.collect::<Vec<_>>()).await;
    let done =
        answers.into_iter().filter(|answer| answer.as_ref().unwrap().location() == Some("/admin?done=keys"));
    assert_eq!(done.count(), 1);
    assert_eq!(published(&house).await.len(), before + 3);
}
