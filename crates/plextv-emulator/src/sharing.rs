//! The lists an owner's token opens: connections, shares of a server, libraries.
//!
//! Owns: `/api/users`, `/api/servers/...`, `/api/v2/servers/...`, `/api/v2/shared_servers/owned/...` and the removed
//! `/api/v2/friends`. What a token of somebody who owns nothing gets there is not documented; here v1 answers 401 or
//! 404 and the v2 lists are empty.

use serde_json::{Value, json};

use crate::call::Call;
use crate::personas::{ACCOUNTS, Account, CROWD_ID, OWNER_HOME, OWNER_ID};
use crate::render::{Failure, Reply};
use crate::resources::server_token;
use crate::servers::{SERVERS, Section, Server, by_identifier};
use crate::state::{Share, State, timestamp_text};
use crate::user::thumb;
use crate::xml::Element;

const FILTERS: [&str; 5] = ["filterAll", "filterMovies", "filterMusic", "filterPhotos", "filterTelevision"];

/// `GET /api/users`: all connections, also those nothing is shared with. The owner is not among them.
pub(crate) fn users(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let caller = state.v1_caller(call)?;
    if !SERVERS.iter().any(|server| server.owner == caller.id) {
        return Err(Failure::SIGN_IN);
    }
    let rows: Vec<Element> =
        connections(state, caller).into_iter().map(|person| user_row(state, caller, person)).collect();
    let rows = state.faults.shown(call, rows);
    Ok(Reply::xml(container(rows.len()).attribute("totalSize", rows.len()).children(rows)))
}

/// `GET /api/servers/{mid}`: the library catalogue.
pub(crate) fn server_v1(call: &Call, state: &mut State, machine: &str) -> Result<Reply, Failure> {
    let caller = state.v1_caller(call)?;
    let server = owned_server(caller, machine).ok_or(Failure::V1_NOT_FOUND)?;
    let sections = state.faults.shown(call, server.sections.iter().collect());
    let element = Element::new("Server")
        .attribute("name", server.name)
        .attribute("machineIdentifier", server.machine_identifier)
        .attribute("id", server.id)
        .children(sections.into_iter().map(section_row));
    Ok(Reply::xml(container(1).child(element)))
}

/// `GET /api/v2/servers/{mid}`
pub(crate) fn server_v2(call: &Call, state: &mut State, machine: &str) -> Result<Reply, Failure> {
    let caller = state.v2_caller(call)?;
    let server = owned_server(caller, machine).ok_or(Failure::RESOURCE_NOT_FOUND)?;
    let sections = state.faults.shown(call, server.sections.iter().collect());
    let document = json!({
        "id": server.id,
        "name": server.name,
        "machineIdentifier": server.machine_identifier,
        "accessToken": server_token(server, caller),
        "librarySections": sections.into_iter().map(library).collect::<Vec<_>>(),
    });
    Ok(Reply::document("server", document))
}

/// `GET /api/servers/{mid}/shared_servers`
pub(crate) fn shared_servers_v1(call: &Call, state: &mut State, machine: &str) -> Result<Reply, Failure> {
    let caller = state.v1_caller(call)?;
    let server = owned_server(caller, machine).ok_or(Failure::V1_NOT_FOUND)?;
    let rows: Vec<Element> = state
        .shares_by(caller.id)
        .iter()
        .filter(|share| share.server.id == server.id)
        .map(shared_server_row)
        .collect();
    let rows = state.faults.shown(call, rows);
    let container = container(rows.len()).attribute("machineIdentifier", server.machine_identifier);
    Ok(Reply::xml(container.children(rows)))
}

/// `GET /api/servers/{mid}/shared_servers/{id}`: one row of that list.
pub(crate) fn shared_server_v1(call: &Call, state: &mut State, id: &str) -> Result<Reply, Failure> {
    let caller = state.v1_caller(call)?;
    let rows = state.shares_by(caller.id);
    let share = rows.iter().find(|share| share.id.to_string() == id).ok_or(Failure::V1_NOT_FOUND)?;
    Ok(Reply::xml(container(1).child(shared_server_row(share))))
}

