//! What a device is told that asks again and again (RFC 8628 s. 3.4 and s. 3.5).

use futures_util::future::join_all;
use plex_oidc_core::time::Seconds;

use super::{DEVICE_CODE, Device, house, is_error, type_code};

#[tokio::test]
async fn req_104_a_device_waits_and_is_slowed_down() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    is_error(&device.poll().await, "authorization_pending");
    for _ in 0..3 {
        device.is_told(&house, "authorization_pending").await;
    }
    for _ in 0..3 {
        house.pass(Seconds(1));
        is_error(&device.poll().await, "slow_down");
    }
    // Five seconds more each time: the interval is twenty now, and this poll is too early as well.
    device.is_told(&house, "slow_down").await;
    house.pass(Seconds(25));
    is_error(&device.poll().await, "authorization_pending");
    house.pass(Seconds(24));
    is_error(&device.poll().await, "slow_down");
    // Who has the answer gets it at once.
    device.allowed(&mut house.browser(), "friend").await;
    device.tokens().await;
}

#[tokio::test]
async fn req_104_the_interval_survives_a_restart() {
    let mut house = house().await;
    let device = Device::begin(&house, "tv").await;
    is_error(&device.poll().await, "authorization_pending");
    is_error(&device.poll().await, "slow_down");
    house.restart().await;
    house.pass(Seconds(9));
    is_error(&device.poll().await, "slow_down");
    house.pass(Seconds(15));
    is_error(&device.poll().await, "authorization_pending");
}

/// Codes that nobody has redeemed do not outlive the service (decision 0008); a device starts over when it is told so.
#[tokio::test]
async fn req_104_an_answer_that_a_restart_took_away_is_over() {
    let mut house = house().await;
    let (device, waiting) = (Device::begin(&house, "tv").await, Device::begin(&house, "tv").await);
    device.allowed(&mut house.browser(), "friend").await;
    house.restart().await;
    is_error(&device.poll().await, "expired_token");
    is_error(&waiting.poll().await, "authorization_pending");
}

#[tokio::test]
async fn req_104_after_ten_minutes_it_is_over() {
    let house = house().await;
    let (device, approved) = (Device::begin(&house, "tv").await, Device::begin(&house, "tv").await);
    let mut browser = house.browser();
    house.pass(Seconds(590));
    is_error(&device.poll().await, "authorization_pending");
    approved.allowed(&mut browser, "friend").await;
    let page = type_code(&mut browser, device.user_code()).await.expect(200);
    house.pass(Seconds(10));
    is_error(&device.poll().await, "expired_token");
    is_error(&approved.poll().await, "expired_token");
    super::is_over(&browser.submit(&page, "/consent").await);
    is_error(&device.poll().await, "expired_token");
    let late = type_code(&mut browser, device.user_code()).await.expect(400);
    assert!(late.text().contains("No device is waiting with this code"), "{}", late.text());
    // For a while it is told so, and then nobody knows it.
    house.pass(Seconds::minutes(31));
    house.app().store.sweep(house.now()).await.unwrap();
    is_error(&device.poll().await, "invalid_grant");
}

#[tokio::test]
async fn req_107_a_device_code_is_its_clients_alone() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    for id in ["cli", "photos"] {
        is_error(&device.poll_as(&house.relying_party(id)).await, "invalid_grant");
    }
    // What others ask is not counted against the device.
    is_error(&device.poll().await, "authorization_pending");
    device.allowed(&mut house.browser(), "friend").await;
    for id in ["cli", "photos"] {
        is_error(&device.poll_as(&house.relying_party(id)).await, "invalid_grant");
    }
    device.tokens().await;
}

#[tokio::test]
async fn req_107_what_is_no_device_code_is_refused() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    device.allowed(&mut house.browser(), "friend").await;
    let (tv, code) = (house.relying_party("tv"), device.device_code().to_owned());
    let cut = &code[..code.len() - 1];
    for wrong in [
        cut,
        &format!("{code}A"),
        &code.to_uppercase(),
        device.user_code(),
        &code.replace("pod_", "poc_"),
        "x",
    ] {
        let poll = [("grant_type", DEVICE_CODE), ("device_code", wrong)];
        is_error(&tv.token(&poll).await, "invalid_grant");
    }
    is_error(&tv.token(&[("grant_type", DEVICE_CODE)]).await, "invalid_request");
    let twice = [("grant_type", DEVICE_CODE), ("device_code", &*code), ("device_code", &*code)];
    is_error(&tv.token(&twice).await, "invalid_request");
    // It is no authorization code, whatever it is called, nor the other way round.
    for disguised in [code.clone(), code.replace("pod_", "poc_")] {
        let as_code = [
            ("grant_type", "authorization_code"),
            ("code", &*disguised),
            ("redirect_uri", "https://auth.example.com/device/done"),
        ];
        is_error(&tv.token(&as_code).await, "invalid_grant");
    }
    device.tokens().await;
}

#[tokio::test]
async fn req_107_of_64_polls_at_once_one_gets_tokens() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    device.allowed(&mut house.browser(), "friend").await;
    let answers = join_all((0..64).map(|_| device.poll())).await;
    let (got, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(got.len(), 1);
    for answer in &others {
        is_error(answer, "invalid_grant");
    }
    let tokens = crate::support::Tokens(got[0].json());
    device.client.userinfo(&tokens.access_token()).await.expect(200);
}

#[tokio::test]
async fn req_107_a_code_that_comes_again_ends_what_it_gave() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    device.allowed(&mut house.browser(), "friend").await;
    let tokens = device.tokens().await;
    house.pass(Seconds(20));
    is_error(&device.poll().await, "invalid_grant");
    device.client.userinfo(&tokens.access_token()).await.expect(200);
    house.pass(Seconds(1));
    is_error(&device.poll_as(&house.relying_party("cli")).await, "invalid_grant");
    device.client.userinfo(&tokens.access_token()).await.expect(200);
    is_error(&device.poll().await, "invalid_grant");
    device.client.userinfo(&tokens.access_token()).await.expect(401);
    is_error(&device.client.refresh(&tokens.refresh_token()).await, "invalid_grant");
}
