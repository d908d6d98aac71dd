//! What applications are told about people: every header on every 200, and nothing that a visitor says.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use super::*;
use crate::support::{FAMILIES, Visit};

/// What visitors may send to be taken for somebody else.
const PLANTED: [&str; 12] = [
    "remote-user",
    "remote_user",
    "remote-groups",
    "remote-email",
    "remote-name",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-auth-request-user",
    "x-authentik-username",
    "x-webauth-user",
    "cf-access-jwt-assertion",
    "cf-access-authenticated-user-email",
];

fn planting(mut visit: Visit) -> Visit {
    for name in PLANTED {
        visit = visit.with(name, "owner").with(name, "plex-owner,admin");
    }
    visit
}

#[tokio::test]
async fn req_169_rt_fa_every_200_has_every_header_and_planted_ones_change_nothing() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        for visit in [Visit::page(&format!("{WIKI}/health")), Visit::bare("GET", &format!("{WIKI}/public/x"))]
        {
            for visit in [visit.clone(), planting(visit)] {
                let answer = visitor.ask(&proxy, &visit).await;
                passes_as(&answer, "");
                assert!(IDENTITY.iter().all(|name| answer.header(name) == Some("")), "{answer:?}");
            }
        }
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        for url in [format!("{WIKI}/"), format!("{WIKI}/health"), format!("{WIKI}/public/x")] {
            let plain = visitor.page(&proxy, &url).await;
            let planted = visitor.ask(&proxy, &planting(Visit::page(&url))).await;
            for answer in [&plain, &planted] {
                passes_as(answer, &subject(&house, "friend"));
                assert_eq!(answer.header("remote-groups"), Some("plex-friend"));
                let names: Vec<&str> = answer.headers.keys().map(http::HeaderName::as_str).collect();
                assert!(
                    PLANTED.iter().all(|name| IDENTITY.contains(name) || !names.contains(name)),
                    "{names:?}"
                );
            }
            assert_eq!(plain.headers, planted.headers);
        }
        visitor.ask(&proxy, &planting(Visit::page(&format!("{WIKI}/admin")))).await.expect(403);
    }
}

#[tokio::test]
async fn a_bypass_does_not_say_who_it_is_to_an_app_that_is_not_for_them() {
    let house = setup()
        .app(
            "name = \"shared\"\nhost = \"vault.family.example\"\nallow = [\"plex-owner\"]\n\
             [[apps.rules]]\npaths = [\"/open\"]\nbypass = true",
        )
        .start()
        .await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await;
        passes_as(&visitor.page(&proxy, "https://vault.family.example/open").await, "");
        visitor.page(&proxy, &format!("{CALENDAR}/")).await.expect(200);
    }
}

#[tokio::test]
async fn who_is_denied_is_nobody_on_a_bypass_and_is_not_sent_to_and_fro() {
    let open = "[[apps.rules]]\npaths = [\"/open\"]\nbypass = true";
    let narrow = "[[apps.rules]]\npaths = [\"/mine\"]\nallow = [\"plex-friend\"]";
    let house = setup()
        .app(&format!("name = \"denied\"\nhost = \"a.family.example\"\ndeny = [\"plex-friend\"]\n{open}"))
        .app(&format!(
            "name = \"narrow\"\nhost = \"b.family.example\"\nallow = [\"plex-owner\"]\n{open}\n{narrow}"
        ))
        .app(&format!("name = \"none\"\nhost = \"c.family.example\"\nallow = [\"plex-owner\"]\n{open}"))
        .start()
        .await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        // Signed in at an application that shares the session, and by the way over our own host.
        visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await;
        for app in ["a", "b", "c"] {
            passes_as(&visitor.page(&proxy, &format!("https://{app}.family.example/open")).await, "");
        }
        // To sign in again would change nothing for somebody whom the hand-over lets in.
        for app in ["a", "b"] {
            let answer = visitor.page(&proxy, &format!("https://{app}.family.example/")).await.expect(403);
            assert!(answer.location().is_none() && answer.set_cookies().is_empty(), "{answer:?}");
        }
        house.pass(Seconds(10)); // nothing is remembered now
        for (path, subject) in [("mine", &*subject(&house, "friend")), ("open", "")] {
            passes_as(&visitor.page(&proxy, &format!("https://b.family.example/{path}")).await, subject);
        }
        // Somebody whom no part is for reads why, at our own host, and is sent nowhere.
        let page = visitor.sent_to_us(&proxy, "https://c.family.example/").await.expect(403);
        assert!(page.location().is_none() && page.text().contains("none"), "{}", page.text());
    }
}

