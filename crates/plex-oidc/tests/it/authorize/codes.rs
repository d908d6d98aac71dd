//! The life of an authorization code (requirements 37 to 43).

use plex_oidc::store::records::{GrantsPolicy, SessionName};
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;
use serde_json::Value;

use crate::support::{Answer, Authorization, Browser, ClientAuth, House, RelyingParty, Tokens, secret_of};

/// A browser that has just signed in, and the code that its client got.
async fn code(house: &House, relying_party: &RelyingParty) -> (Browser, Authorization, String) {
    let (mut browser, asked) = (house.browser(), relying_party.authorization());
    let landing = browser.sign_in(&asked.url(), "friend").await;
    (browser, asked, landing.code().to_owned())
}

#[track_caller]
fn is_invalid_grant(answer: Answer) -> Value {
    let body = answer.expect(400).json();
    assert_eq!(body["error"], "invalid_grant");
    body
}

#[tokio::test]
async fn req_037_a_code_lives_a_minute() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, asked, in_time) = code(&house, &photos).await;
    house.pass(Seconds(59));
    photos.redeem(&asked, &in_time).await.expect(200);
    let (_, asked, late) = code(&house, &photos).await;
    house.pass(Seconds(60));
    is_invalid_grant(photos.redeem(&asked, &late).await);
}

#[tokio::test]
async fn req_037_the_database_holds_no_usable_code_token_or_cookie() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (browser, tokens) = house.sign_in("friend", &photos).await;
    let (waiting, _, unredeemed) = code(&house, &photos).await;
    assert!(unredeemed.len() >= 22 + 4, "{}", unredeemed.len());
    let database = house.database_bytes();
    let holds = |text: &str| database.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("photos") && holds("mara@example.net"), "the right file is looked at");
    let (session, other) = (browser.session().unwrap(), waiting.session().unwrap());
    for secret in [&unredeemed, &tokens.access_token(), &tokens.refresh_token(), session, other] {
        assert!(!holds(secret) && !holds(&secret[4..]), "{}", &secret[..4]);
    }
    assert!(!holds(&secret_of("photos")));
}

#[tokio::test]
async fn req_038_a_code_is_worthless_to_every_other_client() {
    let house = House::new().await;
    let all = ["photos", "wiki", "tv", "legacy"].map(|id| house.relying_party(id));
    for owner in &all {
        let (_, asked, code) = code(&house, owner).await;
        for other in all.iter().filter(|other| other.id != owner.id) {
            let stolen = is_invalid_grant(other.redeem(&asked, &code).await);
            let unknown = is_invalid_grant(other.redeem(&asked, &format!("poc_{}", "A".repeat(43))).await);
            assert_eq!(stolen, unknown, "{} with the code of {}", other.id, owner.id);
            let own_address = asked.clone().with("redirect_uri", &other.redirect_uri);
            is_invalid_grant(other.redeem(&own_address, &code).await);
        }
        owner.redeem(&asked, &code).await.expect(200);
    }
}

#[tokio::test]
async fn req_038_a_client_cannot_speak_for_another() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, asked, code) = code(&house, &photos).await;
    for auth in [
        ClientAuth::Public,
        ClientAuth::Nothing,
        ClientAuth::Basic(secret_of("wiki")),
        ClientAuth::Post(secret_of("photos")),
    ] {
        let answer = photos.authenticating(auth.clone()).redeem(&asked, &code).await;
        assert!(matches!(answer.status, 400 | 401), "{auth:?}: {}", answer.status);
        assert_eq!(answer.json()["error"], "invalid_client", "{auth:?}");
    }
    photos.redeem(&asked, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn req_039_of_64_exchanges_one_gets_tokens() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, asked, code) = code(&house, &photos).await;
    let exchanges = (0..64).map(|_| {
        let (photos, asked, code) = (photos.clone(), asked.clone(), code.clone());
        tokio::spawn(async move { photos.redeem(&asked, &code).await })
    });
    let mut won = Vec::new();
    for exchange in exchanges.collect::<Vec<_>>() {
        let answer = exchange.await.unwrap();
        match answer.status {
            200 => won.push(Tokens(answer.json())),
            _ => _ = is_invalid_grant(answer),
        }
    }
    assert_eq!(won.len(), 1);
    photos.userinfo(&won[0].access_token()).await.expect(200);
}

