//! The page for the code, and the page that asks (RFC 8628 s. 3.3 and s. 5.4).

use http::HeaderValue;
use plex_oidc_core::time::Seconds;

use super::{Device, house, is_approved, is_asking, is_denied, is_error, is_over, setup, type_code};
use crate::support::{ISSUER, post_form};

const ASKING: &str = "Allow TV on your device?";

#[tokio::test]
async fn req_106_the_page_says_who_asks_for_what_and_as_whom() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = type_code(&mut browser, &device.user_code().to_lowercase().replace('-', " ")).await;
    assert_eq!(page.heading(), "Sign in to TV", "{}", page.text());
    let page = browser.approve_and_finish(&page, "friend").await;
    is_asking(&page, ASKING);
    for words in [device.user_code(), "Mara", "Your e-mail address", "Keep you signed in while you are away"]
    {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    device.is_told(&house, "authorization_pending").await;
    is_approved(&browser.submit(&page, "/consent").await);
    let tokens = device.tokens().await;
    let claims = device.client.id_claims(&tokens.id_token()).await;
    assert_eq!(claims["sub"], "plex-48151001");
    assert_eq!(tokens.0["scope"], "openid profile email groups offline_access");
    assert_eq!((claims.get("nonce"), claims["acr"].as_str()), (None, Some("urn:plex-oidc:acr:plex")));
    device.client.refresh(&tokens.refresh_token()).await.expect(200);
}

#[tokio::test]
async fn req_106_a_live_session_signs_in_and_never_allows() {
    let house = setup().client("tv", "consent_required = false").start().await;
    let tv = house.relying_party("tv");
    let (mut browser, _) = house.sign_in("friend", &tv).await;
    let house_auth_time = house.now();
    house.pass(Seconds(30));
    for _ in 0..2 {
        let device = Device::begin(&house, "tv").await;
        let page = type_code(&mut browser, device.user_code()).await;
        is_asking(&page, ASKING);
        device.is_told(&house, "authorization_pending").await;
        is_approved(&browser.submit(&page, "/consent").await);
        let claims = tv.id_claims(&device.tokens().await.id_token()).await;
        assert_eq!(claims["auth_time"], house_auth_time.0, "the sign-in was then");
    }
}

#[tokio::test]
async fn req_106_what_is_allowed_on_a_device_is_no_consent_elsewhere_nor_the_other_way_round() {
    let house = setup().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let device = Device::begin(&house, "photos").await;
    device.allowed(&mut browser, "friend").await;
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await.expect(200);
    assert_eq!(page.heading(), "Allow Photos?");
    browser.submit(&page, "/consent").await.leaves().code();
    let device = Device::begin(&house, "photos").await;
    is_asking(&type_code(&mut browser, device.user_code()).await, "Allow Photos on your device?");
}

#[tokio::test]
async fn req_106_a_link_with_the_code_fills_it_in_and_does_nothing_else() {
    let house = house().await;
    let tv = house.relying_party("tv");
    let (mut browser, _) = house.sign_in("friend", &tv).await;
    let device = Device::begin(&house, "tv").await;
    let link = device.asked["verification_uri_complete"].as_str().unwrap().to_owned();
    let page = browser.open(&link).await.expect(200);
    assert_eq!(page.heading(), "Connect a device");
    let filled = page.form("/device").fields.into_iter().find(|(name, _)| name == "user_code").unwrap();
    assert_eq!(filled.1, device.user_code());
    // Reloading it, asking for its head, and every GET of what follows.
    for path in ["/device/done", "/device/done?code=x", &link] {
        browser.open(path).await.expect(200);
    }
    device.is_told(&house, "authorization_pending").await;
    let asking = browser.submit(&page, "/device").await;
    is_asking(&asking, ASKING);
    let attempt = asking.attempt();
    for path in ["", "/consent", "/return"] {
        is_asking(&browser.open(&format!("/sign-in/{attempt}{path}")).await, ASKING);
        device.is_told(&house, "authorization_pending").await;
    }
    // The choice of an account is not the answer.
    let account = asking.form("/consent").fields;
    let fields: Vec<_> = account.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let chosen =
        browser.send_own(post_form(&format!("/sign-in/{attempt}/continue"), &fields)).await.expect(303);
    assert_eq!(chosen.location(), Some(&*format!("/sign-in/{attempt}/consent")));
    device.is_told(&house, "authorization_pending").await;
    let nonsense = browser.open("/device?user_code=%22%3E%3Cscript%3E").await.expect(200);
    assert!(!nonsense.body.contains("script>"), "{}", nonsense.body);
}

