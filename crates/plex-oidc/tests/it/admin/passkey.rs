//! Passkeys of the owner: the way in when plex.tv does not answer, what it is not good for, and everything that is no passkey.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use plextv_emulator::FaultKind;
use serde_json::{Value, json};

use super::*;
use crate::support::{ISSUER, post_form};
use authenticator::{Authenticator, Got, Pair};

#[path = "passkey_attacks.rs"]
mod attacks;
#[path = "../../../../plex-oidc-core/src/webauthn/testing.rs"]
mod authenticator;

/// An authenticator with one passkey, and what it was told about its user.
struct Key {
    inside: Authenticator,
    handle: Option<String>,
}

impl Key {
    fn new() -> Self {
        Self { inside: Authenticator::new(Pair::p256(), ISSUER), handle: None }
    }

    /// What the script sends after `navigator.credentials.create`.
    fn made(&self, options: &Value) -> Value {
        let made = self.inside.create(&challenge_of(options));
        json!({
            "id": text(&self.inside.id),
            "clientData": text(&made.client_data),
            "attestationObject": text(&made.attestation_object),
        })
    }

    /// What it sends after `navigator.credentials.get`.
    fn got(&self, options: &Value) -> Value {
        self.answer(&self.inside.get(&challenge_of(options)))
    }

