//! In real time: a hundred people are inside, the server is taken back from all of them, and it is waited until the last one is out at every
//! door. It takes as long as the default interval, so it is measured when it is asked for alone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use plextv_emulator::Emulator;

use crate::Outcome;
use crate::gateway::Visitor;
use crate::house::{APP_HOST, Client, House};
use crate::people::{Application, Browser, text};
use crate::process::Cores;
use crate::report::Row;

/// How many people.
const PEOPLE: usize = 100;
/// Between two looks at everybody who is still inside.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// When it is given up.
const TOO_LONG: Duration = Duration::from_mins(7);

/// Somebody inside: a browser session, a refresh token, and a session behind the gateway.
struct Inside {
    browser: Browser,
    refresh: Option<String>,
    visitor: Option<(Visitor, String)>,
    is_signed_in: bool,
}

impl Inside {
    fn of(persona: &str, house: &House, address: SocketAddr, emulator: &Emulator) -> Outcome<Self> {
        let mut browser = Browser::new(address)?;
        let code = browser.sign_in_as(persona, emulator, Client::Es256)?;
        let tokens = Application::new(house, address, Client::Es256)?.redeem(&code)?;
        let mut visitor = Visitor::new(address)?;
        let session = visitor.sign_in_as(persona, emulator)?;
        visitor.passes(APP_HOST, &session)?;
        Ok(Self {
            browser,
            refresh: Some(text(&tokens, "refresh_token")?),
            visitor: Some((visitor, session)),
            is_signed_in: true,
        })
    }

    /// Tries every door that was still open at the last look. Whether all are shut.
    fn is_out(&mut self, house: &House, address: SocketAddr) -> Outcome<bool> {
        if let Some(token) = self.refresh.take() {
            self.refresh = Application::new(house, address, Client::Es256)?.try_refresh(&token)?;
        }
        if let Some((visitor, session)) = &mut self.visitor {
            visitor.reconnect(address)?;
            if !visitor.may_pass(APP_HOST, session)? {
                self.visitor = None;
            }
        }
        self.browser.reconnect(address)?;
        self.is_signed_in = self.is_signed_in && self.browser.is_signed_in(Client::Es256)?;
        Ok(self.refresh.is_none() && self.visitor.is_none() && !self.is_signed_in)
    }
}

/// The measurement.
pub(crate) fn rows(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    emulator.world().share_with_crowd(PEOPLE);
    let process = house.serve(&cores.all())?;
    let mut inside = BTreeMap::new();
    for number in 1..=PEOPLE {
        let somebody = Inside::of(&format!("crowd-{number}"), house, process.address, emulator)?;
        inside.insert(number, somebody);
    }
    let mut stays = Inside::of("friend", house, process.address, emulator)?;
    for somebody in inside.values_mut() {
        if somebody.is_out(house, process.address)? {
            return Err("somebody is out from the beginning".into());
        }
    }
    emulator.world().share_with_crowd(0);
    let began = Instant::now();
    let (mut first, mut last) = (None, 0.0);
    while !inside.is_empty() {
        if began.elapsed() > TOO_LONG {
            return Err(format!("{} people are still inside", inside.len()).into());
        }
        let mut out = Vec::new();
        for (number, somebody) in &mut inside {
            if somebody.is_out(house, process.address)? {
                out.push(*number);
                last = began.elapsed().as_secs_f64();
                first.get_or_insert(last);
            }
        }
        inside.retain(|number, _| !out.contains(number));
        thread::sleep(LOOK_EVERY);
    }
    if stays.is_out(house, process.address)? || stays.visitor.is_none() || !stays.is_signed_in {
        return Err("somebody with whom the server is shared is out".into());
    }
    process.stop()?;
    Ok(vec![
        Row::at_most(
            "100 un-shared people, real time: until the last is out everywhere",
            last,
            "s",
            (310.0, 310.0),
        ),
        Row::note("  until the first is", first.unwrap_or(last), "s"),
    ])
}
