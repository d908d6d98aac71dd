//! A new configuration for a running service is used whole or not at all (DESIGN section 7).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use plex_oidc::clock::{Clock, SystemClock};
use plex_oidc::config::{self, Loaded};
use plex_oidc::entropy::{Entropy, SystemEntropy};
use plex_oidc::installation;
use plex_oidc::lifecycle::Serving;
use plex_oidc::reload::{ReloadError, Reloader, Source};
use plex_oidc::start::{Held, Parts, serving};
use plex_oidc::store::records::EventsWanted;
use plex_oidc_core::audit::{Actor, What};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::support::Log;

const BASE: &str = "public_url = \"https://auth.example.com\"\n\
                    [plex]\nserver = \"0123456789abcdef0123456789abcdef01234567\"\nowner_id = 1\n";

fn with_clients(ids: &[&str]) -> String {
    let client = |id: &&str| {
        format!(
            "[[clients]]\nid = \"{id}\"\nauth_method = \"none\"\nredirect_uris = [\"https://{id}.example.org/cb\"]\n"
        )
    };
    format!("{BASE}{}", ids.iter().map(client).collect::<String>())
}

/// A folder with an installation, and its file.
async fn installed(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plex-oidc.toml");
    std::fs::write(&file, text).unwrap();
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy::default()));
    installation::create(&load(&file).config, &clock, &entropy).await.unwrap();
    (folder, file)
}

fn load(file: &Path) -> Loaded {
    config::load(file, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn authorize(client: &str) -> String {
    let uri = format!("https%3A%2F%2F{client}.example.org%2Fcb");
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    format!(
        "/authorize?client_id={client}&redirect_uri={uri}&response_type=code&scope=openid\
         &code_challenge={challenge}&code_challenge_method=S256"
    )
}

async fn get(latest: &watch::Receiver<Serving>, path: &str, cookie: Option<&str>) -> Response {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    }
    let router = latest.borrow().router().clone();
    router.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_new_file_holds_at_once_and_an_invalid_one_never() {
    let (_folder, file) = installed(&with_clients(&["photos"])).await;
    let loaded = load(&file);
    let (_stop, stopping) = watch::channel(false);
    let held = Held::open(&loaded.config, Parts::system(stopping)).await.unwrap();
    let (sender, latest) = watch::channel(serving(&loaded.config, held.app(&loaded.config).await.unwrap()));
    let source = Source::new(file.clone(), BTreeMap::new(), Arc::clone(&loaded.files));
    let mut reloader = Reloader::new(source, &loaded.config, held, sender);

    let begun = get(&latest, &authorize("photos"), None).await;
    let page = begun.headers()[LOCATION].to_str().unwrap().to_owned();
    let cookie = begun.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(get(&latest, &authorize("wiki"), None).await.status(), 400);

    std::fs::write(&file, with_clients(&["photos", "wiki"])).unwrap();
    reloader.reload().await.unwrap();
    assert_eq!(get(&latest, &authorize("wiki"), None).await.status(), 303);
    assert_eq!(get(&latest, &page, Some(&cookie)).await.status(), 200, "an attempt goes on across a reload");

    std::fs::write(&file, with_clients(&["wiki"]) + "colour = \"red\"\n").unwrap();
    let refused = reloader.reload().await.unwrap_err();
    assert!(
        matches!(&refused, ReloadError::Problems(_)) && refused.to_string().contains("colour"),
        "{refused}"
    );
    assert_eq!(
        get(&latest, &authorize("photos"), None).await.status(),
        303,
        "the old file still holds, whole"
    );
    // The audit log has the one that was taken over.
    let wanted = EventsWanted { most: 10, ..EventsWanted::default() };
    let events = installation::open_beside(&loaded.config).unwrap().events(wanted).await.unwrap();
    let [found] = &events[..] else { panic!("{events:?}") };
    assert_eq!((found.event.what, found.event.by), (What::ConfigurationReloaded, Actor::Program));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_file_is_said_once_and_a_good_one_is_taken_over_once() {
    let (_folder, file) = installed(&with_clients(&["photos"])).await;
    let loaded = load(&file);
    let (_stop, stopping) = watch::channel(false);
    let held = Held::open(&loaded.config, Parts::system(stopping)).await.unwrap();
    let (sender, _latest) = watch::channel(serving(&loaded.config, held.app(&loaded.config).await.unwrap()));
    let source = Source::new(file.clone(), BTreeMap::new(), Arc::clone(&loaded.files));
    let mut reloader = Reloader::new(source, &loaded.config, held, sender);
    let log = Log::start();
    let good = with_clients(&["photos", "wiki"]);
    for (text, said) in
        [("this is not TOML", "the one before it still holds"), (&good, "the configuration was reloaded")]
    {
        reloader.look(false).await;
        std::fs::write(&file, text).unwrap();
        reloader.look(false).await;
        assert!(log.take().is_empty(), "whoever writes may not have finished");
        let mut lines = Vec::new();
        for _ in 0..4 {
            reloader.look(false).await;
            lines.extend(log.take().into_iter().filter(|line| line.contains(said)));
        }
        assert_eq!(lines.len(), 1, "{lines:?}");
    }
}

/// The real program. Ends with this value.
struct Service(Child, std::io::Lines<BufReader<std::process::ChildStderr>>);

impl Service {
    fn start(file: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plex-oidc"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(file)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self(child, lines)
    }

    /// Reads the log up to a line with this text.
    fn log_until(&mut self, text: &str) -> String {
        let line = self.1.by_ref().map_while(Result::ok).find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("the service ended without saying {text:?}"))
    }

    fn hang_up(&self) {
        assert!(Command::new("kill").args(["-HUP", &self.0.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn sighup_and_a_changed_file_reload_the_running_program() {
    let (_folder, file) = installed(&with_clients(&["photos"])).await;
    let mut service = Service::start(&file);
    service.log_until("serving");
    std::fs::write(&file, "this is not TOML").unwrap();
    service.hang_up();
    service.log_until("the one before it still holds");
    std::fs::write(&file, with_clients(&["photos", "wiki"])).unwrap();
    service.log_until("the configuration was reloaded");
}
