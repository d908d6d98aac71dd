//! `doctor`: what got through a proxy is named, and nothing else.

mod stand;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc::cli::Exit;
use plex_oidc_core::time::Seconds;
use serde_json::Value;

use self::stand::{Asked, Stand, echo, ok, status};
use super::{House, Ran, put};

const TAG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An installation whose own address is the stand's, and so is that of its wiki.
fn house(stand: &Stand) -> House {
    let house = House::new();
    let issuer = format!("http://{}", stand.address);
    let text = format!(
        r#"
public_url = "{issuer}"
trusted_proxies = "127.0.0.1"
[plex]
server = "0123456789abcdef0123456789abcdef01234567"
owner_id = 17
[[access_teams]]
team = "example"
certs_url = "{issuer}/certs"
[[apps]]
name = "wiki"
host = "wiki.example.org"
access_team = "example"
access_audiences = "{TAG}"
[[apps.rules]]
paths = ["/public/*"]
bypass = true
[[apps]]
name = "any"
host = "*.any.example.org"
[[apps]]
name = "open"
host = "open.example.org"
[[apps.rules]]
paths = ["/*"]
bypass = true
"#
    );
    put(&house.path("plex-oidc.toml"), &text);
    house
}

fn doctor(house: &House, stand: &Stand, more: &[&str]) -> Ran {
    let via = stand.address.to_string();
    house.run(&[&["doctor", "--via", &via][..], more].concat())
}

/// The checks of the wiki that are a problem, by JSON.
fn problems(house: &House, stand: &Stand, more: &[&str]) -> BTreeSet<String> {
    let ran = doctor(house, stand, &[&["--app", "wiki", "--json"][..], more].concat());
    let findings: Vec<Value> = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
    let sick = findings.iter().filter(|finding| finding["outcome"] == "problem");
    let sick: BTreeSet<_> = sick.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ran.exit, if sick.is_empty() { Exit::Done } else { Exit::Failed }, "{}", ran.out);
    sick
}

