//! What one code flow costs, one refresh, and one question about a token. One request at a time: every commit is paid for by one caller.

use std::thread;

use plextv_emulator::Emulator;

use crate::house::{Client, House};
use crate::people::{Application, Browser, text};
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::{Outcome, least, signatures};

const WARM_UP: u32 = 50;
/// So many that the writing back of the log to the database is in each series.
const FLOWS: u32 = 800;
const ROUNDS: u32 = 4;

/// Callers that share commits.
const TOGETHER: u32 = 16;

/// The parts of a flow, in microseconds.
pub(crate) struct Flow {
    pub(crate) authorize: f64,
    pub(crate) token: f64,
    pub(crate) userinfo: f64,
    pub(crate) introspect: f64,
    pub(crate) push: f64,
    pub(crate) revoke: f64,
}

/// The rows about tokens.
pub(crate) fn rows(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    let process = house.serve(&cores.all())?;
    let (mut rsa, mut ecdsa) = (Vec::new(), Vec::new());
    flow(house, emulator, &process, Client::Rs256, WARM_UP)?;
    refresh(house, emulator, &process, WARM_UP)?;
    let (mut rsa_flows, mut ecdsa_flows, mut refreshes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tokens_together, mut refreshes_together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rsa.push(signatures::rs256()?);
        ecdsa.push(signatures::es256()?);
        rsa_flows.push(flow(house, emulator, &process, Client::Rs256, FLOWS)?);
        ecdsa_flows.push(flow(house, emulator, &process, Client::Es256, FLOWS)?);
        refreshes.push(refresh(house, emulator, &process, FLOWS)?);
        tokens_together.push(redeem_together(house, emulator, &process)?);
        refreshes_together.push(refresh_together(house, emulator, &process)?);
    }
    process.stop()?;
    let (rsa, ecdsa) = (least(&rsa), least(&ecdsa));
    let lowest = |flows: &[Flow], part: fn(&Flow) -> f64| least(&flows.iter().map(part).collect::<Vec<_>>());
    let whole = lowest(&rsa_flows, |flow| flow.authorize + flow.token + flow.userinfo) - rsa;
    let rs256_token = lowest(&rsa_flows, |flow| flow.token) - rsa;
    Ok(vec![
        Row::at_most(
            "one code flow with a live session, without the signature, CPU",
            whole,
            "us",
            (500.0, 300.0),
        ),
        Row::note("  of it: authorize", lowest(&rsa_flows, |flow| flow.authorize), "us"),
        Row::note("  of it: userinfo", lowest(&rsa_flows, |flow| flow.userinfo), "us"),
        Row::at_most(
            "token endpoint, one RS256 signature's cost plus, CPU",
            rs256_token,
            "us",
            (150.0, 90.0),
        )
        .meanwhile(220.0), // the difference of two measurements, each several times as large
        Row::note("  the signature: RS256", rsa, "us"),
        Row::note("  the signature: ES256", ecdsa, "us"),
        Row::note(
            "  token endpoint, ES256 and a refresh token, all",
            lowest(&ecdsa_flows, |flow| flow.token),
            "us",
        ),
        Row::note("  token endpoint, RS256, sixteen at a time, all", least(&tokens_together), "us"),
        Row::at_most("refresh, ES256, durable, CPU", least(&refreshes), "us", (220.0, 150.0))
            .meanwhile(400.0),
        Row::note("  refresh, sixteen at a time", least(&refreshes_together), "us"),
        Row::at_most("introspection, CPU", lowest(&rsa_flows, |flow| flow.introspect), "us", (120.0, 80.0)),
        Row::at_most("revocation, durable, CPU", lowest(&rsa_flows, |flow| flow.revoke), "us", (120.0, 80.0))
            .meanwhile(250.0),
        Row::at_most("a pushed request, CPU", lowest(&rsa_flows, |flow| flow.push), "us", (150.0, 100.0)),
    ])
}

/// What each part costs, over `count` flows.
pub(crate) fn flow(
    house: &House,
    emulator: &Emulator,
    process: &Process,
    client: Client,
    count: u32,
) -> Outcome<Flow> {
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
    let introspect =
        process.cpu_of_each(count, || tokens.iter().try_for_each(|token| application.introspect(token)))?;
    let revoke =
        process.cpu_of_each(count, || tokens.iter().try_for_each(|token| application.revoke(token)))?;
    let push = process.cpu_of_each(count, || (0..count).try_for_each(|_| application.push()))?;
    Ok(Flow { authorize, token, userinfo, introspect, push, revoke })
}

/// What one costs, over `count` of them in one family.
pub(crate) fn refresh(house: &House, emulator: &Emulator, process: &Process, count: u32) -> Outcome<f64> {
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

/// Redeems codes on several connections at once.
fn redeem_together(house: &House, emulator: &Emulator, process: &Process) -> Outcome<f64> {
    let mut browser = Browser::new(process.address)?;
    browser.sign_in(emulator, Client::Rs256)?;
    let mut callers = Vec::new();
    for _ in 0..TOGETHER {
        let codes =
            (0..FLOWS / TOGETHER).map(|_| browser.code(Client::Rs256)).collect::<Outcome<Vec<_>>>()?;
        callers.push((Application::new(house, process.address, Client::Rs256)?, codes));
    }
    together(process, callers, |(application, codes)| {
        codes.iter().try_for_each(|code| application.redeem(code).map(drop))
    })
}

/// Uses refresh tokens of several families at once.
fn refresh_together(house: &House, emulator: &Emulator, process: &Process) -> Outcome<f64> {
    let mut browser = Browser::new(process.address)?;
    browser.sign_in(emulator, Client::Es256)?;
    let mut callers = Vec::new();
    for _ in 0..TOGETHER {
        let mut application = Application::new(house, process.address, Client::Es256)?;
        let token = text(&application.redeem(&browser.code(Client::Es256)?)?, "refresh_token")?;
        callers.push((application, token));
    }
    together(process, callers, |(application, token)| {
        for _ in 0..FLOWS / TOGETHER {
            *token = text(&application.refresh(token)?, "refresh_token")?;
        }
        Ok(())
    })
}

/// What one of the requests costs that these callers make, each its share of [`FLOWS`].
fn together<T: Send>(
    process: &Process,
    mut callers: Vec<T>,
    work: impl Fn(&mut T) -> Outcome<()> + Sync,
) -> Outcome<f64> {
    process.cpu_of_each(FLOWS, || {
        thread::scope(|scope| {
            let work = &work;
            let all: Vec<_> = callers.iter_mut().map(|caller| scope.spawn(move || work(caller))).collect();
            all.into_iter().try_for_each(|one| one.join().map_err(|_| "a caller broke")?)
        })
    })
}
