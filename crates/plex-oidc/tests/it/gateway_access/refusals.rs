//! Whatever is wrong lets nothing pass.

use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{ASSERTION, Lab, NO_ASSERTION, NOT_GOOD, OTHER_TAG, TAG, new_key, refused, told};

#[tokio::test]
async fn req_174_no_assertion_or_one_that_is_not_good_is_401() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    refused(&lab.ask("/", &[]).await, 401, NO_ASSERTION);
    let now = lab.house.now().0;
    let wrong = [
        json!({"aud": [OTHER_TAG]}),
        json!({"aud": "wiki"}),
        json!({"aud": null}),
        json!({"iss": "https://other.cloudflareaccess.com"}),
        json!({"iss": "https://lab.cloudflareaccess.com/"}),
        json!({"type": "org"}),
        json!({"exp": now - 31}),
        json!({"exp": null}),
        json!({"nbf": now + 31}),
        json!({"sub": ""}),
        json!({"email": null}),
        json!({"email": "a@b@example.net"}),
        json!({"common_name": "0a1b.access"}),
        json!({"custom": {"sub": "plex-1", "plex_sub": "plex-2"}}),
    ];
    for claims in wrong {
        let assertion = lab.assertion(claims.clone());
        let answer = lab.ask("/", &[(ASSERTION, &assertion)]).await;
        assert_eq!((answer.status, answer.body.trim_end()), (401, NOT_GOOD), "{claims}");
    }
    let good = lab.assertion(json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let by_another = lab.assertion_by(&new_key(), json!({}));
    for text in ["", "a.b.c", signed, &format!("{signed}.AAAA"), &format!("{good}, {good}"), &by_another] {
        refused(&lab.ask("/", &[(ASSERTION, text)]).await, 401, NOT_GOOD);
        refused(&lab.ask("/health", &[(ASSERTION, text)]).await, 401, NOT_GOOD);
    }
    told(&lab.ask("/", &[(ASSERTION, &good)]).await);
}

#[tokio::test]
async fn two_assertions_are_none() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let good = lab.assertion(json!({}));
    for second in [good.as_str(), "", "x"] {
        let answer = lab.ask("/", &[(ASSERTION, &good), (ASSERTION, second)]).await;
        refused(&answer, 401, "This request has more than one assertion of Cloudflare Access.");
    }
}

#[tokio::test]
async fn the_cookie_counts_where_it_is_switched_on_and_the_header_is_missing() {
    let off = Lab::new().await;
    off.knows("friend").await;
    let cookie = |assertion: &str| format!("a=b; CF_Authorization={assertion}");
    let good = cookie(&off.assertion(json!({})));
    refused(&off.ask("/", &[("cookie", &good)]).await, 401, NO_ASSERTION);

    let lines = format!("access_audiences = \"{TAG}\"\naccess_cookie = true");
    let on = Lab::with(|setup| setup, &lines).await;
    on.knows("friend").await;
    let good = cookie(&on.assertion(json!({})));
    assert_eq!(told(&on.ask("/", &[("cookie", &good)]).await)[0], "plex-48151001");
    for header in ["", "x", &on.assertion(json!({"aud": OTHER_TAG}))] {
        refused(&on.ask("/", &[(ASSERTION, header), ("cookie", &good)]).await, 401, NOT_GOOD);
    }
    let planted = on.ask("/", &[("cookie", &good), ("cookie", "CF_Authorization=x")]).await;
    refused(&planted, 401, NO_ASSERTION);
}

#[tokio::test]
async fn the_application_is_the_named_one_and_serves_the_host() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let (wiki, notes) = (lab.assertion(json!({})), lab.assertion(json!({"aud": OTHER_TAG})));
    let nobody = "no application is declared for this host";
    let not_at_cloudflare = "This application accepts no assertion of Cloudflare Access.";
    let asked = [
        ("wiki", "notes.example.org/", &wiki, 403, nobody),
        ("notes", "wiki.example.org/", &wiki, 403, nobody),
        ("notes", "notes.example.org/", &wiki, 401, NOT_GOOD),
        ("wiki", "wiki.example.org/", &notes, 401, NOT_GOOD),
        ("unknown", "wiki.example.org/", &wiki, 403, nobody),
        ("wiki", "elsewhere.example.org/", &wiki, 403, nobody),
        ("plain", "plain.example.org/", &wiki, 403, not_at_cloudflare),
    ];
    for (app, page, assertion, status, sentence) in asked {
        let address = format!("/authz/cloudflare-access/{app}");
        refused(&lab.ask_at(&address, page, &[(ASSERTION, assertion)]).await, status, sentence);
    }
    let address = "/authz/cloudflare-access/notes";
    let answer = lab.ask_at(address, "notes.example.org/", &[(ASSERTION, &notes)]).await.expect(200);
    assert_eq!(answer.header("remote-user"), Some("plex-48151001"));
}

#[tokio::test]
async fn req_165_only_proxies_are_answered_and_only_what_can_be_understood() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let good = lab.assertion(json!({}));
    let request = Request::get("/authz/cloudflare-access/wiki")
        .header("x-forwarded-method", "GET")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "wiki.example.org")
        .header("x-forwarded-uri", "/")
        .header(ASSERTION, &good);
    let stranger = SocketAddr::from(([192, 0, 2, 1], 1));
    let answer = lab.house.door.send_from(stranger, request.body(Body::empty()).unwrap()).await;
    let untrusted =
        "The gateway answers its proxies only. If this is one, add its address to trusted_proxies.";
    refused(&answer, 403, untrusted);
    let bare = lab.send("/authz/cloudflare-access/wiki", &[(ASSERTION, &good)]).await;
    refused(&bare, 400, "the header x-forwarded-method is missing: the proxy must set it");
    let twice = lab.ask("/", &[(ASSERTION, &good), ("x-forwarded-proto", "http")]).await;
    refused(&twice, 400, "the header x-forwarded-proto is not one plain value");
}

#[tokio::test]
async fn rt_fa_without_a_store_nobody_passes_behind_access_either() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let assertion = lab.assertion(json!({}));
    told(&lab.ask("/", &[(ASSERTION, &assertion)]).await);
    lab.house.pass(Seconds(10)); // nothing is remembered any more
    lab.house.sql("ALTER TABLE users RENAME TO lost");
    for path in ["/", "/admin/", "/health"] {
        refused(
            &lab.ask(path, &[(ASSERTION, &assertion)]).await,
            503,
            "This cannot be decided now, try again.",
        );
    }
    refused(&lab.ask("/", &[]).await, 401, NO_ASSERTION);
    lab.house.sql("ALTER TABLE lost RENAME TO users");
    told(&lab.ask("/", &[(ASSERTION, &assertion)]).await);
}
