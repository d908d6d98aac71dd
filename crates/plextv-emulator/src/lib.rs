//! A faithful local plex.tv.
//!
//! Owns: the parts of plex.tv, clients.plex.tv and app.plex.tv that a sign-in by PIN and a
//! "is this server shared with them?" check need: PINs, the hosted sign-in page, device keys, users, resources, sharing
//! lists, Homes; fifteen people to be ([`World::personas`]), faults to suffer ([`Fault`]), a request log to assert on, and a
//! control API under `/_emulator/`.
//!
//! Does not own: media servers, password sign-in. It keeps no promise of privacy or
//! safety: whoever reaches its port may approve any PIN. It belongs on a loopback address.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use plextv_emulator::{Emulator, EmulatorConfig};
//!
//! let emulator = Emulator::start(EmulatorConfig::default()).await?;
//! let clients = emulator.clients_url(); // give this to the program under test
//! # let _ = clients;
//! // ... it makes a PIN; then somebody approves it:
//! emulator.world().approve_pin("k3v9tq0z7m1xw8b2r5n6c4jhd", "friend").ok();
//! emulator.stop().await;
//! # Ok(())
//! # }
//! ```

mod auth_app;
mod body;
mod call;
mod control;
mod cors;
mod device_keys;
mod faults;
mod home;
mod log;
mod personas;
mod pins;
mod randomness;
mod render;
mod resources;
mod router;
mod server;
mod servers;
mod sharing;
mod state;
mod user;
mod world;
mod xml;

pub use call::VirtualHost;
pub use faults::{Fault, FaultKind};
pub use log::LoggedRequest;
pub use personas::{CROWD_ID, HOME_PIN, MAX_CROWD, OWNER_ID, PersonaInfo};
pub use pins::PinInfo;
pub use server::{Emulator, EmulatorConfig};
pub use servers::{MAIN_SERVER, OTHER_SERVER};
pub use state::Switches;
pub use world::{World, WorldError};
