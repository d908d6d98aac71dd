//! What nobody gets by a browser's cookie, nor by being the first to speak.

use super::*;
use crate::account::field;
use crate::support::{Visit, post_form};

/// Copies what a browser is known by.
fn copy(from: &Browser, to: &mut Browser) {
    for (name, value) in known_by(from) {
        to.cookies.insert(name, value);
    }
}

#[tokio::test]
async fn the_cookie_is_bound_to_our_host_and_opens_nothing() {
    let house = house().await;
    let mut guest = house.browser();
    let page = guest.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let pin = guest.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let next = guest.wait(&page).await.unwrap();
    let answer = guest.get(&next).await;
    let set: Vec<_> = answer.set_cookies().into_iter().filter(|cookie| cookie.starts_with(COOKIE)).collect();
    let [set] = *set else { panic!("{answer:?}") };
    for part in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=34560000"] {
        assert!(set.split("; ").any(|found| found == part), "{part} in {set}");
    }
    let [(name, value)] = &*known_by(&guest) else { panic!() };
    assert!(!name.contains(&house.plex.account_id("friend").to_string()), "{name}");
    let stored = house.database_bytes();
    assert!(!stored.windows(value.len()).any(|found| found == value.as_bytes()), "only its hash is stored");
    let mut thief = house.browser();
    copy(&guest, &mut thief);
    let silent = house.relying_party("photos").authorization().with("prompt", "none");
    assert_eq!(thief.open(&silent.url()).await.leaves().error(), "login_required");
    thief.open("/account").await.expect(200).form("/cancel");
}

/// Whoever has put a cookie of their own into somebody's browser beforehand does not know what that is known by afterwards.
#[tokio::test]
async fn a_cookie_that_was_put_there_beforehand_is_not_taken_over() {
    let house = house().await;
    let (mut attacker, mut victim) = (house.browser(), house.browser());
    inside(&house, &mut attacker, "home").await;
    let [(_, planted)] = &*known_by(&attacker) else { panic!() };
    // Under its own name, and under that of the victim's account.
    copy(&attacker, &mut victim);
    let page = waits(&house, &mut victim, "friend").await;
    let name = known_by(&victim).into_iter().find(|(_, value)| value != planted).unwrap().0;
    ask(&mut victim, &page).await;
    answer(&house, "approved").await;
    let mut other = house.browser();
    for planted in [planted.as_str(), "", "pok_", "x", &format!("pok_{}", "A".repeat(43))] {
        other.cookies.insert(name.clone(), planted.to_owned());
        waits(&house, &mut other, "friend").await;
        assert_ne!(other.cookies.get(&name).map(String::as_str), Some(planted), "a new one took its place");
    }
    // The victim's own one, stolen, says known: and only to the victim's account.
    let mut thief = house.browser();
    copy(&victim, &mut thief);
    let (_, stolen) = known_by(&victim).into_iter().find(|(found, _)| *found == name).unwrap();
    let mine = known_by(&attacker)[0].0.clone();
    thief.cookies.insert(mine, stolen);
    waits(&house, &mut thief, "home").await;
    thief.sign_in(&house.relying_party("wiki").authorization().url(), "friend").await;
}

/// A family's computer.
#[tokio::test]
async fn one_browser_is_known_to_each_account_separately_and_to_eight_at_most() {
    let house = house().await;
    let mut shared = house.browser();
    let page = waits(&house, &mut shared, "friend").await;
    ask(&mut shared, &page).await;
    answer(&house, "approved").await;
    shared.sign_in(&house.relying_party("wiki").authorization().url(), "friend").await;
    let other = house.relying_party("wiki").authorization().with("prompt", "login");
    let page = shared.open(&other.url()).await.expect(200);
    let page = shared.approve_and_finish(&page, "home").await.expect(403);
    assert_eq!(page.heading(), "This browser is new here");
    assert_eq!(known_by(&shared).len(), 2);
    let again = house.relying_party("wiki").authorization().with("prompt", "login");
    shared.sign_in(&again.url(), "friend").await;
    for number in 0..9 {
        shared.cookies.insert(format!("{COOKIE}{number:016x}"), "x".to_owned());
    }
    inside_again(&house, &mut shared).await;
    assert_eq!(known_by(&shared).len(), 8);
    passes(&house, &mut shared).await;
}

