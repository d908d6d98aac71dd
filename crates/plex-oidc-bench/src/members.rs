//! Members: what it costs to ask Plex about a thousand of them, what the program does while nothing happens, and the pages of the host
//! and of the guest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use plex_oidc::config::edit;
use plex_oidc::installation;
use plextv_emulator::{CROWD_ID, Emulator};
use tokio::task::JoinSet;

use crate::house::{Client, House};
use crate::people::Browser;
use crate::process::{Cores, Process};
use crate::report::Row;
use crate::team::Team;
use crate::{Outcome, p95, town};

/// How many members.
const MEMBERS: u32 = 1_000;
/// The shortest interval that may be configured: what one round costs does not depend on it.
const INTERVAL: &str = "10s";
/// Rounds that are not counted: the first asks whose token it is, and the allocator settles.
const WARM_UP: usize = 3;
/// Rounds that are.
const ROUNDS: usize = 6;
/// Longer than a round can be waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Browsers that are signed in while nothing happens.
const IDLE_SESSIONS: usize = 100;
/// How long nothing happens.
const IDLE_FOR: Duration = Duration::from_secs(30);

/// Pages of the host and of the guest, each looked at so often.
const LOOKS: usize = 40;
const PAGES: [&str; 6] = [
    "/account",
    "/admin",
    "/admin?page=20",
    "/admin?q=friend-77",
    "/admin/people/plex-70000077",
    "/admin/audit",
];

/// The list that every round begins with.
const LIST: &str = "/owned/accepted";

/// An installation with the owner's token, which asks Plex that often.
pub(crate) async fn house_asking(
    binary: &Path,
    emulator: &Emulator,
    team: &Team,
    every: &str,
) -> Outcome<House> {
    let token = emulator.world().token_for("owner");
    House::build(binary, emulator, team, |folder, text| {
        edit::create_private(&folder.join("owner.token"), &format!("{token}\n"))?;
        let keys = format!("[plex]\nowner_token_file = \"owner.token\"\nrecheck_every = \"{every}\"\n");
        Ok(text.replacen("[plex]\n", &keys, 1))
    })
    .await
}

/// All rows about members.
pub(crate) async fn houses(binary: &Path, emulator: &Emulator, team: &Team) -> Outcome<[House; 2]> {
    let asking = house_asking(binary, emulator, team, INTERVAL).await?;
    let quiet = house_asking(binary, emulator, team, "5m").await?;
    for house in [&asking, &quiet] {
        let store = installation::open_stored(&house.config()?).await?.store;
        let mut waiting = JoinSet::new();
        for number in 0..MEMBERS {
            let (store, user) = (Arc::clone(&store), town::of_plex(number, CROWD_ID)?);
            waiting.spawn(async move { Outcome::Ok(store.put_user(user).await?) });
        }
        while let Some(stored) = waiting.join_next().await {
            stored??;
        }
    }
    Ok([asking, quiet])
}

/// Measures them.
pub(crate) fn rows([asking, quiet]: &[House; 2], emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    emulator.world().share_with_crowd(MEMBERS as usize);
    let mut rows = rounds(asking, emulator, cores)?;
    let process = quiet.serve(&cores.all())?;
    rows.push(idle(&process, emulator)?);
    rows.extend(pages(&process, emulator)?);
    process.stop()?;
    emulator.world().share_with_crowd(0);
    Ok(rows)
}

/// The re-check of a thousand members.
fn rounds(house: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    emulator.world().clear_request_log();
    let process = house.serve(&cores.all())?;
    wait_for_rounds(emulator, WARM_UP)?;
    // In the middle between two of them.
    thread::sleep(Duration::from_secs(5));
    // The most that a round takes: after some the allocator gives what they took back to the kernel, after others it does not.
    process.forget_peak()?;
    wait_for_rounds(emulator, WARM_UP + 1)?;
    thread::sleep(Duration::from_secs(5));
    let (cpu, memory) = (process.cpu()?, process.memory("VmHWM")?);
    process.forget_peak()?;
    emulator.world().clear_request_log();
    wait_for_rounds(emulator, ROUNDS)?;
    thread::sleep(Duration::from_secs(5));
    let calls = emulator.world().request_log().len();
    let (cpu, grown) = (process.cpu()? - cpu, process.memory("VmHWM")? - memory);
    process.stop()?;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (each, calls) = (cpu / 1000.0 / ROUNDS as f64, calls as f64 / ROUNDS as f64);
    Ok(vec![
        Row::at_most("re-check of 1,000 members: calls to plex.tv in an interval", calls, "", (2.0, 1.0)),
        Row::at_most("  CPU of one, with all else in its interval", each, "ms", (60.0, 30.0)),
        Row::at_most("  memory grown in six of them", grown, "MB", (1.0, 0.3)),
    ])
}

fn wait_for_rounds(emulator: &Emulator, wanted: usize) -> Outcome<()> {
    let seen = || emulator.world().request_log().iter().filter(|call| call.path.ends_with(LIST)).count();
    let (mut last, mut began) = (seen(), Instant::now());
    while last < wanted {
        thread::sleep(Duration::from_millis(200));
        if began.elapsed() > PATIENCE {
            return Err("the program does not ask who is a member".into());
        }
        if seen() > last {
            (last, began) = (seen(), Instant::now());
        }
    }
    Ok(())
}

/// A hundred browsers are signed in, and nobody does anything.
fn idle(process: &Process, emulator: &Emulator) -> Outcome<Row> {
    for _ in 0..IDLE_SESSIONS {
        Browser::new(process.address)?.sign_in(emulator, Client::Es256)?;
    }
    thread::sleep(Duration::from_secs(10)); // what signing in leaves behind is done
    let before = process.cpu()?;
    thread::sleep(IDLE_FOR);
    let share = 100.0 * (process.cpu()? - before) / 1_000_000.0 / IDLE_FOR.as_secs_f64();
    Ok(Row::at_most("idle with 100 live sessions, of one core", share, "%", (0.2, 0.1)))
}

/// The largest page, as it goes over the wire, and the slowest.
fn pages(process: &Process, emulator: &Emulator) -> Outcome<Vec<Row>> {
    let mut owner = Browser::new(process.address)?;
    owner.sign_in_as("owner", emulator, Client::Es256)?;
    let mut sizes = BTreeMap::new();
    let mut slowest: f64 = 0.0;
    for page in PAGES {
        let mut waited = Vec::new();
        for _ in 0..LOOKS {
            let began = Instant::now();
            let answer = owner.get(page)?.expect(200)?;
            waited.push(began.elapsed().as_secs_f64() * 1000.0);
            sizes.insert(page, answer.length());
        }
        slowest = slowest.max(p95(waited));
    }
    #[expect(clippy::cast_precision_loss, reason = "sizes of pages are far below 2^52")]
    let largest = sizes.values().copied().max().unwrap_or(0) as f64 / 1000.0;
    Ok(vec![
        Row::at_most(
            "the host's and the guest's pages with 1,000 people, the largest",
            largest,
            "kB",
            (40.0, 30.0),
        ),
        Row::at_most("  the slowest, p95", slowest, "ms", (50.0, 20.0)),
    ])
}
