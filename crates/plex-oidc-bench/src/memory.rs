//! Memory at rest, and after a lot of work.

use std::thread;
use std::time::{Duration, Instant};

use plextv_emulator::Emulator;

use crate::Outcome;
use crate::house::{Client, House};
use crate::load::Load;
use crate::people::{Application, Browser, text};
use crate::process::{Cores, Process};
use crate::report::Row;

const IDLE_AFTER: Duration = Duration::from_secs(10);
const AT_A_TIME: usize = 8;
const SIGN_INS_EACH: usize = 250;

/// One process, at rest and after its work.
pub(crate) fn rows(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    let process = house.serve(&cores.all())?;
    let idle = idle(house, emulator, &process)?;
    thread::scope(|scope| {
        let all: Vec<_> = (0..AT_A_TIME)
            .map(|_| scope.spawn(|| (0..SIGN_INS_EACH).try_for_each(|_| sign_in(house, emulator, &process))))
            .collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a browser broke")?)
    })?;
    for path in ["/.well-known/openid-configuration", "/jwks", "/sign-in/popup", "/readyz"] {
        Load::get(process.address, path).run(5_000)?;
    }
    let (after, peak) = (process.memory("VmRSS")?, process.memory("VmHWM")?);
    process.stop()?;
    Ok(vec![
        Row::at_most("idle memory, 10 s after the start", idle, "MB", (12.0, 9.0)).meanwhile(13.0),
        Row::at_most("memory after 2,000 sign-ins and 20,000 requests", after, "MB", (18.0, 14.0)),
        Row::at_most("  peak during these", peak, "MB", (26.0, 20.0)),
    ])
}

/// At rest, after the start and one sign-in. In MB.
pub(crate) fn idle(house: &House, emulator: &Emulator, process: &Process) -> Outcome<f64> {
    let began = Instant::now();
    sign_in(house, emulator, process)?;
    thread::sleep(IDLE_AFTER.saturating_sub(began.elapsed()));
    process.memory("VmRSS")
}

/// One person with a new browser, to the end.
fn sign_in(house: &House, emulator: &Emulator, process: &Process) -> Outcome<()> {
    let mut application = Application::new(house, process.address, Client::Rs256)?;
    let code = Browser::new(process.address)?.sign_in(emulator, application.client())?;
    let tokens = application.redeem(&code)?;
    application.userinfo(&text(&tokens, "access_token")?)
}
