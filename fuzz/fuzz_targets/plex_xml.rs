//! Plex's answers in XML. Input: `d` and a whole document, or any other byte and rows that stand in a list beside an
//! honest one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex_oidc_core::id::MachineId;
use plex_oidc_fuzz::mode;
use plextv::Resources;
use plextv::parse::{
    parse_libraries_xml, parse_pin_xml, parse_pong_xml, parse_resources_xml, parse_shares_xml,
    parse_user_xml, parse_users_xml,
};

const MACHINE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    if mode == b'd' {
        document(rest);
    } else if let Ok(rows) = str::from_utf8(rest) {
        beside_an_honest_row(rows);
    }
});

fn document(body: &[u8]) {
    let text = str::from_utf8(body).unwrap_or_default();
    if let Ok(user) = parse_user_xml(body) {
        assert_ne!(user.id.0, 0);
        assert!(text.contains("<user") && !user.account().display_name.is_empty());
        assert!(user.email.is_some() || !user.account().email_confirmed);
    }
    if let Ok(pin) = parse_pin_xml(body) {
        assert_ne!(pin.id.0, 0);
        assert!(pin.is(&pin.code, &pin.client_identifier) && text.contains("<pin"));
        if let Some(token) = &pin.auth_token {
            assert!(!token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic()));
        }
    }
    if let Ok(servers) = parse_resources_xml(body).and_then(Resources::whole) {
        assert!(servers.len() <= text.matches('<').count());
        assert!(servers.iter().all(|server| server.owner.is_none_or(|owner| owner.0 != 0)));
    }
    let machine = MachineId::parse(MACHINE).expect("a fixed text");
    for shares in [parse_shares_xml(body, &machine), parse_users_xml(body)].into_iter().flatten() {
        assert!(shares.iter().all(|share| share.account.0 != 0));
        assert!(shares.len() <= text.matches('<').count());
    }
    if let Ok(libraries) = parse_libraries_xml(body) {
        assert!(libraries.iter().all(|library| library.key != 0 && !library.kind.is_empty()));
    }
    if parse_pong_xml(body).is_ok() {
        assert!(text.contains("<pong"));
    }
    let entities = text.contains("<!DOCTYPE") && parse_user_xml(body).is_ok();
    assert!(
        !entities || text.contains("<!--") || text.contains("CDATA") || text.contains("<?"),
        "a document type was read"
    );
}

/// A list is read whole or refused whole: beside any row, an honest one is still there.
fn beside_an_honest_row(rows: &str) {
    let server = format!(
        r#"<resource name="Honest" provides="server" owned="0" home="0" ownerId="7" clientIdentifier="{MACHINE}"/>"#
    );
    // Rows that end the list themselves, or hide what follows, are another document.
    if rows.contains("</resources") || rows.contains("</MediaContainer") {
        return;
    }
    let list = |tag: &str, row: &str| format!("<{tag}>{row}{rows}</{tag}>");
    if let Ok(Resources { servers, .. }) = parse_resources_xml(list("resources", &server).as_bytes()) {
        let honest = servers.first().expect("the honest row is there");
        assert_eq!((honest.machine.as_str(), honest.owner.map(|owner| owner.0)), (MACHINE, Some(7)));
    }
    let machine = MachineId::parse(MACHINE).expect("a fixed text");
    let share = r#"<SharedServer userID="42" acceptedAt="1700000000" allLibraries="1"/>"#;
    if let Ok(shares) = parse_shares_xml(list("MediaContainer", share).as_bytes(), &machine) {
        assert_eq!(shares.first().map(|share| share.account.0), Some(42));
    }
    let user = format!(
        r#"<User id="42"><Server machineIdentifier="{MACHINE}" owned="1" pending="0" allLibraries="1"/></User>"#
    );
    if let Ok(shares) = parse_users_xml(list("MediaContainer", &user).as_bytes()) {
        assert_eq!(shares.first().map(|share| share.account.0), Some(42));
    }
}
