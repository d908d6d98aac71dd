//! The `claims` parameter (requirement 73) and what `acr_values` gets.

use serde_json::{Value, json};

use crate::support::{Authorization, House, Landing, RelyingParty, Setup};

const FRIEND: &str = "plex-48151001";

fn asking(relying_party: &RelyingParty, scope: &str, claims: &Value) -> Authorization {
    relying_party.authorization().with("scope", scope).with("claims", &claims.to_string())
}

/// The claims of the ID token and of UserInfo.
async fn told(relying_party: &RelyingParty, asked: &Authorization, landing: &Landing) -> [Value; 2] {
    let tokens = relying_party.tokens(asked, landing).await;
    let userinfo = relying_party.userinfo(&tokens.access_token()).await.expect(200).json();
    [relying_party.id_claims(&tokens.id_token()).await, userinfo]
}

#[track_caller]
fn has(claims: &Value, names: &[&str]) {
    for name in ["name", "preferred_username", "picture", "email", "email_verified", "groups", "plex_token"] {
        assert_eq!(claims.get(name).is_some(), names.contains(&name), "{name} in {claims}");
    }
}

#[tokio::test]
async fn req_073_single_claims_go_where_they_were_asked_for() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let claims = json!({
        "userinfo": {"name": {"essential": true}, "given_name": {"essential": true}, "plex_token": null},
        "id_token": {"email": null, "auth_time": {"essential": true}, "http://example.com/x": null},
    });
    let asked = asking(&photos, "openid", &claims);
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let [id_token, userinfo] = told(&photos, &asked, &landing).await;
    has(&id_token, &["email"]);
    has(&userinfo, &["name"]);
    assert_eq!((&id_token["email"], &userinfo["name"]), (&"mara@example.net".into(), &"Mara".into()));
    assert!(id_token["auth_time"].is_number());
    assert_eq!(userinfo["sub"], id_token["sub"]);
    // The next request asks for nothing, and gets nothing.
    let asked = photos.authorization().with("scope", "openid groups");
    let landing = browser.get(&asked.url()).await.leaves();
    let [id_token, userinfo] = told(&photos, &asked, &landing).await;
    has(&id_token, &[]);
    has(&userinfo, &["groups"]);
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["claims_parameter_supported"], true);
}

#[tokio::test]
async fn req_073_nothing_beyond_the_scopes_of_the_client_now_or_later() {
    let scopes = r#"scopes = ["openid", "email", "offline_access"]"#;
    let mut house = Setup::default().client("photos", scopes).start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let all = json!({"name": null, "groups": {"essential": true}, "email": null, "picture": null});
    let asked = asking(&photos, "openid offline_access", &json!({"userinfo": all, "id_token": all}));
    let tokens = photos.tokens(&asked, &browser.sign_in(&asked.url(), "friend").await).await;
    has(&photos.id_claims(&tokens.id_token()).await, &["email"]);
    has(&photos.userinfo(&tokens.access_token()).await.expect(200).json(), &["email"]);
    house.restart_with(|setup| setup.client("photos", r#"scopes = ["openid", "offline_access"]"#)).await;
    has(&photos.userinfo(&tokens.access_token()).await.expect(200).json(), &[]);
    let next = photos.refresh(&tokens.refresh_token()).await.expect(200).json();
    has(&photos.id_claims(next["id_token"].as_str().unwrap()).await, &[]);
}

#[tokio::test]
async fn req_073_refreshed_tokens_tell_the_same_and_narrowed_ones_less() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let claims = json!({"userinfo": {"name": null}, "id_token": {"groups": null}});
    let asked = asking(&photos, "openid email offline_access", &claims);
    let tokens = photos.tokens(&asked, &browser.sign_in(&asked.url(), "friend").await).await;
    let refresh = tokens.refresh_token();
    let next = photos.refresh(&refresh).await.expect(200).json();
    has(&photos.id_claims(next["id_token"].as_str().unwrap()).await, &["groups"]);
    let userinfo = photos.userinfo(next["access_token"].as_str().unwrap()).await.expect(200).json();
    has(&userinfo, &["name", "email", "email_verified"]);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("scope", "openid email")];
    let narrow = photos.token(&fields).await.expect(200).json();
    let userinfo = photos.userinfo(narrow["access_token"].as_str().unwrap()).await.expect(200).json();
    has(&userinfo, &["email", "email_verified"]);
}

