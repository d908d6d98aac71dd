//! Asking the host for access, as a guest, as an attacker, and as the host who answers.

use http::HeaderValue;

use super::*;
use crate::support::post_form;

const HOSTILE: &str = "\"><img src=x onerror=alert(1)>'&{{ 'never' ~ 'drawn' }}<script>";

/// A browser on the page that says no, of a client.
pub(super) async fn denied(house: &House, persona: &str, client: &str) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party(client).authorization().url()).await.expect(200);
    let page = browser.approve_and_finish(&page, persona).await.expect(403);
    (browser, page)
}

/// Asks, and sees the page again.
pub(super) async fn ask(browser: &mut Browser, page: &Answer, said: &str) -> Answer {
    let told = browser.post(page, "/ask", &[("said", said)]).await.expect(303);
    let location = told.location().unwrap().to_owned();
    browser.open(&location).await.expect(403)
}

async fn answer(browser: &mut Browser, page: &Answer, answer: &str, said: &str) -> String {
    let told = browser.post(page, "/admin/requests", &[("answer", answer), ("said", said)]).await.expect(303);
    told.location().unwrap().to_owned()
}

async fn waiting(house: &House) -> u64 {
    house.app().store.waiting_requests(1).await.unwrap().total
}

#[tokio::test]
async fn a_guest_asks_the_host_opens_and_the_guest_comes_in() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    assert!(page.text().contains("mara@example.net"), "the account is named");
    let page = ask(&mut guest, &page, "  it is me,\r\nfrom the film evening ").await;
    assert!(page.text().contains("You asked the host just now."), "{}", page.text());
    assert!(page.text().contains("it is me, from the film evening") && !page.body.contains("/ask\""));

    let (mut host, home) = host_of(&house).await;
    let text = home.text();
    assert!(text.contains("Requests for access (1)"), "{text}");
    for shown in
        ["Mara would like to use Wiki", &subject(&house, "friend"), "mara@example.net", "film evening"]
    {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert_eq!(answer(&mut host, &home, "opened", "Enjoy the <b>wiki</b>.").await, "/admin?done=answered");
    assert!(!host.open("/admin").await.text().contains("Requests for access"));
    let (_, answered) =
        (answer(&mut host, &home, "declined", "").await, guest.open(&page.url).await.expect(403));
    assert!(answered.text().contains("The host has said yes, just now."), "{}", answered.text());
    assert!(answered.body.contains("Enjoy the &lt;b&gt;wiki&lt;&#x2f;b&gt;."), "{}", answered.body);

    let again = guest.submit(&answered, "/again").await.expect(200);
    guest.approve_and_finish(&again, "friend").await.leaves().code();
}

#[tokio::test]
async fn two_answers_of_the_host_are_one() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "").await;
    let (mut host, home) = host_of(&house).await;
    assert_eq!(answer(&mut host, &home, "declined", "Not this one.").await, "/admin?done=answered");
    for late in ["opened", "declined", "named", "shared", "x", ""] {
        assert_eq!(answer(&mut host, &home, late, "").await, "/admin?done=nothing", "{late}");
    }
    let page = guest.open(&page.url).await.expect(403);
    assert!(page.text().contains("The host has said no") && page.text().contains("Not this one."));
    assert!(!page.body.contains("/ask\""), "not for a day");
    denied(&house, "friend", "wiki").await;
    house.pass(Seconds::days(1));
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "again").await;
    assert_eq!(waiting(&house).await, 1);
}

#[tokio::test]
async fn a_stranger_is_told_what_to_do_at_plex() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "stranger", "photos").await;
    assert!(page.text().contains("Plex sends you an invitation by e-mail"), "{}", page.text());
    ask(&mut guest, &page, "").await;
    let (mut host, home) = host_of(&house).await;
    let text = home.text();
    assert!(text.contains("Share it at Plex") && !home.body.contains("value=\"opened\""), "{text}");
    assert!(!home.body.contains(&format!("href=\"{PERSON}{}", subject(&house, "stranger"))), "nobody yet");
    assert_eq!(
        answer(&mut host, &home, "opened", "").await,
        "/admin?done=nothing",
        "that is no answer to it"
    );
    assert_eq!(answer(&mut host, &home, "shared", "").await, "/admin?done=answered");
    let page = guest.open(&page.url).await.expect(403);
    assert!(page.text().contains("Accept it there, then sign in here again."), "{}", page.text());
    // The answer alone opens nothing.
    denied(&house, "stranger", "photos").await;
    assert_eq!(house.app().store.all_marks().await.unwrap(), []);
}

#[tokio::test]
async fn whoever_is_not_named_beforehand_can_ask_to_be() {
    let house = setup().set("rules", "only = [\"plex-48151013\"]").start().await;
    let (mut guest, page) = denied(&house, "friend", "photos").await;
    ask(&mut guest, &page, "").await;
    let (mut host, home) = host_of(&house).await;
    assert_eq!(answer(&mut host, &home, "named", "").await, "/admin?done=answered");
    let page = guest.open(&page.url).await.expect(403);
    let again = guest.submit(&page, "/again").await.expect(200);
    guest.approve_and_finish(&again, "friend").await.leaves().code();
    denied(&house, "friend-all", "photos").await;
}

