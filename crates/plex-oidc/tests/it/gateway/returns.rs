//! Where people are sent: to our sign-in, and back to the origin that they asked for. Nowhere else, whatever is asked.

use plex_oidc_core::gateway::Family;
use url::Url;

use super::*;
use crate::support::{FAMILIES, Visit, redirected};

/// Beginnings of targets that some browser, proxy or application has taken for another origin.
const BEGINNINGS: [&str; 16] = [
    "/", "//", "///", "/\\", "/\\\\", "/\\/", "/./", "/..//", "/%09/", "/%5c", "/%2f", "/%2f%2f", "/;/",
    "/.//", "/%20/", "/%00//",
];
const ENDS: [&str; 8] = [
    "evil.test",
    "evil.test/%2f..",
    "wiki.example.org@evil.test",
    "evil.test:443/x",
    "evil.test?.wiki.example.org",
    "https:evil.test",
    "javascript:alert(1)",
    "evil.test%00.wiki.example.org",
];
/// Whole targets.
const WHOLE: [&str; 14] = [
    "/?https://evil.test",
    "/?next=//evil.test",
    "/x?return=https%3A%2F%2Fevil.test",
    "/https://evil.test",
    "/http:/evil.test",
    "/%0d%0aLocation:%20https://evil.test",
    "/x%0aSet-Cookie:%20a=b",
    "/@evil.test",
    "/.evil.test",
    "/:443@evil.test",
    "/\u{3002}evil.test",
    "/\u{ff0f}evil.test",
    "/.plex-oidc/callbackx",
    "/%2e%2e/.plex-oidc/callback",
];
/// Only a header holds these.
const IN_HEADERS: [&str; 6] =
    ["/ /evil.test", "/x y//evil.test", "/#//evil.test", "/x#@evil.test", "/<script>", "/\"onload=\""];

#[track_caller]
fn stays_at_the_wiki(location: &str, target: &str) {
    let url = Url::parse(location).unwrap_or_else(|error| panic!("{error}: {location}"));
    assert_eq!(url.origin().ascii_serialization(), WIKI, "{target} leads to {location}");
    assert!(location.starts_with(&format!("{WIKI}/")), "{target} leads to {location}");
    // As careless readers would: whatever comes after the origin is no other origin.
    let rest = location.strip_prefix(WIKI).unwrap();
    assert!(!rest.starts_with("//") && !rest.contains('\\') && location.is_ascii(), "{target}: {location}");
    assert!(!location.chars().any(|c| c.is_ascii_control() || c == ' '), "{target}: {location}");
}

#[tokio::test]
async fn req_133_rt_return_to_table() {
    let house = house().await;
    let pairs =
        BEGINNINGS.iter().flat_map(|beginning| ENDS.iter().map(move |end| format!("{beginning}{end}")));
    let targets: Vec<String> = pairs.chain(WHOLE.map(str::to_owned)).collect();
    assert!(targets.len() > 100);
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{NOTES}/"), "owner").await;
        let in_headers = IN_HEADERS.map(str::to_owned).into_iter().filter(|_| family != Family::ExtAuthz);
        let mut came_back = 0;
        for target in targets.iter().cloned().chain(in_headers) {
            let uri = format!("{WIKI}{target}");
            if family == Family::ExtAuthz && (uri.parse::<http::Uri>().is_err() || !target.is_ascii()) {
                continue; // no request line holds it
            }
            visitor.cookies = crate::support::AppCookies::default();
            let answer = visitor.page(&proxy, &uri).await;
            if [400, 403].contains(&answer.status) {
                assert!(answer.location().is_none());
                continue;
            }
            let location = redirected(family, &answer);
            assert!(location.starts_with("https://auth.example.com/gateway/sign-in?request="), "{location}");
            let landing = visitor.browser.open(&location).await.leaves();
            stays_at_the_wiki(landing.url.as_str(), &target);
            let answer = visitor.page(&proxy, landing.url.as_str()).await;
            stays_at_the_wiki(&redirected(family, &answer), &target);
            came_back += 1;
        }
        assert!(came_back > 100, "{family:?} {came_back}");
    }
}

#[tokio::test]
async fn rt_suffix_without_a_dot_is_not_ours() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        for other in [
            "evilfamily.example",
            "calendar.family.example.evil.test",
            "evilcalendar.family.example",
            "calendar.family.example@evil.test",
            "calendar.family.example%40evil.test",
            "calendar-family.example",
            "xn--wiki-.example.org",
        ] {
            let answer = proxy.ask(&Visit::page(&format!("https://{other}/"))).await;
            assert!([400, 403].contains(&answer.status), "{other}: {answer:?}");
            assert!(answer.location().is_none() && answer.set_cookies().is_empty(), "{other}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn req_132_the_way_out_leads_to_our_page_and_ends_nothing_by_itself() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        for query in [
            "",
            "?return=https://evil.test",
            "?rd=//evil.test",
            "?//evil.test",
            "?post_logout_redirect_uri=x",
        ] {
            let answer = visitor.page(&proxy, &format!("{WIKI}/.plex-oidc/sign-out{query}")).await;
            assert_eq!(redirected(family, &answer), "https://auth.example.com/sign-out");
            assert!(answer.set_cookies().is_empty());
        }
        visitor.browser.open("/sign-out").await.expect(200);
        passes_as(&visitor.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "friend"));
    }
}

#[tokio::test]
async fn rt_fa_no_secret_is_in_an_address_towards_anybody_else() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let sent = visitor.page(&proxy, &format!("{WIKI}/")).await;
        let start = visitor.cookies.get(host(WIKI), START_COOKIE);
        let to_us = redirected(family, &sent);
        let page = visitor.browser.open(&to_us).await.expect(200);
        let landing = visitor.browser.approve_and_finish(&page, "friend").await.leaves();
        assert_eq!(landing.url.host_str(), Some(host(WIKI)));
        let arrived = visitor.page(&proxy, landing.url.as_str()).await;
        let session = visitor.cookies.get(host(WIKI), HOST_COOKIE);
        let back = redirected(family, &arrived);
        for secret in [&start, &session] {
            for address in [&to_us, landing.url.as_str(), &back] {
                assert!(!address.contains(secret.get(4..).unwrap()), "{address}");
            }
        }
        assert!(!back.contains("poc_") && !back.contains(landing.get("state").unwrap()), "{back}");
        assert_eq!(arrived.header("referrer-policy"), Some("same-origin"));
    }
}
