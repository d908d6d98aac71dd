//! Pages are sent to sign in; everything else is told so (requirement 171).

use plex_oidc_core::gateway::Family;

use super::*;
use crate::support::{FAMILIES, Visit, redirected};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// Checks the answer for a program: 401, with the way to sign in in `Location` and in the body.
#[track_caller]
fn tells_to_sign_in(family: Family, answer: &Answer) {
    assert_eq!(answer.status, 401, "{family:?} {answer:?}");
    let location = answer.location().unwrap();
    assert!(answer.header("x-plex-oidc-redirect").is_none(), "nginx makes no redirect of it");
    assert!(location.starts_with("https://auth.example.com/gateway/sign-in?request="), "{location}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
    if family == Family::AuthRequest {
        assert_eq!(answer.body, "", "nginx drops it");
    } else {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.json()["error"], "sign_in_required");
        assert_eq!(answer.json()["sign_in"], location);
    }
}

#[tokio::test]
async fn req_171_pages_are_redirected_and_the_rest_gets_401() {
    let house = house().await;
    let url = format!("{NOTES}/x");
    let bare = |method: &str| Visit::bare(method, &url);
    for family in FAMILIES {
        let proxy = house.proxy(family);
        for (visit, status) in [
            (Visit::page(&url), 302),
            (bare("GET").with("accept", HTML), 302),
            (bare("HEAD").with("accept", HTML), 302),
            (bare("GET").with("accept", "TEXT/HTML"), 302),
            (Visit::form(&url), 303),
            (bare("POST").with("accept", HTML), 303),
            (bare("DELETE").with("accept", HTML), 303),
        ] {
            let answer = proxy.ask(&visit).await;
            redirected(family, &answer);
            assert_eq!(answer.status, if family == Family::AuthRequest { 401 } else { status }, "{visit:?}");
        }
        for visit in [
            Visit::script(&url),
            bare("GET"),
            bare("GET").with("accept", "*/*"),
            bare("GET").with("accept", "application/json"),
            bare("GET").with("accept", HTML).with("accept", HTML),
            bare("GET").with("accept", HTML).with("x-requested-with", "XMLHttpRequest"),
            bare("GET").with("accept", HTML).with("sec-fetch-mode", "cors"),
            bare("GET").with("accept", HTML).with("sec-fetch-mode", "no-cors"),
            bare("GET").with("accept", HTML).with("sec-fetch-mode", "same-origin"),
            bare("GET")
                .with("accept", HTML)
                .with("sec-fetch-mode", "navigate")
                .with("sec-fetch-mode", "cors"),
            bare("GET").with("accept", HTML).with("sec-fetch-mode", "websocket"),
            bare("GET")
                .with("accept", HTML)
                .with("upgrade", "websocket")
                .with("sec-websocket-key", "x3JJHMbDL1EzLkh9GBhXDw=="),
            bare("GET").with("sec-fetch-mode", "navigate").with("sec-fetch-dest", "iframe"),
            bare("POST").with("content-type", "application/json"),
            bare("OPTIONS").with("origin", NOTES).with("access-control-request-method", "PUT"),
            bare("OPTIONS").with("accept", "*/*"),
        ] {
            tells_to_sign_in(family, &proxy.ask(&visit).await);
        }
    }
}

#[tokio::test]
async fn what_a_program_is_told_leads_to_a_sign_in_that_works() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let script =
            Visit::script(&format!("{NOTES}/api/list")).with("referer", &format!("{NOTES}/board?n=1"));
        let answer = visitor.ask(&proxy, &script).await;
        let page = visitor.browser.open(answer.location().unwrap()).await.expect(200);
        let landing = visitor.browser.approve_and_finish(&page, "friend").await.leaves();
        let (next, page) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(next, format!("{NOTES}/board?n=1"), "to the page, not to what its script asked for");
        passes_as(&page, &subject(&house, "friend"));
        passes_as(&visitor.ask(&proxy, &script).await, &subject(&house, "friend"));
    }
}

