//! Reading a password: from a prompt, from standard input or from a file, and never from an argument, which everybody on the
//! machine can read.

use std::io;
use std::path::PathBuf;

use clap::Args;
use thiserror::Error;
use zeroize::Zeroizing;

use super::World;
use crate::upstream::local::{PASSWORD_BYTES, Password, PasswordHash};

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordArguments {
    /// The file whose first line is the password [default: asked for, or the first line of standard input]
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
}

/// Why there is no password.
#[derive(Debug, Error)]
pub(super) enum PasswordError {
    #[error("a password has {} to {} bytes", PASSWORD_BYTES.start(), PASSWORD_BYTES.end())]
    Length,
    #[error("the two passwords are not the same")]
    Mistyped,
    #[error("{} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads a password, and hashes it.
pub(super) fn asked_password(
    arguments: &PasswordArguments,
    world: &mut World<'_>,
) -> Result<PasswordHash, PasswordError> {
    let typed = match &arguments.password_file {
        Some(path) => {
            let read = std::fs::read_to_string(path).map(Zeroizing::new);
            let text = read.map_err(|source| PasswordError::File { path: path.clone(), source })?;
            Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
        }
        None => prompted(world)?,
    };
    let password = Password::parse(&typed).ok_or(PasswordError::Length)?;
    let [salt @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = (world.random)();
    Ok(PasswordHash::of(&password, salt))
}

/// Asks twice where a person types, who does not see what; else takes the first line.
fn prompted(world: &mut World<'_>) -> Result<Zeroizing<String>, PasswordError> {
    if !(world.hide_typing)(true) {
        return Ok(line(world)?);
    }
    let mut ask = |question: &str| {
        write!(world.err, "{question}")?;
        world.err.flush()?;
        let typed = line(world);
        writeln!(world.err)?;
        typed
    };
    let both = ask("Password: ").and_then(|first| Ok((first, ask("The same again: ")?)));
    (world.hide_typing)(false);
    let (first, second) = both?;
    if first == second { Ok(first) } else { Err(PasswordError::Mistyped) }
}

fn line(world: &mut World<'_>) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    world.input.read_line(&mut line)?;
    let whole = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(whole);
    Ok(line)
}
