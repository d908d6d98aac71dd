//! Every way from the sign-in page to the application.

use crate::support::{House, Setup};

#[tokio::test]
async fn a_pin_made_by_the_browser_leads_to_tokens() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let tokens = photos.tokens(&asked, &landing).await;
    let claims = photos.id_claims(&tokens.id_token()).await;
    assert_eq!(claims["sub"], "plex-48151001");
    assert_eq!(photos.userinfo(&tokens.access_token()).await.expect(200).json()["email"], "mara@example.net");
    assert!(browser.session().is_some());
    assert_eq!(browser.cookies.len(), 1, "the attempt's cookie is gone");
}

#[tokio::test]
async fn a_restart_keeps_sessions() {
    let mut house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    house.restart_with(|setup: Setup| setup.set("tokens", "access = \"1h\"")).await;
    photos.userinfo(&tokens.access_token()).await.expect(200);
    let again = photos.authorization();
    let landing = browser.open(&again.url()).await.leaves();
    photos.tokens(&again, &landing).await;
}
