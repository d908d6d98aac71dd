//! From one request to one answer.
//!
//! Owns: the table of endpoints, and the order of things around them: delay, reset, preflight, replaced answer,
//! endpoint, spoiled answer, CORS, log.

use bytes::Bytes;
use http::header::DATE;
use http::{Method, Response};
use http_body_util::{BodyExt as _, Full};
use jiff::SignedDuration;

use crate::body::{Outgoing, Pace};
use crate::call::Call;
use crate::log::LoggedRequest;
use crate::render::{self, Failure, Reply, Spoiling};
use crate::state::State;
use crate::world::World;
use crate::{auth_app, control, cors, device_keys, home, pins, resources, sharing, user};

/// Answers one call; `None` is a connection to end without an answer.
pub(crate) async fn answer(world: &World, call: Call) -> Option<Response<Outgoing>> {
    if let Some(reply) = control::answer(world, &call) {
        let response = render::write(reply, render::Format::Json, Spoiling::default());
        return Some(outgoing(response, Pace::Whole).await);
    }
    let preflight = call.method == Method::OPTIONS;
    let delay = world.with(|state| if preflight { None } else { state.faults.delay(&call) });
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    let (response, pace) = world.with(|state| {
        let mut logged = LoggedRequest::of(&call, state.now(), state.elapsed_ms());
        let response = respond(&call, state);
        logged.status = response.as_ref().map_or(0, |response| response.status().as_u16());
        state.log.push(logged);
        (response, if preflight { Pace::Whole } else { state.faults.pace(&call) })
    });
    Some(outgoing(response?, pace).await)
}

async fn outgoing(response: Response<Full<Bytes>>, pace: Pace) -> Response<Outgoing> {
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    Response::from_parts(parts, Outgoing::new(body.to_bytes(), pace))
}

fn respond(call: &Call, state: &mut State) -> Option<Response<Full<Bytes>>> {
    let mut response = if call.method == Method::OPTIONS {
        render::write(cors::preflight(call, state.switches.cors), call.format, Spoiling::default())
    } else {
        if state.faults.reset(call) {
            return None;
        }
        let now = state.now();
        let reply = match state.faults.replacement(call, now) {
            Some(reply) => reply,
            None => endpoint(call, state).unwrap_or_else(|failure| failure.reply(call.format)),
        };
        render::write(reply, call.format, state.faults.spoiling(call))
    };
    cors::mark(&mut response, &call.headers, state.switches.cors);
    set_date(&mut response, call, state);
    Some(response)
}

fn set_date(response: &mut Response<Full<Bytes>>, call: &Call, state: &mut State) {
    let skew = SignedDuration::from_secs(state.faults.clock_skew(call));
    let now = state.now();
    if let Some(date) = render::http_date(now.saturating_add(skew).unwrap_or(now)) {
        response.headers_mut().insert(DATE, date);
    }
}

fn endpoint(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["auth"]) if call.serves_app() => Ok(auth_app::page(call, state)),
        (_, ["auth-app", name]) if call.serves_app() => auth_app::part(call, state, name),
        (method, ["api", "v2", rest @ ..]) if call.serves_api() => v2(call, state, method, rest),
        (method, rest) if call.serves_api() => v1(call, state, method, rest),
        _ => Err(Failure::NoRoute),
    }
}

fn v2(call: &Call, state: &mut State, method: &str, segments: &[&str]) -> Result<Reply, Failure> {
    match (method, segments) {
        ("POST", ["pins"]) => pins::create(call, state),
        ("GET", ["pins", "info"]) => pins::info(call, state),
        ("PUT", ["pins", "link"]) => pins::link(call, state),
        ("GET", ["pins", id]) => pins::poll(call, state, id),
        ("GET", ["user"]) => user::current(call, state),
        ("GET", ["ping"]) => user::ping(call, state),
        ("DELETE", ["users", "signout"]) => user::sign_out(call, state),
        ("POST", ["auth", "jwk"]) => device_keys::register(call, state),
        ("GET", ["auth", "nonce"]) => device_keys::nonce(call, state),
        ("POST", ["auth", "token"]) => device_keys::exchange(call, state),
        ("GET", ["auth", "keys"]) => device_keys::keys(call, state),
        ("GET", ["resources"]) => resources::v2(call, state),
        ("GET", ["servers", machine]) => sharing::server_v2(call, state, machine),
        ("GET", ["shared_servers", "owned", "accepted"]) => sharing::owned_accepted(call, state),
        ("GET", ["shared_servers", "owned", "pending"]) => sharing::owned_pending(call, state),
        ("GET", ["friends"]) => sharing::friends(call, state),
        ("GET", ["home", "users"]) => home::v2(call, state),
        ("POST", ["home", "users", member, "switch"]) => home::switch(call, state, member),
        _ => Err(Failure::NoRoute),
    }
}

fn v1(call: &Call, state: &mut State, method: &str, segments: &[&str]) -> Result<Reply, Failure> {
    match (method, segments) {
        ("GET", ["users", "account"]) => user::legacy(call, state),
        ("GET", ["api", "resources"]) => resources::v1(call, state),
        ("GET", ["api", "users"]) => sharing::users(call, state),
        ("GET", ["api", "servers", machine]) => sharing::server_v1(call, state, machine),
        ("GET", ["api", "servers", machine, "shared_servers"]) => {
            sharing::shared_servers_v1(call, state, machine)
        }
        ("GET", ["api", "servers", _, "shared_servers", id]) => sharing::shared_server_v1(call, state, id),
        ("GET", ["api", "home", "users"]) => home::v1(call, state),
        ("POST", ["api", "home", "users", member, "switch"]) => home::switch(call, state, member),
        ("GET", ["pms", "friends", "all"] | ["api", "friends" | "invites", ..]) => Err(Failure::Gone),
        _ => Err(Failure::NoRoute),
    }
}
