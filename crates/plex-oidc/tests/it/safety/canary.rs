//! No secret is in the log, at the finest level (invariant I-23).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use http::header::{AUTHORIZATION, COOKIE};
use plex_oidc::config::LogFormat;
use plex_oidc::flow::{alarm, own_tokens};
use plex_oidc::store::records::AdminLink;
use plex_oidc::telemetry;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;

use super::run_alone;
use crate::support::{
    Answer, Browser, ClientAuth, FAMILIES, House, PROXY_NETWORK, Setup, Tokens, Visit, get, post_form,
    secret_of,
};

const PASSWORD: &str = "correct horse battery staple";
const WAKE: &str = "PLEX_OIDC_TEST_CANARY_LOG";

/// Every secret that was issued or used, and what it is.
#[derive(Default)]
struct Secrets(BTreeMap<String, &'static str>);

impl Secrets {
    fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 8, "{what} {secret} is too short to be looked for");
        self.0.insert(secret.to_owned(), what);
    }

    fn tokens(&mut self, tokens: &Tokens) {
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = tokens.0[name].as_str() {
                self.add("a token", token);
            }
        }
    }

    fn browser(&mut self, browser: &Browser) {
        for cookie in browser.cookies.values() {
            self.add("a cookie", cookie);
        }
    }

    fn page(&mut self, page: &Answer) {
        for form in page.forms() {
            for (_, token) in form.fields.iter().filter(|(name, _)| name == "csrf") {
                self.add("a form token", token);
            }
        }
    }

    fn of_plex(&mut self, house: &House) {
        for pin in house.plex.world().pins() {
            self.add("a PIN's code", &pin.code);
        }
        let log = house.plex.world().request_log();
        for token in log.iter().filter_map(|request| request.headers.get("x-plex-token")) {
            self.add("a Plex token", token);
        }
    }

    /// Those that are in this text.
    fn found_in<'a>(&'a self, text: &str) -> Vec<(&'a str, &'static str)> {
        // Also when only their heart is there: without the prefix of a kind and without the last characters.
        let heart = |secret: &str| {
            let body = if secret.starts_with("po") { secret.get(4..).unwrap_or(secret) } else { secret };
            body.get(..24).unwrap_or(body).to_owned()
        };
        let found = self.0.iter().filter(|(secret, _)| text.contains(&heart(secret)));
        found.map(|(secret, what)| (secret.as_str(), *what)).collect()
    }
}

/// Signing in in every way.
async fn sign_ins(house: &House, secrets: &mut Secrets) -> Browser {
    let photos = house.relying_party("photos");
    let mut last = house.browser();
    for way in ["browser", "server", "same-tab"] {
        let (asked, mut browser) = (photos.authorization(), house.browser());
        secrets.add("a verifier", &asked.verifier);
        let page = browser.open(&asked.url()).await.expect(200);
        secrets.page(&page);
        secrets.browser(&browser);
        match way {
            "browser" => drop(browser.start(&page).await),
            "server" => drop(browser.post(&page, "/start", &[("mode", "popup")]).await.expect(200)),
            _ => {
                let pin = browser.make_pin(&page).await.unwrap();
                browser.offer(&page, &pin, "same-tab").await.expect(200);
            }
        }
        secrets.page(&browser.get(&format!("/sign-in/{}/wait", page.attempt())).await.expect(200));
        house.plex.approve(&house.plex.newest_pin(), "friend");
        let landing = browser.finish(&page).await.leaves();
        secrets.add("a code", landing.code());
        secrets.browser(&browser);
        let tokens = photos.tokens(&asked, &landing).await;
        secrets.tokens(&tokens);
        photos.redeem(&asked, landing.code()).await.expect(400);
        photos.userinfo(&tokens.access_token()).await.expect(200);
        last = browser;
    }
    last
}

/// Signing in with a password, and not quite.
async fn passwords(house: &House, secrets: &mut Secrets) {
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    let page = browser.type_password(&page, "robin", "nearly the right password").await.expect(200);
    secrets.add("a wrong password", "nearly the right password");
    browser.type_password(&page, "robin", PASSWORD).await.leaves();
    secrets.add("a password", PASSWORD);
    secrets.browser(&browser);
    let hash = std::fs::read_to_string(house.folder().join("robin.hash")).unwrap();
    secrets.add("the hash of a password", hash.rsplit('$').next().unwrap());
}

