//! The emulator over real HTTP on loopback, from outside.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail by panicking too")]

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
