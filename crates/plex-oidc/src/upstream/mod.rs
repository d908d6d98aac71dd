//! The ways in. An upstream says who somebody is and what is shared with them; it decides nothing and knows no HTTP
//! handler. There is one way in today, [`plex`]; [`access_keys`] is what it takes to believe Cloudflare Access, and
//! [`outbound`] how we call relying parties.

pub mod access_keys;
pub mod outbound;
pub mod plex;
