//! The emulator as a program: prints its addresses, runs until told to end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use plextv_emulator::{Emulator, EmulatorConfig, MAIN_SERVER, OWNER_ID};
use serde_json::json;
use tokio::signal;

/// A local plex.tv for tests and demonstrations. Whoever reaches it may approve any sign-in: keep it on loopback.
#[derive(Parser)]
#[command(name = "plextv-emulator", version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Base address others reach it at, if not http://LISTEN
    #[arg(long)]
    public_url: Option<String>,
    /// Make tokens and codes repeat from run to run
    #[arg(long)]
    seed: Option<u64>,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "plextv-emulator: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let mut config = EmulatorConfig::listening_on(arguments.listen);
    config.public_url = arguments.public_url;
    config.seed = arguments.seed;
    let emulator = Emulator::start(config).await?;
    announce(&emulator, arguments.json)?;
    told_to_end().await?;
    emulator.stop().await;
    Ok(())
}

fn announce(emulator: &Emulator, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        let addresses = json!({
            "plex_tv": emulator.plex_tv_url(),
            "clients": emulator.clients_url(),
            "app": emulator.app_url(),
            "control": emulator.control_url(),
            "listen": emulator.address().to_string(),
            "machine_identifier": MAIN_SERVER,
            "owner_id": OWNER_ID,
        });
        writeln!(out, "{addresses}")?;
    } else {
        writeln!(out, "plex.tv          {}", emulator.plex_tv_url())?;
        writeln!(out, "clients.plex.tv  {}", emulator.clients_url())?;
        writeln!(out, "app.plex.tv      {}", emulator.app_url())?;
        writeln!(out, "control          {}", emulator.control_url())?;
    }
    out.flush()
}

async fn told_to_end() -> io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
