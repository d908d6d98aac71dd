//! What answers the connections that are accepted, and what is done beside that until the program ends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::header::CONNECTION;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use plex_oidc_connections::{Answer, Answers, Room, later, now};
use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::jose::RING_LAG;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use tracing::{debug, error, info, warn};

use crate::app::{App, State};
use crate::flow::audit::note;
use crate::flow::key_rotation::{KeyKeeper, Look};
use crate::flow::tell;
use crate::headers::add_security_headers;
use crate::ready::ReadyAnswers;
use crate::router::{Limits, Question, answer_proxy, router};

pub mod rounds;

pub use plex_oidc_connections::ConnectionLimits;

/// How often expired rows are swept.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How often it is looked whether a client is to be told again that a session has ended.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// Most connections at one time to the listener for figures.
const FIGURES_CONNECTIONS: usize = 16;
/// Most clients that are told at a time.
const TELL_AT_ONCE: usize = 32;

/// What answers requests. A reload puts another in its place; requests under way keep theirs.
#[derive(Clone)]
pub struct Serving {
    app: State,
    router: Router,
    limits: Limits,
    ready: Arc<ReadyAnswers>,
    figures: Router,
}

impl Serving {
    /// With what the handlers share, and every route. To be called where a runtime is.
    pub fn new(app: State, limits: Limits) -> Self {
        let router = router(&app, limits);
        let ready = Arc::new(ReadyAnswers::of(&router, Arc::clone(&app.keys)));
        Self { app, router, limits, ready, figures: Router::new() }
    }

    /// The same, with the routes of the listener for figures.
    #[must_use]
    pub fn with_figures(self, figures: Router) -> Self {
        Self { figures, ..self }
    }

    /// Every route.
    pub const fn router(&self) -> &Router {
        &self.router
    }
}

/// Shows figures until `stopping` turns true. Few ask, and they share nothing with those who sign in.
pub async fn serve_figures(
    listener: TcpListener,
    serving: watch::Receiver<Serving>,
    limits: ConnectionLimits,
    stopping: watch::Receiver<bool>,
) {
    let limits = ConnectionLimits { connections: FIGURES_CONNECTIONS, ..limits };
    plex_oidc_connections::serve(listener, Arc::new(Figures(serving)), Room::new(limits), stopping).await;
}

/// Serves until `stopping` turns true, then lets open requests finish, as long as the limits say.
pub async fn serve(
    listeners: Vec<TcpListener>,
    serving: watch::Receiver<Serving>,
    limits: ConnectionLimits,
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let room = Room::new(limits);
    let everything: Arc<dyn Answers> = Arc::new(Everything(serving));
    let mut loops = JoinSet::new();
    for listener in listeners {
        let (answers, room) = (Arc::clone(&everything), room.clone());
        loops.spawn(plex_oidc_connections::serve(listener, answers, room, stopping.clone()));
    }
    while let Some(ended) = loops.join_next().await {
        ended.map_err(io::Error::other)?;
    }
    Ok(())
}

/// What a listener of the service shows: everything.
struct Everything(watch::Receiver<Serving>);

impl Answers for Everything {
    fn answer(&self, peer: SocketAddr, mut request: Request<Incoming>) -> Answer {
        let serving = self.0.borrow();
        if let Some(answer) = serving.ready.answer(&request) {
            return now(answer);
        }
        // Proxies ask before each request that anybody makes: they go past the router.
        if let Some(question) = Question::at(request.uri().path()) {
            let asked = (peer, request.into_parts().0);
            return later(answer_proxy(Arc::clone(&serving.app), serving.limits.answer, asked, question));
        }
        request.extensions_mut().insert(ConnectInfo(peer));
        of_router(serving.router.clone(), request)
    }

    fn too_large(&self) -> Response {
        too_large(&self.0.borrow().app)
    }
}

/// What the listener for figures shows.
struct Figures(watch::Receiver<Serving>);

impl Answers for Figures {
    fn answer(&self, _: SocketAddr, request: Request<Incoming>) -> Answer {
        of_router(self.0.borrow().figures.clone(), request)
    }

