//! Names from outside are text, wherever they come from.

use serde_json::json;

use super::with_consent;
use crate::support::{Answer, House};

const HOSTILE: &str = "\"><img src=x onerror=alert(1)>'&{{ 'never' ~ 'drawn' }}<script>";

/// The text stands there, and only as text.
#[track_caller]
fn is_text(answer: &Answer, times: usize) {
    let lower = answer.body.to_lowercase();
    assert!(!lower.contains("<img src=x") && !lower.contains("<script>"), "{}: {}", answer.url, answer.body);
    assert!(!lower.contains("neverdrawn"), "{}: a template was read from a name", answer.url);
    let escaped = answer.body.matches("&lt;img src=x onerror").count();
    assert!(escaped >= times, "{}: {escaped} of {times} in {}", answer.url, answer.body);
    let shown = format!("{:?}", answer.headers);
    assert!(!shown.contains("onerror"), "{shown}");
}

#[tokio::test]
async fn req_134_a_persons_names_are_text() {
    let house = with_consent().start().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let page = browser.open(&photos.authorization().url()).await;
    browser.approve_and_finish(&page, "friend").await.expect(200);
    for path in ["$.account.display_name", "$.account.username", "$.account.email", "$.account.picture"] {
        house.edit_person("friend", path, &json!(HOSTILE).to_string());
    }
    is_text(&browser.open("/sign-out").await.expect(200), 1);
    let choose = photos.authorization().with("prompt", "select_account");
    is_text(&browser.open(&choose.url()).await.expect(200), 2);
    is_text(&browser.open(&photos.authorization().url()).await.expect(200), 1);
    house.edit_person("friend", "$.standing", "\"Ended\"");
    is_text(&browser.open(&photos.authorization().url()).await.expect(403), 2);
}

#[tokio::test]
async fn req_134_a_clients_name_and_what_it_sends_are_text() {
    let name = toml_edit::value(HOSTILE).to_string();
    let house: House = with_consent().client("photos", &format!("name = {name}")).start().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let page = browser.open(&photos.authorization().with("login_hint", HOSTILE).url()).await.expect(200);
    is_text(&page, 1);
    is_text(&browser.post(&page, "/start", &[]).await.expect(200), 0);
    is_text(&browser.open(&format!("/sign-in/{}/wait", page.attempt())).await.expect(200), 0);
    is_text(&browser.post(&page, "/cancel", &[]).await.expect(200), 1);
    for (name, value) in
        [("client_id", HOSTILE), ("redirect_uri", HOSTILE), (HOSTILE, HOSTILE), ("scope", HOSTILE)]
    {
        is_text(&browser.get(&photos.authorization().with(name, value).url()).await, 0);
    }
    let encoded: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    is_text(&browser.get(&format!("/{encoded}")).await.expect(404), 0);
    is_text(&browser.get(&format!("/sign-in/{encoded}")).await, 0);
}

/// No picture from elsewhere is shown, proxied or uploaded: there is nothing to re-encode.
#[tokio::test]
async fn req_135_no_picture_of_a_person_is_fetched_or_shown() {
    let house = with_consent().start().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &house.relying_party("wiki")).await;
    let claims = house.sign_in("friend", &house.relying_party("wiki")).await.1;
    let wiki = house.relying_party("wiki");
    let picture = wiki.userinfo(&claims.access_token()).await.json()["picture"].as_str().unwrap().to_owned();
    let host = url::Url::parse(&picture).unwrap().host_str().unwrap().to_owned();
    for prompt in ["select_account", "consent"] {
        let page = browser.open(&photos.authorization().with("prompt", prompt).url()).await.expect(200);
        assert!(!page.body.contains(&picture), "{picture} is on {}", page.url);
        let policy = page.header("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("img-src 'self';") && !policy.contains(&host), "{policy}");
    }
}
