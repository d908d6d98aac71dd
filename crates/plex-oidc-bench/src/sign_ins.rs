//! How long a person waits: from their approval at Plex to the redirect that leaves for the client.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use plextv_emulator::Emulator;

use crate::house::{Client, House};
use crate::people::Browser;
use crate::process::Cores;
use crate::report::Row;
use crate::{Outcome, p95};

const SIGN_INS: u32 = 40;
/// Approvals come at any moment between two looks at the PIN, which are a second apart.
const SPREAD: Duration = Duration::from_secs(1);
/// Before the first approval everybody waits already.
const LEAD: Duration = Duration::from_millis(500);

/// Both ways.
pub(crate) fn rows(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    let process = house.serve(&cores.all())?;
    let address = process.address;
    let waited = thread::scope(|scope| {
        let all: Vec<_> = (0..SIGN_INS)
            .map(|turn| scope.spawn(move || polled(address, emulator, LEAD + SPREAD * turn / SIGN_INS)))
            .collect();
        all.into_iter().map(|one| one.join().map_err(|_| "a browser broke")?).collect::<Outcome<Vec<f64>>>()
    })?;
    let forwarded = (0..SIGN_INS).map(|_| forwarded(address, emulator)).collect::<Outcome<Vec<f64>>>()?;
    process.stop()?;
    Ok(vec![
        Row::at_most("from approval to redirect, p95, the page waits", p95(waited), "ms", (1200.0, 1000.0)),
        Row::at_most("from approval to redirect, p95, Plex sends back", p95(forwarded), "ms", (150.0, 50.0)),
    ])
}

/// The page waits; the approval comes after `delay`.
fn polled(address: SocketAddr, emulator: &Emulator, delay: Duration) -> Outcome<f64> {
    let mut browser = Browser::new(address)?;
    let started = browser.start(emulator, Client::Rs256)?;
    thread::scope(|scope| {
        let approving = scope.spawn(|| {
            thread::sleep(delay);
            started.approve(emulator).map(|()| Instant::now())
        });
        browser.wait(&started)?;
        browser.come_back(&started)?;
        let left = Instant::now();
        let approved = approving.join().map_err(|_| "the approval broke")??;
        Ok(left.duration_since(approved).as_secs_f64() * 1000.0)
    })
}

/// Plex sends the browser back at once.
pub(crate) fn forwarded(address: SocketAddr, emulator: &Emulator) -> Outcome<f64> {
    let mut browser = Browser::new(address)?;
    let started = browser.start(emulator, Client::Rs256)?;
    started.approve(emulator)?;
    let approved = Instant::now();
    browser.come_back(&started)?;
    Ok(approved.elapsed().as_secs_f64() * 1000.0)
}