#[tokio::test]
async fn scripts_of_our_own_apps_may_read_that_their_session_is_over_and_no_others() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        let visit = Visit::script(&format!("{API}/x"));
        for origin in [API, NOTES, CALENDAR] {
            let answer = proxy.ask(&visit.clone().with("origin", origin)).await;
            tells_to_sign_in(family, &answer);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert_eq!(answer.header("access-control-expose-headers"), Some("location"));
            assert_eq!(answer.header("vary"), Some("origin"));
        }
        for origin in [
            "https://evil.test",
            "null",
            "*",
            "",
            "http://notes.example.org",
            "https://notes.example.org.evil.test",
            "https://evilnotes.example.org",
            "https://notes.example.org@evil.test",
            "https://evil.test#.notes.example.org",
            "https://auth.example.com",
            "notes.example.org",
            "https://notes.example.org https://evil.test",
        ] {
            let answer = proxy.ask(&visit.clone().with("origin", origin)).await;
            tells_to_sign_in(family, &answer);
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
            assert_eq!(answer.header("vary"), Some("origin"));
        }
    }
}

#[tokio::test]
async fn preflights_pass_where_the_host_said_so_and_nothing_else_with_them() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        let preflight = |url: &str| {
            Visit::bare("OPTIONS", url)
                .with("origin", "https://evil.test")
                .with("access-control-request-method", "DELETE")
                .with("sec-fetch-mode", "cors")
        };
        passes_as(&proxy.ask(&preflight(&format!("{API}/x"))).await, "");
        tells_to_sign_in(family, &proxy.ask(&preflight(&format!("{NOTES}/x"))).await);
        for not_quite in [
            Visit { method: "GET".to_owned(), ..preflight(&format!("{API}/x")) },
            Visit { method: "DELETE".to_owned(), ..preflight(&format!("{API}/x")) },
            Visit::bare("OPTIONS", &format!("{API}/x")).with("origin", NOTES),
            Visit::bare("OPTIONS", &format!("{API}/x")).with("access-control-request-method", "PUT"),
        ] {
            tells_to_sign_in(family, &proxy.ask(&not_quite).await);
        }
    }
}

#[tokio::test]
async fn a_form_is_never_sent_again_behind_anybodys_back() {
    let house = house().await;
    for family in FAMILIES {
        for (referer, back) in [
            (Some("https://notes.example.org/edit?id=7"), "/edit?id=7"),
            (Some("https://NOTES.example.org/edit"), "/edit"),
            (Some("https://notes.example.org"), "/"),
            (None, "/"),
            (Some("https://evil.test/edit"), "/"),
            (Some("http://notes.example.org/edit"), "/"),
            (Some("https://notes.example.org:8443/edit"), "/"),
            (Some("https://notes.example.org@evil.test/edit"), "/"),
            (Some("https://notes.example.org//evil.test/edit"), "/"),
            (Some("https://notes.example.org/\\evil.test"), "/"),
            (Some("//notes.example.org/edit"), "/"),
            (Some("javascript:alert(1)"), "/"),
        ] {
            let (proxy, mut visitor) = (house.proxy(family), house.visitor());
            let form = Visit::form(&format!("{NOTES}/save?draft=1"));
            let form = referer.iter().fold(form, |form, referer| form.with("referer", referer));
            let location = redirected(family, &visitor.ask(&proxy, &form).await);
            let page = visitor.browser.open(&location).await.expect(200);
            let landing = visitor.browser.approve_and_finish(&page, "friend").await.leaves();
            let answer = visitor.page(&proxy, landing.url.as_str()).await;
            assert!([302, 401].contains(&answer.status), "a GET follows: {answer:?}");
            assert_eq!(redirected(family, &answer), format!("{NOTES}{back}"), "{referer:?}");
        }
    }
}
