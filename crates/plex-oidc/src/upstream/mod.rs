//! The ways in. An upstream says who somebody is and what is shared with them; it decides nothing and knows no HTTP
//! handler. There are two ways in, [`plex`] and [`local`]; [`access_keys`] is what it takes to believe Cloudflare Access,
//! [`outbound`] how we call relying parties, and [`mail`] how we write to people.

pub mod access_keys;
pub mod local;
pub mod mail;
pub mod outbound;
pub mod plex;
