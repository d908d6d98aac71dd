//! Consent: asked where it is wanted, remembered, and asked again for more (requirement 19).

use crate::support::{Answer, House, Setup};

/// The consent page names who asks, and for what, and cannot be framed.
#[track_caller]
fn is_consent_page(page: &Answer, wanted: &[&str]) {
    assert_eq!((page.status, page.heading().as_str()), (200, "Allow Photos?"), "{}", page.text());
    for words in wanted {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    page.form("/cancel");
}

#[tokio::test]
async fn req_019_a_client_that_needs_consent_asks_once_per_person_and_scope() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("scope", "openid email");
    let page = browser.sign_in_to_page(&asked.url(), "friend").await;
    is_consent_page(&page, &["Mara", "Your e-mail address"]);
    let landing = browser.submit(&page, "/consent").await.leaves();
    photos.tokens(&asked, &landing).await;

    let less = photos.authorization().with("scope", "openid");
    browser.get(&less.url()).await.leaves().code();
    let more = photos.authorization().with("scope", "openid email groups");
    let silent = more.clone().with("prompt", "none");
    assert_eq!(silent.error(&browser.get(&silent.url()).await.leaves()), "consent_required");
    is_consent_page(&browser.open(&more.url()).await, &["What is shared with you"]);

    let other = photos.authorization().with("scope", "openid email");
    is_consent_page(&house.browser().sign_in_to_page(&other.url(), "home").await, &["Quinn"]);
}

#[tokio::test]
async fn req_019_prompt_consent_asks_again_and_again() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    for _ in 0..2 {
        let asked = photos.authorization().with("prompt", "consent");
        let page = browser.open(&asked.url()).await;
        is_consent_page(&page, &["Mara", "Keep you signed in while you are away"]);
        let landing = browser.submit(&page, "/consent").await.leaves();
        photos.tokens(&asked, &landing).await;
    }
}

#[tokio::test]
async fn consent_that_is_not_given_goes_back_with_access_denied() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let page = browser.sign_in_to_page(&asked.url(), "friend").await;
    let landing = browser.submit(&page, "/cancel").await.leaves();
    assert_eq!(asked.error(&landing), "access_denied");
    is_consent_page(&browser.open(&photos.authorization().url()).await, &[]);
}

#[tokio::test]
async fn choosing_the_account_does_not_stand_for_consent() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, _) = house.sign_in("friend", &wiki).await;
    let asked = photos.authorization().with("prompt", "select_account consent");
    let page = browser.open(&asked.url()).await.expect(200);
    let page = browser.submit(&page, "/continue").await;
    is_consent_page(&page, &["Mara"]);
    let landing = browser.submit(&page, "/consent").await.leaves();
    photos.tokens(&asked, &landing).await;
}

#[tokio::test]
async fn req_018_consent_covers_what_was_asked_and_not_what_the_form_says() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("scope", "openid");
    let page = browser.sign_in_to_page(&asked.url(), "friend").await;
    let forged =
        [("scope", "openid email groups"), ("client_id", "wiki"), ("redirect_uri", "https://evil.example/")];
    let landing = browser.post(&page, "/consent", &forged).await.leaves();
    assert_eq!(photos.tokens(&asked, &landing).await.0["scope"], "openid");
    let more = photos.authorization().with("scope", "openid email");
    is_consent_page(&browser.open(&more.url()).await, &[]);
}
