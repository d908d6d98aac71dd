//! RP-initiated logout.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc::config::schema::LONGEST_TOKEN_LIFE;
use plex_oidc::keys::{from_rows, rotated_keys, to_rows};
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{SigningKey, TYP_ID_TOKEN};
use plex_oidc_core::time::Seconds;
use serde_json::Value;
use url::Url;

use super::{BYE, end_session, silently, with_ways_back};
use crate::support::{Answer, Browser, House, RelyingParty, Setup, Tokens, post_form};

const STATE: &str = "a b&c=d/ü\"<>+%41";

async fn signed_in() -> (House, RelyingParty, Browser, Tokens) {
    signed_in_at(with_ways_back()).await
}

async fn signed_in_at(setup: Setup) -> (House, RelyingParty, Browser, Tokens) {
    let house = setup.start().await;
    let photos = house.relying_party("photos");
    let (mut browser, asked) = (house.browser(), photos.authorization().with("scope", "openid"));
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let tokens = photos.tokens(&asked, &landing).await;
    (house, photos, browser, tokens)
}

/// A page that asks, and does not lead away.
#[track_caller]
fn asks(answer: &Answer) {
    assert!(answer.stays(), "{answer:?}");
    assert_eq!((answer.status, answer.heading().as_str()), (200, "Sign out?"), "{answer:?}");
}

fn pairs(url: &Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn req_114_117_118_a_hint_of_the_current_session_ends_it_at_once() {
    let (house, photos, mut browser, tokens) = signed_in().await;
    let cookie = browser.cookies.clone();
    let id_token = tokens.id_token();
    let asked = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE), ("state", STATE)];
    let answer = browser.get(&end_session(&asked)).await.expect(303);
    let landed = answer.leaves().url;
    assert_eq!(landed[..url::Position::AfterPath], BYE[..BYE.find('?').unwrap()]);
    let expected = [("from", "attic"), ("state", STATE)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(pairs(&landed), expected, "the state, byte for byte, and nothing else");
    assert_eq!(browser.session(), None);

    // The old cookie opens nothing, and the tokens of this session are dead.
    browser.cookies = cookie;
    assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
    photos.userinfo(&tokens.access_token()).await.expect(401);

    // A second time there is nothing to end, and the client gets its visitor back all the same; by POST as well, and
    // without a state there is none.
    for request in [&asked[..], &asked[..2]] {
        let landed = house.browser().open(&end_session(request)).await.leaves().url;
        assert_eq!(pairs(&landed).len(), request.len() - 1, "{landed}");
        // Posted from elsewhere, it is turned into an address, which holds no ID token.
        let mut elsewhere = house.browser();
        let hop = elsewhere.send(post_form("/end-session", request)).await.expect(303);
        let address = hop.location().unwrap();
        assert!(address.starts_with("/end-session?") && !address.contains(&*id_token), "{hop:?}");
        let landed = elsewhere.open(address).await.leaves().url;
        assert_eq!(pairs(&landed).len(), request.len() - 1, "{landed}");
        let of_another = address.replace("client_id=photos", "client_id=wiki");
        assert!(elsewhere.open(&of_another).await.stays(), "vouched for one client is not for another");
    }
}