#[test]
fn a_proxy_that_guards_is_well() {
    let stand = Stand::with(|_| None);
    let ran = doctor(&house(&stand), &stand, &["--app", "wiki", "--echo"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    insta::assert_snapshot!("guarded", ran.out.replace(&stand.address.to_string(), "ADDRESS"));
}

/// The claims and the header of an assertion, if this request shows one where it is looked for.
fn assertion(asked: &Asked, in_cookie: bool) -> Option<String> {
    let cookie =
        || asked.all("cookie").into_iter().find_map(|cookie| cookie.strip_prefix("CF_Authorization="));
    let text = if in_cookie { cookie() } else { asked.all("cf-access-jwt-assertion").first().copied() }?;
    let mut parts = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let (header, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let [header, claims] = [header, claims].map(|part| String::from_utf8(part).unwrap());
    assert!(claims.contains(TAG) && claims.contains("https://example.cloudflareaccess.com"), "{claims}");
    assert_eq!(signature.is_empty(), header.contains("none"), "{header}");
    Some(header)
}

type Lets = fn(&Asked) -> bool;

/// Each flaw, and the one check that finds it.
const FLAWS: [(&str, Lets); 21] = [
    ("assertion-unsigned", |asked| assertion(asked, false).is_some_and(|header| header.contains("none"))),
    ("assertion-unsigned-cookie", |asked| {
        assertion(asked, true).is_some_and(|header| header.contains("none"))
    }),
    ("assertion-unknown-key", |asked| {
        assertion(asked, false).is_some_and(|header| header.contains("plex-oidc-doctor"))
    }),
    ("assertion-unknown-key-cookie", |asked| {
        assertion(asked, true).is_some_and(|header| header.contains("plex-oidc-doctor"))
    }),
    ("assertion-known-key", |asked| {
        assertion(asked, false)
            .is_some_and(|header| !header.contains("none") && !header.contains("plex-oidc-doctor"))
    }),
    ("assertion-known-key-cookie", |asked| {
        assertion(asked, true)
            .is_some_and(|header| !header.contains("none") && !header.contains("plex-oidc-doctor"))
    }),
    ("gateway-cookie", |asked| {
        asked.all("cookie").iter().any(|cookie| cookie.starts_with("plex-oidc-app=pog_"))
    }),
    ("app-token", |asked| asked.all("authorization").iter().any(|value| value.starts_with("Bearer pot_"))),
    ("planted", |asked| {
        let once = asked.all("remote-user").len() == 1;
        asked.spelled("Remote-User") && once && asked.all("connection") == ["close"]
    }),
    ("planted-lower-case", |asked| asked.spelled("remote-user")),
    ("planted-upper-case", |asked| asked.spelled("REMOTE-USER")),
    ("planted-odd-case", |asked| asked.spelled("rEmOtE-UsEr")),
    ("planted-underscore", |asked| asked.spelled("Remote_User")),
    ("planted-underscore-upper-case", |asked| asked.spelled("REMOTE_USER")),
    ("planted-twice", |asked| asked.all("remote-user").len() == 2),
    ("planted-connection", |asked| asked.all("connection")[0].contains("Remote-User")),
    ("planted-access-email", |asked| !asked.all("cf-access-authenticated-user-email").is_empty()),
    ("other-path", |asked| asked.all("x-forwarded-uri") == ["/public/"]),
    ("other-host", |asked| asked.all("x-forwarded-host") == ["open.example.org"]),
    ("other-method", |asked| asked.all("x-forwarded-method") == ["OPTIONS"]),
    ("near-address", |asked| asked.all("x-forwarded-for") == ["127.0.0.1"]),
];

#[test]
fn what_gets_through_is_named_and_nothing_else() {
    for (check, lets) in FLAWS {
        let stand = Stand::with(move |asked| lets(asked).then(|| echo(asked)));
        let found = problems(&house(&stand), &stand, &[]);
        assert_eq!(found, BTreeSet::from([check.to_owned()]));
    }
}

#[test]
fn without_a_guard_one_request_says_all() {
    let stand = Stand::with(|_| Some(ok("secret of the application")));
    let ran = doctor(&house(&stand), &stand, &["--app", "wiki"]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(
        ran.out.contains("PROBLEM   nothing shown: the application lets everybody in (200)\n"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("secret"), "no answer is printed: {}", ran.out);
    assert_eq!(stand.asked().len(), 1);
    assert_eq!(stand.asked()[0].all("host"), ["wiki.example.org"]);
}

#[test]
fn an_application_that_signs_in_by_itself_is_in_doubt_until_it_believes_a_planted_name() {
    let login = |_: &Asked| Some(status("302 Found", "Location: /login?next=%2F\r\n"));
    let stand = Stand::with(login);
    let ran = doctor(&house(&stand), &stand, &["--app", "wiki"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.out);
    assert!(
        ran.out.contains("not seen  nothing shown: sent elsewhere than to our sign-in (302)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("the same answer as with nothing shown (302)"), "{}", ran.out);
    let stand = Stand::with(move |asked| {
        Some(if asked.all("remote-user").is_empty() { login(asked).unwrap() } else { echo(asked) })
    });
    let found = problems(&house(&stand), &stand, &[]);
    assert!(
        found.contains("planted") && !found.contains("nothing") && !found.contains("app-token"),
        "{found:?}"
    );
}

#[test]
fn a_page_of_its_own_that_it_sends_to_is_asked_for() {
    let stand = Stand::with(|asked| {
        Some(match asked.path.as_str() {
            "/" => status("302 Found", "Location: /web/\r\n"),
            "/web/" => {
                status("301 Moved Permanently", "Location: http://wiki.example.org/web/index.html\r\n")
            }
            "/web/index.html" => ok("a page"),
            _ => status("404 Not Found", ""),
        })
    });
    let ran = doctor(&house(&stand), &stand, &["--app", "wiki"]);
    assert!(ran.out.contains("wiki, http://wiki.example.org/web/index.html, asked at"), "{}", ran.out);
    assert!(
        ran.out.contains("PROBLEM   nothing shown: the application lets everybody in (200)"),
        "{}",
        ran.out
    );
}

#[test]
fn what_works_for_nobody_is_a_problem_too() {
    let stand = Stand::with(|_| Some(status("503 Service Unavailable", "")));
    assert_eq!(problems(&house(&stand), &stand, &[]), BTreeSet::from(["nothing".to_owned()]));
    let ran = house(&stand).run(&["doctor", "--app", "wiki", "--via", &format!("https://{}", stand.address)]);
    assert!(ran.out.contains("PROBLEM   nothing shown: TLS failed: "), "{}", ran.out);
    let stand = Stand::with(|_| Some(String::new()));
    let ran = doctor(&house(&stand), &stand, &["--app", "wiki"]);
    assert!(
        ran.out.contains("PROBLEM   nothing shown: the connection ended without an answer\n"),
        "{}",
        ran.out
    );
    assert_eq!(ran.exit, Exit::Failed);
}

#[test]
fn req_170_what_reaches_an_echo_is_named_by_its_header() {
    let leaks = |asked: &Asked| asked.path.starts_with("/public/") && asked.spelled("Remote_User");
    let stand = Stand::with(move |asked| {
        leaks(asked).then(|| ok(&format!("{:?}", asked.headers).replace("planted-by-doctor-01", "")))
    });
    let house = house(&stand);
    assert_eq!(problems(&house, &stand, &[]), BTreeSet::new(), "nobody looks without --echo");
    assert_eq!(problems(&house, &stand, &["--echo"]), BTreeSet::from(["planted-underscore-open".to_owned()]));
    let ran = doctor(&house, &stand, &["--app", "wiki", "--echo"]);
    let line = "PROBLEM   planted Remote_User and 3 more, at an open path: Remote_User, Remote_Email, Remote_Groups reached the application (200)";
    assert!(ran.out.contains(line), "{}", ran.out);
}

#[test]
fn an_application_that_prints_nothing_is_no_echo() {
    let stand = Stand::with(|asked| asked.path.starts_with("/public/").then(|| ok("welcome")));
    let ran = doctor(&house(&stand), &stand, &["--app", "wiki", "--echo"]);
    assert_eq!(ran.exit, Exit::Done);
    assert!(ran.out.contains("the answer does not show what the application got (200)"), "{}", ran.out);
}

#[test]
fn beside_a_good_app_token_it_is_seen_what_arrives() {
    let token = format!("pot_{}", URL_SAFE_NO_PAD.encode([7; 32]));
    let good = format!("Bearer {token}");
    let stand =
        Stand::with(move |asked| (asked.all("authorization") == [good.as_str()]).then(|| echo(asked)));
    let house = house(&stand);
    put(&house.path("token"), &format!("{token}\n"));
    let file = house.path("token").display().to_string();
    let found = problems(&house, &stand, &["--echo", "--token-file", &file]);
    assert_eq!(found.len(), 8, "every spelling arrives: {found:?}");
    assert!(found.iter().all(|check| check.ends_with("-token")), "{found:?}");
    let ran = doctor(&house, &stand, &["--app", "wiki", "--echo", "--token-file", &file]);
    assert!(ran.out.contains("beside the app token: Remote-User, Remote-Name"), "{}", ran.out);
    assert!(!ran.out.contains(&token) && !ran.err.contains(&token));
    put(&house.path("token"), "secret-of-another-kind");
    let ran = doctor(&house, &stand, &["--echo", "--token-file", &file]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
    assert!(
        ran.err.contains("/etc/plex-oidc/token holds no app token.") && !ran.err.contains("secret-of"),
        "{}",
        ran.err
    );
}

#[test]
fn each_application_with_a_host_is_looked_at_and_the_others_are_named() {
    let stand = Stand::with(|_| None);
    let house = house(&stand);
    let ran = doctor(&house, &stand, &[]);
    for part in [
        "any\n  not seen  it names no host by itself, only *.any.example.org\n            Name one with --host.\n",
        "open, http://open.example.org\n  not seen  by your rules everybody may have this without signing in",
        "\nwiki, http://wiki.example.org/, asked at ",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    let ran = doctor(&house, &stand, &["--host", "A.any.example.org:8080", "--path", "/deep/page"]);
    assert!(ran.out.contains("\nany, http://a.any.example.org:8080/deep/page, asked at "), "{}", ran.out);
    assert_eq!(stand.asked().last().unwrap().all("host"), ["a.any.example.org:8080"]);
    let ran = doctor(&house, &stand, &["--app", "wiki", "--path", "/public/x"]);
    assert!(
        ran.out.contains("wiki, http://wiki.example.org\n  not seen  by your rules everybody may"),
        "{}",
        ran.out
    );
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let stand = Stand::with(|_| None);
    let house = house(&stand);
    for (arguments, exit, sentence) in [
        (&["--app", "nobody"][..], Exit::Failed, "there is no application `nobody`"),
        (
            &["--host", "b.example.org"],
            Exit::Failed,
            "no application of the configuration that is meant has the host b.example.org",
        ),
        (&["--app", "any", "--host", "wiki.example.org"], Exit::Failed, "has the host wiki.example.org"),
        (&["--app", "wiki", "--path", "page"], Exit::Failed, "`page` is not a path"),
        (&["--app", "wiki", "--path", "/a b"], Exit::Failed, "`/a b` is not a path"),
        (&["--ca-file", "/nowhere"], Exit::Failed, "/nowhere cannot be read"),
        (&["--via", "127.0.0.1"], Exit::Usage, "an address such as 127.0.0.1:443"),
        (&["--token-file", "x"], Exit::Usage, "--echo"),
    ] {
        let ran = doctor(&house, &stand, arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{arguments:?}");
        assert!(ran.err.contains(sentence), "{arguments:?}: {}", ran.err);
    }
    assert!(stand.asked().is_empty());
}

#[test]
fn what_is_around_is_looked_at_too() {
    let stand = Stand::with(|_| None);
    let house = house(&stand);
    let text = house.read("plex-oidc.toml");
    house.clock.advance(Seconds(31));
    assert_eq!(problems(&house, &stand, &[]), BTreeSet::from(["clock".to_owned()]));
    let ran = doctor(&house, &stand, &["--app", "wiki"]);
    assert!(
        ran.out.contains(" s ahead of that of plex.tv\n            Let the machine set its clock"),
        "{}",
        ran.out
    );
    // Somebody else's address, and nobody's.
    let other = Stand::with(|_| None);
    let moved = text
        .replace(&format!("public_url = \"http://{}\"", stand.address), "public_url = \"http://127.0.0.1:9\"")
        .replace("/certs", "/public/")
        .replace("trusted_proxies = \"127.0.0.1\"\n", "");
    put(&house.path("plex-oidc.toml"), &moved);
    let found = problems(&house, &other, &[]);
    let expected = ["clock", "team-keys", "trusted-proxies"].map(str::to_owned);
    assert!(found.is_superset(&expected.into()), "{found:?}");
    let through = text.replace(
        &format!("public_url = \"http://{}\"", stand.address),
        &format!("public_url = \"http://localhost:{}\"", stand.address.port()),
    );
    put(&house.path("plex-oidc.toml"), &through);
    assert!(problems(&house, &stand, &[]).contains("discovery"), "it names itself otherwise");
}
