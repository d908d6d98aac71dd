//! App tokens: what programs show instead of a cookie. A bad one is final.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use plex_oidc::store::records::NewAppToken;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;

use super::*;
use crate::support::{FAMILIES, Visit};

/// Stores a token of a persona who signed in before, for these applications.
pub(super) async fn token(house: &House, id: &str, persona: &str, apps: &[&str]) -> String {
    let bytes: Vec<u8> = id.bytes().cycle().take(Secret::RANDOM_BYTES).collect();
    let secret = Secret::from_random(SecretKind::AppToken, bytes.try_into().unwrap());
    let new = NewAppToken {
        id: id.to_owned(),
        name: format!("the phone of {persona}"),
        hash: secret.hash(),
        account_id: AccountId::Plex(PlexAccountId(house.plex.account_id(persona))),
        apps: apps.iter().map(|app| (*app).to_owned()).collect(),
        created: house.now(),
        expires: Some(house.now().plus(Seconds(3600))),
        session: None,
    };
    assert!(house.app().store.add_app_token(new).await.unwrap());
    secret.expose().to_owned()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn ask(url: &str, authorization: &str) -> Visit {
    Visit::bare("GET", url).with("authorization", authorization)
}

#[tokio::test]
async fn a_token_passes_as_its_person_at_its_apps() {
    let house = house().await;
    for (number, family) in FAMILIES.into_iter().enumerate() {
        let proxy = house.proxy(family);
        let friend = subject(&house, "friend");
        house.visitor().sign_in(&proxy, &format!("{NOTES}/"), "friend").await;
        let token = token(&house, &format!("token-{number}"), "friend", &["wiki", "calendar"]).await;
        let ways = [
            format!("Bearer {token}"),
            format!("bearer {token}"),
            format!("BEARER  {token}"),
            format!("Bearer\t{token}"),
            format!("Basic\t{}", basic("x", &token).trim_start_matches("Basic ")),
            basic("anything", &token),
            basic("", &token),
            basic("friend@example.com", &token).replace("Basic", "basic"),
            basic("x", &token).trim_end_matches('=').to_owned(),
        ];
        for way in &ways {
            for url in [format!("{WIKI}/api"), format!("{CALENDAR}/dav"), format!("{WIKI}/health")] {
                passes_as(&proxy.ask(&ask(&url, way)).await, &friend);
            }
            proxy.ask(&ask(&format!("{WIKI}/admin"), way)).await.expect(403);
        }
        passes_as(
            &proxy.ask(&Visit::page(&format!("{WIKI}/")).with("authorization", &ways[0])).await,
            &friend,
        );
    }
}

/// The `Authorization` that a real proxy of this family would hand on to the application.
fn handed_on(family: Family, answer: &Answer) -> Option<&str> {
    let removed = answer.header("x-envoy-auth-headers-to-remove");
    assert_eq!(removed.is_some(), family == Family::ExtAuthz && answer.header("authorization").is_none());
    assert!(removed.is_none_or(|removed| removed == "authorization"));
    answer.header("authorization")
}

#[tokio::test]
async fn an_application_gets_its_own_authorization_and_never_a_token() {
    let house = house().await;
    for (number, family) in FAMILIES.into_iter().enumerate() {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let token = token(&house, &format!("kept-{number}"), "friend", &["wiki"]).await;
        for url in [format!("{WIKI}/"), format!("{WIKI}/health")] {
            for way in [format!("Bearer {token}"), basic("x", &token), basic("", &token)] {
                let answer = proxy.ask(&ask(&url, &way)).await.expect(200);
                assert_eq!(handed_on(family, &answer), None, "{way}");
            }
            for own in [basic("x", "password"), "Bearer another".to_owned(), "Digest a=\"b\"".to_owned()] {
                let answer = visitor.ask(&proxy, &ask(&url, &own)).await.expect(200);
                assert_eq!(handed_on(family, &answer), Some(own.as_str()));
            }
            // What only a less strict application can decode may be a token.
            let url_safe = URL_SAFE.encode(format!("\u{3ff}\u{fff}:{token}"));
            let folded = basic("x", &token);
            let (start, end) = folded.split_at(20);
            for unread in [
                format!("Basic {url_safe}"),
                format!("Basic {}", url_safe.trim_end_matches('=')),
                format!("{start} {end}"),
                basic("x", &token).replacen(' ', "\u{a0}", 1),
                basic("x", &token).replacen(' ', ",", 1),
                "Basic !!!".to_owned(),
            ] {
                let answer = visitor.ask(&proxy, &ask(&url, &unread)).await.expect(200);
                assert_eq!(handed_on(family, &answer), None, "{unread}");
            }
            let answer = visitor.page(&proxy, &url).await.expect(200);
            assert_eq!(handed_on(family, &answer), None);
        }
        // Nobody else gets it back: what is refused goes to the visitor.
        let refused = proxy.ask(&ask(&format!("{WIKI}/"), &basic("x", "password"))).await;
        assert!(refused.status != 200 && refused.header("authorization").is_none(), "{refused:?}");
    }
}

/// A token that is not good here: said so, without a way to sign in, whatever else there is.
#[track_caller]
fn is_final(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    assert!(answer.location().is_none() && answer.set_cookies().is_empty());
    assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
}

#[tokio::test]
async fn a_bad_token_is_final_even_beside_a_good_cookie() {
    let house = house().await;
    for (number, family) in FAMILIES.into_iter().enumerate() {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "owner").await;
        house.visitor().sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let good = token(&house, &format!("good-{number}"), "friend", &["wiki"]).await;
        let other = token(&house, &format!("other-{number}"), "friend", &["notes"]).await;
        let revoked = token(&house, &format!("revoked-{number}"), "friend", &["wiki"]).await;
        assert!(house.app().store.revoke_app_token(format!("revoked-{number}")).await.unwrap());
        let unknown = Secret::from_random(SecretKind::AppToken, [9; 32]).expose().to_owned();
        let body = good.strip_prefix("pot_").unwrap();
        let bad = [
            other,
            revoked,
            unknown,
            Secret::from_random(SecretKind::ApiToken, [9; 32]).expose().to_owned(),
            "pot_".to_owned(),
            format!("pot_{}", &body[1..]),
            format!("{good}A"),
            format!("{good}="),
            format!("{good} x"),
            format!("pot_{}", "A".repeat(3000)),
            "pot_' OR 1=1".to_owned(),
        ];
        for token in bad {
            for way in [format!("Bearer {token}"), basic("x", &token)] {
                for url in [format!("{WIKI}/"), format!("{WIKI}/health")] {
                    is_final(&visitor.ask(&proxy, &ask(&url, &way)).await);
                    is_final(&visitor.ask(&proxy, &Visit::page(&url).with("authorization", &way)).await);
                }
            }
        }
        passes_as(&visitor.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "owner"));
    }
}

