//! Where an answer may go (requirements 21 to 30).

use crate::support::{House, RelyingParty, Setup, get};

/// The address is refused on a page of ours, and nothing leads there.
async fn is_refused(house: &House, relying_party: &RelyingParty, redirect_uri: &str) {
    let asked = relying_party.authorization().with("redirect_uri", redirect_uri);
    let page = house.browser().get(&asked.url()).await.expect(400);
    assert!(page.stays(), "{redirect_uri}: {:?}", page.headers);
    assert_eq!(page.heading(), "This link doesn’t work", "{redirect_uri}");
}

#[tokio::test]
async fn req_021_only_the_registered_text_is_accepted() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    for redirect_uri in [
        "https://photos.example.org/CALLBACK",
        "https://PHOTOS.example.org/callback",
        "HTTPS://photos.example.org/callback",
        "http://photos.example.org/callback",
        "https://photos.example.org/callback/",
        "https://photos.example.org/callback?",
        "https://photos.example.org/callback?x=1",
        "https://photos.example.org/callback#",
        "https://photos.example.org/callback#f",
        "https://photos.example.org/%63allback",
        "https://photos.example.org/callback/..;/callback",
        "https://photos.example.org/x/../callback",
        "https://photos.example.org/./callback",
        "https://photos.example.org//callback",
        "https://photos.example.org\\callback",
        "https:photos.example.org/callback",
        "https:///photos.example.org/callback",
        "//photos.example.org/callback",
        "/callback",
        "callback",
        "https://photos.example.org./callback",
        "https://photos.example.org:443/callback",
        "https://photos.example.org:8443/callback",
        "https://photos.example.org.evil.example/callback",
        "https://evil.example/https://photos.example.org/callback",
        "https://photos.example.orgevil.example/callback",
        "https://photosaexample.org/callback",
        "https://xphotos.example.org/callback",
        "https://xn--photos.example.org/callback",
        "https://photos.example.org/callback\t",
        " https://photos.example.org/callback",
        "https://photos.example.org/call back",
        "https://photos.example.org/callback\u{0}",
        "https://photos.example.org/callbac\u{212a}",
        "https://wiki.example.org/callback",
    ] {
        is_refused(&house, &photos, redirect_uri).await;
    }
    house.browser().open(&photos.authorization().url()).await.expect(200);
}

#[tokio::test]
async fn req_022_userinfo_in_an_address_is_refused() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    for redirect_uri in [
        "https://photos.example.org@evil.example/callback",
        "https://evil@photos.example.org/callback",
        "https://a@b@photos.example.org/callback",
        "https://photos.example.org%40evil.example/callback",
        "https://photos.example.org:x@evil.example/callback",
    ] {
        is_refused(&house, &photos, redirect_uri).await;
    }
}

#[tokio::test]
async fn req_025_no_scheme_that_runs_or_reads_is_accepted() {
    let house = House::new().await;
    for redirect_uri in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "about:blank",
        "blob:x",
    ] {
        is_refused(&house, &house.relying_party("tv"), redirect_uri).await;
    }
}

#[tokio::test]
async fn req_026_a_native_client_on_loopback_may_take_any_port() {
    let house = House::new().await;
    let tv = house.relying_party("tv");
    for redirect_uri in
        ["http://127.0.0.1/callback", "http://127.0.0.1:51004/callback", "http://127.0.0.1:1/callback"]
    {
        let asked = tv.authorization().with("redirect_uri", redirect_uri);
        let landing = house.browser().sign_in(&asked.url(), "friend").await;
        let (before_query, _) = landing.url.as_str().split_once('?').unwrap();
        assert_eq!(before_query, redirect_uri);
        tv.tokens(&asked, &landing).await;
    }
    for redirect_uri in [
        "http://127.0.0.1.evil:1/callback",
        "http://127.1:1/callback",
        "http://localhost:1/callback",
        "http://[::1]:1/callback",
        "http://[::ffff:7f00:1]/callback",
        "http://2130706433/callback",
        "http://127.0.0.2:1/callback",
        "https://127.0.0.1:1/callback",
        "http://127.0.0.1:1/callback2",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:1@evil.example/callback",
        "http://127.0.0.1:/callback",
    ] {
        is_refused(&house, &tv, redirect_uri).await;
    }
}