/// `GET /api/v2/shared_servers/owned/accepted`
pub(crate) fn owned_accepted(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    owned_list(call, state, |share| share.accepted_at.is_some())
}

/// `GET /api/v2/shared_servers/owned/pending`
pub(crate) fn owned_pending(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    owned_list(call, state, |share| share.accepted_at.is_none())
}

/// `GET /api/v2/friends`: 410 since 2026, switchable to what it was.
pub(crate) fn friends(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    call.client_identifier()?;
    if !state.switches.friends {
        return Err(Failure::Gone);
    }
    let caller = state.v2_caller(call)?;
    let with_servers = matches!(call.query("includeSharedServers"), Some("true" | "1"));
    let rows: Vec<Value> = connections(state, caller)
        .into_iter()
        .map(|person| {
            let shares = state.shares_by(caller.id);
            let theirs = shares.iter().filter(|share| with_servers && share.invited.id == person.id);
            let mut row = invited(state, person);
            if let Value::Object(fields) = &mut row {
                fields.insert(
                    "sharedServers".into(),
                    theirs.map(|share| shared_server_document(state, share)).collect(),
                );
            }
            row
        })
        .collect();
    let rows = state.faults.shown(call, rows);
    Ok(Reply::document("friends", Value::Array(rows)))
}

fn owned_list(call: &Call, state: &mut State, wanted: fn(&Share) -> bool) -> Result<Reply, Failure> {
    let caller = state.v2_caller(call)?;
    let rows: Vec<Value> = state
        .shares
        .iter()
        .filter(|share| share.server.owner == caller.id && wanted(share))
        .map(|share| shared_server_document(state, share))
        .collect();
    let rows = state.faults.shown(call, rows);
    Ok(Reply::document("sharedServers", Value::Array(rows)))
}

fn owned_server(caller: &Account, machine: &str) -> Option<&'static Server> {
    by_identifier(machine).filter(|server| server.owner == caller.id)
}

/// The people an owner is connected to: friends, the Home, and whoever something is shared with.
fn connections(state: &State, caller: &Account) -> Vec<&'static Account> {
    let shares = state.shares_by(caller.id);
    let crowd = shares.iter().map(|share| share.invited).filter(|invited| invited.id >= CROWD_ID);
    ACCOUNTS
        .iter()
        .chain(crowd)
        .filter(|person| person.id != caller.id)
        .filter(|person| {
            let friend = caller.id == OWNER_ID && person.connected;
            friend || person.id == OWNER_ID || shares.iter().any(|share| share.invited.id == person.id)
        })
        .collect()
}

fn container(size: usize) -> Element {
    Element::new("MediaContainer")
        .attribute("friendlyName", "myPlex")
        .attribute("identifier", "com.plexapp.plugins.myplex")
        .attribute("size", size)
}

fn user_row(state: &State, caller: &Account, person: &Account) -> Element {
    let in_home = state.home_id(person) == state.home_id(caller);
    let shares = state.shares_by(caller.id);
    let servers = shares.iter().filter(|share| share.invited.id == person.id).map(|share| {
        Element::new("Server")
            .attribute("id", share.id)
            .attribute("serverId", share.server.id)
            .attribute("machineIdentifier", share.server.machine_identifier)
            .attribute("name", share.server.name)
            .attribute("lastSeenAt", state.now().as_second())
            .attribute("numLibraries", opened(share).count())
            .flag("allLibraries", share.libraries == crate::personas::Libraries::All)
            .flag("owned", true)
            .flag("pending", share.accepted_at.is_none())
    });
    let element = Element::new("User")
        .attribute("id", person.id)
        .attribute("title", person.title)
        .attribute("username", person.username)
        .attribute("email", person.email)
        .attribute("recommendationsPlaylistId", "")
        .attribute("thumb", thumb(person))
        .flag("protected", person.home_pin.is_some())
        .flag("home", in_home && state.home_id(person) == Some(OWNER_HOME))
        .flag("allowTuners", false)
        .flag("allowSync", false)
        .flag("allowCameraUpload", false)
        .flag("allowChannels", false)
        .flag("allowSubtitleAdmin", false)
        .flag("restricted", person.restricted());
    FILTERS.iter().fold(element, |element, name| element.attribute(name, "")).children(servers)
}

