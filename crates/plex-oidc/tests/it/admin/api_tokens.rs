//! The tokens of the API on the host's page: which there are, and the end of one.

use plex_oidc_core::api::{ApiScope, ApiTokenId};

use super::*;
use crate::account::field;
use crate::support::get;

const PAGE: &str = "/admin/api-tokens";
const END: &str = "/admin/api-tokens/end";

/// Makes one by command, as the host does.
fn add(house: &House, arguments: &[&str]) -> String {
    let (exit, out, err) = command(house, &[&["api-token", "add"], arguments].concat());
    assert_eq!(exit, Exit::Done, "{err}");
    out.trim().to_owned()
}

/// What the API answers to it.
async fn answers(house: &House, token: &str) -> u16 {
    let mut request = get("/api/v1/health");
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    house.door.send(request).await.status
}

#[tokio::test]
async fn the_host_sees_the_tokens_of_the_api_and_ends_one() {
    let house = setup().start().await;
    let panel = add(&house, &["--name", "the panel", "--scope", "health:read", "--scope", "people:read"]);
    let script = add(&house, &["--name", "a script", "--scope", "health:read", "--expires", "90d"]);
    house.pass(Seconds::hours(2));
    assert_eq!((answers(&house, &panel).await, answers(&house, &script).await), (200, 200));
    house.pass(Seconds::minutes(5));
    let (mut browser, home) = host_of(&house).await;
    assert!(home.body.contains("href=\"/admin/api-tokens\""));
    let page = browser.open(PAGE).await.expect(200);
    let text = page.text();
    let until = house.now().plus(Seconds::days(90)).minus(Seconds(7500)).rfc3339()[..10].to_owned();
    for shown in [
        "the panel",
        "people:read, health:read",
        "made 2 hours ago",
        &format!("good until {until}"),
        "used 5 minutes ago",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!page.body.contains("poz_") && page.body.matches("<form").count() == 2, "{}", page.body);

    let id = field(&page, END, "id", "the panel");
    let told = browser.post(&page, END, &[("id", &id)]).await.expect(303);
    assert_eq!(told.location(), Some("/admin/api-tokens?done=token"));
    let page = browser.open("/admin/api-tokens?done=token").await.expect(200);
    assert!(
        page.text().contains("The token is worth nothing any more.") && !page.text().contains("the panel")
    );
    assert_eq!((answers(&house, &panel).await, answers(&house, &script).await), (401, 200));
    for nothing in [&*id, "x", ""] {
        let told = browser.post(&page, END, &[("id", nothing)]).await.expect(303);
        assert_eq!(told.location(), Some("/admin/api-tokens?done=nothing"), "{nothing}");
    }
    let (_, log, _) = command(&house, &["audit", "--json", "--what", "api_token_ended"]);
    let by = format!("\"by\":\"{}\"", subject(&house, "owner"));
    assert!(log.lines().count() == 1 && log.contains(&by) && log.contains(&id), "{log}");
}

#[tokio::test]
async fn whoever_signed_in_a_while_ago_sees_them_and_signs_in_again_to_end_one() {
    let house = setup().start().await;
    let panel = add(&house, &["--name", "the panel", "--scope", "health:read", "--expires", "1h"]);
    let (mut browser, _) = host_of(&house).await;
    let page = browser.open(PAGE).await.expect(200);
    let (csrf, id) = (page.form(END).fields[0].1.clone(), field(&page, END, "id", "the panel"));
    house.pass(Seconds::minutes(10));
    let page = browser.open(PAGE).await.expect(200);
    assert!(page.text().contains("the panel") && !page.body.contains("<form"), "{}", page.text());
    assert!(page.body.contains("href=\"/admin/again\""));
    let old = crate::support::post_form(END, &[("csrf", &csrf), ("id", &id)]);
    assert_eq!(browser.send_own(old).await.expect(303).location(), Some("/admin"));
    assert_eq!(answers(&house, &panel).await, 200);
    house.pass(Seconds::hours(1));
    assert!(browser.open(PAGE).await.expect(200).text().contains("its time is over"));
}

#[tokio::test]
async fn where_there_is_none_the_page_says_how_one_is_made() {
    let house = setup().start().await;
    let (mut browser, _) = host_of(&house).await;
    let page = browser.open(PAGE).await.expect(200);
    assert!(page.text().contains("There is none.") && page.text().contains("plex-oidc api-token add"));
    assert!(!page.body.contains("<form"), "no way to make one: {}", page.body);
}

#[tokio::test]
async fn with_many_tokens_of_the_longest_names_the_pages_stay_small() {
    let house = setup().start().await;
    let scopes = ApiScope::ALL.map(ApiScope::as_str).join(" ");
    let now = house.now().0;
    // As many as no command would make in the time of a test.
    let rows = (1..=45).map(|id| {
        let name = "\"".repeat(97) + &format!("{id:03}");
        format!(
            "INSERT INTO api_tokens (id, name, hash, scopes, created, expires) \
             VALUES ({id}, '{name}', randomblob(32), '{scopes}', {now}, {});\n",
            now + 86_400
        )
    });
    house.sql(&format!("BEGIN;\n{}COMMIT;", rows.collect::<String>()));
    let (mut browser, _) = host_of(&house).await;
    let mut seen = std::collections::BTreeSet::new();
    for number in 1..=3 {
        let page = browser.open(&format!("{PAGE}?page={number}")).await.expect(200);
        assert!(page.body.len() < 40_000, "{number}: {} bytes", page.body.len());
        let ids = page.body.split("name=\"id\" value=\"").skip(1);
        seen.extend(ids.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    assert_eq!(seen, (1..=45).map(|id| ApiTokenId(id).to_string()).collect());
    for odd in ["?page=0", "?page=x", "?page=99999999999999999999", "?done=%22%3E%3Cscript%3E"] {
        browser.open(&format!("{PAGE}{odd}")).await.expect(200);
    }
}
