//! Integration tests.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking too"
)]

mod authorize;
mod cli;
mod config;
mod layout;
mod reload;
mod sign_in;
mod support;
