//! After `init`: the service starts and signs people in; and the commands that run beside it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use plex_oidc::cli::Exit;
use plex_oidc_core::secret::sha256;
use plex_oidc_core::time::Seconds;
use plextv::PlexTv;
use url::Url;

use super::{House, told};

const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// The program, serving; ends with the test.
struct Service(Child);

impl Service {
    fn start(house: &House, listen: SocketAddr) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plex-oidc"))
            .args(["serve", "--listen", &listen.to_string()])
            .current_dir(house.folder.path())
            .env_clear()
            .envs(house.variables())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        while !seen.contains("serving") {
            assert_ne!(log.read_line(&mut seen).unwrap(), 0, "it ended: {seen}");
        }
        // Somebody must read on, or the log would fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self(child)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// An address that is free now.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Sets up a client and returns its secret.
fn installed(house: &House, address: SocketAddr) -> String {
    let issuer = format!("http://{address}");
    let protect = ["--public-url", &issuer, "--protect", "application", "--client-id", "portal"];
    let ran = house.run(&told(&[&protect[..], &["--redirect-uri", CALLBACK]].concat()));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    ran.out.lines().find_map(|line| line.strip_prefix("client secret: ")).unwrap().to_owned()
}

/// A browser without script: no redirect is followed, cookies are kept.
struct Browser {
    http: reqwest::Client,
    issuer: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn go(&mut self, request: reqwest::RequestBuilder) -> (u16, Option<String>, String) {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(COOKIE, pairs.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location, answer.text().await.unwrap())
    }

