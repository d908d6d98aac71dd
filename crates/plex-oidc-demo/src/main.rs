//! `cargo demo`: the main job in one process and on this machine only. An emulated plex.tv with its cast, the provider
//! as a host would run it, a relying party that shows what it was told, and an application behind the gateway.

mod arguments;
mod folder;
mod guarded;
mod relying_party;
mod stage;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use plex_oidc::lifecycle::stop_on_signal;
use plex_oidc::start::StartError;
use tokio::sync::watch;

use crate::arguments::Arguments;
use crate::stage::{Stage, StageError};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "The demo cannot start: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), StageError> {
    // The one that the provider uses too; it can only be set once, and this is the first statement.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let (stop, stopping) = watch::channel(false);
    stop_on_signal(stop).map_err(StartError::Serve)?;
    let stage = Stage::set(arguments, stopping).await?;
    let text = if arguments.json { stage.json() } else { stage.playbill() };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(StageError::Output)?;
    drop(out);
    stage.play().await
}