/// Whoever got in must not be the one who says that it is all right.
#[tokio::test]
async fn a_new_browser_cannot_say_that_it_is_all_right() {
    let house = setup().start().await;
    let (mut victim, mut thief, mut second) = (house.browser(), house.browser(), house.browser());
    for browser in [&mut victim, &mut thief, &mut second] {
        inside(&house, browser, "friend").await;
        house.pass(Seconds(60));
    }
    let page = account_page(&mut victim).await;
    let rows: Vec<_> =
        page.forms().into_iter().filter(|form| form.action.ends_with("/browsers/me")).collect();
    let ids: Vec<_> = rows
        .iter()
        .map(|form| form.fields.iter().find(|(name, _)| name == "browser").unwrap().1.clone())
        .collect();
    assert_eq!(ids.len(), 2);
    for browser in [&mut thief, &mut second] {
        let csrf = account_page(browser)
            .await
            .form("/account/browsers/forget")
            .fields
            .iter()
            .find(|(name, _)| name == "csrf")
            .unwrap()
            .1
            .clone();
        for id in &ids {
            let form = post_form("/account/browsers/me", &[("csrf", &csrf), ("browser", id)]);
            browser.send_own(form).await.expect(303);
        }
    }
    // The thief's first one may speak for the second, and for nothing else: the victim still hears of one.
    let page = account_page(&mut victim).await;
    assert_eq!(page.forms().iter().filter(|form| form.action.ends_with("/browsers/me")).count(), 1);
    assert!(page.text().contains("Was that you?"));
}

#[tokio::test]
async fn nobody_ends_or_confirms_a_browser_of_anybody_else_nor_without_our_own_form() {
    let house = setup().start().await;
    let (mut victim, mut new, mut other) = (house.browser(), house.browser(), house.browser());
    inside(&house, &mut victim, "friend").await;
    house.pass(Seconds(60));
    inside(&house, &mut new, "friend").await;
    inside(&house, &mut other, "home").await;
    let mut another = house.browser();
    house.pass(Seconds(60));
    inside(&house, &mut another, "home").await;
    let id = field(&account_page(&mut victim).await, "/account/browsers/not-me", "browser", "first used");
    let page = account_page(&mut other).await;
    for action in ["/account/browsers/not-me", "/account/browsers/me"] {
        for odd in
            [id.as_str(), "", "x", "01998a2e6c1e4b1f8d6e3c9e5f0a1b2c", "01998A2E6C1E4B1F8D6E3C9E5F0A1B2C"]
        {
            let told = other.post(&page, action, &[("browser", odd)]).await.expect(303);
            assert_eq!(told.location(), Some("/account?done=nothing"), "{action} {odd}");
        }
    }
    for (csrf, own) in [("", true), ("x", true), ("", false)] {
        let form = post_form("/account/browsers/not-me", &[("csrf", csrf), ("browser", &id)]);
        if own {
            victim.send_own(form).await.expect(403)
        } else {
            victim.send(form).await.expect(403)
        };
    }
    let told = victim.get("/account/browsers/not-me").await;
    assert_eq!(told.status, 405, "no link ends anything");
    account_page(&mut new).await;
    assert!(account_page(&mut victim).await.text().contains("Was that you?"));
}