    fn too_large(&self) -> Response {
        too_large(&self.0.borrow().app)
    }
}

fn of_router(router: Router, request: Request<Incoming>) -> Answer {
    later(router.oneshot(request).map(|answered| answered.unwrap_or_else(|never| match never {})))
}

fn too_large(app: &App) -> Response {
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let mut answer = (status, [(CONNECTION, "close")], "the request head is too large\n").into_response();
    add_security_headers(answer.headers_mut(), app.issuer.is_https());
    answer
}

/// Sweeps what is over out of the store, now and then, until `stopping` turns true.
pub async fn sweep(serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let app = Arc::clone(&serving.borrow().app);
        app.limiter.forget_idle();
        app.guesses.forget_idle(app.clock.instant());
        if let Some(local) = &app.local {
            local.throttle.forget_idle(app.clock.instant());
        }
        app.gateway.recent.forget_old(app.clock.instant());
        loop {
            match app.store.sweep(app.clock.now()).await {
                Ok(counts) if counts.is_empty() => break,
                Ok(counts) => debug!(?counts, "swept"),
                Err(error) => {
                    warn!(%error, "the store could not be swept");
                    break;
                }
            }
        }
        forget_events(&app).await;
    }
}

async fn forget_events(app: &App) {
    loop {
        match app.store.forget_events(app.clock.now().minus(app.events_kept)).await {
            Ok(0) => return,
            Ok(events) => debug!(events, "forgotten"),
            Err(error) => return warn!(%error, "old events could not be forgotten"),
        }
    }
}

/// Follows what others do to the signing keys, and rotates them when it is time, until `stopping` turns true.
pub async fn keep_signing_keys(serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(u64::from(RING_LAG.0))) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let app = Arc::clone(&serving.borrow().app);
        match KeyKeeper::of(&app).look(app.clock.now()).await {
            Ok(Look::Same) => {}
            Ok(Look::Followed) => info!("the signing keys had changed; the new ones are in use"),
            Ok(Look::Rotated) => {
                info!("the signing keys were rotated");
                note(&app, Event::new(app.clock.now(), What::KeysRotated, Actor::Program)).await;
            }
            Err(error) => error!(%error, "the signing keys stay as they are"),
        }
    }
}

/// Keeps the keys of the teams at Cloudflare Access fresh, always those of the latest in `serving`, until `stopping` turns
/// true.
pub async fn keep_team_keys(mut serving: watch::Receiver<Serving>, stopping: watch::Receiver<bool>) {
    loop {
        let teams: Vec<_> = serving.borrow_and_update().app.access.keys().map(Arc::clone).collect();
        let any = !teams.is_empty();
        let keeping = join_all(teams.into_iter().map(|keys| keys.run(stopping.clone())));
        let mut until_stopping = stopping.clone();
        tokio::select! {
            changed = serving.changed() => if changed.is_err() { return },
            _ = keeping, if any => return,
            _ = until_stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Tells clients of sessions that ended, at once and again where that failed, until `stopping` turns true. Who is not told by
/// then is told after the next start.
pub async fn tell_clients(mut serving: watch::Receiver<Serving>, mut stopping: watch::Receiver<bool>) {
    let mut under_way = JoinSet::new();
    loop {
        let app = Arc::clone(&serving.borrow_and_update().app);
        let room = TELL_AT_ONCE.saturating_sub(under_way.len());
        for notice in tell::take_due(&app, room).await {
            let app = Arc::clone(&app);
            under_way.spawn(async move { tell::deliver(&app, notice).await });
        }
        tokio::select! {
            () = app.sessions_ended.notified() => {}
            Some(_) = under_way.join_next() => {}
            () = tokio::time::sleep(TELL_EVERY) => {}
            changed = serving.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Says through `stop` when SIGTERM or Ctrl-C comes. A second signal ends the process at once. From the return of this
/// function on, no signal is missed: that must be before the first connection is accepted.
pub fn stop_on_signal(stop: watch::Sender<bool>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        stop.send_replace(true);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(1)
    });
    Ok(())
}
