//! What is good once is good once, whoever comes at the same moment (I-06).

use std::collections::BTreeSet;

use plex_oidc::flow::watch::watch;
use plex_oidc::store::records::AdoptedPin;
use plex_oidc_core::audit::What;
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::id::RequestId;
use plex_oidc_core::jose::SigningKey;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::support::{ISSUER, get, post_form};

/// So many come at once.
const AT_ONCE: usize = 64;

/// Does it so often at once, each in a task of its own, and says how often it worked.
async fn worked<F>(act: impl Fn() -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let tries: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(act())).collect();
    let mut worked = 0;
    for tried in tries {
        worked += usize::from(tried.await.unwrap());
    }
    worked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_code_and_one_handover_are_taken() {
    let house = setup().start().await;
    let (photos, mut browser) = (house.relying_party("photos"), house.browser());
    let asked = photos.authorization();
    let landing = browser.sign_in(&asked.url(), "friend").await;
    let redeemed = worked(|| {
        let (photos, asked, code) = (photos.clone(), asked.clone(), landing.code().to_owned());
        async move { photos.redeem(&asked, &code).await.status == 200 }
    });
    assert_eq!(redeemed.await, 1, "authorization codes");

    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let landing = visitor.hand_over(&proxy, LOUNGE, "friend").await;
    let let_in = worked(|| {
        let (proxy, mut visitor, url) = (proxy.clone(), visitor.clone(), landing.url.to_string());
        async move { !visitor.page(&proxy, &url).await.set_cookies().is_empty() }
    });
    assert_eq!(let_in.await, 1, "hand-overs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_sign_ins_at_once_one_adopts_a_pin_and_one_gets_the_code() {
    let house = setup().start().await;
    let photos = house.relying_party("photos");
    let mut pages = Vec::new();
    for _ in 0..AT_ONCE {
        let mut browser = house.browser();
        let page = browser.open(&photos.authorization().url()).await.expect(200);
        pages.push((browser, page));
    }
    let pin = pages[0].0.make_pin(&pages[0].1).await.unwrap();
    let offers: Vec<_> = pages
        .into_iter()
        .map(|(mut browser, page)| {
            let pin = pin.clone();
            tokio::spawn(async move {
                let status = browser.offer(&page, &pin, "popup").await.status;
                (status == 200).then_some((browser, page))
            })
        })
        .collect();
    let mut adopted = Vec::new();
    for offered in offers {
        adopted.extend(offered.await.unwrap());
    }
    let [(browser, page)] = &adopted[..] else { panic!("{} adopted it", adopted.len()) };

    // The one comes back 64 times at once: tabs, reloads, a double click.
    house.plex.approve(&pin.code, "friend");
    let back = format!("/sign-in/{}/return", page.attempt());
    let tries = (0..AT_ONCE).map(|_| {
        let (mut browser, back) = (browser.clone(), back.clone());
        tokio::spawn(async move { browser.open(&back).await })
    });
    let mut codes = BTreeSet::new();
    for answer in tries.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        if !answer.stays() {
            codes.insert(answer.leaves().code().to_owned());
        }
    }
    assert_eq!(codes.len(), 1, "codes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_consent_gives_a_code() {
    let house = setup().client("wiki", "consent_required = true").start().await;
    let wiki = house.relying_party("wiki");
    let mut browser = house.browser();
    let page = browser.open(&wiki.authorization().url()).await.expect(200);
    let consent = browser.approve_and_finish(&page, "friend").await.expect(200);
    let tries = (0..AT_ONCE).map(|_| {
        let (mut browser, consent) = (browser.clone(), consent.clone());
        tokio::spawn(async move { browser.submit(&consent, "/consent").await })
    });
    let mut codes = BTreeSet::new();
    for answer in tries.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        if !answer.stays() {
            codes.insert(answer.leaves().code().to_owned());
        }
    }
    assert_eq!(codes.len(), 1, "codes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_pushed_request_is_entered() {
    let house = setup().start().await;
    let photos = house.relying_party("photos");
    let (browser, _) = house.sign_in("friend", &photos).await;
    let pushed = photos.push(&photos.authorization()).await.expect(201).json();
    let uri = pushed["request_uri"].as_str().unwrap().to_owned();
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", "photos"), ("request_uri", &uri)])
        .finish();
    let entered = worked(|| {
        let (mut browser, url) = (browser.clone(), format!("{ISSUER}/authorize?{query}"));
        async move { browser.get(&url).await.location().is_some_and(|to| to.contains("code=")) }
    });
    assert_eq!(entered.await, 1, "pushed requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_device_gets_tokens() {
    let both = "grant_types = [\"authorization_code\", \"device_code\"]";
    let house = setup().client("tv", both).start().await;
    let tv = house.relying_party("tv");
    let asked =
        house.door.send(tv.request("/device/authorize", &[("scope", "openid")])).await.expect(200).json();
    let mut browser = house.browser();
    let page = browser.open("/device").await.expect(200);
    let typed = browser.post(&page, "/device", &[("user_code", asked["user_code"].as_str().unwrap())]).await;
    let page = browser.open(typed.location().unwrap()).await.expect(200);
    let consent = browser.approve_and_finish(&page, "friend").await.expect(200);
    browser.submit(&consent, "/consent").await.expect(200);
    house.pass(Seconds(10));
    let got = worked(|| {
        let (tv, code) = (tv.clone(), asked["device_code"].as_str().unwrap().to_owned());
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        async move { tv.token(&[("grant_type", grant), ("device_code", &code)]).await.status == 200 }
    });
    assert_eq!(got.await, 1, "device codes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_assertion_of_a_client_is_believed() {
    let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap().0;
    let keys = json!({ "keys": [key.public_jwk()] }).to_string();
    let signs = "auth_method = \"private_key_jwt\"\njwks_file = \"backup.jwks\"\ngrant_types = \"client_credentials\"";
    let house = setup().client("backup", signs).file("backup.jwks", &keys).start().await;
    let now = house.now().0;
    let claims =
        json!({"iss": "backup", "sub": "backup", "aud": ISSUER, "jti": "once", "iat": now, "exp": now + 60});
    let assertion = key.sign("JWT", &claims).unwrap();
    let believed = worked(|| {
        let (door, assertion) = (house.door.clone(), assertion.clone());
        async move {
            let fields = [
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &*assertion),
                ("grant_type", "client_credentials"),
            ];
            door.send(post_form("/token", &fields)).await.status == 200
        }
    });
    assert_eq!(believed.await, 1, "assertions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_link_opens_the_hosts_page() {
    let house = setup().start().await;
    let link = plex_oidc_core::secret::SecretKind::AdminLink;
    let secret = house.app().entropy.secret(link);
    let expires = house.now().plus(Seconds::minutes(10));
    let put = plex_oidc::store::records::AdminLink { hash: secret.hash(), expires };
    house.app().store.put_admin_link(put).await.unwrap();
    let browsers: Vec<_> = (0..AT_ONCE).map(|_| house.browser()).collect();
    let tries = browsers.into_iter().map(|mut browser| {
        let secret = secret.expose().to_owned();
        tokio::spawn(async move {
            browser.send_own(post_form("/admin/enter", &[("link", &secret)])).await.status == 303
        })
    });
    let mut opened = 0;
    for tried in tries.collect::<Vec<_>>() {
        opened += usize::from(tried.await.unwrap());
    }
    assert_eq!(opened, 1, "links");
}

/// Signing out twice at once is signing out; what the first ended is not ended again, and each client is told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_06_of_64_at_once_one_sign_out_is_written_down() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let page = friend.browser.open("/end-session").await.expect(200);
    let done = worked(|| {
        let (mut browser, page) = (friend.browser.clone(), page.clone());
        async move { browser.submit(&page, "/sign-out").await.status < 500 }
    });
    assert_eq!(done.await, AT_ONCE, "everybody is told that it is over");
    let wanted = plex_oidc::store::records::EventsWanted { most: 100, ..Default::default() };
    let events = house.app().store.events(wanted).await.unwrap();
    let ends = events.iter().filter(|found| found.event.what == What::SignedOut).count();
    assert_eq!(ends, 1, "{events:?}");
    let silent = friend.photos.authorization().with("prompt", "none");
    assert_eq!(friend.browser.get(&silent.url()).await.leaves().error(), "login_required");
}

/// Whoever begins sign-ins by the thousand is bounded (I-22): so many are polled, and everybody else waits for a reload. How much memory
/// that takes, and how long the gateway, is measured: `bench/results.md`, "flood".
#[tokio::test]
async fn i_22_two_thousand_attempts_are_polled_and_not_one_more() {
    let house = setup().set("limits", "connections = 10000").start().await;
    let expires = house.now().plus(Seconds::minutes(5));
    let pin = |id| AdoptedPin { id, code: SecretString::from("code"), mode: "popup".to_owned(), expires };
    let mut waiting = Vec::new();
    for number in 0..2_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + number).into();
        let id = RequestId(Uuid::from_u128(u128::from(number)));
        waiting.push(watch(house.app(), (id, address), pin(u64::from(number))).expect("a place"));
    }
    assert_eq!(house.app().watchers.polled(), 2_000);
    let late = watch(house.app(), (RequestId(Uuid::from_u128(2_000)), [192, 0, 2, 1].into()), pin(9_999));
    assert!(late.is_none() && house.app().watchers.polled() == 2_000);
    house.door.send(get("/healthz")).await.expect(200);
}
