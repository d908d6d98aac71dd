//! The emulator over real HTTP on loopback, from outside.

mod accounts;
mod actor;
mod auth_page;
mod control;
mod device_keys;
mod faults;
mod home;
mod pins;
mod program;
mod sharing;