#[tokio::test]
async fn req_027_a_registered_query_stays_and_is_added_to() {
    let registered = "https://photos.example.org/callback?module=oidc&a=%2F";
    let setup = Setup::default().client("photos", &format!("redirect_uris = [\"{registered}\"]"));
    let house = setup.start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization().with("redirect_uri", registered);
    let landing = browser.sign_in(&asked.url(), "friend").await;
    assert!(landing.url.as_str().starts_with(&format!("{registered}&code=")), "{}", landing.url);
    photos.tokens(&asked, &landing).await;
    let refused = asked.with("response_type", "x");
    let landing = browser.get(&refused.url()).await.leaves();
    assert!(landing.url.as_str().starts_with(&format!("{registered}&error=")), "{}", landing.url);
}

#[tokio::test]
async fn req_028_an_app_with_a_scheme_of_its_own_needs_pkce() {
    let house = House::new().await;
    let (tv, mut browser) = (house.relying_party("tv"), house.browser());
    let asked = tv.authorization().with("redirect_uri", "com.example.tv:/callback");
    let refused = asked.clone().without_pkce();
    assert_eq!(refused.error(&browser.get(&refused.url()).await.leaves()), "invalid_request");
    let landing = browser.sign_in(&asked.url(), "friend").await;
    assert!(landing.url.as_str().starts_with("com.example.tv:/callback?code="), "{}", landing.url);
    tv.tokens(&asked, &landing).await;
}

#[tokio::test]
async fn req_028_a_code_for_an_address_that_others_can_take_needs_a_click() {
    let house = House::new().await;
    let tv = house.relying_party("tv");
    let (mut browser, _) = house.sign_in("friend", &tv).await;
    browser.get(&tv.authorization().url()).await.leaves().code(); // at its https address there is no doubt
    for redirect_uri in ["com.example.tv:/callback", "http://127.0.0.1:4000/callback"] {
        let asked = tv.authorization().with("redirect_uri", redirect_uri);
        let page = browser.open(&asked.url()).await.expect(200);
        assert!(page.text().contains("Continue as Mara"), "{}", page.text());
        let answer = browser.submit(&page, "/continue").await;
        // A 303 here would be held against `form-action`, and Chromium stops it, an app's own scheme included.
        assert_eq!(answer.location(), None);
        tv.tokens(&asked, &answer.leaves()).await;
        let silent = asked.with("prompt", "none");
        assert_eq!(silent.error(&browser.get(&silent.url()).await.leaves()), "interaction_required");
    }
}

#[tokio::test]
async fn req_029_the_answer_goes_to_the_registered_text() {
    let house = House::new().await;
    let tv = house.relying_party("tv");
    let asked = tv.authorization().with("redirect_uri", "http://127.0.0.1:00080/callback");
    let answer = house.browser().get(&asked.with("prompt", "none").url()).await;
    match answer.status {
        303 => assert!(
            answer.location().unwrap().starts_with("http://127.0.0.1:80/callback?error=login_required")
        ),
        status => assert_eq!(status, 400, "refused, or rewritten as a number; never echoed"),
    }
}

#[tokio::test]
async fn req_030_nothing_breaks_out_of_the_location_header() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let evil = "x\r\nSet-Cookie: a=b\r\n\r\n<script>\u{0}\u{2028}é";
    let asked = photos.authorization().with("state", evil).with("prompt", "none");
    let answer = browser.get(&asked.url()).await.expect(303);
    let location = answer.location().unwrap();
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location}");
    assert_eq!(answer.leaves().get("state"), Some(evil));
    assert!(answer.set_cookies().is_empty());
    for suffix in ["%0d%0aSet-Cookie:%20a=b", "%00", "%0a", "%e2%80%a8"] {
        let query = "/authorize?response_type=code&scope=openid&client_id=photos&redirect_uri=https%3A%2F%2Fphotos.example.org%2Fcallback";
        let page = browser.send(get(&format!("{query}{suffix}"))).await.expect(400);
        assert!(page.stays() && page.set_cookies().is_empty(), "{suffix}");
    }
}

/// The host takes an address out because it is no longer to be trusted: from then on nothing is sent there.
#[tokio::test]
async fn req_018_an_address_that_was_taken_out_meanwhile_gets_nothing() {
    let mut house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let elsewhere = r#"redirect_uris = ["https://photos.example.org/elsewhere"]"#;
    house.restart_with(|setup| setup.client("photos", elsewhere)).await;
    for path in ["/return", "", "/wait"] {
        let gone = browser.get(&format!("/sign-in/{}{path}", page.attempt())).await.expect(400);
        assert!(gone.stays() && browser.session().is_none(), "{path}: {}", gone.text());
    }
    assert!(browser.post(&page, "/cancel", &[]).await.expect(400).stays());
}
