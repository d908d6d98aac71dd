//! Entry point.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;

use plex_oidc::cli::{self, World};
use plex_oidc::clock::SystemClock;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Switches the echo of the terminal off or on. `false`: standard input is none.
fn hide_typing(hide: bool) -> bool {
    let stdin = rustix::stdio::stdin();
    let Ok(mut modes) = tcgetattr(stdin) else { return false };
    modes.local_modes.set(LocalModes::ECHO, !hide);
    tcsetattr(stdin, OptionalActions::Flush, &modes).is_ok()
}

/// Instead of musl's, which may ask the kernel for memory with every request: docs/decisions/0009.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    // Variables that are not text cannot be ours.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut random = || {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works");
        bytes
    };
    let (mut input, mut out, mut err) = (io::stdin().lock(), io::stdout(), io::stderr());
    let mut world = World {
        environment: &environment,
        input: &mut input,
        out: &mut out,
        err: &mut err,
        random: &mut random,
        hide_typing: &mut hide_typing,
        clock: &SystemClock,
    };
    cli::run(std::env::args_os(), &mut world).into()
}
