//! The budgets, measured: starts the release binary as a host would, drives it from outside over loopback, and reads what
//! the kernel says of its memory and its processor time. `bench/run` builds it and starts it.

mod compare;
mod documents;
mod exercise;
mod flows;
mod gateway;
mod house;
mod http;
mod load;
mod members;
mod memory;
mod people;
mod process;
mod report;
mod series;
mod sign_ins;
mod signatures;
mod start;
mod team;
mod town;
mod traefik;
mod unshared;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use plextv_emulator::{Emulator, EmulatorConfig};

use crate::house::House;
use crate::process::Cores;
use crate::report::Row;
use crate::team::Team;

/// As the program has it, for the bare server that the program is compared with.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A measurement, or why there is none.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What is asked for.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure this binary
    Budgets {
        /// The release binary
        binary: PathBuf,
        /// Traefik, for what it costs a page to be guarded
        #[arg(long)]
        traefik: PathBuf,
        /// Write the results to this file. With `--only`, for `unshared` alone
        #[arg(long)]
        record: Option<PathBuf>,
        /// Measure this part alone, as while looking for where time goes
        #[arg(long, value_enum)]
        only: Option<Part>,
    },
    /// Measure several builds in turn, to see what a change did
    Compare {
        /// The builds
        #[arg(required = true)]
        binaries: Vec<PathBuf>,
    },
    /// Use this program once in every ordinary way, as `bench/order` needs it
    Exercise {
        /// The program, or a script that runs it
        binary: PathBuf,
    },
    /// Serve the bare axum server that others are compared with
    Hello {
        /// On this port of the loopback interface
        port: u16,
    },
}

/// A part of the measurements.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Memory,
    Start,
    Town,
    Documents,
    Flows,
    SignIns,
    Gateway,
    Members,
    Traefik,
    /// In real time, and only when asked for alone
    Unshared,
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Budgets { binary, traefik, record, only } => {
            budgets((&binary, &traefik), record.as_deref(), only)
        }
        Command::Compare { binaries } => compare::run(&binaries).and_then(|table| {
            io::stdout().write_all(table.as_bytes())?;
            Ok(true)
        }),
        Command::Exercise { binary } => exercise::run(&binary).map(|()| true),
        Command::Hello { port } => documents::hello(port).map(|()| true),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(io::stderr(), "cannot measure: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Everything that measurements need.
struct Stand<'a> {
    binary: &'a Path,
    traefik: &'a Path,
    cores: Cores,
    runtime: tokio::runtime::Runtime,
    emulator: Emulator,
    team: Team,
    house: House,
}

impl<'a> Stand<'a> {
    fn new((binary, traefik): (&'a Path, &'a Path)) -> Outcome<Self> {
        // The emulator lives here, beside the load: what it costs is not counted.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let emulator = runtime.block_on(Emulator::start(EmulatorConfig::default()))?;
        let team = runtime.block_on(Team::start())?;
        let house = runtime.block_on(House::build(binary, &emulator, &team, |_, text| Ok(text)))?;
        Ok(Self { binary, traefik, cores: Cores::of_this_machine(), runtime, emulator, team, house })
    }

    /// Measures one part, and before and after it how long a signature takes, which tells how slow the machine is just then.
    fn measure_beside_a_signature(&self, part: Part) -> Outcome<Vec<Row>> {
        let before = signatures::rs256()?;
        let mut rows = self.measure(part)?;
        let slower = before.max(signatures::rs256()?) / signatures::RS256_OF_THE_FLOORS;
        for row in &mut rows {
            row.measured_slower_by(slower.clamp(1.0, signatures::SLOWEST));
        }
        Ok(rows)
    }

    fn measure(&self, part: Part) -> Outcome<Vec<Row>> {
        let Self { binary, traefik, cores, runtime, emulator, team, house } = self;
        Ok(match part {
            Part::Memory => memory::rows(house, emulator, *cores)?,
            Part::Start => vec![start::row(house, *cores)?],
            Part::Town => {
                let town = runtime.block_on(town::build(binary, emulator, team))?;
                town::rows(&town, emulator, *cores)?
            }
            Part::Documents => documents::rows(house)?,
            Part::Flows => flows::rows(house, emulator, *cores)?,
            Part::SignIns => sign_ins::rows(house, emulator, *cores)?,
            Part::Gateway => gateway::rows(house, emulator, team, *cores)?,
            Part::Members => {
                let houses = runtime.block_on(members::houses(binary, emulator, team))?;
                members::rows(&houses, emulator, *cores)?
            }
            Part::Traefik => vec![traefik::row(house, emulator, traefik, *cores)?],
            Part::Unshared => {
                let asking = members::house_asking(binary, emulator, team, "5m");
                unshared::rows(&runtime.block_on(asking)?, emulator, *cores)?
            }
        })
    }
}

/// All but [`Part::Unshared`]. In this order: the cold start is to find the data of the sign-ins.
const PARTS: [Part; 9] = [
    Part::Memory,
    Part::Start,
    Part::Town,
    Part::Documents,
    Part::Flows,
    Part::SignIns,
    Part::Gateway,
    Part::Members,
    Part::Traefik,
];

/// Measures everything or one part, shows it, and says whether every floor holds.
fn budgets(programs: (&Path, &Path), record: Option<&Path>, only: Option<Part>) -> Outcome<bool> {
    if record.is_some() && only.is_some_and(|only| only != Part::Unshared) {
        return Err("a part is not recorded alone".into());
    }
    // As it is when it was just installed: see "How it is measured".
    let fresh = tempfile::tempdir()?;
    let binary = fresh.path().join("plex-oidc");
    process::copy_to_disk(programs.0, &binary)?;
    let stand = Stand::new((&binary, programs.1))?;
    let mut rows = Vec::new();
    if only.is_none() {
        rows.push(Row::binary(stand.binary)?);
    }
    for part in only.map_or_else(|| PARTS.to_vec(), |only| vec![only]) {
        let first = stand.measure_beside_a_signature(part)?;
        // Once more, when something is too much: whatever else the machine did then is not ours.
        if part == Part::Unshared || first.iter().all(Row::holds) {
            rows.extend(first);
        } else {
            rows.extend(report::first_or_second(first, stand.measure_beside_a_signature(part)?)?);
        }
    }
    let cores = stand.cores;
    stand.runtime.block_on(stand.emulator.stop());

    let table = report::table(&rows);
    io::stdout().write_all(table.as_bytes())?;
    if let Some(file) = record {
        let before = std::fs::read_to_string(file).unwrap_or_default();
        let page = match only {
            Some(_) => report::with_real_time(&before, &table),
            None => report::page(&table, cores.count()) + report::real_time(&before),
        };
        std::fs::write(file, page)?;
    }
    Ok(rows.iter().all(Row::holds))
}

/// The middle one of some measurements, or what lies between the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    f64::midpoint(at(values.len().saturating_sub(1) / 2), at(values.len() / 2))
}

/// The least of some measurements of one thing: whatever else the machine does can only add to processor time.
fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Nineteen of twenty are below this.
fn p95(values: Vec<f64>) -> f64 {
    percentile(values, 95)
}

/// Ninety-nine of a hundred are below this.
fn p99(values: Vec<f64>) -> f64 {
    percentile(values, 99)
}

fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) * percent / 100).copied().unwrap_or(f64::NAN)
}
