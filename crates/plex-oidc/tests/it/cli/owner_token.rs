//! `owner-token renew`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use plex_oidc::cli::Exit;
use plextv_emulator::{MAIN_SERVER, OWNER_ID};

use super::{House, Ran, put};

const KEY_LINE: &str = "owner_token_file = \"plex-owner.token\"";

/// An installation that looks after people with the owner's token.
fn installed(plex: &str) -> House {
    let house = House::new();
    let text = format!(
        "public_url = \"https://auth.example.com\"\ntrusted_proxies = \"127.0.0.1\"\n[plex]\n\
         server = \"{MAIN_SERVER}\"\nowner_id = {OWNER_ID}\n{plex}"
    );
    put(&house.path("plex-oidc.toml"), &text);
    put_private(&house, "an-old-token-that-died\n");
    let made = house.run(&["init"]);
    assert_eq!(made.exit, Exit::Done, "{}", made.err);
    house
}

fn put_private(house: &House, text: &str) {
    let path = house.path("plex-owner.token");
    put(&path, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn renew_as(house: &House, persona: &str) -> Ran {
    let mut done = false;
    let approve = |shown: &str| {
        if !done && shown.contains("Waiting ...") {
            done = true;
            let pins = house.emulator.world().pins();
            let pin = pins.last().unwrap();
            house.emulator.world().approve_pin(&pin.code, persona).unwrap();
        }
    };
    house.run_with(&house.variables(), &["owner-token", "renew"], "", approve)
}

/// Whether the token in the file is the one that Plex has just given out and accepted.
fn is_new(house: &House) -> bool {
    let token = house.read("plex-owner.token");
    let log = house.emulator.world().request_log();
    log.iter().any(|request| request.headers.get("x-plex-token").is_some_and(|used| used == token.trim()))
}

fn signed_out(house: &House) -> bool {
    house.emulator.world().request_log().iter().any(|request| request.path.contains("signout"))
}

#[test]
fn a_new_token_takes_the_place_of_the_old_one_for_its_owner_alone() {
    let house = installed(KEY_LINE);
    let ran = renew_as(&house, "owner");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(is_new(&house), "{}", house.read("plex-owner.token"));
    assert_eq!(house.contents()["plex-owner.token"], 0o600);
    assert!(
        ran.out.contains("A running service takes it over") && !ran.out.contains("Write below"),
        "{}",
        ran.out
    );
    let token = house.read("plex-owner.token");
    assert!(!ran.out.contains(token.trim()) && !ran.err.contains(token.trim()), "it is shown nowhere");
    assert!(!signed_out(&house), "it is kept");
    let leftover = house.contents().keys().any(|name| name.contains(".new"));
    assert!(!leftover, "{:?}", house.contents());
    let asked = house.emulator.world().request_log();
    let identifiers: std::collections::BTreeSet<_> =
        asked.iter().filter_map(|request| request.headers.get("x-plex-client-identifier").cloned()).collect();
    assert_eq!(identifiers.len(), 1, "as the installation that Plex knows");
}

#[test]
fn a_file_that_others_could_read_is_closed_first() {
    let house = installed(KEY_LINE);
    let path = house.path("plex-owner.token");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = renew_as(&house, "owner");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(house.contents()["plex-owner.token"], 0o640);
    assert!(is_new(&house));
}

#[test]
fn a_lost_or_damaged_token_is_no_reason_not_to_fetch_a_new_one() {
    for damage in [None, Some(""), Some("x\n")] {
        let house = installed(KEY_LINE);
        match damage {
            None => fs::remove_file(house.path("plex-owner.token")).unwrap(),
            Some(text) => put_private(&house, text),
        }
        let ran = renew_as(&house, "owner");
        assert_eq!(ran.exit, Exit::Done, "{damage:?}: {}", ran.err);
        assert!(is_new(&house), "{damage:?}");
        assert_eq!(house.contents()["plex-owner.token"], 0o600, "{damage:?}");
    }
}

#[test]
fn a_first_token_says_what_to_write_into_the_file() {
    let house = installed("");
    fs::remove_file(house.path("plex-owner.token")).unwrap();
    let ran = renew_as(&house, "owner");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains(KEY_LINE), "{}", ran.out);
    assert!(is_new(&house));
}

#[test]
fn somebody_else_s_account_changes_nothing_and_is_signed_out_again() {
    for persona in ["friend", "other-owner"] {
        let house = installed(KEY_LINE);
        if house.emulator.world().personas().iter().all(|known| known.key != persona) {
            continue;
        }
        let ran = renew_as(&house, persona);
        assert_eq!(ran.exit, Exit::Failed, "{persona}: {}", ran.out);
        assert!(ran.err.contains("The owner's token was not renewed: the Plex account"), "{}", ran.err);
        assert_eq!(house.read("plex-owner.token"), "an-old-token-that-died\n");
        assert!(signed_out(&house), "{persona}");
    }
}

#[test]
fn a_token_in_a_variable_is_not_ours_to_change() {
    let house = installed("");
    let mut environment = house.variables();
    environment.insert("PLEX_OIDC__PLEX__OWNER_TOKEN".to_owned(), "a-token-in-a-variable".to_owned());
    let ran = house.run_with(&environment, &["owner-token", "renew"], "", |_| {});
    assert_eq!(ran.exit, Exit::Failed);
    assert!(
        ran.err.contains("PLEX_OIDC__PLEX__OWNER_TOKEN") && !ran.err.contains("a-token-in"),
        "{}",
        ran.err
    );
    assert!(house.emulator.world().pins().is_empty(), "nobody was asked to sign in");
}

#[test]
fn a_configuration_with_other_problems_shows_them_all() {
    let house = installed(KEY_LINE);
    put(&house.path("plex-oidc.toml"), "public_url = 7\n[plex]\nowner_token_file = \"gone\"\n");
    let ran = house.run_with(&BTreeMap::new(), &["owner-token", "renew"], "", |_| {});
    assert_eq!(ran.exit, Exit::BadConfiguration);
    assert!(ran.err.contains("public_url") && ran.err.contains("gone"), "{}", ran.err);
}
