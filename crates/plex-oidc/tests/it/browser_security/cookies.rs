//! Our cookies.

use http::HeaderValue;
use http::header::COOKIE;
use plex_oidc_core::time::Seconds;

use crate::support::{Browser, House, get};

const SESSION: &str = "__Host-plex-oidc-session";

/// Whether this `Cookie` header is a live session: then the next application needs no click.
async fn is_signed_in(house: &House, cookies: &str) -> bool {
    let url = house.relying_party("wiki").authorization().url();
    let mut request = get(url.strip_prefix(crate::support::ISSUER).unwrap());
    request.headers_mut().insert(COOKIE, HeaderValue::from_str(cookies).unwrap());
    let answer = house.door.send(request).await.expect(303);
    answer.location().unwrap().starts_with("https://wiki.example.org/callback?code=")
}

async fn signed_in(house: &House) -> (Browser, String) {
    let (browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    let session = browser.session().unwrap().to_owned();
    (browser, session)
}

#[tokio::test]
async fn req_128_every_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let first = browser.get(&photos.authorization().url()).await;
    let page = browser.get(first.location().unwrap()).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let done = browser.get(&format!("/sign-in/{}/return", page.attempt())).await.expect(303);
    let sign_out = browser.get("/sign-out").await;
    let out = browser.post(&sign_out, "/sign-out", &[]).await;
    let mut count = 0;
    for cookie in [&first, &done, &out].into_iter().flat_map(|answer| answer.set_cookies()) {
        let parts: Vec<&str> = cookie.split("; ").collect();
        assert!(parts[0].starts_with("__Host-plex-oidc-"), "{cookie}");
        for needed in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
            assert!(parts.contains(&needed), "{needed}: {cookie}");
        }
        assert!(parts.iter().any(|part| part.starts_with("Max-Age=")), "{cookie}");
        assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
        count += 1;
    }
    assert_eq!(
        count, 5,
        "begin, session, end of the attempt, what the browser is known by, end of the session"
    );
    let left: Vec<_> = browser.cookies.keys().collect();
    assert!(matches!(*left, [known] if known.starts_with("__Host-plex-oidc-browser-")), "{left:?}");
}

#[tokio::test]
async fn req_128_a_cookie_that_a_neighbour_host_planted_is_ignored() {
    let house = House::new().await;
    let (_, session) = signed_in(&house).await;
    let (_, other) = signed_in(&house).await;
    assert!(is_signed_in(&house, &format!("{SESSION}={session}")).await);
    assert!(is_signed_in(&house, &format!("a=b; {SESSION}={session}; c")).await);
    let planted = [
        format!("plex-oidc-session={session}"),
        format!("{SESSION}={session}; {SESSION}={other}"),
        format!("{SESSION}={session}; {SESSION}=x"),
        format!("{}={session}", SESSION.to_lowercase()),
        format!("{SESSION}x={session}"),
    ];
    for planted in planted {
        assert!(!is_signed_in(&house, &planted).await, "{planted}");
    }
}

#[tokio::test]
async fn req_130_a_session_planted_before_the_sign_in_is_not_the_one_after() {
    let house = House::new().await;
    // The attacker signs in as somebody and plants that session, or one that never was, in the victim's browser.
    let (_, attackers) = signed_in(&house).await;
    let invented = format!("pob_{}", "A".repeat(43));
    for planted in [attackers, invented] {
        let mut victim = house.browser();
        victim.cookies.insert(SESSION.to_owned(), planted.clone());
        let asked = house.relying_party("photos").authorization().with("prompt", "login");
        victim.sign_in(&asked.url(), "home").await;
        let session = victim.session().unwrap().to_owned();
        assert_ne!(session, planted);
        assert!(is_signed_in(&house, &format!("{SESSION}={session}")).await);
        assert!(!is_signed_in(&house, &format!("{SESSION}={planted}")).await, "the planted one lives");
    }
}

#[tokio::test]
async fn req_130_each_sign_in_renews_the_secret_and_sign_out_ends_it() {
    let house = House::new().await;
    let (mut browser, first) = signed_in(&house).await;
    let asked = house.relying_party("photos").authorization().with("prompt", "login");
    browser.sign_in(&asked.url(), "friend").await;
    let second = browser.session().unwrap().to_owned();
    assert_ne!(first, second);
    assert!(!is_signed_in(&house, &format!("{SESSION}={first}")).await);
    assert!(is_signed_in(&house, &format!("{SESSION}={second}")).await);
    let page = browser.open("/sign-out").await;
    browser.submit(&page, "/sign-out").await.expect(200);
    assert_eq!(browser.session(), None);
    assert!(
        !is_signed_in(&house, &format!("{SESSION}={second}")).await,
        "the cookie is gone, the session is not"
    );
}