/// Pages and choices of somebody who is signed in, of a stranger, and while plex.tv is down.
async fn visits(house: &House, secrets: &mut Secrets, browser: &mut Browser) {
    let (wiki, photos) = (house.relying_party("wiki"), house.relying_party("photos"));
    let consent = browser.open(&wiki.authorization().url()).await.expect(200);
    secrets.page(&consent);
    secrets.browser(browser);
    secrets.add("a code", browser.submit(&consent, "/consent").await.leaves().code());
    let choice = browser.open(&photos.authorization().with("prompt", "select_account").url()).await;
    secrets.page(&choice);
    secrets.browser(browser);
    browser.submit(&choice, "/cancel").await;
    let mut stranger = house.browser();
    let page = stranger.open(&photos.authorization().url()).await;
    secrets.browser(&stranger);
    let denied = stranger.approve_and_finish(&page, "stranger").await.expect(403);
    secrets.page(&denied);
    let mut unlucky = house.browser();
    let page = unlucky.open(&photos.authorization().url()).await;
    secrets.browser(&unlucky);
    let pin = unlucky.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    house.plex.fails(plextv_emulator::FaultKind::ServerError);
    secrets.page(&unlucky.come_back(&page).await.expect(503));
    house.plex.recovers();
    secrets.add("a code", unlucky.come_back(&page).await.leaves().code());
    secrets.browser(&unlucky);
    let sign_out = unlucky.open("/sign-out").await;
    secrets.page(&sign_out);
    unlucky.submit(&sign_out, "/sign-out").await;
}

/// What applications do, right and wrong.
async fn applications(house: &House, secrets: &mut Secrets) {
    let tv = house.relying_party("tv");
    let (_, first) = house.sign_in("home", &tv).await;
    secrets.tokens(&first);
    let second = Tokens(tv.refresh(&first.refresh_token()).await.expect(200).json());
    secrets.tokens(&second);
    tv.refresh(&second.refresh_token()[..30]).await.expect(400);
    house.relying_party("photos").refresh(&second.refresh_token()).await.expect(400);
    house.pass(Seconds(11));
    tv.refresh(&first.refresh_token()).await.expect(400); // reuse
    tv.userinfo(&second.access_token()).await.expect(401);
    let guess = "a-wrong-secret-0123456789-abcdefghijk";
    secrets.add("a guessed secret", guess);
    for auth in [ClientAuth::Basic(guess.to_owned()), ClientAuth::Post(guess.to_owned())] {
        house.relying_party("photos").authenticating(auth).refresh("por_x").await.expect(401);
    }
    let open = house.relying_party("open");
    let (_, tokens) = house.sign_in("friend", &open).await;
    secrets.tokens(&tokens);
    let claims = open.userinfo(&tokens.access_token()).await.expect(200).json();
    secrets.add("a Plex token", claims["plex_token"].as_str().unwrap());
    let pushed = open.push(&open.authorization()).await.expect(201).json();
    let request_uri = pushed["request_uri"].as_str().unwrap();
    secrets.add("a pushed request", request_uri.rsplit(':').next().unwrap());
    for _ in 0..2 {
        let url = format!("/authorize?client_id=open&prompt=none&request_uri={request_uri}");
        house.browser().get(&url).await.expect(303);
    }
    open.authenticating(ClientAuth::Basic("wrong-secret-of-open-0123456789".to_owned()))
        .push(&open.authorization())
        .await;
    let hint = open.authorization().with("id_token_hint", &tokens.id_token()).with("prompt", "none");
    house.browser().get(&hint.url()).await.expect(303);
    machines(house, secrets, &tokens).await;
    // In places where they do not belong.
    let token = tokens.access_token();
    for path in
        ["/token", "/revoke", "/introspect", "/userinfo", "/authorize", "/sign-in/x", "/sign-out", "/nothing"]
    {
        let mut request = get(&format!("{path}?access_token={token}&code={token}"));
        let headers = request.headers_mut();
        headers.insert(COOKIE, HeaderValue::from_str(&format!("__Host-plex-oidc-session={token}")).unwrap());
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Basic {token}")).unwrap());
        house.door.send(request).await;
        house.door.get(&format!("{path}/{token}")).await;
    }
}

