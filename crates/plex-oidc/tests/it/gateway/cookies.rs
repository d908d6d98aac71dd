//! The cookies at applications' hosts: each good in its place alone, and worth nothing when in doubt.

use http::HeaderValue;
use http::header::COOKIE;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use super::*;
use crate::support::{FAMILIES, Proxy, Visit, redirected};

/// Asks for a page with this `Cookie` header.
async fn with_cookies(proxy: &Proxy, url: &str, cookies: &[u8]) -> Answer {
    let mut request = proxy.subrequest(&Visit::page(url));
    request.headers_mut().insert(COOKIE, HeaderValue::from_bytes(cookies).unwrap());
    proxy.send(request).await
}

#[tokio::test]
async fn one_session_for_a_domain_and_for_no_other() {
    let house = house().await;
    let friend = subject(&house, "friend");
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        passes_as(&visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await, &friend);
        passes_as(&visitor.page(&proxy, &format!("{RECIPES}/soup")).await, &friend);
        let cookie = visitor.cookies.of(host(RECIPES))[0].clone();
        assert_eq!((cookie.home.as_str(), cookie.name.as_str()), ("family.example", DOMAIN_COOKIE));
        redirected(family, &visitor.page(&proxy, &format!("{WIKI}/")).await);
        // Also when it is carried there by hand, under either name.
        for name in [DOMAIN_COOKIE, HOST_COOKIE] {
            let moved = format!("{name}={}", cookie.value);
            redirected(family, &with_cookies(&proxy, &format!("{WIKI}/"), moved.as_bytes()).await);
        }
    }
}

#[tokio::test]
async fn req_128_a_cookie_of_one_host_is_worth_nothing_at_another() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let secret = visitor.cookies.get(host(WIKI), HOST_COOKIE);
        let start = visitor.cookies.get(host(WIKI), START_COOKIE);
        for (url, name, value) in [
            (NOTES, HOST_COOKIE, &secret),
            (CALENDAR, HOST_COOKIE, &secret),
            (CALENDAR, DOMAIN_COOKIE, &secret),
            (WIKI, DOMAIN_COOKIE, &secret),
            (WIKI, "plex-oidc-app", &secret),
            (WIKI, "__Secure-plex-oidc-app", &secret),
            (WIKI, "__host-plex-oidc-app", &secret),
            (WIKI, "__Host-plex-oidc-session", &secret),
            (WIKI, START_COOKIE, &secret),
            (WIKI, HOST_COOKIE, &start),
        ] {
            let cookies = format!("{name}={value}");
            redirected(family, &with_cookies(&proxy, &format!("{url}/"), cookies.as_bytes()).await);
        }
        let right = format!("theme=dark; {HOST_COOKIE}={secret}; __Secure-plex-oidc-domain=x");
        with_cookies(&proxy, &format!("{WIKI}/"), right.as_bytes()).await.expect(200);
        // The same session at another spelling of the same host is the same session.
        for same in
            ["https://WIKI.example.org/", "https://wiki.example.org./", "https://wiki.example.org:443/"]
        {
            with_cookies(&proxy, same, right.as_bytes()).await.expect(200);
        }
    }
}

#[tokio::test]
async fn rt_fa_two_cookies_of_one_name_are_none() {
    let house = house().await;
    for family in FAMILIES {
        for (url, name) in [(WIKI, HOST_COOKIE), (CALENDAR, DOMAIN_COOKIE)] {
            let (proxy, mut visitor, mut other) = (house.proxy(family), house.visitor(), house.visitor());
            let page = format!("{url}/");
            visitor.sign_in(&proxy, &page, "friend").await;
            other.sign_in(&proxy, &page, "home").await;
            let (ours, theirs) = (visitor.cookies.get(host(url), name), other.cookies.get(host(url), name));
            for second in [&theirs, &ours, ""] {
                for pair in
                    [format!("{name}={ours}; {name}={second}"), format!("{name}={second};{name}={ours}")]
                {
                    redirected(family, &with_cookies(&proxy, &page, pair.as_bytes()).await);
                }
                // In two headers, as HTTP/2 allows.
                let mut request = proxy.subrequest(&Visit::page(&page));
                for value in [ours.as_str(), second] {
                    let pair = HeaderValue::from_str(&format!("{name}={value}")).unwrap();
                    request.headers_mut().append(COOKIE, pair);
                }
                redirected(family, &proxy.send(request).await);
            }
        }
    }
}

