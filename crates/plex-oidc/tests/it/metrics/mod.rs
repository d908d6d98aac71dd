//! Figures: on a listener of their own, off by default, in the format that Prometheus reads, and about nobody.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use plex_oidc::flow::{own_tokens, recheck};
use plex_oidc::lifecycle::serve_figures;
use plex_oidc::start::{connection_limits, serving};
use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;
use plextv::PlexTv;
use plextv_emulator::FaultKind;
use tokio::sync::watch;

use self::exposition::{Exposition, read};
use crate::support::{House, PROXY_NETWORK, Setup, Visit, get};

mod exposition;

const LOUNGE: &str = "https://lounge.example.org/";

fn setup() -> Setup {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .set("metrics", "listen = \"127.0.0.1:9400\"")
        .client("backup", "grant_types = \"client_credentials\"")
        .app("name = \"lounge\"\nhost = \"lounge.example.org\"")
        .app("name = \"vault\"\nhost = \"vault.example.org\"\nallow = [\"plex-owner\"]")
}

/// The listener for figures, on a free port.
struct Watcher {
    address: SocketAddr,
    http: reqwest::Client,
    _stop: watch::Sender<bool>,
    _keep: watch::Sender<plex_oidc::lifecycle::Serving>,
}

impl Watcher {
    async fn of(house: &House) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let (keep, latest) = watch::channel(serving(&house.config, house.app().clone()));
        tokio::spawn(serve_figures(listener, latest, connection_limits(&house.config), stopping));
        Self { address, http: PlexTv::http_client(None).unwrap(), _stop: stop, _keep: keep }
    }

    async fn ask(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("http://{}{path}", self.address)).send().await.unwrap()
    }

    async fn figures(&self) -> Exposition {
        let answer = self.ask("/metrics").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        read(&answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn there_are_none_unless_they_are_asked_for() {
    let house = Setup::default().start().await;
    assert_eq!(house.config.metrics, None);
    let watcher = Watcher::of(&house).await;
    assert_eq!(watcher.ask("/metrics").await.status(), 404);
}

#[tokio::test]
async fn they_are_on_no_other_listener_and_nothing_else_is_on_theirs() {
    let house = setup().start().await;
    assert_eq!(house.door.send(get("/metrics")).await.status, 404);
    let watcher = Watcher::of(&house).await;
    for path in ["/", "/jwks", "/.well-known/openid-configuration", "/sign-in/x", "/admin", "/metrics/x"] {
        assert_eq!(watcher.ask(path).await.status(), 404, "{path}");
    }
    let posted = watcher.http.post(format!("http://{}/metrics", watcher.address)).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

#[tokio::test]
async fn every_figure_moves_with_what_it_counts() {
    let house = setup().with_owner_token().start().await;
    let watcher = Watcher::of(&house).await;
    let before = watcher.figures().await;
    for (name, labels) in [
        ("plex_oidc_sign_ins_total", "outcome=signed_in"),
        ("plex_oidc_gateway_answers_total", "answer=pass"),
        ("plex_oidc_tokens_issued_total", "grant=authorization_code"),
        ("plex_oidc_recheck_rounds_total", "outcome=answered"),
    ] {
        assert_eq!(before.value(name, labels), Some(0), "{name}: there from the start on");
    }
    assert_eq!(before.value("plex_oidc_recheck_last_good_age_seconds", ""), None);
    assert_eq!(before.value("plex_oidc_plex_budget_limit", ""), Some(600));

    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    photos.refresh(&tokens.refresh_token()).await.expect(200);
    house.relying_party("backup").token(&[("grant_type", "client_credentials")]).await.expect(200);
    let mut stranger = house.browser();
    let page = stranger.open(&photos.authorization().url()).await;
    stranger.approve_and_finish(&page, "stranger").await.expect(403);
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, LOUNGE, "friend").await;
    visitor.ask(&proxy, &Visit::script(LOUNGE)).await.expect(200);
    house.visitor().ask(&proxy, &Visit::script(LOUNGE)).await.expect(401);
    recheck::round(house.app()).await;
    house.pass(Seconds(90));

    let after = watcher.figures().await;
    let moved = |name: &str, labels: &str| {
        let name = format!("plex_oidc_{name}");
        after.value(&name, labels).unwrap_or_default() - before.value(&name, labels).unwrap_or_default()
    };
    assert_eq!(moved("sign_ins_total", "outcome=signed_in"), 2);
    assert_eq!(moved("sign_ins_total", "outcome=denied"), 1);
    assert_eq!(moved("tokens_issued_total", "grant=authorization_code"), 1);
    assert_eq!(moved("tokens_issued_total", "grant=refresh_token"), 1);
    assert_eq!(moved("tokens_issued_total", "grant=client_credentials"), 1);
    assert!(moved("gateway_answers_total", "answer=pass") >= 1);
    assert!(moved("gateway_answers_total", "answer=sign_in") >= 2);
    house.door.get("/authz/forward-auth").await.expect(403); // no proxy of ours
    let last = watcher.figures().await;
    let denied = |at: &exposition::Exposition| {
        at.value("plex_oidc_gateway_answers_total", "answer=deny").unwrap_or_default()
    };
    assert_eq!(denied(&last) - denied(&after), 1);
    assert_eq!(moved("recheck_rounds_total", "outcome=answered"), 1);
    assert!(moved("plex_requests_total", "about=pin,outcome=answered") >= 6);
    assert!(moved("plex_requests_total", "about=account,outcome=answered") >= 3);
    assert!(moved("plex_requests_total", "about=shares,outcome=answered") >= 1);
    assert!(moved("plex_budget_used", "") >= 1 && moved("plex_budget_used", "") <= 3);
    assert_eq!(after.value("plex_oidc_recheck_last_good_age_seconds", ""), Some(90));
    assert_eq!(after.value("plex_oidc_members", ""), Some(1));
    assert_eq!(after.value("plex_oidc_people_in_doubt", ""), Some(0));
    assert_eq!(after.value("plex_oidc_browser_sessions", ""), Some(2));
    assert_eq!(after.value("plex_oidc_gateway_sessions", ""), Some(1));
}

#[tokio::test]
async fn trouble_with_plex_and_with_the_token_is_seen() {
    let house = setup().with_owner_token().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let watcher = Watcher::of(&house).await;
    house.plex.fails(FaultKind::ServerError);
    for _ in 0..8 {
        house.pass(Seconds(10));
        recheck::round(house.app()).await;
    }
    let down = watcher.figures().await;
    assert_eq!(down.value("plex_oidc_plex_breaker_open", "for=questions"), Some(1));
    assert_eq!(down.value("plex_oidc_owner_token_refused", ""), Some(0));
    assert!(down.value("plex_oidc_recheck_rounds_total", "outcome=unanswered").unwrap() >= 8);
    assert!(down.value("plex_oidc_plex_requests_total", "about=shares,outcome=failed").unwrap() >= 1);

    house.plex.recovers();
    house.plex.world().revoke_tokens("owner").unwrap();
    house.pass(Seconds::minutes(6));
    recheck::round(house.app()).await;
    let dead = watcher.figures().await;
    assert_eq!(dead.value("plex_oidc_plex_breaker_open", "for=questions"), Some(0));
    assert_eq!(dead.value("plex_oidc_owner_token_refused", ""), Some(1));
    assert_eq!(dead.value("plex_oidc_recheck_rounds_total", "outcome=token_refused"), Some(1));
}

#[tokio::test]
async fn a_spent_budget_is_seen_by_the_host_and_ends_nothing() {
    let house = setup().with_owner_token().set("plex", "requests_per_hour = 60").start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    house.plex.world().clear_request_log();
    for _ in 0..100 {
        house.pass(Seconds(10));
        recheck::round(house.app()).await;
    }
    assert!(house.plex.world().request_log().len() <= 61, "{}", house.plex.world().request_log().len());
    photos.userinfo(&tokens.access_token()).await; // whatever its age, nobody was signed out
    photos.refresh(&tokens.refresh_token()).await.expect(200);
    let figures = Watcher::of(&house).await.figures().await;
    assert!(figures.value("plex_oidc_recheck_rounds_total", "outcome=waited").unwrap() >= 30);
    assert!(figures.value("plex_oidc_plex_budget_used", "").unwrap() >= 60);
    let mut browser = house.browser();
    let page = browser.open("/admin").await.expect(200);
    let text = browser.approve_and_finish(&page, "owner").await.expect(200).text();
    assert!(text.contains("in the last hour for this, of at most 60"), "{text}");
    assert!(text.contains("plex.requests_per_hour"), "{text}");
    // It goes on when there is room again.
    house.pass(Seconds::minutes(62));
    assert!(recheck::round(house.app()).await);
    assert_eq!(house.app().membership.known().trouble, None);
}

/// Names, addresses, accounts, hosts, tokens: a figure is about nobody.
#[tokio::test]
async fn req_175_no_figure_names_a_person_or_holds_a_secret() {
    let house = setup().set("plex", "recheck_with = \"own-tokens\"").start().await;
    let photos = house.relying_party("photos");
    let (browser, tokens) = house.sign_in("friend", &photos).await;
    own_tokens::round(house.app()).await;
    let answer = Watcher::of(&house).await.ask("/metrics").await.text().await.unwrap();
    let figures = read(&answer);
    assert_eq!(figures.value("plex_oidc_own_plex_tokens", ""), Some(1));
    let mut forbidden: Vec<String> =
        ["Mara", "mara", "example", "Photos", "photos", "lounge", "10.0."].map(str::to_owned).into();
    forbidden.push(house.plex.account_id("friend").to_string());
    forbidden.push(tokens.access_token());
    forbidden.push(browser.session().unwrap().to_owned());
    for request in house.plex.world().request_log() {
        forbidden.extend(request.headers.get("x-plex-token").cloned());
        forbidden.extend(request.headers.get("x-plex-client-identifier").cloned());
    }
    for word in forbidden {
        assert!(!answer.contains(&word), "{word} in {answer}");
    }
    let versions: Vec<_> = figures.samples.keys().filter(|name| name.0.contains("build_info")).collect();
    assert_eq!(versions.len(), 1);
    // The words of the labels are known beforehand: whatever happens, there are no more series than these.
    assert!(figures.samples.len() < 120, "{}", figures.samples.len());
    let _: &BTreeMap<_, _> = &figures.samples;
}
