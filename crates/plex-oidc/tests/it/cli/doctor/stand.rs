//! What `doctor` looks at, on a socket: plex-oidc's own address, the keys of a team, and a proxy before an application.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{JwkSet, SigningKey};

/// A request, as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    /// Names and values as they were written.
    pub(super) headers: Vec<(String, String)>,
}

impl Asked {
    /// Whether a header is there in exactly this spelling.
    pub(super) fn spelled(&self, name: &str) -> bool {
        self.headers.iter().any(|(given, _)| given == name)
    }

    /// Every value of a header, in whatever case.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }
}

/// How the proxy answers; `None`: it sends to sign in, and lets everybody into `/public/`, where nothing planted arrives.
pub(super) type Flaw = Box<dyn Fn(&Asked) -> Option<String> + Send + Sync>;

/// Ends with the test's process: nothing that it holds outlives that.
pub(super) struct Stand {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stand {
    /// A stand whose proxy has this flaw.
    pub(super) fn with(flaw: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let key = SigningKey::generate(SigningAlgorithm::Rs256).unwrap().0.public_jwk();
        let keys = serde_json::to_string(&JwkSet::new([key])).unwrap();
        let flaw: Arc<Flaw> = Arc::new(Box::new(flaw));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (flaw, seen, keys) = (Arc::clone(&flaw), Arc::clone(&seen), keys.clone());
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(asked) = read(&mut stream) else { return };
                    let answer = match asked.path.as_str() {
                        "/.well-known/openid-configuration" => {
                            ok(&format!("{{\"issuer\":\"http://{address}\"}}"))
                        }
                        "/certs" => ok(&keys),
                        _ => {
                            seen.lock().unwrap().push(asked.clone());
                            flaw(&asked).unwrap_or_else(|| guard(&asked, address))
                        }
                    };
                    stream.write_all(answer.as_bytes()).ok();
                });
            }
        });
        Self { address, asked }
    }

    /// Every request to the proxy.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        // The first byte of TLS (RFC 8446 s. 5.1) is none that a request begins with.
        if stream.read(&mut byte).ok()? == 0 || byte == [22] {
            return None;
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.trim_end().split("\r\n");
    let first = lines.next().unwrap();
    let path = first.strip_prefix("GET ").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    let path = path.expect("nothing but GET is ever sent").to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    };
    Some(Asked { path, headers: lines.map(header).collect() })
}

/// An answer with this body.
pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An answer without a body; `more`: a header.
pub(super) fn status(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\n\r\n")
}

/// What the application prints of a request.
pub(super) fn echo(asked: &Asked) -> String {
    ok(&format!("{:?}", asked.headers))
}

fn guard(asked: &Asked, address: SocketAddr) -> String {
    if !asked.path.starts_with("/public/") {
        return status("302 Found", &format!("Location: http://{address}/gateway/sign-in?request=x\r\n"));
    }
    let mut clean = asked.clone();
    clean.headers.retain(|(name, _)| !name.to_ascii_lowercase().replace('_', "-").starts_with("remote-"));
    echo(&clean)
}
