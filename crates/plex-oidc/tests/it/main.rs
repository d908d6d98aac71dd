//! Integration tests.

mod config;
mod sign_in;
mod support;
