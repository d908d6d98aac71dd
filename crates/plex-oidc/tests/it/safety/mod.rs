//! The program under bad luck and bad company: sockets, stopping, limits, panics, logs, restarts (issue section 8).

mod canary;
mod limits;
mod panics;
mod processes;
mod restarts;
mod sockets;
mod stopping;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use plex_oidc::lifecycle::{self, ConnectionLimits, Serving};
use plex_oidc::router::{Limits, MAX_BODY_BYTES};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::House;

/// Longer than anything here takes; reached only by a failure.
const PATIENCE: Duration = Duration::from_secs(8);

/// Short limits, where a real timer is what is tested.
const SHORT: ConnectionLimits = ConnectionLimits {
    connections: 64,
    header_bytes: 32 * 1024,
    header_timeout: Duration::from_millis(400),
    write_timeout: Duration::from_millis(400),
    drain: Duration::from_secs(1),
};

/// And those of requests.
const LIMITS: Limits =
    Limits { body: Duration::from_secs(1), answer: Duration::from_secs(3), body_bytes: MAX_BODY_BYTES };

/// A house that listens on a real socket, until its `stop` turns true.
struct Served {
    address: SocketAddr,
    ended: JoinHandle<io::Result<()>>,
}

async fn serve(house: &House, limits: ConnectionLimits) -> Served {
    let (body, answer) = (Duration::from_secs(1), Duration::from_secs(3));
    serve_within(house, limits, Limits { body, answer, body_bytes: MAX_BODY_BYTES }).await
}

async fn serve_within(house: &House, limits: ConnectionLimits, of_requests: Limits) -> Served {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (keep, serving) = watch::channel(Serving::new(Arc::clone(house.app()), of_requests));
    let stopping = house.stop.subscribe();
    let ended = tokio::spawn(async move {
        let served = lifecycle::serve(vec![listener], serving, limits, stopping).await;
        drop(keep);
        served
    });
    Served { address, ended }
}

/// One connection, as a bad neighbour would use it.
struct Line(TcpStream);

impl Line {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Sends; that the other side has closed is no failure yet.
    fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// Whatever comes until the other side closes.
    fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection stays open ({error}), after {bytes:?}"),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What comes until this text has come.
    fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        let mut byte = [0];
        while !text.ends_with(end) {
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "closed after {text}");
            text.push(char::from(byte[0]));
        }
        text
    }

    /// Whether nothing comes for a moment.
    fn is_silent(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        let silent = self.0.read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    }
}

/// A whole exchange on a connection of its own.
fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut line = Line::open(address);
    line.send(request);
    line.rest()
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: auth.example.com\r\n\r\n";
const HEALTH_ONCE: &str = "GET /healthz HTTP/1.1\r\nhost: auth.example.com\r\nconnection: close\r\n\r\n";

/// Runs one test of this program in a process of its own, with a variable that wakes it up.
fn run_alone(test: &str, variable: &str, value: &std::path::Path) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(variable, value)
        .output()
        .unwrap()
}