#[tokio::test]
async fn a_good_token_where_none_belongs_is_final_too() {
    let house = house().await;
    for (number, family) in FAMILIES.into_iter().enumerate() {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let good = token(&house, &format!("good-{number}"), "friend", &["wiki"]).await;
        let odd = [
            good.clone(),
            format!("Token {good}"),
            format!("Bearer: {good}"),
            format!("Bearer \"{good}\""),
            format!("Bearer of-the-app, Bearer {good}"),
            format!("Digest username=\"x\", response=\"{good}\""),
            format!("Bearer {good}\u{e9}"),
            format!("Bearer\u{a0}{good}"),
            format!("\u{e9} {good}"),
            basic("x", &format!(" {good}")),
            basic("x", &format!("{good}\u{e9}")),
            format!("Basic {}", STANDARD.encode([b"\xff:", good.as_bytes(), b"\xff"].concat())),
            format!("Basic {good}"),
            // As the user name, as `curl -u TOKEN:` sends it.
            basic(&good, ""),
            basic(&good, "x"),
            basic(&good, &good),
            basic("pot_x", "hunter2"),
            format!("Basic {}", STANDARD.encode(&good)),
            format!("Basic {}", STANDARD.encode(format!("x {good}:"))),
        ];
        for way in odd {
            is_final(&visitor.ask(&proxy, &ask(&format!("{WIKI}/"), &way)).await);
        }
        // Two headers, whatever is in them: the application might read the other one.
        let (bearer, of_app) = (format!("Bearer {good}"), "Bearer of-the-app".to_owned());
        for two in [
            [&bearer, &of_app],
            [&of_app, &bearer],
            [&of_app, &basic("x", &good)],
            [&bearer, &basic("x", &good)],
            [&of_app, &of_app],
        ] {
            let visit = ask(&format!("{WIKI}/"), two[0]).with("authorization", two[1]);
            is_final(&visitor.ask(&proxy, &visit).await);
        }
    }
}

