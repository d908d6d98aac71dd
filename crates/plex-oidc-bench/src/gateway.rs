//! The gateway: what a request costs that passes, with a session or with an assertion of Cloudflare Access; how long it takes while
//! others work; and what a flood does to it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plextv_emulator::Emulator;
use url::Url;

use crate::documents::{self, bare};
use crate::house::{APP_HOST, Client, House, more_hosts};
use crate::http::{Answer, Connection};
use crate::load::Load;
use crate::people::Browser;
use crate::process::Cores;
use crate::report::Row;
use crate::team::{Team, forgery};
use crate::{Outcome, least, p99, series, sign_ins};

const WARM_UP: u32 = 4_000;

/// Requests a second, and for how long.
const RATE: u32 = 2_000;
const LASTING: Duration = Duration::from_secs(5);
/// Series, of which the best counts: other work on the machine can only add.
const SERIES: u32 = 3;
/// Callers that share the rate: proxies keep a few connections to an auth server.
const CALLERS: u32 = 16;
/// Between two sign-ins that go on meanwhile.
const SIGN_IN_EVERY: Duration = Duration::from_millis(100);

/// Each with a session at each of fifty applications.
const BROWSERS: usize = 200;
const AT_A_TIME: usize = 8;

/// Of each kind.
const FLOOD: u32 = 10_000;
/// In the flood, the people of the house go on as before.
const FLOOD_RATE: u32 = 500;
const STARTS_AT_A_TIME: u32 = 4;

/// Whose assertions they are.
pub(crate) const EMAIL: &str = "mara@example.net";

/// All rows about the gateway.
pub(crate) fn rows(house: &House, emulator: &Emulator, team: &Team, cores: Cores) -> Outcome<Vec<Row>> {
    let mut rows = costs(house, emulator, team)?;
    rows.push(latency(house, emulator)?);
    rows.push(memory(house, emulator, cores)?);
    rows.extend(flood(house, emulator, team)?);
    Ok(rows)
}

/// Processor time of requests that pass.
fn costs(house: &House, emulator: &Emulator, team: &Team) -> Outcome<Vec<Row>> {
    let own = house.serve(&Cores::one())?;
    let bare = bare()?;
    let session = Visitor::new(own.address)?.sign_in(emulator)?;
    let asked = [
        (&bare, Load::get(bare.address, "/")),
        (&own, Load::new(own.address, forward_auth("/", &[("cookie", &session)]))),
        (&own, Load::new(own.address, behind_access(&team.assertion(EMAIL)?))),
    ];
    let times = series::of_each(documents::SERIES, &asked)?;
    own.stop()?;
    let [hello, allow, access] = times.as_slice() else { return Err("three were measured".into()) };
    Ok(vec![
        Row::at_most("forward auth, allow with a live session, CPU", least(allow), "us", (30.0, 15.0)),
        Row::at_least(
            "  the same, one core, 32 connections, against bare axum",
            series::share(hello, allow),
            "%",
            (60.0, 80.0),
        ),
        Row::at_most(
            "Cloudflare Access assertion, signature checked, CPU",
            least(access),
            "us",
            (60.0, 35.0),
        ),
    ])
}

/// How long a proxy waits while people sign in.
fn latency(house: &House, emulator: &Emulator) -> Outcome<Row> {
    let own = house.serve(&Cores::one())?;
    let session = Visitor::new(own.address)?.sign_in(emulator)?;
    let request = forward_auth("/", &[("cookie", &session)]);
    let mut slowest = Vec::new();
    for _ in 0..SERIES {
        slowest.push(p99(while_working(
            || at_rate(own.address, &request, RATE, LASTING),
            |over| {
                while !over() {
                    sign_ins::forwarded(own.address, emulator)?;
                    thread::sleep(SIGN_IN_EVERY);
                }
                Ok(())
            },
        )?));
    }
    own.stop()?;
    Ok(Row::at_most(
        "forward auth at 2,000/s, one core, while people sign in, p99",
        least(&slowest),
        "ms",
        (5.0, 2.0),
    ))
}

