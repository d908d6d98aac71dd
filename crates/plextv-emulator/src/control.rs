//! The control API, under `/_emulator/` on every host.
//!
//! Owns: [`World`]'s operations as JSON over HTTP. It is not part of plex.tv: no faults, no CORS, not in the log.

use std::net::{IpAddr, Ipv4Addr};

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::call::Call;
use crate::faults::Fault;
use crate::render::{Content, Reply};
use crate::servers::MAIN_SERVER;
use crate::state::Switches;
use crate::world::{World, WorldError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Persona {
    persona: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharePart {
    persona: String,
    server: Option<String>,
    libraries: Option<Vec<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinPart {
    client_identifier: String,
    product: Option<String>,
    creator: Option<IpAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockPart {
    advance: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrowdPart {
    people: usize,
}

/// Why a control call is refused.
enum Refusal {
    World(WorldError),
    Body(serde_json::Error),
    UnknownName(String),
    NoRoute,
}

impl From<WorldError> for Refusal {
    fn from(error: WorldError) -> Self {
        Self::World(error)
    }
}

impl Refusal {
    fn reply(&self) -> Reply {
        let (status, sentence) = match self {
            Self::World(error) => (StatusCode::NOT_FOUND, error.to_string()),
            Self::Body(error) => (StatusCode::BAD_REQUEST, format!("the body cannot be used: {error}")),
            Self::UnknownName(name) => (StatusCode::BAD_REQUEST, format!("this fault has no {name:?}")),
            Self::NoRoute => (StatusCode::NOT_FOUND, "the control API has no such operation".to_owned()),
        };
        Reply::new(status, Content::Json(json!({ "error": sentence })))
    }
}

/// The answer, if the call is one for the control API.
pub(crate) fn answer(world: &World, call: &Call) -> Option<Reply> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let ["_emulator", operation @ ..] = segments.as_slice() else { return None };
    let outcome = match (call.method.as_str(), operation) {
        ("GET", rest) => read(world, rest),
        (method, ["pins", rest @ ..]) => change_pin(world, call, method, rest),
        (method, rest) => change(world, call, method, rest),
    };
    Some(match outcome {
        Ok(Some(value)) => Reply::json(value),
        Ok(None) => Reply::empty(StatusCode::NO_CONTENT),
        Err(refusal) => refusal.reply(),
    })
}

type Outcome = Result<Option<Value>, Refusal>;

fn read(world: &World, operation: &[&str]) -> Outcome {
    Ok(Some(match operation {
        [] | ["health"] => json!({ "ok": true }),
        ["personas"] => json!(world.personas()),
        ["pins"] => json!(world.pins()),
        ["faults"] => json!(world.faults()),
        ["switches"] => json!(world.switches()),
        ["log"] => json!(world.request_log()),
        ["clock"] => json!({ "now": world.now() }),
        _ => return Err(Refusal::NoRoute),
    }))
}

fn change_pin(world: &World, call: &Call, method: &str, operation: &[&str]) -> Outcome {
    match (method, operation) {
        ("POST", []) => {
            let part: PinPart = body(call)?;
            let product = part.product.as_deref().unwrap_or("0");
            let creator = part.creator.unwrap_or(Ipv4Addr::LOCALHOST.into());
            return Ok(Some(json!(world.create_pin_from(&part.client_identifier, product, creator))));
        }
        ("POST", [pin, "approve"]) => world.approve_pin(pin, &body::<Persona>(call)?.persona)?,
        ("POST", [pin, "deny"]) => world.deny_pin(pin)?,
        ("POST", [pin, "expire"]) => world.expire_pin(pin)?,
        _ => return Err(Refusal::NoRoute),
    }
    Ok(None)
}

fn change(world: &World, call: &Call, method: &str, operation: &[&str]) -> Outcome {
    match (method, operation) {
        ("POST", ["shares"]) => share(world, &body(call)?)?,
        ("DELETE", ["shares", persona]) => {
            world.unshare_server(persona, call.query("server").unwrap_or(MAIN_SERVER))?;
        }
        ("PUT", ["crowd"]) => world.share_with_crowd(body::<CrowdPart>(call)?.people),
        ("PUT", ["homes", persona]) => world.join_home(persona)?,
        ("DELETE", ["homes", persona]) => world.leave_home(persona)?,
        ("POST", ["tokens"]) => return token(world, &body::<Persona>(call)?.persona),
        ("DELETE", ["tokens", persona]) => world.revoke_tokens(persona)?,
        ("POST", ["faults"]) => world.set_fault(fault(call)?),
        ("DELETE", ["faults"]) => world.clear_faults(),
        ("POST" | "PUT", ["switches"]) => return switches(world, call),
        ("POST", ["clock"]) => world.advance_clock(body::<ClockPart>(call)?.advance),
        ("DELETE", ["log"]) => world.clear_request_log(),
        ("POST", ["reset"]) => world.reset(),
        _ => return Err(Refusal::NoRoute),
    }
    Ok(None)
}

fn share(world: &World, part: &SharePart) -> Result<(), WorldError> {
    let server = part.server.as_deref().unwrap_or(MAIN_SERVER);
    match &part.libraries {
        Some(keys) => world.share_libraries(&part.persona, server, keys),
        None => world.share(&part.persona, server),
    }
}

fn token(world: &World, persona: &str) -> Outcome {
    if !world.personas().iter().any(|known| known.key == persona) {
        return Err(WorldError::UnknownPersona(persona.to_owned()).into());
    }
    Ok(Some(json!({ "token": world.token_for(persona) })))
}

/// A flattened structure takes unknown names in silence, and a misspelt `path` would strike everywhere.
fn fault(call: &Call) -> Result<Fault, Refusal> {
    let fault: Fault = body(call)?;
    let known = serde_json::to_value(&fault).map_err(Refusal::Body)?;
    let asked: serde_json::Map<String, Value> = body(call)?;
    match asked.keys().find(|name| known.get(name).is_none()) {
        Some(name) => Err(Refusal::UnknownName(name.clone())),
        None => Ok(fault),
    }
}

/// Changes the switches named in the body and leaves the others.
fn switches(world: &World, call: &Call) -> Outcome {
    let asked: serde_json::Map<String, Value> = body(call)?;
    let mut fields = match json!(world.switches()) {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    fields.extend(asked);
    let wanted: Switches = serde_json::from_value(Value::Object(fields)).map_err(Refusal::Body)?;
    world.set_switches(|switches| *switches = wanted);
    Ok(Some(json!(world.switches())))
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_slice(&call.body).map_err(Refusal::Body)
}