#[tokio::test]
async fn req_106_another_site_cannot_press_the_button() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = device.signed_in(&mut browser, "friend").await;
    let form = page.form("/consent");
    let fields = |leave_out: &str| -> Vec<(&str, &str)> {
        let all = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| *name != leave_out).collect()
    };
    for (origin, site, left_out) in [
        ("https://evil.example", "cross-site", ""),
        ("null", "cross-site", ""),
        (ISSUER, "same-site", ""),
        (ISSUER, "same-origin", "csrf"),
    ] {
        for action in ["consent", "cancel"] {
            let path = format!("/sign-in/{}/{action}", page.attempt());
            let mut request = post_form(&path, &fields(left_out));
            request.headers_mut().insert("origin", HeaderValue::from_static(origin));
            request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static(site));
            browser.send(request).await.expect(403);
        }
    }
    // Another browser that knows the address of the page, and its token.
    let mut other = house.browser();
    is_over(&other.send_own(post_form(&form.action, &fields(""))).await);
    device.is_told(&house, "authorization_pending").await;
    is_approved(&browser.submit(&page, "/consent").await);
    device.tokens().await;
}

#[tokio::test]
async fn req_106_the_code_itself_cannot_be_sent_by_another_site() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = browser.open("/device").await.expect(200);
    let token = page.form("/device").fields[0].1.clone();
    let fields = |token| [("csrf", token), ("user_code", device.user_code())];
    for (token, origin) in [("", ISSUER), ("wrong", ISSUER), (&*token, "https://evil.example")] {
        let mut request = post_form("/device", &fields(token));
        request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        let refused = browser.send(request).await.expect(403);
        assert_eq!(
            (refused.heading().as_str(), refused.set_cookies().len()),
            ("This page is out of date", 0)
        );
    }
    let mut without = house.browser();
    without.send_own(post_form("/device", &fields(&token))).await.expect(403);
    let answer = browser.post(&page, "/device", &[("user_code", device.user_code())]).await.expect(303);
    assert!(answer.location().unwrap().starts_with("/sign-in/"), "{answer:?}");
}

#[tokio::test]
async fn req_104_who_says_no_is_believed_once_and_for_all() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = device.signed_in(&mut browser, "friend").await;
    let second_tab = type_code(&mut browser, device.user_code()).await;
    is_denied(&browser.submit(&page, "/cancel").await);
    for _ in 0..2 {
        device.is_told(&house, "access_denied").await;
    }
    is_over(&browser.submit(&page, "/consent").await);
    is_over(&browser.submit(&second_tab, "/consent").await);
    device.is_told(&house, "access_denied").await;
    type_code(&mut browser, device.user_code()).await.expect(400);

    // Before anybody has signed in, too.
    let device = Device::begin(&house, "tv").await;
    let mut stranger = house.browser();
    let page = type_code(&mut stranger, device.user_code()).await.expect(200);
    is_denied(&stranger.submit(&page, "/cancel").await);
    device.is_told(&house, "access_denied").await;
}

#[tokio::test]
async fn req_106_of_two_people_with_one_code_the_first_to_answer_counts() {
    let house = house().await;
    let (device, mut one, mut other) = (Device::begin(&house, "tv").await, house.browser(), house.browser());
    let first = device.signed_in(&mut one, "friend").await;
    let second = device.signed_in(&mut other, "home").await;
    is_approved(&one.submit(&first, "/consent").await);
    is_over(&other.submit(&second, "/consent").await);
    is_over(&other.submit(&second, "/cancel").await);
    // Back in the browser of the first, nothing is there to be done.
    assert_eq!(one.open(&format!("/sign-in/{}", first.attempt())).await.heading(), "You are signed in");
    let claims = device.client.id_claims(&device.tokens().await.id_token()).await;
    assert_eq!(claims["sub"], "plex-48151001");
}

