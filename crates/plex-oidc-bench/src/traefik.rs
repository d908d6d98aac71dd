//! What a real proxy adds to a page when it asks us, beside what it adds when it asks a server that says 200 to everything.

use std::path::Path;
use std::time::Instant;

use plextv_emulator::Emulator;
use serde_json::json;
use tempfile::TempDir;

use crate::documents::bare;
use crate::gateway::Visitor;
use crate::house::{APP_HOST, House, free_address};
use crate::http::Connection;
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, median};

/// The application that is guarded by the server that says 200.
const CONSTANT_HOST: &str = "constant.example.com";
const PAGES: usize = 3_000;
const WARM_UP: usize = 300;

/// The row, measured with the Traefik at this path.
pub(crate) fn row(house: &House, emulator: &Emulator, traefik: &Path, cores: Cores) -> Outcome<Row> {
    let own = house.serve(&cores.all())?;
    let bare = bare()?;
    let folder = tempfile::tempdir()?;
    let proxy = start(traefik, &folder, &own, &bare, cores)?;
    let session = Visitor::new(own.address)?.sign_in(emulator)?;
    let mut connection = Connection::open(proxy.address)?;
    let mut page = |host: &str| -> Outcome<f64> {
        let began = Instant::now();
        connection.send(&format!(
            "GET / HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\ncookie: {session}\r\n\r\n"
        ))?;
        connection.receive_200()?;
        Ok(began.elapsed().as_secs_f64() * 1000.0)
    };
    for _ in 0..WARM_UP {
        page(APP_HOST)?;
        page(CONSTANT_HOST)?;
    }
    let (mut ours, mut constant) = (Vec::new(), Vec::new());
    for _ in 0..PAGES {
        ours.push(page(APP_HOST)?);
        constant.push(page(CONSTANT_HOST)?);
    }
    proxy.stop()?;
    own.stop()?;
    let added = median(ours) - median(constant);
    Ok(Row::at_most("behind Traefik, added to an auth server that says 200, p50", added, "ms", (0.3, 0.1)))
}

/// Traefik in front of the bare server.
fn start(traefik: &Path, folder: &TempDir, own: &Process, bare: &Process, cores: Cores) -> Outcome<Process> {
    let address = free_address()?;
    let guard = |address| json!({ "forwardAuth": { "address": address, "trustForwardHeader": false } });
    let dynamic = json!({ "http": {
        "routers": {
            "ready": { "rule": "Host(`localhost`)", "service": "page" },
            "ours": { "rule": format!("Host(`{APP_HOST}`)"), "service": "page", "middlewares": ["ours"] },
            "constant": { "rule": format!("Host(`{CONSTANT_HOST}`)"), "service": "page", "middlewares": ["constant"] },
        },
        "middlewares": {
            "ours": guard(format!("http://{}/authz/forward-auth", own.address)),
            "constant": guard(format!("http://{}/", bare.address)),
        },
        "services": { "page": { "loadBalancer": { "servers": [{ "url": format!("http://{}", bare.address) }] } } },
    } });
    let dynamic_file = folder.path().join("dynamic.yml");
    let static_file = folder.path().join("static.yml");
    let fixed = json!({
        "global": { "checkNewVersion": false, "sendAnonymousUsage": false },
        "entryPoints": { "web": { "address": address.to_string() } },
        "providers": { "file": { "filename": dynamic_file, "watch": false } },
    });
    // JSON is YAML.
    std::fs::write(&dynamic_file, dynamic.to_string())?;
    std::fs::write(&static_file, fixed.to_string())?;
    let option = format!("--configFile={}", static_file.display());
    Process::start(traefik, &[&option], &cores.all(), (address, "/"))
}
