//! `check` and `print-config`.

use std::io;
use std::path::Path;

use super::serve::exit_after;
use super::{Exit, World};
use crate::start::examine;

/// Says whether `serve` can use the configuration, and everything that is wrong or worth knowing.
pub fn run(file: &Path, world: &mut World<'_>) -> io::Result<Exit> {
    let loaded = match world.load(file)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Err(error) = examine(&loaded.config) {
        let name = file.display();
        world.fail(&format!("Nothing is wrong in {name}, but plex-oidc does not start with it: {error}."))?;
        return Ok(exit_after(&error));
    }
    let warnings = match loaded.warnings.len() {
        0 => String::new(),
        1 => ", with 1 warning".to_owned(),
        many => format!(", with {many} warnings"),
    };
    writeln!(world.out, "{} can be used{warnings}.", file.display())?;
    Ok(Exit::Done)
}

/// Prints the configuration that holds.
pub fn print(file: &Path, world: &mut World<'_>) -> io::Result<Exit> {
    match world.load(file)? {
        Ok(loaded) => write!(world.out, "{}", loaded.print()).map(|()| Exit::Done),
        Err(exit) => Ok(exit),
    }
}
