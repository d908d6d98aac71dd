//! Each family of proxies: its way to sign in, its headers and no others, and who may ask at all.

use http::HeaderValue;
use plex_oidc_core::gateway::Family;

use super::*;
use crate::support::{FAMILIES, Proxy, Visit, redirected};

/// The headers by which a family says what it asks about.
fn own_headers(family: Family) -> &'static [&'static str] {
    match family {
        Family::ForwardAuth => {
            &["x-forwarded-method", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"]
        }
        Family::AuthRequest => &["x-original-method", "x-original-url"],
        Family::ExtAuthz => &["x-forwarded-proto", "host"],
    }
}

const fn refused(family: Family) -> u16 {
    if matches!(family, Family::AuthRequest) { 403 } else { 400 }
}

#[tokio::test]
async fn a_whole_sign_in_through_each_family_and_a_second_app_without_a_click() {
    let house = house().await;
    let friend = subject(&house, "friend");
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let url = format!("{WIKI}/page/two?x=1&y=%2F..");
        passes_as(&visitor.sign_in(&proxy, &url, "friend").await, &friend);
        passes_as(&visitor.page(&proxy, &format!("{WIKI}/other")).await, &friend);
        passes_as(&visitor.ask(&proxy, &Visit::script(&format!("{WIKI}/api"))).await, &friend);
        passes_as(&visitor.pass_through(&proxy, &format!("{NOTES}/")).await, &friend);
        assert_ne!(
            visitor.cookies.get(host(WIKI), HOST_COOKIE),
            visitor.cookies.get(host(NOTES), HOST_COOKIE),
            "each application has a session of its own"
        );
    }
}

#[tokio::test]
async fn req_128_129_a_session_at_an_app_is_no_session_at_our_own_host() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "friend").await;
    visitor.pass_through(&proxy, &format!("{WIKI}/")).await;
    let ours = visitor.browser.session().unwrap().to_owned();
    let stolen = [
        visitor.cookies.get(host(CALENDAR), DOMAIN_COOKIE),
        visitor.cookies.get(host(WIKI), HOST_COOKIE),
        visitor.cookies.get(host(WIKI), START_COOKIE),
    ];
    let url = house.relying_party("photos").authorization().url();
    for value in stolen {
        let body = value.get(4..).unwrap();
        assert!(!ours.contains(body), "one is made from the other");
        for text in [value.clone(), ours.replace(ours.get(4..).unwrap(), body)] {
            let mut thief = house.browser();
            for name in ["__Host-plex-oidc-session", HOST_COOKIE, DOMAIN_COOKIE] {
                thief.cookies.insert(name.to_owned(), text.clone());
            }
            let page = thief.open(&url).await.expect(200);
            page.form("/start");
        }
        // And the other way round.
        let visit = Visit::page(&format!("{WIKI}/")).with("cookie", &format!("{HOST_COOKIE}={ours}"));
        redirected(Family::ForwardAuth, &proxy.ask(&visit).await);
    }
}

