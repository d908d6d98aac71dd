//! A running service gets another configuration while people use it (I-13, I-14).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use http::header::{COOKIE, HOST};
use plex_oidc::config;
use plex_oidc::lifecycle::{self, ConnectionLimits};
use plex_oidc::reload::{ReloadError, Reloader, Source};
use plex_oidc::start::{Held, Parts, serving};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

/// So many callers ask one thing after the other, on connections of their own.
const CALLERS: usize = 4;

/// A service on a real socket, with somebody inside, and callers who ask all the time.
struct Busy {
    file: PathBuf,
    text: String,
    reloader: Reloader,
    address: SocketAddr,
    http: reqwest::Client,
    asked: Arc<AtomicU32>,
    over: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Result<(), String>>>,
    _stop: watch::Sender<bool>,
    _house: House,
}

/// What callers ask: a path, the `Cookie`, more headers, and the status that is right.
type Asked = (String, String, Vec<(&'static str, &'static str)>, u16);

const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 64,
    header_bytes: 32 * 1024,
    header_timeout: Duration::from_secs(10),
    write_timeout: Duration::from_secs(10),
    drain: Duration::from_secs(1),
};

impl Busy {
    async fn start() -> Self {
        let mut house = setup().start().await;
        let guest = Inside::of(&house, "friend").await;
        let cookie = |value: Option<http::HeaderValue>| value.unwrap().to_str().unwrap().to_owned();
        let ours = cookie(guest.browser.cookie_header());
        let at_lounge = cookie(guest.visitor.cookies.header("lounge.example.org"));
        let silent = guest.photos.authorization().with("prompt", "none").url();
        let forwarded = vec![
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "lounge.example.org"),
            ("x-forwarded-uri", "/"),
        ];
        let all: Vec<Asked> = vec![
            ("/authz/forward-auth".to_owned(), at_lounge, forwarded, 200),
            (silent.strip_prefix(crate::support::ISSUER).unwrap().to_owned(), ours, Vec::new(), 303),
            ("/.well-known/openid-configuration".to_owned(), String::new(), vec![], 200),
            ("/jwks".to_owned(), String::new(), vec![], 200),
        ];
        house.go_down().await;
        let file = house.folder().join("plex-oidc.toml");
        // The callers come from this machine, as a proxy would.
        let text = std::fs::read_to_string(&file).unwrap().replace("172.30.0.0/16", "127.0.0.0/8");
        std::fs::write(&file, &text).unwrap();
        let loaded = config::load(&file, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"));
        let (stop, stopping) = watch::channel(false);
        let held = Held::open(&loaded.config, Parts::system(stopping.clone())).await.unwrap();
        let app = held.app(&loaded.config).await.unwrap();
        let (sender, latest) = watch::channel(serving(&loaded.config, app));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(lifecycle::serve(vec![listener], latest, LIMITS, stopping));
        let files = Arc::clone(&loaded.files);
        let source = Source::new(file.clone(), BTreeMap::new(), files);
        let reloader = Reloader::new(source, &loaded.config, held, sender);
        let (asked, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let http = plextv::PlexTv::http_client(None).unwrap(); // follows nothing
        let callers = (0..CALLERS).map(|first| {
            let (http, mut all) = (http.clone(), all.clone());
            let (asked, over) = (Arc::clone(&asked), Arc::clone(&over));
            all.rotate_left(first);
            tokio::spawn(async move {
                for wanted in all.iter().cycle() {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    ask(&http, address, wanted).await?;
                    asked.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            })
        });
        let callers = callers.collect();
        Self { file, text, reloader, address, http, asked, over, callers, _stop: stop, _house: house }
    }

    /// What anybody outside can tell this configuration by.
    async fn behaviour(&self) -> Vec<(u16, String)> {
        let mut seen = Vec::new();
        let authorize = |client: &str| {
            let uri = format!("https%3A%2F%2F{client}.example.org%2Fcallback");
            format!(
                "/authorize?client_id={client}&redirect_uri={uri}&response_type=code&scope=openid\
                 &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
            )
        };
        for path in [
            "/.well-known/openid-configuration".to_owned(),
            "/jwks".to_owned(),
            authorize("photos"),
            authorize("wiki"),
            authorize("grafana"),
            authorize("stranger"),
            "/account".to_owned(),
            "/admin".to_owned(),
        ] {
            let url = format!("http://{}{path}", self.address);
            let answer = self.http.get(url).header(HOST, "auth.example.com").send().await.unwrap();
            let status = answer.status().as_u16();
            // Where somebody is sent to sign in has a name of its own each time.
            let body = if status == 303 { String::new() } else { answer.text().await.unwrap() };
            seen.push((status, body));
        }
        seen
    }

    /// Ends the load; none of it may have failed.
    async fn end(self) -> u32 {
        self.over.store(true, Ordering::SeqCst);
        for caller in self.callers {
            caller.await.unwrap().unwrap_or_else(|failed| panic!("{failed}"));
        }
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until the callers have asked so many things more: a reload is always in the middle of requests.
    async fn goes_on(&self, more: u32) {
        let enough = self.asked.load(Ordering::SeqCst) + more;
        while self.asked.load(Ordering::SeqCst) < enough {
            assert!(!self.callers.iter().all(JoinHandle::is_finished), "every caller was let down");
            tokio::task::yield_now().await;
        }
    }
}

async fn ask(http: &reqwest::Client, address: SocketAddr, wanted: &Asked) -> Result<(), String> {
    let (path, cookie, headers, status) = wanted;
    let mut request = http.get(format!("http://{address}{path}")).header(HOST, "auth.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !cookie.is_empty() {
        request = request.header(COOKIE, cookie);
    }
    let answer = request.send().await.map_err(|error| format!("{path}: {error:?}"))?;
    let location =
        answer.headers().get("location").map(|value| value.to_str().unwrap_or_default().to_owned());
    let is_code = *status != 303 || location.as_ref().is_some_and(|location| location.contains("code="));
    if answer.status().as_u16() == *status && is_code {
        return Ok(());
    }
    Err(format!("{path}: {} {location:?} {}", answer.status(), answer.text().await.unwrap_or_default()))
}

/// Every file of which it is known that it must not be taken, and how it would be written there.
fn bad_files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/config/bad");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        // What a variable says is not in the file, and some of them are wrong by what the variable says.
        .filter(|(_, text)| !text.contains("# variable:"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn i_13_f_37_no_broken_configuration_changes_anything_while_people_use_the_service() {
    let mut busy = Busy::start().await;
    let files = bad_files();
    assert!(files.len() >= 60, "{}", files.len());
    let before = busy.behaviour().await;
    let mut broken = files;
    // And the good one with something wrong in it at the end, so that all of the rest could have been taken.
    broken.push(("good, and an unknown key".to_owned(), format!("{}\ncolour = \"red\"\n", busy.text)));
    broken.push(("cut off".to_owned(), busy.text[..busy.text.len() / 2].to_owned() + "\n[[["));
    for (name, text) in &broken {
        std::fs::write(&busy.file, text).unwrap();
        let refused = busy.reloader.reload().await;
        assert!(matches!(refused, Err(ReloadError::Problems(_))), "{name}: taken, or not refused as a file");
        busy.goes_on(4).await;
    }
    std::fs::remove_file(&busy.file).unwrap();
    assert!(busy.reloader.reload().await.is_err(), "no file");
    assert_eq!(busy.behaviour().await, before, "as before");
    std::fs::write(&busy.file, &busy.text).unwrap();
    busy.reloader.reload().await.unwrap();
    assert_eq!(busy.behaviour().await, before, "and the good one is still good");
    assert!(busy.end().await > 240, "requests meanwhile, of which none failed");
}

#[tokio::test]
async fn i_14_f_38_a_hundred_reloads_drop_no_request_and_no_session() {
    let mut busy = Busy::start().await;
    let before = busy.behaviour().await;
    for turn in 0..100 {
        let client = format!(
            "\n[[clients]]\nid = \"grafana\"\nauth_method = \"none\"\nname = \"Turn {turn}\"\n\
             redirect_uris = [\"https://grafana.example.org/callback\"]\n"
        );
        let text = if turn % 2 == 0 { busy.text.clone() + &client } else { busy.text.clone() };
        std::fs::write(&busy.file, text).unwrap();
        busy.reloader.reload().await.unwrap_or_else(|wrong| panic!("{turn}: {wrong}"));
        busy.goes_on(4).await;
        if turn == 0 {
            assert_ne!(busy.behaviour().await, before, "a new client is there");
        }
    }
    assert_eq!(busy.behaviour().await, before);
    assert!(busy.end().await > 400, "requests meanwhile, of which none failed");
}
