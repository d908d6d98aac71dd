//! Integration tests.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking too"
)]

mod account;
mod admin;
mod alarm;
mod api;
mod authorize;
mod browser_security;
mod browsers;
mod claims;
mod cli;
mod clients;
mod config;
mod device;
mod discovery;
mod gateway;
mod gateway_access;
mod key_rotation;
mod languages;
mod layout;
mod local;
mod mail;
mod membership;
mod metrics;
mod presets;
mod refresh;
mod reload;
mod requirements;
mod safety;
mod scenarios;
mod sign_in;
mod sign_out;
mod support;
mod token;
mod userinfo;