#[tokio::test]
async fn req_130_secrets_are_256_bits_and_hashes_at_rest() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    let attempt = browser.cookies.values().next().unwrap().clone();
    browser.approve_and_finish(&page, "friend").await;
    let stored = house.database_bytes();
    for secret in [attempt, browser.session().unwrap().to_owned()] {
        let body = secret.split_once('_').unwrap().1;
        assert_eq!(body.len(), 43, "32 bytes in base64url");
        assert!(!stored.windows(body.len()).any(|window| window == body.as_bytes()), "it is in the database");
    }
}

#[tokio::test]
async fn req_130_idle_and_absolute_limits_end_a_session() {
    let setup = || {
        crate::support::Setup::default()
            .set("session", "idle = \"1d\"\nabsolute = \"2d\"")
            .set("rules", "membership_lifetime = \"30d\"")
    };
    let house = setup().start().await;
    let (_, session) = signed_in(&house).await;
    let cookie = format!("{SESSION}={session}");
    for _ in 0..3 {
        house.pass(Seconds::hours(15));
        assert!(is_signed_in(&house, &cookie).await, "used within a day each time");
    }
    house.pass(Seconds::hours(4));
    assert!(!is_signed_in(&house, &cookie).await, "two days are over");
    let house = setup().start().await;
    let (_, session) = signed_in(&house).await;
    house.pass(Seconds::hours(25));
    assert!(!is_signed_in(&house, &format!("{SESSION}={session}")).await, "a day without use");
}

#[tokio::test]
async fn req_136_the_number_of_cookies_is_bounded() {
    let house = House::new().await;
    let (_, session) = signed_in(&house).await;
    let numbered: Vec<String> = (0..4000).map(|n| format!("{SESSION}_{n}of999999999=x")).collect();
    let bomb = numbered.join("; ");
    assert!(!is_signed_in(&house, &format!("{SESSION}={session}; {bomb}")).await, "none of so many is read");
    assert!(!is_signed_in(&house, &format!("{bomb}; {SESSION}={session}")).await);
    let fewer = numbered.get(..200).unwrap().join("; ");
    assert!(is_signed_in(&house, &format!("{fewer}; {SESSION}={session}")).await, "as many as browsers keep");
    let attempts: Vec<String> = (0..60).map(|n| format!("__Host-plex-oidc-login-{n}=x")).collect();
    let path = house.relying_party("photos").authorization().url();
    let mut request = get(path.strip_prefix(crate::support::ISSUER).unwrap());
    request.headers_mut().insert(COOKIE, HeaderValue::from_str(&attempts.join("; ")).unwrap());
    let answer = house.door.send(request).await.expect(303);
    let cleared = answer.set_cookies().iter().filter(|cookie| cookie.contains("Max-Age=0")).count();
    assert_eq!(cleared, 53, "sixty and the new one leave eight");
}

#[tokio::test]
async fn req_137_a_malformed_cookie_is_no_session_and_is_taken_away() {
    let house = House::new().await;
    let path = house.relying_party("photos").authorization().url();
    let path = path.strip_prefix(crate::support::ISSUER).unwrap();
    let long = format!("{SESSION}={}", "A".repeat(8000));
    let malformed =
        ["=", "", "pob_", "pob_x", "\"pob_x\"", "%00", "poa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
    let values = malformed.iter().map(|value| format!("{SESSION}={value}")).chain([long]);
    for value in values {
        let mut request = get(path);
        request.headers_mut().insert(COOKIE, HeaderValue::from_str(&value).unwrap());
        let answer = house.door.send(request).await.expect(303);
        assert!(answer.location().unwrap().starts_with("/sign-in/"));
        let cleared = answer.set_cookies().iter().any(|cookie| cookie.starts_with(&format!("{SESSION}=; ")));
        assert!(cleared, "{value}: {:?}", answer.set_cookies());
    }
    for raw in [&b"\xff\xfe"[..], b"__Host-plex-oidc-session=\xff", b";;;=;=;", b"\t"] {
        let mut request = get(path);
        request.headers_mut().insert(COOKIE, HeaderValue::from_bytes(raw).unwrap());
        let answer = house.door.send(request).await.expect(303);
        assert!(answer.location().unwrap().starts_with("/sign-in/"));
    }
}
