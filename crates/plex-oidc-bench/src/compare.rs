//! Several builds of the program, measured in turn: what one change did, however the machine is just then.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::documents::bare;
use crate::flows::{self, Flow};
use crate::gateway::{EMAIL, Visitor, behind_access, forward_auth};
use crate::house::{Client, House};
use crate::load::Load;
use crate::process::{Cores, Process};
use crate::series::{self, in_turn};
use crate::{Outcome, Stand, least, median};

/// Series of requests, at each of them.
const SERIES: u32 = 40;
/// Series of what waits for the disk, and how much is in each.
const FLOW_SERIES: u32 = 6;
const FLOWS: u32 = 300;

/// Shows what one operation costs in each of these builds, in microseconds of processor time: the median, and the least.
pub(crate) fn run(binaries: &[PathBuf]) -> Outcome<String> {
    // A name without a folder would be looked for in `PATH`.
    let binaries = &binaries.iter().map(std::fs::canonicalize).collect::<Result<Vec<_>, _>>()?;
    let first = binaries.first().ok_or("no build to compare")?;
    let stand = Stand::new((first, first))?;
    let mut table = vec![heading(binaries)];
    table.extend(questions(&stand, binaries)?);
    table.extend(tokens(&stand, binaries)?);
    stand.runtime.block_on(stand.emulator.stop());
    Ok(in_columns(&table))
}

fn heading(binaries: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(String::new()).chain(binaries.iter().map(name)).collect()
}

/// A build that serves.
struct Serving {
    house: House,
    process: Process,
}

/// Each serves before the next looks for a free port.
fn serving(stand: &Stand<'_>, binaries: &[PathBuf], cores: &str) -> Outcome<Vec<Serving>> {
    let build = |binary: &Path| {
        let house = House::build(binary, &stand.emulator, &stand.team, |_, text| Ok(text));
        let house = stand.runtime.block_on(house)?;
        Ok(Serving { process: house.serve(cores)?, house })
    };
    binaries.iter().map(|binary| build(binary)).collect()
}

/// How a server at that address is asked.
type Asking = fn(&Stand<'_>, SocketAddr) -> Outcome<Load>;

const ASKED: [(&str, Asking); 3] = [
    ("forward auth", |stand, address| {
        let session = Visitor::new(address)?.sign_in(&stand.emulator)?;
        Ok(Load::new(address, forward_auth("/", &[("cookie", &session)])))
    }),
    ("an Access assertion", |stand, address| {
        Ok(Load::new(address, behind_access(&stand.team.assertion(EMAIL)?)))
    }),
    ("discovery", |_, address| Ok(Load::get(address, "/.well-known/openid-configuration"))),
];

/// What proxies ask, and discovery, on one core beside the bare server.
fn questions(stand: &Stand<'_>, binaries: &[PathBuf]) -> Outcome<Vec<Vec<String>>> {
    let all = serving(stand, binaries, &Cores::one())?;
    let bare = bare()?;
    let mut table = Vec::new();
    for (what, asking) in ASKED {
        let mut loads = vec![(&bare, Load::get(bare.address, "/"))];
        for one in &all {
            loads.push((&one.process, asking(stand, one.process.address)?));
        }
        let mut times = series::of_each(SERIES, &loads)?;
        let bare = times.remove(0);
        let of_bare = |times: &[f64]| format!("{:.1} %", series::share(&bare, times));
        table.push(row(what, times.iter().map(|times| shown(times))));
        table.push(row("  against bare axum", times.iter().map(|times| of_bare(times))));
    }
    all.into_iter().try_for_each(|one| one.process.stop())?;
    Ok(table)
}

/// What clients ask: one at a time, on every core.
fn tokens(stand: &Stand<'_>, binaries: &[PathBuf]) -> Outcome<Vec<Vec<String>>> {
    let all = serving(stand, binaries, &stand.cores.all())?;
    let mut flows: Vec<Vec<Flow>> = all.iter().map(|_| Vec::new()).collect();
    let mut refreshes: Vec<Vec<f64>> = all.iter().map(|_| Vec::new()).collect();
    for series in 0..FLOW_SERIES {
        for ((one, flows), refreshes) in in_turn(series, all.iter().zip(&mut flows).zip(&mut refreshes)) {
            flows.push(flows::flow(&one.house, &stand.emulator, &one.process, Client::Es256, FLOWS)?);
            refreshes.push(flows::refresh(&one.house, &stand.emulator, &one.process, FLOWS)?);
        }
    }
    all.into_iter().try_for_each(|one| one.process.stop())?;
    let part = |name, part: fn(&Flow) -> f64| {
        row(name, flows.iter().map(|flows| shown(&flows.iter().map(part).collect::<Vec<_>>())))
    };
    Ok(vec![
        part("authorize", |flow| flow.authorize),
        part("token, ES256", |flow| flow.token),
        part("userinfo", |flow| flow.userinfo),
        part("introspection", |flow| flow.introspect),
        part("revocation", |flow| flow.revoke),
        part("pushed request", |flow| flow.push),
        row("refresh", refreshes.iter().map(|times| shown(times))),
    ])
}

fn row(name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn shown(times: &[f64]) -> String {
    format!("{:.1} ({:.1})", median(times.to_vec()), least(times))
}

fn in_columns(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(&if column == 0 { format!("{cell:<22}") } else { format!(" {cell:>17}") });
        }
        text.push('\n');
    }
    text
}
