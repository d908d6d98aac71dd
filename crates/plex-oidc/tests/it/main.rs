//! Integration tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking too")]

mod cli;
mod config;
mod layout;
mod reload;
mod sign_in;
mod support;