fn shared_server_row(share: &Share) -> Element {
    let person = share.invited;
    let element = Element::new("SharedServer")
        .attribute("id", share.id)
        .attribute("username", person.username)
        .attribute("email", person.email)
        .attribute("userID", person.id)
        .attribute("accessToken", server_token(share.server, person))
        .attribute("name", share.server.name);
    let element = match share.accepted_at {
        Some(at) => element.attribute("acceptedAt", at.as_second()),
        None => element,
    };
    let element = element
        .attribute("invitedAt", share.invited_at.as_second())
        .flag("allowSync", share.allow_sync)
        .flag("allowCameraUpload", false)
        .flag("allowChannels", false)
        .attribute("allowTuners", share.allow_tuners)
        .flag("allowSubtitleAdmin", false)
        .flag("owned", false)
        .flag("allLibraries", share.libraries == crate::personas::Libraries::All);
    let sections = share
        .server
        .sections
        .iter()
        .map(|section| section_row(section).flag("shared", share.includes(section.key)));
    FILTERS.iter().fold(element, |element, name| element.attribute(name, "")).children(sections)
}

fn section_row(section: &Section) -> Element {
    Element::new("Section")
        .attribute("id", section.id)
        .attribute("key", section.key)
        .attribute("title", section.title)
        .attribute("type", section.kind)
}

fn shared_server_document(state: &State, share: &Share) -> Value {
    let all = share.libraries == crate::personas::Libraries::All;
    // With every library shared, Plex lists some of them all the same: the flag counts, not the list.
    let listed = opened(share).take(if all { 2 } else { usize::MAX });
    let time = |at: Option<jiff::Timestamp>| at.map(timestamp_text);
    json!({
        "id": share.id,
        "name": share.server.name,
        "ownerId": share.server.owner,
        "invitedId": share.invited.id,
        "invitedEmail": null,
        "serverId": share.server.id,
        "accepted": share.accepted_at.is_some(),
        "acceptedAt": time(share.accepted_at),
        "invitedAt": time(Some(share.invited_at)),
        "deletedAt": time(share.deleted_at),
        "leftAt": null,
        "owned": true,
        "inviteToken": format!("invite-secret-{}", share.id),
        "machineIdentifier": share.server.machine_identifier,
        "lastSeenAt": "2026-05-04T09:59:00Z",
        "numLibraries": opened(share).count(),
        "allLibraries": all,
        "libraries": listed.map(library).collect::<Vec<_>>(),
        "sharingSettings": {
            "allowSync": share.allow_sync, "allowChannels": false, "allowSubtitleAdmin": false,
            "allowTuners": share.allow_tuners, "allowCameraUpload": false, "filterMovies": "",
            "filterMusic": "", "filterPhotos": null, "filterTelevision": "", "filterAll": null,
        },
        "invited": invited(state, share.invited),
    })
}

fn opened(share: &Share) -> impl Iterator<Item = &'static Section> {
    share.server.sections.iter().filter(|section| share.includes(section.key))
}

fn library(section: &Section) -> Value {
    json!({ "id": section.id, "key": section.key, "title": section.title, "type": section.kind })
}

fn invited(state: &State, person: &Account) -> Value {
    json!({
        "id": person.id,
        "uuid": person.uuid,
        "title": person.title,
        "username": person.username,
        "email": person.email,
        "restricted": person.restricted(),
        "friendlyName": null,
        "thumb": thumb(person),
        "home": state.home_id(person) == Some(OWNER_HOME),
        "status": "accepted",
        "sharingSettings": {},
    })
}
