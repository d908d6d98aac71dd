//! Plex Home: who lives together, and becoming one of them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Call;
use crate::personas::{ACCOUNTS, Account, HomeRole};
use crate::render::{Failure, Format, Reply};
use crate::state::State;
use crate::user;
use crate::xml::Element;

/// `GET /api/v2/home/users`
pub(crate) fn v2(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v2_caller(call)?;
    let home = state.home_id(account).ok_or(Failure::RESOURCE_NOT_FOUND)?;
    let guest = guest(state, home);
    let rows: Vec<Value> = members(state, home).iter().map(|(member, role)| row(member, *role)).collect();
    let rows = state.faults.shown(call, rows);
    if state.switches.home_users_array {
        return Ok(Reply::document("users", Value::Array(rows)));
    }
    let document = json!({
        "id": home,
        "name": "Home",
        "guestUserID": guest,
        "guestUserUUID": null,
        "guestEnabled": guest.is_some(),
        "subscription": true,
        "users": rows,
    });
    Ok(Reply::document("home", document))
}

/// `GET /api/home/users`: always XML.
pub(crate) fn v1(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v1_caller(call)?;
    let home = state.home_id(account);
    let people = home.map(|home| members(state, home)).unwrap_or_default();
    let people = state.faults.shown(call, people);
    let users = people.iter().map(|(member, role)| {
        Element::new("User")
            .attribute("id", member.id)
            .attribute("uuid", member.uuid)
            .flag("admin", *role == HomeRole::Admin)
            .flag("guest", *role == HomeRole::Guest)
            .flag("restricted", member.restricted())
            .attribute("restrictionProfile", member.restriction_profile.unwrap_or_default())
            .flag("hasPassword", !member.restricted())
            .flag("protected", member.home_pin.is_some())
            .attribute("title", member.title)
            .attribute("username", member.username)
            .attribute("email", member.email)
            .attribute("thumb", user::thumb(member))
    });
    let guest = home.and_then(|home| guest(state, home));
    Ok(Reply::xml(
        Element::new("MediaContainer")
            .attribute("friendlyName", "myPlex")
            .attribute("identifier", "com.plexapp.plugins.myplex")
            .attribute("totalSize", people.len())
            .attribute("size", people.len())
            .attribute("guestUserID", guest.map(|id| id.to_string()).unwrap_or_default())
            .children(users),
    ))
}

/// `POST /api/v2/home/users/{uuid}/switch` and its v1 twin (which names the id): a token of the other member.
pub(crate) fn switch(call: &Call, state: &mut State, member: &str) -> Result<Reply, Failure> {
    let legacy = call.path.starts_with("/api/home");
    let caller = if legacy { state.v1_caller(call)? } else { state.v2_caller(call)? };
    let home = state.home_id(caller).ok_or(Failure::RESOURCE_NOT_FOUND)?;
    let (member, _) = members(state, home)
        .into_iter()
        .find(|(candidate, _)| candidate.uuid == member || candidate.id.to_string() == member)
        .ok_or(Failure::RESOURCE_NOT_FOUND)?;
    if member.home_pin.is_some() && call.field("pin").as_deref() != member.home_pin {
        return Err(Failure::HOME_PIN_REQUIRED);
    }
    let device = call.plex("X-Plex-Client-Identifier").unwrap_or("home-switch").to_owned();
    let token = state.device_token(member, &device);
    if legacy && call.format == Format::Xml {
        let element = Element::new("user")
            .attribute("id", member.id)
            .attribute("uuid", member.uuid)
            .attribute("title", member.title)
            .attribute("username", member.username)
            .attribute("email", member.email)
            .attribute("authenticationToken", &token)
            .attribute("authToken", &token);
        return Ok(Reply::xml(element).with_status(StatusCode::CREATED));
    }
    Ok(Reply::document("user", user::document(state, member, &token)).with_status(StatusCode::CREATED))
}

fn row(member: &Account, role: HomeRole) -> Value {
    let present = |text: &'static str| (!text.is_empty()).then_some(text);
    json!({
        "id": member.id,
        "uuid": member.uuid,
        "title": member.title,
        "username": present(member.username),
        "email": present(member.email),
        "friendlyName": null,
        "thumb": user::thumb(member),
        "admin": role == HomeRole::Admin,
        "guest": role == HomeRole::Guest,
        "restricted": member.restricted(),
        "restrictionProfile": member.restriction_profile,
        "hasPassword": !member.restricted(),
        "protected": member.home_pin.is_some(),
    })
}

fn members(state: &State, home: u64) -> Vec<(&'static Account, HomeRole)> {
    ACCOUNTS
        .iter()
        .filter_map(|account| match state.home_of(account) {
            Some((id, role)) if id == home => Some((account, role)),
            _ => None,
        })
        .collect()
}

fn guest(state: &State, home: u64) -> Option<u64> {
    members(state, home).iter().find(|(_, role)| *role == HomeRole::Guest).map(|(member, _)| member.id)
}
