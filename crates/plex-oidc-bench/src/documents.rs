//! Discovery and JWKS on one core with 32 connections, against a bare axum server.

use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;

use crate::house::{House, free_address};
use crate::load::Load;
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, least, series};

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
