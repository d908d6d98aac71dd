//! The addresses that proxies call, and those of `cloudflare-access-forwardauth`, which others have written down.

use serde_json::json;

use super::{ASSERTION, Lab, NO_ASSERTION, NOT_FOR_YOU, NOT_GOOD, OTHER_TAG, TAG, refused, told};

#[tokio::test]
async fn each_family_has_an_address() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let good = lab.assertion(json!({}));
    let address = "/authz/cloudflare-access/wiki/auth-request";
    let nginx = |url| [("x-original-method", "GET"), ("x-original-url", url), (ASSERTION, good.as_str())];
    assert_eq!(told(&lab.send(address, &nginx("https://wiki.example.org/x")).await)[0], "plex-48151001");
    refused(&lab.send(address, &nginx("https://wiki.example.org/admin/")).await, 403, NOT_FOR_YOU);
    let envoy = [("host", "wiki.example.org"), ("x-forwarded-proto", "https"), (ASSERTION, good.as_str())];
    for (path, status) in [("/", 200), ("/x/y?z", 200), ("/admin/x", 403), ("//admin/x", 403), ("/%ff", 403)]
    {
        let address = format!("/authz/cloudflare-access/wiki/ext-authz{path}");
        assert_eq!(lab.send(&address, &envoy).await.status, status, "{path}");
    }
    // No family listens to the headers of another.
    let mixed = [("x-forwarded-host", "wiki.example.org"), (ASSERTION, good.as_str())];
    assert_eq!(lab.send(address, &mixed).await.status, 403);
}

#[tokio::test]
async fn the_addresses_by_audience_tag_are_answered() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let good = lab.assertion(json!({}));
    let validate = format!("/validate/{TAG}");
    let page = "wiki.example.org/";
    assert_eq!(told(&lab.ask_at(&validate, page, &[(ASSERTION, &good)]).await)[0], "plex-48151001");
    // The other validator answers 400 here.
    refused(&lab.ask_at(&validate, page, &[]).await, 401, NO_ASSERTION);
    let envoy = [("host", "wiki.example.org"), ("x-forwarded-proto", "https"), (ASSERTION, good.as_str())];
    for (path, status) in [("/", 200), ("/x/y?z", 200), ("/admin/x", 403)] {
        assert_eq!(lab.send(&format!("{validate}{path}"), &envoy).await.status, status, "{path}");
    }
    let program = lab.program("0a1b.access");
    assert_eq!(told(&lab.ask_at(&validate, page, &[(ASSERTION, &program)]).await)[0], "backup-job");
    let nobody = "no application is declared for this host";
    for (tag, page) in [(OTHER_TAG, page), (TAG, "notes.example.org/"), ("x", page)] {
        let answer = lab.ask_at(&format!("/validate/{tag}"), page, &[(ASSERTION, &good)]).await;
        refused(&answer, 403, nobody);
    }
}

#[tokio::test]
async fn the_tag_in_the_address_is_the_only_one_that_counts() {
    let third = "a".repeat(64);
    let lab = Lab::with(|setup| setup, &format!("access_audiences = [\"{TAG}\", \"{third}\"]")).await;
    lab.knows("friend").await;
    let for_third = lab.assertion(json!({"aud": third}));
    let page = "wiki.example.org/";
    told(&lab.ask("/", &[(ASSERTION, &for_third)]).await);
    told(&lab.ask_at(&format!("/validate/{third}"), page, &[(ASSERTION, &for_third)]).await);
    let answer = lab.ask_at(&format!("/validate/{TAG}"), page, &[(ASSERTION, &for_third)]).await;
    refused(&answer, 401, NOT_GOOD);
}

#[tokio::test]
async fn claims_arrive_under_the_names_that_the_other_validator_gives_them() {
    // It makes X-Plex-Token of plex_token, and so on, of every claim; here the host writes down which.
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let custom = json!({"plex_token": "abc", "shelf": "up", "forwarded_for": "192.0.2.1"});
    let assertion = lab.assertion(json!({"custom": custom}));
    let address = format!("/validate/{TAG}");
    let answer = lab.ask_at(&address, "wiki.example.org/", &[(ASSERTION, &assertion)]).await;
    assert_eq!((told(&answer)[4], told(&answer)[5]), ("abc", "up"));
    assert!(answer.header("x-forwarded-for").is_none());
}