#[tokio::test]
async fn req_106_the_answer_counts_for_the_account_that_was_shown() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = device.signed_in(&mut browser, "friend").await;
    let photos = house.relying_party("photos");
    // Another tab signs in as somebody else meanwhile.
    browser.sign_in(&photos.authorization().with("prompt", "login").url(), "home").await;
    let asked_anew = browser.submit(&page, "/consent").await;
    assert_ne!(asked_anew.heading(), "Go back to your device");
    device.is_told(&house, "authorization_pending").await;

    // And who wants to be somebody else can.
    let device = Device::begin(&house, "tv").await;
    let page = type_code(&mut browser, device.user_code()).await;
    assert!(page.text().contains("Quinn"), "{}", page.text());
    let sign_in = browser.post(&page, "/again", &[]).await.expect(200);
    let page = browser.approve_and_finish(&sign_in, "friend").await;
    is_asking(&page, ASKING);
    assert!(page.text().contains("Mara"), "{}", page.text());
    is_approved(&browser.submit(&page, "/consent").await);
    let claims = device.client.id_claims(&device.tokens().await.id_token()).await;
    assert_eq!(claims["sub"], "plex-48151001");
}

#[tokio::test]
async fn without_script_the_same_way_leads_there() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = type_code(&mut browser, device.user_code()).await;
    let at_plex = browser.post(&page, "/start", &[("mode", "same-tab")]).await.expect(200);
    assert!(at_plex.leaves().url.as_str().contains("/auth"), "on to Plex");
    house.plex.approve(&house.plex.newest_pin(), "friend");
    let page = browser.come_back(&page).await;
    is_asking(&page, ASKING);
    // A redirect of ours, no page in between.
    let answer = browser.post(&page, "/consent", &[]).await.expect(303);
    assert!(answer.location().unwrap().starts_with(&format!("{ISSUER}/device/done")), "{answer:?}");
    is_approved(&browser.open(answer.location().unwrap()).await);
    device.tokens().await;
}

#[tokio::test]
async fn a_password_does_as_well() {
    let password = "correct horse battery staple";
    let house = setup().client("cli", "allow = [\"local\"]").user(7, "robin", password, "").start().await;
    let (device, mut browser) = (Device::begin(&house, "cli").await, house.browser());
    let page = type_code(&mut browser, device.user_code()).await;
    let page = browser.type_password(&page, "robin", password).await;
    is_asking(&page, "Allow Command line on your device?");
    device.is_told(&house, "authorization_pending").await;
    is_approved(&browser.submit(&page, "/consent").await);
    let claims = device.client.id_claims(&device.tokens().await.id_token()).await;
    assert_eq!((claims["sub"].as_str(), claims["amr"][0].as_str()), (Some("local-7"), Some("pwd")));
}

#[tokio::test]
async fn req_107_a_client_that_may_no_longer_gets_nothing() {
    let mut house = house().await;
    let device = Device::begin(&house, "tv").await;
    let mut browser = house.browser();
    let page = device.signed_in(&mut browser, "friend").await;
    let approved = Device::begin(&house, "tv").await;
    approved.allowed(&mut house.browser(), "friend").await;
    house.restart_with(|setup| setup.client("tv", "grant_types = [\"authorization_code\"]")).await;
    is_over(&browser.submit(&page, "/consent").await);
    is_error(&approved.poll().await, "unauthorized_client");
    let both = "grant_types = [\"authorization_code\", \"device_code\"]";
    for lines in ["grant_types = [\"authorization_code\"]", &format!("{both}\nenabled = false")] {
        house.restart_with(|setup| setup.client("tv", lines)).await;
        let page = type_code(&mut browser, device.user_code()).await.expect(400);
        assert!(page.text().contains("No device is waiting with this code"), "{lines}: {}", page.text());
    }
}
