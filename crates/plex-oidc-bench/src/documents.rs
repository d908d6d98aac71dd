//! Discovery and JWKS on one core with 32 connections, against a bare axum server.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::routing::get;

use crate::house::{House, free_address};
use crate::http::{self, Connection};
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, least};

const CONNECTIONS: usize = 32;
const REQUESTS: u32 = 16_000;
pub(crate) const WARM_UP: u32 = 4_000;
const ROUNDS: u32 = 7;

/// The bare server: what axum itself costs.
pub(crate) fn hello(port: u16) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let router = Router::new().route("/", get(async || "Hello, World!"));
        Ok(axum::serve(listener, router).await?)
    })
}

/// Both documents.
pub(crate) fn rows(house: &House) -> Outcome<Vec<Row>> {
    let own = house.serve(&Cores::one())?;
    let bare = bare()?;
    let asked = [(&bare, "/"), (&own, "/.well-known/openid-configuration"), (&own, "/jwks")]
        .map(|(process, path)| (process, Load::get(process.address, path)));
    let [hello, discovery, jwks] = cpu_of_each(&asked)?;
    own.stop()?;
    Ok(vec![
        Row::at_least(
            "discovery, one core, 32 connections, against bare axum",
            100.0 * hello / discovery,
            "%",
            (75.0, 90.0),
        ),
        Row::at_least("JWKS, likewise", 100.0 * hello / jwks, "%", (75.0, 90.0)),
        Row::note("  CPU of one request: bare axum", hello, "us"),
        Row::note("  CPU of one request: discovery", discovery, "us"),
    ])
}

/// Starts the bare server, on the core of whatever is compared with it.
pub(crate) fn bare() -> Outcome<Process> {
    let address = free_address()?;
    let port = address.port().to_string();
    Process::start(&std::env::current_exe()?, &["hello", &port], &Cores::one(), (address, "/"))
}

/// The processor time of one request of each load at its server, in microseconds: the least of several series, in turn.
pub(crate) fn cpu_of_each<const N: usize>(asked: &[(&Process, Load); N]) -> Outcome<[f64; N]> {
    for (_, load) in asked {
        load.run(WARM_UP)?;
    }
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for ((process, load), times) in asked.iter().zip(&mut times) {
            times.push(process.cpu_of_each(REQUESTS, || load.run(REQUESTS))?);
        }
    }
    Ok(times.map(least))
}

/// One request, again and again on many connections.
pub(crate) struct Load {
    address: SocketAddr,
    request: String,
}

impl Load {
    /// This request, head and all.
    pub(crate) const fn new(address: SocketAddr, request: String) -> Self {
        Self { address, request }
    }

    /// A plain `GET`.
    pub(crate) fn get(address: SocketAddr, path: &str) -> Self {
        Self::new(address, http::request(address, "GET", path, &[], None))
    }

    /// Keeps every connection busy: whenever one has its answer, it gets the next request.
    pub(crate) fn run(&self, requests: u32) -> Outcome<()> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = Connection::open_restless(self.address)?;
            connection.send(&self.request)?;
            connections.push(connection);
        }
        // All answers have one length: whoever does not look at them keeps the server busy.
        let mut length = None;
        let more = (requests as usize).saturating_sub(CONNECTIONS);
        for turn in 0..more {
            if let Some(connection) = connections.get_mut(turn % CONNECTIONS) {
                match length {
                    Some(length) => connection.skip(length)?,
                    None => length = Some(connection.receive_200()?),
                }
                connection.send(&self.request)?;
            }
        }
        for connection in &mut connections {
            connection.receive_200()?;
        }
        Ok(())
    }
}
