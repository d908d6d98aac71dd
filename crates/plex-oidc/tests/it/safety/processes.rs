//! The program as its host runs it: as a process.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{HEALTH_ONCE, Line, exchange};
use crate::support::House;

fn program(house: &House, address: SocketAddr) -> Child {
    Command::new(env!("CARGO_BIN_EXE_plex-oidc"))
        .arg("--config")
        .arg(house.folder().join("plex-oidc.toml"))
        .args(["serve", "--listen", &address.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Runs it to an end that must come by itself, and soon.
fn refused(house: &House) -> (i32, String) {
    let mut child = program(house, free_address());
    if !ended(&mut child) {
        child.kill().unwrap();
        panic!("it starts: {:?}", child.wait_with_output());
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Whether the process ends within our patience.
fn ended(child: &mut Child) -> bool {
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20)); // another process: there is nothing to wait on
    }
    false
}

fn tell(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn wait_until_it_answers(child: &mut Child, address: SocketAddr) {
    let patience = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < patience, "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn i_20_sigterm_ends_it_with_0_also_while_somebody_dawdles() {
    let mut house = House::new().await;
    house.go_down().await;
    let address = free_address();
    let mut child = program(&house, address);
    wait_until_it_answers(&mut child, address);
    assert!(exchange(address, HEALTH_ONCE).starts_with("HTTP/1.1 200 "));
    let mut idle = Line::open(address);
    idle.send("");
    let asked = Instant::now();
    tell(&child, "-TERM");
    assert!(ended(&mut child), "it does not end");
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(11), "{:?}", asked.elapsed());
    assert!(log.contains("stopping") && log.contains("stopped"), "{log}");
}

/// As a folder on the network may, a pipe that nobody writes to keeps whoever opens it.
#[tokio::test]
async fn i_20_a_file_that_does_not_answer_holds_up_neither_the_service_nor_its_end() {
    let mut house = House::new().await;
    house.go_down().await;
    let (pipe, file) = (house.folder().join("pipe"), house.folder().join("plex-oidc.toml"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let address = free_address();
    let mut child = program(&house, address);
    wait_until_it_answers(&mut child, address);
    assert!(exchange(address, HEALTH_ONCE).starts_with("HTTP/1.1 200 "));
    let client = "[[clients]]\nid = \"late\"\nredirect_uris = [\"https://late.example.org/cb\"]\nsecret_file = \"pipe\"\n";
    std::fs::write(&file, format!("{}\n{client}", std::fs::read_to_string(&file).unwrap())).unwrap();
    tell(&child, "-HUP");
    // To open it for writing takes until it was opened for reading. From then on they wait for what we write.
    let (opened, written_to) = std::sync::mpsc::channel();
    std::thread::spawn(move || opened.send(std::fs::OpenOptions::new().write(true).open(pipe)));
    let writing = written_to.recv_timeout(Duration::from_secs(20)).expect("it reads the secret").unwrap();
    assert!(exchange(address, HEALTH_ONCE).starts_with("HTTP/1.1 200 "));
    tell(&child, "-TERM");
    assert!(ended(&mut child), "it does not end");
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("stopping") && log.contains("stopped"), "{log}");
    drop(writing);
}

#[tokio::test]
async fn i_18_a_second_process_is_refused_and_the_first_goes_on() {
    let house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let (code, said) = refused(&house);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("in use by another process"), "{said}");
    photos.refresh(&tokens.refresh_token()).await.expect(200);
    house.sign_in("home", &photos).await;
}

#[tokio::test]
async fn req_090_a_key_file_that_others_can_read_ends_the_start_with_78_and_the_remedy() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut house = House::new().await;
    house.go_down().await;
    let key_file = house.folder().join("plex-oidc.key");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = refused(&house);
    assert_eq!(code, 78, "{said}");
    assert!(said.contains("chmod") && said.contains("plex-oidc.key"), "{said}");
}
