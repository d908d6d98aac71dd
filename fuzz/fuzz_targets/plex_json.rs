//! Plex's answers in JSON. What cannot be read is refused; nothing of what decides about a person is guessed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex_oidc_core::id::MachineId;
use plextv::Resources;
use plextv::parse::{
    MAX_DEPTH, parse_libraries, parse_pin, parse_pong, parse_resources, parse_shares_json, parse_user,
};
use serde_json::Value;

const SERVER: &str = r#"{"name":"Honest","provides":"server","owned":false,"home":false,"ownerId":7,
  "clientIdentifier":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","accessToken":"t"}"#;
const SHARE: &str = r#"{"accepted":true,"invitedId":42,"machineIdentifier":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "allLibraries":true}"#;

fuzz_target!(|body: &[u8]| {
    let value = serde_json::from_slice::<Value>(body).ok();
    account(body, value.as_ref());
    pin(body, value.as_ref());
    rows(body, value.as_ref());
    if let Some(value) = &value {
        one_odd_field(value);
    }
    if let Ok(libraries) = parse_libraries(body) {
        assert!(libraries.iter().all(|library| library.key != 0 && !library.kind.is_empty()));
    }
    if parse_pong(body).is_ok() {
        let pong = value.as_ref().and_then(|value| value.get("pong")).expect("it says so");
        assert!([Value::from(true), Value::from(1), Value::from("1"), Value::from("true")].contains(pong));
    }
});

/// The number under `name`, as a number or as its digits.
fn number(value: Option<&Value>, name: &str) -> Option<u64> {
    let field = value?.get(name)?;
    field.as_u64().or_else(|| field.as_str()?.parse().ok())
}

fn account(body: &[u8], value: Option<&Value>) {
    let Ok(user) = parse_user(body) else { return };
    assert_eq!(number(value, "id"), Some(user.id.0), "the number is what Plex said");
    assert_ne!(user.id.0, 0);
    let account = user.account();
    assert!(!account.display_name.is_empty());
    assert!(account.email.is_some() || !account.email_confirmed, "nobody confirmed no address");
    assert!(account.picture.is_none_or(|picture| picture.starts_with("https://")));
    let said = |name: &str| value.and_then(|value| value.get(name)).is_some_and(is_yes);
    assert_eq!(user.restricted, said("restricted"));
    assert_eq!(user.confirmed, said("confirmed"));
}

/// True, one, or the text of either.
fn is_yes(value: &Value) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.parse() == Ok(1_u64);
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text == "true" || digits(text),
        number => number.as_u64() == Some(1),
    }
}

fn holds(row: &Value, name: &str) -> bool {
    row.get(name).is_some_and(|value| !value.is_null() && value != "")
}

fn names_a_server(row: &Value, name: &str) -> bool {
    row.get(name).and_then(Value::as_str).and_then(MachineId::parse).is_some()
}

/// Whether this row, if the list can be read at all, is one of its servers.
fn is_server(row: &Value) -> bool {
    let provides = row.get("provides").and_then(Value::as_str).unwrap_or_default();
    provides.split(',').any(|what| what.trim() == "server") && names_a_server(row, "clientIdentifier")
}

/// Whether this row, if the list can be read at all, is one of its shares.
fn is_share(row: &Value) -> bool {
    let account = number(Some(row), "invitedId").or_else(|| number(row.get("invited"), "id"));
    row.get("accepted").is_some_and(is_yes)
        && !holds(row, "deletedAt")
        && !holds(row, "leftAt")
        && account.is_some_and(|id| id != 0)
        && names_a_server(row, "machineIdentifier")
}

fn pin(body: &[u8], value: Option<&Value>) {
    let Ok(pin) = parse_pin(body) else { return };
    assert_eq!(number(value, "id"), Some(pin.id.0));
    assert!(pin.is(&pin.code, &pin.client_identifier));
    assert!(!pin.is(&format!("{}x", pin.code), &pin.client_identifier));
    assert!(!pin.is("", &pin.client_identifier));
    if let Some(token) = &pin.auth_token {
        assert!(!token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic()));
        assert!(token.expose().len() < 12 || !format!("{pin:?}").contains(token.expose()));
    }
    let _ = pin.remaining();
}

/// A list is read whole or refused whole: beside any row, an honest one is still there.
fn rows(body: &[u8], value: Option<&Value>) {
    let Some(Value::Array(rows)) = value else {
        assert!(parse_resources(body).is_err() && parse_shares_json(body).is_err());
        return;
    };
    // The honest row makes the list no deeper, but a list at the very limit is a special case not worth having.
    assert!(MAX_DEPTH > 4);
    let beside = |row: &str| {
        let mut rows = rows.clone();
        rows.push(serde_json::from_str(row).expect("a fixed text"));
        Value::from(rows).to_string()
    };
    let resources = |body: &[u8]| parse_resources(body).and_then(Resources::whole);
    let (alone, both) = (resources(body), resources(beside(SERVER).as_bytes()));
    assert_eq!(alone.is_ok(), both.is_ok());
    if let (Ok(alone), Ok(both)) = (alone, both) {
        assert_eq!(alone.len(), rows.iter().filter(|row| is_server(row)).count(), "a row was skipped");
        assert_eq!(both.len(), alone.len() + 1);
        let honest = both.last().expect("it is there");
        assert_eq!(
            (honest.owner.map(|owner| owner.0), honest.owned, honest.name.as_str()),
            (Some(7), false, "Honest")
        );
        assert!(alone.iter().all(|server| server.owner.is_none_or(|owner| owner.0 != 0)));
    }
    let (alone, both) = (parse_shares_json(body), parse_shares_json(beside(SHARE).as_bytes()));
    assert_eq!(alone.is_ok(), both.is_ok());
    if let (Ok(alone), Ok(both)) = (alone, both) {
        assert_eq!(both.len(), alone.len() + 1);
        assert_eq!(alone.len(), rows.iter().filter(|row| is_share(row)).count(), "a row was skipped");
        assert_eq!(both.last().map(|share| share.account.0), Some(42));
        assert!(alone.iter().all(|share| share.account.0 != 0));
    }
}

/// The input as the value of each field in turn, in an otherwise honest row: the row is read or the list is refused.
fn one_odd_field(value: &Value) {
    let with = |row: &str, field: &str| {
        let mut row: Value = serde_json::from_str(row).expect("a fixed text");
        row[field] = value.clone();
        Value::from(vec![row])
    };
    for field in ["name", "provides", "owned", "home", "ownerId", "clientIdentifier", "accessToken"] {
        let list = with(SERVER, field);
        if let Ok(servers) = parse_resources(list.to_string().as_bytes()).and_then(Resources::whole) {
            assert_eq!(servers.len(), usize::from(is_server(&list[0])), "a row was skipped: {list}");
        }
    }
    let fields =
        ["accepted", "deletedAt", "leftAt", "invitedId", "machineIdentifier", "allLibraries", "libraries"];
    for field in fields {
        let list = with(SHARE, field);
        if let Ok(shares) = parse_shares_json(list.to_string().as_bytes()) {
            assert_eq!(shares.len(), usize::from(is_share(&list[0])), "a row was skipped: {list}");
        }
    }
}
