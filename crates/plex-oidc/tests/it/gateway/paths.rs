//! Paths and methods against rules: what has two readings never takes a bypass and never walks around a rule.

use plex_oidc_core::gateway::Family;

use super::*;
use crate::support::{FAMILIES, Proxy, Visit, Visitor};

/// One reading each.
const OPEN: [&str; 8] = [
    "/health",
    "/health?x=/admin",
    "/public",
    "/public/",
    "/public/a/b.css?v=1",
    "/public/%41",
    "/public/a%20b",
    "/%70ublic/x",
];

/// Behind the sign-in, and for everybody who is signed in.
const PLAIN: [&str; 16] = [
    "/",
    "/page",
    "/healthz",
    "/health/",
    "/HEALTH",
    "/PUBLIC/x",
    "/publicx",
    "/?/public/",
    "/page?x=/public/",
    "/page?/public/../x",
    "/sign-in/x",
    "/gateway/sign-in",
    "/authz/forward-auth",
    "/.plex-oidc/",
    "/.well-known/openid-configuration",
    "/oauth2/callback",
];

/// For the owner alone, in every spelling; or with two readings, of which one may be.
const GUARDED: [&str; 48] = [
    "/admin",
    "/admin/",
    "/admin/x",
    "/admin?x=/public/",
    "/admin?/public/../public/x",
    "/ADMIN",
    "/Admin/x",
    "/%41dmin/x",
    "/%61%64%6d%69%6e",
    "//admin",
    "///admin",
    "/public/../admin",
    "/public/./../admin",
    "/public/%2e%2e/admin",
    "/public/%2E%2E/admin",
    "/public/.%2e/admin",
    "/public/%2e./admin",
    "/public/..%2fadmin",
    "/public%2f..%2fadmin",
    "/public%2F..%2Fadmin",
    "/public/..;/admin",
    "/public/..;a=b/admin",
    "/public;/../admin",
    "/admin;x",
    "/admin;/public",
    "/public/%252e%252e/admin",
    "/public/%25252e%25252e/admin",
    "/public/..%5cadmin",
    "/public/..%255cadmin",
    "/public%23/../admin",
    "/admin%23/public",
    "/admin%3f/public",
    "/public/%00",
    "/public/a%00b",
    "/admin%00",
    "/public/%0d%0aX",
    "/public/%7f",
    "/public/%ff",
    "/public/%c0%ae%c0%ae/admin",
    "/public/%e0%80%af",
    "/public/%",
    "/public/%2",
    "/public/%zz",
    "/public//x",
    "/./public/../admin/.",
    "/...",
    "/public/%20",
    "/public/.%20./admin",
];

/// Only a header can hold these; an address of a request cannot.
const HEADER_ONLY: [&str; 6] = [
    "/admin#/public",
    "/public#/admin",
    "/public/x#",
    "/public/..\\admin",
    "/public\\..\\admin",
    "/public/x y",
];

async fn status(proxy: &Proxy, visitor: &mut Visitor, target: &str) -> u16 {
    visitor.ask(proxy, &Visit::script(&format!("{WIKI}{target}"))).await.status
}

#[tokio::test]
async fn req_166_rt_fa_path_table() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        let (mut nobody, mut friend, mut owner) = (house.visitor(), house.visitor(), house.visitor());
        friend.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        owner.sign_in(&proxy, &format!("{WIKI}/"), "owner").await;
        let header_only = HEADER_ONLY.iter().filter(|_| family != Family::ExtAuthz);
        let guarded: Vec<&&str> = GUARDED.iter().chain(header_only).collect();
        for (targets, expected) in [
            (OPEN.iter().collect(), [200, 200, 200]),
            (PLAIN.iter().collect(), [401, 200, 200]),
            (guarded, [401, 403, 200]),
        ] as [(Vec<&&str>, [u16; 3]); 3]
        {
            for target in targets {
                let got = [
                    status(&proxy, &mut nobody, target).await,
                    status(&proxy, &mut friend, target).await,
                    status(&proxy, &mut owner, target).await,
                ];
                assert_eq!(got, expected, "{family:?} {target}");
            }
        }
        passes_as(&nobody.page(&proxy, &format!("{WIKI}/public/x")).await, "");
    }
}

