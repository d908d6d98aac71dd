//! What a token may see: `/api/v2/resources` and `/api/resources`.
//!
//! Owns: which servers and players are listed for an account, and the `owned` / `home` flags.

use serde_json::{Value, json};

use crate::call::Call;
use crate::personas::Account;
use crate::randomness::Randomness;
use crate::render::{Failure, Reply};
use crate::servers::{SERVERS, Server};
use crate::state::{State, account_by_id, timestamp_text};
use crate::xml::Element;

/// `GET /api/v2/resources`
pub(crate) fn v2(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v2_caller(call)?;
    let rows = visible(state, account);
    let rows = state.faults.shown(call, rows);
    Ok(Reply::document("resources", Value::Array(rows)))
}

/// `GET /api/resources`: always XML.
pub(crate) fn v1(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v1_caller(call)?;
    let rows = visible(state, account);
    let rows = state.faults.shown(call, rows);
    let devices = rows.iter().map(device);
    Ok(Reply::xml(Element::new("MediaContainer").attribute("size", rows.len()).children(devices)))
}

fn visible(state: &State, account: &Account) -> Vec<Value> {
    let shared = |server: &Server| {
        state
            .shares
            .iter()
            .any(|share| share.server.id == server.id && share.invited.id == account.id && share.in_force())
    };
    let servers = SERVERS
        .iter()
        .filter(|server| server.owner == account.id || shared(server))
        .map(|server| server_row(state, server, account));
    let player = account.player.then(|| player_row(state, account));
    servers.chain(player).collect()
}

fn server_row(state: &State, server: &Server, account: &Account) -> Value {
    let owned = server.owner == account.id;
    let host = account_by_id(server.owner);
    let home = state.home_id(account);
    let home = !owned && home.is_some() && home == host.and_then(|host| state.home_id(host));
    let uri = format!("https://{}.0123abcd.plex.direct:32400", server.address.replace('.', "-"));
    json!({
        "name": server.name,
        "product": "Plex Media Server",
        "productVersion": "1.43.0.1-abc",
        "platform": "Linux",
        "platformVersion": "6.8",
        "device": "PC",
        "clientIdentifier": state.shown_identifier(server),
        "createdAt": "2021-01-01T12:00:00Z",
        "lastSeenAt": timestamp_text(state.now()),
        "provides": "server",
        "ownerId": (!owned).then_some(server.owner),
        "sourceTitle": if owned { None } else { host.map(|host| host.username) },
        "publicAddress": server.address,
        "accessToken": server_token(server, account),
        "owned": owned,
        "home": home,
        "synced": false, "relay": true, "presence": true, "httpsRequired": false,
        "publicAddressMatches": false, "dnsRebindingProtection": false, "natLoopbackSupported": false,
        "searchEnabled": true,
        "connections": [{
            "protocol": "https", "address": server.address, "port": 32400, "uri": uri,
            "local": false, "relay": false, "IPv6": false,
        }],
    })
}

fn player_row(state: &State, account: &Account) -> Value {
    json!({
        "name": format!("{}'s phone", account.title),
        "product": "Plex for Android (Mobile)",
        "productVersion": "10.20.0",
        "platform": "Android",
        "platformVersion": null,
        "device": null,
        "clientIdentifier": format!("player-{}", account.uuid),
        "createdAt": "2023-03-03T12:00:00Z",
        "lastSeenAt": timestamp_text(state.now()),
        "provides": "client,player,pubsub-player",
        "ownerId": null, "sourceTitle": null,
        "publicAddress": "192.0.2.44",
        "accessToken": null,
        "owned": true, "home": false, "synced": false, "relay": false, "presence": false,
        "httpsRequired": false, "publicAddressMatches": true, "dnsRebindingProtection": false,
        "natLoopbackSupported": false, "searchEnabled": null,
        "connections": [],
    })
}

/// The v1 form of a row: the same fields, `ownerID` spelt so, connections as direct children.
fn device(row: &Value) -> Element {
    let Value::Object(fields) = row else { return Element::new("Device") };
    let mut element = Element::new("Device");
    for (name, value) in fields {
        element = match (name.as_str(), value) {
            ("connections", Value::Array(connections)) => element.children(
                connections.iter().map(|connection| crate::xml::from_json("Connection", connection)),
            ),
            ("ownerId", Value::Number(id)) => element.attribute("ownerID", id),
            (_, Value::Null) => element,
            (_, Value::Bool(flag)) => element.flag(name, *flag),
            (_, Value::String(text)) => element.attribute(name, text),
            (_, other) => element.attribute(name, other),
        };
    }
    element
}

/// The token by which this account speaks to that server; not a plex.tv token.
pub(crate) fn server_token(server: &Server, account: &Account) -> String {
    Randomness::from_seed(server.id.rotate_left(32) ^ account.id).token()
}