#[tokio::test]
async fn req_165_rt_fa_untrusted_peer() {
    let house = house().await;
    for family in FAMILIES {
        let (mut proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        for address in ["192.0.2.1:1", "172.31.0.1:1", "[::1]:1", "127.0.0.1:1", "10.0.0.1:1"] {
            proxy.peer = address.parse().unwrap();
            for url in [format!("{WIKI}/"), format!("{WIKI}/health")] {
                let visit =
                    Visit::page(&url).with("x-forwarded-for", "172.30.0.2").with("remote-user", "owner");
                let answer = visitor.ask(&proxy, &visit).await.expect(403);
                assert!(answer.body.contains("trusted_proxies"), "{}", answer.body);
                assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
                assert!(answer.location().is_none() && answer.set_cookies().is_empty());
            }
        }
        proxy.peer = "[::ffff:172.30.0.9]:1".parse().unwrap();
        visitor.page(&proxy, &format!("{WIKI}/")).await.expect(200);
    }
}

#[tokio::test]
async fn req_165_without_trusted_proxies_nobody_is_answered_and_told_what_to_write() {
    let house = setup().set("", "trusted_proxies = []").start().await;
    for family in FAMILIES {
        for peer in ["172.30.0.2:1", "127.0.0.1:1"] {
            let mut proxy = house.proxy(family);
            proxy.peer = peer.parse().unwrap();
            let answer = proxy.ask(&Visit::page(&format!("{WIKI}/health"))).await.expect(403);
            assert!(answer.body.contains("trusted_proxies = ["), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn req_167_rt_fa_no_rule_denies() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{CALENDAR}/"), "owner").await;
        for other in [
            "other.example.org",
            "example.org",
            "family.example",
            "auth.example.com",
            "evilwiki.example.org",
            "wiki.example.org.evil.test",
            "a.wiki.example.org",
            "calendar.family.example.evil.test",
            "xcalendar.family.example",
        ] {
            let answer = visitor.page(&proxy, &format!("https://{other}/health")).await.expect(403);
            assert!(answer.location().is_none() && answer.set_cookies().is_empty(), "{other}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn rt_fa_missing_headers_denies() {
    let house = house().await;
    for family in FAMILIES {
        let proxy = house.proxy(family);
        let visit = Visit::page(&format!("{WIKI}/health"));
        proxy.ask(&visit).await.expect(200);
        for name in own_headers(family) {
            let mut missing = proxy.subrequest(&visit);
            let value = missing.headers_mut().remove(*name).unwrap();
            if *name != "host" {
                proxy.send(missing).await.expect(refused(family)); // the door adds a host, as a server demands one
            }
            let mut doubled = proxy.subrequest(&visit);
            doubled.headers_mut().append(*name, value);
            is_refused(&proxy, doubled).await;
            for odd in [&b""[..], b"\t", b"caf\xe9", b"\xff", b"a\tb", b" ", b"\x80https", b"https, http"] {
                let mut request = proxy.subrequest(&visit);
                request.headers_mut().insert(*name, HeaderValue::from_bytes(odd).unwrap());
                is_refused(&proxy, request).await;
            }
        }
    }
}

async fn is_refused(proxy: &Proxy, request: http::Request<axum::body::Body>) {
    let headers = request.headers().clone();
    let answer = proxy.send(request).await;
    assert!([400, 403].contains(&answer.status), "{:?} {headers:?}: {answer:?}", proxy.family);
    assert!(proxy.family != Family::AuthRequest || answer.status == 403, "{answer:?}");
    assert!(answer.location().is_none() && IDENTITY.iter().all(|name| answer.header(name).is_none()));
}

#[tokio::test]
async fn req_164_rt_fa_foreign_header_has_no_effect() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        for other in FAMILIES.into_iter().filter(|other| *other != family) {
            // What the other families would say of an open path, beside what this one says of a closed one.
            let planted = house.proxy(other).subrequest(&Visit::bare("GET", &format!("{WIKI}/public/x")));
            let mut request = proxy.subrequest(&Visit::script(&format!("{WIKI}/admin")));
            for (name, value) in planted.headers() {
                request.headers_mut().entry(name).or_insert(value.clone());
            }
            proxy.send(request).await.expect(401);
            // And alone they are no question at all.
            let mut alone = planted;
            *alone.uri_mut() = proxy.subrequest(&Visit::page(WIKI)).uri().clone();
            if family != Family::ExtAuthz {
                proxy.send(alone).await.expect(refused(family));
            }
        }
        for (name, value) in [
            ("x-original-uri", "/public/x"),
            ("x-rewrite-url", "/public/x"),
            ("x-envoy-original-path", "/public/x"),
            ("x-forwarded-prefix", "/public"),
            ("x-forwarded-port", "8443"),
            ("x-forwarded-server", "wiki.example.org"),
            ("forwarded", "host=wiki.example.org;proto=https"),
            ("x-http-method-override", "GET"),
            ("x-host", "wiki.example.org"),
            ("user-agent", "kube-probe/1.30"),
        ] {
            let visit = Visit::page(&format!("{VAULT}/public/x")).with(name, value);
            let location = redirected(family, &proxy.ask(&visit).await);
            assert!(location.starts_with("https://auth.example.com/gateway/sign-in?request="), "{location}");
            let visit = Visit::page(&format!("{WIKI}/admin")).with(name, value);
            visitor.ask(&proxy, &visit).await.expect(403);
        }
    }
}

#[tokio::test]
async fn a_policy_can_be_named_in_the_address_that_the_proxy_calls() {
    let setup = setup()
        .app("name = \"wide\"\nhost = \"*.example.net\"")
        .app("name = \"narrow\"\nhost = \"*.example.net\"\nallow = [\"plex-owner\"]");
    let house = setup.start().await;
    let url = "https://box.example.net/";
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let (wide, narrow) = (proxy.clone().naming("wide"), proxy.clone().naming("narrow"));
        passes_as(&visitor.sign_in(&wide, url, "friend").await, &subject(&house, "friend"));
        passes_as(
            &visitor.page(&wide, "https://box.example.net/a%20b//c?q").await,
            &subject(&house, "friend"),
        );
        let denied = visitor.sent_to_us(&narrow, url).await.expect(403);
        assert!(denied.text().contains("narrow"), "{}", denied.text());
        passes_as(&visitor.page(&proxy, url).await, &subject(&house, "friend"));
        // A name that does not serve this host, or nothing has, is nobody's.
        for other in ["wiki", "nothing", "Wide"] {
            visitor.page(&proxy.clone().naming(other), url).await.expect(403);
        }
    }
}

/// What a proxy of this family asks about a visit, at an address with this query of its own.
fn with_query(proxy: &Proxy, visit: &Visit, query: &str) -> http::Request<axum::body::Body> {
    let mut request = proxy.subrequest(visit);
    let address = format!("{}?{query}", request.uri().path());
    *request.uri_mut() = address.parse().unwrap();
    request
}

/// Those that can name an application in the query of the address that they call. Envoy's query is the visitor's.
const BY_QUERY: [Family; 2] = [Family::ForwardAuth, Family::AuthRequest];

fn two_policies() -> Setup {
    setup().app("name = \"narrow\"\nhost = \"box.example.net\"\nallow = [\"plex-owner\"]").app(
        "name = \"wide\"\nhost = \"box.example.net\"\n\
             [[apps.rules]]\npaths = [\"/open/*\"]\nbypass = true",
    )
}

#[tokio::test]
async fn a_policy_can_be_named_in_the_query_too() {
    let house = two_policies().start().await;
    let open = Visit::script("https://box.example.net/open/x?y=z");
    for family in BY_QUERY {
        let proxy = house.proxy(family);
        passes_as(&proxy.send(with_query(&proxy, &open, "app=wide")).await, "");
        proxy.send(with_query(&proxy, &open, "app=narrow")).await.expect(401);
        proxy.send(with_query(&proxy, &open, "")).await.expect(401);
        // A name that cannot be read is one that nothing has.
        let many = "&p=x".repeat(200);
        for query in ["app=", "app", "app=wide&app=wide", "app=%ff", "app=narrow&app=wide", "app=Wide"] {
            for query in [query.to_owned(), format!("{query}{many}"), format!("p=x{many}&{query}")] {
                proxy.send(with_query(&proxy, &open, &query)).await.expect(403);
            }
        }
        // In the path, it is not to be had by the query.
        let named = proxy.clone().naming("narrow");
        named.send(with_query(&named, &open, "app=wide")).await.expect(401);
    }
}

#[tokio::test]
async fn a_visitor_whose_query_is_handed_on_does_not_choose_the_policy() {
    let house = two_policies().start().await;
    let many = "&p=x".repeat(200);
    for family in BY_QUERY {
        let proxy = house.proxy(family);
        for query in ["app=wide", "x=y&app=wide", "%61pp=wide", "app=wide&app=narrow", "app=narrow", "app"] {
            // A fragment is no part of the address that is called, but may be of the one that is reported.
            for (query, after) in
                [(query.to_owned(), ""), (format!("{query}{many}"), ""), (query.to_owned(), "#x")]
            {
                let visit = Visit::script(&format!("https://box.example.net/open/x?{query}{after}"));
                let answer = proxy.send(with_query(&proxy, &visit, &query)).await.expect(403);
                assert!(answer.body.contains("uri /authz/forward-auth?"), "{query}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn any_other_query_that_is_handed_on_changes_nothing() {
    let house = two_policies().start().await;
    for family in BY_QUERY {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        let long = vec!["p=x"; 300].join("&");
        for query in ["", "x=y", "apps=wide", "App=wide", "x=app=wide", "%", "%ff&&=;", "a=b?app=wide", &long]
        {
            let visit = |url: String| {
                let cookie = visitor.cookies.get(host(WIKI), HOST_COOKIE);
                Visit::script(&url).with("cookie", &format!("{HOST_COOKIE}={cookie}"))
            };
            let page = visit(format!("{WIKI}/page?{query}"));
            passes_as(&proxy.send(with_query(&proxy, &page, query)).await, &subject(&house, "friend"));
            let admin = visit(format!("{WIKI}/admin?{query}"));
            proxy.send(with_query(&proxy, &admin, query)).await.expect(403);
        }
    }
}

#[tokio::test]
async fn the_other_scheme_is_refused_and_said_which_it_is() {
    for (public_url, scheme, said) in [
        ("https://auth.example.org", "http", "for https only"),
        ("http://localhost:8400", "https", "for http only"),
    ] {
        let house = setup().set("", &format!("public_url = \"{public_url}\"")).start().await;
        for family in FAMILIES {
            let visit = Visit::page(&format!("{scheme}://wiki.example.org/health"));
            let answer = house.proxy(family).ask(&visit).await.expect(403);
            assert!(answer.body.contains(said), "{answer:?}");
        }
    }
}
