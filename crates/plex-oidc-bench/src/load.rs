//! Load: one request, again and again on many connections.

use std::net::SocketAddr;

use crate::Outcome;
use crate::http::{self, Connection};

const CONNECTIONS: usize = 32;

/// A request.
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
