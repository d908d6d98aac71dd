//! The two media servers of this world.
//!
//! Owns: their identifiers, owners and library sections. Who may see them is in `state` (shares).

use crate::personas::{OTHER_OWNER_ID, OWNER_ID};

/// Machine identifier of the owner's server, the one a gateway under test is configured with.
pub const MAIN_SERVER: &str = "9c1d5e0b7a3f48261d9e4c8b0a7f35261e8d4c9b";

/// Machine identifier of another person's server; sharing it says nothing about [`MAIN_SERVER`].
pub const OTHER_SERVER: &str = "2f7a91c4e8b05d3617fa2c9be40d8156a3e7c04d";

/// One library.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) id: u64,
    pub(crate) key: u32,
    pub(crate) title: &'static str,
    pub(crate) kind: &'static str,
}

/// One media server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) id: u64,
    pub(crate) machine_identifier: &'static str,
    pub(crate) name: &'static str,
    pub(crate) owner: u64,
    pub(crate) address: &'static str,
    pub(crate) sections: &'static [Section],
}

const fn section(id: u64, key: u32, title: &'static str, kind: &'static str) -> Section {
    Section { id, key, title, kind }
}

pub(crate) static SERVERS: [Server; 2] = [
    Server {
        id: 777,
        machine_identifier: MAIN_SERVER,
        name: "Attic",
        owner: OWNER_ID,
        address: "198.51.100.7",
        sections: &[
            section(118_000_001, 1, "Movies", "movie"),
            section(118_000_002, 2, "TV Shows", "show"),
            section(118_000_003, 3, "Music", "artist"),
            section(118_000_004, 4, "Photos", "photo"),
        ],
    },
    Server {
        id: 888,
        machine_identifier: OTHER_SERVER,
        name: "Boathouse",
        owner: OTHER_OWNER_ID,
        address: "203.0.113.80",
        sections: &[section(119_000_001, 1, "Films", "movie")],
    },
];

pub(crate) fn by_identifier(machine_identifier: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.machine_identifier == machine_identifier)
}