#[tokio::test]
async fn req_117_a_state_of_128_characters_and_none_at_all() {
    for state in [Some("s".repeat(128)), None] {
        let (_house, _, mut browser, tokens) = signed_in().await;
        let id_token = tokens.id_token();
        let mut asked = vec![("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE)];
        asked.extend(state.as_deref().map(|state| ("state", state)));
        let location = browser.get(&end_session(&asked)).await.expect(303);
        let expected = state.map_or_else(|| BYE.to_owned(), |state| format!("{BYE}&state={state}"));
        assert_eq!(location.location(), Some(&*expected));
    }
}

#[tokio::test]
async fn req_114_without_a_hint_nothing_ends_before_the_visitor_says_so() {
    let (_house, photos, mut browser, _) = signed_in().await;
    for asked in [
        vec![],
        vec![("state", "x")],
        vec![("client_id", "photos")],
        vec![("client_id", "photos"), ("post_logout_redirect_uri", BYE)],
        vec![("post_logout_redirect_uri", BYE), ("state", "x")],
        vec![("logout_hint", "mara"), ("ui_locales", "en")],
    ] {
        asks(&browser.open(&end_session(&asked)).await);
        assert_eq!(silently(&mut browser, &photos).await, None, "still signed in after {asked:?}");
    }
    // A form of another site comes without the cookie; that nobody is signed in is not said then.
    let cookies = std::mem::take(&mut browser.cookies);
    let hop = browser.send(post_form("/end-session", &[("client_id", "photos")])).await.expect(303);
    assert_eq!(hop.location(), Some("/end-session?client_id=photos"));
    browser.cookies = cookies;
    asks(&browser.open(hop.location().unwrap()).await);

    let page = browser.open(&end_session(&[])).await;
    let out = browser.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    assert_eq!((out.heading().as_str(), out.stays()), ("You are signed out", true));
    assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
    let again =
        browser.open(&end_session(&[("client_id", "photos"), ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!((again.heading().as_str(), again.stays()), ("You are signed out", true), "nobody to confirm");
}

#[tokio::test]
async fn req_115_client_id_and_confirmation_lead_back_too() {
    let (_house, photos, mut browser, _) = signed_in().await;
    let asked = [("client_id", "photos"), ("post_logout_redirect_uri", BYE), ("state", STATE)];
    let page = browser.open(&end_session(&asked)).await;
    asks(&page);
    assert!(page.text().contains("You then go back to Photos"), "{}", page.text());
    let stays = browser.post(&page, "/sign-out", &[("answer", "stay")]).await.expect(200);
    assert_eq!((stays.heading().as_str(), stays.stays()), ("You are signed in", true));
    let out = browser.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    assert_eq!(pairs(&out.leaves().url)[1], ("state".to_owned(), STATE.to_owned()));
    assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
}

#[tokio::test]
async fn req_115_a_form_that_was_tampered_with_leads_nowhere() {
    for (name, value) in [
        ("post_logout_redirect_uri", "https://evil.example/"),
        ("post_logout_redirect_uri", "https://photos.example.org/bye?from=attic&more"),
        ("client_id", "wiki"),
        ("client_id", ""),
    ] {
        let (_house, _, mut browser, _) = signed_in().await;
        let asked = [("client_id", "photos"), ("post_logout_redirect_uri", BYE)];
        let form = browser.open(&end_session(&asked)).await.form("/sign-out");
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        for field in fields.iter_mut().filter(|(found, _)| *found == name) {
            field.1 = value;
        }
        let out = browser.send_own(post_form("/sign-out", &fields)).await.expect(200);
        assert_eq!((out.heading().as_str(), out.stays()), ("You are signed out", true), "{name}={value}");
    }
}

/// An ID token without a signature, one that says it is signed with a secret, one with another issuer, and one by another
/// key.
fn forged(good: &str) -> [String; 4] {
    let [header, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let encode = |value: &str| URL_SAFE_NO_PAD.encode(value);
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let (stranger, _) = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let foreign = stranger.sign(TYP_ID_TOKEN, &claims).unwrap();
    claims["iss"] = "https://evil.example".into();
    [
        format!("{}.{payload}.", encode(r#"{"alg":"none"}"#)),
        format!("{}.{payload}.{signature}", encode(r#"{"alg":"HS256","typ":"JWT"}"#)),
        format!("{header}.{}.{signature}", encode(&claims.to_string())),
        foreign,
    ]
}

#[tokio::test]
async fn req_115_116_whatever_is_doubtful_asks_and_never_leads_away() {
    let house = with_ways_back()
        .client("gone", "post_logout_redirect_uris = [\"https://gone.example.org/bye\"]\nenabled = false")
        .start()
        .await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let (_, of_wiki) = house.sign_in("friend", &house.relying_party("wiki")).await;
    let (good, of_wiki) = (tokens.id_token(), of_wiki.id_token());
    let ([unsigned, by_secret, changed, foreign], cut) = (forged(&good), &good[..good.len() - 8]);
    let (hint, back) = (|hint| ("id_token_hint", hint), |uri| ("post_logout_redirect_uri", uri));
    let long = "s".repeat(4097);
    let all: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("no signature", vec![hint(&*unsigned), back(BYE)]),
        ("a secret-key algorithm", vec![hint(&*by_secret), back(BYE)]),
        ("another issuer", vec![hint(&*changed), back(BYE)]),
        ("a signature cut short", vec![hint(cut), back(BYE)]),
        ("the key of somebody else", vec![hint(&*foreign), back(BYE)]),
        ("no token at all", vec![hint("x"), back(BYE)]),
        ("an access token", vec![hint("pat_x"), back(BYE)]),
        ("another client's hint", vec![hint(&*of_wiki), ("client_id", "photos"), back(BYE)]),
        ("another client's address", vec![hint(&*good), back("https://wiki.example.org/bye")]),
        ("an added query", vec![hint(&*good), back("https://photos.example.org/bye?from=attic&a=b")]),
        ("a redirect URI", vec![hint(&*good), back(&photos.redirect_uri)]),
        ("an unknown client", vec![("client_id", "nobody"), back(BYE)]),
        ("a disabled client", vec![("client_id", "gone"), back("https://gone.example.org/bye")]),
        ("an application of the gateway", vec![("client_id", "app:wiki"), back(BYE)]),
        ("the address alone", vec![back(BYE)]),
        ("two addresses", vec![hint(&*good), back(BYE), back("https://evil.example/")]),
        ("two hints", vec![hint(&*good), hint(&*good), back(BYE)]),
        ("a state too long", vec![hint(&*good), back(BYE), ("state", &*long)]),
        ("a state that cannot come back", vec![hint(&*good), back(BYE), ("state", "a\r\nb")]),
    ];
    for (what, request) in &all {
        let answer = browser.open(&end_session(request)).await;
        asks(&answer);
        assert!(!answer.body.contains("evil.example"), "{what}");
        assert_eq!(
            answer.form("/sign-out").fields.len(),
            1,
            "{what}: nothing but the token goes with the form"
        );
        assert!(answer.text().contains("For whoever runs the app"), "{what}");
        assert_eq!(silently(&mut browser, &photos).await, None, "{what}: still signed in");
        // Neither by a form, from elsewhere and without a cookie, nor where nobody is signed in.
        let mut blind = house.browser();
        let hop = blind.send(post_form("/end-session", request)).await.expect(303);
        assert_eq!(hop.location(), Some("/sign-out"), "{what}");
        let nobody = blind.open(&end_session(request)).await.expect(200);
        assert!(nobody.stays() && nobody.heading() == "You are signed out", "{what}: {nobody:?}");
    }
    let posted = browser.send(post_form("/end-session", &all[0].1)).await;
    asks(&posted);
}

#[tokio::test]
async fn req_116_an_expired_hint_counts_and_so_does_one_by_a_retired_key() {
    let (mut house, photos, mut browser, tokens) = signed_in().await;
    house.pass(Seconds::hours(2));
    // The keys take turns: the one that signed is retired.
    let app = house.app();
    let stored = from_rows(app.store.signing_keys().await.unwrap()).unwrap();
    let (keys, _) = rotated_keys(&stored, &app.seal, house.now(), LONGEST_TOKEN_LIFE).unwrap();
    let expected = stored.into_iter().map(|key| key.kid).collect();
    app.store.replace_signing_keys(expected, to_rows(keys)).await.unwrap();
    house.restart().await;
    let kid = jsonwebtoken::decode_header(tokens.id_token()).unwrap().kid.unwrap();
    let keys = house.app().keys.ring();
    assert_ne!(
        keys.signing_key(SigningAlgorithm::Rs256).kid(),
        kid,
        "the key that signed is not the active one any more"
    );
    let id_token = tokens.id_token();
    let asked = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE)];
    assert_eq!(browser.get(&end_session(&asked)).await.expect(303).location(), Some(BYE));
    assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
}

#[tokio::test]
async fn req_114_a_hint_of_another_session_asks_about_the_one_that_is_here() {
    let (house, photos, mut here, _) = signed_in().await;
    let (mut elsewhere, tokens) = house.sign_in("friend", &photos).await;
    let id_token = tokens.id_token();
    let asked = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE)];
    let page = here.open(&end_session(&asked)).await;
    asks(&page);
    assert_eq!(silently(&mut here, &photos).await, None);
    let out = here.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    assert_eq!(out.leaves().url.as_str(), BYE);
    assert_eq!(silently(&mut here, &photos).await.as_deref(), Some("login_required"));
    assert_eq!(silently(&mut elsewhere, &photos).await, None, "the other browser was not asked");
}

#[tokio::test]
async fn req_118_a_form_from_elsewhere_ends_its_own_session_and_asks_about_the_one_that_is_here() {
    let (house, photos, mut here, _) = signed_in().await;
    let (mut elsewhere, tokens) = house.sign_in("friend", &photos).await;
    let cookies = std::mem::take(&mut here.cookies);
    let id_token = tokens.id_token();
    let hop = here.send(post_form("/end-session", &[("id_token_hint", &id_token)])).await.expect(303);
    here.cookies = cookies;
    asks(&here.open(hop.location().unwrap()).await);
    assert_eq!(silently(&mut elsewhere, &photos).await.as_deref(), Some("login_required"));
    assert_eq!(silently(&mut here, &photos).await, None, "asked, and not signed out");
}

#[tokio::test]
async fn req_118_the_session_ends_when_the_cookie_is_missing_too() {
    for (by_form, subjects) in [(true, "public"), (false, "public"), (true, "pairwise"), (false, "pairwise")]
    {
        let setup = with_ways_back().client("photos", &format!("subject_type = \"{subjects}\""));
        let (_house, photos, mut browser, tokens) = signed_in_at(setup).await;
        let cookies = std::mem::take(&mut browser.cookies);
        let id_token = tokens.id_token();
        let asked = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE)];
        let answer = if by_form {
            browser.send(post_form("/end-session", &asked)).await
        } else {
            browser.get(&end_session(&asked)).await
        };
        let mut location = answer.expect(303).location().unwrap().to_owned();
        if by_form {
            location = browser.get(&location).await.expect(303).location().unwrap().to_owned();
        }
        assert_eq!(location, BYE);
        browser.cookies = cookies;
        assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
        photos.userinfo(&tokens.access_token()).await.expect(401);
    }
}

#[tokio::test]
async fn req_118_codes_end_with_the_session_and_offline_access_goes_on() {
    let (_house, photos, mut browser, tokens) = signed_in().await;
    let offline = photos.authorization().with("scope", "openid offline_access");
    let landing = browser.get(&offline.url()).await.leaves();
    let kept = photos.tokens(&offline, &landing).await;
    let unredeemed = photos.authorization();
    let code = browser.open(&unredeemed.url()).await.leaves();
    let id_token = tokens.id_token();
    browser.get(&end_session(&[("id_token_hint", &id_token)])).await.expect(200);
    photos.redeem(&unredeemed, code.code()).await.expect(400);
    photos.refresh(&kept.refresh_token()).await.expect(200);
}
