//! Random requests of all kinds against a naive twin: a 200 only where the twin says so, and only the statuses that each
//! family of proxies understands.

use http::{HeaderMap, HeaderValue};
use plex_oidc::store::records::NewAppToken;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::secret::{Secret, SecretKind};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::support::{FAMILIES, Visit};

const CASES: usize = 4000;

/// Hosts, and whether they are the wiki's.
const HOSTS: [(&str, bool); 10] = [
    ("wiki.example.org", true),
    ("wiki.example.org", true),
    ("wiki.example.org", true),
    ("wiki.example.org", true),
    ("WIKI.example.org.", true),
    ("wiki.example.org:443", true),
    ("evilwiki.example.org", false),
    ("wiki.example.org.evil.test", false),
    ("family.example", false),
    ("a@wiki.example.org", false),
];
const PATHS: [(&str, Place); 17] = [
    ("/health", Place::Open),
    ("/public/x?y=/admin", Place::Open),
    ("/", Place::Plain),
    ("/page?x=/public/", Place::Plain),
    ("/healthz", Place::Plain),
    ("/admin", Place::Guarded),
    ("/public/%2e%2e/admin", Place::Guarded),
    ("//public/x", Place::Guarded),
    ("/ADMIN./x", Place::Guarded),
    ("/...", Place::Guarded),
    ("/public/%20", Place::Guarded),
    ("/public%2fx", Place::Guarded),
    ("/.plex-oidc/callback?code=x&state=y&iss=https%3A%2F%2Fauth.example.com", Place::Ours),
    ("/.plex-oidc/callback?error=x&iss=https%3A%2F%2Fauth.example.com", Place::Ours),
    ("/.plex-oidc/sign-out", Place::Ours),
    ("public/x", Place::NoPath),
    ("*", Place::NoPath),
];
/// Headers that mean something to somebody, but must not open anything.
const NOISE_NAMES: [&str; 22] = [
    "accept",
    "origin",
    "referer",
    "user-agent",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "upgrade",
    "x-requested-with",
    "remote-user",
    "x-forwarded-for",
    "x-forwarded-prefix",
    "x-forwarded-user",
    "x-original-uri",
    "forwarded",
    "access-control-request-method",
    "connection",
    "te",
    "if-none-match",
    "range",
    "content-length",
    "cf-access-jwt-assertion",
    "x-http-method-override",
];
const NOISE_VALUES: [&str; 8] =
    ["text/html", "navigate", "cors", "websocket", "https://wiki.example.org/x", "plex-owner", "0", "GET"];

/// Whose credential a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cookie {
    None,
    Friend,
    Owner,
    /// A good one of another application.
    Moved,
    Garbage,
    Twice,
    SignedOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Authorization {
    None,
    OfTheApp,
    FriendsToken,
    TokenForNotes,
    Malformed,
    Unknown,
}

/// What of the path the twin knows: it compares nothing, the generator says what it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Open,
    Plain,
    Guarded,
    Ours,
    NoPath,
}

