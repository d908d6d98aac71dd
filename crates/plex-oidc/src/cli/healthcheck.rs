//! `healthcheck`: for containers, which have no curl.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Exit, World};
use crate::config;

/// The arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArguments {
    /// The address to ask [default: the first of `listen`]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub address: Option<SocketAddr>,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub timeout: u32,
}

/// Why the service is not well, as far as one can see from outside.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    #[error("it does not answer as it should: {0}")]
    Odd(#[from] hyper::Error),
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
    #[error("it answers with status {0}")]
    Status(StatusCode),
    #[error("there is no answer in time")]
    Late,
}

/// Asks the running service whether it is ready. The exit code is 0 or 1, as container engines want it.
pub fn run(file: &Path, arguments: &HealthcheckArguments, world: &mut World<'_>) -> io::Result<Exit> {
    let address = match arguments.address {
        Some(address) => address,
        // Warnings are for `check`; here they would be repeated twice a minute.
        None => match config::load(file, world.environment).map(|loaded| loaded.config.listen) {
            Ok(listen) => match listen.first() {
                Some(address) => *address,
                None => return world.fail("There is no address to listen on."),
            },
            Err(problems) => return world.fail(&problems.to_string()),
        },
    };
    let address = reachable(address);
    let limit = Duration::from_secs(u64::from(arguments.timeout));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(async { tokio::time::timeout(limit, ask(address)).await });
    match asked.unwrap_or(Err(Unwell::Late)) {
        Ok(()) => writeln!(world.out, "plex-oidc at {address} is ready.").map(|()| Exit::Done),
        Err(why) => world.fail(&format!("plex-oidc at {address} is not ready: {why}.")),
    }
}

/// Whoever listens on every interface is asked on the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn ask(address: SocketAddr) -> Result<(), Unwell> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/readyz").header(HOST, address.to_string()).body(Empty::<Bytes>::new())?;
    // Ends with the runtime. If it ends earlier, the request below fails.
    tokio::spawn(connection);
    match sender.send_request(request).await?.status() {
        StatusCode::OK => Ok(()),
        status => Err(Unwell::Status(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_everybody_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8400", "127.0.0.1:8400"),
            ("[::]:8400", "[::1]:8400"),
            ("127.0.0.1:8400", "127.0.0.1:8400"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
