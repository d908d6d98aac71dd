//! The ways in. An upstream says who somebody is and what is shared with them; it decides nothing and knows no HTTP
//! handler. There is one way in today, [`plex`].

pub mod plex;
