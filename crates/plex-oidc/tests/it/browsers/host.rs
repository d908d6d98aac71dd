//! The host sees in which browsers somebody is known, and takes a yes back: on the page, and by a command beside the service.

use plex_oidc::cli::Exit;

use super::*;
use crate::account::field;
use crate::admin::command;
use crate::support::Visit;

fn path(house: &House, persona: &str) -> String {
    format!("/admin/people/plex-{}", house.plex.account_id(persona))
}

/// A browser of the friend's to which the host has said yes, and which is inside everywhere.
async fn approved(house: &House) -> Browser {
    let mut guest = house.browser();
    inside(house, &mut guest, "friend").await;
    let page = guest.open(&house.relying_party("wiki").authorization().url()).await.expect(403);
    ask(&mut guest, &page).await;
    assert_eq!(answer(house, "approved").await, "/admin?done=answered");
    passes(house, &mut guest).await;
    guest
}

#[tokio::test]
async fn the_host_takes_a_yes_back_and_the_browser_is_out_and_new() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.browser = approved(&house).await;
    visitor.pass_through(&proxy, ASKING).await;
    let mut other = house.browser();
    inside(&house, &mut other, "home").await;
    let (mut host, _) = host_of(&house).await;
    let about = host.open(&path(&house, "friend")).await.expect(200);
    let text = about.text();
    assert!(text.contains("Browsers they are known in") && !text.contains("waits for your yes"), "{text}");
    let id = field(&about, "/admin/browsers/forget", "browser", "first used");
    let told = host.post(&about, "/admin/browsers/forget", &[("browser", &id)]).await.expect(303);
    assert_eq!(told.location(), Some(&*format!("{}?done=browser", path(&house, "friend"))));
    let page = host.open(told.location().unwrap()).await.expect(200);
    assert!(page.text().contains("That browser is forgotten") && page.text().contains("None yet."));
    let again = host.post(&about, "/admin/browsers/forget", &[("browser", &id)]).await.expect(303);
    assert_eq!(again.location(), Some("/admin?done=nothing"));

    assert_ne!(visitor.ask(&proxy, &Visit::script(ASKING)).await.status, 200, "at once");
    let mut guest = visitor.browser;
    let silent = house.relying_party("photos").authorization().with("prompt", "none");
    assert_eq!(guest.open(&silent.url()).await.leaves().error(), "login_required");
    let page = waits(&house, &mut guest, "friend").await;
    assert!(page.body.contains("/ask\""), "and may be asked for again");
    assert_eq!(account_page(&mut other).await.heading(), "Your account", "somebody else is where they were");
}

#[tokio::test]
async fn a_request_for_a_browser_that_is_forgotten_is_gone_and_others_stay() {
    let house = house().await;
    let (mut first, mut second) = (house.browser(), house.browser());
    for guest in [&mut first, &mut second] {
        inside(&house, guest, "friend").await;
        house.pass(Seconds::minutes(2));
        let page = guest.open(&house.relying_party("wiki").authorization().url()).await.expect(403);
        ask(guest, &page).await;
    }
    let (mut host, home) = host_of(&house).await;
    assert!(home.text().contains("Requests for access (2)"));
    let about = host.open(&path(&house, "friend")).await.expect(200);
    assert_eq!(about.text().matches("waits for your yes").count(), 2, "{}", about.text());
    let id = field(&about, "/admin/browsers/forget", "browser", "first used 4 minutes ago");
    host.post(&about, "/admin/browsers/forget", &[("browser", &id)]).await.expect(303);
    assert!(host.open("/admin").await.text().contains("Requests for access (1)"));
    assert_eq!(answer(&house, "approved").await, "/admin?done=answered");
    passes(&house, &mut second).await;
    waits(&house, &mut first, "friend").await;
}