#[tokio::test]
async fn the_host_chooses_names_and_sets_of_headers() {
    let setup = setup()
        .set("gateway", "names = [\"plex-48151001=frida\"]\nuser = \"username\"")
        .app("name = \"authentik\"\nhost = \"a.example.net\"\nidentity_headers = \"x-authentik\"")
        .app(
            "name = \"own\"\nhost = \"b.example.net\"\nidentity_headers = \"custom\"\n\
             headers = [\"X-User=user\", \"X-Sub=subject\", \"X-Groups=groups-by-bar\"]",
        );
    let house = setup.start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let page = visitor.sent_to_us(&proxy, "https://a.example.net/").await.expect(200);
        let landing = visitor.browser.approve_and_finish(&page, "friend").await.leaves();
        let (_, answer) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(answer.status, 200);
        let said =
            ["x-authentik-username", "x-authentik-groups", "x-authentik-uid"].map(|name| answer.header(name));
        assert_eq!(said, [Some("frida"), Some("plex-friend"), Some("plex-48151001")]);
        assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
        let landing = visitor.sent_to_us(&proxy, "https://b.example.net/").await.leaves();
        let (_, answer) = visitor.come_in(&proxy, &landing).await;
        let said = ["x-user", "x-sub", "x-groups"].map(|name| answer.header(name));
        assert_eq!(said, [Some("frida"), Some("plex-48151001"), Some("plex-friend")]);
        // Somebody who calls themselves so at Plex is not so called here.
        let mut other = house.visitor();
        other.sign_in(&proxy, &format!("{WIKI}/"), "home").await;
        house.edit_person("home", "$.account.username", "\"Frida\"");
        house.pass(Seconds(10));
        let answer = other.page(&proxy, &format!("{WIKI}/")).await.expect(403);
        assert!(answer.body.contains("no name to tell this application"), "{}", answer.body);
        assert!(answer.location().is_none() && IDENTITY.iter().all(|name| answer.header(name).is_none()));
        let answer = other.page(&proxy, &format!("{WIKI}/health")).await;
        passes_as(&answer, "");
        assert_eq!(answer.header("remote-groups"), Some(""), "where everybody passes, it is nobody who does");
    }
}

#[tokio::test]
async fn what_one_application_was_told_a_moment_ago_is_told_to_no_other_and_nothing_of_a_request_stays() {
    let house = setup()
        .set("gateway", "names = [\"plex-48151001=frida\"]")
        .app("name = \"photos\"\nhost = \"photos.family.example\"\nidentity_headers = \"x-auth-request\"")
        .start()
        .await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await;
        for _ in 0..3 {
            let answer = visitor.page(&proxy, &format!("{CALENDAR}/")).await;
            passes_as(&answer, "frida");
            assert!(
                answer.header("x-auth-request-user").is_none() && answer.header("authorization").is_none()
            );
            let answer = visitor.page(&proxy, "https://photos.family.example/").await.expect(200);
            assert_eq!(answer.header("x-auth-request-user"), Some("frida"));
            assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()), "{answer:?}");
            let own = Visit::page(&format!("{CALENDAR}/")).with("authorization", "Digest of-the-app");
            let answer = visitor.ask(&proxy, &own).await;
            passes_as(&answer, "frida");
            assert_eq!(answer.header("authorization"), Some("Digest of-the-app"));
            let answer = visitor.page(&proxy, &format!("{CALENDAR}/")).await;
            let cleared = (family == Family::ExtAuthz).then_some("authorization");
            assert_eq!(answer.header("x-envoy-auth-headers-to-remove"), cleared);
            // A program's own token says who it is, whatever cookie comes with it.
            let stolen = Visit::page(&format!("{CALENDAR}/")).with("authorization", "Bearer pot_nonsense");
            visitor.ask(&proxy, &stolen).await.expect(401);
        }
    }
}

#[tokio::test]
async fn groups_that_change_are_told_within_ten_seconds() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{NOTES}/"), "friend").await;
        for groups in ["plex-friend,plex-library:1", "plex-friend"] {
            let list: Vec<&str> = groups.split(',').collect();
            house.edit_person("friend", "$.groups", &serde_json::to_string(&list).unwrap());
            house.pass(Seconds(10));
            let answer = visitor.page(&proxy, &format!("{NOTES}/")).await;
            passes_as(&answer, &subject(&house, "friend"));
            assert_eq!(answer.header("remote-groups"), Some(groups));
        }
    }
}

#[tokio::test]
async fn rt_fa_a_value_never_becomes_another_header_or_another_group() {
    let house = setup().set("rules", "require_confirmed_email = false").start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let page = format!("{WIKI}/");
        visitor.sign_in(&proxy, &page, "friend").await;
        for (json, sent) in [
            ("\"Ann\\r\\nRemote-User: owner\"", ""),
            ("\"Ann\\nX: y\"", ""),
            ("\"Ann\\u0000\"", ""),
            ("\"\\u0085\"", ""),
            ("\" padded \"", ""),
            ("\"Zo\u{eb} \u{1f98a}\"", "Zo\u{eb} \u{1f98a}"),
            ("\"a, b; c=d \\\"q\\\"\"", "a, b; c=d \"q\""),
        ] {
            house.edit_person("friend", "$.account.display_name", json);
            house.pass(Seconds(10));
            let answer = visitor.page(&proxy, &page).await;
            passes_as(&answer, &subject(&house, "friend"));
            assert_eq!(answer.headers["remote-name"].as_bytes(), sent.as_bytes(), "{json}");
        }
        let long = format!("\"{}\"", "x".repeat(5000));
        house.edit_person("friend", "$.account.display_name", &long);
        house.edit_person("friend", "$.account.email_confirmed", "false");
        house.pass(Seconds(10));
        let answer = visitor.page(&proxy, &page).await;
        passes_as(&answer, &subject(&house, "friend"));
        assert_eq!((answer.header("remote-name"), answer.header("remote-email")), (Some(""), Some("")));
        house.edit_person("friend", "$.account.email_confirmed", "true");
        house.edit_person("friend", "$.account.display_name", "\"Frida\"");
    }
}

#[tokio::test]
async fn rt_fa_answers_are_small_whatever_is_asked() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        for length in [10, 1000, 1500, 2047, 2048, 3000, 8000] {
            for kind in [Visit::page, Visit::script] {
                let answer = proxy.ask(&kind(&format!("{WIKI}/{}", "x".repeat(length)))).await;
                let headers: usize =
                    answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
                assert!(headers <= 8 * 1024 && answer.body.len() <= 16 * 1024, "{length}: {headers}");
                assert!(answer.status != 200);
            }
        }
    }
}