/// A token needs no browser: it is not to be had in one that has to wait.
#[tokio::test]
async fn a_browser_that_waits_makes_no_app_token_for_what_asks() {
    let house = house().await;
    let mut guest = house.browser();
    inside(&house, &mut guest, "friend").await;
    let page = account_page(&mut guest).await;
    assert!(
        page.body.contains("value=\"calendar\"") && !page.body.contains("value=\"notes\""),
        "{}",
        page.body
    );
    let told = guest.post(&page, "/account/tokens", &[("name", "x"), ("app", "notes")]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=apps"));
    assert!(page.text().contains("waits for the host"), "{}", page.text());
}

/// A device is let in by the browser in which its code is typed.
#[tokio::test]
async fn a_device_is_not_let_in_from_a_browser_that_waits() {
    let house = asking(setup())
        .client("wiki", "grant_types = [\"authorization_code\", \"device_code\"]")
        .start()
        .await;
    let wiki = house.relying_party("wiki");
    let mut guest = house.browser();
    inside(&house, &mut guest, "friend").await;
    let begin = async || {
        let request = wiki.request("/device/authorize", &[("scope", "openid")]);
        house.door.send(request).await.expect(200).json()["user_code"].as_str().unwrap().to_owned()
    };
    let typed = async |browser: &mut Browser, code: &str| {
        let page = browser.open("/device").await.expect(200);
        let told = browser.post(&page, "/device", &[("user_code", code)]).await.expect(303);
        let next = told.location().unwrap().to_owned();
        browser.open(&next).await
    };
    let page = typed(&mut guest, &begin().await).await.expect(403);
    assert_eq!(page.heading(), "This browser is new here");
    ask(&mut guest, &page).await;
    answer(&house, "approved").await;
    let page = typed(&mut guest, &begin().await).await.expect(200);
    assert!(page.heading().starts_with("Allow Wiki on your device"), "{}", page.heading());
}

/// Who may answer waits for the answer like everybody else: with the account alone, nobody lets themselves in.
#[tokio::test]
async fn a_host_who_owns_nothing_waits_before_the_hosts_page_too() {
    let house = asking(setup()).set("admin", "allow = [\"plex-owner\", \"plex-friend\"]").start().await;
    let mut thief = house.browser();
    inside(&house, &mut thief, "friend").await;
    let page = thief.open("/admin").await.expect(403);
    assert_eq!(page.heading(), "This browser is new here");
    ask(&mut thief, &page).await;
    let answered = thief.send(post_form("/admin/requests", &[("answer", "approved")])).await;
    assert_eq!(answered.status, 403, "it is no host's page");
    assert_eq!(answer(&house, "approved").await, "/admin?done=answered");
    thief.open("/admin").await.expect(200);
    passes(&house, &mut thief).await;
}

/// Where no owner could be the host, nobody would be left to say yes to whoever is.
#[tokio::test]
async fn where_no_owner_can_be_the_host_the_hosts_page_does_not_ask() {
    let house = asking(setup()).set("admin", "allow = [\"mara@example.net\"]").start().await;
    let mut host = house.browser();
    let page = host.open("/admin").await.expect(200);
    host.approve_and_finish(&page, "friend").await.expect(200);
}

/// What was made in a browser that waits waits too, at what asks only later.
#[tokio::test]
async fn an_app_token_of_a_browser_that_waits_does_not_open_what_asks_later() {
    let calendar = |more: &str| format!("name = \"calendar\"\nhost = \"calendar.family.example\"\n{more}");
    let asks = || setup().client("wiki", ASK_HOST);
    let mut house = asks().app(&calendar("")).start().await;
    let mut thief = house.browser();
    inside(&house, &mut thief, "friend").await;
    let token = made_token(&mut thief, "calendar").await;
    let asked = async |house: &House| {
        let visit = Visit::bare("GET", INDIFFERENT).with("authorization", &format!("Bearer {token}"));
        house.proxy(Family::ForwardAuth).ask(&visit).await.status
    };
    assert_eq!(asked(&house).await, 200);
    house.restart_with(|_| asks().app(&calendar(ASK_HOST))).await;
    assert_eq!(asked(&house).await, 403);
}
