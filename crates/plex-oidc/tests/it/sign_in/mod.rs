//! Signing in with Plex, from the click to the tokens (DESIGN section 3).

mod flows;
mod waiting;