/// Devices, and codes that people type: right ones, wrong ones, and one in an address.
async fn devices(house: &House, secrets: &mut Secrets) {
    let tv = house.relying_party("tv");
    let mut browser = house.browser();
    for answer in ["/consent", "/cancel"] {
        let request = tv.request("/device/authorize", &[("scope", "openid profile offline_access")]);
        let asked = house.door.send(request).await.expect(200).json();
        let (device_code, user_code) =
            (asked["device_code"].as_str().unwrap(), asked["user_code"].as_str().unwrap());
        secrets.add("a device code", device_code);
        secrets.add("a user code", user_code);
        secrets.add("a user code", &user_code.replace('-', ""));
        let poll =
            [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", device_code)];
        tv.token(&poll).await.expect(400);
        let form = browser.open(asked["verification_uri_complete"].as_str().unwrap()).await.expect(200);
        secrets.page(&form);
        secrets.browser(&browser);
        browser.post(&form, "/device", &[("user_code", "BCDF-GHJK")]).await.expect(400);
        secrets.add("a user code", "BCDF-GHJK");
        let to = browser.post(&form, "/device", &[]).await.expect(303);
        let mut page = browser.open(to.location().unwrap()).await.expect(200);
        if browser.session().is_none() {
            page = browser.approve_and_finish(&page, "friend").await.expect(200);
        }
        secrets.page(&page);
        secrets.browser(&browser);
        browser.submit(&page, answer).await.expect(200);
        let tokens = tv.token(&poll).await;
        if tokens.status == 200 {
            secrets.tokens(&Tokens(tokens.json()));
        }
        tv.token(&poll).await.expect(400);
    }
}

/// Applications behind the gateway: visits that work, and those that do not.
async fn gateway(house: &House, secrets: &mut Secrets) {
    let tokens = [
        "pot_not-quite-a-token-0123456789",
        &format!("pot_{}", "bY1".repeat(14)),
        &format!("pot_{}A", "cZ2".repeat(14)),
    ];
    for (family, token) in FAMILIES.into_iter().zip(tokens) {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let page = "https://hidden.example.org/page?secret-of-the-app=0123456789abcdef";
        let landing = visitor.hand_over(&proxy, page, "friend").await;
        secrets.add("a hand-over", landing.code());
        secrets.add("a start", landing.get("state").unwrap());
        visitor.come_in(&proxy, &landing).await.1.expect(200);
        for cookie in &visitor.cookies.0 {
            secrets.add("a cookie of an application", &cookie.value);
        }
        secrets.browser(&visitor.browser);
        visitor.page(&proxy, landing.url.as_str()).await; // a second time
        let mut other = house.visitor();
        other.page(&proxy, landing.url.as_str()).await; // elsewhere
        let cookie = visitor.cookies.header("hidden.example.org").unwrap();
        for host in ["hidden.example.org", "unknown.example.org", "bad host"] {
            let secret = landing.code();
            let url = format!("https://{host}/x?access_token={secret}");
            let visit = Visit::page(&url)
                .with("cookie", cookie.to_str().unwrap())
                .with("authorization", &format!("Bearer {token}"));
            proxy.ask(&visit).await;
            let mut stranger = proxy.clone();
            stranger.peer = "192.0.2.9:1".parse().unwrap();
            stranger.ask(&visit).await;
        }
        secrets.add("an app token", token);
        secrets.add("a secret of the application", "secret-of-the-app=0123456789abcdef");
    }
}

/// People's own tokens, kept and asked with; and a host who would be told of things.
async fn looked_after(secrets: &mut Secrets) {
    let (hook, key) =
        ("http://127.0.0.1:9/canary-of-the-hook-0123456789", "canary-key-of-the-hook-0123456789-abcdef");
    let lines = format!("webhook_url = \"{hook}\"\nwebhook_secret_file = \"webhook.secret\"");
    let setup = Setup::default().set("plex", "recheck_with = \"own-tokens\"").set("admin", &lines);
    let house = setup.file("webhook.secret", key).start().await;
    secrets.add("the address of the hook", hook);
    secrets.add("the key of the hook", key);
    for persona in ["friend", "friend-all", "home"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
    }
    house.plex.world().unshare("friend").unwrap();
    house.plex.world().revoke_tokens("home").unwrap();
    for fault in [None, Some(plextv_emulator::FaultKind::ServerError), None] {
        match fault {
            Some(kind) => house.plex.fails(kind),
            None => house.plex.recovers(),
        }
        for _ in 0..100 {
            house.pass(Seconds::minutes(1));
            own_tokens::round(house.app()).await;
        }
    }
    let waiting: Vec<_> = std::iter::from_fn(|| house.app().notices.take()).collect();
    assert!(!waiting.is_empty(), "half an hour without an answer");
    for notice in waiting {
        tracing::warn!(why = %alarm::deliver(house.app(), &notice).await.unwrap_err(), "the host could not be told");
    }
    secrets.of_plex(&house);
}

/// Programs that act for themselves, questions about tokens, and the end of some.
async fn machines(house: &House, secrets: &mut Secrets, of_person: &Tokens) {
    let backup = house.relying_party("backup");
    let for_itself = Tokens(backup.token(&[("grant_type", "client_credentials")]).await.expect(200).json());
    secrets.tokens(&for_itself);
    for token in [for_itself.access_token(), of_person.access_token(), of_person.id_token()] {
        backup.introspect(&token).await.expect(200);
        backup.revoke(&token).await.expect(200);
        let jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let shown =
            [("client_assertion_type", jwt_bearer), ("client_assertion", &*token), ("client_id", "backup")];
        house.door.send(post_form("/token", &shown)).await.expect(401);
    }
}

/// The owner's ways in: by a link, which is in the address of a page, and by a passkey.
async fn by_link(house: &House, secrets: &mut Secrets) {
    let link = Secret::from_random(SecretKind::AdminLink, [0x5a; 32]);
    secrets.add("a link", link.expose());
    let expires = house.now().plus(Seconds::minutes(10));
    house.app().store.put_admin_link(AdminLink { hash: link.hash(), expires }).await.unwrap();
    let mut browser = house.browser();
    let page = browser.open(&format!("/admin/enter?link={}", link.expose())).await.expect(200);
    let page = browser.submit(&page, "/admin/enter").await.expect(200);
    let passkey = browser.open("/admin/passkey").await.expect(200);
    let csrf = passkey.form("/admin/passkey").fields.remove(0).1;
    let asked = post_form("/admin/passkey/options", &[("csrf", &csrf)]);
    let asked = browser.send_own(asked).await.expect(200).json();
    secrets.add("a challenge", asked["challenge"].as_str().unwrap());
    browser.post(&passkey, "/admin/passkey", &[("answer", &asked.to_string())]).await.expect(403);
    secrets.browser(&browser);
    secrets.page(&page);
    browser.open(&format!("/admin/enter?link={}", link.expose())).await.expect(403);
}

/// Run by the test below only: the log is of the whole process.
#[tokio::test]
async fn i_23_canary_flows() {
    let Some(path) = std::env::var_os(WAKE).map(PathBuf::from) else { return };
    telemetry::init(tracing::Level::TRACE, LogFormat::Text, std::fs::File::create(&path).unwrap());
    let house = Setup::default()
        .client("wiki", "consent_required = true")
        .client("photos", "allow = [\"plex-friend\", \"local\"]")
        .user(7, "robin", PASSWORD, "")
        .client("open", "plex_token = \"server\"")
        .client("tv", "grant_types = [\"authorization_code\", \"device_code\"]")
        .client("backup", "grant_types = \"client_credentials\"\nintrospects = [\"wiki\"]")
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .app("host = \"hidden.example.org\"")
        .with_owner_token()
        .start()
        .await;
    let mut secrets = Secrets::default();
    for id in ["photos", "wiki", "legacy", "open", "backup"] {
        secrets.add("a client's secret", &secret_of(id));
    }
    let key = std::fs::read_to_string(house.folder().join("plex-oidc.key")).unwrap();
    secrets.add("the key", key.trim());
    let owner = std::fs::read_to_string(house.folder().join("owner.token")).unwrap();
    secrets.add("the owner's Plex token", owner.trim());
    let mut browser = sign_ins(&house, &mut secrets).await;
    passwords(&house, &mut secrets).await;
    visits(&house, &mut secrets, &mut browser).await;
    applications(&house, &mut secrets).await;
    devices(&house, &mut secrets).await;
    gateway(&house, &mut secrets).await;
    by_link(&house, &mut secrets).await;
    secrets.of_plex(&house);
    looked_after(&mut secrets).await;
    assert_log(&path, &secrets);
    let log = std::fs::read_to_string(&path).unwrap();
    let found = secrets.found_in(&log);
    println!("in the log: {found:?}"); // the text of the next panic is not shown here
    assert!(found.is_empty());
    println!("looked for {} secrets", secrets.0.len());
}

fn assert_log(path: &Path, secrets: &Secrets) {
    let log = std::fs::read_to_string(path).unwrap();
    for expected in [
        "answered",
        "signed in",
        "a password was wrong",
        "a request of a client was refused",
        "a token was revoked",
        "a device was answered",
        "a link to the host's page was used",
        "no device waits with the code that was typed",
        "plex.tv does not answer",
        "a proxy asked",
        "access has ended",
        "the host could not be told",
    ] {
        assert!(log.contains(expected), "the log does not show {expected:?}:\n{log}");
    }
    assert!(log.lines().count() > 100, "{log}");
    let mut kinds: Vec<&str> = secrets.0.values().copied().collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() >= 10, "{kinds:?}");
    assert!(!secrets.found_in(&format!("x {} y", secrets.0.keys().next().unwrap())).is_empty());
}

#[test]
fn i_23_no_secret_is_in_the_log_at_its_finest_level() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let output = run_alone("safety::canary::i_23_canary_flows", WAKE, &path);
    let said = String::from_utf8_lossy(&output.stdout);
    let log = std::fs::read_to_string(path).unwrap_or_default();
    let end = log.lines().rev().take(5).collect::<Vec<_>>().join("\n"); // a panic is logged by its place alone
    assert!(output.status.success() && said.contains("looked for "), "{said}{end}");
}