#[tokio::test]
async fn req_040_a_late_replay_ends_what_the_code_gave() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, asked, code) = code(&house, &photos).await;
    let tokens = Tokens(photos.redeem(&asked, &code).await.expect(200).json());
    house.pass(Seconds(30));
    is_invalid_grant(photos.redeem(&asked, &code).await);
    photos.userinfo(&tokens.access_token()).await.expect(401);
    is_invalid_grant(photos.refresh(&tokens.refresh_token()).await);
    browser.get(&photos.authorization().url()).await.leaves().code(); // the person is still signed in
}

#[tokio::test]
async fn req_040_a_double_submit_and_a_thief_without_verifier_end_nothing() {
    let house = House::new().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (_, asked, code) = code(&house, &photos).await;
    let tokens = Tokens(photos.redeem(&asked, &code).await.expect(200).json());
    is_invalid_grant(photos.redeem(&asked, &code).await);
    house.pass(Seconds(30));
    let mut wrong = asked.clone();
    wrong.verifier = asked.verifier.replace("verifier", "Verifier");
    is_invalid_grant(photos.redeem(&wrong, &code).await);
    is_invalid_grant(wiki.redeem(&asked, &code).await);
    photos.userinfo(&tokens.access_token()).await.expect(200);
    photos.refresh(&tokens.refresh_token()).await.expect(200);
}

#[tokio::test]
async fn req_040_without_pkce_any_replay_ends_what_the_code_gave() {
    let house = House::new().await;
    let legacy = house.relying_party("legacy");
    let asked = legacy.authorization().without_pkce();
    let landing = house.browser().sign_in(&asked.url(), "friend").await;
    let tokens = legacy.tokens(&asked, &landing).await;
    is_invalid_grant(legacy.redeem(&asked, landing.code()).await);
    legacy.userinfo(&tokens.access_token()).await.expect(401);
}

#[tokio::test]
async fn req_041_three_failures_of_its_own_client_burn_a_code() {
    let house = House::new().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (_, asked, first) = code(&house, &photos).await;
    let mut wrong = asked.clone();
    wrong.verifier = asked.verifier.replace("verifier", "Verifier");
    for _ in 0..3 {
        is_invalid_grant(photos.redeem(&wrong, &first).await);
    }
    is_invalid_grant(photos.redeem(&asked, &first).await);
    let (_, asked, second) = code(&house, &photos).await;
    for _ in 0..10 {
        is_invalid_grant(wiki.redeem(&asked, &second).await);
    }
    photos.redeem(&asked, &second).await.expect(200);
}

#[tokio::test]
async fn req_042_the_redirect_uri_must_be_said_again() {
    let house = House::new().await;
    let (photos, tv) = (house.relying_party("photos"), house.relying_party("tv"));
    for (relying_party, other) in
        [(&photos, "https://photos.example.org/callback/"), (&tv, "http://127.0.0.1/callback")]
    {
        let (_, asked, code) = code(&house, relying_party).await;
        is_invalid_grant(relying_party.redeem(&asked.clone().with("redirect_uri", other), &code).await);
        let fields =
            [("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", &*asked.verifier)];
        let error = relying_party.token(&fields).await.expect(400).json();
        assert!(error["error"] == "invalid_grant" || error["error"] == "invalid_request", "{error}");
        relying_party.redeem(&asked, &code).await.expect(200);
    }
}

#[tokio::test]
async fn req_043_what_changed_since_counts() {
    let mut house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, asked, before) = code(&house, &photos).await;
    house.restart_with(|setup| setup.client("photos", "allow = [\"plex-owner\"]")).await;
    is_invalid_grant(photos.redeem(&asked, &before).await);
    house.restart_with(|setup| setup.client("photos", "allow = [\"plex-friend\"]\nenabled = false")).await;
    assert!(matches!(photos.redeem(&asked, &before).await.status, 400 | 401));
    house.restart_with(|setup| setup.client("photos", "enabled = true")).await;
    let (_, asked, after) = code(&house, &photos).await;
    house.end_access("friend").await;
    is_invalid_grant(photos.redeem(&asked, &after).await);
}

#[tokio::test]
async fn req_043_signing_out_ends_a_code_that_was_not_fetched() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (mut browser, asked, by_form) = code(&house, &photos).await;
    let page = browser.open("/sign-out").await.expect(200);
    browser.submit(&page, "/sign-out").await.expect(200);
    is_invalid_grant(photos.redeem(&asked, &by_form).await);
    let (browser, asked, at_the_store) = code(&house, &photos).await;
    let session = Secret::parse(SecretKind::BrowserSession, browser.session().unwrap()).unwrap();
    let name = SessionName::Cookie(session.hash());
    house.app().store.end_session(name, GrantsPolicy::KeepOffline, house.now()).await.unwrap();
    is_invalid_grant(photos.redeem(&asked, &at_the_store).await);
}
