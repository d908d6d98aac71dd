//! Integration tests.

mod config;
mod layout;
