//! The ways in. An upstream says who somebody is and what is shared with them; it decides nothing and knows no HTTP
//! handler. There are two ways in, [`plex`] and [`local`]; [`access_keys`] is what it takes to believe Cloudflare Access, and
//! [`outbound`] how we call relying parties.

pub mod access_keys;
pub mod local;
pub mod outbound;
pub mod plex;