    async fn get(&mut self, path: &str) -> (u16, Option<String>, String) {
        let request = self.http.get(format!("{}{path}", self.issuer));
        self.go(request).await
    }
}

/// Signs in as `persona` and returns the claims of the ID token.
async fn sign_in(house: &House, issuer: &str, secret: &str, persona: &str) -> serde_json::Value {
    let http = PlexTv::http_client(None).unwrap();
    let mut browser = Browser { http: http.clone(), issuer: issuer.to_owned(), cookies: BTreeMap::new() };
    let verifier = "v".repeat(64);
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
    let query = format!(
        "response_type=code&client_id=portal&redirect_uri={CALLBACK}&scope=openid&state=s&nonce=n\
         &code_challenge={challenge}&code_challenge_method=S256"
    );
    let (status, attempt, page) = browser.get(&format!("/authorize?{query}")).await;
    assert_eq!(status, 303, "{page}");
    let attempt = attempt.unwrap();
    let (_, _, page) = browser.get(&attempt).await;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let start = http.post(format!("{issuer}{attempt}/start")).header(ORIGIN, issuer);
    let (status, _, page) = browser.go(start.form(&[("csrf", csrf.as_str())])).await;
    assert!(matches!(status, 200 | 303), "{status} {page}");
    let pin = house.emulator.world().pins().pop().expect("the service made a PIN");
    house.emulator.world().approve_pin(&pin.code, persona).unwrap();
    let (status, location, page) = browser.get(&format!("{attempt}/return")).await;
    assert_eq!(status, 303, "{page}");
    let location = Url::parse(&location.unwrap()).unwrap();
    assert!(location.as_str().starts_with(CALLBACK), "{location}");
    let code = location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", &verifier),
    ];
    let request = http.post(format!("{issuer}/token")).basic_auth("portal", Some(secret)).form(&form);
    let answer = request.send().await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{body}");
    let tokens: serde_json::Value = serde_json::from_str(&body).unwrap();
    let payload = tokens.get("id_token").unwrap().as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn after_init_the_check_passes_and_the_service_signs_people_in() {
    let (house, address) = (House::new(), free_address());
    let secret = installed(&house, address);
    let checked = house.run(&["check"]);
    assert_eq!(checked.exit, Exit::Done, "{}", checked.err);
    let _service = Service::start(&house, address);
    let issuer = format!("http://{address}");
    let ready = house.run(&["healthcheck", "--address", &address.to_string()]);
    assert_eq!((ready.exit, ready.err.as_str()), (Exit::Done, ""));
    let claims = house.runtime.block_on(sign_in(&house, &issuer, &secret, "friend"));
    assert_eq!(claims["sub"], "plex-48151001");
    assert_eq!(claims["iss"], issuer);
    let claims = house.runtime.block_on(sign_in(&house, &issuer, &secret, "owner"));
    assert_eq!(claims["sub"], "plex-1002003");
}

#[test]
fn keys_are_listed_and_rotated_beside_the_service() {
    let (house, address) = (House::new(), free_address());
    installed(&house, address);
    house.clock.advance(Seconds(3661));
    let service = Service::start(&house, address);
    let before = house.run(&["keys", "list"]);
    assert_eq!((before.exit, before.out.lines().count()), (Exit::Done, 7), "{}", before.err);
    let rotated = house.run(&["keys", "rotate"]);
    assert_eq!((rotated.exit, rotated.out.lines().count()), (Exit::Done, 10), "{}", rotated.err);
    let again = house.run(&["keys", "rotate"]);
    assert_eq!((again.exit.code(), again.out.as_str()), (1, ""), "nobody has seen the new next keys yet");
    assert_eq!(without_ages(&house.run(&["keys", "list"]).out), without_ages(&rotated.out));
    let well = house.run(&["healthcheck", "--address", &address.to_string()]);
    assert_eq!(well.exit, Exit::Done, "{}", well.err);
    drop(service);
    let _service = Service::start(&house, address);
    assert_eq!(without_ages(&house.run(&["keys", "list"]).out), without_ages(&rotated.out));
}

/// The list without its last column, which says how old a key is.
fn without_ages(list: &str) -> Vec<&str> {
    list.lines()
        .map(|line| line.trim_end().rsplit_once(' ').map_or(line, |(rest, _)| rest.trim_end()))
        .collect()
}

#[test]
fn a_service_that_is_not_there_is_not_well() {
    let (house, address) = (House::new(), free_address());
    let ran = house.run(&["healthcheck", "--address", &address.to_string()]);
    assert_eq!((ran.exit.code(), ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains(&format!("plex-oidc at {address} is not ready: it cannot be reached")),
        "{}",
        ran.err
    );
}

#[test]
fn the_first_address_of_the_configuration_is_asked_and_another_status_is_not_well() {
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(
        house.run(&told(&["--public-url", "https://a.example", "--protect", "nothing"])).exit,
        Exit::Done
    );
    let mut variables = house.variables();
    variables.insert("PLEX_OIDC__LISTEN".to_owned(), format!("0.0.0.0:{}, 127.0.0.1:1", address.port()));
    for (status, exit) in [("503 Service Unavailable", 1), ("302 Found", 1), ("200 OK", 0)] {
        let listener = listener.try_clone().unwrap();
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nlocation: /\r\ncontent-length: 0\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let ran = house.run_with(&variables, &["healthcheck"], "", |_| {});
        assert_eq!(ran.exit.code(), exit, "{status}: {}", ran.err);
        let request = answering.join().unwrap();
        assert!(request.starts_with("GET /readyz HTTP/1.1\r\n"), "{request}");
        assert!(!ran.err.contains("Warning"), "warnings are for check: {}", ran.err);
    }
}

#[test]
fn a_service_that_does_not_answer_is_not_well_after_the_time_limit() {
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let ran = house.run(&["healthcheck", "--address", &address, "--timeout", "0"]);
    assert_eq!(ran.exit.code(), 1);
    assert!(ran.err.contains("no answer in time"), "{}", ran.err);
}

#[test]
fn without_a_configuration_the_health_check_fails_with_1() {
    let house = House::new();
    let ran = house.run(&["healthcheck"]);
    assert_eq!((ran.exit.code(), ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("there is no such file"), "{}", ran.err);
}