/// Where nothing asks there is nothing to say yes to, and to forget a browser still signs it out.
#[tokio::test]
async fn where_nothing_asks_browsers_are_shown_without_a_word_about_a_yes() {
    let house = setup().start().await;
    let mut guest = house.browser();
    let (photos, tokens) = inside(&house, &mut guest, "friend").await;
    let (mut host, _) = host_of(&house).await;
    let about = host.open(&path(&house, "friend")).await.expect(200);
    assert!(!about.text().contains("waits for your yes"));
    let id = field(&about, "/admin/browsers/forget", "browser", "first used");
    // Of somebody else by the same id: nothing.
    let own = host.open(&path(&house, "owner")).await.expect(200);
    let told = host.post(&own, "/admin/browsers/forget", &[("browser", &id)]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=nothing"));
    photos.userinfo(&tokens.access_token()).await.expect(200);
    host.post(&about, "/admin/browsers/forget", &[("browser", &id)]).await.expect(303);
    photos.userinfo(&tokens.access_token()).await.expect(401);
    let about = host.open(&path(&house, "friend")).await.expect(200);
    assert!(!about.text().contains("Browsers they are known in"), "nothing is left to be said of them");
    inside(&house, &mut guest, "friend").await;
}

#[tokio::test]
async fn a_command_forgets_a_browser_beside_the_service() {
    let house = house().await;
    let mut guest = approved(&house).await;
    let mut other = house.browser();
    inside(&house, &mut other, "home").await;
    let account = |persona| format!("plex-{}", house.plex.account_id(persona));
    let id_of = |persona| {
        let (exit, out, err) = command(&house, &["person", "show", &account(persona), "--json"]);
        assert_eq!(exit, Exit::Done, "{err}");
        let person: serde_json::Value = serde_json::from_str(&out).unwrap();
        person["browsers"][0]["id"].as_str().unwrap().to_owned()
    };
    let (theirs, others) = (id_of("friend"), id_of("home"));
    let (_, shown, _) = command(&house, &["person", "show", &account("home")]);
    assert!(shown.contains(&format!("{others}  0s     0s     new")), "{shown}");
    for (who, id) in [("friend", &*others), ("home", &*theirs), ("friend", "x"), ("friend", "")] {
        let (exit, _, err) = command(&house, &["person", "forget-browser", &account(who), id]);
        assert_eq!(exit, Exit::Failed);
        assert!(err.contains(&format!("{} has no browser", account(who))), "{err}");
    }
    passes(&house, &mut guest).await;
    let (exit, _, said) = command(&house, &["person", "forget-browser", &account("friend"), &theirs]);
    assert_eq!(exit, Exit::Done, "{said}");
    assert!(said.contains("is forgotten; 1 sessions"), "{said}");
    assert_eq!(command(&house, &["person", "forget-browser", &account("friend"), &theirs]).0, Exit::Failed);
    waits(&house, &mut guest, "friend").await;
    let (_, log, _) = command(&house, &["audit", "--json", "--what", "browser_forgotten"]);
    let event: serde_json::Value = serde_json::from_str(log.trim()).expect("one event");
    assert_eq!((&event["by"], &event["account"]), (&"command-line".into(), &account("friend").into()));
    assert_eq!((&event["target"], &event["address"]), (&theirs.into(), &serde_json::Value::Null));
}

/// Somebody else at another browser of the account can see to it that theirs is the only request.
#[tokio::test]
async fn by_command_the_host_lets_no_browser_in_that_they_did_not_name() {
    let house = house().await;
    let (mut guest, mut thief) = (house.browser(), house.browser());
    for browser in [&mut guest, &mut thief] {
        inside(&house, browser, "friend").await;
        house.pass(Seconds::minutes(2));
        let page = browser.open(&house.relying_party("wiki").authorization().url()).await.expect(403);
        ask(browser, &page).await;
    }
    let mara = format!("plex-{}", house.plex.account_id("friend"));
    let (_, out, _) = command(&house, &["request", "list", "--json"]);
    let asked: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |number: usize, key: &str| asked[number][key].as_str().unwrap().to_owned();
    let (other, address) = (text(1, "browser"), text(1, "address"));
    assert_eq!(command(&house, &["person", "forget-browser", &mara, &text(0, "browser")]).0, Exit::Done);
    let (exit, _, why) = command(&house, &["request", "grant", &mara]);
    assert_eq!(exit, Exit::Failed);
    let shown = format!("seen at {address}: if that one is theirs, add --app wiki --browser {other}");
    assert!(why.contains(&shown), "{why}");
    assert!(command(&house, &["request", "list"]).1.contains(&address));
    assert_eq!(command(&house, &["request", "list", "--json"]).1.lines().count(), 1, "it waits still");
    assert_eq!(command(&house, &["request", "grant", &mara, "--browser", &other]).0, Exit::Done);
}
