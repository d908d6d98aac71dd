//! `id_token_hint` (requirement 10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::time::Seconds;

use crate::support::House;

#[tokio::test]
async fn req_010_a_hint_of_the_person_who_is_there_changes_nothing_even_when_old() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    house.pass(Seconds::hours(2));
    let hinted = photos.authorization().with("id_token_hint", &tokens.id_token()).with("prompt", "none");
    let landing = browser.get(&hinted.url()).await.leaves();
    photos.tokens(&hinted, &landing).await;
}

#[tokio::test]
async fn req_010_a_hint_of_another_person_is_not_satisfied_by_this_session() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let (_, of_home) = house.sign_in("home", &photos).await;
    let hinted = photos.authorization().with("id_token_hint", &of_home.id_token());
    let silent = hinted.clone().with("prompt", "none");
    assert_eq!(silent.error(&browser.get(&silent.url()).await.leaves()), "login_required");
    let page = browser.open(&hinted.url()).await.expect(200);
    let wrong = browser.approve_and_finish(&page, "friend").await.expect(200);
    assert_eq!(wrong.heading(), "Sign in to Photos");
    assert!(wrong.text().contains("To use another account"), "{}", wrong.text());
    let landing = browser.approve_and_finish(&wrong, "home").await.leaves();
    assert_eq!(photos.claims(&hinted, &landing).await["sub"], "plex-48151004");
}

#[tokio::test]
async fn req_010_a_hint_that_we_did_not_sign_for_this_client_is_an_error() {
    let house = House::new().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let (_, of_wiki) = house.sign_in("friend", &wiki).await;
    let good = tokens.id_token();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let none = URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"JWT\"}");
    let forged = URL_SAFE_NO_PAD
        .encode("{\"iss\":\"https://auth.example.com\",\"aud\":\"photos\",\"sub\":\"plex-1002003\"}");
    for hint in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{forged}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{signature}A"),
        of_wiki.id_token(),
        tokens.access_token(),
        "x".to_owned(),
    ] {
        let asked = photos.authorization().with("id_token_hint", &hint);
        assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), "invalid_request", "{hint}");
    }
}
