//! What one code flow costs, and one refresh. One request at a time: every commit is paid for by one caller.

use plextv_emulator::Emulator;

use crate::house::{Client, House};
use crate::people::{Application, Browser, text};
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, median, signatures};

const WARM_UP: u32 = 50;
const FLOWS: u32 = 300;
const ROUNDS: u32 = 3;

/// The parts of a flow, in microseconds.
struct Flow {
    authorize: f64,
    token: f64,
    userinfo: f64,
}

/// The rows about tokens.
pub(crate) fn rows(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    let process = house.serve(&cores.all())?;
    let (rsa, ecdsa) = (signatures::rs256()?, signatures::es256()?);
    flow(house, emulator, &process, Client::Rs256, WARM_UP)?;
    refresh(house, emulator, &process, WARM_UP)?;
    let (mut rsa_flows, mut ecdsa_flows, mut refreshes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rsa_flows.push(flow(house, emulator, &process, Client::Rs256, FLOWS)?);
        ecdsa_flows.push(flow(house, emulator, &process, Client::Es256, FLOWS)?);
        refreshes.push(refresh(house, emulator, &process, FLOWS)?);
    }
    process.stop()?;
    let middle = |flows: &[Flow], part: fn(&Flow) -> f64| median(flows.iter().map(part).collect());
    let whole = middle(&rsa_flows, |flow| flow.authorize + flow.token + flow.userinfo) - rsa;
    let rs256_token = middle(&rsa_flows, |flow| flow.token) - rsa;
    Ok(vec![
        Row::at_most(
            "one code flow with a live session, without the signature, CPU",
            whole,
            "us",
            (500.0, 300.0),
        )
        .meanwhile(1400.0),
        Row::note("  of it: authorize", middle(&rsa_flows, |flow| flow.authorize), "us"),
        Row::note("  of it: userinfo", middle(&rsa_flows, |flow| flow.userinfo), "us"),
        Row::at_most(
            "token endpoint, one RS256 signature's cost plus, CPU",
            rs256_token,
            "us",
            (150.0, 90.0),
        )
        .meanwhile(800.0),
        Row::note("  the signature: RS256", rsa, "us"),
        Row::note("  the signature: ES256", ecdsa, "us"),
        Row::note(
            "  token endpoint, ES256 and a refresh token, all",
            middle(&ecdsa_flows, |flow| flow.token),
            "us",
        ),
        Row::at_most("refresh, ES256, durable, CPU", median(refreshes), "us", (220.0, 150.0))
            .meanwhile(700.0),
    ])
}

fn flow(house: &House, emulator: &Emulator, process: &Process, client: Client, count: u32) -> Outcome<Flow> {
    let mut browser = Browser::new(process.address)?;
    let mut application = Application::new(house, process.address, client)?;
    let first = browser.sign_in(emulator, client)?;
    application.redeem(&first)?;
    let (mut codes, mut tokens) = (Vec::new(), Vec::new());
    let authorize = process.cpu_of_each(count, || {
        for _ in 0..count {
            codes.push(browser.code(client)?);
        }
        Ok(())
    })?;
    let token = process.cpu_of_each(count, || {
        for code in &codes {
            tokens.push(text(&application.redeem(code)?, "access_token")?);
        }
        Ok(())
    })?;
    let userinfo =
        process.cpu_of_each(count, || tokens.iter().try_for_each(|token| application.userinfo(token)))?;
    Ok(Flow { authorize, token, userinfo })
}

fn refresh(house: &House, emulator: &Emulator, process: &Process, count: u32) -> Outcome<f64> {
    let mut application = Application::new(house, process.address, Client::Es256)?;
    let code = Browser::new(process.address)?.sign_in(emulator, Client::Es256)?;
    let mut token = text(&application.redeem(&code)?, "refresh_token")?;
    process.cpu_of_each(count, || {
        for _ in 0..count {
            token = text(&application.refresh(&token)?, "refresh_token")?;
        }
        Ok(())
    })
}
