//! Integration tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking too")]

mod config;
mod layout;
