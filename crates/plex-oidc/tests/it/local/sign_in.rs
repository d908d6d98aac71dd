//! The way in itself.

use http::HeaderValue;
use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{PASSWORD, house, setup};
use crate::support::{Setup, post_form};

#[tokio::test]
async fn a_password_signs_in_by_name_or_address_without_any_script_and_without_plex() {
    let house = house().await;
    let photos = house.relying_party("photos");
    for typed in ["robin", " Robin ", "ROBIN@example.com"] {
        let mut browser = house.browser();
        let asked = photos.authorization();
        let landing = browser.sign_in_with_password(&asked.url(), typed, PASSWORD).await;
        let claims = photos.claims(&asked, &landing).await;
        assert_eq!(claims["sub"], "local-7", "{typed}");
        assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!("urn:plex-oidc:acr:password")));
        assert_eq!(claims["auth_time"], house.now().0);
        // The session is one like any other: the next application gets its answer at once.
        let again = photos.authorization();
        again.check(&browser.open(&again.url()).await.leaves());
    }
    assert!(house.plex.world().request_log().is_empty(), "plex.tv was asked");
}

#[tokio::test]
async fn a_post_is_answered_with_a_303_to_ourselves_whatever_comes_of_it() {
    let house = house().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    assert!(
        page.body.contains("autocomplete=\"current-password\"") && page.body.contains("Continue with Plex")
    );
    let wrong =
        browser.post(&page, "/password", &[("username", "robin"), ("password", "not it at all")]).await;
    let back = format!("/sign-in/{}", page.attempt());
    assert_eq!((wrong.status, wrong.location()), (303, Some(back.as_str())));
    let page = browser.open(&back).await.expect(200);
    assert!(page.text().contains("do not go together"), "{}", page.text());
    let right = browser.post(&page, "/password", &[("username", "robin"), ("password", PASSWORD)]).await;
    let next = right.location().unwrap().to_owned();
    assert!(right.status == 303 && next.starts_with("/sign-in/") && next.ends_with("/return"), "{next}");
    assert_eq!(right.header("cache-control"), Some("no-store"));
    // The code is issued once, to this browser alone.
    assert_eq!(house.browser().open(&next).await.status, 400, "another browser");
    let first = browser.clone().open(&next).await.expect(200);
    assert!(first.leaves().get("code").is_some());
    let second = browser.open(&next).await.expect(200);
    assert!(second.stays(), "{}", second.text());
}

#[tokio::test]
async fn req_131_the_form_is_protected_as_every_other() {
    let house = house().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let path = format!("/sign-in/{}/password", page.attempt());
    let csrf = page.form("/password").fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let typed = [("username", "robin"), ("password", PASSWORD)];
    let with = [("csrf", csrf.as_str()), typed[0], typed[1]];
    assert_eq!(browser.send_own(post_form(&path, &typed)).await.status, 403, "without the token");
    let mut foreign = post_form(&path, &with);
    foreign.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
    assert_eq!(browser.send(foreign).await.status, 403, "from elsewhere");
    assert_eq!(house.browser().send_own(post_form(&path, &with)).await.status, 400, "another browser");
    assert_eq!(browser.get(&path).await.status, 405);
    let old = post_form(&path, &with); // a browser that says nothing about where it comes from
    assert_eq!(browser.send(old).await.status, 303);
}

#[tokio::test]
async fn req_130_the_session_has_a_new_secret_after_each_sign_in() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    browser.sign_in_with_password(&photos.authorization().url(), "robin", PASSWORD).await;
    let first = browser.session().unwrap().to_owned();
    let mut thief = house.browser();
    thief.cookies.insert("__Host-plex-oidc-session".to_owned(), first.clone());
    let again = photos.authorization().with("prompt", "login");
    browser.sign_in_with_password(&again.url(), "robin", PASSWORD).await;
    assert_ne!(browser.session(), Some(first.as_str()));
    let none = photos.authorization().with("prompt", "none");
    assert_eq!(none.error(&thief.open(&none.url()).await.leaves()), "login_required");
}

#[tokio::test]
async fn prompt_login_and_max_age_have_the_password_typed_again_and_auth_time_moves() {
    let house = house().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    browser.sign_in_with_password(&photos.authorization().url(), "robin", PASSWORD).await;
    let before = house.now();
    for (name, value) in [("prompt", "login"), ("max_age", "60")] {
        house.pass(Seconds::minutes(5));
        let asked = photos.authorization().with(name, value);
        let landing = browser.sign_in_with_password(&asked.url(), "robin", PASSWORD).await;
        let claims = photos.claims(&asked, &landing).await;
        assert_eq!(claims["auth_time"], house.now().0, "{name}");
        assert!(house.now() > before);
    }
    let young = photos.authorization().with("max_age", "3600");
    assert!(browser.open(&young.url()).await.leaves().get("code").is_some());
}

#[tokio::test]
async fn req_150_a_way_in_that_is_switched_off_is_off_on_every_route() {
    let plex_only = Setup::default().start().await;
    let mut browser = plex_only.browser();
    let page = browser.open(&plex_only.relying_party("photos").authorization().url()).await.expect(200);
    assert!(!page.body.contains("password\""), "no form");
    let path = format!("/sign-in/{}/password", page.attempt());
    let sent =
        browser.send_own(post_form(&path, &[("csrf", &page.data("csrf")), ("username", "robin")])).await;
    assert_eq!(sent.status, 404);

    let local_only = setup().without_plex().client("photos", "allow = [\"local\"]").start().await;
    let photos = local_only.relying_party("photos");
    let mut browser = local_only.browser();
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await.expect(200);
    assert!(
        !page.text().contains("with Plex")
            && !page.text().contains("Plex account")
            && !page.body.contains("sign-in.js"),
        "{}",
        page.text()
    );
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.contains("connect-src 'self';"), "{csp}");
    let csrf = page.form("/password").fields[0].1.clone();
    for path in ["pin", "start", "wait", "events", "status"] {
        let path = format!("/sign-in/{}/{path}", page.attempt());
        assert_eq!(browser.send_own(post_form(&path, &[("csrf", &csrf)])).await.status, 404, "{path}");
        assert_eq!(browser.get(&path).await.status, 404, "{path}");
    }
    let landing = browser.type_password(&page, "robin", PASSWORD).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "local-7");
    assert!(local_only.plex.world().request_log().is_empty(), "plex.tv was asked");
}

#[tokio::test]
async fn who_was_signed_in_is_out_once_local_accounts_are_switched_off() {
    let mut house = house().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let asked = photos.authorization();
    let landing = browser.sign_in_with_password(&asked.url(), "robin", PASSWORD).await;
    let tokens = photos.tokens(&asked, &landing).await;
    house
        .restart_with(|setup| {
            setup.set("local", "enabled = false").client("photos", "allow = [\"plex-friend\"]")
        })
        .await;
    assert_eq!(photos.userinfo(&tokens.access_token()).await.status, 401);
    assert_eq!(photos.refresh(&tokens.refresh_token()).await.json()["error"], "invalid_grant");
    let none = photos.authorization().with("prompt", "none");
    assert_eq!(none.error(&browser.open(&none.url()).await.leaves()), "access_denied");
}
