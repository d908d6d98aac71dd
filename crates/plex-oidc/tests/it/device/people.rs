//! Whose device it is: the person is judged when they answer, and again when the device comes (CVE-2026-16103).

use plex_oidc_core::time::Seconds;

use super::{DEVICE_CODE, Device, house, is_asking, is_error, setup, type_code};

#[tokio::test]
async fn req_107_somebody_with_whom_nothing_is_shared_cannot_allow_anything() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let denied = device.signed_in(&mut browser, "stranger").await.expect(403);
    assert!(denied.text().contains("Signing in at Plex worked"), "{}", denied.text());
    device.is_told(&house, "authorization_pending").await;
    super::is_denied(&browser.submit(&denied, "/cancel").await);
    device.is_told(&house, "access_denied").await;
}

#[tokio::test]
async fn req_107_who_may_not_use_the_client_cannot_allow_it() {
    let house = setup().client("tv", "allow = [\"plex-home\"]").start().await;
    let (mut browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    let device = Device::begin(&house, "tv").await;
    let denied = type_code(&mut browser, device.user_code()).await.expect(403);
    assert!(denied.text().contains("not open to this account"), "{}", denied.text());
    device.is_told(&house, "authorization_pending").await;
}

#[tokio::test]
async fn req_107_access_that_ended_before_the_click() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    let page = device.signed_in(&mut browser, "friend").await;
    house.end_access("friend").await;
    let answer = browser.submit(&page, "/consent").await;
    assert_eq!(answer.heading(), "Sign in to TV", "{}", answer.text());
    device.is_told(&house, "authorization_pending").await;

    let page = device.signed_in(&mut browser, "friend").await;
    house.edit_person("friend", "$.groups", "[]");
    browser.submit(&page, "/consent").await.expect(403);
    device.is_told(&house, "authorization_pending").await;
}

#[tokio::test]
async fn req_107_access_that_ended_between_the_click_and_the_poll() {
    let mut house = house().await;
    for (persona, how) in [("friend", "ended"), ("home", "not allowed"), ("friend", "off")] {
        let device = Device::begin(&house, "tv").await;
        device.allowed(&mut house.browser(), persona).await;
        match how {
            "ended" => house.end_access(persona).await,
            "not allowed" => {
                house.edit_person(persona, "$.groups", "[]");
            }
            _ => {
                house.restart_with(|setup| setup.client("tv", "enabled = false")).await;
                let answer = device.poll().await;
                assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()));
                continue;
            }
        }
        is_error(&device.poll().await, "access_denied");
        is_error(&device.poll().await, "access_denied");
    }
}

#[tokio::test]
async fn req_107_a_person_of_whom_nothing_is_known_for_too_long_gets_no_tokens() {
    let house = setup().set("rules", "membership_lifetime = \"5m\"").start().await;
    let device = Device::begin(&house, "tv").await;
    device.allowed(&mut house.browser(), "friend").await;
    house.pass(Seconds(301));
    is_error(&device.poll().await, "access_denied");
}

#[tokio::test]
async fn req_107_a_session_that_ended_before_the_poll_takes_the_approval_with_it() {
    let house = house().await;
    let (device, mut browser) = (Device::begin(&house, "tv").await, house.browser());
    device.allowed(&mut browser, "friend").await;
    let page = browser.open("/sign-out").await;
    browser.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    is_error(&device.poll().await, "access_denied");

    // And one that ended between signing in and the click.
    let device = Device::begin(&house, "tv").await;
    let page = device.signed_in(&mut browser, "friend").await;
    let other_tab = browser.open("/sign-out").await;
    browser.post(&other_tab, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    let answer = browser.submit(&page, "/consent").await;
    assert_eq!(answer.heading(), "Sign in to TV", "{}", answer.text());
    device.is_told(&house, "authorization_pending").await;
}

#[tokio::test]
async fn req_107_tokens_of_a_device_end_with_what_they_hang_on() {
    let house = house().await;
    let mut browser = house.browser();
    // Without offline_access they end with the session, as those of any other client.
    let device = Device::asking(&house, "cli", &[("scope", "openid profile")]).await;
    device.allowed(&mut browser, "friend").await;
    let tokens = device.tokens().await;
    assert_eq!(tokens.0.get("refresh_token"), None);
    let offline = Device::begin(&house, "tv").await;
    let page = type_code(&mut browser, offline.user_code()).await;
    browser.submit(&page, "/consent").await;
    let kept = offline.tokens().await;
    let claims = offline.client.id_claims(&kept.id_token()).await;
    let same = device.client.id_claims(&tokens.id_token()).await;
    assert_eq!(claims["sid"], same["sid"], "one browser session approved both");
    device.client.userinfo(&tokens.access_token()).await.expect(200);

    let page = browser.open("/sign-out").await;
    browser.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    device.client.userinfo(&tokens.access_token()).await.expect(401);
    offline.client.userinfo(&kept.access_token()).await.expect(200);
    offline.client.refresh(&kept.refresh_token()).await.expect(200);
    house.end_access("friend").await;
    offline.client.userinfo(&kept.access_token()).await.expect(401);
}

#[tokio::test]
async fn req_107_the_client_of_a_device_is_told_of_the_sign_out() {
    let wants = "backchannel_logout_uri = \"https://photos.example.org/bye\"";
    let house = setup().client("photos", wants).start().await;
    let (device, mut browser) = (Device::begin(&house, "photos").await, house.browser());
    device.allowed(&mut browser, "friend").await;
    device.tokens().await;
    let page = browser.open("/sign-out").await;
    browser.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    let due = house.app().store.take_due_logouts(house.now(), 10).await.unwrap();
    let told: Vec<_> = due.iter().map(|notice| notice.client_id.as_str()).collect();
    assert_eq!(told, ["photos"]);
}

#[tokio::test]
async fn req_107_people_are_called_as_everywhere_else() {
    let pairwise = "subject_type = \"pairwise\"\nsector = \"cli\"";
    let house = setup().client("cli", pairwise).start().await;
    let (device, mut browser) = (Device::begin(&house, "cli").await, house.browser());
    let page = device.signed_in(&mut browser, "friend").await;
    is_asking(&page, "Allow Command line on your device?");
    assert!(page.text().contains("a name that stands for your account"), "{}", page.text());
    browser.submit(&page, "/consent").await;
    let tokens = device.tokens().await;
    let claims = device.client.id_claims(&tokens.id_token()).await;
    assert_ne!(claims["sub"], "plex-48151001");
    let userinfo = device.client.userinfo(&tokens.access_token()).await.expect(200).json();
    assert_eq!(userinfo["sub"], claims["sub"]);
    let poll = [("grant_type", DEVICE_CODE), ("device_code", device.device_code()), ("scope", "groups")];
    is_error(&device.client.token(&poll).await, "invalid_grant");
}
