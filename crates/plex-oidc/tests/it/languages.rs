//! In which language somebody is answered: the client's wish, then the browser's, then the host's.

use http::HeaderValue;
use http::header::ACCEPT_LANGUAGE;

use crate::support::{Answer, Browser, House, Setup, get, post_form};

fn speaking(house: &House, languages: &'static str) -> Browser {
    let mut browser = house.browser();
    browser.languages = Some(languages);
    browser
}

/// What the page says of its language, with every header and attribute in agreement.
fn language(answer: &Answer) -> String {
    let html = &answer.body;
    let tag = html.split("<html lang=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(answer.header("content-language"), Some(tag.as_str()));
    assert_eq!(answer.header("vary"), Some("accept-language"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    tag
}

#[tokio::test]
async fn a_browser_is_answered_in_its_language() {
    let house = House::new().await;
    let url = house.relying_party("photos").authorization().url();
    for (languages, expected, heading) in [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Bei Photos anmelden"),
        ("ja, fr;q=0.5", "fr", "Se connecter à Photos"),
        ("pt", "pt-BR", "Entrar em Photos"),
        ("ja", "en", "Sign in to Photos"),
        ("de;q=0", "en", "Sign in to Photos"),
        (";;;q=,", "en", "Sign in to Photos"),
    ] {
        let page = speaking(&house, languages).open(&url).await.expect(200);
        assert_eq!((language(&page).as_str(), page.heading().as_str()), (expected, heading), "{languages}");
    }
    let silent = house.browser().open(&url).await.expect(200);
    assert_eq!(language(&silent), "en");
}

#[tokio::test]
async fn the_clients_wish_counts_more_and_lasts_until_the_end() {
    let house = House::new().await;
    let asked = house.relying_party("photos").authorization().with("ui_locales", "tlh nl-BE de");
    let mut browser = speaking(&house, "fr");
    let page = browser.open(&asked.url()).await.expect(200);
    assert_eq!((language(&page).as_str(), page.heading().as_str()), ("nl", "Inloggen bij Photos"));
    let popup = browser.get(&page.data("popup-url")).await.expect(200);
    assert_eq!((language(&popup).as_str(), popup.heading().as_str()), ("nl", "Plex wordt geopend…"));
    browser.start(&page).await;
    let waiting = browser.get(&format!("/sign-in/{}/wait", page.attempt())).await.expect(200);
    assert_eq!((language(&waiting).as_str(), waiting.heading().as_str()), ("nl", "Wachten op Plex…"));
    let denied = speaking(&house, "fr").sign_in_to_page(&asked.url(), "stranger").await.expect(403);
    assert_eq!(
        (language(&denied).as_str(), denied.heading().as_str()),
        ("nl", "Dit account komt er niet in")
    );
    let gone = browser.post(&page, "/cancel", &[]).await.expect(200);
    assert_eq!((language(&gone).as_str(), gone.heading().as_str()), ("nl", "Door naar Photos…"));
    // What belongs to no client is the browser's again.
    assert_eq!(language(&browser.get("/device").await.expect(200)), "fr");
}

#[tokio::test]
async fn a_wish_that_cannot_be_met_changes_nothing() {
    let house = House::new().await;
    for wish in ["tlh", "", "de;q=1", "../../de", "<de>", "*"] {
        let asked = house.relying_party("photos").authorization().with("ui_locales", wish);
        let page = speaking(&house, "es").open(&asked.url()).await.expect(200);
        assert_eq!(language(&page), "es", "{wish}");
    }
}

#[tokio::test]
async fn errors_are_in_the_language_too() {
    let house = House::new().await;
    let mut browser = speaking(&house, "de");
    for (url, status, heading) in [
        ("/nowhere", 404, "Hier ist nichts"),
        ("/sign-in/01998a2e-6c1e-7b1f-8d6e-3c9e5f0a1b2c", 400, "Bitte fang noch einmal an"),
        ("/authorize?client_id=nobody", 400, "Dieser Link funktioniert nicht"),
    ] {
        let page = browser.get(url).await.expect(status);
        assert_eq!((language(&page).as_str(), page.heading().as_str()), ("de", heading), "{url}");
    }
    let page = browser.get("/end-session?ui_locales=es").await.expect(200);
    assert_eq!((language(&page).as_str(), page.heading().as_str()), ("es", "Has cerrado la sesión"));
}

#[tokio::test]
async fn the_account_page_is_in_the_language_of_its_visitor() {
    let house = House::new().await;
    let (mut browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    browser.languages = Some("de");
    let page = browser.get("/account").await.expect(200);
    assert_eq!(language(&page), "de");
    let text = page.text();
    for words in ["Wo du angemeldet bist", "gerade eben", "der Server ist für dich freigegeben"] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[tokio::test]
async fn the_host_says_what_others_read() {
    let house = Setup::default().set("theme", "language = \"de\"").start().await;
    let url = house.relying_party("photos").authorization().url();
    assert_eq!(language(&house.browser().open(&url).await.expect(200)), "de");
    assert_eq!(language(&speaking(&house, "ja").open(&url).await.expect(200)), "de");
    assert_eq!(language(&speaking(&house, "en-GB").open(&url).await.expect(200)), "en");
}

#[tokio::test]
async fn what_is_no_page_has_no_language() {
    let house = House::new().await;
    let mut metadata = get("/.well-known/openid-configuration");
    metadata.headers_mut().insert(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
    let metadata = house.door.send(metadata).await.expect(200);
    let languages = serde_json::json!(["de", "en", "es", "fr", "nl", "pt-BR"]);
    assert_eq!(metadata.json()["ui_locales_supported"], languages);
    let mut request = post_form("/token", &[("grant_type", "authorization_code")]);
    request.headers_mut().insert(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
    let token = house.door.send(request).await;
    for answer in [metadata, token] {
        assert_eq!(answer.header("content-language"), None);
    }
}

#[tokio::test]
async fn two_visitors_at_once_do_not_share_a_language() {
    let house = House::new().await;
    let url = house.relying_party("photos").authorization().url();
    let (mut german, mut french) = (speaking(&house, "de"), speaking(&house, "fr"));
    for _ in 0..8 {
        let (one, other) = tokio::join!(german.open(&url), french.open(&url));
        assert_eq!((language(&one), language(&other)), ("de".to_owned(), "fr".to_owned()));
    }
}
