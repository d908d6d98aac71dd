//! Sessions and tokens that are there when the host is asked for the first time.

use super::*;

/// What began before there was anything to ask goes on: the browsers were not new when the policy came.
#[tokio::test]
async fn whoever_was_there_before_the_host_wanted_to_be_asked_goes_on() {
    let mut house = setup().start().await;
    let (mut guest, tokens) = house.sign_in("friend", &house.relying_party("wiki")).await;
    house.restart_with(asking).await;
    passes(&house, &mut guest).await;
    let wiki = house.relying_party("wiki");
    wiki.refresh(&tokens.refresh_token()).await.expect(200);
    // A new sign-in in that browser is none from a new one.
    let asked = wiki.authorization().with("prompt", "login");
    asked.check(&guest.sign_in(&asked.url(), "friend").await);
    waits(&house, &mut house.browser(), "friend").await;
}

/// A browser that came while another application asked already has to wait, whatever it holds by then.
#[tokio::test]
async fn tokens_of_a_browser_that_nobody_said_yes_to_end_where_the_host_is_asked() {
    let mut house = asking(setup()).start().await;
    let mut guest = house.browser();
    let (photos, tokens) = inside(&house, &mut guest, "friend").await;
    let refreshed = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    let access = refreshed["access_token"].as_str().unwrap().to_owned();
    let refresh = refreshed["refresh_token"].as_str().map_or_else(|| tokens.refresh_token(), str::to_owned);
    photos.userinfo(&access).await.expect(200);
    house.restart_with(|setup| setup.client("photos", ASK_HOST)).await;
    let photos = house.relying_party("photos");
    assert_eq!(photos.refresh(&refresh).await.expect(400).json()["error"], "invalid_grant");
    photos.userinfo(&access).await.expect(401);
    assert_eq!(photos.introspect(&access).await.expect(200).json()["active"], false);
    let page = guest.open(&photos.authorization().url()).await.expect(403);
    ask(&mut guest, &page).await;
    answer(&house, "approved").await;
    photos.refresh(&refresh).await.expect(200); // nothing had ended
    photos.userinfo(&access).await.expect(200);
}

/// A code that was issued is judged anew when it is redeemed.
#[tokio::test]
async fn a_code_is_redeemed_by_the_browser_that_it_came_of() {
    let mut house = asking(setup()).start().await;
    let mut guest = house.browser();
    let photos = house.relying_party("photos");
    let asked = photos.authorization();
    let landing = guest.sign_in(&asked.url(), "friend").await;
    house.restart_with(|setup| setup.client("photos", ASK_HOST)).await;
    assert_eq!(photos.redeem(&asked, landing.code()).await.expect(400).json()["error"], "invalid_grant");
}

/// Rows of a version that did not keep browsers.
#[tokio::test]
async fn a_session_from_before_browsers_were_kept_is_of_no_new_browser() {
    let mut house = asking(setup()).start().await;
    let mut guest = house.browser();
    let (_, _) = inside(&house, &mut guest, "friend").await;
    let mut elsewhere = house.browser();
    inside(&house, &mut elsewhere, "friend").await;
    house.go_down().await;
    house.sql("UPDATE browser_sessions SET browser_id = NULL; UPDATE grants SET browser_id = NULL; DELETE FROM browsers");
    house.restart().await;
    for (name, _) in known_by(&guest) {
        guest.cookies.remove(&name);
    }
    passes(&house, &mut guest).await;
    // The next sign-in in it makes it known, and nobody is told of it.
    let asked = house.relying_party("wiki").authorization().with("prompt", "login");
    asked.check(&guest.sign_in(&asked.url(), "friend").await);
    assert_eq!(known_by(&guest).len(), 1);
    assert!(!account_page(&mut elsewhere).await.text().contains("Was that you?"));
    // Without that session it is as new as any.
    let mut third = house.browser();
    waits(&house, &mut third, "friend").await;
}