/// Memory when many sessions are in use.
fn memory(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Row> {
    let own = house.serve(&cores.all())?;
    thread::scope(|scope| {
        let all: Vec<_> = (0..AT_A_TIME)
            .map(|_| {
                scope.spawn(|| {
                    (0..BROWSERS / AT_A_TIME).try_for_each(|_| {
                        let mut visitor = Visitor::new(own.address)?;
                        let mut sessions = vec![(APP_HOST.to_owned(), visitor.sign_in(emulator)?)];
                        for host in more_hosts() {
                            let session = visitor.hand_over(&host)?;
                            sessions.push((host, session));
                        }
                        sessions.iter().try_for_each(|(host, session)| visitor.passes(host, session))
                    })
                })
            })
            .collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a browser broke")?)
    })?;
    let used = own.memory("VmRSS")?;
    own.stop()?;
    Ok(Row::at_most("memory with 10,000 live sessions, each used", used, "MB", (24.0, 18.0)))
}

/// Ten thousand assertions with a key's name that nobody has, and as many sign-ins begun, while people go on.
fn flood(house: &House, emulator: &Emulator, team: &Team) -> Outcome<Vec<Row>> {
    let own = house.serve(&Cores::one())?;
    let session = Visitor::new(own.address)?.sign_in(emulator)?;
    let request = forward_auth("/", &[("cookie", &session)]);
    // What is asked for once, such as the team's keys, is not the flood's.
    let good = team.assertion(EMAIL)?;
    Load::new(own.address, behind_access(&good)).run(WARM_UP)?;
    let forgeries: Vec<_> = (0..FLOOD).map(|number| behind_access(&forgery(&good, number))).collect();
    let (memory, fetches) = (own.memory("VmRSS")?, team.fetches());
    let began = Instant::now();
    let waited = while_working(
        || at_rate(own.address, &request, FLOOD_RATE, LASTING),
        |_| {
            thread::scope(|scope| {
                let unknown_keys = scope.spawn(|| refused(own.address, &forgeries));
                let starts: Vec<_> = (0..STARTS_AT_A_TIME)
                    .map(|_| scope.spawn(|| starts(own.address, FLOOD / STARTS_AT_A_TIME)))
                    .collect();
                starts
                    .into_iter()
                    .chain([unknown_keys])
                    .try_for_each(|one| one.join().map_err(|_| "a flood broke")?)
            })
        },
    )?;
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let more_fetches = f64::from(team.fetches() - fetches);
    let grown = own.memory("VmRSS")? - memory;
    own.stop()?;
    Ok(vec![
        Row::at_most(
            "flood of 10,000 unknown kids and 10,000 sign-in starts: forward auth, p99",
            p99(waited),
            "ms",
            (20.0, 5.0),
        ),
        Row::at_most(
            "  key fetches, beyond one a minute",
            (more_fetches - minutes.ceil()).max(0.0),
            "",
            (0.0, 0.0),
        ),
        Row::at_most("  memory grown by", grown, "MB", (4.0, 1.0)),
    ])
}

/// A browser that comes to an application behind a proxy.
pub(crate) struct Visitor {
    browser: Browser,
    proxy: Connection,
}

impl Visitor {
    pub(crate) fn new(address: SocketAddr) -> Outcome<Self> {
        Ok(Self { browser: Browser::new(address)?, proxy: Connection::open(address)? })
    }

    /// Signs in with Plex, and is handed over to the application: the cookie there.
    pub(crate) fn sign_in(&mut self, emulator: &Emulator) -> Outcome<String> {
        self.browser.sign_in(emulator, Client::Rs256)?;
        self.hand_over(APP_HOST)
    }

    /// Takes another connection: one that was idle for long has been closed.
    pub(crate) fn reconnect(&mut self, address: SocketAddr) -> Outcome<()> {
        self.proxy = Connection::open(address)?;
        Ok(())
    }

    /// The same, as somebody else.
    pub(crate) fn sign_in_as(&mut self, persona: &str, emulator: &Emulator) -> Outcome<String> {
        self.browser.sign_in_as(persona, emulator, Client::Rs256)?;
        self.hand_over(APP_HOST)
    }

    /// Comes to the application at this host with a browser that is signed in: the cookie there.
    fn hand_over(&mut self, host: &str) -> Outcome<String> {
        let sent = self.ask(host, "/", &[])?.expect(302)?;
        let start = cookie(&sent)?;
        let mut location = Url::parse(&sent.location()?)?;
        while location.host_str() != Some(host) {
            let path = target(&location);
            location = location.join(&self.browser.get(&path)?.expect(303)?.location()?)?;
        }
        let come = self.ask(host, &target(&location), &[("cookie", &start)])?.expect(302)?;
        cookie(&come)
    }

    /// Passes at this host with this cookie.
    pub(crate) fn passes(&mut self, host: &str, session: &str) -> Outcome<()> {
        self.ask(host, "/", &[("cookie", session)])?.expect(200)?;
        Ok(())
    }

    /// Whether this cookie still lets pass at this host.
    pub(crate) fn may_pass(&mut self, host: &str, session: &str) -> Outcome<bool> {
        Ok(self.ask(host, "/", &[("cookie", session)])?.status == 200)
    }

    fn ask(&mut self, host: &str, uri: &str, headers: &[(&str, &str)]) -> Outcome<Answer> {
        self.proxy.send(&asked_at("/authz/forward-auth", host, uri, headers))?;
        Ok(self.proxy.receive()?)
    }
}

/// What a proxy asks about a page of the application.
pub(crate) fn forward_auth(uri: &str, headers: &[(&str, &str)]) -> String {
    asked_at("/authz/forward-auth", APP_HOST, uri, headers)
}

/// The same behind Cloudflare Access.
pub(crate) fn behind_access(assertion: &str) -> String {
    asked_at("/authz/cloudflare-access/photos", APP_HOST, "/", &[("cf-access-jwt-assertion", assertion)])
}

fn asked_at(endpoint: &str, host: &str, uri: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!(
        "GET {endpoint} HTTP/1.1\r\nhost: gateway\r\naccept: text/html\r\nsec-fetch-mode: navigate\r\n\
         x-forwarded-for: 203.0.113.9\r\nx-forwarded-method: GET\r\nx-forwarded-proto: http\r\n\
         x-forwarded-host: {host}\r\nx-forwarded-uri: {uri}\r\n"
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

fn target(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// The last cookie that an answer sets, as it is sent back.
fn cookie(answer: &Answer) -> Outcome<String> {
    let set = answer.headers("set-cookie").last().ok_or("no cookie was set")?;
    Ok(set.split(';').next().unwrap_or_default().to_owned())
}

/// Sends a request `rate` times a second, on time whether or not the last one was answered, and returns how long each had to wait
/// from that moment, in milliseconds.
fn at_rate(address: SocketAddr, request: &str, rate: u32, lasting: Duration) -> Outcome<Vec<f64>> {
    let gap = Duration::from_secs(1) * CALLERS / rate;
    thread::scope(|scope| {
        let began = Instant::now();
        let all: Vec<_> = (0..CALLERS)
            .map(|caller| {
                scope.spawn(move || -> Outcome<Vec<f64>> {
                    let mut connection = Connection::open(address)?;
                    let mut due = began + gap * caller / CALLERS;
                    let mut waited = Vec::new();
                    while due < began + lasting {
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        connection.send(request)?;
                        connection.receive_200()?;
                        waited.push(due.elapsed().as_secs_f64() * 1000.0);
                        due += gap;
                    }
                    Ok(waited)
                })
            })
            .collect();
        let mut waited = Vec::new();
        for one in all {
            waited.extend(one.join().map_err(|_| "a caller broke")??);
        }
        Ok(waited)
    })
}

/// Measures while something else goes on, which is told when that is over.
fn while_working<T: Send>(
    measure: impl FnOnce() -> Outcome<T> + Send,
    work: impl FnOnce(&dyn Fn() -> bool) -> Outcome<()> + Send,
) -> Outcome<T> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let working = scope.spawn(|| work(&|| over.load(Ordering::Relaxed)));
        let measured = measure();
        over.store(true, Ordering::Relaxed);
        working.join().map_err(|_| "the work broke")??;
        measured
    })
}

/// Sends requests that are all to be refused.
fn refused(address: SocketAddr, requests: &[String]) -> Outcome<()> {
    let mut connection = Connection::open(address)?;
    for request in requests {
        connection.send(request)?;
        let answer = connection.receive()?;
        if !matches!(answer.status, 401 | 403) {
            return Err(format!("a forged assertion was answered with {}", answer.status).into());
        }
    }
    Ok(())
}

/// Begins sign-ins and leaves them.
fn starts(address: SocketAddr, count: u32) -> Outcome<()> {
    (0..count).try_for_each(|_| Browser::new(address)?.leave_at_the_start())
}
