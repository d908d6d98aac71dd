//! What people see of their browsers, and what they end.

use super::*;
use crate::account::field;
use crate::support::Visit;

const NEWS: &str = "Was that you?";

async fn two_browsers(house: &House) -> (Browser, Browser) {
    let (mut old, mut new) = (house.browser(), house.browser());
    inside(house, &mut old, "friend").await;
    house.pass(Seconds(60));
    inside(house, &mut new, "friend").await;
    (old, new)
}

#[tokio::test]
async fn browsers_are_listed_and_a_new_one_is_told_of_until_somebody_says_that_it_was_them() {
    let house = setup().start().await;
    let mut old = house.browser();
    inside(&house, &mut old, "friend").await;
    let page = account_page(&mut old).await;
    assert!(page.text().contains("Browsers you use") && !page.text().contains(NEWS), "the first is no news");
    house.pass(Seconds(60));
    let mut new = house.browser();
    inside(&house, &mut new, "friend").await;
    for _ in 0..2 {
        let page = account_page(&mut old).await;
        assert!(page.text().contains(NEWS), "{}", page.text());
        assert!(page.text().contains(&new.address.ip().to_string()), "{}", page.text());
    }
    let page = account_page(&mut old).await;
    let told = old.post(&page, "/account/browsers/me", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=browser"));
    let page = old.open("/account?done=browser").await.expect(200);
    assert!(page.text().contains("We will not ask about that browser again") && !page.text().contains(NEWS));
    inside_again(&house, &mut new).await;
    assert!(!account_page(&mut old).await.text().contains(NEWS), "it is known by now");
}

#[tokio::test]
async fn this_was_not_me_ends_what_came_of_that_browser_and_says_what_to_do() {
    let house = setup()
        .client("photos", "backchannel_logout_uri = \"https://photos.example.org/bye\"")
        .app("name = \"notes\"\nhost = \"notes.example.org\"")
        .start()
        .await;
    let mut mine = house.browser();
    let (photos, my_tokens) = inside(&house, &mut mine, "friend").await;
    house.pass(Seconds(60));
    let (proxy, mut thief) = (house.proxy(Family::ForwardAuth), house.visitor());
    let (_, tokens) = inside(&house, &mut thief.browser, "friend").await;
    thief.pass_through(&proxy, ASKING).await;
    let token = made_token(&mut thief.browser, "notes").await;
    let with_token = async || {
        let visit = Visit::bare("GET", ASKING).with("authorization", &format!("Bearer {token}"));
        proxy.ask(&visit).await.status
    };
    assert_eq!(with_token().await, 200);
    let page = account_page(&mut mine).await;
    let told = mine.post(&page, "/account/browsers/not-me", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/account/not-me"));
    let page = mine.open("/account/not-me").await.expect(200);
    assert!(
        page.text().contains("Change it now at app.plex.tv") && page.text().contains("sign out all devices"),
        "{}",
        page.text()
    );

    assert_ne!(thief.page(&proxy, ASKING).await.status, 200);
    assert_eq!(with_token().await, 401);
    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.refresh(&tokens.refresh_token()).await.expect(400);
    let silent = photos.authorization().with("prompt", "none");
    assert_eq!(thief.browser.get(&silent.url()).await.leaves().error(), "login_required");
    assert_eq!(
        house.app().store.take_due_logouts(house.now(), 9).await.unwrap().len(),
        1,
        "photos is told of one session"
    );
    // And nothing of mine.
    photos.userinfo(&my_tokens.access_token()).await.expect(200);
    photos.refresh(&my_tokens.refresh_token()).await.expect(200);
    let page = account_page(&mut mine).await;
    assert!(!page.text().contains(NEWS) && !page.body.contains("/account/browsers/"), "it is forgotten");
    // Whoever signs in there again is new again.
    house.pass(Seconds(60));
    inside(&house, &mut thief.browser, "friend").await;
    assert!(account_page(&mut mine).await.text().contains(NEWS));
    let (_, home) = host_of(&house).await;
    assert_eq!(home.status, 200);
    let audit = plex_oidc::store::records::EventsWanted { most: 50, ..Default::default() };
    let words: Vec<_> =
        house.app().store.events(audit).await.unwrap().iter().map(|event| event.event.what.word()).collect();
    assert_eq!(
        words.iter().filter(|word| **word == "new_browser").count(),
        2,
        "the first of an account is none: {words:?}"
    );
    assert!(words.contains(&"browser_disowned"));
}

#[tokio::test]
async fn a_browser_that_is_not_used_any_more_is_forgotten() {
    let house = setup().start().await;
    let (mut old, mut new) = two_browsers(&house).await;
    let page = account_page(&mut old).await;
    old.post(&page, "/account/browsers/me", &[]).await.expect(303);
    let page = account_page(&mut old).await;
    let told = old.post(&page, "/account/browsers/forget", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=forgotten"));
    let again = old.post(&page, "/account/browsers/forget", &[]).await.expect(303);
    assert_eq!(again.location(), Some("/account?done=nothing"));
    new.open("/account").await.expect(200).form("/cancel"); // the sign-in page
}

/// The session of somebody who has the browser itself in their hands, and says so there.
#[tokio::test]
async fn this_was_not_me_in_the_very_browser_signs_out_here() {
    let house = setup().start().await;
    let (mut old, mut new) = two_browsers(&house).await;
    let page = account_page(&mut new).await;
    assert!(
        !page.body.contains("/account/browsers/me"),
        "a new browser does not speak for itself, nor for an older one"
    );
    // Which it is does not stand on its own page as a form: it is read from the other's.
    let page_of_old = account_page(&mut old).await;
    let id = field(&page_of_old, "/account/browsers/not-me", "browser", "first used");
    let told = new.post(&page, "/account/browsers/forget", &[("browser", &id)]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=forgotten"));
    assert!(new.session().is_none() && known_by(&new).is_empty(), "both cookies are gone");
    new.open("/account").await.expect(200).form("/cancel");
    account_page(&mut old).await;
}

#[tokio::test]
async fn the_page_of_what_to_do_is_the_same_for_everybody() {
    let house = setup().start().await;
    let mut browser = house.browser();
    let page = browser.open("/account/not-me?of=local").await.expect(200);
    assert!(
        page.text().contains("ask the person who gave you the account")
            && !page.text().contains("Plex account")
    );
    let page = browser.open("/account/not-me?of=%00x").await.expect(200);
    assert!(page.text().contains("Plex account"));
}
