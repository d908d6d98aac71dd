use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use plextv_emulator::{MAIN_SERVER, OWNER_ID};
use serde_json::Value;

#[test]
fn the_first_line_of_output_is_its_addresses_as_json() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plextv-emulator"))
        .args(["--listen", "127.0.0.1:0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    child.kill().expect("ended");
    child.wait().expect("waited for");
    let addresses: Value = serde_json::from_str(&line).expect("JSON");
    let listen = addresses["listen"].as_str().expect("listen");
    for (key, path) in [
        ("plex_tv", "plex.tv"),
        ("clients", "clients.plex.tv"),
        ("app", "app.plex.tv"),
        ("control", "_emulator"),
    ] {
        assert_eq!(addresses[key], format!("http://{listen}/{path}"), "{key}");
    }
    assert_eq!(addresses["machine_identifier"], MAIN_SERVER);
    assert_eq!(addresses["owner_id"], OWNER_ID);
}

#[test]
fn a_busy_port_is_an_error_and_not_a_panic() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_plextv-emulator"))
        .args(["--listen", &address])
        .output()
        .expect("ran");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(error.starts_with("plextv-emulator: ") && error.lines().count() == 1, "{error}");
}
