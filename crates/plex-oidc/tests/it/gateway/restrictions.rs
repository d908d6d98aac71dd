//! Every kind of restriction keeps somebody out, and what a proxy merely hands on changes nothing.

use super::*;
use crate::support::{FAMILIES, Visit, redirected};

const FRIEND: &str = "plex-48151001";

/// Lines of an application, and whether the friend passes at `/x`.
fn restrictions(email: &str) -> Vec<(String, bool)> {
    let rule = |lines: &str| format!("allow = [\"plex-friend\"]\n[[apps.rules]]\n{lines}");
    vec![
        ("allow = [\"plex-friend\"]".to_owned(), true),
        ("allow = [\"plex-owner\", \"plex-home\"]".to_owned(), false),
        (format!("allow = [\"{FRIEND}\"]"), true),
        ("allow = [\"plex-48151002\"]".to_owned(), false),
        (format!("allow = [\"{}\"]", email.to_uppercase()), true),
        (format!("allow = [\"x{email}\"]"), false),
        ("allow = []".to_owned(), false),
        ("deny = [\"plex-friend\"]".to_owned(), false),
        ("deny = [\"plex-home\"]".to_owned(), true),
        (format!("deny = [\"{FRIEND}\"]"), false),
        (format!("deny = [\"{}\"]", email.to_uppercase()), false),
        (rule("paths = [\"/x\"]\nallow = [\"plex-owner\"]"), false),
        (rule("paths = [\"/y\"]\nallow = [\"plex-owner\"]"), true),
        (rule("paths = [\"/*\"]\nallow = []"), false),
        (rule("methods = [\"GET\"]\nallow = [\"plex-owner\"]"), false),
        (rule("methods = [\"POST\"]\nallow = [\"plex-owner\"]"), true),
        (rule(&format!("paths = [\"/x\"]\ndeny = [\"{FRIEND}\"]")), false),
        (
            rule(
                "paths = [\"/x\"]\ndeny = [\"plex-friend\"]\n[[apps.rules]]\npaths = [\"/x\"]\nbypass = true",
            ),
            false,
        ),
        (
            format!("deny = [\"{FRIEND}\"]\n[[apps.rules]]\npaths = [\"/x\"]\nallow = [\"plex-friend\"]"),
            false,
        ),
    ]
}

#[tokio::test]
async fn rt_each_restriction_denies() {
    let people = House::new().await;
    let friend = people.plex.world().personas().into_iter().find(|known| known.key == "friend").unwrap();
    let all = restrictions(&friend.email);
    let setup = all.iter().enumerate().fold(setup(), |setup, (number, (lines, _))| {
        setup.app(&format!("name = \"r{number}\"\nhost = \"r{number}.family.example\"\n{lines}"))
    });
    let house = setup.start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await;
        for (number, (lines, passes)) in all.iter().enumerate() {
            let url = format!("https://r{number}.family.example/x");
            let answer = visitor.ask(&proxy, &Visit::script(&url)).await;
            assert_eq!(answer.status, if *passes { 200 } else { 403 }, "{family:?} {lines}");
            let nobody = proxy.ask(&Visit::script(&url)).await;
            assert_eq!(nobody.status, 401, "{family:?} {lines}");
        }
    }
}

#[tokio::test]
async fn a_rule_for_one_path_is_not_walked_around_by_its_end() {
    let rules = "[[apps.rules]]\npaths = [\"/open\"]\nbypass = true\n\
                 [[apps.rules]]\npaths = [\"/admin\", \"/a/b\"]\nallow = [\"plex-owner\"]";
    let house =
        setup().app(&format!("name = \"exact\"\nhost = \"exact.family.example\"\n{rules}")).start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await;
        let at = |path: &str| Visit::script(&format!("https://exact.family.example{path}"));
        for path in
            ["/admin", "/admin/", "/admin.", "/admin%20", "/ADMIN%2e/", "/admin/?x", "/a./b", "/a%20/b/"]
        {
            visitor.ask(&proxy, &at(path)).await.expect(403);
        }
        for path in ["/admin/x", "/adm", "/a", "/"] {
            visitor.ask(&proxy, &at(path)).await.expect(200);
        }
        // A bypass is for the very path that is written down.
        for path in ["/open/", "/open.", "/open%20", "/OPEN"] {
            proxy.ask(&at(path)).await.expect(401);
        }
    }
}

#[tokio::test]
async fn rt_fa_traefik_headers() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let visit = Visit::page(&format!("{WIKI}/x"))
            .with("x-forwarded-prefix", "//evil.test")
            .with("x-forwarded-port", "8443")
            .with("x-forwarded-server", "evil.test")
            .with("x-real-ip", "172.30.0.2")
            .with("forwarded", "host=evil.test;proto=http");
        let location = redirected(family, &visitor.ask(&proxy, &visit).await);
        let page = visitor.browser.open(&location).await.expect(200);
        let landing = visitor.browser.approve_and_finish(&page, "friend").await.leaves();
        assert!(landing.url.as_str().starts_with(&format!("{WIKI}/.plex-oidc/callback?")), "{}", landing.url);
        let (next, page) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(next, format!("{WIKI}/x"));
        passes_as(&page, &subject(&house, "friend"));
        passes_as(&visitor.ask(&proxy, &visit).await, &subject(&house, "friend"));
    }
}

#[tokio::test]
async fn rt_bad_xff_denies() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        for odd in [
            "",
            "a",
            "172.30.0.2",
            "1.2.3.4, 172.30.0.2",
            "::1%eth0",
            "[::1]:80",
            ", ,",
            "unknown",
            "999.1.1.1",
        ] {
            let with = |url: &str| Visit::script(url).with("x-forwarded-for", odd);
            proxy.ask(&with(&format!("{WIKI}/"))).await.expect(401);
            visitor.ask(&proxy, &with(&format!("{WIKI}/admin"))).await.expect(403);
            passes_as(&visitor.ask(&proxy, &with(&format!("{WIKI}/"))).await, &subject(&house, "friend"));
            let mut stranger = proxy.clone();
            stranger.peer = "192.0.2.1:1".parse().unwrap();
            visitor.ask(&stranger, &with(&format!("{WIKI}/"))).await.expect(403);
        }
    }
}

#[tokio::test]
async fn rt_callback_bounds() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        for length in [4_000, 8_000, 9_000, 60_000] {
            let url =
                format!("{WIKI}/.plex-oidc/callback?code={0}&state={0}&iss={0}", "x".repeat(length / 3));
            let visit =
                Visit::page(&url).with("content-encoding", "gzip").with("accept-encoding", "gzip, br");
            let answer = proxy.ask(&visit).await;
            assert!((400..500).contains(&answer.status), "{family:?} {length}: {answer:?}");
            assert!(answer.body.len() <= 4096 && answer.header("content-encoding").is_none());
            assert!(answer.set_cookies().is_empty() && answer.location().is_none());
        }
    }
}