#[tokio::test]
async fn rt_fa_unparsable_url_is_never_passed() {
    let house = house().await;
    let mut visitor = house.visitor();
    visitor.sign_in(&house.proxy(Family::ForwardAuth), &format!("{WIKI}/"), "owner").await;
    for family in [Family::ForwardAuth, Family::AuthRequest] {
        let proxy = house.proxy(family);
        let name = if family == Family::ForwardAuth { "x-forwarded-uri" } else { "x-original-url" };
        for target in [
            "public/x",
            "*",
            "?",
            "#",
            "http:/public",
            "https://wiki.example.org@evil.test/public/x",
            "https://evil.test/public/x",
            "https:///public/x",
            "https://wiki.example.org:x/public/x",
            "https://[::1/public/x",
            "https://wiki.example.org%2f.evil.test/public/x",
            "https://wiki.example.org\\/public/x",
            "https://wiki.example.org,evil.test/public/x",
            "javascript:/public/x",
            "ftp://wiki.example.org/public/x",
            "http://wiki.example.org/public/x",
            "https://wiki.example.org /public/x",
        ] {
            let mut request = proxy.subrequest(&Visit::script(&format!("{WIKI}/x")));
            request.headers_mut().insert(name, target.parse().unwrap());
            request.headers_mut().insert("cookie", visitor.cookies.header(host(WIKI)).unwrap());
            let answer = proxy.send(request).await;
            assert!([400, 403].contains(&answer.status), "{family:?} {target}: {answer:?}");
            assert!(family != Family::AuthRequest || answer.status == 403);
        }
    }
}

#[tokio::test]
async fn req_166_rt_fa_method_case() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut nobody, mut friend) = (house.proxy(family), house.visitor(), house.visitor());
        friend.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let open = format!("{WIKI}/public/x");
        for (method, status) in [
            ("GET", 200),
            ("HEAD", 401),
            ("POST", 401),
            ("PUT", 401),
            ("DELETE", 401),
            ("OPTIONS", 401),
            ("TRACE", 401),
            ("PATCH", 401),
            ("PROPFIND", 401),
            ("GETX", 401),
            ("M-SEARCH", 401),
        ] {
            assert_eq!(nobody.ask(&proxy, &Visit::bare(method, &open)).await.status, status, "{method}");
            friend.ask(&proxy, &Visit::bare(method, &open)).await.expect(200);
            friend.ask(&proxy, &Visit::bare(method, &format!("{WIKI}/admin"))).await.expect(403);
        }
        if family != Family::ExtAuthz {
            nobody.ask(&proxy, &Visit::bare("get", &open)).await.expect(200);
            for odd in ["GET POST", "GET,POST", "G\u{c9}T", "GET/", "", &"G".repeat(40)] {
                let answer = nobody.ask(&proxy, &Visit::bare(odd, &open)).await;
                assert_eq!(answer.status, if family == Family::AuthRequest { 403 } else { 400 }, "{odd}");
            }
        }
    }
}

#[tokio::test]
async fn req_166_rt_fa_host_canonical() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        for same in ["WIKI.EXAMPLE.ORG", "wiki.example.org.", "wiki.example.org:443", "wiki.example.org:8443"]
        {
            proxy.ask(&Visit::page(&format!("https://{same}/health"))).await.expect(200);
        }
        for other in [
            "wiki.example.org..",
            "wiki.example.org:",
            "wiki.example.org:x",
            "wiki.example.org:99999",
            "x@wiki.example.org",
            "wiki%2eexample.org",
            ".wiki.example.org",
            "wiki.example.org,notes.example.org",
            "wiki.example.org, wiki.example.org",
            "[wiki.example.org]",
        ] {
            let answer = proxy.ask(&Visit::page(&format!("https://{other}/health"))).await;
            assert!([400, 403].contains(&answer.status), "{family:?} {other}: {answer:?}");
        }
        // Another port is another origin: people come back to the one that they asked for.
        let mut visitor = house.visitor();
        visitor.sign_in(&proxy, "https://wiki.example.org:8443/x", "friend").await;
    }
}

#[tokio::test]
async fn a_path_with_two_readings_is_fine_where_no_rule_could_mean_it() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut friend) = (house.proxy(family), house.visitor());
        friend.sign_in(&proxy, &format!("{NOTES}/"), "friend").await;
        for target in GUARDED {
            let answer = friend.ask(&proxy, &Visit::script(&format!("{NOTES}{target}"))).await;
            passes_as(&answer, &subject(&house, "friend"));
        }
    }
}