#[tokio::test]
async fn credentials_of_the_app_itself_are_none_of_ours() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let cookie = visitor.cookies.get(host(WIKI), HOST_COOKIE);
        for way in [
            "Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
            format!("Bearer {cookie}"),
            basic("friend", "hunter2"),
            "Basic !!!".to_owned(),
            "Basic".to_owned(),
            "Negotiate YII".to_owned(),
            "Digest username=\"x\", response=\"spot_x\"".to_owned(),
            "Bearer teapot_0123".to_owned(),
            "Bearer a.b-pot_0123".to_owned(),
            "Bearer\teyJhbGciOiJub25lIn0.e30.".to_owned(),
            "Bearer caf\u{e9}".to_owned(),
            basic("friend", "caf\u{e9} spot_x"),
            String::new(),
        ] {
            let visit = ask(&format!("{WIKI}/"), &way);
            proxy.ask(&visit).await.expect(401).location().expect("a way to sign in");
            passes_as(&visitor.ask(&proxy, &visit).await, &subject(&house, "friend"));
        }
        // Elsewhere than in its header, a token says nothing.
        house.visitor().sign_in(&proxy, &format!("{WIKI}/"), "home").await;
        let id = format!("{family:?}");
        let token = token(&house, &id, "home", &["wiki"]).await;
        for visit in [
            Visit::bare("GET", &format!("{WIKI}/?access_token={token}")),
            Visit::bare("GET", &format!("{WIKI}/")).with("proxy-authorization", &format!("Bearer {token}")),
            Visit::bare("GET", &format!("{WIKI}/")).with("x-api-key", &token),
            Visit::bare("GET", &format!("{WIKI}/")).with("cookie", &format!("{HOST_COOKIE}={token}")),
        ] {
            proxy.ask(&visit).await.expect(401).location().expect("a way to sign in");
        }
    }
}

#[tokio::test]
async fn a_token_ends_by_time_and_with_its_person() {
    let house = setup().set("rules", "membership_lifetime = \"24h\"").start().await;
    let proxy = house.proxy(Family::ForwardAuth);
    let mut visitor = house.visitor();
    visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
    let way = format!("Bearer {}", token(&house, "one", "friend", &["wiki"]).await);
    let url = format!("{WIKI}/");
    proxy.ask(&ask(&url, &way)).await.expect(200);
    house.pass(Seconds(3601));
    is_final(&visitor.ask(&proxy, &ask(&url, &way)).await);
    // What we know of its person is too old: nobody can sign in for a program.
    house.pass(Seconds(24 * 3600 - 3601 - 60));
    let way = format!("Bearer {}", token(&house, "two", "friend", &["wiki"]).await);
    proxy.ask(&ask(&url, &way)).await.expect(200);
    house.pass(Seconds(120));
    is_final(&proxy.ask(&ask(&url, &way)).await);
    visitor.sign_in(&proxy, &url, "friend").await;
    proxy.ask(&ask(&url, &way)).await.expect(200);
    // Signing out is about browsers; the end of access is about everything.
    let confirm = visitor.browser.open("/sign-out").await.expect(200);
    visitor.browser.submit(&confirm, "/sign-out").await.expect(200);
    proxy.ask(&ask(&url, &way)).await.expect(200);
    house.end_access("friend").await;
    is_final(&proxy.ask(&ask(&url, &way)).await);
}
