//! Discovery and JWKS on one core with 32 connections, against a bare axum server.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::routing::get;

use crate::house::{House, free_address};
use crate::http::{self, Connection};
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, least, series};

const CONNECTIONS: usize = 32;
/// Series of requests, at each server.
pub(crate) const SERIES: u32 = 28;

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
    let times = series::of_each(SERIES, &asked)?;
    own.stop()?;
    let [hello, discovery, jwks] = times.as_slice() else { return Err("three were measured".into()) };
    Ok(vec![
        Row::at_least(
            "discovery, one core, 32 connections, against bare axum",
            series::share(hello, discovery),
            "%",
            (75.0, 90.0),
        ),
        Row::at_least("JWKS, likewise", series::share(hello, jwks), "%", (75.0, 90.0)),
        Row::note("  CPU of one request: bare axum", least(hello), "us"),
        Row::note("  CPU of one request: discovery", least(discovery), "us"),
    ])
}

/// Starts the bare server, on the core of whatever is compared with it.
pub(crate) fn bare() -> Outcome<Process> {
    let address = free_address()?;
    let port = address.port().to_string();
    Process::start(&std::env::current_exe()?, &["hello", &port], &Cores::one(), (address, "/"))
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
