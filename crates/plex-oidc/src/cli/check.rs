//! `check` and `print-config`.

use std::io;
use std::path::Path;

use super::{Exit, World};

/// Says whether the configuration can be used, and everything that is wrong or worth knowing.
pub fn run(file: &Path, world: &mut World<'_>) -> io::Result<Exit> {
    match world.load(file)? {
        Ok(loaded) => {
            let warnings = match loaded.warnings.len() {
                0 => String::new(),
                1 => ", with 1 warning".to_owned(),
                many => format!(", with {many} warnings"),
            };
            writeln!(world.out, "{} can be used{warnings}.", file.display())?;
            Ok(Exit::Done)
        }
        Err(exit) => Ok(exit),
    }
}

/// Prints the configuration that holds.
pub fn print(file: &Path, world: &mut World<'_>) -> io::Result<Exit> {
    match world.load(file)? {
        Ok(loaded) => write!(world.out, "{}", loaded.print()).map(|()| Exit::Done),
        Err(exit) => Ok(exit),
    }
}
