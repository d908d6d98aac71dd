//! Metadata and keys as relying parties find them (security requirements 85 to 88). `UPDATE_GOLDEN=1` rewrites the
//! document beside this file.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue, Request};

use crate::support::{Answer, Browser, House, ISSUER, get};

const METADATA: &str = "/.well-known/openid-configuration";

/// What somebody who wants to be taken for us sends along.
const FORGED: [(&str, &str); 9] = [
    ("host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-port", "8443"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-server", "evil.example"),
    ("forwarded", "for=1.2.3.4;host=evil.example;proto=http"),
    ("x-original-url", "https://evil.example/"),
    ("x-rewrite-url", "/evil"),
];

fn forge<B>(mut request: Request<B>) -> Request<B> {
    for (name, value) in FORGED {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request
}

#[tokio::test]
async fn req_085_both_places_hold_the_same_document() {
    let house = House::new().await;
    let first = house.door.get(METADATA).await.expect(200);
    let second = house.door.get("/.well-known/oauth-authorization-server").await.expect(200);
    assert_eq!(first.body, second.body);
    for answer in [&first, &second] {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.json()["issuer"], ISSUER);
    }
}

#[tokio::test]
async fn req_086_metadata_and_keys_do_not_depend_on_the_request() {
    let house = House::new().await;
    for path in [METADATA, "/.well-known/oauth-authorization-server", "/jwks"] {
        let plain = house.door.get(path).await.expect(200);
        let forged = house.door.send(forge(get(path))).await.expect(200);
        assert_eq!((plain.headers, plain.body), (forged.headers, forged.body), "{path}");
    }
}

/// An answer, without what differs from one visitor to the next.
fn without_names(answer: &Answer, browser: &Browser) -> String {
    let mut text = format!("{} {:?} {}", answer.status, answer.headers, answer.body);
    let csrf = if answer.body.contains("data-csrf") { answer.data("csrf") } else { String::new() };
    let attempt = answer.url.split('/').nth(2).unwrap_or_default().to_owned();
    for own in browser.cookies.values().cloned().chain([csrf, attempt]) {
        if own.len() > 16 {
            text = text.replace(&own, "…");
        }
    }
    text
}

#[tokio::test]
async fn req_086_links_cookies_and_redirects_do_not_depend_on_the_request() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let mut seen = Vec::new();
    for forged in [false, true] {
        let mut browser = house.browser();
        let url = photos.authorization().with("state", "s").with("nonce", "n").url();
        let path = url.strip_prefix(ISSUER).unwrap().to_owned();
        let request = |path: &str| if forged { forge(get(path)) } else { get(path) };
        let answer = browser.send(request(&path)).await.expect(303);
        let location = answer.location().unwrap().to_owned();
        assert!(location.starts_with("/sign-in/"), "{location}");
        for cookie in answer.set_cookies() {
            assert!(cookie.contains("; Secure") && !cookie.to_lowercase().contains("domain"), "{cookie}");
        }
        let page = browser.send(request(&location)).await.expect(200);
        seen.push(without_names(&page, &browser));
    }
    assert!(!seen[1].contains("evil"), "{}", seen[1]);
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn req_087_the_document_is_the_one_beside_this_file() {
    let house = House::new().await;
    let document = house.door.get(METADATA).await.expect(200).json();
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/discovery/openid-configuration.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(golden).unwrap(), "UPDATE_GOLDEN=1 rewrites it");
}

#[tokio::test]
async fn req_087_every_address_in_it_answers() {
    let house = House::new().await;
    let document = house.door.get(METADATA).await.expect(200).json();
    let addresses = document
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut count = 0;
    for (name, address) in addresses {
        let path = address.as_str().unwrap().strip_prefix(ISSUER).unwrap();
        let answer = house.door.get(path).await;
        assert_ne!(answer.status, 404, "{name}");
        count += 1;
    }
    assert_eq!(count, 9);
}

#[tokio::test]
async fn req_123_there_is_no_session_management_by_frames() {
    let house = House::new().await;
    let document = house.door.get(METADATA).await.expect(200).json();
    assert!(document.get("check_session_iframe").is_none(), "{document}");
}

#[tokio::test]
async fn req_088_the_key_set_is_public_named_and_cacheable() {
    let house = House::new().await;
    let answer = house.door.get("/jwks").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    let mut kids = BTreeSet::new();
    for key in keys {
        let names: BTreeSet<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        let public = ["kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"];
        assert!(names.iter().all(|name| public.contains(name)), "{names:?}");
        assert_eq!(key["use"], "sig");
        assert!(kids.insert(key["kid"].as_str().unwrap().to_owned()), "a kid stands twice");
        if key["kty"] == "RSA" {
            assert!(URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap().len() >= 256);
        }
    }
    let algorithms: BTreeSet<&str> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, BTreeSet::from(["ES256", "EdDSA", "RS256"]));
}

#[tokio::test]
async fn req_069_the_metadata_lists_rs256_and_never_none() {
    let house = House::new().await;
    let document = house.door.get(METADATA).await.expect(200).json();
    let algorithms = document["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&"RS256".into()) && !algorithms.contains(&"none".into()), "{algorithms:?}");
}
