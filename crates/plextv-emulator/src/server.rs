//! The listening emulator.
//!
//! Owns: the socket, its connections, and the base addresses to hand out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::body::Outgoing;
use crate::call::{Call, VirtualHost};
use crate::randomness::Randomness;
use crate::router;
use crate::world::World;

const BODY_LIMIT: usize = 64 * 1024;

/// Where and how to listen: `EmulatorConfig { listen, ..EmulatorConfig::default() }`.
#[derive(Debug, Clone)]
pub struct EmulatorConfig {
    /// The address; port 0 takes a free one. Loopback by default: whoever reaches it may approve any PIN.
    pub listen: SocketAddr,
    /// The base address others reach it at, if not `http://{listen}`.
    pub public_url: Option<String>,
    /// Makes tokens and codes repeat from run to run.
    pub seed: Option<u64>,
}

impl EmulatorConfig {
    /// The defaults, on this address.
    pub fn listening_on(listen: SocketAddr) -> Self {
        Self { listen, ..Self::default() }
    }
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), public_url: None, seed: None }
    }
}

/// A running emulator. Ends when stopped or dropped.
#[derive(Debug)]
pub struct Emulator {
    world: World,
    address: SocketAddr,
    plex_tv: String,
    clients: String,
    app: String,
    control: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Starts listening.
    pub async fn start(config: EmulatorConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let world = World::new(config.seed.unwrap_or_else(Randomness::fresh_seed));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, world.clone(), stopped));
        let base = config.public_url.unwrap_or_else(|| format!("http://{address}"));
        let base = base.trim_end_matches('/');
        let host = |host: VirtualHost| format!("{base}/{}", host.name());
        Ok(Self {
            world,
            address,
            plex_tv: host(VirtualHost::PlexTv),
            clients: host(VirtualHost::Clients),
            app: host(VirtualHost::App),
            control: format!("{base}/_emulator"),
            stop: Some(stop),
            task,
        })
    }

    /// Stands for `https://plex.tv`. No trailing slash.
    pub fn plex_tv_url(&self) -> &str {
        &self.plex_tv
    }

    /// Stands for `https://clients.plex.tv`. No trailing slash.
    pub fn clients_url(&self) -> &str {
        &self.clients
    }

    /// Stands for `https://app.plex.tv`; the page is at `/auth` below it. No trailing slash.
    pub fn app_url(&self) -> &str {
        &self.app
    }

    /// The control API.
    pub fn control_url(&self) -> &str {
        &self.control
    }

    /// The address listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Control from inside the process.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Stops listening and ends all connections.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // A task that has already ended needs no telling.
            stop.send(()).ok();
        }
        (&mut self.task).await.ok();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The one way to make hyper close a connection without an answer.
#[derive(Debug, Error)]
#[error("the connection is reset by a fault")]
struct Reset;

async fn accept(listener: TcpListener, world: World, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(stream, peer.ip(), world.clone()));
                }
                // Out of descriptors, most likely: give connections time to end.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
        }
    }
}

async fn serve(stream: TcpStream, peer: IpAddr, world: World) {
    stream.set_nodelay(true).ok();
    let service = service_fn(move |request| handle(world.clone(), peer.to_canonical(), request));
    // How a connection ended is the client's affair; the log has what it asked.
    http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn handle(world: World, peer: IpAddr, request: Request<Incoming>) -> Result<Response<Outgoing>, Reset> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else { return Err(Reset) };
    let call = Call::new(parts, body.to_bytes(), peer);
    router::answer(&world, call).await.ok_or(Reset)
}