#[tokio::test]
async fn req_137_rt_fa_malformed_cookie_is_never_a_session() {
    let house = house().await;
    for family in FAMILIES {
        for (url, name) in [(WIKI, HOST_COOKIE), (CALENDAR, DOMAIN_COOKIE)] {
            let (proxy, mut visitor) = (house.proxy(family), house.visitor());
            let page = format!("{url}/");
            visitor.sign_in(&proxy, &page, "friend").await;
            let good = visitor.cookies.get(host(url), name);
            let body = good.strip_prefix("pog_").unwrap();
            let mut odd: Vec<Vec<u8>> = (0..good.len()).map(|end| good.as_bytes()[..end].to_vec()).collect();
            odd.extend(
                [
                    format!("{good}A"),
                    format!("{good}="),
                    format!("{good}{good}"),
                    format!("\"{good}\""),
                    format!("{good} x"),
                    format!("%70og_{body}"),
                    format!("pog_{}", "A".repeat(43)),
                    format!("pog_{}", "A".repeat(6000)),
                    format!("pog_{}", body.to_lowercase()),
                    format!("pob_{body}"),
                    format!("POG_{body}"),
                    body.to_owned(),
                    "pog_' OR 1=1 --".to_owned(),
                    "../../x".to_owned(),
                ]
                .map(String::into_bytes),
            );
            odd.extend([b"pog_\xff\xfe".to_vec(), b"\x80".to_vec()]);
            for value in odd {
                let cookies = [format!("{name}=").as_bytes(), &value[..]].concat();
                redirected(family, &with_cookies(&proxy, &page, &cookies).await);
            }
            for cookies in [";;;=;", name, "=", &format!("{name};{good}"), &format!("{name} {good}")] {
                redirected(family, &with_cookies(&proxy, &page, cookies.as_bytes()).await);
            }
            // Beside bytes that are no text, nothing in that header is believed.
            let beside = [format!("{name}={good}; x=").as_bytes(), b"\xff"].concat();
            redirected(family, &with_cookies(&proxy, &page, &beside).await);
        }
    }
}

#[tokio::test]
async fn req_136_numbered_and_countless_cookies_cost_nothing() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
    let good = format!("{HOST_COOKIE}={}", visitor.cookies.get(host(WIKI), HOST_COOKIE));
    for name in ["_0", "_1of999999999", ".0", "-1"] {
        let split = good.replacen('=', &format!("{name}="), 1);
        redirected(Family::ForwardAuth, &with_cookies(&proxy, &format!("{WIKI}/"), split.as_bytes()).await);
    }
    let many = "c=x; ".repeat(2000) + &good;
    redirected(Family::ForwardAuth, &with_cookies(&proxy, &format!("{WIKI}/"), many.as_bytes()).await);
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_in_any_case() {
    let house = setup()
        .set("gateway", "session_idle = \"2h\"\nsession_absolute = \"5h\"")
        .set("rules", "membership_lifetime = \"30d\"")
        .start()
        .await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let page = format!("{WIKI}/");
    visitor.sign_in(&proxy, &page, "friend").await;
    house.pass(Seconds(2 * 3600 + 1));
    redirected(Family::ForwardAuth, &visitor.page(&proxy, &page).await);
    visitor.pass_through(&proxy, &page).await;
    for hours in 1..5 {
        house.pass(Seconds(3600));
        assert_eq!(visitor.page(&proxy, &page).await.status, 200, "in use, after {hours} hours");
    }
    house.pass(Seconds(3601));
    redirected(Family::ForwardAuth, &visitor.page(&proxy, &page).await);
}

#[tokio::test]
async fn every_sign_in_gives_another_session() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let page = format!("{WIKI}/");
    // One that somebody planted beforehand does not become the session of who signs in.
    let fixed = format!("{HOST_COOKIE}=pog_{}; Secure; HttpOnly; SameSite=Lax; Path=/", "A".repeat(43));
    visitor.cookies.set(host(WIKI), &fixed);
    visitor.sign_in(&proxy, &page, "friend").await;
    let first = visitor.cookies.get(host(WIKI), HOST_COOKIE);
    assert!(!fixed.contains(&first));
    let database = house.database_bytes();
    let stored = |text: &str| database.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        stored(host(WIKI)) && !stored(&first) && !stored(first.get(4..).unwrap()),
        "stored as a hash only"
    );
    let mut again = house.visitor();
    again.browser = visitor.browser.clone();
    again.pass_through(&proxy, &page).await;
    assert_ne!(again.cookies.get(host(WIKI), HOST_COOKIE), first);
}
