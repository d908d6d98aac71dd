//! The budgets, measured: starts the release binary as a host would, drives it from outside over loopback, and reads what
//! the kernel says of its memory and its processor time. `bench/run` builds it and starts it.

mod documents;
mod exercise;
mod flows;
mod gateway;
mod house;
mod http;
mod memory;
mod people;
mod process;
mod report;
mod sign_ins;
mod signatures;
mod start;
mod team;
mod town;
mod traefik;

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
        /// Write the results to this file
        #[arg(long, conflicts_with = "only")]
        record: Option<PathBuf>,
        /// Measure this part alone, as while looking for where time goes
        #[arg(long, value_enum)]
        only: Option<Part>,
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
    Traefik,
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Budgets { binary, traefik, record, only } => {
            budgets((&binary, &traefik), record.as_deref(), only)
        }
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

/// Measures everything, shows it, and says whether every floor holds.
fn budgets((binary, traefik): (&Path, &Path), record: Option<&Path>, only: Option<Part>) -> Outcome<bool> {
    let cores = Cores::of_this_machine();
    // The emulator lives here, beside the load: what it costs is not counted.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let emulator = runtime.block_on(Emulator::start(EmulatorConfig::default()))?;
    let team = runtime.block_on(Team::start())?;
    let house = runtime.block_on(House::build(binary, &emulator, &team, |_| Ok(String::new())))?;

    let mut rows = vec![Row::binary(binary)?];
    // In this order: the cold start is to find the data of the sign-ins.
    for part in [
        Part::Memory,
        Part::Start,
        Part::Town,
        Part::Documents,
        Part::Flows,
        Part::SignIns,
        Part::Gateway,
        Part::Traefik,
    ] {
        if only.is_some_and(|only| only != part) {
            continue;
        }
        let measure = || -> Outcome<Vec<Row>> {
            Ok(match part {
                Part::Memory => memory::rows(&house, &emulator, cores)?,
                Part::Start => vec![start::row(&house, cores)?],
                Part::Town => {
                    let town = runtime.block_on(town::build(binary, &emulator, &team))?;
                    town::rows(&town, &emulator, cores)?
                }
                Part::Documents => documents::rows(&house)?,
                Part::Flows => flows::rows(&house, &emulator, cores)?,
                Part::SignIns => sign_ins::rows(&house, &emulator, cores)?,
                Part::Gateway => gateway::rows(&house, &emulator, &team, cores)?,
                Part::Traefik => vec![traefik::row(&house, &emulator, traefik, cores)?],
            })
        };
        let first = measure()?;
        // Once more, when something is too much: whatever else the machine did then is not ours. What was measured last counts.
        rows.extend(if first.iter().all(Row::holds) { first } else { measure()? });
    }
    runtime.block_on(emulator.stop());

    let table = report::table(&rows);
    io::stdout().write_all(table.as_bytes())?;
    if let Some(file) = record {
        std::fs::write(file, report::page(&table, cores.count()))?;
    }
    Ok(rows.iter().all(Row::holds))
}

/// The middle one of some measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The least of some measurements of one thing: whatever else the machine does can only add to processor time.
fn least(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
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