/// Who is asked for is whom the sign-in proved, whatever the form says.
#[tokio::test]
async fn nobody_asks_for_somebody_else_nor_from_elsewhere_nor_late() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    let (csrf, path) = (page.form("/ask").fields[0].1.clone(), format!("/sign-in/{}/ask", page.attempt()));
    let (own, other) = (subject(&house, "friend"), subject(&house, "friend-all"));
    for account in [&*other, "", "plex-1", "local-1"] {
        guest.send_own(post_form(&path, &[("csrf", &csrf), ("account", account)])).await.expect(303);
    }
    guest.send_own(post_form(&path, &[("csrf", &csrf)])).await.expect(303);
    guest.send_own(post_form(&path, &[("csrf", "x"), ("account", &own)])).await.expect(403);
    guest.send_own(post_form(&path, &[("account", &own)])).await.expect(403);
    let mut foreign = post_form(&path, &[("csrf", &csrf), ("account", &own)]);
    foreign.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
    guest.send(foreign).await.expect(403);
    // Another browser does not have the attempt, even with all that was on the page.
    let stolen = post_form(&path, &[("csrf", &csrf), ("account", &own)]);
    assert!(house.browser().send_own(stolen).await.status >= 400);
    guest.get(&path).await.expect(405);
    assert_eq!(waiting(&house).await, 0);

    // An attempt that nobody was turned away in has nothing to ask for; one that is over is gone.
    let mut fresh = house.browser();
    let start = fresh.open(&house.relying_party("wiki").authorization().url()).await.expect(200);
    let path = format!("/sign-in/{}/ask", start.attempt());
    fresh.send_own(post_form(&path, &[("csrf", &start.data("csrf")), ("account", &own)])).await.expect(303);
    guest.submit(&page, "/cancel").await;
    assert!(guest.post(&page, "/ask", &[]).await.status >= 300);
    assert_eq!(waiting(&house).await, 0);
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    house.pass(Seconds::hours(1));
    assert!(guest.post(&page, "/ask", &[]).await.status >= 400);
    assert_eq!(waiting(&house).await, 0);
}

#[tokio::test]
async fn a_thousand_requests_of_one_account_are_one() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    for number in 0..1000 {
        guest.post(&page, "/ask", &[("said", &number.to_string())]).await.expect(303);
    }
    assert_eq!(waiting(&house).await, 1);
    let request = house.app().store.waiting_requests(9).await.unwrap().some.remove(0);
    assert_eq!(request.asked.said.as_deref(), Some("0"), "the first one stays");
}

#[tokio::test]
async fn from_one_address_ten_accounts_ask_and_the_next_is_told() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "").await;
    let address = "(SELECT address FROM access_requests LIMIT 1)";
    for number in 1..10 {
        house.sql(&format!(
            "INSERT INTO access_requests SELECT {number}, door, browser_id, wish, account_name, account_email, said, address, block,
            asked_at, answer, answer_said, answered_at, keep_until FROM access_requests WHERE account_id > 1000"
        ));
    }
    house.sql(&format!("DELETE FROM access_requests WHERE account_id > 1000 AND address = {address}"));
    house.sql("INSERT INTO access_requests SELECT 10, door, browser_id, wish, account_name, account_email, said, address, block,
        asked_at, answer, answer_said, answered_at, keep_until FROM access_requests WHERE account_id = 1");
    let told = guest.post(&page, "/ask", &[]).await.expect(303);
    let page = guest.open(told.location().unwrap()).await.expect(403);
    assert!(page.text().contains("Too many requests are waiting"), "{}", page.text());
    assert!(!page.body.contains("/ask\""));
    assert_eq!(waiting(&house).await, 10);
}

#[tokio::test]
async fn req_134_what_people_write_to_the_host_is_text() {
    let house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    let long = format!("{HOSTILE}{}\u{202e}", "x".repeat(5000));
    let page = ask(&mut guest, &page, &long).await;
    house.sql("UPDATE access_requests SET account_name = said, account_email = said");
    let (mut host, home) = host_of(&house).await;
    for page in [&page, &home] {
        let lower = page.body.to_lowercase();
        assert!(
            lower.contains("&lt;img src=x") && !lower.contains("<img src=x") && !lower.contains("<script>")
        );
        assert!(!lower.contains("neverdrawn") && !page.body.contains('\u{202e}'));
        assert!(!page.body.contains(&"x".repeat(301)), "300 characters at most");
    }
    assert_eq!(answer(&mut host, &home, "declined", HOSTILE).await, "/admin?done=answered");
    let page = guest.open(&page.url).await.expect(403);
    assert!(page.body.contains("&lt;img src=x") && !page.body.contains("<img src=x"));
}

#[tokio::test]
async fn an_application_that_is_gone_is_not_opened() {
    let mut house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "").await;
    house.restart_with(|setup| setup.without_client("wiki")).await;
    let (mut host, home) = host_of(&house).await;
    assert!(home.text().contains("It is not in the file any more"), "{}", home.text());
    assert_eq!(answer(&mut host, &home, "opened", "").await, "/admin?done=nothing");
    assert_eq!(answer(&mut host, &home, "declined", "").await, "/admin?done=answered");
    assert_eq!(house.app().store.all_marks().await.unwrap(), []);
}

#[tokio::test]
async fn a_block_takes_the_requests_with_it() {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "").await;
    let (mut host, home) = host_of(&house).await;
    let about = page_of(&house, &mut host, "friend").await;
    host.post(&about, "/admin/people/mark", &[("mark", "block")]).await.expect(303);
    assert_eq!(waiting(&house).await, 0);
    assert_eq!(answer(&mut host, &home, "opened", "").await, "/admin?done=nothing");
    let (_, page) = denied(&house, "friend", "wiki").await;
    assert!(!page.body.contains("/ask\"") && page.heading() == "This account is kept out");
}
