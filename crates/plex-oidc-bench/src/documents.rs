//! Discovery and JWKS on one core with 32 connections, against a bare axum server.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::routing::get;

use crate::house::{House, free_address};
use crate::http::Connection;
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, least};

const CONNECTIONS: usize = 32;
const REQUESTS: u32 = 16_000;
const WARM_UP: u32 = 4_000;
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
    let address = free_address()?;
    let port = address.port().to_string();
    let bare = Process::start(&std::env::current_exe()?, &["hello", &port], &Cores::one(), (address, "/"))?;
    let asked = [(&bare, "/"), (&own, "/.well-known/openid-configuration"), (&own, "/jwks")];
    for (process, path) in asked {
        load(process.address, path, WARM_UP)?;
    }
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for ((process, path), times) in asked.iter().zip(&mut times) {
            times.push(process.cpu_of_each(REQUESTS, || load(process.address, path, REQUESTS))?);
        }
    }
    let [hello, discovery, jwks] = times.map(least);
    own.stop()?;
    Ok(vec![
        Row::at_least(
            "discovery, one core, 32 connections, against bare axum",
            100.0 * hello / discovery,
            "%",
            (75.0, 90.0),
        )
        .meanwhile(40.0),
        Row::at_least("JWKS, likewise", 100.0 * hello / jwks, "%", (75.0, 90.0)).meanwhile(40.0),
        Row::note("  CPU of one request: bare axum", hello, "us"),
        Row::note("  CPU of one request: discovery", discovery, "us"),
    ])
}

/// Keeps every connection busy: whenever one has its answer, it gets the next request.
pub(crate) fn load(address: SocketAddr, path: &str, requests: u32) -> Outcome<()> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open_restless(address)?;
        let request = connection.request("GET", path, &[], None);
        connection.send(&request)?;
        connections.push((connection, request));
    }
    // All answers have one length: whoever does not look at them keeps the server busy.
    let mut length = None;
    let more = (requests as usize).saturating_sub(CONNECTIONS);
    for turn in 0..more {
        if let Some((connection, request)) = connections.get_mut(turn % CONNECTIONS) {
            match length {
                Some(length) => connection.skip(length)?,
                None => length = Some(connection.receive_200()?),
            }
            connection.send(request)?;
        }
    }
    for (connection, _) in &mut connections {
        connection.receive_200()?;
    }
    Ok(())
}
