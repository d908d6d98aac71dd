//! A configuration is there: makes the key file and the database that it names, and asks nothing.

use std::path::Path;

use super::files::{Layout, Made};
use super::{InitError, show};
use crate::cli::World;
use crate::config;
use crate::installation::{found, new_client_identifier};
use crate::start::StartError;

/// Leaves the configuration as it is. Refuses unless both are missing (I-12).
pub(super) async fn run(file: &Path, world: &mut World<'_>) -> Result<(), InitError> {
    let loaded = config::load(file, world.environment).map_err(InitError::Configuration)?;
    world.warn(&loaded.warnings)?;
    found(&loaded.config)?.require_fresh(&loaded.config.key_file).map_err(StartError::from)?;
    let layout = Layout::new(file, &loaded.config);
    layout.require_nothing_stored()?;
    let (client_identifier, mut made) = (new_client_identifier((world.random)()), Made::default());
    layout.write_stored(&mut made, &client_identifier, world).await?;
    made.keep();
    show::written(&layout, None, world)?;
    Ok(writeln!(world.err, "\nNext: plex-oidc serve, reachable at {}.", loaded.config.public_url)?)
}
