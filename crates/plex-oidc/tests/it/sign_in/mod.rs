//! Signing in with Plex, from the click to the tokens (DESIGN section 3).

mod crosstalk;
mod facts;
mod flows;
mod forms;
mod libraries;
mod outage;
mod own_groups;
mod people;
mod pins;
mod plex_token;
mod tabs;
mod waiting;