    fn answer(&self, got: &Got) -> Value {
        json!({
            "id": text(&self.inside.id),
            "clientData": text(&got.client_data),
            "authenticatorData": text(&got.authenticator_data),
            "signature": text(&got.signature),
            "userHandle": self.handle,
        })
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn challenge_of(options: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(options["challenge"].as_str().unwrap()).unwrap()
}

const LIST: &str = "/admin/passkeys";
const ENTER: &str = "/admin/passkey";

/// What the script of a page asks the server for.
async fn asked(browser: &mut Browser, page: &Answer, path: &str) -> Answer {
    let csrf = field(page, path, "csrf");
    browser.send_own(post_form(&format!("{path}/options"), &[("csrf", &csrf)])).await
}

async fn options(browser: &mut Browser, page: &Answer, path: &str) -> Value {
    let answer = asked(browser, page, path).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

/// Adds a passkey to whoever is signed in here, and says what the page said.
async fn add(browser: &mut Browser, key: &mut Key, name: &str) -> String {
    let page = browser.open(LIST).await.expect(200);
    let asked = options(browser, &page, LIST).await;
    key.handle = asked["user"]["id"].as_str().map(str::to_owned);
    let sent = key.made(&asked).to_string();
    browser.post(&page, LIST, &[("answer", &sent), ("name", name)]).await.location().unwrap().to_owned()
}

const ADDED: &str = "/admin/passkeys?done=added";

/// Shows a passkey.
async fn enter(browser: &mut Browser, key: &Key) -> Answer {
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(browser, &page, ENTER).await;
    let sent = key.got(&asked).to_string();
    browser.post(&page, ENTER, &[("answer", &sent)]).await
}

/// A house whose owner has a passkey.
async fn house_with_key() -> (House, Key) {
    let house = setup().start().await;
    let mut key = Key::new();
    let (mut browser, _) = host_of(&house).await;
    assert_eq!(add(&mut browser, &mut key, "The phone").await, ADDED);
    (house, key)
}

fn field(page: &Answer, action: &str, name: &str) -> String {
    let fields = page.form(action).fields;
    fields.into_iter().find(|(field, _)| field == name).unwrap_or_else(|| panic!("no {name} for {action}")).1
}

fn is_out(page: &Answer) -> bool {
    page.url.starts_with("/sign-in/")
}

fn events(house: &House, what: &str) -> Vec<Value> {
    let (exit, out, err) = command(house, &["audit", "--json", "--what", what]);
    assert_eq!(exit, Exit::Done, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_owner_comes_in_with_a_passkey_while_plex_is_down() {
    let (house, key) = house_with_key().await;
    house.pass(Seconds::days(3));
    house.plex.fails(FaultKind::ServerError);
    let mut browser = house.browser();
    assert!(is_out(&browser.open("/admin").await), "without it, there is no way");
    let done = enter(&mut browser, &key).await.expect(303);
    assert_eq!(done.location(), Some("/admin"));
    let cookies = done.set_cookies();
    let [cookie] = cookies[..] else { panic!("{cookies:?}") };
    for part in ["__Host-plex-oidc-host=poj_", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=3600"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let page = browser.open("/admin").await.expect(200);
    assert!(page.text().contains("You came in with a passkey"), "{}", page.text());
    assert!(page.body.contains("action=\"/admin/keys\""), "it is a fresh sign-in");
    browser.open("/admin/audit").await.expect(200);

    // As long as a visit by a link, and no longer.
    house.pass(Seconds(599));
    assert!(browser.open("/admin").await.body.contains("action=\"/admin/keys\""));
    house.pass(Seconds(1));
    let page = browser.open("/admin").await.expect(200);
    assert!(!page.body.contains("action=\"/admin/keys\""), "ten minutes");
    house.pass(Seconds(2999));
    browser.open("/admin").await.expect(200);
    house.pass(Seconds(1));
    assert!(is_out(&browser.open("/admin").await), "an hour");

    let used = &events(&house, "passkey_used")[0];
    assert_eq!((&used["by"], &used["detail"]), (&json!(subject(&house, "owner")), &json!("The phone")));
    assert_eq!(used["address"], json!(browser.address.ip().to_string()));
}

#[tokio::test]
async fn the_options_ask_for_what_is_checked_and_give_nothing_away() {
    let (house, key) = house_with_key().await;
    let (mut owner, _) = host_of(&house).await;
    let page = owner.open(LIST).await.expect(200);
    let asked = options(&mut owner, &page, LIST).await;
    assert_eq!(asked["rp"]["id"], "auth.example.com");
    assert_eq!(asked["attestation"], "none");
    let selection = &asked["authenticatorSelection"];
    assert_eq!(
        (&selection["userVerification"], &selection["residentKey"]),
        (&json!("required"), &json!("required"))
    );
    let algorithms: Vec<_> =
        asked["pubKeyCredParams"].as_array().unwrap().iter().map(|one| &one["alg"]).collect();
    assert_eq!(algorithms, [-7, -8, -257]);
    assert_eq!(asked["excludeCredentials"], json!([{"type": "public-key", "id": text(&key.inside.id)}]));
    assert_eq!(asked["user"]["id"], json!(key.handle), "the same for each of their passkeys");
    assert!(!asked["user"]["id"].to_string().contains("plex"), "{asked}");

    // A stranger learns neither whether there are any, nor which.
    let mut stranger = house.browser();
    let page = stranger.open(ENTER).await.expect(200);
    let asked = options(&mut stranger, &page, ENTER).await;
    assert_eq!(asked["allowCredentials"], json!([]));
    assert_eq!(
        (&asked["userVerification"], &asked["rpId"]),
        (&json!("required"), &json!("auth.example.com"))
    );
    let again = options(&mut stranger, &page, ENTER).await;
    assert_ne!(asked["challenge"], again["challenge"]);
    assert!(challenge_of(&asked).len() >= 16);
}

/// Somebody signed in already confirms that it is they.
#[tokio::test]
async fn a_passkey_confirms_who_it_is() {
    let (house, key) = house_with_key().await;
    let (mut browser, _) = host_of(&house).await;
    house.pass(Seconds::minutes(10));
    let page = browser.open("/admin").await.expect(200);
    assert!(!page.body.contains("action=\"/admin/keys\""));
    assert!(page.body.contains("<a class=\"button secondary\" href=\"/admin/passkey\">"), "{}", page.body);
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(&mut browser, &page, ENTER).await;
    assert_eq!(asked["allowCredentials"][0]["id"], json!(text(&key.inside.id)));
    // Told which to use, an authenticator need not say whose it is.
    let mut sent = key.got(&asked);
    sent["userHandle"] = Value::Null;
    browser.post(&page, ENTER, &[("answer", &sent.to_string())]).await.expect(303);
    let page = browser.open("/admin").await.expect(200);
    browser.post(&page, "/admin/keys", &[]).await.expect(303);
    browser.open("/account").await.expect(200); // their session is what it was
}

/// Pocket ID GHSA-hp74-gm6m-2qm5: freshness counts only what was demanded. Who is in by a passkey does not make another one, nor
/// take one away: an unlocked phone that somebody finds must not become a way to stay.
#[tokio::test]
async fn rt_step_up_factor_kind() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    enter(&mut browser, &key).await.expect(303);
    let page = browser.open(LIST).await.expect(200);
    assert!(page.text().contains("A passkey is not enough"), "{}", page.text());
    assert!(!page.body.contains("<form"), "{}", page.body);
    let home = browser.open("/admin").await.expect(200);
    let csrf = field(&home, "/admin/leave", "csrf");
    let id = house.app().store.passkeys().await.unwrap()[0].id.to_string();
    for path in ["/admin/passkeys/options", LIST, "/admin/passkeys/remove"] {
        let form = post_form(path, &[("csrf", &csrf), ("id", &id), ("name", "mine")]);
        let answer = browser.send_own(form).await.expect(303);
        assert_eq!(answer.location(), Some(LIST), "{path}");
    }
    assert_eq!(house.app().store.passkeys().await.unwrap().len(), 1);
    // A sign-in of long ago beside it does not help, a fresh one does, although the passkey is the fresher of the two.
    let (mut both, _) = host_of(&house).await;
    house.pass(Seconds::minutes(11));
    enter(&mut both, &key).await.expect(303);
    assert!(!both.open(LIST).await.body.contains("<form"));
    let again = both.open("/admin/again").await.expect(200);
    both.approve_and_finish(&again, "owner").await.expect(200);
    house.pass(Seconds(1));
    enter(&mut both, &key).await.expect(303);
    assert!(both.open("/admin").await.text().contains("You came in with a passkey"), "it is the fresher");
    assert_eq!(add(&mut both, &mut Key::new(), "The laptop").await, ADDED);
    house.pass(Seconds::minutes(10));
    assert!(!both.open(LIST).await.body.contains("<form"), "ten minutes");
}

#[tokio::test]
async fn req_147_a_link_made_on_the_machine_is_enough_to_add_a_passkey() {
    let house = setup().start().await;
    house.plex.fails(FaultKind::ServerError);
    let (exit, link, err) = command(&house, &["admin-link"]);
    assert_eq!(exit, Exit::Done, "{err}");
    let mut browser = house.browser();
    let page = browser.open(link.trim_end()).await.expect(200);
    browser.submit(&page, "/admin/enter").await.expect(200);
    let mut key = Key::new();
    assert_eq!(add(&mut browser, &mut key, "The phone").await, ADDED);
    enter(&mut house.browser(), &key).await.expect(303);
    house.pass(Seconds::minutes(10));
    let page = browser.open(LIST).await.expect(200);
    assert!(!page.body.contains("<form"), "nor is a link for ever");
}

#[tokio::test]
async fn several_are_listed_and_each_is_removed_with_what_it_had_opened() {
    let (house, key) = house_with_key().await;
    let (mut owner, _) = host_of(&house).await;
    let mut second = Key { inside: Authenticator::new(Pair::ed25519(), ISSUER), handle: None };
    second.inside.flags |= 0b1_1000;
    assert_eq!(add(&mut owner, &mut second, "<b>Laptop</b>").await, ADDED);
    let (mut by_first, mut by_second) = (house.browser(), house.browser());
    enter(&mut by_first, &key).await.expect(303);
    enter(&mut by_second, &second).await.expect(303);
    let page = owner.open(LIST).await.expect(200);
    let said = page.text();
    for part in ["The phone", "&lt;b>Laptop&lt;/b>", "on one device alone", "on more than one device"] {
        let there = said.contains(part) || page.body.contains(part) || part.contains("&lt;");
        assert!(there, "{part} in {said}");
    }
    assert!(!page.body.contains("<b>Laptop"), "a name is text");
    let all = house.app().store.passkeys().await.unwrap();
    let id = all.iter().find(|passkey| passkey.name == "The phone").unwrap().id.to_string();
    let gone = owner.post(&page, "/admin/passkeys/remove", &[("id", &id)]).await.expect(303);
    assert_eq!(gone.location(), Some("/admin/passkeys?done=removed"));
    let again = owner.post(&page, "/admin/passkeys/remove", &[("id", &id)]).await.expect(303);
    assert_eq!(again.location(), Some("/admin/passkeys?done=nothing"));
    assert!(is_out(&by_first.open("/admin").await), "what it had opened is closed");
    by_second.open("/admin").await.expect(200);
    enter(&mut house.browser(), &key).await.expect(403);
    enter(&mut house.browser(), &second).await.expect(303);
    let event = &events(&house, "passkey_removed")[0];
    assert_eq!((&event["target"], &event["detail"]), (&json!(id), &json!("The phone")));
    assert_eq!(events(&house, "passkey_added").len(), 2);
}

#[tokio::test]
async fn commands_list_and_remove_them_beside_the_running_service() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    enter(&mut browser, &key).await.expect(303);
    let (exit, out, _) = command(&house, &["passkey", "list"]);
    assert_eq!(exit, Exit::Done);
    let line = out.lines().nth(1).unwrap();
    assert!(line.contains(&subject(&house, "owner")) && line.ends_with("The phone"), "{out}");
    let id = line.split_whitespace().next().unwrap();
    for unknown in ["", "x", "00000000", &id.to_uppercase().replace(char::is_numeric, "A"), &format!("0{id}")]
    {
        let (exit, _, err) = command(&house, &["passkey", "remove", unknown]);
        assert_eq!(exit, Exit::Failed, "{unknown}");
        assert!(err.contains("Nothing was changed: there is no passkey with the id"), "{err}");
    }
    browser.open("/admin").await.expect(200);
    let (exit, _, err) = command(&house, &["passkey", "remove", id]);
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(is_out(&browser.open("/admin").await));
    enter(&mut browser, &key).await.expect(403);
    assert_eq!(command(&house, &["passkey", "list"]).1.lines().count(), 1);
    assert_eq!(events(&house, "passkey_removed")[0]["by"], json!("command-line"));
}

/// It is for one page, as one that began with a link.
#[tokio::test]
async fn a_visit_by_passkey_is_good_for_no_application() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    enter(&mut browser, &key).await.expect(303);
    for id in ["photos", "wiki", "tv"] {
        let silent = house.relying_party(id).authorization().with("prompt", "none");
        assert_eq!(browser.get(&silent.url()).await.leaves().error(), "login_required", "{id}");
    }
    assert!(is_out(&browser.open("/account").await));
    let proxy = house.proxy(Family::ForwardAuth);
    for (name, secret) in browser.cookies.iter() {
        for name in [name, "__Host-plex-oidc-session", "__Host-plex-oidc-app"] {
            let visit =
                Visit::bare("GET", "https://notes.example.org/").with("cookie", &format!("{name}={secret}"));
            assert_ne!(proxy.ask(&visit).await.status, 200, "{name}");
        }
    }
}

#[tokio::test]
async fn pages_say_where_the_other_way_in_is() {
    let house = setup().start().await;
    let page = house.browser().open("/admin").await.expect(200);
    assert!(page.body.contains("href=\"/admin/passkey\""), "on the way to the host's page");
    let asked = house.relying_party("photos").authorization();
    let mut guest = house.browser();
    let page = guest.open(&asked.url()).await.expect(200);
    assert!(!page.body.contains("/admin/passkey"), "and to nobody else while Plex answers");
    house.plex.fails(FaultKind::ServerError);
    let down = guest.submit(&page, "/start").await.expect(503);
    assert!(down.body.contains("href=\"/admin/passkey\""), "{}", down.body);
    let page = house.browser().open(ENTER).await.expect(200);
    assert!(page.text().contains("plex-oidc admin-link"), "also without script: {}", page.text());

    let house = setup().set("admin", "allow = []").start().await;
    for path in [ENTER, LIST] {
        house.browser().open(path).await.expect(404);
    }
    let mut guest = house.browser();
    let page = guest.open(&asked.url()).await.expect(200);
    house.plex.fails(FaultKind::ServerError);
    let down = guest.submit(&page, "/start").await.expect(503);
    assert!(!down.body.contains("/admin/passkey"), "the page is off");
}
