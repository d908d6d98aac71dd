//! Accepting connections, bounding them, and letting them end well. Decision 0004 says why the loop is our own: a request head that
//! never ends must not hold a socket, and axum's own loop sets no timer.
//!
//! What answers is not known here, so hyper's side of each connection is compiled in this crate, for speed, whatever the program is
//! compiled for (decision 0016).

mod write_limit;

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either};
use http::Request;
use http::header::{HeaderName, HeaderValue};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tracing::{debug, warn};

use crate::write_limit::WriteLimited;

/// How long the loop rests when the system has no more descriptors.
const REST: Duration = Duration::from_millis(100);

/// The limits of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// At one time.
    pub connections: usize,
    /// Bytes of a request head.
    pub header_bytes: usize,
    /// Until a request head must have arrived.
    pub header_timeout: Duration,
    /// Until a peer must have taken something of an answer that waits for it.
    pub write_timeout: Duration,
    /// For open requests to finish, after the program was asked to stop.
    pub drain: Duration,
}

/// Room for as many connections as the limits say, whichever listener they come to.
#[derive(Debug, Clone)]
pub struct Room {
    limits: ConnectionLimits,
    places: Arc<Semaphore>,
}

impl Room {
    /// Room of these limits.
    pub fn new(limits: ConnectionLimits) -> Self {
        Self { limits, places: Arc::new(Semaphore::new(limits.connections)) }
    }
}

/// What answers requests.
pub trait Answers: Send + Sync + 'static {
    /// The answer to a request from that address.
    fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Answer;

    /// The answer to a request whose head is larger than the limits say.
    fn too_large(&self) -> Response;
}

/// An answer: one that is there already, or one that is waited for.
pub type Answer = Either<Ready<Response>, BoxFuture<'static, Response>>;

/// An answer that is there already.
pub fn now(answer: Response) -> Answer {
    Either::Left(ready(answer))
}

/// An answer that is waited for.
pub fn later(answer: impl Future<Output = Response> + Send + 'static) -> Answer {
    Either::Right(answer.boxed())
}

/// Has what comes to `listener` answered until `stopping` turns true, then lets open requests finish, as long as the limits of
/// its room say.
///
/// No `async fn`: its body would be compiled where it is waited for.
pub fn serve(
    listener: TcpListener,
    answers: Arc<dyn Answers>,
    room: Room,
    stopping: watch::Receiver<bool>,
) -> BoxFuture<'static, ()> {
    run(listener, answers, room, stopping).boxed()
}

async fn run(
    listener: TcpListener,
    answers: Arc<dyn Answers>,
    Room { limits, places }: Room,
    mut stopping: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(8192))
        .keep_alive(true);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let answers = Arc::clone(&answers);
        let service = hyper::service::service_fn(move |request| {
            let is_sound = head_bytes(&request) <= limits.header_bytes;
            let answer = if is_sound { answers.answer(peer, request) } else { now(answers.too_large()) };
            answer.map(Ok::<Response, Infallible>)
        });
        let stream = TokioIo::new(WriteLimited::new(stream, limits.write_timeout));
        let connection = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener); // nobody new; the system refuses from here on
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(limits.drain) => warn!("some requests did not finish in time"),
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match poll_fn(|context| listener.poll_accept(context)).await {
        Ok((stream, peer)) => {
            stream.set_nodelay(true).ok();
            Some((stream, peer, place))
        }
        Err(error) => {
            warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(REST).await;
            None
        }
    }
}

/// The size of a request head. hyper bounds what it buffers, and lets through what arrives whole in one piece.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    request.headers().iter().map(line).sum::<usize>() + target
}
