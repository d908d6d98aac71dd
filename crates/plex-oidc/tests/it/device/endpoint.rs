//! The device authorization endpoint (RFC 8628 s. 3.1 and s. 3.2).

use http::Method;
use plex_oidc_core::time::Seconds;

use super::{Device, ask, house, is_error, setup};
use crate::support::{ClientAuth, House, ISSUER, get, post_form, secret_of};

#[tokio::test]
async fn req_103_a_device_is_given_two_codes_for_ten_minutes() {
    let house = house().await;
    for id in ["tv", "cli", "photos"] {
        let client = house.relying_party(id);
        let answer = ask(&house, &client, &[("scope", "openid")]).await.expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!(body.as_object().unwrap().len(), 6, "{body}");
        assert_eq!((&body["expires_in"], &body["interval"]), (&600.into(), &5.into()));
        let device_code = body["device_code"].as_str().unwrap();
        assert!(device_code.starts_with("pod_") && device_code.len() == 4 + 43, "256 bits: {device_code}");
        let user_code = body["user_code"].as_str().unwrap();
        let letters: Vec<char> = user_code.chars().filter(|c| *c != '-').collect();
        assert!(user_code.len() == 9 && user_code.as_bytes()[4] == b'-', "{user_code}");
        assert!(
            letters.len() == 8 && letters.iter().all(|c| "BCDFGHJKLMNPQRSTVWXZ".contains(*c)),
            "{user_code}"
        );
        assert_eq!(body["verification_uri"], format!("{ISSUER}/device"));
        assert_eq!(body["verification_uri_complete"], format!("{ISSUER}/device?user_code={user_code}"));
    }
    let (one, other) = (Device::begin(&house, "tv").await, Device::begin(&house, "tv").await);
    assert_ne!(one.device_code(), other.device_code());
    assert_ne!(one.user_code(), other.user_code());
}

#[tokio::test]
async fn req_103_neither_code_is_on_the_disk() {
    let house = house().await;
    let device = Device::begin(&house, "tv").await;
    house.app().store.ping().await.unwrap();
    let disk = house.database_bytes();
    let is_there = |text: &str| disk.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(is_there("openid profile"), "the request is there");
    let (code, plain) = (device.user_code(), device.user_code().replace('-', ""));
    for secret in [device.device_code(), &device.device_code()[4..], code, &plain] {
        assert!(!is_there(secret), "{secret}");
    }
}

#[tokio::test]
async fn req_103_metadata_names_the_endpoint_and_the_grant() {
    let house = House::new().await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let metadata = house.door.get(path).await.expect(200).json();
        assert_eq!(metadata["device_authorization_endpoint"], format!("{ISSUER}/device/authorize"));
        let grants = metadata["grant_types_supported"].as_array().unwrap();
        assert!(grants.contains(&super::DEVICE_CODE.into()), "{grants:?}");
    }
}

#[tokio::test]
async fn req_103_only_a_post_of_a_client_that_may_is_answered() {
    let house = house().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let mut request = get("/device/authorize?client_id=tv&scope=openid");
        *request.method_mut() = method;
        assert_eq!(house.door.send(request).await.expect(405).header("allow"), Some("POST"));
    }
    let scope = [("scope", "openid")];
    let photos = house.relying_party("photos");
    for auth in [ClientAuth::Nothing, ClientAuth::Public, ClientAuth::Basic(secret_of("wiki"))] {
        let answer = ask(&house, &photos.authenticating(auth.clone()), &scope).await;
        assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()), "{auth:?}");
    }
    // Off unless it is written, and then the codes of others are no use either.
    let device = Device::begin(&house, "tv").await;
    for id in ["wiki", "legacy"] {
        let client = house.relying_party(id);
        is_error(&ask(&house, &client, &scope).await, "unauthorized_client");
        is_error(&device.poll_as(&client).await, "unauthorized_client");
    }
    let in_address = post_form("/device/authorize?client_id=tv&scope=openid", &[]);
    is_error(&house.door.send(in_address).await, "invalid_request");
    assert_eq!(house.app().store.sweep(house.now().plus(Seconds::days(1))).await.unwrap().device_requests, 1);
}

#[tokio::test]
async fn req_103_a_client_for_devices_alone_has_no_other_way() {
    let house = house().await;
    let (cli, mut browser) = (house.relying_party("cli"), house.browser());
    let page = browser.get(&cli.authorization().url()).await.expect(400);
    assert_eq!(page.heading(), "This link doesn’t work");
    assert_eq!(cli.push(&cli.authorization()).await.expect(400).json()["error"], "invalid_request");
    let code = [("grant_type", "authorization_code"), ("code", "poc_x"), ("redirect_uri", "x")];
    is_error(&cli.token(&code).await, "unauthorized_client");
}

#[tokio::test]
async fn req_107_scopes_and_resources_are_those_of_the_client() {
    let api = "resources = [\"https://api.example\", \"https://other.example\"]";
    let narrow = format!("scopes = [\"openid\", \"email\"]\n{api}");
    let house = setup().client("tv", &narrow).start().await;
    let tv = house.relying_party("tv");
    for (fields, error) in [
        (vec![], "invalid_scope"),
        (vec![("scope", "")], "invalid_scope"),
        (vec![("scope", "groups payments")], "invalid_scope"),
        (vec![("scope", "openid"), ("scope", "email")], "invalid_request"),
        (vec![("scope", "openid"), ("client_id", "tv"), ("client_id", "tv")], "invalid_request"),
        (vec![("scope", "openid"), ("resource", "https://evil.example")], "invalid_target"),
        (vec![("scope", "openid"), ("resource", "https://api.example#x")], "invalid_target"),
    ] {
        let answer = if fields.iter().any(|(name, _)| *name == "client_id") {
            house.door.send(post_form("/device/authorize", &fields)).await
        } else {
            ask(&house, &tv, &fields).await
        };
        is_error(&answer, error);
    }
    let wide = [("scope", "openid email groups payments"), ("resource", "https://api.example")];
    let device = Device::asking(&house, "tv", &wide).await;
    device.allowed(&mut house.browser(), "friend").await;
    let wider = [
        ("grant_type", super::DEVICE_CODE),
        ("device_code", device.device_code()),
        ("resource", "https://other.example"),
    ];
    is_error(&tv.token(&wider).await, "invalid_target");
    let tokens = device.tokens().await;
    assert_eq!(tokens.0["scope"], "openid email");
    // For that resource alone, which UserInfo is not.
    tv.userinfo(&tokens.access_token()).await.expect(401);
}

#[tokio::test]
async fn req_107_nobody_can_fill_the_disk_with_devices() {
    let house = setup().set("limits", "sign_in_starts_per_address = 2").start().await;
    for id in ["tv", "photos"] {
        let client = house.relying_party(id);
        let mut limited = None;
        for _ in 0..20 {
            let answer = ask(&house, &client, &[("scope", "openid")]).await;
            limited = limited.or(Some(answer).filter(|answer| answer.status != 200));
        }
        let limited = limited.expect("a limit");
        assert_eq!((limited.status, &limited.json()["error"]), (429, &"temporarily_unavailable".into()));
        assert!(limited.header("retry-after").is_some());
    }
    let count = house.app().store.sweep(house.now().plus(Seconds::days(1))).await.unwrap();
    assert!(count.device_requests <= 12, "{count:?}");
}

#[tokio::test]
async fn a_client_that_is_off_gets_no_codes() {
    let house = setup().client("tv", "enabled = false").start().await;
    let answer = ask(&house, &house.relying_party("tv"), &[("scope", "openid")]).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()));
}