#[derive(Debug, Clone)]
struct Case {
    family: Family,
    host: (&'static str, bool),
    path: (&'static str, Place),
    method: &'static str,
    cookie: Cookie,
    authorization: Authorization,
    noise: Vec<(&'static str, String)>,
    trusted: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let cookies = prop_oneof![
        2 => Just(Cookie::None), 3 => Just(Cookie::Friend), 2 => Just(Cookie::Owner), 1 => Just(Cookie::Moved),
        1 => Just(Cookie::Garbage), 1 => Just(Cookie::Twice), 1 => Just(Cookie::SignedOut),
    ];
    let authorizations = prop_oneof![
        5 => Just(Authorization::None), 1 => Just(Authorization::OfTheApp), 2 => Just(Authorization::FriendsToken),
        1 => Just(Authorization::TokenForNotes), 1 => Just(Authorization::Malformed),
        1 => Just(Authorization::Unknown),
    ];
    let values = prop_oneof!["[ -~]{0,30}", select(NOISE_VALUES.to_vec()).prop_map(str::to_owned)];
    let noise = prop::collection::vec((select(NOISE_NAMES.to_vec()), values), 0..6);
    let methods = select(vec!["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
    let trusted = prop::bool::weighted(0.95);
    let (families, hosts, paths) =
        (select(FAMILIES.to_vec()), select(HOSTS.to_vec()), select(PATHS.to_vec()));
    let parts = (families, hosts, paths, methods, cookies, authorizations, noise, trusted);
    parts.prop_map(|(family, host, path, method, cookie, authorization, noise, trusted)| Case {
        family,
        host,
        path,
        method,
        cookie,
        authorization,
        noise,
        trusted,
    })
}

/// The naive twin: who passes, by the words of the setup.
fn passes(case: &Case) -> bool {
    let (host_is_ours, place) = (case.host.1, case.path.1);
    if !case.trusted || !host_is_ours || matches!(place, Place::Ours | Place::NoPath) {
        return false;
    }
    let (friend, owner) = match case.authorization {
        Authorization::FriendsToken => (true, false),
        Authorization::TokenForNotes | Authorization::Malformed | Authorization::Unknown => return false,
        Authorization::None | Authorization::OfTheApp => {
            (case.cookie == Cookie::Friend, case.cookie == Cookie::Owner)
        }
    };
    match place {
        Place::Open if case.method == "GET" => true,
        Place::Open | Place::Plain => friend || owner,
        Place::Guarded => owner,
        Place::Ours | Place::NoPath => false,
    }
}

/// The secrets that cases carry.
struct Secrets {
    friend: String,
    owner: String,
    moved: String,
    signed_out: String,
    token: String,
    token_for_notes: String,
}

async fn secrets(house: &House) -> Secrets {
    let proxy = house.proxy(Family::ForwardAuth);
    let (mut friend, mut owner, mut gone) = (house.visitor(), house.visitor(), house.visitor());
    friend.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
    friend.pass_through(&proxy, &format!("{NOTES}/")).await;
    owner.sign_in(&proxy, &format!("{WIKI}/"), "owner").await;
    gone.sign_in(&proxy, &format!("{WIKI}/"), "owner").await;
    let confirm = gone.browser.open("/sign-out").await.expect(200);
    gone.browser.submit(&confirm, "/sign-out").await.expect(200);
    let mut tokens = Vec::new();
    for (byte, app) in [(1, "wiki"), (2, "notes")] {
        let secret = Secret::from_random(SecretKind::AppToken, [byte; 32]);
        let new = NewAppToken {
            id: app.to_owned(),
            name: app.to_owned(),
            hash: secret.hash(),
            account_id: AccountId::Plex(PlexAccountId(house.plex.account_id("friend"))),
            apps: vec![app.to_owned()],
            created: house.now(),
            expires: None,
            session: None,
        };
        assert!(house.app().store.add_app_token(new).await.unwrap());
        tokens.push(secret.expose().to_owned());
    }
    let cookie = |visitor: &crate::support::Visitor, url| visitor.cookies.get(host(url), HOST_COOKIE);
    Secrets {
        friend: cookie(&friend, WIKI),
        owner: cookie(&owner, WIKI),
        moved: cookie(&friend, NOTES),
        signed_out: cookie(&gone, WIKI),
        token_for_notes: tokens.pop().unwrap(),
        token: tokens.pop().unwrap(),
    }
}

fn credentials(case: &Case, secrets: &Secrets, headers: &mut HeaderMap) {
    let pair = |value: &str| format!("{HOST_COOKIE}={value}");
    let cookie = match case.cookie {
        Cookie::None => None,
        Cookie::Friend => Some(pair(&secrets.friend)),
        Cookie::Owner => Some(pair(&secrets.owner)),
        Cookie::Moved => Some(pair(&secrets.moved)),
        Cookie::Garbage => Some(pair("pog_x")),
        Cookie::Twice => Some(format!("{}; {}", pair(&secrets.owner), pair(&secrets.owner))),
        Cookie::SignedOut => Some(pair(&secrets.signed_out)),
    };
    let authorization = match case.authorization {
        Authorization::None => None,
        Authorization::OfTheApp => Some("Bearer of-the-app".to_owned()),
        Authorization::FriendsToken => Some(format!("Bearer {}", secrets.token)),
        Authorization::TokenForNotes => Some(format!("Bearer {}", secrets.token_for_notes)),
        Authorization::Malformed => Some("Bearer pot_x".to_owned()),
        Authorization::Unknown => {
            Some(format!("Bearer {}", Secret::from_random(SecretKind::AppToken, [7; 32]).expose()))
        }
    };
    for (name, value) in [("cookie", cookie), ("authorization", authorization)] {
        if let Some(value) = value {
            headers.insert(name, HeaderValue::from_str(&value).unwrap());
        }
    }
}

#[tokio::test]
async fn req_168_nothing_answers_200_without_a_verdict() {
    let house = house().await;
    let secrets = secrets(&house).await;
    let (mut runner, strategy) = (TestRunner::deterministic(), cases());
    let mut passed = 0;
    for _ in 0..CASES {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        if case.family == Family::ExtAuthz && case.path.1 == Place::NoPath {
            continue; // an address of a request begins with a slash
        }
        let mut proxy = house.proxy(case.family);
        if !case.trusted {
            proxy.peer = "192.0.2.7:1".parse().unwrap();
        }
        let mut visit = Visit::bare(case.method, &format!("https://{}/", case.host.0));
        visit.headers =
            case.noise.iter().map(|(name, value)| ((*name).to_owned(), value.trim().to_owned())).collect();
        if case.family == Family::ExtAuthz {
            visit.url = format!("https://{}{}", case.host.0, case.path.0);
        }
        let mut request = proxy.subrequest(&visit);
        let target = HeaderValue::from_static(case.path.0);
        match case.family {
            Family::ForwardAuth => drop(request.headers_mut().insert("x-forwarded-uri", target)),
            Family::AuthRequest => {
                let url = format!("https://{}{}", case.host.0, case.path.0);
                request.headers_mut().insert("x-original-url", HeaderValue::from_str(&url).unwrap());
            }
            Family::ExtAuthz => {}
        }
        credentials(&case, &secrets, request.headers_mut());
        let answer = proxy.send(request).await;
        let understood: &[u16] = match case.family {
            Family::AuthRequest => &[200, 401, 403],
            Family::ForwardAuth | Family::ExtAuthz => &[200, 302, 303, 400, 401, 403],
        };
        assert!(understood.contains(&answer.status), "{case:?} {answer:?}");
        assert_eq!(answer.status == 200, passes(&case), "{case:?} {answer:?}");
        let told = IDENTITY.iter().filter(|name| answer.headers.contains_key(**name)).count();
        assert_eq!(told, if answer.status == 200 { IDENTITY.len() } else { 0 }, "{case:?} {answer:?}");
        passed += usize::from(answer.status == 200);
    }
    assert!(passed > CASES / 12 && passed < CASES / 2, "the cases are of one kind: {passed}");
}

#[tokio::test]
async fn whatever_bytes_come_nobody_passes_without_credentials() {
    let house = house().await;
    let mut runner = TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 0..60);
    let names = select(vec![
        "x-forwarded-method",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-uri",
        "x-original-url",
        "x-original-method",
        "cookie",
        "authorization",
        "host",
        "accept",
        "origin",
        "referer",
        "sec-fetch-mode",
    ]);
    let strategy = (select(FAMILIES.to_vec()), prop::collection::vec((names, bytes), 1..5));
    for _ in 0..CASES {
        let (family, spoilt) = strategy.new_tree(&mut runner).unwrap().current();
        let proxy = house.proxy(family);
        let mut request = proxy.subrequest(&Visit::page(&format!("{NOTES}/")));
        for (name, value) in &spoilt {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request.headers_mut().insert(*name, value);
            }
        }
        let answer = proxy.send(request).await;
        assert!(answer.status != 200 && answer.status < 500, "{family:?} {spoilt:?} {answer:?}");
        assert!(
            family != Family::AuthRequest || [401, 403].contains(&answer.status),
            "{spoilt:?} {answer:?}"
        );
    }
}
