//! The sign-in page and its small endpoints, all under `/sign-in/{request_id}` and all bound to that request's cookie.
//!
//! Every form and script call carries the form token. `return` is the one GET that changes something: it is where Plex
//! sends the browser back, as a redirect URI is; only the browser with the cookie can use it, and only once.

pub mod ask;
pub mod choice;
pub mod constant;
pub mod form;
pub mod page;
pub mod password;
pub mod return_;
pub mod start;
pub mod views;
pub mod wait;
