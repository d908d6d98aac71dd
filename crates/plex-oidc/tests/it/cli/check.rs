//! `check`: what `serve` would refuse, it refuses too; and `init` where a configuration is there already.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use plex_oidc::cli::Exit;
use plex_oidc::{config, start};
use plextv_emulator::MAIN_SERVER;

use super::{House, put, told_for_cloudflare};

fn installed() -> House {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    house
}

/// Takes something away, or puts something else in its place.
type Break = fn(&House);

/// A configuration that a host wrote by hand.
fn hand_written() -> House {
    let house = House::new();
    let plex = format!("[plex]\nserver = \"{MAIN_SERVER}\" # mine\nowner_id = 1002003\n");
    put(&house.path("plex-oidc.toml"), &format!("public_url = \"https://auth.example.com\"\n\n{plex}"));
    house
}

fn serve_starts(house: &House) -> bool {
    let loaded = config::load(&house.path("plex-oidc.toml"), &house.variables()).unwrap();
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    house.runtime.block_on(start::assemble(&loaded.config, start::Parts::system(stopping))).is_ok()
}

#[test]
fn check_says_whether_the_file_can_be_used_and_changes_nothing() {
    let house = installed();
    let contents = house.contents();
    // The variables of a house would be warned of.
    let ran = house.run_with(&BTreeMap::new(), &["check"], "", |_| {});
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""));
    assert_eq!(ran.out, "/etc/plex-oidc/plex-oidc.toml can be used.\n");
    assert_eq!(house.contents(), contents);
    assert!(serve_starts(&house));
}

#[test]
fn i_11_i_12_check_refuses_what_serve_refuses() {
    let cases: [(Break, &str); 10] = [
        (|house| fs::remove_file(house.path("plex-oidc.key")).unwrap(), "plex-oidc.key is missing"),
        (|house| set_mode(house, "plex-oidc.key", 0o644), "has mode 0644"),
        (|house| fs::write(house.path("plex-oidc.key"), "no key").unwrap(), "is damaged or not a key file"),
        (
            |house| fs::write(house.path("plex-oidc.key"), ANOTHER_KEY).unwrap(),
            "sealed with another key file",
        ),
        (|house| fs::remove_dir_all(house.path("data")).unwrap(), "there is no database with keys"),
        (|house| fs::write(house.path("data/plex-oidc.db"), "").unwrap(), "there is no database with keys"),
        (
            |house| fs::write(house.path("data/plex-oidc.db"), [b'x'; 4096]).unwrap(),
            "cannot open /etc/plex-oidc/data/plex-oidc.db",
        ),
        (|house| pragma(house, "user_version = 1000"), "has form 1000"),
        (|house| put(&house.path("pages/error.html"), "{% if %}"), "error.html"),
        (
            |house| {
                let text = house.read("plex-oidc.toml");
                let outbound = "[outbound]\nca_file = \"plex-oidc.key\"";
                put(&house.path("plex-oidc.toml"), &format!("{text}\n{outbound}\n"));
            },
            "outbound.ca_file: the extra certificate authority holds no certificate",
        ),
    ];
    for (break_it, words) in cases {
        let house = installed();
        let text = house.read("plex-oidc.toml");
        put(&house.path("plex-oidc.toml"), &format!("{text}\n[theme]\noverride_dir = \"pages\"\n"));
        fs::create_dir(house.path("pages")).unwrap();
        assert_eq!(house.run(&["check"]).exit, Exit::Done);
        break_it(&house);
        let contents = house.contents();
        let ran = house.run(&["check"]);
        assert_ne!((ran.exit, ran.out.as_str()), (Exit::Done, ""), "{words}");
        assert!(ran.out.is_empty() && ran.err.contains("does not start with it"), "{}", ran.err);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
        assert_eq!(house.contents(), contents, "{words}");
        assert!(!serve_starts(&house), "{words}");
    }
}

const ANOTHER_KEY: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n";

fn set_mode(house: &House, name: &str, mode: u32) {
    fs::set_permissions(house.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn pragma(house: &House, set: &str) {
    let conn = rusqlite::Connection::open(house.path("data/plex-oidc.db")).unwrap();
    conn.execute_batch(&format!("PRAGMA {set}")).unwrap();
}

#[test]
fn before_the_set_up_check_names_init_and_init_makes_what_is_missing() {
    let house = hand_written();
    let text = house.read("plex-oidc.toml");
    let ran = house.run(&["check"]);
    assert_eq!((ran.exit.code(), ran.out.as_str()), (78, ""));
    assert!(
        ran.err.contains("nothing is set up yet") && ran.err.contains("Run `plex-oidc init`"),
        "{}",
        ran.err
    );

    let made = house.run(&["init"]);
    assert_eq!((made.exit, made.out.as_str()), (Exit::Done, ""), "{}", made.err);
    assert!(!made.err.contains("> "), "it asks nothing: {}", made.err);
    for (name, said) in [("plex-oidc.key", true), ("data/plex-oidc.db", true), ("plex-oidc.toml", false)] {
        assert_eq!(made.err.contains(&format!("  /etc/plex-oidc/{name}")), said, "{}", made.err);
    }
    assert_eq!(house.contents().get("plex-oidc.key"), Some(&0o600));
    assert_eq!(house.read("plex-oidc.toml"), text, "the host's file stays as it is");
    assert!(house.emulator.world().request_log().is_empty(), "the file says who the owner is");
    assert_eq!(house.run(&["check"]).exit, Exit::Done);
    assert!(serve_starts(&house));
}

#[test]
fn i_12_init_beside_a_configuration_replaces_nothing() {
    let cases: [(Break, u8, &str); 5] = [
        (|_| (), 1, "this installation is set up already"),
        (
            |house| fs::remove_file(house.path("plex-oidc.key")).unwrap(),
            1,
            "is missing, but the database holds keys",
        ),
        (|house| fs::remove_dir_all(house.path("data")).unwrap(), 1, "move the key file away"),
        (|house| put(&house.path("plex-oidc.toml"), "public_url = 7\n"), 78, "public_url"),
        (
            |house| {
                fs::remove_file(house.path("plex-oidc.key")).unwrap();
                fs::rename(house.path("data/plex-oidc.db"), house.path("data/plex-oidc.db-wal")).unwrap();
            },
            1,
            "data/plex-oidc.db-wal",
        ),
    ];
    for (change, code, words) in cases {
        let house = installed();
        change(&house);
        let contents = house.contents();
        let ran = house.run(&["init", "--non-interactive"]);
        assert_eq!((ran.exit.code(), ran.out.as_str()), (code, ""), "{}", ran.err);
        assert!(ran.err.contains("Nothing was set up") && ran.err.contains(words), "{words}: {}", ran.err);
        assert_eq!(house.contents(), contents, "{words}");
    }
}

#[test]
fn a_failure_midway_leaves_a_configuration_alone() {
    let house = hand_written();
    let mut variables = house.variables();
    variables.insert("PLEX_OIDC__KEYS__FILE".into(), "no/such.key".into());
    let before = house.contents();
    let ran = house.run_with(&variables, &["init"], "", |_| {});
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("the directory of the key file"), "{}", ran.err);
    assert_eq!(house.contents(), before);
}

#[test]
fn a_lost_database_is_made_anew_once_the_host_says_so() {
    let house = installed();
    fs::remove_dir_all(house.path("data")).unwrap();
    fs::rename(house.path("plex-oidc.key"), house.path("plex-oidc.key.old")).unwrap();
    assert_eq!(house.run(&["init"]).exit, Exit::Done);
    assert_eq!(house.run(&["check"]).exit, Exit::Done);
}