#[tokio::test]
async fn req_073_what_cannot_be_read_is_an_error_and_the_program_lives() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let deep = format!("{{\"userinfo\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    let twice = "{\"userinfo\":{\"name\":null,\"name\":{\"essential\":true}}}";
    for bad in
        ["x", "[]", "null", "{\"userinfo\":1}", "{\"id_token\":{\"name\":true}}", twice, &deep, "{} {}"]
    {
        let asked = photos.authorization().with("claims", bad);
        assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), "invalid_request", "{bad:.60}");
    }
    let bomb = photos.authorization().with("claims", &"[".repeat(10_000));
    assert_eq!(bomb.error(&browser.send(bomb.post()).await.leaves()), "invalid_request");
    let asked = asking(&photos, "openid", &json!({"more": 1, "userinfo": null}));
    browser.sign_in(&asked.url(), "friend").await.code();
}

#[tokio::test]
async fn req_073_sub_with_a_value_is_that_person_or_nobody() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let about = |sub: &str| asking(&photos, "openid", &json!({"id_token": {"sub": {"value": sub}}}));
    let asked = about(FRIEND).with("prompt", "none");
    assert_eq!(photos.claims(&asked, &browser.get(&asked.url()).await.leaves()).await["sub"], FRIEND);
    for sub in ["plex-48151004", "somebody"] {
        let asked = about(sub).with("prompt", "none");
        assert_eq!(asked.error(&browser.get(&asked.url()).await.leaves()), "login_required", "{sub}");
    }
    let nobody = about("somebody");
    assert_eq!(nobody.error(&browser.get(&nobody.url()).await.leaves()), "access_denied");
    let asked = about("plex-48151004");
    let page = browser.open(&asked.url()).await.expect(200);
    let wrong = browser.approve_and_finish(&page, "friend").await.expect(200);
    assert!(wrong.stays() && wrong.text().contains("To use another account"), "{}", wrong.text());
    let landing = browser.approve_and_finish(&wrong, "home").await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["sub"], "plex-48151004");
}

#[tokio::test]
async fn req_011_073_acr_is_told_when_asked_and_a_demand_that_cannot_be_met_is_refused() {
    let house = House::new().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let metadata = house.door.get("/.well-known/openid-configuration").await.json();
    let ours = metadata["acr_values_supported"][0].as_str().unwrap();
    let asked = photos.authorization().with("acr_values", &format!("urn:example:silver {ours}"));
    let landing = browser.sign_in(&asked.url(), "friend").await;
    assert_eq!(photos.claims(&asked, &landing).await["acr"], ours);
    let demand = |values: Value| json!({"id_token": {"acr": {"essential": true, "values": values}}});
    let asked = asking(&photos, "openid", &demand(json!(["urn:example:silver", ours])));
    let landing = browser.get(&asked.url()).await.leaves();
    assert_eq!(photos.claims(&asked, &landing).await["acr"], ours);
    let asked = asking(&photos, "openid", &demand(json!(["urn:example:silver"])));
    let error = asked.error(&browser.get(&asked.url()).await.leaves());
    assert_eq!(error, "unmet_authentication_requirements");
    let wish = asking(&photos, "openid", &json!({"id_token": {"acr": {"values": ["urn:example:silver"]}}}));
    let landing = browser.get(&wish.url()).await.leaves();
    assert_eq!(photos.claims(&wish, &landing).await["acr"], ours);
}

#[tokio::test]
async fn req_019_073_consent_is_to_single_claims_too() {
    let house = Setup::default().client("photos", "consent_required = true").start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let plain = photos.authorization().with("scope", "openid");
    let page = browser.sign_in_to_page(&plain.url(), "friend").await;
    browser.submit(&page, "/consent").await.leaves().code();
    let asked = asking(&photos, "openid", &json!({"userinfo": {"email": null}}));
    let silent = asked.clone().with("prompt", "none");
    assert_eq!(silent.error(&browser.get(&silent.url()).await.leaves()), "consent_required");
    let page = browser.open(&asked.url()).await.expect(200);
    assert!(page.text().contains("Your e-mail address"), "{}", page.text());
    let landing = browser.submit(&page, "/consent").await.leaves();
    has(&told(&photos, &asked, &landing).await[1], &["email"]);
    browser.get(&silent.url()).await.leaves().code();
}
